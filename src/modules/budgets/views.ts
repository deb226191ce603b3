import type { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import { hasRole, isStaff } from '../../shared/actor.ts'
import { disclose } from '../consents/index.ts'
import { memberLabels, organisationLabels } from '../members/index.ts'
import type { Budget } from './budgets.ts'
import { figuresOf } from './figures.ts'
import type { Plan } from './plans.ts'
import type { budgetSchema, movementSchema, planOut } from './schemas.ts'
import { groundOf, type Seen, type Standing, standingOn } from './standing.ts'
import type { Movement } from './statement.ts'

export type BudgetView = z.output<typeof budgetSchema>

/** Who has no more to do with it than its funder, or audits: figures, without names and without who holds it. */
const fromOutside = (tx: Tx, standing: Standing): boolean =>
  tx.actor.agency !== undefined || (!isStaff(tx.actor) && !standing.person && !standing.holder && !standing.seesPlan)

/** Budgets as the caller may see them, in one look-up of each kind for any number of them. */
export async function viewsOf(tx: Tx, seen: readonly Seen[]): Promise<BudgetView[]> {
  const budgets = seen.map(({ budget }) => budget)
  await discloseBudgets(tx, budgets, 'budget')
  const figures = await figuresOf(tx, budgets)
  const members = await memberLabels(
    tx,
    budgets.flatMap(({ memberId }) => memberId ?? [])
  )
  const bodies = budgets.flatMap((b) => [b.funderId, b.organisationId, b.holderOrganisationId])
  const organisations = await organisationLabels(tx, [...new Set(bodies.filter((id) => id !== null))])
  const body = (id: string | null) => (id === null ? null : { organisationId: id, name: organisations.get(id)!.name })
  const audits = isStaff(tx.actor) || hasRole(tx.actor, 'auditor')
  return seen.map(({ budget, standing }) => {
    const { id, memberId, holderIds, holderMode, accountId } = budget
    const member = memberId === null ? undefined : members.get(memberId)
    const outside = fromOutside(tx, standing)
    const { timebankId: _timebank, funderId: _funder, updatedAt: _updated, ...rest } = budget
    return {
      ...rest,
      funder: body(budget.funderId)!,
      organisation: body(budget.organisationId),
      memberNumber: member?.number ?? null,
      memberName: outside ? null : (member?.displayName ?? null),
      holder: {
        mode: holderMode,
        memberIds: outside ? null : holderIds,
        organisation: body(budget.holderOrganisationId)
      },
      figures: figures.get(id)!,
      accountId: audits ? accountId : null
    }
  })
}

export async function viewOf(tx: Tx, seen: Seen): Promise<BudgetView> {
  const [view] = await viewsOf(tx, [seen])
  return view!
}

export async function listView(tx: Tx, budgets: readonly Budget[]): Promise<BudgetView[]> {
  const ground = await groundOf(tx)
  return viewsOf(
    tx,
    budgets.map((budget) => ({ budget, standing: standingOn(ground, budget) }))
  )
}

/** What an agency reads of a budget for a person is in that person's log. */
export const discloseBudgets = (tx: Tx, budgets: readonly Budget[], part: 'budget' | 'statement' | 'plan') =>
  disclose(
    tx,
    budgets.flatMap(({ id, memberId: membershipId }) =>
      membershipId === null ? [] : [{ membershipId, subject: { type: 'budget', id }, parts: [part] }]
    )
  )

export const planView = (tx: Tx, { text, writtenBy, writtenAt, rowVersion }: Plan): z.output<typeof planOut> => ({
  plan: text,
  writtenBy: tx.actor.agency ? null : writtenBy,
  writtenAt,
  rowVersion
})

/** Whose the other accounts are, and thereby who provided, is for staff and auditors. */
export const movementView = (tx: Tx, movement: Movement): z.output<typeof movementSchema> => ({
  ...movement,
  counterAccount: isStaff(tx.actor) || hasRole(tx.actor, 'auditor') ? movement.counterAccount : null
})
