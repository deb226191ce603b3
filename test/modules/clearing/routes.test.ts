import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { v7 } from 'uuid'
import { commonhours } from '../../scripts/support.ts'
import { addMember, type Client, foundAnother, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'

let stage: Stage
let operator: Client
let hill: Client
let third: Client
let ann: Client
let bev: Client
let broker: Client
let auditor: Client

before(async () => {
  stage = await makeStage('clearing-routes')
  operator = await setUp(stage)
  hill = await foundAnother(stage, operator, 'hilltown')
  third = await foundAnother(stage, operator, 'seaside')
  ann = await addMember(stage, operator, { name: 'Ann' })
  broker = await addMember(stage, operator, { name: 'Bo', roles: ['broker'] })
  auditor = await addMember(stage, operator, { name: 'Audrey', roles: ['auditor'] })
  bev = await addMember(stage, hill, { name: 'Bev Secret' })
  const limits = { owingLimitMinutes: 600, owedLimitMinutes: 300, why: 'We are neighbours' }
  const proposed = await operator.post('clearing/agreements', { timebank: 'hilltown', ...limits })
  const body = ok(proposed, 201)
  assert.equal(body.status, 'proposed')
  assert.equal(proposed.headers['location'], '/v1/timebanks/rivertown/clearing/agreements/hilltown')
  await until(async () => (await hill.get('clearing/agreements')).body.items[0]?.status === 'asked')
})

after(() => stage.close())

/** The service's own job worker does the rest. */
async function until(done: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await done()) return
    await sleep(50)
  }
  throw new Error('it did not come to pass')
}

const transferOf = async (client: Client, id: string) => ok(await client.get(`clearing/transfers/${id}`))
const arrival = async (client: Client) => ok(await client.get('clearing/transfers?limit=1&direction=in')).items[0]

test('an admin accepts what the other timebank has proposed; the words of both are shown, the whys at home only', async () => {
  refused(await bev.post('clearing/agreements/rivertown/acceptance', { why: 'Yes please' }), 403, 'forbidden')
  refused(await hill.post('clearing/agreements/seaside/acceptance', { why: 'Yes please' }), 404, 'not-found')
  refused(await third.get('clearing/agreements/rivertown'), 404, 'not-found')
  const asked = await hill.get('clearing/agreements/rivertown')
  assert.deepEqual(asked.body.timebank, { slug: 'rivertown', name: 'Timebank rivertown' })
  assert.ok(!asked.text.includes('neighbours'))
  assert.equal(asked.headers['etag'], `"${asked.body.rowVersion}"`)
  assert.deepEqual(ok(await bev.get('clearing/partners')).items, [])
  const accepted = ok(
    await hill.post('clearing/agreements/rivertown/acceptance', { owedLimitMinutes: 500, why: 'With care' })
  )
  assert.deepEqual([accepted.status, accepted.owingLimitMinutes, accepted.owedLimitMinutes], ['active', 300, 500])
  await until(async () => (await operator.get('clearing/agreements/hilltown')).body.status === 'active')
  assert.deepEqual(ok(await ann.get('clearing/partners')).items, [{ slug: 'hilltown', name: 'Timebank hilltown' }])
  const { items } = ok(await operator.get('clearing/agreements/hilltown/versions'))
  assert.deepEqual(
    items.map((v: { version: number; why: string }) => [v.version, v.why]),
    [[1, 'We are neighbours']]
  )
  const events = ok(await operator.get('audit?subjectType=clearing-agreement')).items
  assert.deepEqual(
    events.map((e: { action: string }) => e.action),
    ['clearing-agreement.heard', 'clearing-agreement.proposed']
  )
})

test('limits change from the version that was read', async () => {
  const { rowVersion } = ok(await operator.get('clearing/agreements/hilltown'))
  const change = { owedLimitMinutes: 250, why: 'A little less' }
  refused(await operator.call('PATCH', 'clearing/agreements/hilltown', change), 428, 'precondition-required')
  refused(await operator.patch('clearing/agreements/hilltown', change, rowVersion + 1), 412, 'precondition-failed')
  refused(
    await operator.patch('clearing/agreements/hilltown', { why: 'nothing' }, rowVersion),
    400,
    'validation-failed'
  )
  refused(await broker.patch('clearing/agreements/hilltown', change, rowVersion), 403, 'forbidden')
  const changed = ok(await operator.patch('clearing/agreements/hilltown', change, rowVersion))
  assert.equal(changed.owedLimitMinutes, 250)
  await until(async () => (await hill.get('clearing/agreements/rivertown')).body.owingLimitMinutes === 250)
})

test('a member gives hours to a member of another timebank by number; each sees their own side and no name', async () => {
  const gift = { to: { timebank: 'hilltown', memberNumber: bev.number }, minutes: 90 }
  refused(await ann.call('POST', 'clearing/transfers', gift), 400, 'idempotency-key-required')
  const key = v7()
  const answer = await ann.post('clearing/transfers', gift, { 'idempotency-key': key })
  const sent = ok(answer, 201)
  assert.deepEqual([sent.id, sent.status, sent.direction], [key, 'held', 'out'])
  const again = await ann.post('clearing/transfers', gift, { 'idempotency-key': key })
  assert.equal(again.text, answer.text)
  await until(async () => (await transferOf(ann, key)).status === 'settled')
  assert.ok(!(await ann.get(`clearing/transfers/${key}`)).text.includes('Bev'))
  const arrived = await arrival(bev)
  assert.deepEqual([arrived.minutes, arrived.partnerMemberNumber, arrived.timebank.slug], [90, ann.number, 'rivertown'])
  const statement = await bev.get(`accounts/${bev.accountId}/statement`)
  assert.deepEqual(statement.body.items[0].counterparty, { kind: 'clearing', number: null, name: 'Timebank rivertown' })
  assert.equal(statement.body.items[0].transfer, arrived.transferId)
  for (const secret of ['Ann', ann.memberId, ann.personId]) assert.ok(!statement.text.includes(secret))
  refused(await bev.get(`clearing/transfers/${key}`), 404, 'not-found')
  refused(await third.get(`clearing/transfers/${key}`), 404, 'not-found')
  const other = await addMember(stage, operator)
  refused(await other.get(`clearing/transfers/${key}`), 404, 'not-found')
  assert.deepEqual(ok(await other.get('clearing/transfers')).items, [])
  assert.equal(ok(await auditor.get('clearing/transfers?partner=hilltown&status=settled')).items.length, 1)
  refused(await auditor.get('clearing/transfers?partner=seaside'), 404, 'not-found')
})

test('refusals tell what is wrong, and figures to whom they belong', async () => {
  const give = (client: Client, minutes: number, more: object = {}, timebank = 'hilltown') =>
    client.post('clearing/transfers', { to: { timebank, memberNumber: bev.number }, minutes, ...more })
  refused(await give(ann, 10, {}, 'seaside'), 422, 'no-clearing-agreement')
  refused(await give(ann, 10, {}, 'nowhere'), 422, 'no-clearing-agreement')
  refused(await give(ann, 10, { performedOn: '2999-01-01' }), 422, 'future-service-date')
  refused(await give(ann, 10, { from: { memberId: broker.memberId } }), 403, 'forbidden')
  refused(await give(ann, 0), 400, 'validation-failed')
  refused(await give(auditor, 10, { from: { memberId: ann.memberId } }), 403, 'forbidden')
  const mine = refused(await give(ann, 5000), 422, 'below-floor')
  assert.equal(mine.floor, -1200)
  const limit = refused(await give(ann, 600), 422, 'clearing-limit')
  assert.equal(limit.balance, undefined)
  const seen = refused(await give(broker, 600), 422, 'clearing-limit')
  assert.deepEqual([seen.balance, seen.ceiling], [90, 500])
  const nobody = ok(
    await ann.post('clearing/transfers', { to: { timebank: 'hilltown', memberNumber: 777 }, minutes: 5 }),
    201
  )
  await until(async () => (await transferOf(ann, nobody.id)).status === 'refused')
  assert.equal((await transferOf(ann, nobody.id)).refusal, 'recipient')
})

test('a broker sends for a member from a paper slip, and takes a transfer back; the other side follows', async () => {
  const sent = ok(
    await broker.post(
      'clearing/transfers',
      { to: { timebank: 'hilltown', memberNumber: bev.number }, from: { memberId: ann.memberId }, minutes: 30 },
      { 'commonhours-source': 'paper_slip', 'commonhours-slip': 'S-17' }
    ),
    201
  )
  await until(async () => (await transferOf(broker, sent.id)).status === 'settled')
  const path = `clearing/transfers/${sent.id}/reversal`
  refused(await ann.post(path, { reason: 'I want it back' }), 403, 'forbidden')
  refused(await broker.post(path, {}), 400, 'validation-failed')
  refused(await hill.post(path, { reason: 'not ours' }), 404, 'not-found')
  const reversed = ok(await broker.post(path, { reason: 'Ann meant somebody else' }))
  assert.deepEqual([reversed.status, reversed.reversedBy], ['reversed', 'us'])
  refused(await broker.post(path, { reason: 'once more' }), 409, 'already-resolved')
  await until(async () => (await arrival(hill)).status === 'reversed')
  const theirs = await arrival(hill)
  assert.deepEqual([theirs.reversedBy, theirs.reason], ['partner', null])
  const events = ok(await operator.get(`audit?subjectId=${sent.id}`)).items
  assert.deepEqual(
    events.map((e: { action: string; source: string; onBehalfOf: string; reason: string | null }) => [
      e.action,
      e.source,
      e.onBehalfOf,
      e.reason
    ]),
    [
      ['clearing-transfer.reversed', 'api', ann.memberId, 'Ann meant somebody else'],
      ['clearing-transfer.sent', 'paper_slip', ann.memberId, null]
    ]
  )
  assert.equal(events[1].slipNumber, 'S-17')
})

test('who owes whom: each timebank its own pairs, the operator all of them, also on the command line', async () => {
  const [mine] = ok(await auditor.get('clearing/balances')).items
  assert.deepEqual(
    [mine.timebank.slug, mine.balanceMinutes, mine.owingMinutes, mine.owedMinutes, mine.canSendMinutes],
    ['hilltown', 90, 90, 0, 410]
  )
  const [theirs] = ok(await hill.get('clearing/balances')).items
  assert.deepEqual([theirs.owingMinutes, theirs.owedMinutes, theirs.canSendMinutes], [0, 90, 340])
  refused(await ann.get('clearing/balances'), 403, 'forbidden')
  assert.match((await hill.get('clearing/balances', { accept: 'text/csv' })).text, /timebankSlug.*\r\nrivertown,/)
  refused(await hill.get('/v1/clearing'), 403, 'forbidden')
  const { items, next } = ok(await operator.get('/v1/clearing'))
  assert.equal(next, null)
  assert.equal(items.length, 1)
  const [one] = items
  assert.deepEqual([one.agrees, one.pendingTransfers, one.inTransitMinutes], [true, 0, 0])
  assert.equal(one.timebank.balanceMinutes + one.partner.balanceMinutes, 0)
  refused(await operator.get('/v1/clearing?cursor=rubbish'), 400, 'validation-failed')
  const printed = await commonhours({ DATABASE_URL: stage.ownerUrl }, 'clearing')
  assert.equal(printed.code, 0, printed.err)
  assert.match(printed.out, /rivertown +hilltown +90 +0 +agrees/)
  const json = await commonhours({ DATABASE_URL: stage.ownerUrl }, 'clearing', '--json')
  assert.equal(JSON.parse(json.out)[0].agrees, true)
})

test('either side suspends, lifts its own suspension, and ends', async () => {
  const step = (client: Client, partner: string, name: string) =>
    client.post(`clearing/agreements/${partner}/${name}`, { why: 'As the committee decided' })
  refused(await step(broker, 'hilltown', 'suspension'), 403, 'forbidden')
  assert.equal(ok(await step(hill, 'rivertown', 'suspension')).status, 'suspended')
  await until(async () => (await operator.get('clearing/agreements/hilltown')).body.status === 'suspended')
  refused(
    await ann.post('clearing/transfers', { to: { timebank: 'hilltown', memberNumber: bev.number }, minutes: 5 }),
    422,
    'no-clearing-agreement'
  )
  refused(await step(operator, 'hilltown', 'resumption'), 409, 'wrong-state')
  assert.equal(ok(await step(hill, 'rivertown', 'resumption')).status, 'active')
  await until(async () => (await operator.get('clearing/agreements/hilltown')).body.status === 'active')
  assert.equal(ok(await step(operator, 'hilltown', 'end')).status, 'ended')
  await until(async () => (await hill.get('clearing/agreements/rivertown')).body.status === 'ended')
  refused(await step(hill, 'rivertown', 'decline'), 409, 'wrong-state')
  assert.equal(ok(await hill.get('clearing/balances')).items[0].owedMinutes, 90)
  for (const client of [operator, hill]) assert.equal(ok(await client.get('verify')).sound, true)
  assert.equal((await operator.post(`clearing/agreements/${randomUUID()}/end`, { why: 'nothing there' })).status, 404)
})
