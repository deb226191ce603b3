import { and, eq, inArray, or, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { audit } from '../audit/index.ts'
import type { Budget } from './budgets.ts'
import { change, wrongState } from './proposing.ts'
import { allow, lockSeen, type Seen, seeBudget, standingTo } from './standing.ts'
import { budgets, plans } from './tables.ts'

export type Plan = typeof plans.$inferSelect

const planOf = (tx: Tx, budgetId: string) => and(eq(plans.timebankId, tx.timebankId), eq(plans.budgetId, budgetId))

/** Who may not read it is told the same as where there is none. */
export async function getPlan(tx: Tx, id: string): Promise<{ plan: Plan; budget: Budget }> {
  const { standing, budget } = await seeBudget(tx, id)
  const [plan] = await tx.db.select().from(plans).where(planOf(tx, id))
  if (!plan || !standing.seesPlan) throw notFound('plan')
  return { plan, budget }
}

/**
 * The person writes what they mean to do with the hours, or who holds them, or a broker what they were told. While the budget is
 * proposed, what was agreed to is agreed to anew: it was agreed to as it was written.
 */
export async function writePlan(
  tx: Tx,
  id: string,
  { plan: text, planToFunder }: { plan: string; planToFunder?: boolean | undefined }
): Promise<Seen> {
  const { budget, standing } = await lockSeen(tx, id)
  allow(standing.person || standing.holder || standing.staff, 'The person or who holds the budget writes its plan.')
  // what somebody writes for others to read is theirs: the funder of a person's budget does not write it for them
  if (budget.kind === 'person' && budget.holderMode === 'agency_held' && !standing.person && !standing.staff)
    throw new DomainError('forbidden', 'The person writes the plan of their budget.')
  if (budget.status === 'ended' || budget.status === 'reconciled') throw wrongState(budget, 'planned')
  const written = { text, writtenBy: tx.actor.membershipId, writtenAt: tx.now }
  await tx.db
    .insert(plans)
    .values({ timebankId: tx.timebankId, budgetId: id, ...written })
    .onConflictDoUpdate({
      target: [plans.timebankId, plans.budgetId],
      set: { ...written, rowVersion: sql`${plans.rowVersion} + 1` }
    })
  const again = budget.status === 'proposed' ? { holderAgreedAt: null, funderAgreedAt: null } : {}
  const after = await change(tx, budget, { ...again, ...(planToFunder === undefined ? {} : { planToFunder }) })
  await audit(tx, {
    action: 'budget.planned',
    subject: { type: 'budget', id },
    onBehalfOf: budget.memberId,
    changes: { fields: ['plan'] }
  })
  return { budget: after, standing: await standingTo(tx, after) }
}

/** When a membership is erased: the plans of their budgets, and what they have written for others. */
export async function blankBudgetsOf(tx: Tx, membershipId: string): Promise<void> {
  const theirs = tx.db
    .select({ id: budgets.id })
    .from(budgets)
    .where(and(eq(budgets.timebankId, tx.timebankId), eq(budgets.memberId, membershipId)))
  await tx.db
    .delete(plans)
    .where(
      and(eq(plans.timebankId, tx.timebankId), or(eq(plans.writtenBy, membershipId), inArray(plans.budgetId, theirs)))
    )
}
