import { and, asc, eq, getTableColumns, isNotNull, type SQL, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import type { Tx } from '../../db/client.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { audit } from '../audit/index.ts'
import {
  type Account,
  type CrossedLimit,
  type Crossing,
  closeCrossings,
  findOpenCrossing,
  getAccounts,
  openCrossings
} from '../ledger/index.ts'
import { accountOwner, getMembership, refuseOwnAccount } from '../members/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { outcomes } from './tables.ts'

/** Why somebody is to be spoken with. */
export const followUpKinds = ['floor_crossed', 'ceiling_crossed'] as const
export type FollowUpKind = (typeof followUpKinds)[number]

/** What came of it. */
export const outcomeNames = [
  'contacted',
  'agreed_to_give',
  'agreed_to_ask',
  'limit_changed',
  'grant_made',
  'nothing_needed'
] as const
export type OutcomeName = (typeof outcomeNames)[number]

/** Which one it is: of what kind, and about what. */
export type FollowUpRef = { kind: FollowUpKind; subjectId: string }

/** Something for a broker to look after, until they note what came of it. Minutes. */
export type FollowUp = FollowUpRef & {
  /** to the microsecond, UTC, so that texts sort as instants */
  openedAt: string
  account: number
  /** the soft limit that was crossed, and the balance after it */
  limit: number
  balance: number
  /** how often since then, and when last */
  crossings: number
  latestAt: string
  /** as the account is now */
  now: Account
  closed: { outcome: OutcomeName; note: string | null; notedBy: string | null; notedAt: Date } | null
}

export type FollowUpState = 'open' | 'closed' | 'all'

const limitOf = { floor_crossed: 'floor', ceiling_crossed: 'ceiling' } as const satisfies Record<
  FollowUpKind,
  CrossedLimit
>
const kindOf = { floor: 'floor_crossed', ceiling: 'ceiling_crossed' } as const satisfies Record<
  CrossedLimit,
  FollowUpKind
>

/** Its place in the lists. */
export type Place = Pick<FollowUp, 'openedAt' | 'subjectId' | 'kind'>

/** Oldest first, those after `after`. One more than `limit` where there are more. */
export async function listFollowUps(
  tx: Tx,
  state: FollowUpState,
  after: Place | null,
  limit: number
): Promise<FollowUp[]> {
  const open = state === 'closed' ? [] : (await openOnes(tx, after, limit)).map(fromCrossing)
  const closed = state === 'open' ? [] : (await outcomesWhere(tx, afterPlace(after), limit + 1)).map(fromOutcome)
  // one that is closed between the two looks is closed
  const byPlace = new Map([...open, ...closed].map((found) => [placeText(found), found]))
  const places = [...byPlace.keys()].sort().slice(0, limit + 1)
  return withAccounts(
    tx,
    places.map((place) => byPlace.get(place)!)
  )
}

type Found = Omit<FollowUp, 'now'>

const placeText = ({ openedAt, subjectId, kind }: Place): string => `${openedAt} ${subjectId} ${kind}`

/** One of either state; what was never one, or belongs to another timebank, is not there. */
export async function getFollowUp(tx: Tx, ref: FollowUpRef): Promise<FollowUp> {
  const open = await findOpenCrossing(tx, ref.subjectId, limitOf[ref.kind])
  const [closed] = open === null ? await outcomesWhere(tx, one(ref), 1) : []
  const found = open === null ? closed && fromOutcome(closed) : fromCrossing(open)
  if (!found) throw notFound('follow-up')
  const [followUp] = await withAccounts(tx, [found])
  return followUp!
}

/**
 * A broker notes what came of it, and it is closed: with all crossings of the same limit since it was opened. It stays open
 * when the balance comes back inside by itself: that somebody was near a limit is worth a word all the same. Not for one's
 * own account.
 */
export async function closeFollowUp(
  tx: Tx,
  ref: FollowUpRef,
  { outcome, note }: { outcome: OutcomeName; note: string | null }
): Promise<FollowUp> {
  const open = await findOpenCrossing(tx, ref.subjectId, limitOf[ref.kind])
  if (open === null) {
    // not there at all, or closed before
    await getFollowUp(tx, ref)
    throw closedAlready()
  }
  const owner = await accountOwner(tx, open.accountId)
  const { rules } = await currentPolicy(tx)
  if (owner) await refuseOwnAccount(tx, owner, today(tx, rules))
  const transfers = await closeCrossings(tx, open.accountId, open.which)
  if (!transfers.includes(open.transferId)) throw closedAlready()
  await tx.db.insert(outcomes).values({
    timebankId: tx.timebankId,
    kind: ref.kind,
    subjectId: ref.subjectId,
    // a Date would lose the microseconds by which open and closed ones are in one order
    openedAt: sql`${open.openedAt}::timestamptz`,
    accountId: open.accountId,
    limitMinutes: open.limit,
    balanceMinutes: open.balance,
    crossings: transfers.length,
    latestAt: sql`${open.latestAt}::timestamptz`,
    outcome,
    note,
    notedBy: tx.actor.membershipId,
    notedAt: tx.now
  })
  await audit(tx, {
    action: 'follow-up.closed',
    subject: { type: 'follow-up', id: `${ref.kind}.${ref.subjectId}` },
    onBehalfOf: owner?.membershipId ?? null,
    changes: { outcome, account: open.accountId, crossings: transfers.length, ...(note ? { fields: ['note'] } : {}) }
  })
  return getFollowUp(tx, ref)
}

const closedAlready = () => new DomainError('wrong-state', 'What came of it has been noted already.')

/** When a member is erased: nothing is left of what was written about them. What came of it stays. */
export async function blankFollowUpsOf(tx: Tx, membershipId: string): Promise<void> {
  const { accountId } = await getMembership(tx, membershipId)
  await tx.db
    .update(outcomes)
    .set({ note: null })
    .where(and(eq(outcomes.timebankId, tx.timebankId), eq(outcomes.accountId, accountId), isNotNull(outcomes.note)))
}

const openOnes = (tx: Tx, after: Place | null, limit: number): Promise<Crossing[]> =>
  openCrossings(
    tx,
    after && { openedAt: after.openedAt, transferId: after.subjectId, which: limitOf[after.kind] },
    limit
  )

const fromCrossing = (crossing: Crossing): Found => ({
  kind: kindOf[crossing.which],
  subjectId: crossing.transferId,
  openedAt: crossing.openedAt,
  account: crossing.accountId,
  limit: crossing.limit,
  balance: crossing.balance,
  crossings: crossing.times,
  latestAt: crossing.latestAt,
  closed: null
})

const exact = (column: AnyPgColumn) =>
  sql<string>`to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

const exactColumns = {
  ...getTableColumns(outcomes),
  openedAt: exact(outcomes.openedAt),
  latestAt: exact(outcomes.latestAt)
}

/** Closed ones in their order. */
function outcomesWhere(tx: Tx, condition: SQL | undefined, limit: number) {
  return tx.db
    .select(exactColumns)
    .from(outcomes)
    .where(and(eq(outcomes.timebankId, tx.timebankId), condition))
    .orderBy(asc(outcomes.openedAt), asc(outcomes.subjectId), asc(outcomes.kind))
    .limit(limit)
}

const one = ({ kind, subjectId }: FollowUpRef) => and(eq(outcomes.kind, kind), eq(outcomes.subjectId, subjectId))

const afterPlace = (after: Place | null): SQL | undefined =>
  after === null
    ? undefined
    : sql`(${outcomes.openedAt}, ${outcomes.subjectId}, ${outcomes.kind}) >
          (${after.openedAt}::timestamptz, ${after.subjectId}::uuid, ${after.kind}::text)`

const fromOutcome = (row: Awaited<ReturnType<typeof outcomesWhere>>[number]): Found => ({
  kind: row.kind as FollowUpKind,
  subjectId: row.subjectId,
  openedAt: row.openedAt,
  account: row.accountId,
  limit: row.limitMinutes,
  balance: row.balanceMinutes,
  crossings: row.crossings,
  latestAt: row.latestAt,
  closed: {
    outcome: row.outcome as OutcomeName,
    note: row.note,
    notedBy: row.notedBy,
    notedAt: row.notedAt
  }
})

async function withAccounts(tx: Tx, found: readonly Found[]): Promise<FollowUp[]> {
  const accounts = await getAccounts(
    tx,
    found.map(({ account }) => account)
  )
  return found.map((each) => ({ ...each, now: accounts.get(each.account)! }))
}
