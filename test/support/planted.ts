import { randomFrom } from '../../src/modules/circles/find/choose.ts'
import { defaultOptions, type FindInput, type Open } from '../../src/modules/circles/find/input.ts'

/** Members are partitioned into rings of 2 to 5 as far as `share` says; what is known of them is the answer to be found. */
export type Planted = { input: FindInput; rings: string[][]; inRings: number }

const branches = 8
const leaves = 40
const settings = ['any', 'any', 'outdoors', 'public_place', 'receiver_home', 'online'] as const
const minutes = [null, null, 30, 60, 60, 90, 120]

/**
 * A made-up timebank: every member has an offer and a request, every second one more of either. In a planted ring each
 * offer was made for the next one's request: same category, words in common, near, at the same times. All others fit as it happens.
 */
export function plant({ members, share, seed }: { members: number; share: number; seed: number }): Planted {
  const random = randomFrom(seed)
  const upTo = (n: number) => Math.floor(random() * n)
  const pick = <T>(list: readonly T[]): T => list[upTo(list.length)]!
  const name = (n: number) => `m${String(n).padStart(5, '0')}`
  const offers: Open[] = []
  const requests: Open[] = []

  const listing = (id: string, member: string, leaf: number, words: string[], more: Partial<Open> = {}): Open => ({
    id,
    member,
    category: [`b${leaf % branches}`, `c${leaf}`],
    words: [...words, ...Array.from({ length: 4 }, () => `w${upTo(400)}`), `c${leaf}w${upTo(20)}`],
    place: random() < 0.1 ? null : { latitude: 51 + random() * 0.15, longitude: -3 + random() * 0.2 },
    availability: random() < 0.3 ? 0 : (1 << upTo(21)) | (1 << upTo(21)) | (1 << upTo(21)),
    languages: random() < 0.8 ? ['en'] : ['cy', 'en'],
    estimatedMinutes: pick(minutes),
    mode: pick(['do', 'do', 'do', 'teach', 'together']),
    setting: pick(settings),
    waitingDays: upTo(60),
    ...more
  })

  const order = Array.from({ length: members }, (_, i) => i)
  for (let i = members - 1; i > 0; i -= 1) {
    const j = upTo(i + 1)
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  const rings: string[][] = []
  let at = 0
  while (at < members * share - 1) {
    const size = Math.min(2 + upTo(4), members - at)
    if (size < 2) break
    const ring = order.slice(at, at + size).map(name)
    at += size
    rings.push(ring)
    const ringMinutes = pick([30, 60, 90])
    for (const [i, giver] of ring.entries()) {
      const receiver = ring[(i + 1) % size]!
      const leaf = upTo(leaves)
      const words = [`x${upTo(3000)}`, `x${upTo(3000)}`, `x${upTo(3000)}`]
      const offer = listing(`o-${giver}`, giver, leaf, words, { estimatedMinutes: ringMinutes })
      offers.push(offer)
      const { mode, setting, place, availability, languages } = offer
      requests.push(
        listing(`r-${receiver}`, receiver, leaf, words, {
          ...{ mode, setting, place, availability, languages },
          estimatedMinutes: ringMinutes
        })
      )
    }
  }
  const inRings = at
  for (const member of order.slice(at).map(name)) {
    offers.push(listing(`o-${member}`, member, upTo(leaves), []))
    requests.push(listing(`r-${member}`, member, upTo(leaves), []))
  }
  for (const [i, n] of order.entries()) {
    const into = i % 2 === 0 ? offers : requests
    into.push(listing(`${i % 2 === 0 ? 'p' : 's'}-${name(n)}`, name(n), upTo(leaves), []))
  }
  return { input: { offers, requests, apart: [], resting: [], options: defaultOptions }, rings, inRings }
}

/** How many of the planted rings are in an answer, member for member. */
export function recovered(
  planted: readonly string[][],
  found: readonly { links: readonly { provider: string }[] }[]
): number {
  const key = (members: readonly string[]) => [...members].sort().join(' ')
  const there = new Set(found.map(({ links }) => key(links.map(({ provider }) => provider))))
  return planted.filter((ring) => there.has(key(ring))).length
}
