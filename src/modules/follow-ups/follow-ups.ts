import { and, asc, eq, getTableColumns, isNull, lt, or, type SQL, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import type { Tx } from '../../db/client.ts'
import { notFound } from '../../shared/errors.ts'
import type { FollowUpStep } from '../../shared/follow-up-steps.ts'
import { type Account, type CrossingTally, getAccounts, openCrossingTallies } from '../ledger/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { crossedLimit, type FollowUpKind, type FollowUpRef, type OutcomeName, type settledItself } from './kinds.ts'
import { items } from './tables.ts'

export const followUpStates = ['open', 'snoozed', 'closed'] as const
export type FollowUpState = (typeof followUpStates)[number]

/** Something for a broker to look after. */
export type FollowUp = Omit<
  typeof items.$inferSelect,
  'kind' | 'step' | 'outcome' | 'since' | 'openedAt' | 'latestAt'
> & {
  kind: FollowUpKind
  state: FollowUpState
  step: FollowUpStep
  outcome: OutcomeName | typeof settledItself | null
  /** to the microsecond, UTC, so that texts sort as instants */
  since: string
  openedAt: string
  /** Of a crossed limit: how often since then, and the account as it is now. */
  crossed: (CrossingTally & { now: Account }) | null
}

export type Filter = {
  state: FollowUpState | 'all'
  kind?: FollowUpKind | undefined
  /** null: of nobody in particular */
  assigneeId?: string | null | undefined
  /** One of those whom it is about. */
  memberId?: string | undefined
  dueBefore?: string | undefined
}

export type Sort = 'due' | 'opened'

/** Its place in the lists: `at` is the day or the instant by which they are sorted. */
export type Place = FollowUpRef & { at: string }

export const placeOf = (followUp: FollowUp, sort: Sort): Place => ({
  kind: followUp.kind,
  subjectId: followUp.subjectId,
  round: followUp.round,
  at: sort === 'due' ? followUp.dueOn : followUp.openedAt
})

/** What is due or was opened first comes first, those after `after`. One more than `limit` where there are more. */
export async function listFollowUps(
  tx: Tx,
  filter: Filter,
  sort: Sort,
  after: Place | null,
  limit: number
): Promise<FollowUp[]> {
  const day = await todayHere(tx)
  const [at, type] = sort === 'due' ? ([items.dueOn, 'date'] as const) : ([items.openedAt, 'timestamptz'] as const)
  const beyond =
    after &&
    sql`(${at}, ${items.kind}, ${items.subjectId}, ${items.round}) >
        (${after.at}::${sql.raw(type)}, ${after.kind}::text, ${after.subjectId}::uuid, ${after.round}::integer)`
  const { kind, assigneeId, memberId, dueBefore } = filter
  const condition = and(
    inState(filter.state, day),
    kind ? eq(items.kind, kind) : undefined,
    assigneeId === null ? isNull(items.assigneeId) : assigneeId ? eq(items.assigneeId, assigneeId) : undefined,
    memberId ? or(eq(items.memberId, memberId), eq(items.otherMemberId, memberId)) : undefined,
    dueBefore ? lt(items.dueOn, dueBefore) : undefined,
    beyond ?? undefined
  )
  const rows = await rowsWhere(tx, condition)
    .orderBy(asc(at), asc(items.kind), asc(items.subjectId), asc(items.round))
    .limit(limit + 1)
  return complete(tx, rows, day)
}

/** One of either state; what was never one, or belongs to another timebank, is not there. */
export async function getFollowUp(tx: Tx, ref: FollowUpRef): Promise<FollowUp> {
  const [followUp] = await complete(tx, await rowsWhere(tx, one(ref)), await todayHere(tx))
  if (!followUp) throw notFound('follow-up')
  return followUp
}

/** The same, locked: of two who change it at once the second sees what the first has made of it. */
export async function lockFollowUp(tx: Tx, ref: FollowUpRef): Promise<FollowUp> {
  const [followUp] = await complete(tx, await rowsWhere(tx, one(ref)).for('no key update'), await todayHere(tx))
  if (!followUp) throw notFound('follow-up')
  return followUp
}

export type Count = { kind: FollowUpKind; assigneeId: string | null; open: number; overdue: number; snoozed: number }

/** How many are not closed, by kind and by who looks after them. Snoozed ones are counted apart. */
export async function countFollowUps(tx: Tx): Promise<Count[]> {
  const day = await todayHere(tx)
  const isSnoozed = sql`coalesce(${items.snoozedUntil} > ${day}::date, false)`
  const count = (condition: SQL) => sql<number>`(count(*) FILTER (WHERE ${condition}))::integer`
  const rows = await tx.db
    .select({
      kind: items.kind,
      assigneeId: items.assigneeId,
      open: count(sql`NOT ${isSnoozed}`),
      overdue: count(sql`NOT ${isSnoozed} AND ${items.dueOn} < ${day}::date`),
      snoozed: count(isSnoozed)
    })
    .from(items)
    .where(and(eq(items.timebankId, tx.timebankId), isNull(items.closedAt), notOfOwnConversation(tx)))
    .groupBy(items.kind, items.assigneeId)
    .orderBy(asc(items.kind), sql`${items.assigneeId} NULLS FIRST`)
  return rows as Count[]
}

export async function todayHere(tx: Tx): Promise<string> {
  const { rules } = await currentPolicy(tx)
  return today(tx, rules)
}

const one = ({ kind, subjectId, round }: FollowUpRef): SQL | undefined =>
  and(eq(items.kind, kind), eq(items.subjectId, subjectId), eq(items.round, round))

function inState(state: Filter['state'], day: string): SQL | undefined {
  if (state === 'all') return undefined
  if (state === 'closed') return sql`closed_at IS NOT NULL`
  // the texts of the indexes' conditions
  return state === 'open'
    ? sql`closed_at IS NULL AND (snoozed_until IS NULL OR snoozed_until <= ${day}::date)`
    : sql`closed_at IS NULL AND snoozed_until IS NOT NULL AND snoozed_until > ${day}::date`
}

const exact = (column: AnyPgColumn) =>
  sql<string>`to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

const exactColumns = {
  ...getTableColumns(items),
  since: exact(items.since),
  openedAt: exact(items.openedAt),
  latestAt: sql<string | null>`to_char(${items.latestAt} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
}

const rowsWhere = (tx: Tx, condition: SQL | undefined) =>
  tx.db
    .select(exactColumns)
    .from(items)
    .where(and(eq(items.timebankId, tx.timebankId), condition, notOfOwnConversation(tx)))
    .$dynamic()

/** Nobody of the staff sees that a conversation in which they take part was reported, or by whom. */
const notOfOwnConversation = ({ actor }: Tx): SQL => sql`NOT (${items.kind} = 'reported_conversation' AND EXISTS (
  SELECT FROM conversations.reports r
    JOIN conversations.participants p ON p.timebank_id = r.timebank_id AND p.conversation_id = r.conversation_id
   WHERE r.timebank_id = ${items.timebankId} AND r.id = ${items.subjectId} AND p.membership_id = ${actor.membershipId}::uuid))`

type Row = Awaited<ReturnType<typeof rowsWhere>>[number]

/** With the accounts of crossed limits; what is open of them is counted where the ledger keeps it. */
async function complete(tx: Tx, rows: readonly Row[], day: string): Promise<FollowUp[]> {
  const accounts = await getAccounts(
    tx,
    rows.flatMap(({ accountId }) => (accountId === null ? [] : [accountId]))
  )
  const open = rows.flatMap((row) => {
    const which = crossedLimit(row.kind as FollowUpKind)
    return which && row.closedAt === null ? [{ row, accountId: row.accountId!, which }] : []
  })
  const tallies = await openCrossingTallies(tx, open)
  const tallyOf = new Map(open.map(({ row }, i) => [row, tallies[i]!]))
  return rows.map((row) => {
    const { latestAt, ...rest } = row
    const tally = tallyOf.get(row) ?? { times: row.crossings!, latestAt: latestAt! }
    const isSnoozed = row.snoozedUntil !== null && row.snoozedUntil > day
    return {
      ...rest,
      kind: row.kind as FollowUpKind,
      step: row.step as FollowUpStep,
      outcome: row.outcome as FollowUp['outcome'],
      state: row.closedAt !== null ? 'closed' : isSnoozed ? 'snoozed' : 'open',
      crossed: row.accountId === null ? null : { ...tally, now: accounts.get(row.accountId)! }
    }
  })
}
