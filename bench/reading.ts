import { inTimebank } from '../src/db/client.ts'
import { encodeCursor } from '../src/http/page.ts'
import { openAccounts } from '../src/modules/ledger/index.ts'
import { systemActor } from '../src/shared/actor.ts'
import { makeTown, type Town } from '../test/support/town.ts'
import { findFunction } from './books.ts'
import type { Ground } from './ground.ts'
import { httpFigure } from './http-figure.ts'
import { inProcess } from './load/process.ts'
import type { SqlJob, SqlResult } from './load/sql.ts'
import { request } from './load/template.ts'
import type { Options } from './options.ts'
import { type Figure, latencyBelow, measuredAtMost, perSecondAtLeast, type Section } from './report.ts'

/** One of a thousand accounts has a tenth of all lines' transfers: 100,000 of 1,000,000. */
const others = 999
const share = 0.1

/** A timebank with a long history, and what it takes to read it. */
export async function readingFigures(ground: Ground, options: Options): Promise<Section> {
  const policy = { memberFloorSoft: null, memberFloorHard: null, memberCeilingSoft: null }
  const town = await makeTown(ground.database, ground.service.url, { slug: 'oldtown', members: 1, policy })
  const filling = await fill(ground, options, town)
  const member = town.members[0]!
  const { rows } = await ground.owner.query<{ version: number }>(
    'SELECT version FROM ledger.accounts WHERE timebank_id = $1 AND id = $2',
    [town.timebankId, member.accountId]
  )
  const lines = rows[0]!.version
  const home = `/v1/timebanks/${town.slug}`
  const statement = (query: string, list?: string[]) => [
    request({
      method: 'GET',
      path: (part) =>
        `${home}/accounts/${member.accountId}/statement?limit=50${query}` +
        (list ? part({ fill: 'any', list: 'cursors', width: list[0]!.length }) : ''),
      token: member.token
    })
  ]
  const cursors = Array.from({ length: 500 }, () =>
    // as many digits everywhere
    encodeCursor(['newest', Math.floor(lines * (0.2 + 0.8 * Math.random()))])
  ).filter((cursor, _, all) => cursor.length === all[0]!.length)
  const figures: Figure[] = [filling]
  const of = `50 of ${lines.toLocaleString('en')} lines, 32 connections`
  figures.push(
    await httpFigure(ground, options, {
      name: `a member's statement, newest page: ${of}`,
      connections: 32,
      aim: perSecondAtLeast(2000, 50),
      templates: statement('')
    }),
    await httpFigure(ground, options, {
      name: `a member's statement, any page: ${of}`,
      connections: 32,
      aim: perSecondAtLeast(2000, 50),
      lists: { cursors },
      templates: statement('&cursor=', cursors)
    })
  )
  const get = (where: string) => [request({ method: 'GET', path: () => `${home}/${where}`, token: town.broker.token })]
  const size = `at ${options.transfers.toLocaleString('en')} transfers`
  figures.push(
    await httpFigure(ground, options, {
      name: `trial balance ${size}`,
      connections: 1,
      aim: latencyBelow(null, 50),
      templates: get('trial-balance')
    }),
    await httpFigure(ground, options, {
      name: `verify ${size}`,
      connections: 1,
      warmSeconds: 0,
      seconds: 60,
      requests: 2,
      expect: '"sound":true',
      aim: latencyBelow(null, 10_000),
      templates: get('verify')
    }),
    await bytesPerTransfer(ground)
  )
  return { title: 'Reading', figures }
}

async function fill(ground: Ground, { transfers }: Options, town: Town): Promise<Figure> {
  const { database, owner, server } = ground
  const limits = { floorSoft: null, floorHard: null, ceilingSoft: null, ceilingHard: null }
  const [opened] = await inTimebank(database, town.timebankId, systemActor, (tx) =>
    openAccounts(
      tx,
      Array.from({ length: others }, () => ({ kind: 'member' as const, limits })),
      'for a measurement'
    )
  )
  const member = town.members[0]!.accountId
  if (opened !== member + 1) throw new Error('the accounts do not follow each other')
  const begun = performance.now()
  const { all } = await inProcess<SqlJob, SqlResult>('sql.ts', {
    url: server.url,
    clients: 2,
    warmSeconds: 0,
    seconds: 600,
    calls: transfers / 1000,
    work: {
      kind: 'postings',
      posting: await findFunction(owner, 'post_many'),
      size: 1000,
      timebanks: [town.timebankId],
      mixed: false,
      accounts: { first: member, count: others + 1 },
      hot: { account: member, share }
    }
  })
  const seconds = (performance.now() - begun) / 1000
  await owner.query('VACUUM ANALYZE ledger.transfers, ledger.accounts')
  return {
    name: `filled with ${all.toLocaleString('en')} transfers, batches of 1,000, 2 clients`,
    perSecond: all / seconds
  }
}

async function bytesPerTransfer({ owner }: Ground): Promise<Figure> {
  const { rows } = await owner.query<{ bytes: number; count: number; rows: number }>(
    `SELECT pg_total_relation_size('ledger.transfers') AS bytes, pg_table_size('ledger.transfers') AS rows,
            (SELECT count(*) FROM ledger.transfers) AS count`
  )
  const { bytes, count, rows: table } = rows[0]!
  return {
    name: `bytes of a transfer on disk, of ${count.toLocaleString('en')}`,
    value: `${Math.round(bytes / count)} (${Math.round(table / count)} without indexes)`,
    measured: bytes / count,
    aim: measuredAtMost(350, '≤ 350')
  }
}
