import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { inTimebank } from '../../../src/db/client.ts'
import { changePolicy, currentPolicy, findTimebank, policyAt, rules } from '../../../src/modules/timebanks/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { addMember, type Client, foundAnother, makeStage, type Stage, setUp } from '../../support/app.ts'

let stage: Stage
let admin: Client
let ann: Client

before(async () => {
  stage = await makeStage('policy')
  admin = await setUp(stage)
  ann = await addMember(stage, admin)
})

after(() => stage.close())

const policy = async () => (await admin.get('policy')).body

const change = async (changed: Record<string, unknown>, why = 'For one test') => {
  const { version } = await policy()
  return admin.patch('policy', { rules: changed, why }, version)
}

test('the policy begins with the defaults and explains every rule', async () => {
  const { body, headers } = await ann.get('policy')
  assert.equal(headers['etag'], `"${body.version}"`)
  assert.deepEqual(Object.keys(body.rules).sort(), Object.keys(rules).sort())
  for (const name of Object.keys(rules)) assert.ok(body.explanations[name].explanation.length > 10, name)
  const {
    granularityMinutes,
    autoConfirmAfterDays,
    memberFloorSoft,
    memberFloorHard,
    memberCeilingSoft,
    referencesNeeded
  } = body.rules
  assert.deepEqual(
    [granularityMinutes, autoConfirmAfterDays, memberFloorSoft, memberFloorHard, memberCeilingSoft, referencesNeeded],
    [15, 14, -600, -1200, 6000, 2]
  )
})

test('a change adds a version with who, when and why; earlier ones stay', async () => {
  const before = await policy()
  const { status, body } = await change({ granularityMinutes: 5 }, 'Short errands count')
  assert.equal(status, 200)
  assert.equal(body.version, before.version + 1)
  assert.equal(body.rules.granularityMinutes, 5)
  assert.equal(body.why, 'Short errands count')
  assert.equal(body.changedBy, admin.personId)
  assert.equal((await admin.get(`policy/versions/${before.version}`)).body.rules.granularityMinutes, 15)
  assert.deepEqual(
    (await admin.get('policy/versions')).body.items.map((v: { version: number }) => v.version),
    [body.version, before.version]
  )
})

test('of two changes made from one version at once, one is refused', async () => {
  const { version } = await policy()
  const answers = await Promise.all(
    [10, 20, 30, 40].map((granularityMinutes) =>
      admin.patch('policy', { rules: { granularityMinutes }, why: 'At once' }, version)
    )
  )
  assert.deepEqual(answers.map((a) => a.status).sort(), [200, 412, 412, 412])
  assert.equal((await policy()).version, version + 1)
})

test('unknown rules, wrong values and limits that contradict each other are refused, all of them named', async () => {
  const unknown = await change({ hourlyRate: 12 })
  assert.equal(unknown.status, 400)
  assert.equal(unknown.body.errors[0].pointer, '/rules/hourlyRate')
  assert.equal((await change({ timeZone: 'Mars/Olympus' })).status, 400)
  const both = await change({ memberFloorHard: -100, memberCeilingSoft: 500, memberCeilingHard: 400 })
  assert.equal(both.status, 400)
  assert.deepEqual(both.body.errors.map((e: { pointer: string }) => e.pointer).sort(), [
    '/rules/memberCeilingHard',
    '/rules/memberFloorHard'
  ])
  assert.equal((await admin.call('PATCH', 'policy', { rules: {}, why: 'No version' })).status, 428)
})

test('limits of open accounts follow the policy, and new accounts get the new ones', async () => {
  assert.equal((await change({ memberFloorSoft: -300, memberFloorHard: -900 })).status, 200)
  const limits = async (account: number) => (await admin.get(`accounts/${account}`)).body.limits
  assert.deepEqual(await limits(ann.accountId), {
    floorSoftMinutes: -300,
    floorHardMinutes: -900,
    ceilingSoftMinutes: 6000,
    ceilingHardMinutes: null
  })
  const bev = await addMember(stage, admin)
  assert.equal((await limits(bev.accountId)).floorHardMinutes, -900)
})

test('only an admin changes it, and only in their own timebank', async () => {
  const { version } = await policy()
  const broker = await addMember(stage, admin, { roles: ['broker'] })
  assert.equal((await broker.patch('policy', { rules: {}, why: 'Not mine' }, version)).status, 403)
  const other = await foundAnother(stage, admin, 'hilltown')
  assert.equal((await other.call('GET', '/v1/timebanks/rivertown/policy')).status, 404)
  assert.equal((await other.get('policy')).body.version, 1)
})

test('the set-up code works once', async () => {
  const again = await stage.anonymous.post('/v1/setup', {
    code: stage.setupCode,
    timebank: { name: 'Second', slug: 'second' },
    admin: { name: 'Eve', email: 'eve@example.org', password: 'correct horse battery' }
  })
  assert.equal(again.status, 403)
  assert.equal(again.body.code, 'setup-code-wrong')
})

test('a short name is taken once', async () => {
  const again = await admin.post('/v1/timebanks', {
    name: 'Other',
    slug: 'rivertown',
    admin: { name: 'Eve', email: 'eve@example.org' }
  })
  assert.equal(again.status, 409)
  assert.equal(again.body.code, 'slug-taken')
})

test('a version that was rolled back is forgotten; the same number may stand for something else later', async () => {
  const { id } = (await findTimebank(stage.database.db, 'rivertown'))!
  const { version } = await policy()
  const undone = new Error('undone')
  await assert.rejects(
    inTimebank(stage.database, id, systemActor, async (tx) => {
      await changePolicy(tx, { autoConfirmAfterDays: 21 }, 'Undone', version)
      assert.equal((await currentPolicy(tx)).rules.autoConfirmAfterDays, 21)
      assert.equal((await policyAt(tx, version + 1))?.rules.autoConfirmAfterDays, 21)
      throw undone
    }),
    undone
  )
  const look = () => inTimebank(stage.database, id, systemActor, (tx) => policyAt(tx, version + 1))
  assert.equal(await look(), null)
  assert.equal((await change({ autoConfirmAfterDays: 28 })).status, 200)
  assert.equal((await look())?.rules.autoConfirmAfterDays, 28)
  assert.equal((await look())?.rules.autoConfirmAfterDays, 28)
})
