import type { Tx } from '../../db/client.ts'
import type { SupportKind, SupportScope } from './vocabulary.ts'

/** Who is suspended acts for nobody. */
const standing = `EXISTS (SELECT FROM members.memberships p
                           WHERE p.timebank_id = s.timebank_id AND p.id = s.supporter_id AND p.status IN ('active', 'paused'))`

/**
 * SQL of a boolean, for statements of higher modules: whether somebody supports a member in a scope at an instant. All five are
 * SQL themselves: ids, a scope as text, and the transaction's own instant.
 */
export const supportsSql = (timebank: string, member: string, supporter: string, scope: string, now: string): string =>
  `EXISTS (SELECT FROM supporters.supports s
            WHERE s.timebank_id = ${timebank} AND s.membership_id = ${member} AND s.supporter_id = ${supporter}
              AND s.status = 'active' AND ${scope} = ANY (s.scopes) AND (s.expires_at IS NULL OR s.expires_at > ${now})
              AND ${standing})`

export type Support = { id: string; kind: SupportKind }

/** How somebody supports a member in a scope now; null: they do not. */
export async function supportBetween(
  tx: Tx,
  membershipId: string,
  supporterId: string,
  scope: SupportScope
): Promise<Support | null> {
  const { rows } = await tx.client.query<Support>({
    name: 'supporters.between',
    text: `SELECT s.id, s.kind FROM supporters.supports s
            WHERE s.timebank_id = $1 AND s.membership_id = $2 AND s.supporter_id = $3
              AND s.status = 'active' AND $4 = ANY (s.scopes) AND (s.expires_at IS NULL OR s.expires_at > $5)
              AND ${standing}`,
    values: [tx.timebankId, membershipId, supporterId, scope, tx.now]
  })
  return rows[0] ?? null
}

/** Whether who calls supports that member in that scope now. Somebody who calls for an agency supports nobody. */
export async function mayActFor(tx: Tx, membershipId: string, scope: SupportScope): Promise<boolean> {
  const { membershipId: actor, agency } = tx.actor
  if (actor === null || agency !== undefined) return false
  return (await supportBetween(tx, membershipId, actor, scope)) !== null
}

/** Whom the caller supports in any of some scopes now, and in which. */
export async function membersSupported(
  tx: Tx,
  scopes: readonly SupportScope[]
): Promise<{ membershipId: string; scopes: SupportScope[] }[]> {
  const { membershipId: actor, agency } = tx.actor
  if (actor === null || agency !== undefined) return []
  const { rows } = await tx.client.query<{ membershipId: string; scopes: SupportScope[] }>({
    name: 'supporters.members_supported',
    text: `SELECT s.membership_id AS "membershipId", s.scopes FROM supporters.supports s
            WHERE s.timebank_id = $1 AND s.supporter_id = $2 AND s.status = 'active' AND s.scopes && $3::text[]
              AND (s.expires_at IS NULL OR s.expires_at > $4) AND ${standing}`,
    values: [tx.timebankId, actor, scopes, tx.now]
  })
  return rows
}
