import { type SpreadsheetKey as Key, spreadsheetHeaders } from './headers.ts'
import { parseHours } from './hours.ts'
import { emptyMember, numbersOf, readBalance, readDate, readLanguage, readName } from './members.ts'
import type { Outcome, RowReader, Source } from './rows.ts'
import { fold, longest, phrasesWithComma, splitSkills, tidy } from './text.ts'
import type { MemberRecord } from './types.ts'

const column = (key: Key): { key: Key; headers: string[] } => ({ key, headers: spreadsheetHeaders(key) })

/**
 * A broker's own list of members. Columns are found by their headers, in any order; where the file has as many columns as
 * usual, those with an unknown header are taken by their place.
 */
export const spreadsheet: Source<Key> = {
  foundBy: 'name',
  columns: (
    [
      'number',
      'firstName',
      'surname',
      'email',
      'phone',
      'postcode',
      'dateOfBirth',
      'joined',
      'skills',
      'needs',
      'balance'
    ] as const
  ).map(column),
  extra: (['name', 'otherPhone', 'language', 'status'] as const).map(column),
  required: ['number', ['firstName', 'name', 'surname'], 'balance'],
  looksLikeData: (cells) =>
    /\d/.test(cells[0] ?? '') && (parseHours(cells[10] ?? '') !== null || cells.some((cell) => cell.includes('@'))),
  dates: ['dateOfBirth', 'joined'],
  reader: ({ columnOf }) => {
    const numberOf = numbersOf(columnOf('number'))
    const phrases = phrasesWithComma([...columnOf('skills'), ...columnOf('needs')])
    return (row) => readMember(row, numberOf, phrases)
  }
}

function readMember(
  row: RowReader<Key>,
  numberOf: (code: string) => number | null,
  phrases: ReadonlySet<string>
): Outcome {
  const externalId = row.textUpTo('number', longest.code)
  const whole = fullName(row)
  if (isTotal(externalId, whole, row)) return { skip: 'a line of totals' }
  if (externalId === '') row.refuse('number', 'no member number; a repeated import could not know the member again')
  const seen = externalId === '' ? null : row.seenAt(externalId.toUpperCase())
  if (seen?.identical) return { skip: `the same as line ${seen.line}` }
  if (seen) row.refuse('number', `line ${seen.line} has the same member number`)
  const name = readName(row, 'firstName', whole, externalId)
  if (row.text('firstName').endsWith(',')) row.warn('firstName', 'ends in a comma: perhaps the surname')
  return {
    member: {
      ...emptyMember,
      line: row.line,
      externalId,
      number: numberOf(externalId),
      name,
      email: row.email('email'),
      phone: row.phone('phone'),
      otherPhone: row.phone('otherPhone'),
      postcode: row.textUpTo('postcode', longest.phone) || null,
      dateOfBirth: readDate(row, 'dateOfBirth', 'life'),
      joinedOn: readDate(row, 'joined'),
      language: readLanguage(row, 'language'),
      skills: readItems(row, 'skills', phrases),
      needs: readItems(row, 'needs', phrases),
      balanceMinutes: readBalance(row, 'balance', parseHours, 'time in hours'),
      status: readStatus(row)
    }
  }
}

/** French and Catalan lists head one of two columns just "Nom"; other lists repeat the whole name in a third. */
function fullName(row: RowReader<Key>): string {
  const [first, name, last] = [row.text('firstName'), row.text('name'), row.text('surname')]
  const whole = name !== '' && first !== '' && last !== '' && name.includes(first)
  return whole ? name : tidy([first, name, last].join(' '))
}

function readItems(row: RowReader<Key>, key: 'skills' | 'needs', phrases: ReadonlySet<string>): string[] {
  const text = row.raw(key)
  if (text.length <= longest.cell) return splitSkills(text, phrases)
  row.warn(key, `longer than ${longest.cell} characters; the rest was left out`)
  return splitSkills(text.slice(0, longest.cell), phrases)
}

/** A row below the list that adds it up: a word for it, nobody's name or number, nothing else but figures. */
function isTotal(externalId: string, name: string, row: RowReader<Key>): boolean {
  const word = /^(?:grand )?(?:totals?|sum|suma|summe|somme|soma|totale|totaal|totes|cyfanswm|guztira|gesamt)\b/
  const someone = row.text('email') || row.text('phone') || row.text('dateOfBirth') || row.text('joined')
  const texts = [externalId, name, row.text('skills'), row.text('needs')].filter((text) => text !== '').map(fold)
  return someone === '' && texts.length === 1 && word.test(texts[0]!)
}

const statusWords: [RegExp, MemberRecord['status']][] = [
  [/^(?:inac|inat|paus|dormant|anweith|ez aktib)/, 'paused'],
  [/^(?:susp|gesperrt)/, 'suspended'],
  [/^(?:left|baja|baixa|ended|gadael|parti|ausgetreten|closed|deleted)/, 'left'],
  [/^(?:acti|aktiv|aktib|ativ|attiv|actief|gweithredol|yes|si|1)/, 'active']
]

function readStatus(row: RowReader<Key>): MemberRecord['status'] {
  const text = fold(row.text('status'))
  const status = statusWords.find(([word]) => word.test(text))?.[1]
  if (text !== '' && !status) row.warn('status', 'an unknown status; the member is paused until a broker has looked')
  return status ?? (text === '' ? 'active' : 'paused')
}
