import { and, asc, eq, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { DomainError, type Fault, notFound, refuseFaults } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { roundMinutes } from '../../shared/minutes.ts'
import { checkServiceDate } from '../../shared/service-date.ts'
import { communityPot, legsOf, type Operation, type Outcome, postAll, tryPost } from '../ledger/index.ts'
import { emptyClosed } from '../members/index.ts'
import { policyAt, today } from '../timebanks/index.ts'
import { type Exchange, prepare, type Seen, withParties } from './exchanges.ts'
import { fulfilIfHelped } from './fulfilment.ts'
import {
  eachTheirOwn,
  type GroupRule,
  isRecordOnly,
  legsFor,
  type Pair,
  type PlannedLeg,
  shareAmong
} from './group-rules.ts'
import { accountOf } from './settle.ts'
import { accountHolder, type SideInput, standingOf } from './sides.ts'
import { exchanges, groups } from './tables.ts'
import { insertExchange, step } from './writing.ts'

export type Group = typeof groups.$inferSelect

/** What several people have told: one gave time to several, or several gave time to one. */
export type NewGroup = {
  /** with the service minutes of each */
  providers: readonly (SideInput & { minutes: number })[]
  receivers: readonly SideInput[]
  /** one provider only; left out: that of the policy */
  rule?: GroupRule | undefined
  categoryId: string
  /** one provider only */
  offerId?: string | undefined
  /** one receiver only */
  requestId?: string | undefined
  description: string
  performedOn: string
}

/** A group before anything is saved: its exchanges, one for each provider and receiver, and what will move. */
export type GroupPlan = {
  shape: 'one_to_many' | 'many_to_one'
  rule: GroupRule | null
  policyVersion: number
  performedOn: string
  /** in the timebank's zone */
  today: string
  exchanges: Seen[]
  /** member or organisation whose account each receiver's is */
  debited: string[]
  legs: PlannedLeg[]
}

/**
 * Works out who is debited and credited for what. Refused as recording one exchange is, with the place of the one at fault:
 * by who may not, by sides that cannot take part, by a date in the future.
 */
export async function planGroup(tx: Tx, input: NewGroup): Promise<GroupPlan> {
  if (!isStaff(tx.actor))
    throw new DomainError(
      'forbidden',
      'Exchanges of several people are recorded by a broker, who has heard all of them. Ask one, or report yours with each other person by itself.'
    )
  const shape = shapeOf(input)
  const several = shape === 'one_to_many' ? input.receivers.length : input.providers.length
  const contexts = []
  for (let i = 0; i < several; i += 1) {
    const [p, r] = shape === 'one_to_many' ? [0, i] : [i, 0]
    const { minutes, ...provider } = input.providers[p]!
    const { categoryId, offerId, requestId, description, performedOn } = input
    const pair = { provider, receiver: input.receivers[r]!, categoryId, offerId, requestId, description, performedOn }
    contexts.push(await prepare(tx, { ...pair, minutes }).catch(pointingAt(p, r)))
  }
  const [first] = contexts as [(typeof contexts)[0], ...typeof contexts]
  if (!contexts.every(({ staff }) => staff))
    throw new DomainError('own-confirmation', 'A broker records for others; you are one of these people yourself.')
  // one policy for all of them, also where it changes at this moment
  const { policy, exchange, today: day } = first
  if (!policy.whoMayRecord.includes('broker')) throw new DomainError('recording-not-allowed')
  checkServiceDate(input.performedOn, day)

  const credited = input.providers.map(({ minutes }) => ({
    minutes,
    credit: roundMinutes(minutes, policy.granularityMinutes, policy.rounding)
  }))
  const rule = shape === 'one_to_many' ? (input.rule ?? policy.groupRule) : null
  const pairs =
    rule === null ? eachTheirOwn(credited) : shareAmong(several, credited[0]!.minutes, credited[0]!.credit, rule)
  const accounts = contexts.map((context) => ({
    provider: accountOf(context, 'provider'),
    receiver: accountOf(context, 'receiver')
  }))
  const legs = legsFor(
    pairs.map((pair, i) => ({ ...pair, ...accounts[i]! })),
    communityPot,
    rule
  )
  const planned = contexts.map(({ exchange: prepared, parties }, i) => ({
    ...settled(tx, { ...prepared, policyVersion: exchange.policyVersion }, i, pairs[i]!, isRecordOnly(accounts[i]!)),
    parties
  }))
  return {
    shape,
    rule,
    policyVersion: exchange.policyVersion,
    performedOn: input.performedOn,
    today: day,
    exchanges: planned,
    debited: planned.map(({ receiverCapacity, receiverId, receiverOrganisationId }) =>
      accountHolder('receiver', receiverCapacity, policy) === 'member' ? receiverId! : receiverOrganisationId!
    ),
    legs
  }
}

function shapeOf({ providers, receivers, rule, offerId, requestId }: NewGroup): GroupPlan['shape'] {
  const faults: Fault[] = []
  const refuse = (pointer: string, detail: string) => faults.push({ pointer, detail })
  const [givers, helped] = [providers.length, receivers.length]
  if (givers > 1 && helped > 1)
    refuse(
      '/receivers',
      'Several providers and several receivers: record the time of each provider as a group by itself.'
    )
  if (givers === 1 && helped === 1) refuse('/receivers', 'One provider and one receiver: record it as an exchange.')
  if (givers > 1 && rule !== undefined)
    refuse('/rule', 'Is for one provider: where several give, the receiver pays for all.')
  if (givers > 1 && offerId !== undefined) refuse('/offerId', 'Is for one provider.')
  if (helped > 1 && requestId !== undefined) refuse('/requestId', 'Is for one receiver.')
  for (const [name, sides] of [
    ['providers', providers],
    ['receivers', receivers]
  ] as const) {
    const keys = sides.map(partyOf)
    keys.forEach((key, i) => {
      if (keys.indexOf(key) < i) refuse(`/${name}/${i}`, 'Comes twice.')
    })
  }
  if (givers === 1 && providers[0]!.minutes < helped)
    refuse('/providers/0/minutes', 'Fewer minutes than there are receivers.')
  refuseFaults(faults)
  return givers === 1 ? 'one_to_many' : 'many_to_one'
}

const partyOf = ({ capacity, memberId, organisationId }: SideInput) =>
  (capacity === 'organisation' ? `organisation ${organisationId}` : `member ${memberId}`).toLowerCase()

/** Where in the group's lists the fault lies that was found in one pair. */
const pointingAt = (provider: number, receiver: number) => (error: unknown) => {
  if (!(error instanceof DomainError) || error.errors.length === 0) throw error
  const errors = error.errors.map((fault) =>
    fault.pointer === undefined
      ? fault
      : {
          ...fault,
          pointer: fault.pointer
            .replace(/^\/provider(?=\/|$)/, `/providers/${provider}`)
            .replace(/^\/receiver(?=\/|$)/, `/receivers/${receiver}`)
        }
  )
  throw new DomainError(error.code, error.message, { errors, figures: error.figures })
}

/** One exchange of the group as it will be kept; as where a broker records a single one. */
function settled(tx: Tx, exchange: Exchange, i: number, pair: Pair, recordOnly: boolean): Exchange {
  return {
    ...exchange,
    status: 'settled',
    proposedMinutes: pair.service,
    agreedMinutes: pair.service,
    approvedMinutes: pair.service,
    serviceMinutes: pair.service,
    creditMinutes: recordOnly ? 0 : pair.credit,
    recordOnly,
    groupPosition: i + 1,
    reportedBy: 'broker',
    reportedByPerson: tx.actor.personId,
    onBehalfOf: exchange.receiverId ?? exchange.providerId,
    agreedAt: tx.now,
    reportedAt: tx.now,
    settledAt: tx.now,
    closedAt: tx.now
  }
}

/** `groupId` is common to what stands or falls together. The pot's legs are nobody's word but the broker's. */
const operationsOf = (plan: GroupPlan, groupId?: string): (Operation & { operation: 'transfer' })[] =>
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
  await postAll(tx, operations)
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
      recordedAt: tx.now
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

const one = (tx: Tx, id: string) => and(eq(groups.timebankId, tx.timebankId), eq(groups.id, id))

export async function getGroup(tx: Tx, id: string): Promise<Group> {
  const [group] = await tx.db.select().from(groups).where(one(tx, id))
  if (!group) throw notFound('group')
  return group
}

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
  // of two at once the second sees the first; its exchanges change with it only
  const [group] = await tx.db.select().from(groups).where(one(tx, id)).for('update')
  if (!group) throw notFound('group')
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
  await emptyClosed(tx, reversals, performedOn)
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
    .where(one(tx, id))
    .returning()
  return reversed!
}
