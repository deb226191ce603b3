import { and, asc, count, desc, eq, inArray, isNotNull, lt, sql, sum } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { hasRole, isStaff } from '../../shared/actor.ts'
import { notFound } from '../../shared/errors.ts'
import { type Leg, legsOf } from '../ledger/index.ts'
import { organisationsActedFor } from '../members/index.ts'
import { currentPolicy, policyAt, today } from '../timebanks/index.ts'
import type { Seen } from './exchanges.ts'
import { type GroupShape, partyOf, planAgain } from './group-plan.ts'
import type { GroupRule } from './group-rules.ts'
import { exchangesOf, type Group, oneGroup } from './groups.ts'
import { accountOf } from './settle.ts'
import { sideNames, sideOf } from './sides.ts'
import { exchanges, groupAnswers, groups } from './tables.ts'

/** Whom a member may speak for today: themselves, and the organisations that they act for. Null: sees all of them. */
async function ownParties(tx: Tx): Promise<string[] | null> {
  if (isStaff(tx.actor) || hasRole(tx.actor, 'auditor')) return null
  const { rules } = await currentPolicy(tx)
  const me = tx.actor.membershipId!
  return [me, ...(await organisationsActedFor(tx, me, today(tx, rules)))]
}

/** What a leg moved, or would. Balances and ids: of what has been moved. */
export type ShownLeg = Pick<Leg, 'kind' | 'debitAccount' | 'creditAccount' | 'minutes' | 'softLimitsCrossed'> & {
  id: string | null
  debitBalance: number | null
  creditBalance: number | null
  resolvedBy: string | null
}

export type Answer = typeof groupAnswers.$inferSelect

/** A group as far as the actor may see it. */
export type SeenGroup = { group: Group; exchanges: Seen[]; legs: ShownLeg[]; answers: Answer[] }

/**
 * A group with its exchanges and its legs; of one that is not settled yet, the legs that it will have. Members see the
 * exchanges in which they are a side and the legs of their own accounts, and what they have answered themselves.
 */
export async function getGroup(tx: Tx, id: string): Promise<SeenGroup> {
  const [group] = await tx.db.select().from(groups).where(oneGroup(tx, id))
  if (!group) throw notFound('group')
  const all = await exchangesOf(tx, id)
  const mine = await ownParties(tx)
  const policy = (await policyAt(tx, group.policyVersion))!.rules
  const grounds = all.map(({ parties, ...exchange }) => ({ exchange, parties, policy, today: group.performedOn }))
  const legs: ShownLeg[] = ['reported', 'disputed'].includes(group.status)
    ? planAgain(group.shape as GroupShape, group.rule as GroupRule | null, grounds).legs.map((leg) => ({
        ...leg,
        id: null,
        debitAccount: leg.debit,
        creditAccount: leg.credit,
        softLimitsCrossed: [],
        debitBalance: null,
        creditBalance: null,
        resolvedBy: null
      }))
    : await legsOf(tx, id)
  const answers = group.reportedBy === null ? [] : await answersTo(tx, id)
  if (mine === null) return { group, exchanges: all, legs, answers }

  const accounts = new Set<number | null>()
  const balances = new Set<number | null>()
  const own = all.filter((exchange, i) => {
    const names = sideNames.filter((name) => mine.includes(partyOf(sideOf(exchange, name))))
    for (const name of names) {
      // a budget that pays for several is none of theirs, no more than the pot
      if (name === 'receiver' && exchange.budgetId !== null) continue

      const account = accountOf(grounds[i]!, name)
      accounts.add(account)
      // whoever gives time at work does not by that see their employer's balance
      if (sideOf(exchange, name).capacity !== 'professional') balances.add(account)
    }
    return names.length > 0
  })
  if (own.length === 0) throw notFound('group')
  return {
    group,
    exchanges: own,
    legs: legs
      .filter((leg) => accounts.has(leg.debitAccount) || accounts.has(leg.creditAccount))
      .map((leg) => ({
        ...leg,
        debitBalance: balances.has(leg.debitAccount) ? leg.debitBalance : null,
        creditBalance: balances.has(leg.creditAccount) ? leg.creditBalance : null
      })),
    answers: answers.filter(({ partyId }) => mine.includes(partyId))
  }
}

const answersTo = (tx: Tx, groupId: string): Promise<Answer[]> =>
  tx.db
    .select()
    .from(groupAnswers)
    .where(and(eq(groupAnswers.timebankId, tx.timebankId), eq(groupAnswers.groupId, groupId)))
    .orderBy(asc(groupAnswers.partyId))

/** `serviceMinutes`: of all its exchanges. `waitingFor`: how many of those who were helped have not answered. */
export type ListedGroup = Group & { exchanges: number; serviceMinutes: number; waitingFor: number }

/** Newest first, keyset by id (uuid v7); members get their own. One more than `limit` where there are more. */
export async function listGroups(
  tx: Tx,
  filter: { status?: string | undefined },
  before: string | null,
  limit: number
): Promise<ListedGroup[]> {
  const mine = await ownParties(tx)
  const found: Group[] = await tx.db
    .select()
    .from(groups)
    .where(
      and(
        eq(groups.timebankId, tx.timebankId),
        before === null ? undefined : lt(groups.id, before),
        filter.status === undefined ? undefined : eq(groups.status, filter.status),
        mine === null ? undefined : inArray(groups.id, await groupsOf(tx, mine, filter.status, before, limit))
      )
    )
    .orderBy(desc(groups.id))
    .limit(limit + 1)
  const ids = found.map(({ id }) => id)
  if (ids.length === 0) return []
  const sums = await tx.db
    .select({ id: exchanges.groupId, exchanges: count(), minutes: sum(exchanges.serviceMinutes).mapWith(Number) })
    .from(exchanges)
    .where(and(eq(exchanges.timebankId, tx.timebankId), inArray(exchanges.groupId, ids)))
    .groupBy(exchanges.groupId)
  const waiting = await tx.db
    .select({ id: groupAnswers.groupId, n: count() })
    .from(groupAnswers)
    .where(
      and(
        eq(groupAnswers.timebankId, tx.timebankId),
        inArray(groupAnswers.groupId, ids),
        eq(groupAnswers.needed, true),
        sql`${groupAnswers.answer} is null`
      )
    )
    .groupBy(groupAnswers.groupId)
  return found.map((group) => {
    const its = sums.find(({ id }) => id === group.id)
    const unanswered = group.status === 'reported' ? waiting.find(({ id }) => id === group.id) : undefined
    return {
      ...group,
      exchanges: its?.exchanges ?? 0,
      serviceMinutes: its?.minutes ?? 0,
      waitingFor: unanswered?.n ?? 0
    }
  })
}

/** Ids of the newest groups in which one of these takes part: from each index as many as a page needs. */
async function groupsOf(
  tx: Tx,
  parties: readonly string[],
  status: string | undefined,
  before: string | null,
  limit: number
): Promise<string[]> {
  const ids = new Set<string>()
  for (const side of [
    exchanges.providerId,
    exchanges.receiverId,
    exchanges.providerOrganisationId,
    exchanges.receiverOrganisationId
  ])
    for (const party of parties) {
      const rows = await tx.db
        .selectDistinct({ id: exchanges.groupId })
        .from(exchanges)
        .where(
          and(
            eq(exchanges.timebankId, tx.timebankId),
            eq(side, party),
            isNotNull(exchanges.groupId),
            before === null ? undefined : lt(exchanges.groupId, before),
            status === undefined
              ? undefined
              : sql`EXISTS (SELECT FROM exchanges.groups g WHERE g.timebank_id = ${exchanges.timebankId} AND g.id = ${exchanges.groupId} AND g.status = ${status})`
          )
        )
        .orderBy(desc(exchanges.groupId))
        .limit(limit + 1)
      for (const { id } of rows) ids.add(id!)
    }
  return [...ids]
}
