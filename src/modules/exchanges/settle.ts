import type { Tx } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { roundMinutes } from '../../shared/minutes.ts'
import { communityPot, getAccounts, type Operation, type Outcome, post } from '../ledger/index.ts'
import { memberParty, organisationParty } from '../members/index.ts'
import { type Context, type Exchange, lockExchange, step, wrongState } from './exchanges.ts'
import { fulfilIfHelped } from './fulfilment.ts'
import { accountHolder, type SideName, sideOf } from './sides.ts'

/** The account of one side today: affiliations were kept with the exchange, accounts never change. */
async function accountOf(tx: Tx, { exchange, policy }: Context, name: SideName): Promise<number | null> {
  const { capacity, memberId, organisationId } = sideOf(exchange, name)
  const holder = accountHolder(name, capacity, policy)
  if (holder === 'nobody') return null
  const party = holder === 'member' ? await memberParty(tx, memberId!) : await organisationParty(tx, organisationId!)
  return party.accountId
}

/** Both accounts, or null where the time is recorded only: paid time by policy, or colleagues of one organisation. */
async function accounts(tx: Tx, context: Context): Promise<{ debit: number; credit: number } | null> {
  const credit = await accountOf(tx, context, 'provider')
  const debit = await accountOf(tx, context, 'receiver')
  return debit === null || credit === null || debit === credit ? null : { debit, credit }
}

const heldMinutes = ({ exchange, policy }: Context): number =>
  roundMinutes(exchange.proposedMinutes, policy.granularityMinutes, policy.rounding)

/** Sets the minutes that an agreed exchange will cost aside on the receiver's account. */
export async function placeHold(tx: Tx, context: Context): Promise<string | null> {
  const sides = await accounts(tx, context)
  const minutes = heldMinutes(context)
  if (!sides || minutes === 0) return null
  const id = newId()
  const hold = { id, operation: 'hold', ...sides, minutes, kind: 'exchange', performedOn: context.today } as const
  await postFor(tx, context, hold, sides)
  return id
}

export async function releaseHold(tx: Tx, { exchange, today }: Context): Promise<void> {
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
    if (!(error instanceof DomainError) || staff) throw error
    const side = error.figures['account'] === sides.debit ? 'receiver' : 'provider'
    throw own.includes(side) && sideOf(exchange, side).capacity !== 'professional' ? error : new DomainError(error.code)
  }
}

/** Moves the hours and gives the exchange's settled state; the caller writes it in the same transaction. */
export async function settle(tx: Tx, context: Context): Promise<Partial<Exchange>> {
  const { exchange, policy, today } = context
  const performedOn = exchange.performedOn ?? today
  const minutes = roundMinutes(exchange.serviceMinutes!, policy.granularityMinutes, policy.rounding)
  const sides = await accounts(tx, context)
  const { holdId } = exchange
  let transferId: string | null = null
  if (sides && minutes > 0) {
    transferId = newId()
    const fromHold = holdId !== null && minutes <= heldMinutes(context)
    // more was given than was held: the hold goes back first, and the limits are asked for all of it
    if (holdId && !fromHold) await releaseHold(tx, context)
    await postFor(
      tx,
      context,
      fromHold
        ? { id: transferId, operation: 'settle', ref: holdId, minutes, performedOn }
        : { id: transferId, operation: 'transfer', ...sides, minutes, kind: 'exchange', performedOn },
      sides
    )
  } else await releaseHold(tx, context)
  if (exchange.requestId) await fulfilIfHelped(tx, exchange.requestId, exchange.id)
  return {
    status: 'settled',
    creditMinutes: transferId ? minutes : 0,
    transferId,
    holdId: null,
    recordOnly: sides === null,
    settledAt: tx.now,
    closedAt: tx.now
  }
}

/**
 * A broker takes a settled (or disputed) exchange back: the linked, opposite transfer, with a reason. It takes the original
 * out of the figures. A reversal may pass limits: what was booked wrongly must be mendable.
 */
export async function reverse(tx: Tx, id: string, reason: string): Promise<Exchange> {
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
    exchange,
    { status: 'reversed', holdId: null, reversalTransferId, reason, closedAt: tx.now },
    { action: 'reversed', reason }
  )
}

/** The opposite transfer. */
async function reverseTransfer(tx: Tx, ref: string, performedOn: string): Promise<string> {
  const id = newId()
  const reversal = await post(tx, { id, operation: 'reverse', ref, performedOn, force: true })
  await clearClosed(tx, [reversal], performedOn)
  return id
}

/**
 * What a reversal brings to the account of somebody who has left goes where their balance went: to the pot, or is written
 * off by it, so that a closed account stays empty.
 */
export async function clearClosed(tx: Tx, reversals: readonly Outcome[], performedOn: string): Promise<void> {
  const touched = reversals.flatMap(({ debitAccount, creditAccount }) => [debitAccount, creditAccount])
  const accounts = await getAccounts(tx, [...new Set(touched.filter((account) => account !== null))])
  const closed = [...accounts.values()].filter((a) => a.status === 'closed' && a.balance !== 0)
  for (const { id: account, balance } of closed) {
    const way =
      balance > 0
        ? ({ debit: account, credit: communityPot, kind: 'leaving' } as const)
        : ({ debit: communityPot, credit: account, kind: 'write_off' } as const)
    await post(tx, { id: newId(), operation: 'transfer', ...way, minutes: Math.abs(balance), performedOn, force: true })
  }
}
