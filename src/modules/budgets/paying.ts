import type { Tx } from '../../db/client.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { type Budget, findBudget, holdBudget } from './budgets.ts'
import { type Standing, standingTo } from './standing.ts'

/** Who is helped, as an exchange keeps it. */
export type Receiver = { capacity: string; memberId: string | null; organisationId: string | null }

export type Payer = {
  budgetId: string
  accountId: number
  /** the actor is who holds it, or a broker who is no side of it */
  mayCommit: boolean
}

/**
 * The budget from which an exchange is to be paid. It is kept as it is until the transaction ends, so that it does not end
 * between this and what is set aside from it. Whether there is enough in it is for the ledger to say.
 */
export async function budgetFor(
  tx: Tx,
  id: string,
  { receiver, on, byStaff }: { receiver: Receiver; on: string; byStaff: boolean }
): Promise<Payer> {
  const budget = await holdBudget(tx, id)
  const standing = await standingTo(tx, budget)
  if (!helps(budget, receiver, byStaff)) {
    if (!standing.sees) throw notFound('budget')
    const detail = 'The budget is not for this receiver.'
    throw new DomainError('budget-not-for-receiver', detail, { errors: [{ pointer: '/budgetId', detail }] })
  }
  refuseClosed(budget, on)
  return { budgetId: budget.id, accountId: budget.accountId!, mayCommit: commits(standing, byStaff) }
}

/** The same again for one that an exchange names already, before something is set aside or taken from it. */
export async function budgetStill(
  tx: Tx,
  id: string,
  { on, byStaff }: { on: string; byStaff: boolean }
): Promise<Payer> {
  const budget = await holdBudget(tx, id)
  refuseClosed(budget, on)
  return { budgetId: id, accountId: budget.accountId!, mayCommit: commits(await standingTo(tx, budget), byStaff) }
}

/** Whether the actor may say what is agreed from a budget, whatever state it is in. */
export async function mayCommitFrom(tx: Tx, id: string, byStaff: boolean): Promise<boolean> {
  return commits(await standingTo(tx, await findBudget(tx, id)), byStaff)
}

/** Whether the actor holds a budget for that person. */
export async function holdsForMember(tx: Tx, id: string, memberId: string): Promise<boolean> {
  const budget = await findBudget(tx, id)
  return budget.memberId === memberId && (await standingTo(tx, budget)).holder
}

const commits = ({ holder, staff }: Standing, byStaff: boolean): boolean => holder || (staff && byStaff)

/** A person's helps that person. An agency's helps the agency, and whom a broker names. An activity's helps whoever takes part. */
function helps(budget: Budget, { capacity, memberId, organisationId }: Receiver, byStaff: boolean): boolean {
  if (budget.kind === 'person') return capacity === 'citizen' && memberId === budget.memberId
  if (budget.kind === 'activity') return true
  return (capacity !== 'citizen' && organisationId === budget.organisationId) || (byStaff && memberId !== null)
}

function refuseClosed({ status, validFrom, validTo }: Budget, on: string): void {
  if (status !== 'active') throw new DomainError('budget-not-active', undefined, { figures: { state: status } })
  if (on >= validFrom && (validTo === null || on <= validTo)) return
  throw new DomainError('budget-not-active', 'The day lies outside of those that the budget is for.', {
    figures: { validFrom, validTo }
  })
}
