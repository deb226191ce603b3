import iconv from 'iconv-lite'
import type { Encoding } from './types.ts'

type Decoded = { text: string; encoding: Encoding; remarks: string[] }

/** UTF-16 where a mark or a pattern of zero bytes says so, UTF-8 where it is valid, else Windows-1252, line by line. */
export function decode(bytes: Uint8Array): Decoded {
  const wide = wideEncoding(bytes)
  const remarks: string[] = []
  const { text, encoding } = wide ? { text: iconv.decode(bytes, wide), encoding: wide } : decodeNarrow(bytes, remarks)
  const plain = text.includes('\0') ? text.replaceAll('\0', '') : text
  if (plain !== text) remarks.push('the file holds zero bytes, which were left out')
  if (plain.includes('\ufffd')) remarks.push('the file holds bytes that are no character; they show as \ufffd')
  return { text: plain.startsWith('\ufeff') ? plain.slice(1) : plain, encoding, remarks }
}

function decodeNarrow(bytes: Uint8Array, remarks: string[]): { text: string; encoding: Encoding } {
  const text = utf8(bytes)
  if (text !== null) return { text, encoding: text.startsWith('\ufeff') ? 'utf-8-bom' : 'utf-8' }
  let mixed = false
  const lines: string[] = []
  for (let start = 0; start <= bytes.length; ) {
    const newline = bytes.indexOf(10, start)
    const end = newline < 0 ? bytes.length : newline
    const line = bytes.subarray(start, end)
    const whole = utf8(line)
    // a line of Windows-1252 with letters beyond ASCII is never valid UTF-8 by chance
    if (whole !== null && whole.length < line.length) mixed = true
    lines.push(whole ?? iconv.decode(line, 'windows-1252'))
    start = end + 1
  }
  if (mixed) remarks.push('some lines are in UTF-8 and some in Windows-1252; each was read in its own')
  return { text: lines.join('\n'), encoding: 'windows-1252' }
}

function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

function wideEncoding(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  const start = bytes.subarray(0, 400)
  const zeros = [0, 0]
  start.forEach((byte, i) => {
    if (byte === 0) zeros[i % 2]! += 1
  })
  const most = start.length * 0.4
  if (start.length < 8) return null
  return zeros[1]! > most ? 'utf-16le' : zeros[0]! > most ? 'utf-16be' : null
}
