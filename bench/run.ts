/**
 * Measures the paths that people wait for, each beside a reference taken in the same run on the same server: the plain SQL
 * of two balance updates and one insert, prepared, from eight connections. Prints a Markdown table with ratios.
 *
 *     npm run bench            about two minutes
 *     npm run bench -- 2       seconds for each figure
 */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import autocannon from 'autocannon'
import pg from 'pg'
import { findEmbedded } from '../src/db/embedded.ts'
import { freePort, mailedCode, startService } from '../test/support/process.ts'

const seconds = Number(process.argv[2] ?? 5)
const data = mkdtempSync(path.join(os.tmpdir(), 'commonhours-bench-'))
const port = await freePort()
const url = `http://127.0.0.1:${port}`
const home = `${url}/v1/timebanks/rivertown`
const rows: [figure: string, perSecond: number, p99: number | null][] = []

const service = await startService(data, port, { DATABASE_POOL: '16' })
try {
  const world = await prepare()
  rows.push(['reference: plain SQL, 8 connections', await reference(), null])
  const record = (i: number) => ({
    provider: { memberId: world.members[i % world.members.length] },
    receiver: { memberId: world.members[(i + 7) % world.members.length] },
    categoryId: world.categoryId,
    minutes: 15,
    performedOn: '2026-01-15'
  })
  for (const connections of [1, 8, 32])
    await load(`record an exchange over HTTP, ${connections} connections`, connections, world.token, (i) => ({
      method: 'POST',
      path: '/v1/timebanks/rivertown/exchanges/records',
      body: JSON.stringify(record(i))
    }))
  const reads: [string, string][] = [
    ['a page of a statement', `accounts/${world.account}/statement?limit=50`],
    ['a page of exchanges', 'exchanges?limit=50'],
    ['a page of members', 'members?limit=50'],
    ['search in offers', 'offers?q=gardn'],
    ['trial balance', 'trial-balance']
  ]
  for (const [name, where] of reads)
    await load(`${name}, 8 connections`, 8, world.token, () => ({
      method: 'GET',
      path: `/v1/timebanks/rivertown/${where}`
    }))
  print()
} finally {
  service.child.kill('SIGTERM')
  await service.exited
  rmSync(data, { recursive: true, force: true })
}

// biome-ignore lint/suspicious/noExplicitAny: answers of the API, whose shape is known here
type Json = any

async function send(where: string, body: unknown, token?: string): Promise<Json> {
  const answer = await fetch(where, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
      ...(token ? { authorization: `Bearer ${token}` } : {})
    },
    body: JSON.stringify(body)
  })
  if (!answer.ok) throw new Error(`${where}: ${answer.status} ${await answer.text()}`)
  const text = await answer.text()
  return text === '' ? undefined : JSON.parse(text)
}

/** A timebank with two hundred members and as many offers, and a broker who records. */
async function prepare(): Promise<{ token: string; members: string[]; account: number; categoryId: string }> {
  const code = /\b(?:[0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}\b/.exec(service.output())![0]
  const email = 'ada@example.org'
  await send(`${url}/v1/setup`, {
    code,
    timebank: { name: 'Rivertown', slug: 'rivertown' },
    admin: { name: 'Ada', email, password: 'correct horse battery' }
  })
  await send(`${url}/v1/auth/links`, { email })
  const token = (await send(`${url}/v1/auth/links/redeem`, { token: await mailedCode(data, email) })).accessToken
  const get = async (where: string): Promise<Json> =>
    (await fetch(`${home}/${where}`, { headers: { authorization: `Bearer ${token}` } })).json()
  const policy = await get('policy')
  await fetch(`${home}/policy`, {
    method: 'PATCH',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'if-match': `"${policy.version}"`
    },
    body: JSON.stringify({
      rules: { memberFloorSoft: null, memberFloorHard: null, memberCeilingSoft: null },
      why: 'No limit for the measurement'
    })
  })
  const categoryId = (await get('categories/gardening')).id
  const members: string[] = []
  let account = 0
  for (let i = 0; i < 200; i += 1) {
    const member = await send(
      `${home}/members`,
      { displayName: `Member ${i}`, status: 'active', screeningDone: { references: 2, interview: 'in_person' } },
      token
    )
    members.push(member.id)
    account = member.accountId
    await send(
      `${home}/offers`,
      { memberId: member.id, categoryId, title: `Gardening ${i}`, mode: 'do', setting: 'outdoors', open: true },
      token
    )
  }
  return { token, members, account, categoryId }
}

/** What the database does on this machine when nothing else is asked of it. */
async function reference(): Promise<number> {
  const server = await findEmbedded(path.join(data, 'postgres'))
  const pool = new pg.Pool({ connectionString: server!.url, max: 8 })
  await pool.query(`CREATE SCHEMA bench; CREATE TABLE bench.balances (id integer PRIMARY KEY, minutes bigint NOT NULL) WITH (fillfactor = 50);
    CREATE TABLE bench.moves (id uuid PRIMARY KEY, debit integer, credit integer, minutes integer, at timestamptz);
    INSERT INTO bench.balances SELECT i, 0 FROM generate_series(1, 200) i`)
  const end = Date.now() + seconds * 1000
  let done = 0
  const client = async (n: number) => {
    const connection = await pool.connect()
    for (let i = n; Date.now() < end; i += 1) {
      const [low, high] = [1 + (i % 100), 101 + ((i * 7) % 100)]
      await connection.query('BEGIN')
      await connection.query({
        name: 'move',
        text: 'UPDATE bench.balances SET minutes = minutes - 15 WHERE id = $1',
        values: [low]
      })
      await connection.query({
        name: 'take',
        text: 'UPDATE bench.balances SET minutes = minutes + 15 WHERE id = $1',
        values: [high]
      })
      await connection.query({
        name: 'note',
        text: 'INSERT INTO bench.moves VALUES (gen_random_uuid(), $1, $2, 15, now())',
        values: [low, high]
      })
      await connection.query('COMMIT')
      done += 1
    }
    connection.release()
  }
  await Promise.all(Array.from({ length: 8 }, (_, n) => client(n * 13)))
  await pool.query('DROP SCHEMA bench CASCADE')
  await pool.end()
  return done / seconds
}

type Request = { method: 'GET' | 'POST'; path: string; body?: string }

async function load(name: string, connections: number, token: string, next: (i: number) => Request): Promise<void> {
  let i = 0
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    requests: [
      {
        setupRequest: (request) => ({
          ...request,
          ...next(++i),
          headers: {
            authorization: `Bearer ${token}`,
            'content-type': 'application/json',
            'idempotency-key': randomUUID()
          }
        })
      }
    ]
  })
  if (result.non2xx + result.errors > 0) throw new Error(`${name}: ${result.non2xx} refusals, ${result.errors} errors`)
  rows.push([name, result.requests.average, result.latency.p99])
}

function print(): void {
  const base = rows[0]![1]
  const lines = rows.map(
    ([name, perSecond, p99]) =>
      `| ${name} | ${Math.round(perSecond)} | ${(perSecond / base).toFixed(2)} | ${p99 === null ? '' : `${p99} ms`} |`
  )
  process.stdout.write(
    `\nnode ${process.version}, ${os.cpus().length} × ${os.cpus()[0]?.model.trim()}, ${seconds} s each\n\n` +
      `| figure | per second | ratio | p99 |\n|---|---:|---:|---:|\n${lines.join('\n')}\n`
  )
}
