import { findRings } from '../src/modules/circles/find/find.ts'
import { findRingsInThread } from '../src/modules/circles/find/in-thread.ts'
import { plant, recovered } from '../test/support/planted.ts'
import type { Options } from './options.ts'
import { type Figure, measuredAtMost, type Section } from './report.ts'

const members = 2000
const mostSeconds = 5

/**
 * The search for circles over 2,000 members with 6,000 offers and requests, as the service runs it: in a thread of its own, with
 * its ordinary bounds. Rings are planted, so that something is known of the best answer: where all members stand in one, all
 * of them can be helped; where half of them do, at least that half.
 */
export async function circleFigures({ quick }: Options): Promise<Section> {
  const figures: Figure[] = []
  const seeds = quick ? [1] : [1, 2, 3]
  for (const share of [1, 0.5, 0])
    for (const seed of seeds) {
      const planted = plant({ members, share, seed })
      const { offers, requests } = planted.input
      const [begun, processor] = [performance.now(), process.cpuUsage()]
      const found = await findRingsInThread(planted.input)
      const seconds = (performance.now() - begun) / 1000
      const { user, system } = process.cpuUsage(processor)
      const bound = found.bound === null ? 'no bound reached' : `bound reached: ${found.bound}`
      const known =
        share === 0
          ? ''
          : `, ${recovered(planted.rings, found.rings)} of ${planted.rings.length} planted rings as planted`
      figures.push({
        name: `${offers.length + requests.length} offers and requests, ${share === 0 ? 'nothing' : `rings of ${planted.inRings} members`} planted, seed ${seed}`,
        value: `${seconds.toFixed(2)} s (${((user + system) / 1e6).toFixed(2)} s of processor time): ${found.helped.toLocaleString('en')} of ${found.members.toLocaleString('en')} members helped in ${found.rings.length} circles${known}; ${found.ringsSeen.toLocaleString('en')} rings seen, ${bound}`,
        measured: share === 1 && found.helped < 0.95 * planted.inRings ? Number.POSITIVE_INFINITY : seconds,
        aim: measuredAtMost(mostSeconds, `< ${mostSeconds} s${share === 1 ? ' and 95 % of the optimum' : ''}`)
      })
    }
  figures.push(ofBound())
  return { title: 'Circles: 2,000 members (value: seconds, members helped, rings)', figures }
}

/** How far a search passes its bound where it could go on for minutes. */
function ofBound(): Figure {
  const { input } = plant({ members, share: 1, seed: 1 })
  const budgetMs = 1000
  const options = { ...input.options, budgetMs, keep: 60, mostRings: 1_000_000 }
  const { milliseconds } = findRings({ ...input, options })
  return {
    name: 'a bound of 1 s, 60 links kept of each member',
    value: `${milliseconds} ms`,
    measured: milliseconds,
    aim: measuredAtMost(budgetMs + 100, `< ${budgetMs + 100} ms`)
  }
}
