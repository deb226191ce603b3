import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  beginSession,
  createPerson,
  ensureSetupCode,
  getPerson,
  makeOperator,
  redeemSetupCode
} from '../../../src/modules/identity/index.ts'
import { makeWorld, type World } from './support.ts'

let world: World
before(async () => {
  world = await makeWorld('identity-setup')
})
after(() => world.close())

const redeem = (code: string, afterwards: () => Promise<void> = async () => {}) =>
  world.database.db.transaction(async (tx) => {
    await redeemSetupCode(tx, code)
    await afterwards()
  })
const wrong = { code: 'setup-code-wrong' }
const pause = () => new Promise<void>((resume) => setTimeout(resume, 20))

const setupCode = async (): Promise<string> => {
  const code = await ensureSetupCode(world.database)
  assert.ok(code)
  return code
}

test('the code is easy to type, differs at each start, and only its hash is kept', async () => {
  const first = await setupCode()
  const second = await setupCode()
  assert.match(second, /^[0-9A-HJKMNP-TV-Z]{5}(-[0-9A-HJKMNP-TV-Z]{5}){3}$/)
  const { rows } = await world.database.pool.query('SELECT code_hash FROM identity.setup_codes')
  assert.equal(rows.length, 1)
  assert.ok(!rows[0].code_hash.includes(second.slice(0, 5)))
  await assert.rejects(redeem(first), wrong)
  await assert.rejects(redeem('AAAAA-AAAAA-AAAAA-AAAAA'), wrong)
  await assert.rejects(redeem(''), wrong)
  await redeem(` ${second.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')} `)
})

test('of five who redeem the code at the same moment one gets through', async () => {
  const code = await setupCode()
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => redeem(code, pause)))
  assert.equal(outcomes.filter((o) => o.status === 'fulfilled').length, 1)
  const reasons = outcomes.filter((o) => o.status === 'rejected').map((o) => o.reason.code)
  assert.deepEqual(reasons, Array(4).fill('setup-code-wrong'))
  await assert.rejects(redeem(code), wrong)
})

test('a fault in what follows leaves the code unused', async () => {
  const code = await setupCode()
  const fault = async () => {
    await pause()
    throw new Error('later fault')
  }
  const outcomes = await Promise.allSettled([redeem(code, fault), redeem(code, fault)])
  assert.ok(outcomes.every((o) => o.status === 'rejected' && o.reason.message === 'later fault'))
  await redeem(code)
})

test('several starts at the same moment leave one code that works', async () => {
  const codes = await Promise.all(Array.from({ length: 5 }, () => setupCode()))
  const outcomes = await Promise.allSettled(codes.map((code) => redeem(code)))
  assert.equal(outcomes.filter((o) => o.status === 'fulfilled').length, 1)
})

test('once there is anybody there is no code, and one that was printed before is void', async () => {
  const code = await setupCode()
  const personId = await createPerson(world.database.db, { email: 'first@example.org', name: 'First', locale: 'en' })
  assert.equal(await ensureSetupCode(world.database), null)
  await assert.rejects(redeem(code), wrong)

  await makeOperator(world.database.db, personId)
  assert.equal((await getPerson(world.database.db, personId)).operator, true)
  const { accessToken } = await beginSession(world.identity, personId, 'setup')
  assert.equal((await world.call('GET', '/v1/me', { token: accessToken })).body['operator'], true)
})

test('nobody else becomes an operator by it', async () => {
  await assert.rejects(makeOperator(world.database.db, '00000000-0000-7000-8000-000000000000'), { code: 'not-found' })
})
