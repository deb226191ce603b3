import type { Tx } from '../../db/client.ts'
import { notFound } from '../../shared/errors.ts'
import type { Limits } from './accounts.ts'
import type { AccountKind, AccountStatus } from './kinds.ts'

/** What the limits and the status of an account were from this change on, by whom and why. */
export type LimitVersion = {
  version: number
  status: AccountStatus
  limits: Limits
  /** set for this account, not those that it would have by rule */
  byHand: boolean
  /** person; null: the service itself */
  actor: string | null
  why: string
  changedAt: Date
}

/** Changes of an account, newest first; those before a version where it is given. One more than `limit` where there are more. */
export async function limitVersions(
  tx: Tx,
  accountId: number,
  before: number | null,
  limit: number
): Promise<LimitVersion[]> {
  const { rows } = await tx.client.query<Row>({
    name: 'ledger.limit_versions',
    text: `SELECT version, status, floor_soft, floor_hard, ceiling_soft, ceiling_hard, by_hand, actor, why, changed_at
             FROM ledger.limit_changes
            WHERE timebank_id = $1 AND account_id = $2 AND version < coalesce($3::integer, 2147483647)
            ORDER BY version DESC
            LIMIT $4`,
    values: [tx.timebankId, accountId, before, limit + 1]
  })
  return rows.map(toVersion)
}

/** The limits that hold, with the kind of the account. */
export async function currentLimits(tx: Tx, accountId: number): Promise<LimitVersion & { kind: AccountKind }> {
  const { rows } = await tx.client.query<Row & { kind: AccountKind }>({
    name: 'ledger.current_limits',
    text: `SELECT a.kind, c.version, c.status, c.floor_soft, c.floor_hard, c.ceiling_soft, c.ceiling_hard, c.by_hand, c.actor,
                  c.why, c.changed_at
             FROM ledger.accounts a
             JOIN ledger.limit_changes c ON c.timebank_id = a.timebank_id AND c.account_id = a.id
            WHERE a.timebank_id = $1 AND a.id = $2
            ORDER BY c.version DESC
            LIMIT 1`,
    values: [tx.timebankId, accountId]
  })
  const [row] = rows
  if (row === undefined) throw notFound('account')
  return { ...toVersion(row), kind: row.kind }
}

type Row = {
  version: number
  status: AccountStatus
  floor_soft: number | null
  floor_hard: number | null
  ceiling_soft: number | null
  ceiling_hard: number | null
  by_hand: boolean
  actor: string | null
  why: string
  changed_at: Date
}

const toVersion = (row: Row): LimitVersion => ({
  version: row.version,
  status: row.status,
  limits: {
    floorSoft: row.floor_soft,
    floorHard: row.floor_hard,
    ceilingSoft: row.ceiling_soft,
    ceilingHard: row.ceiling_hard
  },
  byHand: row.by_hand,
  actor: row.actor,
  why: row.why,
  changedAt: row.changed_at
})
