import type { Tx } from '../../db/client.ts'
import {
  type OperationName,
  operationName,
  operationNumbers,
  sourceName,
  sourceNumber,
  type TransferKind,
  type TransferSource,
  transferKindName,
  transferKinds
} from './kinds.ts'

/** One step of the journal, with both sides. */
export type Transfer = {
  id: string
  operation: OperationName
  kind: TransferKind
  debitAccount: number
  creditAccount: number
  minutes: number
  performedOn: string
  recordedAt: Date
  /** the person who recorded it; null: the service itself */
  actor: string | null
  source: TransferSource
  /** membership or organisation for whom the actor did, where that is somebody else */
  onBehalfOf: string | null
  ref: string | null
  groupId: string | null
  debitBalance: number
  creditBalance: number
  debitVersion: number
  creditVersion: number
  forced: boolean
  softLimitsCrossed: ('debit_floor' | 'credit_ceiling')[]
  /** what settled, released or reversed it */
  resolvedBy: string | null
}

type TransferRow = {
  id: string
  operation: number
  kind: number
  debit_account: number
  credit_account: number
  minutes: number
  performed_on: string
  recorded_at: Date
  actor: string | null
  source: number
  on_behalf_of: string | null
  ref: string | null
  group_id: string | null
  debit_balance: number
  credit_balance: number
  debit_version: number
  credit_version: number
  flags: number
  resolved_by: string | null
}

const columns = `t.id, t.operation, t.kind, t.debit_account, t.credit_account, t.minutes, t.performed_on, t.recorded_at, t.actor,
  t.source, t.on_behalf_of, t.ref, t.group_id, t.debit_balance, t.credit_balance, t.debit_version, t.credit_version, t.flags,
  r.id AS resolved_by`

/** One step of the journal; null where there is none with that id. */
export async function findTransfer(tx: Tx, id: string): Promise<Transfer | null> {
  const { rows } = await tx.client.query<TransferRow>({
    name: 'ledger.find_transfer',
    text: `SELECT ${columns}
             FROM ledger.transfers t
             LEFT JOIN ledger.transfers r ON r.timebank_id = t.timebank_id AND r.ref = t.id
            WHERE t.timebank_id = $1 AND t.id = $2`,
    values: [tx.timebankId, id]
  })
  const [row] = rows
  return row === undefined ? null : toTransfer(row)
}

export type JournalFilter = {
  account?: number | undefined
  kind?: TransferKind | undefined
  operation?: OperationName | undefined
  actor?: string | undefined
  onBehalfOf?: string | undefined
  source?: TransferSource | undefined
  /** performedOn, both included */
  from?: string | undefined
  to?: string | undefined
  /** recordedAt, the first included and the second not */
  recordedFrom?: Date | undefined
  recordedBefore?: Date | undefined
}

/**
 * How far a reader has come. Of one account that is its version. Of the whole journal it is the time of recording, to the
 * microsecond, and the id of the last one seen; without an id everything up to that time has been looked at.
 */
export type JournalPlace = { version: number } | { at: string; id: string | null }

export type JournalPage = { items: Transfer[]; next: JournalPlace | null }

/**
 * The journal in the order of recording, newest first or oldest first. A page looks at no more than some 20,000 transfers:
 * where few pass the filter it may have fewer than `limit`, even none, and still a next one.
 */
export async function journal(
  tx: Tx,
  filter: JournalFilter,
  order: 'newest' | 'oldest',
  place: JournalPlace | null,
  limit: number
): Promise<JournalPage> {
  const found =
    filter.account === undefined
      ? await ofTimebank(tx, filter, order, place, limit + 1)
      : await ofAccount(tx, filter.account, filter, order, place, limit + 1)
  const rows = found.filter((row) => row.id !== null)
  const last = found.at(-1)
  const items = rows.slice(0, limit).map(toTransfer)
  if (rows.length > limit) return { items, next: placeOf(rows[limit - 1]!) }
  return { items, next: last?.id === null ? placeOf(last) : null }
}

/** A row without an id is where the look ended before the page was full. */
type Found = TransferRow & { at: string | null; version: number | null }

const placeOf = ({ id, at, version }: Found): JournalPlace =>
  version === null ? { at: at as string, id: id as string | null } : { version }

const conditions = ({ kind, operation, actor, onBehalfOf, source, from, to }: JournalFilter) => [
  kind === undefined ? null : transferKinds[kind],
  operation === undefined ? null : operationNumbers[operation],
  actor ?? null,
  onBehalfOf ?? null,
  source === undefined ? null : sourceNumber(source),
  from ?? null,
  to ?? null
]

async function ofTimebank(
  tx: Tx,
  filter: JournalFilter,
  order: 'newest' | 'oldest',
  place: JournalPlace | null,
  limit: number
): Promise<Found[]> {
  const { at = null, id = null } = place !== null && 'at' in place ? place : {}
  const { rows } = await tx.client.query<Found>({
    name: 'ledger.journal',
    text: `SELECT j.n, ${columns}, NULL::integer AS version,
                  to_char(j.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at
             FROM ledger.journal($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
                  WITH ORDINALITY j(id, recorded_at, n)
             LEFT JOIN ledger.transfers t ON t.timebank_id = $1 AND t.id = j.id
             LEFT JOIN ledger.transfers r ON r.timebank_id = $1 AND r.ref = j.id
            ORDER BY j.n`,
    values: [
      tx.timebankId,
      ...conditions(filter),
      filter.recordedFrom ?? null,
      filter.recordedBefore ?? null,
      at,
      id,
      order === 'oldest',
      limit
    ]
  })
  return rows
}

async function ofAccount(
  tx: Tx,
  account: number,
  filter: JournalFilter,
  order: 'newest' | 'oldest',
  place: JournalPlace | null,
  limit: number
): Promise<Found[]> {
  const version = place !== null && 'version' in place ? place.version : null
  const { rows } = await tx.client.query<Found>({
    name: 'ledger.journal_of_account',
    text: `SELECT j.n, j.version, NULL AS at, ${columns}
             FROM ledger.journal_of_account(
                    $1, $2, $3, $4, $5, $6, $7, $8, $9,
                    greatest(CASE WHEN $10::timestamptz IS NOT NULL THEN ledger.version_before($1, $2, $10) END,
                             CASE WHEN $13 THEN $12::integer END),
                    least(CASE WHEN $11::timestamptz IS NOT NULL THEN ledger.version_before($1, $2, $11) + 1 END,
                          CASE WHEN NOT $13 THEN $12::integer END),
                    $13::boolean, $14) WITH ORDINALITY j(id, version, n)
             LEFT JOIN ledger.transfers t ON t.timebank_id = $1 AND t.id = j.id
             LEFT JOIN ledger.transfers r ON r.timebank_id = $1 AND r.ref = j.id
            ORDER BY j.n`,
    values: [
      tx.timebankId,
      account,
      ...conditions(filter),
      filter.recordedFrom ?? null,
      filter.recordedBefore ?? null,
      version,
      order === 'oldest',
      limit
    ]
  })
  return rows
}

const toTransfer = (row: TransferRow): Transfer => ({
  id: row.id,
  operation: operationName(row.operation),
  kind: transferKindName(row.kind),
  debitAccount: row.debit_account,
  creditAccount: row.credit_account,
  minutes: row.minutes,
  performedOn: row.performed_on,
  recordedAt: row.recorded_at,
  actor: row.actor,
  source: sourceName(row.source),
  onBehalfOf: row.on_behalf_of,
  ref: row.ref,
  groupId: row.group_id,
  debitBalance: row.debit_balance,
  creditBalance: row.credit_balance,
  debitVersion: row.debit_version,
  creditVersion: row.credit_version,
  forced: (row.flags & 4) !== 0,
  softLimitsCrossed: [
    ...((row.flags & 1) !== 0 ? (['debit_floor'] as const) : []),
    ...((row.flags & 2) !== 0 ? (['credit_ceiling'] as const) : [])
  ],
  resolvedBy: row.resolved_by
})
