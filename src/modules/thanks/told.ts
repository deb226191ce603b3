import type { Tx } from '../../db/client.ts'
import type { Told } from '../../shared/told.ts'

/** What was said to somebody, by the exchange that it is about. `over`: it has been taken back, or hidden. */
export async function thanksTold(
  tx: Tx,
  membershipId: string,
  exchangeIds: readonly string[]
): Promise<Map<string, Told>> {
  const { rows } = await tx.client.query<Told & { id: string }>({
    name: 'thanks.told',
    text: `SELECT n.exchange_id AS id, coalesce(o.name, m.display_name) AS who, k.name AS what, n.given_at AS when,
                  nullif(n.text, '') AS text, n.text = '' OR n.hidden AS over
             FROM thanks.notes n
             JOIN exchanges.exchanges x ON x.timebank_id = n.timebank_id AND x.id = n.exchange_id
             JOIN members.memberships m ON m.timebank_id = n.timebank_id AND m.id = n.author_id
             LEFT JOIN members.organisations o ON o.timebank_id = n.timebank_id AND o.id = n.author_organisation_id
             LEFT JOIN listings.categories k ON k.timebank_id = x.timebank_id AND k.id = x.category_id
            WHERE n.timebank_id = $1 AND n.exchange_id = ANY ($3::uuid[])
              AND (n.about_id = $2 OR n.about_organisation_id IS NOT NULL AND n.author_id <> $2)`,
    values: [tx.timebankId, membershipId, exchangeIds]
  })
  return new Map(rows.map(({ id, ...told }) => [id, told]))
}
