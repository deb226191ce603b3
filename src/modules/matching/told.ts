import type { Tx } from '../../db/client.ts'
import type { Told } from '../../shared/told.ts'

/**
 * What a match is in a few words to one of its sides: the title of the request, and who is on the other side, as far as a list
 * of matches says that too. Declined it is told as before: that leaves no trace.
 */
export async function matchesTold(tx: Tx, membershipId: string, ids: readonly string[]): Promise<Map<string, Told>> {
  const { rows } = await tx.client.query<{ id: string; what: string; who: string | null; over: boolean }>({
    name: 'matching.told',
    text: `SELECT x.id, q.title AS what, x.status NOT IN ('suggested', 'proposed', 'declined') AS over,
                  coalesce(o.name, CASE WHEN x.side = x.proposed_by OR x.status = 'accepted' OR m.profile_visibility = 'members'
                                        THEN m.display_name END) AS who
             FROM (SELECT t.*, CASE WHEN t.provider_id = $2 THEN 'receiver' ELSE 'provider' END AS side,
                          CASE WHEN t.provider_id = $2 THEN t.receiver_id ELSE t.provider_id END AS other_id,
                          CASE WHEN t.provider_id = $2 THEN t.receiver_organisation_id
                               ELSE t.provider_organisation_id END AS other_organisation_id
                     FROM matching.matches t WHERE t.timebank_id = $1 AND t.id = ANY ($3::uuid[])) x
             JOIN listings.requests q ON q.timebank_id = x.timebank_id AND q.id = x.request_id
             LEFT JOIN members.memberships m ON m.timebank_id = x.timebank_id AND m.id = x.other_id
             LEFT JOIN members.organisations o ON o.timebank_id = x.timebank_id AND o.id = x.other_organisation_id`,
    values: [tx.timebankId, membershipId, ids]
  })
  return new Map(rows.map(({ id, ...told }) => [id, { ...told, when: null }]))
}
