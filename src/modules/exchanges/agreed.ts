import type { Tx } from '../../db/client.ts'
import { checkServiceDate } from '../../shared/service-date.ts'
import { markRequest } from '../listings/index.ts'
import { refuseUncommitted } from './budget.ts'
import { waitsFor } from './clearance.ts'
import { type Context, type NewExchange, prepare, type Seen } from './exchanges.ts'
import { placeHold } from './settle.ts'
import { settleIfAgreed } from './steps.ts'
import { reporterOf } from './who.ts'
import { insertExchange } from './writing.ts'

/**
 * An exchange to which both sides have said yes elsewhere, in a circle or an arrangement: it begins as agreed, or waits for a
 * broker as one that was agreed here would. Callers vouch for that consent; who acts need be no side. `approvedMinutes`:
 * what a broker has let go ahead before. A hold locks the receiver's account: several in one transaction are begun in an order
 * that is the same for all who begin several.
 */
export async function beginAgreed(
  tx: Tx,
  { approvedMinutes, ...input }: NewExchange & { approvedMinutes?: number | null | undefined }
): Promise<Seen> {
  const context = await prepare(tx, input, 'agreed-elsewhere')
  const begun: Context = {
    ...context,
    exchange: {
      ...context.exchange,
      proposedBy: context.own[0] ?? 'broker',
      agreedMinutes: input.minutes,
      agreedAt: tx.now,
      approvedMinutes: approvedMinutes ?? null
    }
  }
  await refuseUncommitted(tx, begun, input.minutes)
  const holdId = await placeHold(tx, begun)
  const { requestId } = begun.exchange
  // accounts are locked before requests, in every step
  if (requestId) await markRequest(tx, requestId, 'matched')
  const status = waitsFor(begun, input.minutes) ?? 'agreed'
  return insertExchange(tx, { ...begun, exchange: { ...begun.exchange, status, holdId } }, 'agreed')
}

/**
 * Reports an exchange to whose like both sides have said yes elsewhere (a date of an arrangement), by a side or a broker: as a
 * report of one that was agreed here, it settles at once or waits, by the policy. `minutes` is the service time,
 * `agreedMinutes` what both had agreed to (null: this date not by both), `approvedMinutes` what a broker had let go ahead. A pause, or an offer or
 * request that has closed since, does not stand in the way of telling what took place.
 */
export async function reportAgreed(
  tx: Tx,
  {
    agreedMinutes,
    approvedMinutes,
    ...input
  }: NewExchange & { performedOn: string; agreedMinutes: number | null; approvedMinutes?: number | null | undefined }
): Promise<Seen> {
  const context = await prepare(tx, input, 'agreed-before')
  const by = reporterOf(context)
  checkServiceDate(input.performedOn, context.today)
  const { receiverId, providerId } = context.exchange
  const exchange = {
    ...context.exchange,
    status: 'reported',
    proposedBy: by,
    proposedMinutes: agreedMinutes ?? input.minutes,
    agreedMinutes,
    agreedAt: agreedMinutes === null ? null : tx.now,
    approvedMinutes: approvedMinutes ?? null,
    reportedBy: by,
    reportedByPerson: tx.actor.personId,
    reportedAt: tx.now,
    serviceMinutes: input.minutes,
    onBehalfOf: by === 'broker' ? (receiverId ?? providerId) : null
  }
  const reported = await insertExchange(tx, { ...context, exchange }, 'reported')
  const after = await settleIfAgreed(tx, { ...context, exchange: reported })
  if (after.status === 'reported' && exchange.requestId) await markRequest(tx, exchange.requestId, 'in_progress')
  return after
}
