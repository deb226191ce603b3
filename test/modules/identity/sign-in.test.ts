import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parseOptions } from '@node-rs/argon2'
import { placeOf } from '../../../src/modules/identity/guesses.ts'
import { hashPassword, makeQueue, nobodysHash } from '../../../src/modules/identity/hashing.ts'
import type { Tokens } from '../../../src/modules/identity/index.ts'
import { DomainError } from '../../../src/shared/errors.ts'
import { goodPassword, makeWorld, median, type World } from './support.ts'

let world: World
before(async () => {
  world = await makeWorld('identity-sign-in')
})
after(() => world.close())

const attempt = (email: string, password: string, address?: string) =>
  world.call('POST', '/v1/auth/sign-in', { body: { email, password }, ...(address ? { address } : {}) })

test('a right password is answered with a pair of tokens that no cache keeps', async () => {
  await world.person('Right@Example.org', { password: goodPassword })
  const answer = await world.call<Tokens>('POST', '/v1/auth/sign-in', {
    body: { email: 'RIGHT@example.ORG', password: goodPassword }
  })
  assert.equal(answer.status, 200)
  assert.deepEqual(Object.keys(answer.body).sort(), [
    'accessToken',
    'expiresInSeconds',
    'refreshExpiresInSeconds',
    'refreshToken',
    'tokenType'
  ])
  assert.equal(answer.body.expiresInSeconds, 600)
  assert.equal(answer.body.refreshExpiresInSeconds, 2_592_000)
  assert.equal(answer.headers['cache-control'], 'no-store')
  const me = await world.call('GET', '/v1/me', { token: answer.body.accessToken })
  assert.equal(me.body['email'], 'right@example.org')
})

test('a password may be typed with composed or decomposed letters', async () => {
  await world.person('accents@example.org', { password: 'ŵylan fôr wen'.normalize('NFD') })
  assert.equal((await attempt('accents@example.org', 'ŵylan fôr wen'.normalize('NFC'))).status, 200)
})

test('wrong password, unknown account and account without password get the same answer in about the same time', async () => {
  const kinds: Record<string, string[]> = { wrong: [], unknown: [], without: [] }
  for (let i = 0; i < 3; i += 1) {
    await world.person(`wrong${i}@example.org`, { password: goodPassword })
    await world.person(`without${i}@example.org`)
    for (const [kind, emails] of Object.entries(kinds)) emails.push(`${kind}${i}@example.org`)
  }
  const times: Record<string, number[]> = { wrong: [], unknown: [], without: [] }
  const bodies = new Set<string>()
  for (let round = 0; round < 15; round += 1) {
    for (const [kind, emails] of Object.entries(kinds)) {
      const began = performance.now()
      const answer = await attempt(emails[round % 3] ?? '', 'not this one', `192.0.2.${round + 10}`)
      times[kind]?.push(performance.now() - began)
      const { instance, ...rest } = answer.body as { instance: string }
      bodies.add(JSON.stringify([answer.status, rest, instance.split('#')[0], Object.keys(answer.headers).sort()]))
    }
  }
  assert.equal(bodies.size, 1)
  assert.match([...bodies][0] ?? '', /401.*credentials-wrong/)
  const [wrong = 0, unknown = 0, without = 0] = Object.values(times).map(median)
  for (const other of [unknown, without]) {
    assert.ok(
      other > wrong * 0.6 && other < wrong * 1.7,
      `${wrong} ms for a wrong password, ${other} ms for no account`
    )
  }
})

test("nobody's hash costs what a real one costs", async () => {
  const cost = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 }
  for (const hash of [nobodysHash, await hashPassword(goodPassword)]) {
    const { algorithm, memoryCost, timeCost, parallelism } = parseOptions(hash)
    assert.deepEqual({ algorithm, memoryCost, timeCost, parallelism }, cost)
  }
})

for (const known of [true, false]) {
  test(`of 100 wrong guesses at the same moment at ${known ? 'an' : 'no'} account 10 are looked at`, async () => {
    const email = `parallel-${known}@example.org`
    if (known) await world.person(email, { password: goodPassword })
    const guesses = Array.from({ length: 100 }, (_, i) => attempt(email, `wrong guess ${i}`, `198.51.100.${i}`))
    const answers = await Promise.all(guesses)
    assert.equal(answers.filter((a) => a.status === 401).length, 10)
    const refused = answers.filter((a) => a.status === 429)
    assert.equal(refused.length, 90)
    assert.equal(refused[0]?.body['code'], 'too-many-guesses')
    const wait = Number(refused[0]?.headers['retry-after'])
    assert.ok(wait > 890 && wait <= 902, `waits ${wait} s`)
    assert.equal(
      (await attempt(email, goodPassword, '203.0.113.9')).status,
      429,
      'the right password is refused as well'
    )
  })
}

test('after the wait the right password is taken, and the next wait is twice as long', async () => {
  await world.person('waits@example.org', { password: goodPassword })
  const wrong = async (n: number) => {
    for (let i = 0; i < n; i += 1) await attempt('waits@example.org', 'wrong guess', `203.0.113.${i + 20}`)
  }
  await wrong(10)
  assert.equal((await attempt('waits@example.org', goodPassword)).status, 429)
  world.advance(15 * 60 + 1)
  await wrong(10)
  const refused = await attempt('waits@example.org', goodPassword)
  assert.equal(refused.status, 429)
  const wait = Number(refused.headers['retry-after'])
  assert.ok(wait > 1780 && wait <= 1802, `waits ${wait} s`)
  world.advance(30 * 60 + 1)
  assert.equal((await attempt('waits@example.org', goodPassword)).status, 200)
})

test("a right password sets the account's counter back", async () => {
  await world.person('resets@example.org', { password: goodPassword })
  for (let round = 0; round < 3; round += 1) {
    for (let i = 0; i < 9; i += 1)
      assert.equal((await attempt('resets@example.org', 'wrong guess', `203.0.113.${100 + i}`)).status, 401)
    assert.equal((await attempt('resets@example.org', goodPassword, '203.0.113.99')).status, 200)
  }
})

test('of 80 guesses at many accounts from one address 50 are looked at, and its own right password does not help', async () => {
  await world.person('own@example.org', { password: goodPassword })
  const place = (i: number) => `2001:db8:1:2::${(i + 1).toString(16)}`
  const first = Array.from({ length: 40 }, (_, i) => attempt(`many${i}@example.org`, 'wrong guess', place(i)))
  assert.ok((await Promise.all(first)).every((a) => a.status === 401))
  assert.equal((await attempt('own@example.org', goodPassword, place(50))).status, 200)
  const second = Array.from({ length: 40 }, (_, i) =>
    attempt(`many${40 + i}@example.org`, 'wrong guess', place(60 + i))
  )
  const answers = await Promise.all(second)
  assert.equal(answers.filter((a) => a.status === 401).length, 10)
  assert.equal(answers.filter((a) => a.status === 429).length, 30)
  assert.equal(
    (await attempt('own@example.org', goodPassword, '2001:db8:1:3::1')).status,
    200,
    'others are not hindered'
  )
})

test('an IPv6 address counts as its /64, and a mapped IPv4 address as itself', () => {
  assert.equal(placeOf('2001:DB8:0:1::5'), '2001:db8:0:1::/64')
  assert.equal(placeOf('2001:db8:0:1:ffff:ffff:ffff:ffff'), '2001:db8:0:1::/64')
  assert.equal(placeOf('2001:db8::1'), '2001:db8:0:0::/64')
  assert.equal(placeOf('fe80::1%eth0'), 'fe80:0:0:0::/64')
  assert.equal(placeOf('::1'), '0:0:0:0::/64')
  assert.equal(placeOf('::ffff:192.0.2.7'), '192.0.2.7')
  assert.equal(placeOf('192.0.2.7'), '192.0.2.7')
})

test('hashing beyond the line of those who wait is refused with 503', async () => {
  const queue = makeQueue(2, 3)
  let running = 0
  let most = 0
  const work = () =>
    queue(async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setTimeout(resolve, 5))
      running -= 1
    })
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, work))
  assert.equal(outcomes.filter((o) => o.status === 'fulfilled').length, 5)
  const refused = outcomes.filter((o) => o.status === 'rejected')
  assert.ok(refused.every((o) => o.reason instanceof DomainError && o.reason.status === 503))
  assert.equal(most, 2)
  await work()
})

test('malformed requests are told every fault', async () => {
  const answer = await world.call('POST', '/v1/auth/sign-in', { body: { email: 'nobody', passwort: 'x' } })
  assert.equal(answer.status, 400)
  const pointers = (answer.body['errors'] as { pointer: string }[]).map((e) => e.pointer).sort()
  assert.deepEqual(pointers, ['/email', '/password', '/passwort'])
})
