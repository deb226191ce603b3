import { decode } from './decode.ts'
import type { Delimiter, Encoding } from './types.ts'

/** One record of the file; `line` is where it starts. `mended` says that a quotation mark without its pair was left out. */
export type Row = { line: number; cells: string[]; mended: boolean }

export type Table = { encoding: Encoding; delimiter: Delimiter; rows: Row[]; blankRows: number; remarks: string[] }

const delimiters: readonly Delimiter[] = [',', ';', '\t', '|']
/** No quoted cell of these exports is longer; it also bounds the work on a file full of unpaired quotation marks. */
const longestQuoted = 10_000

/** Cuts the bytes of a file into rows and cells. `width` is the number of columns that such files usually have. */
export function readTable(bytes: Uint8Array, width: number): Table {
  const { text, encoding, remarks } = decode(bytes)
  const unified = text.replaceAll('\r\n', '\n')
  const lines = unified.includes('\n') ? unified : unified.replaceAll('\r', '\n')
  // a spreadsheet's own first line that names the delimiter
  const told = /^sep=([,;\t|])\n/i.exec(lines)
  const delimiter = (told?.[1] as Delimiter | undefined) ?? guessDelimiter(lines, width)
  const all = splitRows(lines, delimiter, told?.[0].length ?? 0)
  const rows = all.filter((row) => row.cells.some((cell) => cell.trim() !== ''))
  return { encoding, delimiter, rows, blankRows: all.length - rows.length, remarks }
}

function guessDelimiter(text: string, width: number): Delimiter {
  const start = text.slice(0, 20_000)
  const score = (delimiter: Delimiter): number => {
    const rows = splitRows(start, delimiter, 0, 20).filter((row) => row.cells.some((cell) => cell.trim() !== ''))
    const counts = rows.map((row) => row.cells.length)
    const widest = Math.max(0, ...counts)
    if (widest < 2) return 0
    return 1 + counts.filter((n) => n === widest).length + (counts.includes(width) ? 100 : 0)
  }
  return delimiters.reduce((best, next) => (score(next) > score(best) ? next : best))
}

function splitRows(text: string, delimiter: Delimiter, start: number, most = Number.POSITIVE_INFINITY): Row[] {
  const rows: Row[] = []
  let line = start > 0 ? 2 : 1
  let width = 0
  let at = start
  while (at < text.length && rows.length < most) {
    const first = readRecord(text, at, delimiter, true)
    const swallowed = first.lines > 1 && (holdsARow(text, at, first, delimiter, width) || wrongWidth(first, width))
    const record = swallowed ? readRecord(text, at, delimiter, false) : first
    rows.push({ line, cells: record.cells, mended: record.mended })
    width = Math.max(width, rows.length <= 10 ? record.cells.length : 0)
    line += record.lines
    at = record.end
  }
  return rows
}

type RawRecord = { cells: string[]; end: number; lines: number; mended: boolean }

const wrongWidth = (record: RawRecord, width: number): boolean => width > 1 && record.cells.length !== width

/** Whether a record of several lines holds a line that is itself a row: then a quotation mark was never closed. */
function holdsARow(text: string, start: number, record: RawRecord, delimiter: Delimiter, width: number): boolean {
  const inner = text.slice(start, record.end).trimEnd().split('\n').slice(1, -1)
  return width > 1 && inner.some((line) => line.split(delimiter).length === width)
}

/**
 * Reads one record from `start`. A quotation mark opens a quoted cell only where its pair is followed by the end of
 * the cell; otherwise it belongs to the text, and an opening one without any pair is left out.
 */
function readRecord(text: string, start: number, delimiter: Delimiter, acrossLines: boolean): RawRecord {
  const cells: string[] = []
  let at = start
  let lines = 1
  let mended = false
  while (true) {
    const quoted = text[at] === '"' ? readQuoted(text, at, delimiter, acrossLines) : null
    if (quoted) {
      cells.push(quoted.cell)
      lines += quoted.newlines
      at = quoted.end
    } else {
      const end = endOfPlain(text, at, delimiter)
      const cell = text.slice(at, end).replace(/\r$/, '')
      const unpaired = cell.startsWith('"') && !cell.includes('"', 1)
      mended ||= unpaired
      cells.push(unpaired ? cell.slice(1) : cell)
      at = end
    }
    if (at >= text.length) return { cells, end: at, lines, mended }
    at += 1
    if (text[at - 1] === '\n') return { cells, end: at, lines, mended }
  }
}

function endOfPlain(text: string, start: number, delimiter: Delimiter): number {
  let at = start
  while (at < text.length && text[at] !== delimiter && text[at] !== '\n') at += 1
  return at
}

function readQuoted(
  text: string,
  start: number,
  delimiter: Delimiter,
  acrossLines: boolean
): { cell: string; end: number; newlines: number } | null {
  let newlines = 0
  const last = Math.min(text.length, start + longestQuoted)
  for (let at = start + 1; at < last; at += 1) {
    if (text[at] === '\n') {
      if (!acrossLines) return null
      newlines += 1
    }
    if (text[at] !== '"') continue
    if (text[at + 1] === '"') {
      at += 1
      continue
    }
    let end = at + 1
    while (text[end] === ' ' || text[end] === '\r') end += 1
    if (end < text.length && text[end] !== delimiter && text[end] !== '\n') return null
    return { cell: text.slice(start + 1, at).replaceAll('""', '"'), end, newlines }
  }
  return null
}
