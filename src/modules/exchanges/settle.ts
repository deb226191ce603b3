import type { Tx } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { roundMinutes } from '../../shared/minutes.ts'
import { exhausted, passOnReversals } from '../budgets/index.ts'
import { type Operation, type Outcome, post } from '../ledger/index.ts'
import { emptyClosed } from '../members/index.ts'
import { refuseUnpaid } from './budget.ts'
import { type Context, lockExchange, type Seen, wrongState } from './exchanges.ts'
import { fulfilIfHelped } from './fulfilment.ts'
import { accountHolder, type SideName, sideOf } from './sides.ts'
import { type Change, step } from './writing.ts'

type Sides = Pick<Context, 'exchange' | 'parties' | 'policy'>

/** The member or organisation whose account one side's hours move on; null where its time is recorded only. */
export function holderOf({ exchange, policy }: Pick<Sides, 'exchange' | 'policy'>, name: SideName): string | null {
  const { capacity, memberId, organisationId } = sideOf(exchange, name)
  const holder = accountHolder(name, capacity, policy)
  return holder === 'nobody' ? null : holder === 'member' ? memberId : organisationId
}

/** The account of one side today, for a receiver that of the budget that pays: both were kept with the exchange. */
export function accountOf({ exchange, parties, policy }: Sides, name: SideName): number | null {
  if (name === 'receiver' && exchange.budgetAccountId !== null) return exchange.budgetAccountId
  const { capacity, memberId, organisationId } = sideOf(exchange, name)
  const holder = accountHolder(name, capacity, policy)
  if (holder === 'nobody') return null
  return (holder === 'member' ? parties.member(memberId!) : parties.organisation(organisationId!)).accountId
}

/** Both accounts, or null where the time is recorded only: paid time by policy, or colleagues of one organisation. */
export function accounts(context: Sides): { debit: number; credit: number } | null {
  const credit = accountOf(context, 'provider')
  const debit = accountOf(context, 'receiver')
  return debit === null || credit === null || debit === credit ? null : { debit, credit }
}

export const heldMinutes = ({ exchange, policy }: Context): number =>
  roundMinutes(exchange.proposedMinutes, policy.granularityMinutes, policy.rounding)

/** Whether what an exchange will cost is set aside at agreement: by policy, and always of a budget. */
export const holdsAtAgreement = ({ exchange, policy }: Pick<Sides, 'exchange' | 'policy'>): boolean =>
  policy.holdAtAgreement || exchange.budgetId !== null

/** Sets the minutes that an agreed exchange will cost aside on the account that pays for it. */
export async function placeHold(tx: Tx, context: Context): Promise<string | null> {
  if (!holdsAtAgreement(context)) return null
  const sides = accounts(context)
  const minutes = heldMinutes(context)
  if (!sides || minutes === 0) return null
  const id = newId()
  const hold = { id, operation: 'hold', ...sides, minutes, kind: 'exchange', performedOn: context.today } as const
  await postFor(tx, context, hold, sides)
  return id
}

export async function releaseHold(tx: Tx, { exchange, today }: Pick<Context, 'exchange' | 'today'>): Promise<void> {
  if (exchange.holdId) await post(tx, { id: newId(), operation: 'release', ref: exchange.holdId, performedOn: today })
}

/**
 * Posts for an exchange. A limit that refuses is told with its figures to staff and to whose own account it is; others
 * learn that it cannot be done, not what the balance of somebody else is.
 */
async function postFor(
  tx: Tx,
  { exchange, own, staff }: Context,
  operation: Operation,
  sides: { debit: number; credit: number }
): Promise<void> {
  try {
    await post(tx, operation)
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    // what is left in a budget is for its statement to say
    if (exchange.budgetId !== null && error.figures['account'] === sides.debit) throw exhausted(error, staff)
    if (staff) throw error
    const side = error.figures['account'] === sides.debit ? 'receiver' : 'provider'
    throw own.includes(side) && sideOf(exchange, side).capacity !== 'professional' ? error : new DomainError(error.code)
  }
}

/**
 * Moves the hours and writes the settled exchange, in one transaction. `write` writes: a further step, or the beginning of an
 * exchange that settles at once. Both are sent before either is answered; where the move is refused, what was written goes
 * with the rest of the step, which the caller's transaction takes back.
 */
export async function settle(tx: Tx, context: Context, write: (settled: Change) => Promise<Seen>): Promise<Seen> {
  const { exchange, policy } = context
  const minutes = roundMinutes(exchange.serviceMinutes!, policy.granularityMinutes, policy.rounding)
  const sides = accounts(context)
  const transferId = sides && minutes > 0 ? newId() : null
  if (transferId && exchange.budgetId !== null && !settlesFromHold(context, minutes)) await refuseUnpaid(tx, context)
  const moved = transferId === null ? releaseHold(tx, context) : move(tx, context, transferId, minutes, sides!)
  const settled = write({
    status: 'settled',
    creditMinutes: transferId ? minutes : 0,
    transferId,
    holdId: null,
    recordOnly: sides === null,
    settledAt: tx.now,
    closedAt: tx.now
  })
  const [, after] = await together(moved, settled)
  // accounts are locked before requests, in every step
  if (exchange.requestId) await fulfilIfHelped(tx, exchange.requestId, exchange.id)
  return after
}

/** Whatever fails first is thrown, when nothing runs any more: what runs on would meet the connection's next transaction. */
async function together<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  try {
    return await Promise.all([first, second])
  } finally {
    await Promise.allSettled([first, second])
  }
}

/** Whether all that moves was set aside before. */
const settlesFromHold = (context: Context, minutes: number): boolean =>
  context.exchange.holdId !== null && minutes <= heldMinutes(context)

async function move(
  tx: Tx,
  context: Context,
  id: string,
  minutes: number,
  sides: { debit: number; credit: number }
): Promise<void> {
  const { holdId, performedOn } = context.exchange
  const on = performedOn ?? context.today
  const fromHold = settlesFromHold(context, minutes)
  // more was given than was held: the hold goes back first, and the limits are asked for all of it
  if (!fromHold) await releaseHold(tx, context)
  // whose hours staff or the service move, the ledger keeps too
  const onBehalfOf = (context.staff && holderOf(context, 'receiver')) || undefined
  const operation: Operation = fromHold
    ? { id, operation: 'settle', ref: holdId!, minutes, performedOn: on, onBehalfOf }
    : { id, operation: 'transfer', ...sides, minutes, kind: 'exchange', performedOn: on, onBehalfOf }
  await postFor(tx, context, operation, sides)
}

/**
 * A broker takes a settled (or disputed) exchange back: the linked, opposite transfer, with a reason. It takes the original
 * out of the figures. A reversal may pass limits: what was booked wrongly must be mendable.
 */
export async function reverse(tx: Tx, id: string, reason: string): Promise<Seen> {
  const context = await lockExchange(tx, id)
  const { exchange, staff, today } = context
  if (!staff) throw new DomainError('forbidden', 'A broker who is not one of its sides reverses an exchange.')
  if (exchange.status !== 'settled' && exchange.status !== 'disputed') throw wrongState(exchange, 'reversed')
  if (exchange.groupId)
    throw new DomainError('conflict', 'It was recorded with others, and is taken back with them: reverse the group.', {
      figures: { group: exchange.groupId }
    })
  await releaseHold(tx, context)
  const reversalTransferId = exchange.transferId
    ? await reverseTransfer(tx, exchange.transferId, exchange.performedOn ?? today)
    : null
  return step(
    tx,
    context,
    { status: 'reversed', holdId: null, reversalTransferId, reason, closedAt: tx.now },
    { action: 'reversed', reason }
  )
}

/** The opposite transfer. */
async function reverseTransfer(tx: Tx, ref: string, performedOn: string): Promise<string> {
  const id = newId()
  await passOn(tx, [await post(tx, { id, operation: 'reverse', ref, performedOn, force: true })], performedOn)
  return id
}

/** What reversals bring to accounts that are closed goes on to where their balance went. */
export async function passOn(tx: Tx, reversals: readonly Outcome[], performedOn: string): Promise<void> {
  await passOnReversals(tx, reversals, performedOn)
  await emptyClosed(tx, reversals, performedOn)
}
