import { deadlineAt } from './clock.ts'
import { anySteps } from './fit.ts'
import type { Link } from './links.ts'

export type Ring = {
  links: readonly Link[]
  /** sum of the fits, less what its length costs */
  value: number
}

export type Rings = { rings: Ring[]; cut: 'time' | 'rings' | null }

/** Links that are looked back from the beginning of a walk: nearly everybody is reached by three, and nothing is learnt from that. */
const lookedBack = 2

/** Each member beyond the second is one more who may say no. */
const costOfLength = 0.1

/**
 * Simple cycles of 2 to `longest` members whose links allow some common minutes, the short ones first.
 *
 * Each is found once: from its member of lowest rank, going on to members of higher rank only. Ranks rise with the number of
 * links, so that members who are hard to help are looked at while there is time. A walk goes only where the way back to its
 * beginning is short enough (by a search backwards from there), and where minutes remain that suit all links so far. Where there
 * are more rings than may be looked at, each beginning, and each branch of each walk, has an equal share of what is left, so
 * that the bound takes a little from all and not everything from some.
 */
export function enumerateRings(
  out: readonly (readonly Link[])[],
  longest: number,
  mostRings: number,
  until: number
): Rings {
  const [deadline, coarse] = [deadlineAt(until, 256), deadlineAt(until, 16)]
  const ranks = ranksOf(out)
  const starts = ranks.map((_, member) => member).sort((a, b) => ranks[a]! - ranks[b]!)
  const into = out.map((): Link[] => [])
  for (const links of out) for (const link of links) into[link.to]!.push(link)

  const rings: Ring[] = []
  const path: Link[] = []
  const onPath = new Uint8Array(out.length)
  let cutByRings = false
  let cutByTime = false

  /** Links needed from each member back to the beginning; 0: further than was looked. And those that lead right there. */
  const back = new Uint8Array(out.length)
  const home = out.map((): Link[] => [])
  const reached: number[] = []
  function lookBack(start: number): void {
    for (const member of reached) {
      back[member] = 0
      home[member] = []
    }
    reached.length = 0
    let edge = [start]
    for (let steps = 1; steps <= lookedBack; steps += 1) {
      const next: number[] = []
      for (const to of edge) {
        if (coarse.passed()) {
          cutByTime = true
          return
        }
        for (const { from } of into[to]!)
          if (back[from] === 0 && ranks[from]! > ranks[start]!) {
            back[from] = steps
            reached.push(from)
            next.push(from)
          }
      }
      edge = next
    }
    for (const link of into[start]!) if (back[link.from] === 1) home[link.from]!.push(link)
  }

  /** Rings that end the path, which stands at `at` with `left` links to go; at most `share` of them. Gives their number. */
  function walk(at: number, rank: number, left: number, least: number, most: number, share: number): number {
    let used = 0
    const links = left === 1 ? home[at]! : out[at]!
    for (let i = 0; i < links.length; i += 1) {
      const link = links[i]!
      const { to } = link
      if (deadline.passed()) cutByTime = true
      if (cutByTime) return used
      // back in less than `left` links, or perhaps further than was looked
      if (
        left > 1 &&
        (onPath[to] === 1 || ranks[to]! < rank || (back[to] === 0 ? left <= lookedBack + 1 : back[to]! >= left))
      )
        continue
      const [low, high] = [Math.max(least, link.leastSteps), Math.min(most, link.mostSteps)]
      if (low > high) continue
      if (used >= share) {
        cutByRings = true
        return used
      }
      path.push(link)
      if (left === 1) {
        rings.push(ringOf(path))
        used += 1
      } else {
        onPath[to] = 1
        used += walk(
          to,
          rank,
          left - 1,
          low,
          high,
          left === 2 ? share - used : Math.ceil((share - used) / (links.length - i))
        )
        onPath[to] = 0
      }
      path.pop()
    }
    return used
  }

  for (let length = 2; length <= longest && !cutByTime; length += 1) {
    const until = rings.length + Math.ceil((mostRings - rings.length) / (longest - length + 1))
    for (const [i, start] of starts.entries()) {
      if (out[start]!.length === 0) continue
      lookBack(start)
      if (cutByTime) break
      onPath[start] = 1
      walk(start, ranks[start]!, length, 1, anySteps, Math.ceil((until - rings.length) / (starts.length - i)))
      onPath[start] = 0
    }
  }
  return { rings, cut: cutByTime ? 'time' : cutByRings ? 'rings' : null }
}

const ringOf = (path: readonly Link[]): Ring => ({
  links: [...path],
  value: path.reduce((sum, { fit }) => sum + fit, 0) - costOfLength * (path.length - 2)
})

/** Few possibilities first; equal ones in the order of their numbers. */
function ranksOf(out: readonly (readonly Link[])[]): number[] {
  const received = new Array<number>(out.length).fill(0)
  for (const links of out) for (const { to } of links) received[to]! += 1
  const order = out.map((links, member) => ({ member, possibilities: Math.min(links.length, received[member]!) }))
  order.sort((a, b) => a.possibilities - b.possibilities || a.member - b.member)
  const ranks = new Array<number>(out.length).fill(0)
  for (const [rank, { member }] of order.entries()) ranks[member] = rank
  return ranks
}

/** Whole steps of a ring: the most that everybody allows; where nobody has said, the default, as far as that is allowed. */
export function stepsOf(links: readonly Link[], defaultSteps: number): number {
  const least = Math.max(...links.map(({ leastSteps }) => leastSteps))
  const most = Math.min(...links.map(({ mostSteps }) => mostSteps))
  return most === anySteps ? Math.max(least, defaultSteps) : most
}
