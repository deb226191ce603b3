import type { Tx } from '../../db/client.ts'
import type { Policy } from '../timebanks/index.ts'

/** What a cause is looked for with: `value` makes a parameter of the statement. `$1` is the timebank. */
export type Given = {
  tx: Tx
  now: Date
  today: string
  rules: Policy
  value(value: unknown): string
}

/** The columns of a cause, in order; a kind names what it has. */
export const causeColumns = {
  subject_id: 'uuid',
  member_id: 'uuid',
  organisation_id: 'uuid',
  other_member_id: 'uuid',
  other_organisation_id: 'uuid',
  account_id: 'integer',
  limit_minutes: 'bigint',
  balance_minutes: 'bigint',
  since: 'timestamptz',
  due_on: 'date',
  step: 'text'
} as const

type Columns = { [K in keyof typeof causeColumns]?: string } & Record<
  'subject_id' | 'since' | 'due_on' | 'step',
  string
>

/** SELECT of a cause; what is not named is null. */
export const select = (columns: Columns, rest: string): string =>
  `SELECT ${Object.entries(causeColumns)
    .map(([name, type]) => `(${columns[name as keyof Columns] ?? 'NULL'})::${type} AS ${name}`)
    .join(', ')} ${rest}`

/** The calendar date of an instant, in the timebank's zone. */
export const dateOf = (given: Given, instant: string): string =>
  `(${instant} AT TIME ZONE ${given.value(given.rules.timeZone)})::date`

/** A number of days before now. */
export const daysAgo = (given: Given, count: number): string =>
  `(${given.value(given.now)}::timestamptz - ${given.value(count)}::integer * interval '24 hours')`
