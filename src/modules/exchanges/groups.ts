import { and, asc, eq, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { communityPot, legsOf, type Operation, type Outcome, postAll, tryPost } from '../ledger/index.ts'
import { policyAt, today } from '../timebanks/index.ts'
import { refuseExhausted } from './budget.ts'
import { type Seen, withParties } from './exchanges.ts'
import { fulfilIfHelped } from './fulfilment.ts'
import { type GroupPlan, type NewGroup, planGroup } from './group-plan.ts'
import { passOn } from './settle.ts'
import { standingOf } from './sides.ts'
import { exchanges, groups } from './tables.ts'
import { insertExchange, step } from './writing.ts'

export type Group = typeof groups.$inferSelect

/** `groupId` is common to what stands or falls together. The pot's legs are nobody's word but the broker's. */
export const operationsOf = (plan: GroupPlan, groupId?: string): (Operation & { operation: 'transfer' })[] =>
  plan.legs.map(({ pair, debit, credit, minutes, kind }) => ({
    id: newId(),
    operation: 'transfer',
    debit,
    credit,
    minutes,
    kind,
    performedOn: plan.performedOn,
    groupId,
    onBehalfOf: debit === communityPot ? undefined : plan.debited[pair]!
  }))

/**
 * What the ledger would say to each leg, by letting it post them and taking everything back: nothing is saved. Each leg is
 * tried by itself, so that all that would be refused are told and not only the first; the group would be refused with them.
 */
export async function tryLegs(tx: Tx, plan: GroupPlan): Promise<Outcome[]> {
  await tx.client.query('SAVEPOINT preview')
  const outcomes = await tryPost(tx, operationsOf(plan))
  await tx.client.query('ROLLBACK TO SAVEPOINT preview')
  return outcomes
}

/**
 * A broker records at once, on behalf of all, what they have told and agreed to. All transfers and all exchanges of the
 * group are made together, or none.
 */
export async function recordGroup(tx: Tx, input: NewGroup): Promise<Group> {
  const plan = await planGroup(tx, input)
  const id = newId()
  const operations = operationsOf(plan, id)
  await postAll(tx, operations).catch((error: unknown) => {
    refuseExhausted(error, plan.exchanges)
    throw error
  })
  const [group] = await tx.db
    .insert(groups)
    .values({
      timebankId: tx.timebankId,
      id,
      shape: plan.shape,
      rule: plan.rule,
      status: 'settled',
      policyVersion: plan.policyVersion,
      performedOn: plan.performedOn,
      recordedAt: tx.now,
      settledAt: tx.now
    })
    .returning()
  for (const [i, { parties, ...planned }] of plan.exchanges.entries()) {
    const at = plan.legs.findIndex(({ pair, kind }) => pair === i && kind === 'exchange')
    const exchange = { ...planned, groupId: id, transferId: operations[at]?.id ?? null }
    await insertExchange(tx, { exchange, parties, today: plan.today }, 'recorded')
  }
  const last = plan.exchanges.at(-1)
  if (last?.requestId) await fulfilIfHelped(tx, last.requestId, last.id)
  return group!
}

export const oneGroup = (tx: Tx, id: string) => and(eq(groups.timebankId, tx.timebankId), eq(groups.id, id))

/** The exchanges of a group in the order given. */
export async function exchangesOf(tx: Tx, groupId: string): Promise<Seen[]> {
  const rows = await tx.db
    .select()
    .from(exchanges)
    .where(and(eq(exchanges.timebankId, tx.timebankId), eq(exchanges.groupId, groupId)))
    .orderBy(asc(exchanges.groupPosition))
  return withParties(tx, rows)
}

/**
 * A broker takes a group back, all of it: the linked, opposite transfers, with a reason. It may pass limits, as the reversal
 * of a single exchange may. Exchanges of a group are not reversed one by one: what the others paid rests on all of them.
 */
export async function reverseGroup(tx: Tx, id: string, reason: string): Promise<Group> {
  // of two at once the second sees the first
  const [group] = await tx.db.select().from(groups).where(oneGroup(tx, id)).for('update')
  if (!group) throw notFound('group')
  // what is settled may be disputed one by one
  await tx.db
    .select({ id: exchanges.id })
    .from(exchanges)
    .where(and(eq(exchanges.timebankId, tx.timebankId), eq(exchanges.groupId, id)))
    .orderBy(asc(exchanges.groupPosition))
    .for('update')
  const theirs = await exchangesOf(tx, id)
  const policy = (await policyAt(tx, group.policyVersion))!.rules
  const day = today(tx, policy)
  for (const exchange of theirs)
    if (!(await standingOf(tx, exchange, day)).staff)
      throw new DomainError('forbidden', 'A broker who is not one of these people reverses a group.')
  if (group.status !== 'settled')
    throw new DomainError('wrong-state', `A group that is ${group.status} cannot be reversed.`, {
      figures: { state: group.status }
    })
  const { performedOn } = group
  const reversalGroupId = newId()
  const legs = await legsOf(tx, id)
  const reversals = await postAll(
    tx,
    legs.map(({ id: ref }) => ({
      id: newId(),
      operation: 'reverse' as const,
      ref,
      performedOn,
      groupId: reversalGroupId,
      force: true
    }))
  )
  await passOn(tx, reversals, performedOn)
  for (const { parties, ...exchange } of theirs) {
    const at = legs.findIndex((leg) => leg.id === exchange.transferId)
    const reversalTransferId = reversals[at]?.id ?? null
    await step(
      tx,
      { exchange, parties, today: day },
      { status: 'reversed', reversalTransferId, reason, closedAt: tx.now },
      { action: 'reversed', reason }
    )
  }
  const [reversed] = await tx.db
    .update(groups)
    .set({
      status: 'reversed',
      reversalGroupId,
      reason,
      reversedAt: tx.now,
      rowVersion: sql`${groups.rowVersion} + 1`
    })
    .where(oneGroup(tx, id))
    .returning()
  return reversed!
}
