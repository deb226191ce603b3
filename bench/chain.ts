import pg from 'pg'
import { gifts } from './gifts.ts'
import type { Ground } from './ground.ts'
import { httpFigure } from './http-figure.ts'
import type { Options } from './options.ts'
import type { Figure, Section } from './report.ts'

const connections = 64

/**
 * Postings while the job of the hash chain works, once a second instead of once a minute, and while it is kept from the
 * chain; in turns, so that what else the machine does falls on both.
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
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const lists = { members: town.members.map(({ id }) => id) }
  const load = () => httpFigure(ground, options, { name: '', connections, templates: gifts(town), lists })

  await load()

  const still: Figure[] = []
  const working: Figure[] = []
  let taken = 0
  for (const works of [false, true, true, false]) {
    if (!works) {
      still.push(await withLockedChain(ground, load))
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

/** The job passes over a chain whose row is locked. */
async function withLockedChain<T>({ server, town }: Ground, work: () => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  try {
    await client.query('BEGIN')
    await client.query('SELECT FROM ledger.chains WHERE timebank_id = $1 FOR UPDATE', [town.timebankId])
    return await work()
  } finally {
    await client.end()
  }
}

function mean(name: string, figures: Figure[]): Figure {
  const failed = figures.find((figure) => figure.failed)?.failed
  if (failed) return { name, failed }
  const of = (what: 'perSecond' | 'p50' | 'p99' | 'service' | 'database') =>
    figures.reduce((sum, figure) => sum + (figure[what] ?? Number.NaN), 0) / figures.length
  return {
    name,
    perSecond: of('perSecond'),
    p50: of('p50'),
    p99: of('p99'),
    service: of('service'),
    database: of('database')
  }
}
