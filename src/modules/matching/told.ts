import type { Tx } from '../../db/client.ts'
import type { Told } from '../../shared/told.ts'

/** What there is to say of matches to a member who is told of them: whom with, as far as that one shows themselves, and the request. */
export async function matchesTold(tx: Tx, membershipId: string, ids: readonly string[]): Promise<Map<string, Told>> {
  const shown = (side: string, person: string, organisation: string) =>
    `coalesce(${organisation}.name, CASE WHEN x.status = 'accepted' OR x.proposed_by = '${side}' OR ${person}.profile_visibility = 'members'
                                        THEN ${person}.display_name END)`
  const provider = shown('provider', 'p', 'po')
  const receiver = shown('receiver', 'r', 'ro')
  const { rows } = await tx.client.query<Told & { id: string }>({
    name: 'matching.told',
    text: `SELECT x.id, q.title AS what, NULL AS when,
                  CASE WHEN x.receiver_id = $2 THEN ${provider} WHEN x.provider_id = $2 OR x.receiver_organisation_id IS NULL THEN ${receiver}
                       ELSE ${provider} END AS who
             FROM matching.matches x
             JOIN listings.requests q ON q.timebank_id = x.timebank_id AND q.id = x.request_id
             JOIN members.memberships p ON p.timebank_id = x.timebank_id AND p.id = x.provider_id
             JOIN members.memberships r ON r.timebank_id = x.timebank_id AND r.id = x.receiver_id
             LEFT JOIN members.organisations po ON po.timebank_id = x.timebank_id AND po.id = x.provider_organisation_id
             LEFT JOIN members.organisations ro ON ro.timebank_id = x.timebank_id AND ro.id = x.receiver_organisation_id
            WHERE x.timebank_id = $1 AND x.id = ANY ($3::uuid[])`,
    values: [tx.timebankId, membershipId, ids]
  })
  return new Map(rows.map(({ id, ...told }) => [id, told]))
}
