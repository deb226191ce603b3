import { alternatives, type Columns, findColumns, type Layout } from './columns.ts'
import { type DateOrder, type DateReading, dateOrder, datesIn, type Moment, parseMoment } from './dates.ts'
import type { Time } from './hours.ts'
import { readTable } from './table.ts'
import { longest, readEmail, showable, tidy, unescapeFormula } from './text.ts'
import type { AnonymousSide, Fault, HistoryRecord, ImportKind, MemberRecord, Parsed, ParseOptions } from './types.ts'

/** What one row turned out to be. `null` only after the row was refused. */
export type Outcome = { member: MemberRecord } | { history: HistoryRecord } | { skip: string } | null

export type RowReader<Key extends string> = {
  line: number
  /** The cell as one tidy line, '' where the file has no such column. */
  text: (key: Key) => string
  /** The cell as it is. */
  raw: (key: Key) => string
  warn: (key: Key, reason: string) => void
  /** Refuses the row; further faults of the row are still looked for. */
  refuse: (key: Key, reason: string) => void
  /** A name, code or title; longer ones than `most` characters are cut with a warning. */
  textUpTo: (key: Key, most: number) => string
  phone: (key: Key) => string | null
  /** An e-mail address that no earlier row has. */
  email: (key: Key) => string | null
  date: (key: Key, century?: Century) => Moment | null
  /** Reads a time; notes when it is doubtful or no whole minute. Null after a warning or refusal by `onFault`. */
  time: (key: Key, parse: (text: string) => Time | null) => Time | null
  /** The line of an earlier row with this identity, or null; remembers it. */
  seenAt: (id: string) => { line: number; identical: boolean } | null
}

/** How two-digit years are read: `recent` for what happened in the timebank, `life` for dates of birth. */
type Century = 'recent' | 'life'

type FileFacts = { dateOrder: DateOrder; columnOf: (key: string) => string[] }

export type Source<Key extends string> = Layout<Key> & {
  dates: readonly Key[]
  /** Prepares what needs the whole file and returns the reader of one row. */
  reader: (facts: FileFacts) => (row: RowReader<Key>) => Outcome
}

/** Reads a whole file. Every data row ends in exactly one of the lists, whatever the source's reader does. */
export function readRows<Key extends string>(
  kind: ImportKind,
  bytes: Uint8Array,
  source: Source<Key>,
  options: ParseOptions
): Parsed {
  const table = readTable(bytes, source.columns.length)
  const columns = findColumns(table.rows, source)
  const parsed: Parsed = {
    kind,
    encoding: table.encoding,
    delimiter: table.delimiter,
    rowsRead: 0,
    blankRows: table.blankRows,
    members: [],
    history: [],
    skipped: [],
    refused: [],
    faults: fileFaults(columns, table.remarks, source),
    rounded: [],
    anonymous: [],
    ignoredColumns: columns.ignored,
    totals: { balanceMinutes: 0, balanceSeconds: 0, historyMinutes: 0 }
  }
  const rows = table.rows.slice(columns.dataFrom)
  parsed.rowsRead = rows.length
  if (table.rows.length === 0) fileFault(parsed, columns, 'error', 'the file is empty')
  else if (rows.length === 0) fileFault(parsed, columns, 'warning', 'the file has a header and no rows')

  const columnOf = (key: string): string[] => {
    const at = columns.index.get(key as Key)
    return at === undefined ? [] : rows.map((row) => row.cells[at] ?? '')
  }
  const order = dateOrder(source.dates.flatMap(columnOf))
  const read = source.reader({ dateOrder: order, columnOf })
  const reading: DateReading = { order, dateOf: datesIn(options.timeZone ?? 'UTC'), lastYearOf2000s: 69 }
  const memory: Memory = { ids: new Map(), emails: new Set(), reading }
  const headerText = columns.header.join('\n')

  for (const row of rows) {
    const faults: Fault[] = []
    const note = (severity: Fault['severity'], column: string, reason: string): void => {
      faults.push({ line: row.line, column, reason, severity })
    }
    const width = columns.header.length || source.columns.length
    const times: { time: Time }[] = []
    let outcome: Outcome = null
    if (row.cells.map(tidy).slice(0, width).join('\n') === headerText) {
      outcome = { skip: 'the header once more' }
    } else if (columns.missing.length > 0) {
      note('error', '', 'not read, because columns of the file are missing')
    } else if (row.cells.length > width && row.cells.slice(width).some((cell) => cell.trim() !== '')) {
      note('error', `column ${width + 1}`, `${row.cells.length} cells, but the header has ${width}`)
    } else {
      if (row.cells.length < width) noteShort(row.cells.length, width, columns, source, note)
      if (row.mended) note('warning', '', 'a quotation mark has no pair and was left out')
      if (!faults.some(isError)) outcome = read(rowReader(row.line, row.cells, columns, memory, note, times))
    }
    if (faults.some(isError)) outcome = null
    else if (outcome === null) note('error', '', 'the row cannot be read')
    parsed.faults.push(...faults)
    file(parsed, row.line, outcome, times)
  }
  return parsed
}

const isError = (fault: Fault): boolean => fault.severity === 'error'

type Memory = {
  ids: Map<string, { line: number; cells: string }>
  emails: Set<string>
  reading: DateReading
}

/** Puts a row's outcome where it belongs, with its totals. */
function file(parsed: Parsed, line: number, outcome: Outcome, times: readonly { time: Time }[]): void {
  if (outcome === null) {
    parsed.refused.push(line)
    return
  }
  if ('skip' in outcome) {
    parsed.skipped.push({ line, reason: outcome.skip })
    return
  }
  for (const { time } of times) {
    if (time.seconds !== time.minutes * 60) parsed.rounded.push({ line, seconds: time.seconds, minutes: time.minutes })
  }
  if ('member' in outcome) {
    parsed.members.push(outcome.member)
    parsed.totals.balanceMinutes += outcome.member.balanceMinutes
    parsed.totals.balanceSeconds += times[0]?.time.seconds ?? 0
    return
  }
  const { history } = outcome
  parsed.history.push(history)
  parsed.totals.historyMinutes += history.minutes
  const sides: AnonymousSide['side'][] = ['receiver', 'provider']
  for (const side of sides) if (history[side].kind === 'anonymous') parsed.anonymous.push({ line, side })
}

function fileFaults<Key extends string>(
  columns: Columns<Key>,
  remarks: readonly string[],
  source: Source<Key>
): Fault[] {
  const at = { line: columns.headerLine, column: '' }
  const faults: Fault[] = [...remarks, ...columns.remarks].map((reason) => ({ ...at, reason, severity: 'warning' }))
  for (const column of columns.ignored) {
    const reason = 'the header is not known; the column was not read'
    faults.push({ line: columns.headerLine, column, reason, severity: 'warning' })
  }
  if (columns.missing.length > 0) {
    const found = `the file has ${columns.header.length} columns; files of this kind usually have ${source.columns.length}`
    faults.push({ ...at, reason: `no column for ${columns.missing.join(', ')}; ${found}`, severity: 'error' })
  }
  return faults
}

function fileFault(parsed: Parsed, columns: Columns<string>, severity: Fault['severity'], reason: string): void {
  parsed.faults.push({ line: columns.headerLine, column: '', reason, severity })
}

function noteShort<Key extends string>(
  cells: number,
  width: number,
  columns: Columns<Key>,
  source: Source<Key>,
  note: (severity: Fault['severity'], column: string, reason: string) => void
): void {
  const lost = source.required.flatMap(alternatives).find((key) => (columns.index.get(key) ?? 0) >= cells)
  const column = lost ? nameOf(columns, lost) : ''
  note(lost ? 'error' : 'warning', column, `${cells} cells, but the header has ${width}`)
}

function nameOf<Key extends string>(columns: Columns<Key>, key: Key): string {
  const at = columns.index.get(key)
  if (at === undefined) return key
  return columns.header[at] || `column ${at + 1}`
}

function rowReader<Key extends string>(
  line: number,
  cells: readonly string[],
  columns: Columns<Key>,
  memory: Memory,
  note: (severity: Fault['severity'], column: string, reason: string) => void,
  times: { time: Time }[]
): RowReader<Key> {
  const raw = (key: Key): string => {
    const at = columns.index.get(key)
    return at === undefined ? '' : (cells[at] ?? '')
  }
  const text = (key: Key): string => unescapeFormula(tidy(raw(key)))
  const warn = (key: Key, reason: string): void => note('warning', nameOf(columns, key), reason)
  const refuse = (key: Key, reason: string): void => note('error', nameOf(columns, key), reason)
  const textUpTo = (key: Key, most: number): string => {
    const whole = text(key)
    if (whole.length <= most) return whole
    warn(key, `longer than ${most} characters; the rest was left out`)
    return whole.slice(0, most).trim()
  }
  return {
    line,
    raw,
    text,
    warn,
    refuse,
    textUpTo,
    phone: (key) => {
      const phone = textUpTo(key, longest.phone)
      if (phone !== '' && !/\d{3}/.test(phone.replace(/\D/g, ''))) warn(key, 'not a telephone number; kept as text')
      return phone === '' ? null : phone
    },
    email: (key) => {
      if (text(key) === '') return null
      const found = readEmail(text(key))
      if (found.email === null) {
        warn(key, found.reason)
      } else if (memory.emails.has(found.email)) {
        warn(key, 'an earlier row has the same e-mail address; the member is kept without e-mail')
        return null
      } else {
        memory.emails.add(found.email)
      }
      return found.email
    },
    date: (key, century = 'recent') => {
      const lastYearOf2000s = century === 'life' ? 20 : 69
      return parseMoment(tidy(raw(key)), { ...memory.reading, lastYearOf2000s })
    },
    time: (key, parse) => {
      const time = parse(tidy(raw(key)))
      if (time) times.push({ time })
      if (time?.doubtful) warn(key, `${showable(raw(key))} was read with a decimal separator, not as thousands`)
      return time
    },
    seenAt: (id) => {
      const whole = cells.map(tidy).join('\n')
      const before = memory.ids.get(id)
      if (!before) memory.ids.set(id, { line, cells: whole })
      return before ? { line: before.line, identical: before.cells === whole } : null
    }
  }
}
