import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import { postAll } from '../ledger/index.ts'
import { markRequest } from '../listings/index.ts'
import { organisationsActedFor } from '../members/index.ts'
import { currentPolicy, type Policy, policyAt, today } from '../timebanks/index.ts'
import { refuseExhausted, refuseUnpaid } from './budget.ts'
import { needsApproval } from './clearance.ts'
import type { Context, Seen } from './exchanges.ts'
import { fulfilIfHelped, reopenIfAlone } from './fulfilment.ts'
import { type GroupShape, type NewGroup, pairFields, partyOf, planAgain, planOf, preparePairs } from './group-plan.ts'
import type { GroupRule } from './group-rules.ts'
import { exchangesOf, type Group, oneGroup, operationsOf } from './groups.ts'
import { sideOf, standingOf } from './sides.ts'
import { groupAnswers, groups } from './tables.ts'
import { insertExchange, step } from './writing.ts'

/**
 * One of the providers reports a session. Nothing moves: it waits until everybody who was helped has confirmed it, or a broker
 * has, who has heard them. That of the reporter, where others have helped them too, is their report.
 */
export async function reportGroup(tx: Tx, input: NewGroup): Promise<Group> {
  await refuseStrangers(tx, input)
  const shared = await preparePairs(tx, input, 'agreed-elsewhere')
  const { contexts, pairs, rule, shape } = shared
  const { policy, exchange: first, today } = contexts[0]!
  if (!policy.whoMayRecord.includes('provider')) throw new DomainError('recording-not-allowed')
  const plan = planOf(
    shared,
    contexts.map(({ exchange, parties }, i) => ({
      ...exchange,
      ...pairFields(pairs[i]!),
      status: 'reported',
      proposedBy: 'provider',
      groupPosition: i + 1,
      reportedBy: 'provider',
      reportedByPerson: tx.actor.personId,
      reportedAt: tx.now,
      parties
    }))
  )
  const id = newId()
  const [group] = await tx.db
    .insert(groups)
    .values({
      timebankId: tx.timebankId,
      id,
      shape,
      rule,
      status: 'reported',
      policyVersion: first.policyVersion,
      performedOn: input.performedOn,
      recordedAt: tx.now,
      reportedBy: tx.actor.membershipId,
      needsBroker:
        // nobody's word moves the pot's hours but the broker's
        // and a budget's by who holds it, whom the broker has heard
        rule === 'pot_pays' ||
        input.budgetId !== undefined ||
        policy.whoConfirms === 'broker' ||
        contexts.some((context) => needsApproval(context, context.exchange.proposedMinutes))
    })
    .returning()
  for (const { parties, ...planned } of plan.exchanges) {
    const exchange = { ...planned, creditMinutes: null, groupId: id }
    // told as a question: to those whose word is needed, and not to the other providers
    await insertExchange(tx, { exchange, parties, today, tell: 'receiver' }, 'reported')
  }
  await tx.db.insert(groupAnswers).values(asked(tx, contexts, id))
  await audit(tx, { action: 'exchange-group.reported', subject: { type: 'exchange-group', id } })
  const requestId = plan.exchanges[0]?.requestId
  if (requestId) await markRequest(tx, requestId, 'in_progress')
  return group!
}

/** Before anything is looked up about others: only who gave time reports. */
async function refuseStrangers(tx: Tx, { providers }: NewGroup): Promise<void> {
  const mine = await partiesSpokenFor(tx)
  if (!providers.some((provider) => mine.includes(partyOf(provider))))
    throw new DomainError('forbidden', 'One of those who gave time reports; a broker records for others.')
}

/** Those for whom the actor may answer: themselves, and the organisations that they act for today. */
async function partiesSpokenFor(tx: Tx): Promise<string[]> {
  const { membershipId } = tx.actor
  if (!membershipId) return []
  const { rules } = await currentPolicy(tx)
  return [membershipId, ...(await organisationsActedFor(tx, membershipId, today(tx, rules)))]
}

/** Everybody may say that it was otherwise; the word of those who were helped is needed, but for that of who reports. */
function asked(tx: Tx, contexts: readonly Context[], groupId: string) {
  const sides = (name: 'provider' | 'receiver') => contexts.map(({ exchange }) => partyOf(sideOf(exchange, name)))
  const receivers = new Set(sides('receiver'))
  return [...new Set([...receivers, ...sides('provider')])].map((partyId) => ({
    timebankId: tx.timebankId,
    groupId,
    partyId,
    needed: receivers.has(partyId) && partyId !== tx.actor.membershipId
  }))
}

type Locked = {
  group: Group
  theirs: Seen[]
  policy: Policy
  today: string
  /** whom the actor may speak for, of those who take part */
  mine: string[]
  /** a broker who is none of these people */
  broker: boolean
}

/** Of two answers at once the second sees the first. To who takes no part and is no staff the group is not there. */
async function lockReport(tx: Tx, id: string): Promise<Locked> {
  const [group] = await tx.db.select().from(groups).where(oneGroup(tx, id)).for('update')
  if (!group) throw notFound('group')
  const theirs = await exchangesOf(tx, id)
  const policy = (await policyAt(tx, group.policyVersion))!.rules
  const day = today(tx, policy)
  const standings = await Promise.all(theirs.map((exchange) => standingOf(tx, exchange, day)))
  const mine = theirs.flatMap((exchange, i) => standings[i]!.own.map((name) => partyOf(sideOf(exchange, name))))
  const broker = standings.every(({ staff }) => staff)
  if (mine.length === 0 && !broker) throw notFound('group')
  return { group, theirs, policy, today: day, mine: [...new Set(mine)], broker }
}

function refuseUnless(group: Group, states: readonly string[], step: string): void {
  if (states.includes(group.status)) return
  throw new DomainError('wrong-state', `A group that is ${group.status} cannot be ${step}.`, {
    figures: { state: group.status }
  })
}

/**
 * Somebody who was helped confirms: each once. With the last one all transfers are made, as one; where the policy wants a
 * broker to look at it, they make the last step. A broker confirms for all, also where somebody has said that it was otherwise.
 */
export async function confirmGroup(tx: Tx, id: string): Promise<Group> {
  const locked = await lockReport(tx, id)
  const { group, broker } = locked
  refuseUnless(group, broker ? ['reported', 'disputed'] : ['reported'], 'confirmed')
  // who has reported for a body that they do not act for any more
  if (broker && group.reportedBy === tx.actor.membershipId)
    throw new DomainError('own-confirmation', 'Another broker confirms what you have reported.')
  if (!broker) {
    await answer(tx, locked, 'confirmed')
    const waiting = await tx.db
      .select({ partyId: groupAnswers.partyId })
      .from(groupAnswers)
      .where(and(answersOf(tx, id), eq(groupAnswers.needed, true), sql`${groupAnswers.answer} is null`))
    if (group.needsBroker || waiting.length > 0) return touch(tx, id, {})
  } else await audit(tx, { action: 'exchange-group.confirmed', subject: { type: 'exchange-group', id } })
  return settleGroup(tx, locked)
}

const answersOf = (tx: Tx, groupId: string) =>
  and(eq(groupAnswers.timebankId, tx.timebankId), eq(groupAnswers.groupId, groupId))

/** Writes down what the actor says for those whom they speak for. */
async function answer(tx: Tx, { group, mine }: Locked, said: 'confirmed' | 'refused'): Promise<void> {
  if (group.reportedBy === tx.actor.membershipId)
    throw new DomainError(
      'own-confirmation',
      'Who reports cannot also answer; where it was otherwise, take the report back.'
    )
  const theirs = await tx.db
    .select()
    .from(groupAnswers)
    .where(and(answersOf(tx, group.id), inArray(groupAnswers.partyId, mine)))
  const open = theirs.filter(({ answer, needed }) => answer === null && (needed || said === 'refused'))
  if (open.length === 0) {
    const before = theirs.find(({ answer }) => answer !== null)
    throw before
      ? new DomainError('wrong-state', 'You have answered already.', { figures: { answer: before.answer } })
      : new DomainError('own-confirmation', 'Those who were helped confirm it.')
  }
  await tx.db
    .update(groupAnswers)
    .set({ answer: said, answeredBy: tx.actor.membershipId, answeredAt: tx.now })
    .where(
      and(
        answersOf(tx, group.id),
        inArray(
          groupAnswers.partyId,
          open.map(({ partyId }) => partyId)
        )
      )
    )
  await audit(tx, { action: `exchange-group.${said}`, subject: { type: 'exchange-group', id: group.id } })
}

const touch = async (tx: Tx, id: string, change: Partial<Group>): Promise<Group> => {
  const [group] = await tx.db
    .update(groups)
    .set({ ...change, rowVersion: sql`${groups.rowVersion} + 1` })
    .where(oneGroup(tx, id))
    .returning()
  return group!
}

async function settleGroup(tx: Tx, { group, theirs, policy, today, broker }: Locked): Promise<Group> {
  const plan = planAgain(
    group.shape as GroupShape,
    group.rule as GroupRule | null,
    theirs.map(({ parties, ...exchange }) => ({ exchange, parties, policy, today }))
  )
  const operations = operationsOf(plan, group.id)
  // one budget pays for all of them
  if (theirs[0]) await refuseUnpaid(tx, { exchange: theirs[0], today, staff: broker })

  await postAll(tx, operations).catch((error: unknown) => {
    refuseExhausted(error, plan.exchanges)

    // whose balance it is, and what it is, is not for the others
    throw error instanceof DomainError && !broker ? new DomainError(error.code) : error
  })
  for (const [i, { parties, ...exchange }] of theirs.entries()) {
    const at = plan.legs.findIndex(({ pair, kind }) => pair === i && kind === 'exchange')
    const { creditMinutes, recordOnly } = plan.exchanges[i]!
    await step(
      tx,
      { exchange, parties, today },
      {
        status: 'settled',
        creditMinutes,
        recordOnly,
        transferId: operations[at]?.id ?? null,
        settledAt: tx.now,
        closedAt: tx.now
      },
      { action: 'settled', onBehalfOf: broker ? exchange.receiverId : null }
    )
  }
  const last = theirs.at(-1)
  // accounts are locked before requests, in every step
  if (last?.requestId) await fulfilIfHelped(tx, last.requestId, last.id)
  return touch(tx, group.id, { status: 'settled', settledAt: tx.now })
}

/** One of them says that it was otherwise: nobody's confirmation moves it any more, and a broker decides. */
export async function refuseGroup(tx: Tx, id: string, reason: string): Promise<Group> {
  const locked = await lockReport(tx, id)
  const { group, theirs, mine, broker } = locked
  if (broker) throw new DomainError('forbidden', 'One of these people says that it was otherwise; a broker cancels it.')
  refuseUnless(group, ['reported'], 'refused')
  await answer(tx, locked, 'refused')
  for (const { parties, ...exchange } of theirs) {
    const own = (['provider', 'receiver'] as const).some((name) => mine.includes(partyOf(sideOf(exchange, name))))
    // the others have not been asked yet, and need not know by whom it was refused
    if (own) await step(tx, { exchange, parties, today: locked.today }, { status: 'disputed' }, { action: 'disputed' })
  }
  return touch(tx, id, { status: 'disputed', reason })
}

/** A broker, or who reported it and nobody has refused it yet, takes a report back. */
export async function cancelGroup(tx: Tx, id: string, reason: string | null): Promise<Group> {
  const { group, theirs, today, broker } = await lockReport(tx, id)
  if (!broker && group.reportedBy !== tx.actor.membershipId)
    throw new DomainError('forbidden', 'Who has reported it, or a broker, takes it back.')
  refuseUnless(group, broker ? ['reported', 'disputed'] : ['reported'], 'cancelled')
  for (const { parties, ...exchange } of theirs)
    await step(tx, { exchange, parties, today }, { status: 'cancelled', closedAt: tx.now }, { action: 'cancelled' })
  const last = theirs.at(-1)
  if (last?.requestId) await reopenIfAlone(tx, last.requestId, last.id)
  await audit(tx, { action: 'exchange-group.cancelled', subject: { type: 'exchange-group', id }, reason })
  // why it was refused stays where nothing else is said
  return touch(tx, id, { status: 'cancelled', ...(reason === null ? {} : { reason }) })
}
