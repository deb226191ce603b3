import { and, asc, eq, inArray, isNull, ne, or, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import type { MembershipStatus, Role } from '../../shared/actor.ts'
import { asMembership, type Membership } from './memberships.ts'
import { memberships } from './tables.ts'

export type MemberFilter = {
  statuses?: readonly MembershipStatus[] | undefined
  role?: Role | undefined
  brokerId?: string | undefined
  /** A member number, or part of a name; accents and case do not matter. */
  q?: string | undefined
  language?: string | undefined
  area?: string | undefined
  /** Only whom this member may see. */
  visibleTo?: string | undefined
  /** The number after which to go on. */
  after: number | null
}

/** Members by number; gives one more than `limit` where there are more. */
export async function listMembers(tx: Tx, filter: MemberFilter, limit: number): Promise<Membership[]> {
  const q = filter.q?.trim() ?? ''
  const number = /^[1-9]\d{0,8}$/.test(q) ? Number(q) : null
  // signs alone are in no name, and no index could find them
  if (q !== '' && !/[\p{L}\p{N}]/u.test(q)) return []
  const name = q === '' || number !== null ? null : await patterns(tx, q)
  const statuses = filter.statuses && filter.statuses.length > 0 ? [...filter.statuses] : null
  const found = sql`array(select members.find(${filter.after ?? 0}, ${limit + 1}, ${sql.param(statuses)}::text[], ${filter.role ?? null},
    ${filter.brokerId ?? null}, ${number}, ${sql.param(name)}::text[], ${filter.language ?? null}, ${filter.area ?? null}, ${filter.visibleTo ?? null}))`
  const rows = await tx.db
    .select()
    .from(memberships)
    .where(and(eq(memberships.timebankId, tx.timebankId), sql`${memberships.number} = any (${found})`))
    .orderBy(asc(memberships.number))
  return rows.map(asMembership)
}

/** One or two letters are the beginning of a word, more stand anywhere: both can be looked up by trigrams. */
async function patterns(tx: Tx, q: string): Promise<string[]> {
  const { rows } = await tx.client.query<{ folded: string }>({
    name: 'members.fold',
    text: 'SELECT search.fold($1) AS folded',
    values: [q]
  })
  const { folded } = rows[0]!
  const literal = folded.replaceAll(/[\\%_]/g, '\\$&')
  return [...folded].length < 3 ? [`${literal}%`, `% ${literal}%`] : [`%${literal}%`]
}

/**
 * Those to whom something is posted, by number, at most `limit`: these (by id), whatever their state, or of everybody who is
 * here those without e-mail and these others. Nobody who has been erased.
 */
export async function postalMembers(
  tx: Tx,
  ids: readonly string[] | null,
  others: readonly string[],
  limit: number
): Promise<Membership[]> {
  const here = inArray(memberships.status, ['active', 'paused', 'suspended'])
  const wanted =
    ids === null
      ? and(here, or(isNull(memberships.email), inArray(memberships.id, [...others])))
      : and(ne(memberships.status, 'erased'), inArray(memberships.id, [...ids]))
  const rows = await tx.db
    .select()
    .from(memberships)
    .where(and(eq(memberships.timebankId, tx.timebankId), wanted))
    .orderBy(asc(memberships.number))
    .limit(limit)
  return rows.map(asMembership)
}
