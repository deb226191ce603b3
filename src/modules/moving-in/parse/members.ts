import { parseHours, type Time } from './hours.ts'
import type { RowReader } from './rows.ts'
import { longest, showable } from './text.ts'
import type { MemberRecord } from './types.ts'

/** The part of a member's record that most files leave open. */
export const emptyMember: Omit<MemberRecord, 'line' | 'externalId' | 'name' | 'balanceMinutes'> = {
  sourceId: null,
  number: null,
  kind: 'member',
  email: null,
  phone: null,
  otherPhone: null,
  postcode: null,
  dateOfBirth: null,
  joinedOn: null,
  lastSeenOn: null,
  language: null,
  skills: [],
  needs: [],
  floorMinutes: null,
  ceilingMinutes: null,
  status: 'active'
}

/** Greatest number that a member may have. */
const greatestNumber = 2_147_483_647

/** The balance in minutes; 0 with a warning where the cell is empty, refused where it cannot be read. */
export function readBalance<Key extends string>(
  row: RowReader<Key>,
  key: Key,
  parse: (text: string) => Time | null,
  what: string
): number {
  if (row.text(key) === '') {
    row.warn(key, 'no balance given; read as 0')
    return 0
  }
  const time = row.time(key, parse)
  if (!time) row.refuse(key, `${showable(row.raw(key))} is no ${what}`)
  return time?.minutes ?? 0
}

/** The minutes of a history row; refused where they cannot be read or are negative. 0 is left to the caller. */
export function readMoved<Key extends string>(
  row: RowReader<Key>,
  key: Key,
  parse: (text: string) => Time | null = parseHours
): number {
  const time = row.time(key, parse)
  if (!time) row.refuse(key, `${showable(row.raw(key))} is no time in hours`)
  else if (time.seconds < 0)
    row.refuse(key, `${showable(row.raw(key))} is negative; who gave and who received is not clear`)
  return time?.minutes ?? 0
}

/** A member's name; `instead` stands in where there is none. */
export function readName<Key extends string>(row: RowReader<Key>, key: Key, name: string, instead: string): string {
  if (name === '') row.warn(key, 'no name; the number stands in its place')
  if (name.length > longest.name) row.refuse(key, `longer than ${longest.name} characters`)
  if (/\p{L}?\?\p{L}|\ufffd/u.test(name))
    row.warn(key, 'a letter of the name was lost before the export; kept as it is')
  if (/\u00c3[\u0080-\u00bf]|\u00c3[\u0152-\u2122]|\u00c2[\u0080-\u00bf]/.test(name)) {
    row.warn(key, 'the letters of the name look broken; kept as they are')
  }
  return name === '' ? instead : name
}

/** The date as ISO, null with a warning where it cannot be read. */
export function readDate<Key extends string>(
  row: RowReader<Key>,
  key: Key,
  century: 'recent' | 'life' = 'recent'
): string | null {
  if (row.text(key) === '') return null
  const moment = row.date(key, century)
  if (!moment) {
    const shown = century === 'life' ? 'the text' : showable(row.raw(key))
    row.warn(key, `${shown} is no date; the date was left out`)
  }
  return moment?.date ?? null
}

export function readLanguage<Key extends string>(row: RowReader<Key>, key: Key): string | null {
  const language = row.text(key).replace('_', '-')
  if (language === '') return null
  if (/^[a-z]{2,3}(?:-[a-z0-9]{2,8})?$/i.test(language)) return language
  row.warn(key, 'no code of a language; left out')
  return null
}

/**
 * Takes member numbers from codes such as RV007 or COMM0007: the figures at the end, for codes that start as most
 * codes of the file do. A number is given once only; a code whose number is taken (RV7 after RV007) has none.
 */
export function numbersOf(codes: readonly string[]): (code: string) => number | null {
  const usual = mostFrequent(codes.map(startOf))
  const given = new Set<number>()
  return (code) => {
    const digits = startOf(code) === usual ? code.trim().slice(usual.length) : ''
    const number = Number(digits)
    if (digits === '' || number > greatestNumber || given.has(number)) return null
    given.add(number)
    return number
  }
}

const startOf = (code: string): string =>
  code
    .trim()
    .toUpperCase()
    .replace(/\d{1,12}$/, '')

function mostFrequent(texts: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? ''
}
