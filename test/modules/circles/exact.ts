import { categoryLikeness, fitOf, makeReady, vocabularyOf } from '../../../src/modules/circles/find/fit.ts'
import type { FindInput } from '../../../src/modules/circles/find/input.ts'

/** Fits between two members, whatever the search would keep of them. */
type Pair = { fit: number; leastSteps: number; mostSteps: number }

export type Optimum = { helped: number; value: number }

/**
 * The best set of rings, by looking at everything: all cycles of up to five members with all their offers, requests and
 * minutes, and for each set of members the best way to put rings into it. For few members only.
 */
export function exactOptimum({ offers, requests, options }: FindInput): Optimum {
  const members = [...new Set(offers.map(({ member }) => member))].sort()
  const vocabulary = vocabularyOf([...offers, ...requests])
  const pairs = members.map((from) =>
    members.map((to): Pair[] => {
      if (from === to) return []
      return offers
        .filter(({ member }) => member === from)
        .flatMap((offer) =>
          requests
            .filter(({ member }) => member === to)
            .flatMap((request) => {
              const likeness = categoryLikeness(offer.category, request.category)
              if (likeness === 0) return []
              const [o, r] = [
                makeReady(offer, 'offer', vocabulary, options.granularityMinutes),
                makeReady(request, 'request', vocabulary, options.granularityMinutes)
              ]
              return fitOf(o, r, likeness, vocabulary, options) ?? []
            })
        )
    })
  )

  /** by the lowest member of the ring: its members as bits, and its value */
  const rings = members.map((): { mask: number; size: number; value: number }[] => [])
  const cycle: number[] = []
  const goOn = (start: number): void => {
    const at = cycle.at(-1)!
    if (cycle.length >= 2 && pairs[at]![start]!.length > 0) {
      const value = bestValue(cycle.map((member, i) => pairs[member]![cycle[(i + 1) % cycle.length]!]!))
      if (value !== null)
        rings[start]!.push({ mask: cycle.reduce((mask, m) => mask | (1 << m), 0), size: cycle.length, value })
    }
    if (cycle.length === 5) return
    for (let to = start + 1; to < members.length; to += 1)
      if (!cycle.includes(to) && pairs[at]![to]!.length > 0) {
        cycle.push(to)
        goOn(start)
        cycle.pop()
      }
  }
  for (let start = 0; start < members.length; start += 1) {
    cycle.splice(0, cycle.length, start)
    goOn(start)
  }

  const best = new Map<number, Optimum>([[0, { helped: 0, value: 0 }]])
  const solve = (mask: number): Optimum => {
    const known = best.get(mask)
    if (known) return known
    const lowest = 31 - Math.clz32(mask & -mask)
    let found = solve(mask & ~(1 << lowest))
    for (const ring of rings[lowest]!) {
      if ((ring.mask & mask) !== ring.mask) continue
      const rest = solve(mask & ~ring.mask)
      const [helped, value] = [rest.helped + ring.size, rest.value + ring.value]
      if (helped > found.helped || (helped === found.helped && value > found.value)) found = { helped, value }
    }
    best.set(mask, found)
    return found
  }
  return solve((1 << members.length) - 1)
}

/** The same measure as the search's, with the best of each link's fits that some common minutes allow. */
function bestValue(links: readonly Pair[][]): number | null {
  let best: number | null = null
  for (const steps of new Set(links.flat().flatMap(({ leastSteps, mostSteps }) => [leastSteps, mostSteps]))) {
    const fits = links.map((pairs) =>
      Math.max(
        ...pairs.filter((pair) => pair.leastSteps <= steps && steps <= pair.mostSteps).map(({ fit }) => fit),
        Number.NEGATIVE_INFINITY
      )
    )
    const value = fits.reduce((sum, fit) => sum + fit, 0) - 0.1 * (links.length - 2)
    if (Number.isFinite(value) && value > (best ?? Number.NEGATIVE_INFINITY)) best = value
  }
  return best
}
