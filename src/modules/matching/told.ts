import type { Tx } from '../../db/client.ts'
import type { Told } from '../../shared/told.ts'
import { organisationsActedFor } from '../members/index.ts'
import { todayOf } from './standing.ts'

/**
 * What a match is in a few words to one of its sides: the title of the request, and who is on the other side, as far as a list
 * of matches says that too. Declined it is told as before: that leaves no trace. Who acts for the side no longer is told nothing.
 */
export async function matchesTold(tx: Tx, membershipId: string, ids: readonly string[]): Promise<Map<string, Told>> {
  const acting = await organisationsActedFor(tx, membershipId, await todayOf(tx))
  const { rows } = await tx.client.query<{ id: string; what: string | null; who: string | null; over: boolean }>({
    name: 'matching.told',
    text: `SELECT x.id, CASE WHEN x.side IS NOT NULL THEN q.title END AS what,
                  x.side IS NULL OR x.status NOT IN ('suggested', 'proposed', 'declined') AS over,
                  coalesce(o.name, CASE WHEN x.side = x.proposed_by OR x.status = 'accepted' OR m.profile_visibility = 'members'
                                        THEN m.display_name END) AS who
             FROM (SELECT t.*, CASE s.side WHEN 'receiver' THEN t.receiver_id WHEN 'provider' THEN t.provider_id END AS other_id,
                          CASE s.side WHEN 'receiver' THEN t.receiver_organisation_id
                                      WHEN 'provider' THEN t.provider_organisation_id END AS other_organisation_id, s.side
                     FROM matching.matches t
                    CROSS JOIN LATERAL (
                      -- the other side
                      SELECT CASE WHEN ${stands('provider')} THEN 'receiver' WHEN ${stands('receiver')} THEN 'provider' END AS side) s
                    WHERE t.timebank_id = $1 AND t.id = ANY ($3::uuid[])) x
             JOIN listings.requests q ON q.timebank_id = x.timebank_id AND q.id = x.request_id
             LEFT JOIN members.memberships m ON m.timebank_id = x.timebank_id AND m.id = x.other_id
             LEFT JOIN members.organisations o ON o.timebank_id = x.timebank_id AND o.id = x.other_organisation_id`,
    values: [tx.timebankId, membershipId, ids, acting]
  })
  return new Map(rows.map(({ id, ...told }) => [id, { ...told, when: null }]))
}

/** SQL: whether `$2`, who acts for the organisations `$4`, stands on a side of the match `t`. */
const stands = (side: 'provider' | 'receiver'): string =>
  `CASE WHEN t.${side}_organisation_id IS NULL THEN t.${side}_id = $2 ELSE t.${side}_organisation_id = ANY ($4::uuid[]) END`
