import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { purgeExpired, type Tokens } from '../../../src/modules/identity/index.ts'
import { goodPassword, makeWorld, type World } from './support.ts'

let world: World
before(async () => {
  world = await makeWorld('identity-sessions')
  for (const who of ['one', 'two', 'three']) await world.person(`${who}@example.org`, { password: goodPassword })
})
after(() => world.close())

const refresh = (refreshToken: string, key?: string) =>
  world.call<Tokens>('POST', '/v1/auth/refresh', {
    body: { refreshToken },
    ...(key === undefined ? {} : { headers: { 'idempotency-key': key } })
  })
const me = async (token: string) => (await world.call('GET', '/v1/me', { token })).status

test('a refresh token is taken for a new pair, again and again', async () => {
  let tokens = await world.signIn('one@example.org')
  const seen = new Set([tokens.refreshToken])
  for (let i = 0; i < 4; i += 1) {
    world.advance(20 * 86_400)
    assert.equal(await me(tokens.accessToken), 401, 'the access token has expired')
    const answer = await refresh(tokens.refreshToken)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['cache-control'], 'no-store')
    tokens = answer.body
    assert.equal(await me(tokens.accessToken), 200)
    seen.add(tokens.refreshToken)
  }
  assert.equal(seen.size, 5)
})

test('a refresh token that is used a second time ends the session with all that came of it', async () => {
  const first = await world.signIn('one@example.org')
  const other = await world.signIn('one@example.org')
  const second = (await refresh(first.refreshToken)).body
  const third = (await refresh(second.refreshToken)).body
  assert.equal(await me(third.accessToken), 200)
  const again = await refresh(first.refreshToken)
  assert.equal(again.status, 401)
  assert.equal((again.body as unknown as { code: string }).code, 'refresh-token-invalid')
  for (const { accessToken, refreshToken } of [first, second, third]) {
    assert.equal(await me(accessToken), 401)
    assert.equal((await refresh(refreshToken)).status, 401)
  }
  assert.equal(await me(other.accessToken), 200, 'other sessions go on')
})

test('of ten uses of a refresh token at the same moment one is answered, and the session ends', async () => {
  const { refreshToken } = await world.signIn('one@example.org')
  const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(refreshToken)))
  const won = answers.filter((a) => a.status === 200)
  assert.equal(won.length, 1)
  assert.ok(answers.every((a) => a.status === 200 || a.status === 401))
  assert.equal(await me(won[0]?.body.accessToken ?? ''), 401)
  assert.equal((await refresh(won[0]?.body.refreshToken ?? '')).status, 401)
})

test('a lost answer is given again for the same Idempotency-Key, also to ten at the same moment', async () => {
  const { refreshToken } = await world.signIn('one@example.org')
  const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(refreshToken, 'repeat-0001')))
  assert.ok(answers.every((a) => a.status === 200))
  assert.equal(new Set(answers.map((a) => a.body.refreshToken)).size, 1)
  const next = await refresh(answers[0]?.body.refreshToken ?? '')
  assert.equal(next.status, 200)
  assert.equal((await refresh(refreshToken, 'repeat-0001')).status, 401, 'the following token has been used meanwhile')
  assert.equal(await me(next.body.accessToken), 401)
})

test('another Idempotency-Key, or the same one after a minute, is a second use', async () => {
  for (const [key, seconds] of [
    ['another-key', 1],
    ['the-first-key', 61]
  ] as const) {
    const { refreshToken } = await world.signIn('one@example.org')
    const next = (await refresh(refreshToken, 'the-first-key')).body
    world.advance(seconds)
    assert.equal((await refresh(refreshToken, key)).status, 401)
    assert.equal(await me(next.accessToken), 401)
  }
})

test('a refresh token expires after 30 days', async () => {
  const { refreshToken } = await world.signIn('one@example.org')
  world.advance(30 * 86_400 + 1)
  assert.equal((await refresh(refreshToken)).status, 401)
})

test('signing out ends this session at once and no other', async () => {
  const [mine, other] = [await world.signIn('two@example.org'), await world.signIn('two@example.org')]
  const answer = await world.call('POST', '/v1/auth/sign-out', { token: mine.accessToken })
  assert.equal(answer.status, 204)
  assert.equal(await me(mine.accessToken), 401)
  assert.equal((await refresh(mine.refreshToken)).status, 401)
  assert.equal(await me(other.accessToken), 200)
  assert.equal((await world.call('POST', '/v1/auth/sign-out')).status, 401)
})

test('signing out everywhere makes all access tokens of the person 401 at once, and nobody else’s', async () => {
  const mine = await Promise.all(Array.from({ length: 4 }, () => world.signIn('three@example.org')))
  const stranger = await world.signIn('two@example.org')
  const answer = await world.call('POST', '/v1/auth/sign-out-everywhere', { token: mine[0]?.accessToken })
  assert.equal(answer.status, 204)
  for (const { accessToken, refreshToken } of mine) {
    assert.equal(await me(accessToken), 401)
    assert.equal((await refresh(refreshToken)).status, 401)
  }
  assert.equal(await me(stranger.accessToken), 200)
})

test('signing out everywhere during refreshes leaves no session alive', async () => {
  const sessions = await Promise.all(Array.from({ length: 8 }, () => world.signIn('three@example.org')))
  const [ender, ...others] = sessions
  const [, ...answers] = await Promise.all([
    world.call('POST', '/v1/auth/sign-out-everywhere', { token: ender?.accessToken }),
    ...others.map((s) => refresh(s.refreshToken))
  ])
  for (const answer of answers) {
    if (answer.status === 200) assert.equal(await me(answer.body.accessToken), 401)
    else assert.equal(answer.status, 401)
  }
})

test('tokens are kept as hashes only', async () => {
  const tokens = await world.signIn('one@example.org')
  const next = (await refresh(tokens.refreshToken)).body
  const { rows } = await world.database.pool.query('SELECT row_to_json(t)::text AS row FROM identity.refresh_tokens t')
  const all = rows.map((r) => r.row).join('')
  assert.ok(!all.includes(tokens.refreshToken) && !all.includes(next.refreshToken))
})

test('what has had its time is forgotten, and what has not is kept', async () => {
  const kept = await world.signIn('one@example.org')
  const count = async (table: string) =>
    Number((await world.database.pool.query(`SELECT count(*) AS n FROM identity.${table}`)).rows[0].n)
  await world.call('POST', '/v1/auth/links', { body: { email: 'nobody@example.org' } })
  await world.call('POST', '/v1/auth/sign-in', { body: { email: 'nobody@example.org', password: 'wrong guess' } })
  await purgeExpired(world.database)
  assert.ok((await count('sessions')) > 0 && (await count('links')) > 0 && (await count('guesses')) > 0)
  assert.equal((await refresh(kept.refreshToken)).status, 200)
  world.advance(31 * 86_400)
  await purgeExpired(world.database)
  for (const table of ['sessions', 'refresh_tokens', 'links', 'guesses']) assert.equal(await count(table), 0, table)
})
