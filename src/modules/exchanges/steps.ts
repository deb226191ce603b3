import type { Tx } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { checkServiceDate } from '../../shared/service-date.ts'
import { markRequest } from '../listings/index.ts'
import {
  beforeReport,
  type Context,
  type Exchange,
  lockExchange,
  type NewExchange,
  prepare,
  type Seen,
  wrongState
} from './exchanges.ts'
import { reopenIfAlone } from './fulfilment.ts'
import { placeHold, releaseHold, settle } from './settle.ts'
import { type Capacity, otherSide, resolveSide, type SideName, sideOf } from './sides.ts'
import { insertExchange, step } from './writing.ts'

/** One side proposes to the other; a broker may propose for one of them. The proposal has the consent of who makes it only. */
export async function propose(tx: Tx, input: NewExchange, forSide?: SideName): Promise<Seen> {
  const context = await prepare(tx, input)
  const side = beginningSide(context, forSide)
  const exchange = { ...context.exchange, proposedBy: side, onBehalfOf: behalf(context, side) }
  return insertExchange(tx, { ...context, exchange }, 'proposed')
}

/** The other side agrees. Where the policy asks for it, a broker must approve before the exchange may take place. */
export async function agree(tx: Tx, id: string, minutes?: number): Promise<Seen> {
  const context = await lockExchange(tx, id)
  const { exchange, policy } = context
  if (exchange.status !== 'proposed') throw wrongState(exchange, 'agreed')
  const side = answeringSide(context, exchange.proposedBy)
  if (minutes !== undefined && minutes !== exchange.proposedMinutes)
    throw new DomainError('conflict', 'The minutes agreed to are not those proposed; read the exchange again.', {
      figures: { proposedMinutes: exchange.proposedMinutes }
    })
  refuseGone(context)
  const needsBroker = needsApproval(context, exchange.proposedMinutes)
  const holdId = policy.holdAtAgreement ? await placeHold(tx, context) : null
  if (exchange.requestId) await markRequest(tx, exchange.requestId, 'matched')
  return step(
    tx,
    context,
    {
      status: needsBroker ? 'awaiting_risk' : 'agreed',
      agreedMinutes: exchange.proposedMinutes,
      agreedAt: tx.now,
      holdId
    },
    { action: 'agreed', onBehalfOf: behalf(context, side) }
  )
}

/** A broker lets an exchange go ahead that the policy asked them to look at. */
export async function approve(tx: Tx, id: string): Promise<Seen> {
  const context = await lockExchange(tx, id)
  const { exchange, staff } = context
  if (!staff) throw new DomainError('forbidden', 'A broker who is not one of its sides approves.')
  if (exchange.status !== 'awaiting_risk') throw wrongState(exchange, 'approved')
  return step(tx, context, { status: 'ready', approvedMinutes: exchange.agreedMinutes }, { action: 'approved' })
}

/** The side that was asked says no. It needs no reason. */
export async function decline(tx: Tx, id: string): Promise<Seen> {
  const context = await lockExchange(tx, id)
  const { exchange } = context
  if (exchange.status !== 'proposed') throw wrongState(exchange, 'declined')
  const side = answeringSide(context, exchange.proposedBy)
  return step(
    tx,
    context,
    { status: 'declined', closedAt: tx.now },
    { action: 'declined', onBehalfOf: behalf(context, side) }
  )
}

/** Either side, or staff, calls it off before it is reported; what was held is released. */
export async function cancel(tx: Tx, id: string, reason: string | null): Promise<Seen> {
  const context = await lockExchange(tx, id)
  const { exchange } = context
  if (!beforeReport.includes(exchange.status)) throw wrongState(exchange, 'cancelled')
  await releaseHold(tx, context)
  if (exchange.requestId && exchange.status !== 'proposed') await reopenIfAlone(tx, exchange.requestId, exchange.id)
  return step(tx, context, { status: 'cancelled', reason, closedAt: tx.now }, { action: 'cancelled', reason })
}

export type Report = { minutes: number; performedOn: string }

/** One side reports that it has taken place; the other confirms, or as the policy says. */
export async function report(tx: Tx, id: string, { minutes, performedOn }: Report): Promise<Seen> {
  const context = await lockExchange(tx, id)
  const { exchange } = context
  if (exchange.status !== 'agreed' && exchange.status !== 'ready') throw wrongState(exchange, 'reported')
  const by = reporterOf(context)
  checkServiceDate(performedOn, context.today)
  // what counts is the day that it was, and what is known of that day now
  const affiliations = await recheckCapacities(tx, context, performedOn)
  const reported = await step(
    tx,
    context,
    {
      status: 'reported',
      serviceMinutes: minutes,
      performedOn,
      reportedBy: by,
      reportedByPerson: tx.actor.personId,
      reportedAt: tx.now,
      ...affiliations
    },
    {
      action: 'reported',
      onBehalfOf: by === 'broker' ? (exchange.receiverId ?? exchange.providerId) : behalf(context, by)
    }
  )
  const after = await settleIfAgreed(tx, { ...context, exchange: reported })
  // accounts are locked before requests, in every step
  if (after.status === 'reported' && exchange.requestId) await markRequest(tx, exchange.requestId, 'in_progress')
  return after
}

/** A side reports an exchange that nobody had proposed here: it waits for the other side (or whom the policy names). */
export async function reportNew(tx: Tx, input: NewExchange & { performedOn: string }): Promise<Seen> {
  const context = await prepare(tx, input)
  checkServiceDate(input.performedOn, context.today)
  const by = reporterOf(context)
  const exchange = {
    ...context.exchange,
    status: 'reported',
    proposedBy: by,
    reportedBy: by,
    reportedByPerson: tx.actor.personId,
    reportedAt: tx.now,
    serviceMinutes: input.minutes
  }
  const reported = await insertExchange(tx, { ...context, exchange }, 'reported')
  return settleIfAgreed(tx, { ...context, exchange: reported })
}

/**
 * A broker records at once, on behalf of both sides, what they have told (by phone, on a slip) and agreed to.
 * Not for an exchange of the broker's own.
 */
export async function record(tx: Tx, input: NewExchange & { performedOn: string }): Promise<Seen> {
  const context = await prepare(tx, input)
  if (!context.staff)
    throw new DomainError('own-confirmation', 'A broker records for others; your own exchange needs the other side.')
  if (!context.policy.whoMayRecord.includes('broker')) throw new DomainError('recording-not-allowed')
  checkServiceDate(input.performedOn, context.today)
  const exchange: Exchange = {
    ...context.exchange,
    reportedBy: 'broker',
    reportedByPerson: tx.actor.personId,
    reportedAt: tx.now,
    agreedAt: tx.now,
    agreedMinutes: input.minutes,
    approvedMinutes: input.minutes,
    serviceMinutes: input.minutes,
    onBehalfOf: context.exchange.receiverId ?? context.exchange.providerId
  }
  const begun = { ...context, exchange }
  return settle(tx, begun, (settled) =>
    insertExchange(tx, { ...begun, exchange: { ...exchange, ...settled } }, 'recorded')
  )
}

/** Who did not report confirms, and the hours move in the same transaction. */
export async function confirm(tx: Tx, id: string): Promise<Seen> {
  const context = await lockExchange(tx, id)
  const { exchange } = context
  if (exchange.status !== 'reported' && exchange.status !== 'disputed') throw wrongState(exchange, 'confirmed')
  const side = confirmingSide(tx, context)
  if (!context.staff && needsApproval(context, exchange.serviceMinutes!))
    throw new DomainError('broker-approval-needed')
  const onBehalfOf = behalf(context, side === 'broker' ? 'receiver' : side)
  return settle(tx, context, (settled) => step(tx, context, settled, { action: 'confirmed', onBehalfOf }))
}

/** The side that did not report says that it was otherwise; a broker decides. */
export async function dispute(tx: Tx, id: string, reason: string): Promise<Seen> {
  const context = await lockExchange(tx, id)
  const { exchange, own, staff } = context
  if (exchange.status !== 'reported') throw wrongState(exchange, 'disputed')
  if (!staff && own.every((side) => side === exchange.reportedBy))
    throw new DomainError('own-confirmation', 'The other side disputes a report.')
  return step(tx, context, { status: 'disputed', reason }, { action: 'disputed', reason })
}

/** Which side a proposal is made from; a broker says for whom. */
function beginningSide({ own, staff }: Context, forSide: SideName | undefined): SideName {
  const side = forSide ?? own[0]
  if (side && own.includes(side)) return side
  if (staff && side) return side
  throw staff
    ? new DomainError('validation-failed', 'Say for which side you propose.', {
        errors: [{ pointer: '/proposedBy', detail: 'Needed.' }]
      })
    : new DomainError('forbidden', 'You may propose for your own side.')
}

/** The side whose answer is asked for. Somebody who stands on both sides cannot agree with themselves. */
function answeringSide({ own, staff }: Context, began: string): SideName {
  const side = otherSide(began as SideName)
  if (staff || (own.length === 1 && own[0] === side)) return side
  throw new DomainError('own-confirmation', `The ${side} answers; the ${began} proposed.`)
}

export function reporterOf({ own, staff, policy }: Context): SideName | 'broker' {
  const allowed = own.find((side) => policy.whoMayRecord.includes(side))
  if (allowed) return allowed
  if (staff && policy.whoMayRecord.includes('broker')) return 'broker'
  throw new DomainError('recording-not-allowed')
}

/** R2: who reported, side or person, does not confirm for the other. What a broker reported is confirmed by who is debited. */
function confirmingSide(tx: Tx, { exchange, own, staff, policy }: Context): SideName | 'broker' {
  const { reportedBy, reportedByPerson } = exchange
  const side =
    policy.whoConfirms === 'other_side' || policy.whoConfirms === 'nobody' ? otherThan(reportedBy) : policy.whoConfirms
  const mayConfirm = side === 'broker' ? staff : (own.includes(side) && side !== reportedBy) || staff
  if (mayConfirm && reportedByPerson !== tx.actor.personId) return side
  throw new DomainError('own-confirmation', `The ${side} confirms; who reports cannot also confirm for the other side.`)
}

const otherThan = (reportedBy: string | null): SideName => (reportedBy === 'receiver' ? 'provider' : 'receiver')

/**
 * A report settles at once where nobody has to confirm it, or where the one who has to is the one who reported; never so
 * that a member is debited for more than they agreed to or reported, nor past a broker who has to approve.
 */
export async function settleIfAgreed(tx: Tx, context: Context & { exchange: Seen }): Promise<Seen> {
  const { exchange, policy } = context
  const { reportedBy, agreedMinutes } = exchange
  const minutes = exchange.serviceMinutes!
  const receiverSaidYes = reportedBy === 'receiver' || (agreedMinutes !== null && minutes <= agreedMinutes)
  const nobodyElse = policy.whoConfirms === 'nobody' || (policy.whoConfirms === 'receiver' && reportedBy === 'receiver')
  if (!nobodyElse || !receiverSaidYes || needsApproval(context, minutes)) return exchange
  return settle(tx, context, (settled) => step(tx, context, settled, { action: 'settled' }))
}

/** Whether a broker has to look at it by the policy, and has not yet done so for as long a time. */
export function needsApproval({ exchange, policy, category }: Context, minutes: number): boolean {
  const approved = exchange.approvedMinutes
  const above = policy.brokerApprovalAboveMinutes
  if (above !== null && minutes > above && (approved === null || minutes > approved)) return true
  return approved === null && policy.brokerApprovalRisks.includes(category.risk)
}

/** Nobody agrees with somebody who has left or is suspended since. */
function refuseGone({ exchange, parties }: Context): void {
  for (const memberId of [exchange.providerId, exchange.receiverId]) {
    if (memberId === null) continue
    const { status } = parties.member(memberId)
    if (status !== 'active' && status !== 'paused') throw new DomainError('party-not-active')
  }
}

async function recheckCapacities(
  tx: Tx,
  { exchange, parties, policy }: Context,
  on: string
): Promise<Partial<Exchange>> {
  const again = async (name: SideName) => {
    const { capacity, memberId, organisationId } = sideOf(exchange, name)
    const side = await resolveSide(
      tx,
      parties,
      name,
      { capacity: capacity as Capacity, memberId: memberId ?? undefined, organisationId: organisationId ?? undefined },
      on,
      policy,
      false
    )
    return side.affiliationId
  }
  return { providerAffiliationId: await again('provider'), receiverAffiliationId: await again('receiver') }
}

/** Membership for whom staff act; null where somebody acts for themselves. */
function behalf({ exchange, staff }: Pick<Context, 'exchange' | 'staff'>, side: SideName | 'broker'): string | null {
  if (!staff || side === 'broker') return null
  return sideOf(exchange, side).memberId
}
