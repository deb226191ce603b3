import { randomBytes } from 'node:crypto'

/**
 * A request as bytes, with places of fixed width that are filled anew each time, so that a measured request costs its
 * sender next to nothing. `uuid`: a fresh uuid v7. `any`: one of a list, but not `not`. `next`: each of a list once.
 */
export type Slot =
  | { fill: 'uuid' }
  | { fill: 'any'; list: string; width: number; not?: string }
  | { fill: 'next'; list: string; width: number }

/** `text` has a run of marks for each slot, in their order. */
export type Template = { text: string; slots: Slot[] }

const mark = '\u0001'
const uuidWidth = 36

/** Puts a template together: `part` gives the marks for a slot, to be written wherever the value belongs. */
export function template(write: (part: (slot: Slot) => string) => string): Template {
  const slots: Slot[] = []
  const text = write((slot) => {
    slots.push(slot)
    return mark.repeat(slot.fill === 'uuid' ? uuidWidth : slot.width)
  })
  return { text, slots }
}

/** A whole HTTP/1.1 request. The body is written after the head, so that its slots come last. */
export function request(options: {
  method: 'GET' | 'POST'
  path: (part: (slot: Slot) => string) => string
  token: string
  headers?: Record<string, string>
  body?: (part: (slot: Slot) => string) => string
}): Template {
  const { method, path, token, headers = {}, body } = options
  return template((part) => {
    const lines = [`${method} ${path(part)} HTTP/1.1`, 'host: 127.0.0.1', `authorization: Bearer ${token}`]
    for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`)
    if (!body) return `${lines.join('\r\n')}\r\n\r\n`
    lines.push(`idempotency-key: ${part({ fill: 'uuid' })}`, 'content-type: application/json')
    const content = body(part)
    return `${lines.join('\r\n')}\r\ncontent-length: ${Buffer.byteLength(content)}\r\n\r\n${content}`
  })
}

/** Lists of values, padded to the width of their slots with spaces before them: JSON and SQL do not mind. */
export type Lists = Record<string, string[]>

/** Gives the bytes of the next request, or null where a list of `next` has come to its end. */
export type Fill = () => Buffer | null

/** `cursors` is shared by all fills of a process: each value of a `next` list is used once. */
export function compile({ text, slots }: Template, lists: Lists, cursors: Map<string, number>): Fill {
  const bytes = Buffer.from(text, 'latin1')
  const fills: ((at: number) => boolean)[] = []
  const places: number[] = []
  const widthOf = (slot: Slot) => (slot.fill === 'uuid' ? uuidWidth : slot.width)
  let from = 0
  for (const slot of slots) {
    const at = bytes.indexOf(1, from)
    from = at + widthOf(slot)
    places.push(at)
    fills.push(fillerOf(slot, bytes, lists, cursors))
  }
  return () => {
    for (let i = 0; i < fills.length; i += 1) if (!fills[i]!(places[i]!)) return null
    return bytes
  }
}

function fillerOf(slot: Slot, bytes: Buffer, lists: Lists, cursors: Map<string, number>): (at: number) => boolean {
  if (slot.fill === 'uuid')
    return (at) => {
      writeUuid(bytes, at)
      return true
    }
  const { list, width } = slot
  const values = lists[list]!.filter((value) => slot.fill !== 'any' || value !== slot.not).map((value) =>
    value.padStart(width)
  )
  if (values.some((value) => value.length !== width)) throw new RangeError(`a value of ${list} is too long`)
  if (slot.fill === 'any')
    return (at) => bytes.write(values[Math.floor(Math.random() * values.length)]!, at, 'latin1') === width
  return (at) => {
    const next = cursors.get(list) ?? 0
    cursors.set(list, next + 1)
    return next < values.length && bytes.write(values[next]!, at, 'latin1') === width
  }
}

const hex = Buffer.from('0123456789abcdef', 'latin1')
const node = randomBytes(6).toString('hex')
let counter = randomBytes(2).readUInt16BE()

/** A uuid v7: the time, a counter and this process's own random part, which keep those of several processes apart. */
function writeUuid(bytes: Buffer, at: number): void {
  counter += 1
  const now = Date.now()
  writeHex(bytes, at, Math.floor(now / 65536), 8)
  bytes[at + 8] = 45
  writeHex(bytes, at + 9, now % 65536, 4)
  bytes[at + 13] = 45
  // version 7, and twelve bits of the counter
  writeHex(bytes, at + 14, 0x7000 + ((counter >>> 12) & 0xfff), 4)
  bytes[at + 18] = 45
  writeHex(bytes, at + 19, 0x8000 + (counter & 0xfff), 4)
  bytes[at + 23] = 45
  bytes.write(node, at + 24, 'latin1')
}

function writeHex(bytes: Buffer, at: number, value: number, digits: number): void {
  for (let i = digits - 1, rest = value; i >= 0; i -= 1, rest = Math.floor(rest / 16)) bytes[at + i] = hex[rest % 16]!
}

/** One fresh id, for those who need it as text. */
export function freshId(): string {
  const bytes = Buffer.alloc(uuidWidth)
  writeUuid(bytes, 0)
  return bytes.toString('latin1')
}
