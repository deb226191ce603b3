import type { Tx } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { budgetFor, budgetStill, exhausted, holdsForMember, mayCommitFrom } from '../budgets/index.ts'
import { type Context, type Exchange, lockFor, type Seen, wrongState } from './exchanges.ts'
import { sideOf } from './sides.ts'
import { type Change, step } from './writing.ts'

const dayOf = ({ exchange, today }: Pick<Context, 'exchange' | 'today'>): string => exchange.performedOn ?? today

/**
 * Who holds the budget has said yes to so many service minutes: before, or now by what they do. To be asked before anything is
 * set aside or taken; the sides' own agreement is no word for the budget.
 */
export async function refuseUncommitted(
  tx: Tx,
  context: Pick<Context, 'exchange' | 'today' | 'staff'>,
  minutes: number
): Promise<void> {
  const { exchange, staff } = context
  if (exchange.budgetId === null) return
  const { mayCommit } = await budgetStill(tx, exchange.budgetId, { on: dayOf(context), byStaff: staff })
  if (!mayCommit && !covers(context, minutes)) throw new DomainError('budget-word-needed')
}

/** The same for what has taken place. */
export const refuseUnpaid = (tx: Tx, context: Pick<Context, 'exchange' | 'today' | 'staff'>): Promise<void> =>
  refuseUncommitted(tx, context, context.exchange.serviceMinutes!)

/** Whether the word of who holds the budget covers it; true where no budget pays. */
export const covers = ({ exchange }: Pick<Context, 'exchange'>, minutes: number): boolean =>
  exchange.budgetId === null || (exchange.budgetMinutes !== null && minutes <= exchange.budgetMinutes)

/** What a step for so many minutes says for the budget, where who takes it may speak for it. */
export async function wordFor(tx: Tx, { exchange, staff }: Context, minutes: number): Promise<Change> {
  if (exchange.budgetId === null || covers({ exchange }, minutes)) return {}
  return (await mayCommitFrom(tx, exchange.budgetId, staff)) ? { budgetMinutes: minutes } : {}
}

/**
 * Who holds a budget, or a side that does, lets it pay for an exchange that has been proposed. They need be no side: to who holds
 * a budget for its receiver the exchange is there.
 */
export async function payFromBudget(tx: Tx, id: string, budgetId: string): Promise<Seen> {
  const context = await lockFor(tx, id, (exchange) => decidesFor(tx, budgetId, exchange))
  const { exchange, staff } = context
  if (exchange.status !== 'proposed') throw wrongState(exchange, 'paid from a budget')
  const receiver = sideOf(exchange, 'receiver')
  const { accountId, mayCommit } = await budgetFor(tx, budgetId, { receiver, on: dayOf(context), byStaff: staff })
  if (!mayCommit) throw new DomainError('budget-word-needed')
  const change = { budgetId, budgetAccountId: accountId, budgetMinutes: exchange.proposedMinutes }
  return step(tx, context, change, { action: 'changed', quiet: true })
}

/** Whether somebody who is no side holds the budget that the exchange names, or that of the person who is helped. */
async function decidesFor(tx: Tx, budgetId: string, { budgetId: named, receiverId }: Exchange): Promise<boolean> {
  if (named === budgetId) return mayCommitFrom(tx, budgetId, false)
  return named === null && receiverId !== null && holdsForMember(tx, budgetId, receiverId)
}

/** Of a group that a broker records: what the ledger refuses on the budget's account is told as that. */
export function refuseExhausted(error: unknown, [first]: readonly Exchange[]): void {
  if (!(error instanceof DomainError) || !first || first.budgetAccountId === null) return
  if (error.figures['account'] === first.budgetAccountId) throw exhausted(error, true)
}
