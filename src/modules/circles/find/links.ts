import { deadlineAt } from './clock.ts'
import { categoryLikeness, fitOf, makeReady, type Ready, vocabularyOf } from './fit.ts'
import type { FindInput } from './input.ts'

/** An offer of one member that fits a request of another. Members, offers and requests by their numbers. */
export type Link = {
  from: number
  to: number
  offer: number
  request: number
  fit: number
  leastSteps: number
  mostSteps: number
  /** what it is kept by: its fit and a little chance */
  worth: number
}

export type Graph = {
  /** ids by number, in the order of the ids, so that the same input gives the same answer in whatever order it comes */
  members: string[]
  offers: Ready[]
  requests: Ready[]
  /** links by their provider, the best first */
  out: Link[][]
  links: number
  /** the time ran out before all had been compared */
  cut: boolean
}

/**
 * Links of all members that have both an offer and a request.
 *
 * Kept are, of each member, the `keep` best in each direction. In both, since otherwise those whose request fits many offers
 * no better than others' requests do would be in nobody's list; and so few, since the rings of five grow with the fifth
 * power of it. A little chance decides among those that fit nearly alike: in a list of many that are equal everybody would
 * otherwise keep the same few, and nobody else would be in any ring. Of several links between the same two that allow the same
 * minutes only the best is kept: they are alike but for their fit.
 */
export function makeLinks(input: FindInput, until: number): Graph {
  const deadline = deadlineAt(until, 256)
  const { options } = input
  const { members, offers: openOffers, requests: openRequests } = inRings(input)
  const numbers = new Map(members.map((id, i) => [id, i]))
  const vocabulary = vocabularyOf([...openOffers, ...openRequests])
  const ready = (kind: 'offer' | 'request') => (open: FindInput['offers'][number]) =>
    makeReady(open, kind, vocabulary, options.granularityMinutes)
  const offers = openOffers.map(ready('offer'))
  const requests = openRequests.map(ready('request'))

  const apart = new Set(input.apart.flatMap(([a, b]) => [`${a} ${b}`, `${b} ${a}`]))
  const resting = new Set(input.resting.map(([offer, request]) => `${offer} ${request}`))
  const numberOf = ({ open }: Ready) => numbers.get(open.member)!
  const wanted = byCategory(requests.map((listing, number) => ({ listing, number, member: numberOf(listing) })))
  const given = byCategory(offers.map((listing, number) => ({ listing, number, member: numberOf(listing) })))
  const best = members.map((): Link[] => [])
  const worthiest = members.map((): Link[] => [])
  let cut = false

  const compare = (offer: Numbered, request: Numbered, likeness: number): void => {
    const [from, to] = [offer.member, request.member]
    if (from === to) return
    const fit = fitOf(offer.listing, request.listing, likeness, vocabulary, options)
    if (fit === null) return
    if (apart.size > 0 && apart.has(`${members[from]} ${members[to]}`)) return
    if (resting.size > 0 && resting.has(`${offer.listing.open.id} ${request.listing.open.id}`)) return
    const worth = fit.fit + chance * chanceOf(from, to)
    const link = { from, to, offer: offer.number, request: request.number, ...fit, worth }
    insert(best[from]!, link, options.keep)
    insert(worthiest[to]!, link, options.keep)
  }

  // equal categories of everybody first: if the time is over before all has been compared, it was the best that was
  for (const equal of [true, false])
    for (const { category, listings } of given)
      for (const other of wanted) {
        const likeness = categoryLikeness(category, other.category)
        if (likeness === 0 || (likeness === 1) !== equal) continue
        for (const offer of listings)
          for (const request of other.listings) {
            cut ||= deadline.passed()
            if (cut) break
            compare(offer, request, likeness)
          }
      }

  const kept = new Set([...best.flat(), ...worthiest.flat()])
  const out = members.map((): Link[] => [])
  for (const link of trimmed([...kept], members.length)) out[link.from]!.push(link)
  for (const links of out) links.sort(better)
  return { members, offers, requests, out, links: kept.size, cut }
}

const chance = 0.05

/** From 0 up to 1, always the same for the same two, and for others another (the last steps of MurmurHash3). */
function chanceOf(from: number, to: number): number {
  let hash = Math.imul(from + 1, 0x9e3779b1) ^ Math.imul(to + 1, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}

/** The worthiest first; equal ones in an order that is always the same. */
const better = (a: Link, b: Link): number =>
  b.worth - a.worth || a.to - b.to || a.offer - b.offer || a.request - b.request

/** Keeps the best `most` in a list that is in order, and of those that are alike but for their fit the best one. */
function insert(list: Link[], link: Link, most: number): void {
  if (list.length === most && better(list[most - 1]!, link) <= 0) return
  const same = list.findIndex((x) => isAlike(x, link))
  if (same !== -1) {
    if (better(list[same]!, link) <= 0) return
    list.splice(same, 1)
  }
  let at = list.length
  while (at > 0 && better(link, list[at - 1]!) < 0) at -= 1
  list.splice(at, 0, link)
  if (list.length > most) list.pop()
}

const isAlike = (a: Link, b: Link): boolean =>
  a.from === b.from && a.to === b.to && a.leastSteps === b.leastSteps && a.mostSteps === b.mostSteps

/** Who gives nothing or receives nothing stands in no ring, and nor do those who stood with them only. */
function trimmed(links: Link[], members: number): Link[] {
  for (let left = links; ; ) {
    const gives = new Uint8Array(members)
    const receives = new Uint8Array(members)
    for (const { from, to } of left) {
      gives[from] = 1
      receives[to] = 1
    }
    const next = left.filter(({ from, to }) => receives[from] && gives[to])
    if (next.length === left.length) return next
    left = next
  }
}

/** Members with both an offer and a request, and these, all in the order of their ids. */
function inRings({ offers, requests }: FindInput) {
  const give = new Set(offers.map(({ member }) => member))
  const members = [...new Set(requests.map(({ member }) => member))].filter((id) => give.has(id)).sort()
  const inside = new Set(members)
  const those = (listings: FindInput['offers']) =>
    listings.filter(({ member }) => inside.has(member)).sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
  return { members, offers: those(offers), requests: those(requests) }
}

type Numbered = { listing: Ready; number: number; member: number }

function byCategory(all: readonly Numbered[]) {
  const found = new Map<string, { category: readonly string[]; listings: Numbered[] }>()
  for (const one of all) {
    const { category } = one.listing.open
    const key = category.join('/')
    const there = found.get(key)
    if (there) there.listings.push(one)
    else found.set(key, { category, listings: [one] })
  }
  return [...found.values()]
}
