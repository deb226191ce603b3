import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { databasePid, freePort, mailedCode, type Running, startService } from '../support/process.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by the test, which knows their shape
type Json = any

const data = mkdtempSync(path.join(os.tmpdir(), 'commonhours-retries-'))
let service: Running | undefined

after(async () => {
  service?.child.kill('SIGTERM')
  await service?.exited
  rmSync(data, { recursive: true, force: true })
})

const flows = 500

/** Sends until there is an answer that stands: a client on a bad line, with one key for all its tries. */
async function insist(url: string, token: string, body: unknown): Promise<{ status: number; body: Json }> {
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'idempotency-key': randomUUID()
  }
  for (let tries = 0; ; tries += 1) {
    assert.ok(tries < 400, `no answer from ${url}`)
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(10_000)
      })
      const content: Json = await answer.json()
      const passing = answer.status >= 500 || content.code === 'idempotency-key-in-use'
      // now and then the answer is lost on the way, or the user presses twice
      if (!passing && Math.random() > 0.15) return { status: answer.status, body: content }
    } catch {
      // not reachable now
    }
    await sleep(20 + Math.random() * 150)
  }
}

/** The pid file may be that of the server killed before, until the next one has started. */
async function killDatabase(): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    try {
      process.kill(databasePid(data), 'SIGKILL')
      return
    } catch {
      await sleep(50)
    }
  }
  throw new Error(`the database server did not come back: ${service?.output().slice(-3000)}`)
}

test('500 exchanges at once with retries, and kill -9 of service and database in between: none lost, none doubled', async () => {
  const port = await freePort()
  service = await startService(data, port)
  const url = `http://127.0.0.1:${port}`
  const home = `${url}/v1/timebanks/rivertown`
  const code = /\b(?:[0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}\b/.exec(service.output())![0]
  const plain = async (where: string, body: unknown, token?: string): Promise<Json> => {
    const answer = await fetch(where, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': randomUUID(),
        ...(token ? { authorization: `Bearer ${token}` } : {})
      },
      body: JSON.stringify(body)
    })
    assert.ok(answer.ok, `${where}: ${answer.status} ${await answer.clone().text()}`)
    return answer.json().catch(() => undefined)
  }
  const admin = { name: 'Ada', email: 'ada@example.org', password: 'correct horse battery' }
  await plain(`${url}/v1/setup`, { code, timebank: { name: 'Rivertown', slug: 'rivertown' }, admin })
  const { accessToken } = await plain(`${url}/v1/auth/sign-in`, { email: admin.email, password: admin.password })
  const get = async (where: string): Promise<Json> =>
    (await fetch(`${home}/${where}`, { headers: { authorization: `Bearer ${accessToken}` } })).json()

  const members: { id: string; accountId: number; token: string; expected: number }[] = []
  for (let i = 0; i < 6; i += 1) {
    const email = `m${i}@example.org`
    const added = await plain(
      `${home}/members`,
      { displayName: `Member ${i}`, email, status: 'active', screeningDone: { references: 2, interview: 'in_person' } },
      accessToken
    )
    await plain(`${url}/v1/auth/links`, { email })
    const tokens = await plain(`${url}/v1/auth/links/redeem`, { token: await mailedCode(data, email) })
    members.push({ id: added.id, accountId: added.accountId, token: tokens.accessToken, expected: 0 })
  }
  const categoryId = (await get('categories/uncategorised')).id
  const outcomes = { settled: 0, reversed: 0, refused: 0 }

  const flow = async (n: number): Promise<void> => {
    const provider = members[n % 6]!
    const receiver = members[(n + 1 + (n % 5)) % 6]!
    const proposed = await insist(`${home}/exchanges`, provider.token, {
      provider: { memberId: provider.id },
      receiver: { memberId: receiver.id },
      categoryId,
      minutes: 15,
      description: `flow ${n}`
    })
    assert.equal(proposed.status, 201, JSON.stringify(proposed.body))
    const at = `${home}/exchanges/${proposed.body.id}`
    assert.equal((await insist(`${at}/agreement`, receiver.token, {})).status, 200)
    assert.equal((await insist(`${at}/report`, provider.token, { minutes: 15, performedOn: '2026-01-15' })).status, 200)
    const confirmed = await insist(`${at}/confirmation`, receiver.token, {})
    if (confirmed.status === 422) {
      outcomes.refused += 1
      return
    }
    assert.equal(confirmed.status, 200, JSON.stringify(confirmed.body))
    if (n % 3 === 0) {
      const reversed = await insist(`${at}/reversal`, accessToken, { reason: 'Every third one' })
      assert.equal(reversed.status, 200, JSON.stringify(reversed.body))
      outcomes.reversed += 1
      return
    }
    outcomes.settled += 1
    provider.expected += 15
    receiver.expected -= 15
  }

  const all = Promise.all(Array.from({ length: flows }, (_, n) => flow(n)))
  let over = false
  all.finally(() => (over = true)).catch(() => {})
  for (const victims of ['service', 'database', 'both']) {
    await sleep(1500)
    if (over) break
    const running: Running = service
    if (victims !== 'service') await killDatabase()
    // a service that lives starts its database again by itself
    if (victims === 'database') continue
    running.child.kill('SIGKILL')
    await running.exited
    service = await startService(data, port)
  }
  await all

  assert.equal(outcomes.settled + outcomes.reversed + outcomes.refused, flows)
  let listed = 0
  for (let next: string | null = ''; next !== null; ) {
    const page: Json = await get(`exchanges?limit=200${next ? `&cursor=${next}` : ''}`)
    listed += page.items.length
    next = page.next
  }
  assert.equal(listed, flows, 'as many exchanges as were proposed')
  for (const member of members)
    assert.equal((await get(`accounts/${member.accountId}`)).balanceMinutes, member.expected)
  assert.deepEqual(await get('verify'), { sound: true, problems: [] })
  const { sum } = await get('trial-balance')
  assert.equal(sum.balanceMinutes, 0)
})
