import { deadlineAt } from './clock.ts'
import type { Ring } from './rings.ts'

/** So much more than any sum of fits that one more member helped outweighs them all. */
const perMember = 1e6

/** Moves that are tried in all; beyond them what is gained is not worth the waiting. */
const triesPerMember = 20
const leastTries = 4000

/**
 * A set of rings that share no member, as good as it can be made in time: as many members helped as possible, then the
 * greatest value.
 *
 * This is weighted set packing, which nobody knows to solve exactly for many members. It begins with a greedy choice, members
 * with the fewest rings first, and goes on by local search: one ring is put in, those in its way are taken out, and whoever
 * that leaves without is given the best ring that is free. What is not worse stays. The chance in it comes from a seed: the
 * same rings give the same choice, unless time runs out.
 */
export function chooseRings(
  rings: readonly Ring[],
  members: number,
  seed: number,
  until: number
): { chosen: Ring[]; cut: boolean } {
  const random = randomFrom(seed)
  const deadline = deadlineAt(until, 4)
  const gain = Float64Array.from(rings, ({ links, value }) => links.length * perMember + value)
  const perLink = Float64Array.from(rings, ({ links, value }) => value / links.length)
  const lists = Array.from({ length: members }, (): number[] => [])
  for (const [number, { links }] of rings.entries()) for (const { from } of links) lists[from]!.push(number)
  const inRings = lists.map((list) => Int32Array.from(list))
  // the members of all rings one after another: they are looked at some ten million times
  const first = new Int32Array(rings.length + 1)
  for (const [number, { links }] of rings.entries()) first[number + 1] = first[number]! + links.length
  const memberAt = Int32Array.from(rings.flatMap(({ links }) => links.map(({ from }) => from)))
  const movable = inRings.flatMap((list, member) => (list.length > 0 ? [member] : []))

  /** the ring that each member is in, −1: none */
  const ringOf = new Int32Array(members).fill(-1)
  const isFree = (ring: number): boolean => {
    for (let i = first[ring]!, end = first[ring + 1]!; i < end; i += 1) if (ringOf[memberAt[i]!] !== -1) return false
    return true
  }
  const put = (ring: number, as: number): void => {
    for (let i = first[ring]!, end = first[ring + 1]!; i < end; i += 1) ringOf[memberAt[i]!] = as
  }

  /** What a move has put in and taken out, so that it can be taken back. */
  const added: number[] = []
  const removed: number[] = []
  const add = (ring: number): number => {
    put(ring, ring)
    added.push(ring)
    return gain[ring]!
  }
  const remove = (ring: number): number => {
    put(ring, -1)
    removed.push(ring)
    return -gain[ring]!
  }

  /** Gives a member without a ring the best of those that are free, by chance not quite the best. */
  const help = (member: number, chance: number): number => {
    if (ringOf[member] !== -1) return 0
    let [best, bestScore] = [-1, Number.NEGATIVE_INFINITY]
    for (const ring of inRings[member]!) {
      if (!isFree(ring)) continue
      const score = perLink[ring]! * (1 + chance * random())
      if (score > bestScore) [best, bestScore] = [ring, score]
    }
    return best === -1 ? 0 : add(best)
  }

  const byScarcity = [...movable].sort((a, b) => inRings[a]!.length - inRings[b]!.length || a - b)
  let cut = false
  for (const member of byScarcity) {
    cut ||= deadline.passed()
    if (!cut) help(member, 0)
  }
  const tries = movable.length === 0 ? 0 : Math.max(leastTries, triesPerMember * movable.length)
  for (let tried = 0; tried < tries && !cut; tried += 1) {
    if (deadline.passed()) {
      cut = true
      break
    }
    added.length = 0
    removed.length = 0
    // mostly from somebody who is left out; where nobody is, from anybody, for the sake of a better fit
    const start = pickStart()
    const list = inRings[start]!
    const forced = list[Math.floor(random() * list.length)]!
    if (ringOf[start] === forced) continue
    const freed: number[] = []
    let change = 0
    const takeOut = (ring: number) => {
      change += remove(ring)
      for (const { from } of rings[ring]!.links) freed.push(from)
    }
    for (const { from } of rings[forced]!.links) if (ringOf[from] !== -1) takeOut(ringOf[from]!)
    // now and then somebody beside them too, so that what is left can be put together otherwise
    if (random() < 0.5) {
      const other = neighbour(freed)
      if (other !== -1 && ringOf[other] !== -1) takeOut(ringOf[other]!)
    }
    change += add(forced)
    shuffle(freed)
    for (const member of freed) change += help(member, 1)
    if (change < -1e-9) {
      for (const ring of added) put(ring, -1)
      for (const ring of removed) put(ring, ring)
    }
  }

  const chosen = [...new Set(ringOf)].filter((ring) => ring !== -1).sort((a, b) => a - b)
  return { chosen: chosen.map((ring) => rings[ring]!), cut }

  function pickStart(): number {
    for (let i = 0; i < 8; i += 1) {
      const member = movable[Math.floor(random() * movable.length)]!
      if (ringOf[member] === -1) return member
    }
    return movable[Math.floor(random() * movable.length)]!
  }

  /** Somebody who shares a ring with one of those freed. */
  function neighbour(freed: readonly number[]): number {
    if (freed.length === 0) return -1
    const list = inRings[freed[Math.floor(random() * freed.length)]!]!
    const { links } = rings[list[Math.floor(random() * list.length)]!]!
    return links[Math.floor(random() * links.length)]!.from
  }

  function shuffle(list: number[]): void {
    for (let i = list.length - 1; i > 0; i -= 1) {
      const j = Math.floor(random() * (i + 1))
      ;[list[i], list[j]] = [list[j]!, list[i]!]
    }
  }
}

/** Numbers from 0 up to 1 that follow from the seed (a linear congruential generator, constants of Numerical Recipes). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
