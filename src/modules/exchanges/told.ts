import type { Tx } from '../../db/client.ts'
import type { Told } from '../../shared/told.ts'
import { organisationsActedFor } from '../members/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'

/**
 * What an exchange is in a few words to one of its sides: who is on the other, the category, the day. Nothing to who acts for
 * the side no longer.
 */
export async function exchangesTold(tx: Tx, membershipId: string, ids: readonly string[]): Promise<Map<string, Told>> {
  const acting = await organisationsActedFor(tx, membershipId, today(tx, (await currentPolicy(tx)).rules))
  const { rows } = await tx.client.query<Told & { id: string }>({
    name: 'exchanges.told',
    text: `SELECT x.id, c.name AS what, x.performed_on AS when,
                  CASE WHEN ${stands('provider')} THEN coalesce(ro.name, r.display_name)
                       ELSE coalesce(po.name, p.display_name) END AS who
             FROM exchanges.exchanges x
             LEFT JOIN listings.categories c ON c.timebank_id = x.timebank_id AND c.id = x.category_id
             LEFT JOIN members.memberships p ON p.timebank_id = x.timebank_id AND p.id = x.provider_id
             LEFT JOIN members.memberships r ON r.timebank_id = x.timebank_id AND r.id = x.receiver_id
             LEFT JOIN members.organisations po ON po.timebank_id = x.timebank_id AND po.id = x.provider_organisation_id
             LEFT JOIN members.organisations ro ON ro.timebank_id = x.timebank_id AND ro.id = x.receiver_organisation_id
            WHERE x.timebank_id = $1 AND x.id = ANY ($3::uuid[]) AND (${stands('provider')} OR ${stands('receiver')})`,
    values: [tx.timebankId, membershipId, ids, acting]
  })
  return new Map(rows.map(({ id, ...told }) => [id, told]))
}

/** SQL: whether `$2`, who acts for the organisations `$4`, is on a side of the exchange `x`. */
const stands = (side: 'provider' | 'receiver'): string =>
  `coalesce(x.${side}_id = $2 OR x.${side}_organisation_id = ANY ($4::uuid[]), false)`
