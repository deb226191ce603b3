import type { Tx } from '../../db/client.ts'

export const problemNames = [
  'version_gap',
  'balance_chain',
  'missing_account',
  'account_row',
  'sum_of_balances',
  'sum_of_holds',
  'broken_ref',
  'account_numbers',
  'limits',
  'limit_versions',
  'limit_crossing',
  'chain_leaves',
  'chain_hash',
  'chain_coverage',
  'checkpoint'
] as const
export type ProblemName = (typeof problemNames)[number]

/** Something that must not be. `detail` is for people and may change its wording. */
export type Problem = { problem: ProblemName; account: number | null; transfer: string | null; detail: string }

/** Checks the whole journal of the timebank against its accounts. Empty: they agree. `verifyChain` checks the rest. */
export async function verifyBooks(tx: Tx): Promise<Problem[]> {
  const { rows } = await tx.client.query<Problem>(
    `SELECT problem, account_id AS account, transfer_id AS transfer, detail FROM ledger.verify($1)
     UNION ALL
     SELECT problem, account_id, transfer_id, detail FROM ledger.verify_limits($1)`,
    [tx.timebankId]
  )
  return rows
}
