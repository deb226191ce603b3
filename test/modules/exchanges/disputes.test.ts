import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ok, refused } from '../../support/app.ts'
import { type Client, type House, makeHouse, performedOn } from './support.ts'

let house: House
let ann: Client
let bev: Client
let cai: Client

before(async () => {
  house = await makeHouse('disputes')
  ann = await house.member({ name: 'Ann' })
  bev = await house.member({ name: 'Bev' })
  cai = await house.member({ name: 'Cai' })
  // what Bev has earned lasts for all the help that she receives here
  for (const helped of [await house.member(), await house.member(), await house.member()])
    ok(await house.broker.post('exchanges/records', house.between(bev, helped, { performedOn, minutes: 1200 })), 201)
})
after(() => house.stage.close())

const step = (by: Client, id: string, name: string, body: object = {}) => by.post(`exchanges/${id}/${name}`, body)
const reason = 'It was otherwise'
const reported = async (minutes = 60): Promise<string> =>
  ok(await ann.post('exchanges/reports', house.between(ann, bev, { performedOn, minutes })), 201).id
const settled = async (minutes = 60, more: object = {}): Promise<string> =>
  ok(await house.broker.post('exchanges/records', house.between(ann, bev, { performedOn, minutes, ...more })), 201).id
const see = async (id: string, by: Client = house.admin) => ok(await by.get(`exchanges/${id}`))
const balances = async () => Promise.all([ann, bev, cai].map(house.balanceOf))
const decide = (id: string, decision: string, more: object = {}, by: Client = house.broker) =>
  step(by, id, 'decision', { decision, reason, ...more })
/** As it would have been so many days ago. */
const ago = async <T>(days: number, work: () => Promise<T>): Promise<T> => {
  house.stage.clock.now = new Date(Date.now() - days * 24 * 60 * 60 * 1000)
  try {
    return await work()
  } finally {
    house.stage.clock.now = null
  }
}

test('the other side says the minutes as it saw them, and who reported accepts: it settles at them', async () => {
  const [annBefore, bevBefore] = await balances()
  const id = await reported(60)
  const disputed = ok(await step(bev, id, 'dispute', { reason, minutes: 35 }))
  assert.deepEqual([disputed.status, disputed.disputedBy, disputed.disputedMinutes], ['disputed', 'receiver', 35])
  refused(await step(bev, id, 'acceptance'), 403, 'own-confirmation')
  refused(await step(cai, id, 'acceptance'), 404, 'not-found')
  const accepted = ok(await step(ann, id, 'acceptance'))
  assert.deepEqual([accepted.status, accepted.serviceMinutes, accepted.creditMinutes], ['settled', 35, 30])
  assert.deepEqual((await balances()).slice(0, 2), [annBefore! + 30, bevBefore! - 30])
  refused(await step(ann, id, 'acceptance'), 409, 'wrong-state')
})

test('a dispute without minutes has nothing to accept; who disputed may still confirm', async () => {
  const id = await reported()
  ok(await step(bev, id, 'dispute', { reason }))
  refused(await step(ann, id, 'acceptance'), 409, 'wrong-state')
  refused(await step(ann, id, 'confirmation'), 403, 'own-confirmation')
  assert.equal(ok(await step(bev, id, 'confirmation')).serviceMinutes, 60)
})

test('more than a broker lets pass is not settled between the sides alone', async () => {
  await house.change({ brokerApprovalAboveMinutes: 90 })
  try {
    const id = ok(await bev.post('exchanges/reports', house.between(ann, bev, { performedOn })), 201).id
    ok(await step(ann, id, 'dispute', { reason, minutes: 120 }))
    refused(await step(bev, id, 'acceptance'), 422, 'broker-approval-needed')
    assert.equal(ok(await step(house.broker, id, 'acceptance')).serviceMinutes, 120)
  } finally {
    await house.change({ brokerApprovalAboveMinutes: null })
  }
})

test('acceptance and confirmation at once: hours move once', async () => {
  for (let round = 0; round < 5; round++) {
    const [before] = await balances()
    const id = await reported(60)
    ok(await step(bev, id, 'dispute', { reason, minutes: 30 }))
    const answers = await Promise.all([step(ann, id, 'acceptance'), step(bev, id, 'confirmation')])
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409])
    const [now] = await balances()
    assert.equal(now! - before!, answers[0]!.status === 200 ? 30 : 60)
  }
  await house.sound()
})

test('what is settled may be disputed by either side for the days of the policy, by staff always; hours stay', async () => {
  const before = await balances()
  const id = await ago(89, settled)
  const disputed = ok(await step(ann, id, 'dispute', { reason, minutes: 90 }))
  assert.deepEqual([disputed.status, disputed.disputedBy, disputed.quote], ['disputed', 'provider', null])
  assert.ok(disputed.settledAt && disputed.transferId)
  assert.deepEqual(await balances(), [before[0]! + 60, before[1]! - 60, before[2]])
  for (const name of ['confirmation', 'acceptance', 'dispute'])
    refused(await step(bev, id, name, name === 'dispute' ? { reason } : {}), 409, 'wrong-state')
  const kept = ok(await decide(id, 'keep'))
  assert.deepEqual([kept.status, kept.transferId], ['settled', disputed.transferId])
  ok(await decide(id, 'reverse'))
  assert.deepEqual(await balances(), before)
  const old = await ago(91, settled)
  assert.equal(refused(await step(bev, old, 'dispute', { reason }), 422, 'dispute-too-late').days, 90)
  ok(await step(house.broker, old, 'dispute', { reason }))
  ok(await decide(old, 'reverse'))
  await house.sound()
})

test('a dispute that was not settled yet: kept, it settles as reported, by another broker than the one who reported', async () => {
  const [before] = await balances()
  const id = await reported(45)
  ok(await step(bev, id, 'dispute', { reason, minutes: 15 }))
  for (const by of [ann, bev]) refused(await decide(id, 'keep', {}, by), 403, 'forbidden')
  const kept = ok(await decide(id, 'keep'))
  assert.deepEqual([kept.status, kept.serviceMinutes, kept.reason], ['settled', 45, reason])
  assert.equal((await balances())[0], before! + 45)
  refused(await decide(id, 'keep'), 409, 'wrong-state')
  const { id: own } = ok(await ann.post('exchanges', house.between(ann, bev)), 201)
  ok(await step(bev, own, 'agreement'))
  ok(await step(house.broker, own, 'report', { minutes: 60, performedOn }))
  ok(await step(bev, own, 'dispute', { reason }))
  refused(await decide(own, 'keep'), 403, 'own-confirmation')
  refused(await decide(own, 'correct', { minutes: 59 }), 403, 'own-confirmation')
  ok(await decide(own, 'keep', {}, house.admin))
})

test('corrected: the wrong one is reversed and the right one settled, as one linked set and one group of transfers', async () => {
  const before = await balances()
  const id = await settled(60)
  ok(await step(bev, id, 'dispute', { reason, minutes: 30 }))
  const wrong = ok(await decide(id, 'correct', { minutes: 30, performedOn: '2026-01-14' }))
  assert.equal(wrong.status, 'reversed')
  const right = await see(wrong.correctedByExchangeId)
  assert.deepEqual(
    [right.status, right.serviceMinutes, right.creditMinutes, right.performedOn, right.correctsExchangeId],
    ['settled', 30, 30, '2026-01-14', id]
  )
  assert.deepEqual([right.recordedAs, right.onBehalfOf], ['broker', bev.memberId])
  assert.deepEqual(await balances(), [before[0]! + 30, before[1]! - 30, before[2]])
  const [reversal, transfer] = await Promise.all(
    [wrong.reversalTransferId, right.transferId].map(async (transferId) =>
      ok(await house.admin.get(`transfers/${transferId}`))
    )
  )
  assert.equal(reversal.ref, wrong.transferId)
  assert.ok(reversal.groupId)
  assert.equal(transfer.groupId, reversal.groupId)
  for (const name of ['decision', 'reversal'])
    refused(
      await step(house.broker, id, name, { reason, decision: 'reverse' }),
      name === 'decision' ? 409 : 400,
      name === 'decision' ? 'wrong-state' : 'validation-failed'
    )
  await house.sound()
})

test('corrected to other people: their hours move back and those of the right ones move', async () => {
  const before = await balances()
  const id = await settled(60)
  const wrong = ok(await decide(id, 'correct', { provider: { memberId: cai.memberId } }))
  assert.deepEqual(await balances(), [before[0], before[1]! - 60, before[2]! + 60])
  const right = await see(wrong.correctedByExchangeId, cai)
  assert.equal(right.provider.memberId, cai.memberId)
  refused(await ann.get(`exchanges/${right.id}`), 404, 'not-found')
  const again = ok(await decide(right.id, 'correct', { provider: { memberId: ann.memberId }, minutes: 75 }))
  assert.deepEqual(await balances(), [before[0]! + 75, before[1]! - 75, before[2]])
  assert.equal((await see(again.correctedByExchangeId)).correctsExchangeId, right.id)
})

test('a report that was disputed before it settled is corrected too; what was held is given back', async () => {
  await house.change({ holdAtAgreement: true })
  try {
    const before = await balances()
    const { id } = ok(await ann.post('exchanges', house.between(ann, bev, { minutes: 60 })), 201)
    ok(await step(bev, id, 'agreement'))
    ok(await step(ann, id, 'report', { minutes: 60, performedOn }))
    ok(await step(bev, id, 'dispute', { reason }))
    const wrong = ok(await decide(id, 'correct', { minutes: 45 }))
    assert.deepEqual([wrong.status, wrong.transferId, wrong.reversalTransferId], ['reversed', null, null])
    assert.deepEqual(await balances(), [before[0]! + 45, before[1]! - 45, before[2]])
    assert.equal((await house.account(bev)).heldOutMinutes, 0)
  } finally {
    await house.change({ holdAtAgreement: false })
  }
  await house.sound()
})

test('a correction says what was otherwise, and is by a broker who is none of them, before or after', async () => {
  const id = await settled()
  refused(await decide(id, 'correct'), 400, 'validation-failed')
  refused(await decide(id, 'correct', { minutes: 60, performedOn }), 400, 'validation-failed')
  refused(await decide(id, 'correct', { minutes: 0 }), 400, 'validation-failed')
  refused(await decide(id, 'correct', { performedOn: '2099-01-01' }), 422, 'future-service-date')
  refused(await decide(id, 'correct', { provider: { memberId: bev.memberId } }), 422, 'same-party')
  refused(await decide(id, 'correct', { provider: { memberId: house.broker.memberId } }), 403, 'forbidden')
  refused(await decide(id, 'keep'), 409, 'wrong-state')
  refused(await decide(id, 'forget'), 400, 'validation-failed')
  assert.equal((await see(id)).status, 'settled')
})

test('a correction is rounded by the policy under which it was made, and may pass limits where it takes less', async () => {
  const dai = await house.member()
  const { id } = ok(
    await house.broker.post('exchanges/records', house.between(ann, dai, { performedOn, minutes: 1200 })),
    201
  )
  await house.change({ granularityMinutes: 60, memberFloorHard: -600 })
  try {
    const wrong = ok(await decide(id, 'correct', { minutes: 1100 }))
    assert.equal((await see(wrong.correctedByExchangeId)).creditMinutes, 1095)
    assert.equal(await house.balanceOf(dai), -1095)
    refused(await decide(wrong.correctedByExchangeId, 'correct', { minutes: 1150 }), 422, 'below-floor')
    assert.equal(await house.balanceOf(dai), -1095)
  } finally {
    await house.change({ granularityMinutes: 15, memberFloorHard: -1200 })
  }
  await house.sound()
})

test('a slip stays with what stands, and is recorded once', async () => {
  const slip = { 'commonhours-source': 'paper_slip', 'commonhours-slip': 'D-7' }
  const input = house.between(ann, bev, { performedOn })
  const { id } = ok(await house.broker.post('exchanges/records', input, slip), 201)
  const wrong = ok(await decide(id, 'correct', { minutes: 90 }))
  assert.equal((await see(wrong.correctedByExchangeId)).slipNumber, 'D-7')
  refused(await house.broker.post('exchanges/records', input, slip), 409, 'already-exists')
})

test('of a group: one is disputed, the group is taken back as one, and nothing of it is corrected by itself', async () => {
  const before = await balances()
  const group = ok(
    await house.broker.post('exchange-groups', {
      providers: [{ memberId: ann.memberId, minutes: 60 }],
      receivers: [{ memberId: bev.memberId }, { memberId: cai.memberId }],
      categoryId: house.category,
      performedOn
    }),
    201
  )
  const [first, second] = group.exchanges
  ok(await step(bev, first.id, 'dispute', { reason }))
  refused(await decide(first.id, 'correct', { minutes: 15 }), 409, 'part-of-group')
  assert.equal(ok(await decide(first.id, 'keep')).status, 'settled')
  ok(await step(bev, first.id, 'dispute', { reason }))
  assert.equal(ok(await decide(first.id, 'reverse')).status, 'reversed')
  assert.equal((await see(second.id)).status, 'reversed')
  assert.deepEqual(await balances(), before)
  refused(await decide(second.id, 'reverse'), 409, 'wrong-state')
  await house.sound()
})

test('a group is taken back while one of it is disputed: both answers are honest', async () => {
  for (let round = 0; round < 4; round++) {
    const before = await balances()
    const group = ok(
      await house.broker.post('exchange-groups', {
        providers: [{ memberId: ann.memberId, minutes: 60 }],
        receivers: [{ memberId: bev.memberId }, { memberId: cai.memberId }],
        categoryId: house.category,
        performedOn
      }),
      201
    )
    const [disputed, reversed] = await Promise.all([
      step(bev, group.exchanges[0].id, 'dispute', { reason }),
      house.broker.post(`exchange-groups/${group.id}/reversal`, { reason })
    ])
    ok(reversed)
    assert.ok(disputed.status === 200 || disputed.body.code === 'wrong-state', disputed.text)
    for (const { id } of group.exchanges) assert.equal((await see(id)).status, 'reversed')
    assert.deepEqual(await balances(), before)
  }
})

test('two decisions at once: one of them holds, and figures have exactly one exchange', async () => {
  for (const [one, other] of [
    ['correct', 'reverse'],
    ['correct', 'keep'],
    ['reverse', 'keep'],
    ['correct', 'correct']
  ] as const) {
    const [before] = await balances()
    const id = await settled(60)
    ok(await step(bev, id, 'dispute', { reason }))
    const body = { correct: { minutes: 15 }, reverse: {}, keep: {} }
    const answers = await Promise.all([decide(id, one, body[one]), decide(id, other, body[other], house.admin)])
    const won = [one, other].filter((_, i) => answers[i]!.status === 200)
    const { status, correctedByExchangeId } = await see(id)
    const moved = (await balances())[0]! - before!
    // a broker may reverse or correct what the other has kept a moment before
    if (won.length === 2) assert.ok(won.includes('keep') && status === 'reversed')
    else assert.equal(won.length, 1)
    assert.equal(moved, correctedByExchangeId ? 15 : status === 'settled' ? 60 : 0)
    for (const { status: answer, body: problem } of answers)
      assert.ok(answer === 200 || problem.code === 'wrong-state', JSON.stringify(problem))
  }
  await house.sound()
})

test('a decision and a confirmation at once: hours move once', async () => {
  for (let round = 0; round < 6; round++) {
    const [before] = await balances()
    const id = await reported(60)
    ok(await step(bev, id, 'dispute', { reason }))
    const [decided, confirmed] = await Promise.all([
      decide(id, 'correct', { minutes: 30 }),
      step(bev, id, 'confirmation')
    ])
    ok(decided)
    const moved = (await balances())[0]! - before!
    assert.equal(moved, 30, 'confirmed before it was corrected, or refused after it')
    assert.ok(confirmed.status === 200 || confirmed.body.code === 'wrong-state')
  }
  await house.sound()
})

test('a question changes nothing, is told to the other side, and is answered or closed', async () => {
  const id = await settled()
  const before = await see(id)
  const at = `exchanges/${id}/queries`
  const query = ok(await ann.post(at, { text: 'Was it not on Tuesday?' }), 201)
  assert.deepEqual([query.status, query.askedAs, query.askedBy], ['open', 'provider', ann.memberId])
  assert.deepEqual(await see(id), before)
  const told = ok(await bev.get('notices')).items
  assert.ok(told.some((x: { kind: string; subjectId: string }) => x.kind === 'exchange.queried' && x.subjectId === id))
  for (const by of [bev, house.broker]) assert.deepEqual(ok(await by.get(at)).items, [query])
  refused(await cai.get(at), 404, 'not-found')
  refused(await cai.post(at, { text: 'What is this?' }), 404, 'not-found')
  const auditor = await house.member({ roles: ['auditor'] })
  refused(await auditor.get(at), 404, 'not-found')
  refused(await ann.post(`${at}/${query.id}/answer`, { text: 'It was.' }), 403, 'own-confirmation')
  const answers = await Promise.all([
    bev.post(`${at}/${query.id}/answer`, { text: 'It was Thursday.' }),
    house.broker.post(`${at}/${query.id}/answer`, { text: 'The slip says Thursday.' })
  ])
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409])
  refused(await bev.post(`${at}/${query.id}/closure`), 403, 'forbidden')
  assert.equal(ok(await ann.post(`${at}/${query.id}/closure`)).status, 'closed')
  refused(await ann.post(`${at}/${query.id}/closure`), 409, 'wrong-state')
  refused(await ann.get('exchange-queries'), 403, 'forbidden')
  const more = ok(await bev.post(at, { text: 'And the minutes?' }), 201)
  const open = ok(await house.broker.get('exchange-queries')).items.map((x: { id: string }) => x.id)
  assert.deepEqual(open, [more.id])
  assert.equal(ok(await house.broker.get('exchange-queries?status=closed')).items[0].id, query.id)
  const old = await ago(91, settled)
  refused(await ann.post(`exchanges/${old}/queries`, { text: 'Much later' }), 422, 'dispute-too-late')
  ok(await house.broker.post(`exchanges/${old}/queries`, { text: 'Much later' }), 201)
})

test('what was written about exchanges of somebody who is forgotten is blanked; the rest stays', async () => {
  const dai = await house.member()
  const { id } = ok(
    await house.broker.post(
      'exchanges/records',
      house.between(ann, dai, { performedOn, description: 'At Dai’s house' })
    ),
    201
  )
  const at = `exchanges/${id}/queries`
  const query = ok(await ann.post(at, { text: 'Was Dai well?' }), 201)
  ok(await dai.post(`${at}/${query.id}/answer`, { text: 'I was.' }))
  ok(await dai.post('members/me/departure', {}))
  ok(await house.admin.post(`members/${dai.memberId}/erasure`, {}))
  const left = await see(id)
  assert.deepEqual([left.description, left.serviceMinutes, left.status], ['', 60, 'settled'])
  const [blanked] = ok(await ann.get(at)).items
  assert.deepEqual([blanked.text, blanked.answer, blanked.status], ['', '', 'answered'])
})

test('the ledger keeps for whom a broker, or silence, moved hours', async () => {
  const onBehalfOf = async (id: string) => {
    const { transferId } = await see(id)
    return ok(await house.admin.get(`transfers/${transferId}`)).onBehalfOf ?? null
  }
  assert.equal(await onBehalfOf(await settled()), bev.memberId)
  const id = await reported()
  ok(await step(house.broker, id, 'confirmation'))
  assert.equal(await onBehalfOf(id), bev.memberId)
  const own = await reported()
  ok(await step(bev, own, 'confirmation'))
  assert.equal(await onBehalfOf(own), null)
})
