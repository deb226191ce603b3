import type { Tx } from '../../db/client.ts'

/** Which soft limit of an account was crossed. */
export type CrossedLimit = 'floor' | 'ceiling'

/**
 * SQL of a table, for statements of higher modules: of each account with crossings of this limit that nobody has followed up,
 * the first of them, which stands for those after it. `transfer_id`, `account_id`, `limit_minutes`, `balance`, `crossed_at`.
 */
export const openCrossingsSql = (timebank: string, which: CrossedLimit): string => `
  SELECT DISTINCT ON (c.account_id) c.transfer_id, c.account_id, c.limit_minutes, c.balance, c.crossed_at
    FROM ledger.limit_crossings c
   WHERE c.timebank_id = ${timebank} AND c.which = '${which}' AND c.closed_at IS NULL
   ORDER BY c.account_id, c.crossed_at, c.transfer_id`

/** How often a limit was crossed, and when last: to the microsecond, UTC. */
export type CrossingTally = { times: number; latestAt: string }

const latest = `to_char(max(c.crossed_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "latestAt"`

/** What is open of these accounts and limits, in their order. */
export async function openCrossingTallies(
  tx: Tx,
  of: readonly { accountId: number; which: CrossedLimit }[]
): Promise<CrossingTally[]> {
  if (of.length === 0) return []
  const { rows } = await tx.client.query<CrossingTally>({
    name: 'ledger.open_crossing_tallies',
    text: `SELECT l.* FROM unnest($2::integer[], $3::text[]) WITH ORDINALITY q(account_id, which, place)
            CROSS JOIN LATERAL (
              SELECT count(*)::integer AS times, ${latest} FROM ledger.limit_crossings c
               WHERE c.timebank_id = $1 AND c.account_id = q.account_id AND c.which = q.which AND c.closed_at IS NULL) l
            ORDER BY q.place`,
    values: [tx.timebankId, of.map(({ accountId }) => accountId), of.map(({ which }) => which)]
  })
  return rows
}

/** Closes all that is open of an account and limit; 0 times where somebody else has just done so. */
export async function closeCrossings(tx: Tx, accountId: number, which: CrossedLimit): Promise<CrossingTally> {
  const closed = await tx.client.query<{ id: string }>('SELECT ledger.close_crossings($1, $2, $3) AS id', [
    tx.timebankId,
    accountId,
    which
  ])
  const { rows } = await tx.client.query<CrossingTally>({
    name: 'ledger.closed_crossing_tally',
    text: `SELECT count(*)::integer AS times, ${latest} FROM ledger.limit_crossings c
            WHERE c.timebank_id = $1 AND c.transfer_id = ANY ($2::uuid[]) AND c.which = $3`,
    values: [tx.timebankId, closed.rows.map(({ id }) => id), which]
  })
  return rows[0]!
}
