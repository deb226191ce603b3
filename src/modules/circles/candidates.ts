import { and, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { dayMs } from '../../shared/clock.ts'
import { listCategories, type OpenListing, openListings, slots } from '../listings/index.ts'
import { familyPairs } from '../members/index.ts'
import { currentPolicy } from '../timebanks/index.ts'
import { defaultOptions, type FindInput, type Open } from './find/input.ts'
import { circles, links } from './tables.ts'

export type Candidates = {
  input: FindInput
  /** there were more than could be taken */
  cut: boolean
}

/** Of each kind: those that have waited longest. */
const mostListings = 20_000

/**
 * What a search looks at: open offers and requests of active members for themselves, in categories that are in use. Members
 * who are in a proposed circle are left alone until it is decided, and links of a circle that came to nothing rest. Families stay
 * apart where the policy has no brokered exchanges within one.
 */
export async function candidatesFor(tx: Tx, budgetMs: number): Promise<Candidates> {
  const { rules } = await currentPolicy(tx)
  const paths = await categoryPaths(tx)
  const busy = new Set(
    (
      await tx.db
        .select({ id: links.providerId })
        .from(links)
        .innerJoin(circles, and(eq(circles.timebankId, links.timebankId), eq(circles.id, links.circleId)))
        .where(and(eq(circles.timebankId, tx.timebankId), eq(circles.status, 'proposed')))
    ).map(({ id }) => id)
  )
  const resting = await tx.db
    .select({ offer: links.offerId, request: links.requestId })
    .from(links)
    .innerJoin(circles, and(eq(circles.timebankId, links.timebankId), eq(circles.id, links.circleId)))
    .where(and(eq(circles.timebankId, tx.timebankId), eq(circles.status, 'not_going_ahead')))
  const offers = await openListings(tx, 'offer', mostListings)
  const requests = await openListings(tx, 'request', mostListings)
  const open = (listings: readonly OpenListing[]): Open[] =>
    listings.flatMap((listing) => {
      const category = paths.get(listing.categoryId)
      return category && !busy.has(listing.membershipId) ? [asOpen(listing, category, tx.now)] : []
    })
  return {
    input: {
      offers: open(offers),
      requests: open(requests),
      apart: rules.familyExchanges === 'unofficial_only' ? await familyPairs(tx) : [],
      resting: resting.map(({ offer, request }) => [offer, request]),
      options: { ...defaultOptions, budgetMs, granularityMinutes: rules.granularityMinutes }
    },
    cut: offers.length === mostListings || requests.length === mostListings
  }
}

/** From the top down; none of a category that is closed. */
async function categoryPaths(tx: Tx): Promise<Map<string, string[]>> {
  const paths = new Map<string, string[]>()
  const inUse = new Map<string, string[]>()
  // each comes after what it grows from
  for (const { id, parentId, closed } of await listCategories(tx)) {
    const path = [...(parentId === null ? [] : paths.get(parentId)!), id]
    paths.set(id, path)
    if (!closed) inUse.set(id, path)
  }
  return inUse
}

/** Words of one or two letters tell nothing apart; a long text is as well known by its first words. */
const shortest = 3
const mostWords = 60

const asOpen = (listing: OpenListing, category: readonly string[], now: Date): Open => ({
  id: listing.id,
  member: listing.membershipId,
  category,
  words: [...new Set(listing.folded.match(/[\p{L}\p{N}]+/gu) ?? [])]
    .filter((word) => word.length >= shortest)
    .slice(0, mostWords),
  place:
    listing.latitude === null || listing.longitude === null
      ? null
      : { latitude: listing.latitude, longitude: listing.longitude },
  availability: listing.availability.reduce((mask, slot) => mask | (1 << slots.indexOf(slot)), 0),
  languages: listing.languages,
  estimatedMinutes: listing.estimatedMinutes,
  mode: listing.mode,
  setting: listing.setting,
  waitingDays: Math.max(0, (now.getTime() - listing.openedAt.getTime()) / dayMs)
})
