import type { Tx } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { checkServiceDate } from '../../shared/service-date.ts'
import { markRequest } from '../listings/index.ts'
import { covers, wordFor } from './budget.ts'
import { needsApproval, refuseUncleared, waitsFor } from './clearance.ts'
import {
  beforeReport,
  type ConsentWay,
  type Context,
  type Exchange,
  lockExchange,
  type NewExchange,
  prepare,
  type Seen,
  wrongState
} from './exchanges.ts'
import { reopenIfAlone } from './fulfilment.ts'
import { releaseHold, settle } from './settle.ts'
import type { SideName } from './sides.ts'
import { behalf, confirmingSide, recheckCapacities, reporterOf, requireBroker } from './who.ts'
import { type Change, insertExchange, step } from './writing.ts'

/** A broker lets an exchange go on that the policy asked them to look at. */
export async function approve(tx: Tx, id: string): Promise<Seen> {
  const context = await lockExchange(tx, id)
  requireBroker(context, 'approves')
  if (context.exchange.status !== 'awaiting_risk') throw wrongState(context.exchange, 'approved')
  return goOn(tx, context, { approvedMinutes: context.exchange.agreedMinutes })
}

/** A broker lets it go on when the vetting of the member who gives is noted, and holds on the planned day. */
export async function noteVetted(tx: Tx, id: string): Promise<Seen> {
  const context = await lockExchange(tx, id)
  requireBroker(context, 'lets it go on')
  if (context.exchange.status !== 'awaiting_vetting') throw wrongState(context.exchange, 'let go on as vetted')
  if (waitsFor(context, context.exchange.agreedMinutes!) === 'awaiting_vetting') throw new DomainError('vetting-needed')
  return goOn(tx, context, {})
}

/**
 * A broker notes how the guardians of those under 18 gave their consent, all of them where there are several. An exchange that
 * waits for it goes on; before it is reported it may be noted at any time.
 */
export async function noteGuardianConsent(tx: Tx, id: string, how: ConsentWay): Promise<Seen> {
  const context = await lockExchange(tx, id)
  const { exchange } = context
  requireBroker(context, "notes a guardian's consent")
  if (!beforeReport.includes(exchange.status)) throw wrongState(exchange, 'consented to')
  const change = { guardianConsent: how }
  if (exchange.status === 'awaiting_guardian') return goOn(tx, context, change)
  return step(tx, context, change, { action: 'approved', quiet: true })
}

/** To what it waits for next, or to be ready. Both sides are told when nothing is left to wait for. */
function goOn(tx: Tx, context: Context, change: Change): Promise<Seen> {
  const { exchange } = context
  const next = waitsFor({ ...context, exchange: { ...exchange, ...change } }, exchange.agreedMinutes!)
  return step(tx, context, { ...change, status: next ?? 'ready' }, { action: 'approved', quiet: next !== null })
}

/** Either side, or staff, calls it off before it is reported; what was held is released. */
export async function cancel(tx: Tx, id: string, reason: string | null): Promise<Seen> {
  const context = await lockExchange(tx, id)
  if (!beforeReport.includes(context.exchange.status)) throw wrongState(context.exchange, 'cancelled')
  return callOff(tx, context, { reason }, 'cancelled')
}

/**
 * On the planned day or after it, either side or staff says that one side did not come. It is closed as one that was called
 * off: nothing moves, and nothing is counted.
 */
export async function noteNoShow(
  tx: Tx,
  id: string,
  { side, reason = null }: { side: SideName; reason?: string | null | undefined }
): Promise<Seen> {
  const context = await lockExchange(tx, id)
  const { exchange, today } = context
  if (exchange.status !== 'agreed' && exchange.status !== 'ready') throw wrongState(exchange, 'missed')
  if (exchange.performedOn === null || exchange.performedOn > today)
    throw new DomainError(
      'conflict',
      'Only on the planned day or after it can somebody have stayed away: call it off.',
      {
        figures: { plannedFor: exchange.performedOn }
      }
    )
  return callOff(tx, context, { noShow: side, reason }, 'no-show')
}

async function callOff(
  tx: Tx,
  context: Context,
  change: Pick<Change, 'reason' | 'noShow'>,
  action: 'cancelled' | 'no-show'
): Promise<Seen> {
  const { exchange } = context
  await releaseHold(tx, context)
  if (exchange.requestId && exchange.status !== 'proposed') await reopenIfAlone(tx, exchange.requestId, exchange.id)
  const closed = { ...change, status: 'cancelled', holdId: null, closedAt: tx.now }
  return step(tx, context, closed, { action, reason: change.reason ?? null })
}

export type Report = { minutes: number; performedOn: string }

/** One side reports that it has taken place; the other confirms, or as the policy says. */
export async function report(tx: Tx, id: string, { minutes, performedOn }: Report): Promise<Seen> {
  const context = await lockExchange(tx, id)
  const { exchange } = context
  if (exchange.status !== 'agreed' && exchange.status !== 'ready') throw wrongState(exchange, 'reported')
  const by = reporterOf(context)
  checkServiceDate(performedOn, context.today)
  refuseUncleared(context, { byBroker: by === 'broker', on: performedOn })
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
      ...affiliations,
      ...(await wordFor(tx, context, minutes))
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
  const undecided = exchange.status === 'disputed' && exchange.settledAt === null
  if (exchange.status !== 'reported' && !undecided) throw wrongState(exchange, 'confirmed')
  const side = confirmingSide(tx, context)
  if (!context.staff && needsApproval(context, exchange.serviceMinutes!))
    throw new DomainError('broker-approval-needed')
  const onBehalfOf = behalf(context, side === 'broker' ? 'receiver' : side)
  return settle(tx, context, (settled) => step(tx, context, settled, { action: 'confirmed', onBehalfOf }))
}

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
  if (!nobodyElse || !receiverSaidYes || needsApproval(context, minutes) || !covers(context, minutes)) return exchange
  return settle(tx, context, (settled) => step(tx, context, settled, { action: 'settled' }))
}
