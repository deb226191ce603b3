import { chooseRings } from './choose.ts'
import type { FindInput, Found, FoundRing } from './input.ts'
import { type Graph, makeLinks } from './links.ts'
import { enumerateRings, type Ring, stepsOf } from './rings.ts'

/** Parts of the time after which comparing, and looking for rings, have to end, so that something is left for choosing. */
const comparingEnds = 0.4
const lookingEnds = 0.65

/**
 * Finds rings in which everybody gives and everybody receives, and chooses the best set in which nobody is twice. Pure but
 * for the clock: whatever is found when the time is over is the answer. The same input gives the same answer, unless time ran
 * out.
 */
export function findRings(input: FindInput): Found {
  const { budgetMs, longest, mostRings, granularityMinutes, defaultMinutes, seed } = input.options
  const begun = performance.now()
  const graph = makeLinks(input, begun + budgetMs * comparingEnds)
  const { rings, cut } = enumerateRings(graph.out, longest, mostRings, begun + budgetMs * lookingEnds)
  const choice = chooseRings(rings, graph.members.length, seed, begun + budgetMs)
  const defaultSteps = Math.max(1, Math.round(defaultMinutes / granularityMinutes))
  const chosen = choice.chosen.map((ring) =>
    asFound(graph, ring, stepsOf(ring.links, defaultSteps) * granularityMinutes)
  )
  return {
    rings: chosen,
    helped: chosen.reduce((sum, { links }) => sum + links.length, 0),
    members: graph.members.length,
    links: graph.links,
    ringsSeen: rings.length,
    bound: graph.cut || choice.cut ? 'time' : cut,
    milliseconds: Math.round(performance.now() - begun)
  }
}

const asFound = ({ members, offers, requests }: Graph, { links }: Ring, minutes: number): FoundRing => ({
  minutes,
  links: links.map(({ from, to, offer, request, fit }) => ({
    provider: members[from]!,
    receiver: members[to]!,
    offer: offers[offer]!.open.id,
    request: requests[request]!.open.id,
    fit: Math.round(fit * 1000) / 1000
  }))
})
