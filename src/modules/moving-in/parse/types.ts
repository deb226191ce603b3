export const importKinds = [
  'timeoverflow-members',
  'timeoverflow-transfers',
  'komunitin-accounts',
  'komunitin-transfers',
  'spreadsheet'
] as const
export type ImportKind = (typeof importKinds)[number]

export type Encoding = 'utf-8' | 'utf-8-bom' | 'windows-1252' | 'utf-16le' | 'utf-16be'
export type Delimiter = ',' | ';' | '\t' | '|'

/**
 * One thing that is wrong in the file. An `error` refuses its row (or, at the header's line, the whole file);
 * a `warning` says what was left out or how something doubtful was read.
 * `line` is the physical line (from 1) on which the record starts, `column` the header's own text.
 * `reason` never holds a name, an e-mail address or a phone number.
 */
export type Fault = { line: number; column: string; reason: string; severity: 'error' | 'warning' }

export type MemberRecord = {
  line: number
  /** The number or code as text: by it a repeated import knows the member again. */
  externalId: string
  /** A second identity that transfers may use (Komunitin's account id), or null. */
  sourceId: string | null
  /** The member number, where the file's codes hold one that is unambiguous. */
  number: number | null
  kind: 'member'
  /** As written, formula-like or not; the code stands in where the file has no name. */
  name: string
  /** Lower case, unique within the file; null where missing, invented, malformed or taken by an earlier row. */
  email: string | null
  phone: string | null
  otherPhone: string | null
  postcode: string | null
  /** ISO date. */
  dateOfBirth: string | null
  /** ISO date in the time zone asked for. */
  joinedOn: string | null
  /** ISO date in the time zone asked for. */
  lastSeenOn: string | null
  language: string | null
  skills: string[]
  needs: string[]
  balanceMinutes: number
  floorMinutes: number | null
  ceilingMinutes: number | null
  status: 'active' | 'paused' | 'suspended' | 'left'
}

/** One side of a history row. `ref` is the member's number or code, or the organisation's name. */
export type Party =
  | { kind: 'member'; ref: string; label: string }
  | { kind: 'organisation'; ref: string; label: string }
  | { kind: 'anonymous'; label: string }

export type HistoryRecord = {
  line: number
  /** The exporting system's id; where it has none, derived from the row so that a repeat of the file finds it again. */
  externalId: string
  /**
   * Where the id is derived from the row: all but the number of the repeat, as it is and as it would be without the name of
   * one or both sides. Null where the id is the exporting system's own and stays whatever happens.
   */
  idStems: readonly string[] | null
  /** ISO date in the time zone asked for. */
  performedOn: string
  /** UTC instant, or null where the file only has a date. */
  recordedAt: string | null
  /** Who was helped; debited. The exporting systems call it payer or origin. */
  receiver: Party
  /** Who gave the time; credited. */
  provider: Party
  /** Positive. */
  minutes: number
  description: string
}

export type Skipped = { line: number; reason: string }
/** Seconds that are no whole minute, and the minutes that they were rounded to. */
export type Rounded = { line: number; seconds: number; minutes: number }
export type AnonymousSide = { line: number; side: 'receiver' | 'provider' }

/**
 * What a file says. Every data row is in exactly one place:
 * `rowsRead = members.length + history.length + skipped.length + refused.length`.
 */
export type Parsed = {
  kind: ImportKind
  encoding: Encoding
  delimiter: Delimiter
  rowsRead: number
  blankRows: number
  members: MemberRecord[]
  history: HistoryRecord[]
  /** Rows that rightly bring nothing, such as refused payments. */
  skipped: Skipped[]
  /** Lines of the rows that have an error. */
  refused: number[]
  faults: Fault[]
  rounded: Rounded[]
  /** Sides of history rows that name nobody who can be identified. */
  anonymous: AnonymousSide[]
  /** Headers of columns that were not read. */
  ignoredColumns: string[]
  totals: {
    /** Of `members`, after rounding. */
    balanceMinutes: number
    /** Of `members`, as the file has them. */
    balanceSeconds: number
    /** Of `history`, after rounding. */
    historyMinutes: number
  }
}

export type ParseOptions = {
  /** The timebank's time zone, in which instants become dates. Default UTC. */
  timeZone?: string
}
