import type { Tx } from '../../db/client.ts'
import type { SoftLimit } from './call.ts'
import { type TransferKind, transferKindName } from './kinds.ts'

/** One leg of what was posted as a group. */
export type Leg = {
  id: string
  kind: TransferKind
  debitAccount: number
  creditAccount: number
  minutes: number
  /** after the leg */
  debitBalance: number
  creditBalance: number
  softLimitsCrossed: SoftLimit[]
  /** what reversed it */
  resolvedBy: string | null
}

/** The transfers that were posted with a `groupId`, in the order of their ids. Holds and what follows them are left out. */
export async function legsOf(tx: Tx, groupId: string): Promise<Leg[]> {
  const { rows } = await tx.client.query<{
    id: string
    kind: number
    debit_account: number
    credit_account: number
    minutes: number
    debit_balance: number
    credit_balance: number
    flags: number
    resolved_by: string | null
  }>({
    name: 'ledger.legs_of',
    text: `SELECT t.id, t.kind, t.debit_account, t.credit_account, t.minutes, t.debit_balance, t.credit_balance, t.flags,
                  r.id AS resolved_by
             FROM ledger.transfers t
             LEFT JOIN ledger.transfers r ON r.timebank_id = t.timebank_id AND r.ref = t.id
            WHERE t.timebank_id = $1 AND t.group_id = $2 AND t.operation = 1
            ORDER BY t.id`,
    values: [tx.timebankId, groupId]
  })
  return rows.map((row) => ({
    id: row.id,
    kind: transferKindName(row.kind),
    debitAccount: row.debit_account,
    creditAccount: row.credit_account,
    minutes: row.minutes,
    debitBalance: row.debit_balance,
    creditBalance: row.credit_balance,
    softLimitsCrossed: [
      ...(row.flags & 1 ? (['debit_floor'] as const) : []),
      ...(row.flags & 2 ? (['credit_ceiling'] as const) : [])
    ],
    resolvedBy: row.resolved_by
  }))
}
