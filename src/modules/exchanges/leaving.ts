import { and, asc, eq, inArray, or } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { lockBudgetsOf } from '../budgets/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { beforeReport, type Exchange, withParties } from './exchanges.ts'
import { reopenIfAlone } from './fulfilment.ts'
import { releaseHold } from './settle.ts'
import { exchanges } from './tables.ts'
import { step } from './writing.ts'

const undecided = ['reported', 'disputed']

/**
 * What becomes of a member's exchanges when they leave, in the same transaction: open ones are cancelled. Somebody whose
 * reported exchanges nobody has confirmed cannot leave yet: the other side would never get the hour.
 */
export async function endExchangesOf(tx: Tx, membershipId: string): Promise<void> {
  const theirs: Exchange[] = await tx.db
    .select()
    .from(exchanges)
    .where(
      and(
        eq(exchanges.timebankId, tx.timebankId),
        or(eq(exchanges.providerId, membershipId), eq(exchanges.receiverId, membershipId)),
        inArray(exchanges.status, [...undecided, ...beforeReport])
      )
    )
    .orderBy(asc(exchanges.id))
    .for('update')
  const waiting = theirs.filter(({ status }) => undecided.includes(status)).length
  if (waiting > 0)
    throw new DomainError('conflict', 'Exchanges that are reported or disputed must be settled or reversed first.', {
      figures: { exchanges: waiting }
    })
  if (theirs.length === 0) return
  const paying = theirs.flatMap(({ budgetId }) => budgetId ?? [])
  if (paying.length > 0) await lockBudgetsOf(tx, membershipId, paying)
  const day = today(tx, (await currentPolicy(tx)).rules)
  // what a budget has set aside for them is not theirs to bring back; accounts are locked before requests
  for (const exchange of theirs) if (exchange.budgetId !== null) await releaseHold(tx, { exchange, today: day })
  for (const { parties, ...exchange } of await withParties(tx, theirs)) {
    if (exchange.requestId && exchange.status !== 'proposed') await reopenIfAlone(tx, exchange.requestId, exchange.id)
    const reason = 'One of the sides has left.'
    const holdId = exchange.budgetId === null ? exchange.holdId : null
    const change = { status: 'cancelled', holdId, reason, closedAt: tx.now }
    await step(tx, { exchange, parties, today: day }, change, { action: 'cancelled', reason })
  }
}
