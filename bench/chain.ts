import { setTimeout as sleep } from 'node:timers/promises'
import { gifts } from './gifts.ts'
import type { Ground } from './ground.ts'
import { httpFigure } from './http-figure.ts'
import type { Options } from './options.ts'
import type { Figure, Section } from './report.ts'

const connections = 64

/**
 * Postings while the job of the hash chain works, once a second instead of once a minute, and between its runs; in turns,
 * so that what else the machine does falls on both. (To hold the chain's row locked would keep the job away too, but a
 * transaction that stays open halves the rate by itself: no old version of an account's row can be cleared away.)
 */
export async function chainFigures(ground: Ground, options: Options): Promise<Section> {
  const { town, owner } = ground
  await owner.query("SELECT graphile_worker.add_job('ledger.chain')")
  const leaves = async () => {
    const { rows } = await owner.query<{ leaves: number }>(
      'SELECT leaves::integer AS leaves FROM ledger.chains WHERE timebank_id = $1',
      [town.timebankId]
    )
    return rows[0]?.leaves ?? 0
  }
  for (let tries = 0; (await leaves()) === 0; tries += 1) {
    if (tries > 100) throw new Error('the job of the chain does not run')
    await sleep(100)
  }
  const lists = { members: town.members.map(({ id }) => id) }
  const load = () => httpFigure(ground, options, { name: '', connections, templates: gifts(town), lists })

  await load()

  const still: Figure[] = []
  const working: Figure[] = []
  let taken = 0
  for (const works of [false, true, true, false]) {
    if (!works) {
      await betweenRuns(options.warmSeconds + options.seconds + 1)
      still.push(await load())
      continue
    }
    const before = await leaves()
    const timer = setInterval(() => {
      owner.query("SELECT graphile_worker.add_job('ledger.chain', job_key := 'bench')").catch(() => {})
    }, 1000)
    working.push(await load())
    clearInterval(timer)
    taken += (await leaves()) - before
  }
  const rest = mean(`${connections} connections, the chain at rest`, still)
  const busy = mean(
    `${connections} connections, the chain's job every second (${taken.toLocaleString('en')} leaves taken)`,
    working
  )
  busy.aim = {
    text: 'none measurable: ≥ 95 % of the rate at rest',
    met: ({ perSecond = 0 }) => taken > 0 && perSecond >= 0.95 * (rest.perSecond ?? Number.POSITIVE_INFINITY)
  }
  return { title: 'Single postings beside the job of the hash chain', figures: [rest, busy] }
}

/** The service's own cron starts the job at each full minute: waits until so many seconds are free of it. */
async function betweenRuns(seconds: number): Promise<void> {
  const [afterSeconds, most] = [4, 55]
  if (seconds > most - afterSeconds) return
  while (new Date().getSeconds() < afterSeconds || new Date().getSeconds() + seconds > most) await sleep(200)
}

function mean(name: string, figures: Figure[]): Figure {
  const failed = figures.find((figure) => figure.failed)?.failed
  if (failed) return { name, failed }
  const of = (what: 'perSecond' | 'p50' | 'p99' | 'service' | 'database' | 'load') =>
    figures.reduce((sum, figure) => sum + (figure[what] ?? Number.NaN), 0) / figures.length
  return {
    name,
    perSecond: of('perSecond'),
    p50: of('p50'),
    p99: of('p99'),
    service: of('service'),
    database: of('database'),
    load: of('load')
  }
}
