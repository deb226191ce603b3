import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ok, refused } from '../../support/app.ts'
import { type Client, type House, makeHouse, performedOn } from './support.ts'

let house: House
let ann: Client
let bev: Client
let cai: Client

before(async () => {
  house = await makeHouse('proposals')
  ann = await house.member({ name: 'Ann' })
  bev = await house.member({ name: 'Bev' })
  cai = await house.member({ name: 'Cai' })
})
after(() => house.stage.close())

const propose = async (more: Record<string, unknown> = {}) =>
  ok(await ann.post('exchanges', house.between(ann, bev, more)), 201)
const change = (client: Client, id: string, body: object) => client.post(`exchanges/${id}/proposal`, body)
const agree = (client: Client, id: string, body: object = {}) => client.post(`exchanges/${id}/agreement`, body)

test('a quote tells what it would cost and have to pass, and saves nothing', async () => {
  const count = async () => ok(await ann.get('exchanges')).items.length
  const before = await count()
  const told = ok(await ann.post('exchanges/quote', house.between(ann, bev, { minutes: 70 })))
  assert.deepEqual(
    { ...told, policyVersion: 0 },
    {
      serviceMinutes: 70,
      creditMinutes: 75,
      recordOnly: false,
      granularityMinutes: 15,
      rounding: 'nearest',
      policyVersion: 0,
      brokerApproval: { needed: false, because: [] },
      vetting: 'not_needed',
      guardian: 'not_needed',
      heldMinutes: 0,
      confirmedBy: 'other_side',
      silenceDays: 14
    }
  )
  assert.equal(told.policyVersion, ok(await house.admin.get('policy')).version)
  assert.equal(await count(), before)
  refused(await cai.post('exchanges/quote', house.between(ann, bev)), 403, 'forbidden')
  refused(await ann.post('exchanges/quote', house.between(ann, ann)), 422, 'same-party')
})

test('what the policy asks for stands in the quote: approval with its reasons, the hold, who confirms', async () => {
  const risky = ok(await house.admin.post('categories', { name: 'Roofs', slug: 'roofs', risk: 'high' }), 201)
  await house.change({
    holdAtAgreement: true,
    brokerApprovalAboveMinutes: 45,
    whoConfirms: 'receiver',
    rounding: 'up',
    granularityMinutes: 30
  })
  try {
    const told = ok(await ann.post('exchanges/quote', house.between(ann, bev, { minutes: 61, categoryId: risky.id })))
    assert.deepEqual(told.brokerApproval, { needed: true, because: ['risk', 'length'] })
    assert.deepEqual(
      [told.creditMinutes, told.heldMinutes, told.confirmedBy, told.silenceDays, told.rounding],
      [90, 90, 'receiver', null, 'up']
    )
  } finally {
    await house.change({
      holdAtAgreement: false,
      brokerApprovalAboveMinutes: null,
      whoConfirms: 'other_side',
      rounding: 'nearest',
      granularityMinutes: 15
    })
  }
})

test('the same facts stand in the exchange as long as it is not settled', async () => {
  const proposed = await propose({ minutes: 50 })
  const told = ok(await ann.post('exchanges/quote', house.between(ann, bev, { minutes: 50 })))
  assert.deepEqual(proposed.quote, told)
  const listed = ok(await bev.get('exchanges')).items.find((x: { id: string }) => x.id === proposed.id)
  assert.deepEqual(listed.quote, told)
  ok(await agree(bev, proposed.id))
  assert.equal(
    ok(await ann.post(`exchanges/${proposed.id}/report`, { minutes: 80, performedOn })).quote.creditMinutes,
    75
  )
  assert.equal(ok(await bev.post(`exchanges/${proposed.id}/confirmation`)).quote, null)
})

test('that somebody is supported is told to them and to staff, not to who asks what an exchange would cost', async () => {
  const dai = await house.member()
  const { rowVersion } = ok(await house.admin.get(`members/${dai.memberId}`))
  ok(await house.admin.patch(`members/${dai.memberId}`, { supported: true }, rowVersion))
  const days = async (client: Client) => ok(await client.post('exchanges/quote', house.between(ann, dai))).silenceDays
  assert.deepEqual([await days(ann), await days(dai), await days(house.broker)], [14, null, null])
})

test('a proposal that rests on figures which do not hold any more is refused, with those that do', async () => {
  const told = ok(await ann.post('exchanges/quote', house.between(ann, bev, { minutes: 50 })))
  const resting = (quote: object) => ann.post('exchanges', house.between(ann, bev, { minutes: 50, quote }))
  const { creditMinutes, policyVersion } = told
  ok(await resting({ creditMinutes, policyVersion }), 201)
  const version = await house.change({ granularityMinutes: 1 })
  const refusal = refused(await resting({ creditMinutes, policyVersion }), 409, 'stale-quote')
  assert.deepEqual([refusal.creditMinutes, refusal.policyVersion], [50, version])
  ok(await resting({ creditMinutes: 50 }), 201)
  await house.change({ granularityMinutes: 15 })
})

test('either side changes a proposal; then the other one answers, to what it is now', async () => {
  const { id } = await propose({ minutes: 60, performedOn: '2026-02-01' })
  const countered = ok(
    await change(bev, id, { revision: 0, minutes: 90, performedOn: '2026-02-08', description: 'Hedge' })
  )
  assert.deepEqual(
    [countered.status, countered.proposedBy, countered.proposedMinutes, countered.performedOn, countered.revision],
    ['proposed', 'receiver', 90, '2026-02-08', 1]
  )
  assert.equal(countered.description, 'Hedge')
  refused(await agree(bev, id, { minutes: 90 }), 403, 'own-confirmation')
  for (const stale of [{}, { minutes: 60 }, { creditMinutes: 60, revision: 1 }, { revision: 0 }])
    assert.equal(refused(await agree(ann, id, stale), 409, 'stale-quote').minutes, 90)
  const notices = ok(await ann.get('notices')).items
  assert.ok(
    notices.some((x: { kind: string; subjectId: string }) => x.kind === 'exchange.changed' && x.subjectId === id)
  )
  const agreed = ok(await agree(ann, id, { minutes: 90, creditMinutes: 90, revision: 1 }))
  assert.deepEqual([agreed.status, agreed.agreedMinutes], ['agreed', 90])
  refused(await change(bev, id, { revision: 1, minutes: 60 }), 409, 'wrong-state')
})

test('who proposed may change it too; strangers, and changes of nothing, are refused', async () => {
  const { id } = await propose()
  ok(await change(ann, id, { revision: 0, minutes: 45 }))
  refused(await change(cai, id, { revision: 1, minutes: 30 }), 404, 'not-found')
  refused(await change(bev, id, { revision: 1 }), 400, 'validation-failed')
  refused(await change(house.broker, id, { revision: 1, minutes: 30 }), 400, 'validation-failed')
  const byBroker = ok(await change(house.broker, id, { revision: 1, minutes: 30, proposedBy: 'receiver' }))
  assert.equal(byBroker.proposedBy, 'receiver')
  ok(await agree(ann, id, { revision: 2 }))
})

test('two changes of one proposal at once: one of them holds, and the other is told', async () => {
  for (let round = 0; round < 5; round++) {
    const { id } = await propose()
    const answers = await Promise.all([
      change(ann, id, { revision: 0, minutes: 45 }),
      change(bev, id, { revision: 0, minutes: 75 })
    ])
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409])
    const after = ok(await ann.get(`exchanges/${id}`))
    assert.deepEqual([after.revision, after.proposedMinutes], [1, answers[0]!.status === 200 ? 45 : 75])
  }
})

test('a change and an agreement at once: nobody is bound to what they did not agree to', async () => {
  for (let round = 0; round < 8; round++) {
    const { id } = await propose()
    const [changed, agreed] = await Promise.all([
      change(ann, id, { revision: 0, minutes: 600 }),
      agree(bev, id, round % 2 === 0 ? { minutes: 60 } : {})
    ])
    const after = ok(await ann.get(`exchanges/${id}`))
    if (agreed.status === 200) {
      refused(changed, 409, 'wrong-state')
      assert.equal(after.agreedMinutes, 60)
    } else {
      refused(agreed, 409, 'stale-quote')
      assert.deepEqual([after.status, after.proposedMinutes], ['proposed', 600])
    }
  }
})

test('who recorded it, as what, for whom and how stands with it', async () => {
  const proposed = await propose()
  assert.deepEqual([proposed.recordedBy, proposed.recordedAs, proposed.onBehalfOf], [ann.memberId, 'provider', null])
  const slip = { 'commonhours-source': 'paper_slip', 'commonhours-slip': 'Q-1' }
  const { id } = ok(await house.broker.post('exchanges/records', house.between(ann, bev, { performedOn }), slip), 201)
  const seen = ok(await ann.get(`exchanges/${id}`))
  assert.deepEqual([seen.recordedBy, seen.recordedAs, seen.onBehalfOf], [house.broker.memberId, 'broker', bev.memberId])
  assert.deepEqual([seen.source, seen.slipNumber], ['paper_slip', 'Q-1'])
})
