import type { Tx } from '../../db/client.ts'

/**
 * In how far members offer something: a category, something that is said of its open offers, in how many it is said, and who stands
 * behind it. `members`: their numbers where they are fewer than was asked about, or might be; null where they are enough.
 */
export type Cell = {
  categoryId: string
  kind: 'person' | 'language' | 'area' | 'slot'
  value: string
  offers: number
  members: number[] | null
}

/** What is said of members' own open offers in some categories. */
const said = (categories: string): string => `open AS MATERIALIZED (
     SELECT o.category_id, m.number, o.availability,
            CASE WHEN o.languages <> '{}' THEN o.languages
                 WHEN m.profile_visibility = 'members' THEN m.languages END AS languages,
            coalesce(nullif(trim(o.area), ''),
                     CASE WHEN m.profile_visibility = 'members' THEN nullif(trim(m.area), '') END) AS area
       FROM listings.offers o
       JOIN members.memberships m ON m.timebank_id = $1 AND m.id = o.membership_id AND m.status = 'active'
      WHERE o.timebank_id = $1 AND o.status = 'open' AND o.organisation_id IS NULL
        AND (o.expires_on IS NULL OR o.expires_on >= $2::date) ${categories}
   ), said AS (
     SELECT category_id, 'person' AS kind, '' AS value, number FROM open
      UNION ALL
     SELECT category_id, 'language', lower(split_part(language, '-', 1)), number FROM open, unnest(languages) language
      UNION ALL
     SELECT category_id, 'area', area, number FROM open WHERE area IS NOT NULL
      UNION ALL
     SELECT category_id, 'slot', slot, number FROM open, unnest(availability) slot
   )`

/**
 * Members' own open offers by category: by whom at all, in which languages (ISO 639), areas and parts of the week. What an offer
 * leaves open of language and area is that of the member's profile, where this is shown to members. Offers for organisations are
 * not looked at.
 *
 * Telling members apart in each cell takes 5 s for 200,000 offers of 100,000 members. A sieve takes the greatest part of it away:
 * each member sets one of 64 bits, and where `few` bits are set there are at least as many members (0.8 s, of which 0.4 s is
 * reading offers and members). Only the members of the other cells are told apart, in the categories that have such (0.6 s more
 * where all of them do).
 */
export async function offerCells(tx: Tx, today: string, few: number): Promise<Cell[]> {
  const sieved = await tx.client.query<Omit<Cell, 'members'> & { enough: boolean }>({
    name: 'listings.offer_cells',
    text: `WITH ${said('')}
           SELECT category_id AS "categoryId", kind, value, count(*)::int AS offers,
                  bit_count(bit_or(1::bigint << (number % 64))::bit(64)) >= $3::int AS enough
             FROM said
            GROUP BY category_id, kind, value`,
    values: [tx.timebankId, today, few]
  })
  const small = sieved.rows.filter(({ enough }) => !enough)
  const members = await toldApart(tx, today, small)
  return sieved.rows.map(({ enough, ...cell }) => ({
    ...cell,
    members: enough ? null : (members.get(keyOf(cell)) ?? [])
  }))
}

type Key = Pick<Cell, 'categoryId' | 'kind' | 'value'>
const keyOf = ({ categoryId, kind, value }: Key): string => `${categoryId}|${kind}|${value}`

async function toldApart(tx: Tx, today: string, cells: readonly Key[]): Promise<Map<string, number[]>> {
  if (cells.length === 0) return new Map()
  const { rows } = await tx.client.query<Key & { members: number[] }>({
    name: 'listings.offer_cells_members',
    text: `WITH ${said('AND o.category_id = ANY($3::uuid[])')}
           SELECT category_id AS "categoryId", kind, value, array_agg(DISTINCT number) AS members
             FROM said
             JOIN unnest($4::uuid[], $5::text[], $6::text[]) AS small (category_id, kind, value)
                  USING (category_id, kind, value)
            GROUP BY category_id, kind, value`,
    values: [
      tx.timebankId,
      today,
      [...new Set(cells.map(({ categoryId }) => categoryId))],
      cells.map(({ categoryId }) => categoryId),
      cells.map(({ kind }) => kind),
      cells.map(({ value }) => value)
    ]
  })
  return new Map(rows.map((row) => [keyOf(row), row.members]))
}
