import { and, eq, inArray } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { findMembership, isVisibleToMembers, organisationsActedFor } from '../members/index.ts'
import { withDescendants } from './categories.ts'
import { asListing, columnsOf, kinds, type Listing, seesAll, todayHere } from './listings.ts'
import type { Kind, Mode, Setting, Slot } from './vocabulary.ts'

export type ListingFilter = {
  /** Default: open ones; all states where one asks for one's own. */
  status?: string | undefined
  /** With everything below it. */
  category?: string | undefined
  mode?: Mode | undefined
  /** Also those that suit any setting. */
  setting?: Setting | undefined
  language?: string | undefined
  /** Any of these. */
  availability?: Slot[] | undefined
  mine?: boolean | undefined
  member?: string | undefined
  organisation?: string | undefined
  maxMinutes?: number | undefined
  near?: { latitude: number; longitude: number } | undefined
  withinKm?: number | undefined
  /** Words, forgiving accents and typing errors. */
  q?: string | undefined
}

/** Where a page ended: the last one's score and id. Lists that are not ranked have score 0 throughout. */
export type Place = readonly [score: number, id: string]

export type Found = Listing & {
  own: boolean
  /** Whether other members may see whose it is. */
  ownerShown: boolean
  score: number
  /** Of its cell in whole kilometres; of the place itself in tenths for staff and among one's own. */
  distanceKm: number | null
}

export const isRanked = (filter: ListingFilter): boolean => filter.q !== undefined || filter.near !== undefined

const defaultWithinKm = 10

/** One page and one more. The ids come from one function in the database, in order; see there how it finds and ranks. */
export async function listListings(
  tx: Tx,
  kind: Kind,
  filter: ListingFilter,
  after: Place | null,
  limit: number
): Promise<Found[]> {
  const categories = filter.category === undefined ? null : await withDescendants(tx, filter.category)
  if (filter.category !== undefined && categories === null) {
    const detail = 'category: is not one of this timebank.'
    throw new DomainError('validation-failed', detail, { errors: [{ parameter: 'category', detail }] })
  }
  const me = tx.actor.membershipId
  const all = seesAll(tx)
  // whoever hides their profile is not found out by asking for their listings
  if (filter.member !== undefined && !all && filter.member !== me) {
    const member = await findMembership(tx, filter.member)
    if (!member || !isVisibleToMembers(member)) return []
  }
  const acting = me === null ? [] : await organisationsActedFor(tx, me, await todayHere(tx))
  const status = filter.status === 'any' ? null : (filter.status ?? (filter.mine ? null : 'open'))
  // to others nothing but open ones shows, so that asking for another state asks for one's own
  const ownOnly = !all && status !== null && status !== 'open'
  const { q = null, near } = filter
  const found = await tx.client.query<{ id: string; score: number; tenths: number | null; owner_shown: boolean }>({
    name: 'listings.find',
    text: 'SELECT id, score, tenths, owner_shown FROM listings.find($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20)',
    values: [
      kind,
      q,
      status,
      all && !filter.mine ? null : me,
      acting,
      ownOnly || (filter.mine ?? false),
      categories,
      filter.mode ?? null,
      filter.setting ?? null,
      filter.language ?? null,
      filter.availability ?? null,
      filter.member ?? null,
      filter.organisation ?? null,
      filter.maxMinutes ?? null,
      near?.latitude ?? null,
      near?.longitude ?? null,
      near ? Math.round((filter.withinKm ?? defaultWithinKm) * 10) : null,
      after?.[0] ?? null,
      after?.[1] ?? null,
      limit + 1
    ]
  })
  const ids = found.rows.map(({ id }) => id)
  if (ids.length === 0) return []
  const { table } = kinds[kind]
  const rows = await tx.db
    .select(columnsOf(kind))
    .from(table)
    .where(and(eq(table.timebankId, tx.timebankId), inArray(table.id, ids)))
  const byId = new Map(rows.map((row) => [row.id, row]))
  return found.rows.flatMap(({ id, score, tenths, owner_shown: ownerShown }) => {
    const row = byId.get(id)
    if (!row) return []
    const own = row.membershipId === me || (row.organisationId !== null && acting.includes(row.organisationId))
    return [{ ...asListing(kind, row), own, ownerShown, score, distanceKm: tenths === null ? null : tenths / 10 }]
  })
}
