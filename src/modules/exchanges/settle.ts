import type { Tx } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { roundMinutes } from '../../shared/minutes.ts'
import { type Operation, post } from '../ledger/index.ts'
import { memberParty, organisationParty } from '../members/index.ts'
import { type Context, type Exchange, lockExchange, step, wrongState } from './exchanges.ts'
import { fulfilIfHelped } from './fulfilment.ts'
import type { SideName } from './sides.ts'

/** The account of one side today: affiliations were kept with the exchange, accounts never change. */
async function accountOf(tx: Tx, { exchange, policy }: Context, name: SideName): Promise<number | null> {
  const [capacity, memberId, organisationId] =
    name === 'provider'
      ? [exchange.providerCapacity, exchange.providerId, exchange.providerOrganisationId]
      : [exchange.receiverCapacity, exchange.receiverId, exchange.receiverOrganisationId]
  const ofPerson =
    capacity === 'citizen' || (capacity === 'professional' && policy.professionalPaidTime === 'credit_person')
  if (ofPerson) return (await memberParty(tx, memberId!)).accountId
  if (capacity === 'professional' && name === 'provider' && policy.professionalPaidTime === 'record_only') return null
  return (await organisationParty(tx, organisationId!)).accountId
}

/** Both accounts, or null where the time is recorded only: paid time by policy, or colleagues of one organisation. */
async function accounts(tx: Tx, context: Context): Promise<{ debit: number; credit: number } | null> {
  const credit = await accountOf(tx, context, 'provider')
  const debit = await accountOf(tx, context, 'receiver')
  return debit === null || credit === null || debit === credit ? null : { debit, credit }
}

/** Sets the minutes that an agreed exchange will cost aside on the receiver's account. */
export async function placeHold(tx: Tx, context: Context): Promise<string | null> {
  const sides = await accounts(tx, context)
  const minutes = roundMinutes(
    context.exchange.proposedMinutes,
    context.policy.granularityMinutes,
    context.policy.rounding
  )
  if (!sides || minutes === 0) return null
  const id = newId()
  await postFor(
    tx,
    context,
    { id, operation: 'hold', ...sides, minutes, kind: 'exchange', performedOn: context.today },
    sides
  )
  return id
}

/**
 * Posts for an exchange. A limit that refuses is told with its figures to staff and to whose account it is; the other side
 * learns that it cannot be done, not what the balance of somebody else is.
 */
async function postFor(
  tx: Tx,
  { own, staff }: Context,
  operation: Operation,
  accounts: { debit: number; credit: number }
): Promise<void> {
  try {
    await post(tx, operation)
  } catch (error) {
    if (!(error instanceof DomainError) || staff) throw error
    const mine = own.map((side) => (side === 'receiver' ? accounts.debit : accounts.credit))
    throw mine.includes(Number(error.figures['account'])) ? error : new DomainError(error.code)
  }
}

export async function releaseHold(tx: Tx, { exchange, today }: Context): Promise<void> {
  if (exchange.holdId)
    await post(tx, { id: newId(), operation: 'release', ref: exchange.holdId, kind: 'exchange', performedOn: today })
}

/** Moves the hours and gives the exchange's settled state; the caller writes it in the same transaction. */
export async function settle(tx: Tx, context: Context): Promise<Partial<Exchange>> {
  const { exchange, policy, today } = context
  const performedOn = exchange.performedOn ?? today
  const minutes = roundMinutes(exchange.serviceMinutes!, policy.granularityMinutes, policy.rounding)
  const sides = await accounts(tx, context)
  const moves = sides !== null && minutes > 0
  // more may have been given than was held: then the hold is given back first, and the limits are asked again
  if (exchange.holdId) await releaseHold(tx, context)
  const transferId = moves ? newId() : null
  if (transferId && sides)
    await postFor(
      tx,
      context,
      { id: transferId, operation: 'transfer', ...sides, minutes, kind: 'exchange', performedOn },
      sides
    )
  if (exchange.requestId) await fulfilIfHelped(tx, exchange.requestId, exchange.id)
  return {
    status: 'settled',
    creditMinutes: moves ? minutes : 0,
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
  const reversalTransferId = exchange.transferId ? newId() : null
  if (reversalTransferId)
    await post(tx, {
      id: reversalTransferId,
      operation: 'reverse',
      ref: exchange.transferId!,
      kind: 'exchange',
      performedOn: exchange.performedOn ?? today,
      force: true
    })
  return step(
    tx,
    exchange,
    { status: 'reversed', reversalTransferId, reason, closedAt: tx.now },
    { action: 'reversed', reason }
  )
}
