import type { Tx } from '../../db/client.ts'
import type { Told } from '../../shared/told.ts'

/** Until when those who were asked into a circle may answer. Who else is in it is for the circle itself to say. */
export async function circlesTold(tx: Tx, _membershipId: string, ids: readonly string[]): Promise<Map<string, Told>> {
  const { rows } = await tx.client.query<{ id: string; when: Date | null; over: boolean }>({
    name: 'circles.told',
    text: `SELECT id, expires_at AS when, status <> 'proposed' AS over
             FROM circles.circles WHERE timebank_id = $1 AND id = ANY ($2::uuid[])`,
    values: [tx.timebankId, ids]
  })
  return new Map(rows.map(({ id, when, over }) => [id, { who: null, what: null, when, over }]))
}
