import pg from 'pg'
import type { Ground } from './ground.ts'
import { withProcessor } from './ground.ts'
import { inProcess } from './load/process.ts'
import type { SqlJob, SqlResult } from './load/sql.ts'
import { prepareTpcb } from './load/tpcb.ts'
import type { Options } from './options.ts'
import { fillTpcb, measurePgbench } from './pgbench.ts'
import type { Figure } from './report.ts'

/** More branches than clients, so that they seldom wait for one another. */
export const fairScale = 10

/** A database of its own on the same server, filled once; gives the measurement, to be taken several times. */
export async function makeReference(
  ground: Ground,
  program: string | null,
  { seconds, warmSeconds }: Options,
  scale = fairScale
): Promise<(when: string) => Promise<Figure>> {
  const name = `reference_${scale}`
  await ground.owner.query(`CREATE DATABASE ${name}`)
  const url = new URL(ground.server.url)
  url.pathname = `/${name}`
  if (program) await fillTpcb(program, ground.server, name, scale)
  else {
    const client = new pg.Client({ connectionString: url.href })
    await client.connect()
    await prepareTpcb(client, scale)
    await client.end()
  }
  const ours = () =>
    inProcess<SqlJob, SqlResult>('sql.ts', {
      url: url.href,
      clients: 8,
      warmSeconds: 0,
      seconds,
      work: { kind: 'tpcb', scale }
    }).then((result) => ({
      perSecond: result.done / result.seconds,
      all: result.all,
      load: result.processor / result.done
    }))
  if (program) await measurePgbench(program, ground.server, name, warmSeconds)
  return async (when) => {
    const { result, processor } = await withProcessor(ground, () =>
      program ? measurePgbench(program, ground.server, name, seconds) : ours()
    )
    return {
      name: `TPC-B, prepared, 8 clients, scale ${scale}, ${when}`,
      perSecond: result.perSecond,
      database: (processor.database / result.all) * 1000,
      load: result.load * 1000
    }
  }
}
