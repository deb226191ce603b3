import type { Tx } from '../../db/client.ts'
import type { Kind } from './candidates.ts'

export type Title = {
  id: string
  title: string
  categoryId: string
  mode: string
  setting: string
  area: string | null
  estimatedMinutes: number | null
}

/** What a list says of offers or requests, by id. */
export async function titlesOf(tx: Tx, kind: Kind, ids: readonly string[]): Promise<Map<string, Title>> {
  if (ids.length === 0) return new Map()
  const { rows } = await tx.client.query<Title>({
    name: `matching.${kind}_titles`,
    text: `SELECT id, title, category_id AS "categoryId", mode, setting, area, estimated_minutes AS "estimatedMinutes"
             FROM listings.${kind}s WHERE timebank_id = $1 AND id = ANY ($2::uuid[])`,
    values: [tx.timebankId, ids]
  })
  return new Map(rows.map((row) => [row.id, row]))
}

/** In which language to speak to the one who asks: their own, then the timebank's. */
export async function localesOf(tx: Tx, ofTimebank: string): Promise<string[]> {
  const { rows } = await tx.client.query<{ locale: string | null }>({
    name: 'matching.locale',
    text: 'SELECT locale FROM identity.persons WHERE id = $1',
    values: [tx.actor.personId]
  })
  const own = rows[0]?.locale ?? null
  return own === null ? [ofTimebank] : [own, ofTimebank]
}

/** Which of these members other members may see. */
export async function visibleMembers(tx: Tx, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const { rows } = await tx.client.query<{ id: string }>({
    name: 'matching.visible_members',
    text: `SELECT id FROM members.memberships
            WHERE timebank_id = $1 AND id = ANY ($2::uuid[]) AND status IN ('active', 'paused') AND profile_visibility = 'members'`,
    values: [tx.timebankId, ids]
  })
  return new Set(rows.map(({ id }) => id))
}
