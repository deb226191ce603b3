import type { Tx } from '../../db/client.ts'
import type { Told } from '../../shared/told.ts'
import { organisationsActedFor } from '../members/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'

/**
 * What was said to somebody, or to an organisation for which they act today, by the exchange that it is about. `over`: it has
 * been taken back, or hidden, or is not theirs to read any more.
 */
export async function thanksTold(
  tx: Tx,
  membershipId: string,
  exchangeIds: readonly string[]
): Promise<Map<string, Told>> {
  const acting = await organisationsActedFor(tx, membershipId, today(tx, (await currentPolicy(tx)).rules))
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
              AND (n.about_id = $2 OR n.about_organisation_id = ANY ($4::uuid[]))`,
    values: [tx.timebankId, membershipId, exchangeIds, acting]
  })
  const told = new Map<string, Told>(exchangeIds.map((id) => [id, { who: null, what: null, when: null, over: true }]))
  for (const { id, ...note } of rows) told.set(id, note)
  return told
}
