import type { Tx } from '../../db/client.ts'

/** What was recorded from a slip. */
export type SlipUse = {
  exchangeId: string
  groupId: string | null
  recordedAt: Date
  /** cancelled, declined or reversed since: the slip may be recorded again */
  takenBack: boolean
}

/** What was recorded from these slips, by their numbers as they are kept: of several, what stands, or else the latest. */
export async function slipUses(tx: Tx, numbers: readonly string[]): Promise<Map<string, SlipUse>> {
  const { rows } = await tx.client.query<{
    number: string
    id: string
    group_id: string | null
    at: Date
    back: boolean
  }>({
    name: 'exchanges.slip_uses',
    text: `SELECT DISTINCT ON (x.slip_number) x.slip_number AS number, x.id, x.group_id, x.recorded_at AS at,
                  x.status IN ('cancelled', 'declined', 'reversed') AS back
             FROM exchanges.exchanges x
            WHERE x.timebank_id = $1 AND x.slip_number = ANY ($2)
            ORDER BY x.slip_number, back, coalesce(x.group_position, 1), x.id DESC`,
    values: [tx.timebankId, numbers]
  })
  return new Map(
    rows.map(({ number, id, group_id, at, back }) => [
      number,
      { exchangeId: id, groupId: group_id, recordedAt: at, takenBack: back }
    ])
  )
}
