import type { Tx } from '../../db/client.ts'
import { onDuplicate } from '../../db/errors.ts'
import { columnsOf } from '../../db/rows.ts'
import { DomainError } from '../../shared/errors.ts'
import type { NoticeKind } from '../../shared/notice-kinds.ts'
import { type AuditEntry, eventsJson, insertEvents } from '../audit/index.ts'
import { membersActingFor } from '../members/index.ts'
import { insertNotices, noticesJson } from '../notices/index.ts'
import type { Context, Exchange, Seen } from './exchanges.ts'
import { type SideName, sideNames, sideOf } from './sides.ts'
import { exchanges } from './tables.ts'

/** What a step may change; the rest of an exchange is that of its beginning. */
const changing = [
  'status',
  'providerAffiliationId',
  'receiverAffiliationId',
  'performedOn',
  'proposedBy',
  'proposedMinutes',
  'revision',
  'description',
  'agreedMinutes',
  'approvedMinutes',
  'guardianConsent',
  'budgetId',
  'budgetAccountId',
  'budgetMinutes',
  'disputedBy',
  'disputedMinutes',
  'noShow',
  'serviceMinutes',
  'creditMinutes',
  'reportedBy',
  'reportedByPerson',
  'transferId',
  'holdId',
  'reversalTransferId',
  'correctedById',
  'recordOnly',
  'reason',
  'agreedAt',
  'reportedAt',
  'settledAt',
  'closedAt'
] as const satisfies (keyof Exchange)[]
export type Change = Partial<Pick<Exchange, (typeof changing)[number]>>

const columns = columnsOf(exchanges) as [keyof Exchange, string][]
const changed = columns.filter(([field]) => (changing as readonly string[]).includes(field))

const placeholders = (count: number, after = 0): string[] =>
  Array.from({ length: count }, (_, i) => `$${i + 1 + after}`)

/** A step, the event that notes it and the notices of it, in one statement; the last two are its first parameters. */
const noted = `WITH noted AS (${insertEvents('$1')}), told AS (${insertNotices('$2')})`
const update = `${noted}
  UPDATE exchanges.exchanges SET row_version = row_version + 1, ${changed.map(([, column], i) => `${column} = $${i + 6}`).join(', ')}
   WHERE timebank_id = $3 AND id = $4 AND row_version = $5`
const insert = `${noted}
  INSERT INTO exchanges.exchanges (${columns.map(([, column]) => column).join(', ')})
  VALUES (${placeholders(columns.length, 2).join(', ')})`

/** What the audit and the notices call a step. */
type Action = NoticeKind extends infer Kind ? (Kind extends `exchange.${infer Verb}` ? Verb : never) : never
type Step = Pick<AuditEntry, 'onBehalfOf' | 'reason'> & {
  action: Action
  /** noted, and told to nobody */
  quiet?: boolean
}
type About = Pick<Context, 'exchange' | 'parties' | 'today'> &
  Partial<Pick<Context, 'category' | 'policy'>> & {
    /** the one side that is told, where the other has nothing to answer */
    tell?: SideName
  }

/** Writes a step of an exchange that is locked: the new state, who did it for whom, and to whom it is told. */
export async function step(tx: Tx, about: About, change: Change, entry: Step): Promise<Seen> {
  const { exchange: before, parties } = about
  const after = { ...before, ...change, rowVersion: before.rowVersion + 1 }
  const changes = { status: [before.status, after.status], ...figuresOf(change) }
  const { rowCount } = await tx.client.query({
    name: 'exchanges.step',
    text: update,
    values: [
      ...(await noteOf(tx, about, entry, changes)),
      ...[tx.timebankId, before.id, before.rowVersion],
      ...changed.map(([field]) => after[field])
    ]
  })
  if (rowCount !== 1) throw new Error('a step on an exchange that is not locked')
  return { ...after, parties, terms: termsOf(about) }
}

/** Writes an exchange that begins. */
export async function insertExchange(tx: Tx, about: About, action: Action): Promise<Seen> {
  const { exchange, parties } = about
  const changes = { status: [null, exchange.status], ...figuresOf(exchange) }
  const entry = { action, onBehalfOf: exchange.onBehalfOf }
  const inserted = tx.client.query({
    name: 'exchanges.insert',
    text: insert,
    values: [...(await noteOf(tx, about, entry, changes)), ...columns.map(([field]) => exchange[field])]
  })
  await onDuplicate(
    'exchanges_slip',
    inserted,
    () => new DomainError('already-exists', 'An exchange with this slip number has been recorded.')
  )
  return { ...exchange, parties, terms: termsOf(about) }
}

const termsOf = ({ category, policy, today }: About): Seen['terms'] =>
  category && policy ? { category, policy, today } : undefined

const told = [
  'proposedMinutes',
  'agreedMinutes',
  'disputedMinutes',
  'serviceMinutes',
  'creditMinutes',
  'noShow'
] as const

/** What of a step the audit keeps with its values. */
const figuresOf = (change: Partial<Exchange>) =>
  Object.fromEntries(told.flatMap((name) => ((change[name] ?? null) === null ? [] : [[name, change[name]]])))

/** Notes something about an exchange that changes nothing of it, and tells it as a step. */
export async function noteAbout(tx: Tx, about: About, action: Action, changes: Record<string, unknown>): Promise<void> {
  const [events, notices] = await noteOf(tx, about, { action }, changes)
  await tx.client.query({
    name: 'exchanges.note',
    text: `WITH noted AS (${insertEvents('$1')}) ${insertNotices('$2')}`,
    values: [events, notices]
  })
}

/** The event and the notices of a step, in the same words. */
async function noteOf(tx: Tx, about: About, entry: Step, changes: Record<string, unknown>): Promise<[string, string]> {
  const { action, quiet = false, ...rest } = entry
  const { id } = about.exchange
  const kind = `exchange.${action}` as const
  const members = quiet ? [] : await concerned(tx, about)
  return [
    eventsJson(tx, [{ action: kind, subject: { type: 'exchange', id }, changes, ...rest }]),
    noticesJson(
      tx,
      members.map((membershipId) => ({ membershipId, kind, subjectId: id }))
    )
  ]
}

/** Who has left is told nothing more. */
const here: readonly string[] = ['active', 'paused', 'suspended']

/**
 * Who should know of a step: the members on both sides and, where an organisation is a side, those who act for it today; but
 * not who took the step.
 */
async function concerned(tx: Tx, { exchange, parties, today, tell }: About): Promise<string[]> {
  const sides = (tell ? [tell] : sideNames).map((name) => sideOf(exchange, name))
  const members = sides.flatMap(({ memberId }) =>
    memberId !== null && here.includes(parties.member(memberId).status) ? [memberId] : []
  )
  const organisations = sides.flatMap(({ capacity, organisationId }) =>
    capacity === 'organisation' && organisationId !== null ? [organisationId] : []
  )
  const acting = organisations.length > 0 ? await membersActingFor(tx, organisations, today) : []
  return [...new Set([...members, ...acting])].filter((id) => id !== tx.actor.membershipId)
}
