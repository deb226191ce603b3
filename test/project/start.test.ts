import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeDatabase } from '../support/database.ts'
import { type Checkout, copyCheckout, plainEnvironment, type Running, run, start } from './checkout.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by the tests, which know their shape
type Json = any

const limit = { timeout: 60_000 }
const adminBody = { name: 'Ada Admin', email: 'ada@example.org', password: 'correct horse battery staple' }

let checkout: Checkout
before(async () => {
  checkout = copyCheckout('start')
  const built = await run(checkout.folder, 'npm', ['run', 'build'])
  assert.equal(built.code, 0, built.output)
})
after(() => checkout.remove())

/** A data folder for one test, and what was started there, ended whatever happens. */
async function inDataFolder(
  work: (serve: (more?: Record<string, string>) => Running, data: string) => Promise<void>
): Promise<void> {
  const data = mkdtempSync(path.join(os.tmpdir(), 'commonhours-data-'))
  const started: Running[] = []
  const serve = (more: Record<string, string> = {}) => {
    const env = plainEnvironment({ PORT: '0', COMMONHOURS_DATA: data, ...more })
    const service = start(checkout.folder, process.execPath, ['dist/src/server.js'], env)
    started.push(service)
    return service
  }
  try {
    await work(serve, data)
  } finally {
    for (const service of started) await service.stop()
    // where the service was killed and not started again
    const orphan = databasePid(data)
    if (orphan) await kill(orphan)
    rmSync(data, { recursive: true, force: true, maxRetries: 5 })
  }
}

const addressOf = async (service: Running): Promise<string> => (await service.said(/ready at (http\S+)/))[1]!
const codeOf = async (service: Running): Promise<string> =>
  (await service.said(/^ +((?:[0-9A-Z]{5}-){3}[0-9A-Z]{5})$/m))[1]!

/** The process of the bundled database in this folder, while there is one. */
function databasePid(data: string): number | null {
  const file = path.join(data, 'postgres', 'postmaster.pid')
  if (!existsSync(file)) return null
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0])
  return alive(pid) ? pid : null
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // a zombie has ended; nobody has asked yet how
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

async function kill(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL')
  while (alive(pid)) await sleep(10)
}

async function call(
  url: string,
  method: string,
  where: string,
  token: string,
  body?: unknown,
  key: string = randomUUID()
): Promise<Json> {
  const answer = await fetch(`${url}${where}`, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(method === 'POST' ? { 'idempotency-key': key } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' })
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${answer.status} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

const setUpBody = (code: string) => ({
  code,
  timebank: { name: 'Rivertown Timebank', slug: 'rivertown' },
  admin: adminBody
})

async function signIn(url: string): Promise<string> {
  const { email, password } = adminBody
  return (await call(url, 'POST', '/v1/auth/sign-in', '', { email, password })).accessToken
}

test(
  'npm start makes a database, listens on this machine only, prints the one-time code, and ends on SIGTERM',
  limit,
  async () => {
    const data = mkdtempSync(path.join(os.tmpdir(), 'commonhours-data-'))
    const env = plainEnvironment({ PORT: '0', COMMONHOURS_DATA: data })
    const once = async (work: (url: string, service: Running) => Promise<void>) => {
      const service = start(checkout.folder, 'npm', ['start'], env)
      try {
        const url = await addressOf(service)
        assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
        await work(url, service)
        service.signal('SIGTERM')
        for (let waited = 0; databasePid(data) !== null; waited += 50) {
          assert.ok(waited < 10_000, 'SIGTERM to npm does not end the service')
          await sleep(50)
        }
      } finally {
        await service.stop()
      }
    }
    try {
      let first = ''
      await once(async (url, service) => {
        first = await codeOf(service)
        assert.equal((await call(url, 'GET', '/readyz', '')).status, 'ok')
        const outside = Object.values(os.networkInterfaces())
          .flat()
          .find((each) => each && !each.internal && each.family === 'IPv4')
        if (outside) await assert.rejects(fetch(`http://${outside.address}:${new URL(url).port}/livez`))
      })
      await once(async (url, service) => {
        const second = await codeOf(service)
        assert.notEqual(second, first)
        await assert.rejects(call(url, 'POST', '/v1/setup', '', setUpBody(first)), /setup-code-wrong/)
        await call(url, 'POST', '/v1/setup', '', setUpBody(second))
      })
      await once(async (url, service) => {
        assert.doesNotMatch(service.output(), /one-time code/)
        await signIn(url)
      })
    } finally {
      const orphan = databasePid(data)
      if (orphan) await kill(orphan)
      rmSync(data, { recursive: true, force: true, maxRetries: 5 })
    }
  }
)

test('SIGTERM lets a request that is under way finish, and takes no further ones', limit, () =>
  inDataFolder(async (serve) => {
    const service = serve()
    const url = new URL(await addressOf(service))
    const body = JSON.stringify(setUpBody(await codeOf(service)))
    const socket = net.connect(Number(url.port), url.hostname)
    let answer = ''
    socket.on('data', (chunk) => (answer += chunk))
    const closed = new Promise((resolve) => socket.on('close', resolve))
    const head = [
      'POST /v1/setup HTTP/1.1',
      `Host: ${url.host}`,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`
    ]
    socket.write(`${head.join('\r\n')}\r\n\r\n${body.slice(0, 40)}`)
    await sleep(300)
    service.signal('SIGTERM')
    await service.said(/stopping/)
    await sleep(300)
    await assert.rejects(fetch(new URL('/livez', url), { headers: { connection: 'close' } }))
    socket.write(body.slice(40))
    await closed
    assert.match(answer, /^HTTP\/1\.1 201 /)
    assert.equal(await service.ended, 0)
    // it was not only answered: it is kept
    await signIn(await addressOf(serve()))
  })
)

const killed: Record<string, (service: Running, data: string) => Promise<void>> = {
  'the service': (service) => kill(service.pid),
  'the database': (_service, data) => kill(databasePid(data)!),
  'the database and the service': async (service, data) => {
    const pid = databasePid(data)!
    process.kill(service.pid, 'SIGKILL')
    await kill(pid)
  }
}

for (const [what, strike] of Object.entries(killed))
  test(
    `kill -9 of ${what} loses nothing that was acknowledged, and repeats with the same keys double nothing`,
    limit,
    () =>
      inDataFolder(async (serve, data) => {
        const service = serve({ LOG_LEVEL: 'fatal', RATE_LIMIT: '1000000' })
        const url = await addressOf(service)
        await call(url, 'POST', '/v1/setup', '', setUpBody(await codeOf(service)))
        const books = await open(url)
        const writers = books.pairs.map((pair) => books.write(pair))
        while (books.acknowledged.size < 40) await sleep(5)
        await strike(service, data)
        books.stop()
        await Promise.all(writers)
        service.signal('SIGTERM')
        await service.ended

        const again = await addressOf(serve({ LOG_LEVEL: 'fatal', RATE_LIMIT: '1000000' }))
        const token = await signIn(again)
        for (const id of books.acknowledged.values())
          assert.equal((await call(again, 'GET', `${books.path}/exchanges/${id}`, token)).status, 'settled')
        for (const [key, body] of books.sent) {
          const { id } = await call(again, 'POST', `${books.path}/exchanges/records`, token, body, key)
          assert.equal(id, books.acknowledged.get(key) ?? id)
        }
        const balance = await call(again, 'GET', `${books.path}/trial-balance`, token)
        assert.equal(balance.balanced, true)
        assert.equal(balance.sum.debitsMinutes, books.sent.size * 15)
        assert.deepEqual(await call(again, 'GET', `${books.path}/verify`, token), { sound: true, problems: [] })
      })
  )

/** Members in pairs who exchange quarters of an hour to and fro, as fast as the service takes them. */
async function open(url: string) {
  const where = '/v1/timebanks/rivertown'
  const token = await signIn(url)
  const member = async (name: string): Promise<string> =>
    (
      await call(url, 'POST', `${where}/members`, token, {
        displayName: name,
        status: 'active',
        screeningDone: { references: 2, interview: 'in_person' }
      })
    ).id
  const { items } = await call(url, 'GET', `${where}/categories`, token)
  const category = items.find((each: Json) => each.risk === 'low').id
  const pairs: [string, string][] = []
  for (const n of [1, 2, 3, 4]) pairs.push([await member(`Provider ${n}`), await member(`Receiver ${n}`)])
  const sent = new Map<string, unknown>()
  const acknowledged = new Map<string, string>()
  let going = true
  const write = async ([one, other]: [string, string]): Promise<void> => {
    for (let n = 0; going; n += 1) {
      const [provider, receiver] = n % 2 === 0 ? [one, other] : [other, one]
      const body = {
        provider: { memberId: provider },
        receiver: { memberId: receiver },
        categoryId: category,
        minutes: 15,
        performedOn: '2026-01-05'
      }
      const key = randomUUID()
      sent.set(key, body)
      try {
        acknowledged.set(key, (await call(url, 'POST', `${where}/exchanges/records`, token, body, key)).id)
      } catch {
        return
      }
    }
  }
  return { path: where, pairs, sent, acknowledged, write, stop: () => (going = false) }
}

test('with DATABASE_URL no database of its own is started', limit, async () => {
  const { url: databaseUrl, drop } = await makeDatabase('start')
  try {
    await inDataFolder(async (serve, data) => {
      const service = serve({ DATABASE_URL: databaseUrl })
      const url = await addressOf(service)
      await call(url, 'POST', '/v1/setup', '', setUpBody(await codeOf(service)))
      assert.ok(!existsSync(path.join(data, 'postgres')))
    })
  } finally {
    await drop()
  }
})

test('variables with wrong values stop the start with their names and what is expected', limit, () =>
  inDataFolder(async (serve, data) => {
    const service = serve({ PORT: 'eighty', LOG_LEVEL: 'loud', DATABASE_URL: 'mysql://localhost/hours' })
    assert.equal(await service.ended, 1)
    const output = service.output()
    for (const name of ['PORT', 'LOG_LEVEL', 'DATABASE_URL']) assert.match(output, new RegExp(`^  ${name}: .+`, 'm'))
    assert.match(output, /an address that begins with postgres:\/\//)
    assert.doesNotMatch(output, /^ +at /m)
    assert.ok(!existsSync(path.join(data, 'postgres')))
  })
)

test('a database that cannot be reached stops the start with a plain word', limit, () =>
  inDataFolder(async (serve) => {
    const service = serve({ DATABASE_URL: 'postgres://commonhours:secret-word@127.0.0.1:1/commonhours' })
    assert.equal(await service.ended, 1)
    assert.match(service.output(), /ECONNREFUSED/)
    assert.doesNotMatch(service.output(), /secret-word|^ +at /m)
  })
)
