import type { Tx } from '../../db/client.ts'

/** Which soft limit of an account was crossed. */
export type CrossedLimit = 'floor' | 'ceiling'

/**
 * What is open of one account and one of its soft limits: everything since the first transfer that crossed it and that
 * nobody has followed up. Minutes.
 */
export type Crossing = {
  /** the first that crossed it; with `which` it is the id */
  transferId: string
  which: CrossedLimit
  accountId: number
  /** the limit then, and the balance after it */
  limit: number
  balance: number
  /** to the microsecond, UTC, so that texts sort as instants */
  openedAt: string
  /** how often it was crossed since then, and when last */
  times: number
  latestAt: string
}

type Row = {
  transfer_id: string
  which: CrossedLimit
  account_id: number
  limit_minutes: number
  balance: number
  opened_at: string
  times: number
  latest_at: string
}

const instant = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

/** An account's first open row stands for those after it: they are counted, and not listed one by one. */
const firsts = `
  SELECT c.transfer_id, c.which, c.account_id, c.limit_minutes, c.balance, ${instant('c.crossed_at')} AS opened_at,
         l.times, ${instant('l.latest')} AS latest_at
    FROM ledger.limit_crossings c
   CROSS JOIN LATERAL (
     SELECT count(*)::integer AS times, max(o.crossed_at) AS latest FROM ledger.limit_crossings o
      WHERE o.timebank_id = c.timebank_id AND o.account_id = c.account_id AND o.which = c.which AND o.closed_at IS NULL) l
   WHERE c.timebank_id = $1 AND c.closed_at IS NULL
     AND NOT EXISTS (
       SELECT FROM ledger.limit_crossings e
        WHERE e.timebank_id = c.timebank_id AND e.account_id = c.account_id AND e.which = c.which AND e.closed_at IS NULL
          AND (e.crossed_at, e.transfer_id) < (c.crossed_at, c.transfer_id))`

/** Open ones, oldest first, those after `after`, which may have been closed since. One more than `limit` where there are more. */
export async function openCrossings(
  tx: Tx,
  after: Pick<Crossing, 'openedAt' | 'transferId' | 'which'> | null,
  limit: number
): Promise<Crossing[]> {
  const { rows } = await tx.client.query<Row>(
    after === null
      ? {
          name: 'ledger.open_crossings',
          text: `${firsts} ORDER BY c.crossed_at, c.transfer_id, c.which LIMIT $2`,
          values: [tx.timebankId, limit + 1]
        }
      : {
          name: 'ledger.open_crossings_after',
          text: `${firsts}
            AND (c.crossed_at, c.transfer_id, c.which) > ($3::timestamptz, $4::uuid, $5::text)
          ORDER BY c.crossed_at, c.transfer_id, c.which LIMIT $2`,
          values: [tx.timebankId, limit + 1, after.openedAt, after.transferId, after.which]
        }
  )
  return rows.map(toCrossing)
}

/** The open one that began with this transfer; null: there is none, or not any more. */
export async function findOpenCrossing(tx: Tx, transferId: string, which: CrossedLimit): Promise<Crossing | null> {
  const { rows } = await tx.client.query<Row>({
    name: 'ledger.find_open_crossing',
    text: `${firsts} AND c.transfer_id = $2 AND c.which = $3`,
    values: [tx.timebankId, transferId, which]
  })
  return rows[0] === undefined ? null : toCrossing(rows[0])
}

/** Closes all that is open of an account and limit, and answers the transfers; none where somebody else has just done so. */
export async function closeCrossings(tx: Tx, accountId: number, which: CrossedLimit): Promise<string[]> {
  const { rows } = await tx.client.query<{ id: string }>('SELECT ledger.close_crossings($1, $2, $3) AS id', [
    tx.timebankId,
    accountId,
    which
  ])
  return rows.map(({ id }) => id)
}

const toCrossing = (row: Row): Crossing => ({
  transferId: row.transfer_id,
  which: row.which,
  accountId: row.account_id,
  limit: row.limit_minutes,
  balance: row.balance,
  openedAt: row.opened_at,
  times: row.times,
  latestAt: row.latest_at
})
