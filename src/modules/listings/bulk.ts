import { and, eq, inArray } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { asListing, columnsOf, kinds, type Listing } from './listings.ts'
import type { Kind, Mode, Setting, Slot } from './vocabulary.ts'

/** Any number of them by id, whoever asks; what somebody may see of them is for the caller to say. */
export async function listingsById(tx: Tx, kind: Kind, ids: readonly string[]): Promise<Map<string, Listing>> {
  if (ids.length === 0) return new Map()
  const { table } = kinds[kind]
  const rows = await tx.db
    .select(columnsOf(kind))
    .from(table)
    .where(and(eq(table.timebankId, tx.timebankId), inArray(table.id, [...new Set(ids)])))
  return new Map(rows.map((row) => [row.id, asListing(kind, row)]))
}

/** What finding partners for all at once needs of a listing. The place is the middle of its cell. */
export type OpenListing = {
  id: string
  membershipId: string
  categoryId: string
  /** title and description without accents and case */
  folded: string
  latitude: number | null
  longitude: number | null
  availability: Slot[]
  languages: string[]
  estimatedMinutes: number | null
  mode: Mode
  setting: Setting
  openedAt: Date
}

/** Open ones of active members for themselves, the oldest first, at most `most`. */
export async function openListings(tx: Tx, kind: Kind, most: number): Promise<OpenListing[]> {
  const { rows } = await tx.client.query<OpenListing>({
    name: `listings.open_${kind}s`,
    text: `SELECT l.id, l.membership_id AS "membershipId", l.category_id AS "categoryId", l.folded,
                  l.coarse_latitude AS latitude, l.coarse_longitude AS longitude, l.availability, l.languages,
                  l.estimated_minutes AS "estimatedMinutes", l.mode, l.setting,
                  coalesce(l.opened_at, l.created_at) AS "openedAt"
             FROM listings.${kind}s l
             JOIN members.memberships m ON m.timebank_id = $1 AND m.id = l.membership_id AND m.status = 'active'
            WHERE l.timebank_id = $1 AND l.status = 'open' AND l.organisation_id IS NULL
            ORDER BY l.id
            LIMIT $2`,
    values: [tx.timebankId, most]
  })
  return rows
}
