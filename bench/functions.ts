import { findFunction, makeBooks } from './books.ts'
import { type Ground, withProcessor } from './ground.ts'
import type { PostingsWork } from './load/postings.ts'
import { inProcess } from './load/process.ts'
import type { SqlJob, SqlResult } from './load/sql.ts'
import type { Options } from './options.ts'
import { type Measured, measurePgbench } from './pgbench.ts'
import { type Figure, type Section, times } from './report.ts'

const first = 3
const count = 10_000

/** The posting functions by themselves, as the role of the service, without HTTP. */
export async function functionFigures(
  ground: Ground,
  program: string | null,
  { seconds, warmSeconds }: Options
): Promise<Section> {
  const { database, owner, server } = ground
  const big = await makeBooks(database, count)
  const hundred: string[] = []
  for (let i = 0; i < 100; i += 1) hundred.push(await makeBooks(database, 200))
  await owner.query('VACUUM ANALYZE ledger.accounts')
  const [one, many] = [await findFunction(owner, 'post_one'), await findFunction(owner, 'post_many')]

  const load = (clients: number, work: Omit<PostingsWork, 'kind'>) =>
    inProcess<SqlJob, SqlResult>('sql.ts', {
      url: server.url,
      clients,
      warmSeconds,
      seconds,
      work: { kind: 'postings', ...work }
    }).then(({ done, all, seconds, processor }) => ({ perSecond: done / seconds, all, load: processor / done }))
  const inBig = { timebanks: [big], mixed: false, accounts: { first, count } }
  const inHundred = { timebanks: hundred, accounts: { first, count: 200 } }
  const hot = { hot: { account: first, share: 1 } }

  const oneAtATime = (hotAccount?: number) =>
    program
      ? measurePgbench(program, server, server.connection.database, seconds + warmSeconds, {
          text: script(big, one.parameters, hotAccount),
          options: `-c role=commonhours_service -c TimeZone=UTC -c commonhours.timebank=${big}`
        })
      : load(8, { posting: one, size: 1, ...inBig, ...(hotAccount ? hot : {}) })

  const figures: Figure[] = []
  const take = async (figure: Pick<Figure, 'name' | 'aim'>, work: () => Promise<Measured>): Promise<void> => {
    const { result, processor } = await withProcessor(ground, work)
    figures.push({
      ...figure,
      perSecond: result.perSecond,
      database: (processor.database / result.all) * 1000,
      load: result.load * 1000
    })
  }
  await take({ name: 'one at a time, 8 clients', aim: times(1.3) }, () => oneAtATime())
  await take({ name: 'one at a time on one hot account, 8 clients' }, () => oneAtATime(first))
  const batches = { posting: many, size: 100 }
  await take({ name: 'batches of 100, each for one of 100 timebanks, 8 clients', aim: times(12) }, () =>
    load(8, { ...batches, ...inHundred, mixed: false })
  )
  await take({ name: 'batches of 100 that mix 100 timebanks, 8 clients' }, () =>
    load(8, { ...batches, ...inHundred, mixed: true })
  )
  await take({ name: 'batches of 100 in one timebank, 2 clients', aim: times(5) }, () =>
    load(2, { ...batches, ...inBig })
  )
  await take({ name: 'batches of 100 on one hot account, 8 clients', aim: times(6) }, () =>
    load(8, { ...batches, ...inBig, ...hot })
  )
  const driver = program ? 'one at a time by pgbench, batches by a process of ours' : 'by a process of ours'
  return { title: `Posting functions (${driver})`, figures }
}

/** One call for pgbench, with accounts and minutes drawn by it. */
export function script(timebank: string, parameters: { name: string; type: string }[], hot?: number): string {
  const values: Record<string, string> = {
    p_timebank: `'${timebank}'`,
    p_actor: `'00000000-0000-7000-8000-000000000000'`,
    p_id: 'uuidv7()',
    p_operation: '1',
    p_debit: ':debit',
    p_credit: ':credit',
    p_minutes: ':minutes',
    p_kind: '1',
    p_performed_on: `'2026-01-15'`,
    p_fingerprint: ':print',
    p_force: 'false',
    p_source: '2',
    p_keep: 'true'
  }
  const list = parameters.map(({ name, type }) => {
    const value = values[name] ?? 'NULL'
    // pgbench's own variables become parameters, of the function's types
    return value.startsWith(':') || value === 'NULL' ? value : `${value}::${type}`
  })
  return `\\set debit ${hot ?? `random(${first}, ${first + count - 1})`}
\\set credit ${first} + (:debit - ${first} + random(1, ${count - 1})) % ${count}
\\set minutes random(1, 240)
\\set print random(1, 9000000000000000)
SELECT code FROM ledger.post_one(${list.join(', ')});
`
}
