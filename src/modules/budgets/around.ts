import type { Tx } from '../../db/client.ts'
import { type Budget, findBudget } from './budgets.ts'
import { type Figures, figuresFor } from './figures.ts'

/** A budget as modules above need it, whoever asks: what of it is shown to whom is for them. */
export const getBudget = async (tx: Tx, id: string): Promise<Budget & { figures: Figures }> => {
  const budget = await findBudget(tx, id)
  return { ...budget, figures: await figuresFor(tx, budget) }
}

/** Whether there is such a budget of an organisation's that has not ended: others' are to it as if they were not there. */
export async function fundsBudget(tx: Tx, organisationId: string, id: string): Promise<boolean> {
  const { rows } = await tx.client.query<{ funds: boolean }>({
    name: 'budgets.funds',
    text: `SELECT EXISTS (SELECT FROM budgets.budgets WHERE timebank_id = $1 AND id = $2 AND funder_id = $3
                             AND status IN ('proposed', 'agreed', 'active')) AS funds`,
    values: [tx.timebankId, id, organisationId]
  })
  return rows[0]!.funds
}
