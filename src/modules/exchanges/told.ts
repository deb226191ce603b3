import type { Tx } from '../../db/client.ts'
import type { Told } from '../../shared/told.ts'

/** What an exchange is in a few words to one of its sides: who is on the other, the category, the day. */
export async function exchangesTold(tx: Tx, membershipId: string, ids: readonly string[]): Promise<Map<string, Told>> {
  const { rows } = await tx.client.query<Told & { id: string }>({
    name: 'exchanges.told',
    text: `SELECT x.id, c.name AS what, x.performed_on AS when,
                  CASE WHEN x.provider_id = $2 THEN coalesce(ro.name, r.display_name)
                       ELSE coalesce(po.name, p.display_name) END AS who
             FROM exchanges.exchanges x
             LEFT JOIN listings.categories c ON c.timebank_id = x.timebank_id AND c.id = x.category_id
             LEFT JOIN members.memberships p ON p.timebank_id = x.timebank_id AND p.id = x.provider_id
             LEFT JOIN members.memberships r ON r.timebank_id = x.timebank_id AND r.id = x.receiver_id
             LEFT JOIN members.organisations po ON po.timebank_id = x.timebank_id AND po.id = x.provider_organisation_id
             LEFT JOIN members.organisations ro ON ro.timebank_id = x.timebank_id AND ro.id = x.receiver_organisation_id
            WHERE x.timebank_id = $1 AND x.id = ANY ($3::uuid[])`,
    values: [tx.timebankId, membershipId, ids]
  })
  return new Map(rows.map(({ id, ...told }) => [id, told]))
}
