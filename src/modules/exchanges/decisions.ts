import type { Tx } from '../../db/client.ts'
import { dayMs } from '../../shared/clock.ts'
import { DomainError, refuseFaults } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { roundMinutes } from '../../shared/minutes.ts'
import { checkServiceDate } from '../../shared/service-date.ts'
import { exhausted } from '../budgets/index.ts'
import { type Operation, postAll } from '../ledger/index.ts'
import { refuseUncommitted } from './budget.ts'
import { needsApproval, refuseUncleared } from './clearance.ts'
import {
  type ConsentWay,
  type Context,
  type Exchange,
  lockExchange,
  prepare,
  type Seen,
  wrongState
} from './exchanges.ts'
import { fulfilIfHelped } from './fulfilment.ts'
import { reverseGroup } from './groups.ts'
import { getExchange } from './read.ts'
import { accounts, heldMinutes, holderOf, passOn, releaseHold, reverse, settle } from './settle.ts'
import { type Capacity, otherSide, type SideInput, type SideName, sideNames, sideOf } from './sides.ts'
import { behalf, otherThan, requireBroker } from './who.ts'
import { insertExchange, step } from './writing.ts'

/** Whether the sides may still question what is settled; staff always may. */
export function refuseLate(tx: Tx, { exchange, policy, staff }: Pick<Context, 'exchange' | 'policy' | 'staff'>): void {
  const { settledAt } = exchange
  if (staff || settledAt === null) return
  const days = policy.disputeWithinDays
  if (tx.now.getTime() - settledAt.getTime() > days * dayMs)
    throw new DomainError('dispute-too-late', undefined, { figures: { days } })
}

/**
 * It was otherwise. A report is disputed by the side that did not make it, which may say the minutes as it saw them; what is
 * settled by either side for as many days as the policy says. Hours that have moved stay where they are until it is decided.
 */
export async function dispute(
  tx: Tx,
  id: string,
  { reason, minutes = null }: { reason: string; minutes?: number | null | undefined }
): Promise<Seen> {
  const context = await lockExchange(tx, id)
  const { exchange } = context
  if (exchange.status !== 'reported' && exchange.status !== 'settled') throw wrongState(exchange, 'disputed')
  if (exchange.status === 'settled') refuseLate(tx, context)
  const side = disputingSide(context)
  return step(
    tx,
    context,
    { status: 'disputed', reason, disputedBy: side, disputedMinutes: minutes, closedAt: null },
    { action: 'disputed', reason, onBehalfOf: behalf(context, side) }
  )
}

function disputingSide({ exchange, own, staff }: Context): SideName | 'broker' {
  const { status, reportedBy } = exchange
  if (status === 'settled') return own[0] ?? 'broker'
  if (staff) return otherThan(reportedBy)
  const side = own.find((name) => name !== reportedBy)
  if (side) return side
  throw new DomainError('own-confirmation', 'The other side disputes a report.')
}

/** The side whose report was disputed accepts the minutes as the other side saw them, and the hours move. */
export async function accept(tx: Tx, id: string): Promise<Seen> {
  const context = await lockExchange(tx, id)
  const { exchange, own, staff, policy } = context
  const minutes = exchange.disputedMinutes
  if (exchange.status !== 'disputed' || exchange.settledAt !== null || minutes === null)
    throw wrongState(exchange, 'accepted at other minutes')
  const side = otherSide(exchange.disputedBy as SideName)
  if (!staff && (own.length > 1 || own[0] !== side))
    throw new DomainError('own-confirmation', `The ${side} accepts; the ${exchange.disputedBy} gave these minutes.`)
  if (!staff && policy.whoConfirms === 'broker')
    throw new DomainError('own-confirmation', 'A broker confirms here; ask them to decide.')
  if (!staff && needsApproval(context, minutes)) throw new DomainError('broker-approval-needed')
  const agreed = { ...context, exchange: { ...exchange, serviceMinutes: minutes } }
  return settle(tx, agreed, (settled) =>
    step(
      tx,
      context,
      { ...settled, serviceMinutes: minutes },
      { action: 'accepted', onBehalfOf: behalf(context, side) }
    )
  )
}

/** What is right, as far as it is not what was recorded. */
export type Correction = {
  minutes?: number | undefined
  performedOn?: string | undefined
  provider?: SideInput | undefined
  receiver?: SideInput | undefined
  guardianConsent?: ConsentWay | undefined
}
export type Decision = { reason: string } & (
  | { decision: 'keep' }
  | { decision: 'reverse' }
  | ({ decision: 'correct' } & Correction)
)

/** A broker who is no side decides. */
export function decide(tx: Tx, id: string, decision: Decision): Promise<Seen> {
  if (decision.decision === 'keep') return keep(tx, id, decision.reason)
  return decision.decision === 'reverse' ? takeBack(tx, id, decision.reason) : correct(tx, id, decision)
}

/** It stands as it was reported: what has moved stays, and what has not, moves now. */
async function keep(tx: Tx, id: string, reason: string): Promise<Seen> {
  const context = await lockExchange(tx, id)
  const { exchange } = context
  requireBroker(context, 'decides')
  if (exchange.status !== 'disputed') throw wrongState(exchange, 'kept')
  const entry = { action: 'kept', reason } as const
  if (exchange.settledAt !== null) return step(tx, context, { status: 'settled', reason, closedAt: tx.now }, entry)
  refuseOwnReport(tx, exchange)
  return settle(tx, context, (settled) => step(tx, context, { ...settled, reason }, entry))
}

/** R2: who reported what has not settled does not move its hours by deciding, as it was reported or otherwise. */
function refuseOwnReport(tx: Tx, { settledAt, reportedByPerson }: Exchange): void {
  if (settledAt === null && reportedByPerson === tx.actor.personId)
    throw new DomainError('own-confirmation', 'Another broker decides about what you have reported.')
}

/** What was recorded with others is taken back with them. */
async function takeBack(tx: Tx, id: string, reason: string): Promise<Seen> {
  const { groupId } = await getExchange(tx, id)
  // the group is locked before its exchanges
  if (groupId === null) return reverse(tx, id, reason)
  await reverseGroup(tx, groupId, reason)
  return getExchange(tx, id)
}

/**
 * Takes the exchange back and records the right one in its place: one transaction and one group of transfers, so that figures
 * hold exactly one of the two. The rounding is that of the policy under which it was made.
 */
async function correct(tx: Tx, id: string, correction: Correction & { reason: string }): Promise<Seen> {
  const context = await lockExchange(tx, id)
  const { exchange: wrong, today } = context
  requireBroker(context, 'decides')
  if (wrong.status !== 'settled' && wrong.status !== 'disputed') throw wrongState(wrong, 'corrected')
  if (wrong.groupId !== null) throw new DomainError('part-of-group', undefined, { figures: { group: wrong.groupId } })
  if (wrong.source === 'import')
    throw new DomainError('conflict', 'Its hours are part of an opening balance: move hours by hand, with a reason.')
  refuseOwnReport(tx, wrong)
  const right = await rightOne(tx, context, correction)
  await releaseHold(tx, context)
  const moved = await moveAnew(tx, context, right)
  const { reason } = correction
  const recorded: Exchange = {
    ...right.exchange,
    status: 'settled',
    creditMinutes: moved.transferId ? moved.minutes : 0,
    transferId: moved.transferId,
    recordOnly: moved.recordOnly,
    correctsId: wrong.id,
    settledAt: tx.now,
    closedAt: tx.now
  }
  const reversed = await step(
    tx,
    { ...context, today },
    {
      status: 'reversed',
      holdId: null,
      reversalTransferId: moved.reversalTransferId,
      correctedById: recorded.id,
      reason,
      closedAt: tx.now
    },
    { action: 'corrected', reason }
  )
  await insertExchange(tx, { ...right, exchange: recorded }, 'recorded')
  // accounts are locked before requests, in every step
  if (recorded.requestId) await fulfilIfHelped(tx, recorded.requestId, recorded.id)
  return reversed
}

const inputOf = (exchange: Exchange, name: SideName): SideInput => {
  const { capacity, memberId, organisationId } = sideOf(exchange, name)
  return {
    capacity: capacity as Capacity,
    memberId: memberId ?? undefined,
    organisationId: organisationId ?? undefined
  }
}

/** The exchange as it was, by what the broker found out. What belongs to a side that was another one is left out. */
async function rightOne(tx: Tx, context: Context, correction: Correction): Promise<Context> {
  const { exchange: wrong, today } = context
  const minutes = correction.minutes ?? wrong.serviceMinutes!
  const performedOn = correction.performedOn ?? wrong.performedOn!
  checkServiceDate(performedOn, today)
  const sides = {
    provider: correction.provider ?? inputOf(wrong, 'provider'),
    receiver: correction.receiver ?? inputOf(wrong, 'receiver')
  }
  const { categoryId, description } = wrong
  const { guardianConsent } = correction
  const about = { ...sides, categoryId, description, minutes, performedOn, guardianConsent }
  const right = await prepare(tx, about, 'corrected', wrong.policyVersion)
  requireBroker(right, 'corrects')
  const { exchange } = right
  const same = (name: SideName) =>
    (['Id', 'OrganisationId', 'Capacity'] as const).every(
      (part) => exchange[`${name}${part}`] === wrong[`${name}${part}`]
    )
  const unchanged = sideNames.every(same)
  if (unchanged && minutes === wrong.serviceMinutes && performedOn === wrong.performedOn)
    refuseFaults([{ pointer: '', detail: 'Say what was otherwise: minutes, performedOn, provider or receiver.' }])
  const corrected: Context = {
    ...right,
    exchange: {
      ...exchange,
      guardianConsent: exchange.guardianConsent ?? (unchanged ? wrong.guardianConsent : null),
      offerId: same('provider') ? wrong.offerId : null,
      requestId: same('receiver') ? wrong.requestId : null,
      // who pays for the same receiver is who has paid
      ...(same('receiver')
        ? { budgetId: wrong.budgetId, budgetAccountId: wrong.budgetAccountId, budgetMinutes: wrong.budgetMinutes }
        : {}),
      slipNumber: exchange.slipNumber ?? wrong.slipNumber,
      reportedBy: 'broker',
      reportedByPerson: tx.actor.personId,
      reportedAt: tx.now,
      agreedAt: tx.now,
      agreedMinutes: minutes,
      approvedMinutes: minutes,
      serviceMinutes: minutes,
      onBehalfOf: exchange.receiverId ?? exchange.providerId
    }
  }
  if (!unchanged) refuseUncleared(corrected)
  // more than the budget has paid or set aside is for whom it is to say whose it is
  if (minutes > paidBefore(context)) {
    await refuseUncommitted(tx, corrected, minutes)
    if (corrected.exchange.budgetId !== null) corrected.exchange.budgetMinutes = minutes
  }
  return corrected
}

/** Service minutes that have left the account that pays, or are set aside on it. */
const paidBefore = (context: Context): number => {
  const { settledAt, serviceMinutes, holdId } = context.exchange
  return settledAt !== null ? serviceMinutes! : holdId !== null ? heldMinutes(context) : 0
}

/** The opposite of what had moved, and the right hours, in one group of transfers. */
async function moveAnew(tx: Tx, context: Context, right: Context) {
  const { exchange: wrong } = context
  const { policy, exchange } = right
  const [before, after] = [accounts(context), accounts(right)]
  const minutes = roundMinutes(exchange.serviceMinutes!, policy.granularityMinutes, policy.rounding)
  const common = { groupId: newId(), onBehalfOf: holderOf(right, 'receiver') ?? undefined }
  const operations: Operation[] = []
  const reversalTransferId = wrong.transferId ? newId() : null
  if (wrong.transferId)
    operations.push({
      ...common,
      id: reversalTransferId!,
      operation: 'reverse',
      ref: wrong.transferId,
      performedOn: wrong.performedOn!,
      onBehalfOf: holderOf(context, 'receiver') ?? undefined,
      force: true
    })
  const transferId = after && minutes > 0 ? newId() : null
  if (after && transferId)
    operations.push({
      ...common,
      id: transferId,
      operation: 'transfer',
      ...after,
      minutes,
      kind: 'exchange',
      performedOn: exchange.performedOn!,
      // less than had moved between the same two: mending it may pass limits as a reversal may
      force:
        reversalTransferId !== null &&
        before?.debit === after.debit &&
        before.credit === after.credit &&
        minutes <= wrong.creditMinutes!
    })
  const outcomes = await postAll(tx, operations).catch((error: unknown) => {
    const ofBudget = error instanceof DomainError && error.figures['account'] === exchange.budgetAccountId
    throw ofBudget ? exhausted(error, true) : error
  })
  await passOn(tx, outcomes, exchange.performedOn!)
  return { reversalTransferId, transferId, minutes, recordOnly: after === null }
}
