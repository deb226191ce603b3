/** What the search for circles is given and gives: plain data, so that it can cross into a thread of its own. */

/** An open offer or request as the search sees it. */
export type Open = {
  id: string
  member: string
  /** ids of its categories from the top down; the last one is its own */
  category: readonly string[]
  /** words of title and description, folded */
  words: readonly string[]
  /** middle of the cell that it lies in, in degrees; null: not said */
  place: { latitude: number; longitude: number } | null
  /** a bit for each part of the week; 0: not said */
  availability: number
  languages: readonly string[]
  estimatedMinutes: number | null
  mode: 'do' | 'teach' | 'together'
  setting: 'provider_home' | 'receiver_home' | 'public_place' | 'outdoors' | 'online' | 'phone' | 'any'
  /** days since it was opened */
  waitingDays: number
}

/** How much each part of a fit counts; only their proportions matter. */
export type Weights = {
  category: number
  words: number
  /** how near: 1 at the same place, 0 at `mostKm` */
  near: number
  /** parts of the week in common */
  availability: number
  /** the same way of helping, in the same setting */
  manner: number
  /** how long the request has waited, up to 90 days */
  waiting: number
}

export const defaultWeights: Weights = { category: 3, words: 3, near: 2, availability: 1, manner: 1, waiting: 2 }

export type FindOptions = {
  /** milliseconds after which the best found so far is the answer */
  budgetMs: number
  /** most rings that are looked at */
  mostRings: number
  /** links kept for each member in each direction, the best ones */
  keep: number
  /** members in the longest ring, 2 to 5 */
  longest: number
  /** the ring's minutes are whole steps of so many */
  granularityMinutes: number
  /** of rings in which nobody has said how long it takes */
  defaultMinutes: number
  /** furthest that somebody goes, where somebody goes at all */
  mostKm: number
  weights: Weights
  seed: number
}

export const defaultOptions: FindOptions = {
  budgetMs: 5000,
  mostRings: 200_000,
  keep: 12,
  longest: 5,
  granularityMinutes: 15,
  defaultMinutes: 60,
  mostKm: 15,
  weights: defaultWeights,
  seed: 1
}

export type FindInput = {
  offers: readonly Open[]
  requests: readonly Open[]
  /** members between whom there is to be no link, in either direction: families, for one */
  apart: readonly (readonly [member: string, member: string])[]
  /** offer and request that are not to be linked again for a while */
  resting: readonly (readonly [offer: string, request: string])[]
  options: FindOptions
}

/** In a ring the receiver of each link is the provider of the next, and that of the last the provider of the first. */
export type FoundLink = {
  provider: string
  receiver: string
  offer: string
  request: string
  /** 0 to 1 */
  fit: number
}

export type FoundRing = {
  /** the same for every link, so that every balance change is zero */
  minutes: number
  links: FoundLink[]
}

export type Found = {
  /** disjoint in members, and so in offers and requests */
  rings: FoundRing[]
  /** members in these rings */
  helped: number
  /** members with both an offer and a request: only they can stand in a ring */
  members: number
  /** that were looked at */
  links: number
  ringsSeen: number
  /** null: everything that was to be looked at has been */
  bound: 'time' | 'rings' | null
  milliseconds: number
}
