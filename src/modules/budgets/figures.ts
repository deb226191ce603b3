import type { Tx } from '../../db/client.ts'
import { type Flow, flowsOf } from '../ledger/index.ts'
import type { Budget } from './budgets.ts'

/** Minutes; allocated = spent + committed + returned + available, and none of them is ever below zero. */
export type Figures = { allocated: number; spent: number; committed: number; returned: number; available: number }

const none: Figures = { allocated: 0, spent: 0, committed: 0, returned: 0, available: 0 }

/** The figures of budgets at one instant, from the ledger alone; by budget. */
export async function figuresOf(
  tx: Tx,
  budgets: readonly Pick<Budget, 'id' | 'accountId'>[]
): Promise<Map<string, Figures>> {
  const accounts = budgets.flatMap(({ accountId }) => accountId ?? [])
  const flows = await flowsOf(tx, accounts)
  return new Map(
    budgets.map(({ id, accountId }) => {
      const found = accountId === null ? undefined : flows.get(accountId)
      return [id, found ? toFigures(found) : none]
    })
  )
}

function toFigures({ balance, heldOut, flows }: { balance: number; heldOut: number; flows: readonly Flow[] }): Figures {
  const figures = { ...none, committed: heldOut, available: balance - heldOut }
  for (const { kind, credited, debited } of flows) {
    if (kind === 'budget_allocation') figures.allocated += credited - debited
    else if (kind === 'budget_return') figures.returned += debited - credited
    // what was spent and taken back was not spent
    else figures.spent += debited - credited
  }
  return figures
}

export async function figuresFor(tx: Tx, budget: Pick<Budget, 'id' | 'accountId'>): Promise<Figures> {
  return (await figuresOf(tx, [budget])).get(budget.id)!
}
