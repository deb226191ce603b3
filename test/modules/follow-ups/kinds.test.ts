import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addDays, dateIn } from '../../../src/shared/clock.ts'
import { type Client, type MemberOptions, ok, refused } from '../../support/app.ts'
import { makeQueue, type Queue } from './support.ts'

let queue: Queue
let admin: Client
let broker: Client
let ann: Client

before(async () => {
  queue = await makeQueue('follow_up_kinds')
  admin = queue.admin
  broker = await queue.member({ name: 'Bron', roles: ['broker'] })
  ann = await queue.member({ name: 'Ann' })
})

after(() => queue.stage.close())

const member = (options: MemberOptions = {}) => queue.member(options)
const states = (followUps: { state: string; outcome: string | null }[]) =>
  followUps.map(({ state, outcome }) => outcome ?? state)

test('a request that nobody has answered for three days is brought to the broker; a draft and an answered one are not', async () => {
  const [bev, cai] = [await member({ name: 'Bev' }), await member()]
  const request = await queue.request(bev)
  await queue.request(cai, { open: false })
  const answered = await queue.request(cai)
  ok(await ann.post('exchanges', queue.between(ann, cai, { requestId: answered.id })), 201)
  await queue.pass(2.9)
  assert.deepEqual(await queue.about('unanswered_request', bev), [])
  await queue.pass(0.2)
  const [followUp, ...more] = await queue.about('unanswered_request', bev)
  assert.deepEqual(more, [])
  assert.deepEqual(await queue.about('unanswered_request', cai), [])
  assert.equal(followUp.id, `unanswered_request.${request.id}`)
  assert.deepEqual(followUp.subject, { type: 'request', id: request.id })
  assert.deepEqual(
    [followUp.state, followUp.member.name, followUp.other, followUp.crossing],
    ['open', 'Bev', null, null]
  )
  assert.equal(Date.parse(followUp.since), Date.parse(request.openedAt))
  assert.equal(followUp.dueOn, addDays(dateIn('Europe/London', new Date(request.openedAt)), 5))
  assert.deepEqual(followUp.suggestedStep, {
    code: 'find_helper',
    text: 'Look for somebody who could help, or talk with the member about what they ask for.'
  })
})

test('it settles itself when somebody answers, also when they are declined, and does not come back', async () => {
  const [bev, cai] = [await member(), await member()]
  const request = await queue.request(bev)
  await queue.pass(3.1)
  // the member's own question to somebody is no answer
  const own = ok(await bev.post('exchanges', queue.between(cai, bev, { requestId: request.id })), 201)
  await queue.pass(0.1)
  assert.deepEqual(states(await queue.about('unanswered_request', bev)), ['open'])
  ok(await cai.post(`exchanges/${own.id}/decline`, {}))
  const { id } = ok(await ann.post('exchanges', queue.between(ann, bev, { requestId: request.id })), 201)
  await queue.pass(0.1)
  const [settled] = await queue.about('unanswered_request', bev)
  assert.deepEqual(
    [settled.state, settled.outcome, settled.notedBy, settled.note],
    ['closed', 'settled_itself', null, null]
  )
  assert.ok(Date.parse(settled.closedAt) > Date.parse(settled.openedAt))
  refused(await queue.note(settled.id, 'contacted'), 409, 'wrong-state')
  ok(await bev.post(`exchanges/${id}/decline`, {}))
  await queue.pass(5)
  assert.deepEqual(states(await queue.about('unanswered_request', bev)), ['settled_itself'])
})

test('who says that they could help has answered; a broker who suggests somebody has not', async () => {
  const [bev, cai] = [await member(), await member()]
  const [suggested, proposed] = [await queue.request(bev), await queue.request(cai)]
  ok(await broker.post('matches/suggestions', { requestId: suggested.id, memberId: ann.memberId }), 201)
  ok(await ann.post('matches', { requestId: proposed.id }), 201)
  await queue.pass(3.1)
  assert.deepEqual(states(await queue.about('unanswered_request', bev)), ['open'])
  assert.deepEqual(await queue.about('unanswered_request', cai), [])
})

test('after an outcome it stays closed while nothing new has happened; a new request opens its own', async () => {
  const bev = await member()
  await queue.request(bev)
  await queue.pass(3.1)
  const [{ id }] = await queue.about('unanswered_request', bev)
  const closed = ok(await queue.note(id, 'helper_found', broker))
  assert.deepEqual([closed.state, closed.outcome, closed.notedBy], ['closed', 'helper_found', broker.memberId])
  await queue.pass(4)
  assert.deepEqual(states(await queue.about('unanswered_request', bev)), ['helper_found'])
  await queue.request(bev)
  await queue.pass(3.1)
  assert.deepEqual(states(await queue.about('unanswered_request', bev)), ['helper_found', 'open'])
})

test('the days are those of the policy; what no longer counts settles itself, and counts again in a further round', async () => {
  const bev = await member()
  await queue.request(bev)
  await queue.pass(3.1)
  await queue.policy({ unansweredAfterDays: 10 })
  await queue.look()
  assert.deepEqual(states(await queue.about('unanswered_request', bev)), ['settled_itself'])
  await queue.policy({ unansweredAfterDays: 0 })
  await queue.pass(20)
  assert.deepEqual(states(await queue.about('unanswered_request', bev)), ['settled_itself'])
  await queue.policy({ unansweredAfterDays: 3 })
  await queue.look()
  const [first, second] = await queue.about('unanswered_request', bev)
  assert.deepEqual([second.state, second.round, second.id], ['open', 2, `${first.id}.2`])
  assert.deepEqual([first.previousId, second.previousId], [null, first.id])
  assert.deepEqual(ok(await broker.get(`follow-ups/${second.id}`)), second)
  refused(await broker.get(`follow-ups/${first.id}.3`), 404, 'not-found')
})

test('an offer or a request that ends within seven days is brought to the broker until its day is moved', async () => {
  const bev = await member()
  const offer = await queue.offer(bev, { expiresOn: queue.inDays(8) })
  const request = await queue.request(bev, { expiresOn: queue.inDays(8) })
  await queue.look()
  assert.deepEqual(await queue.about('expiring_offer', bev), [])
  await queue.pass(1)
  const [ofOffer] = await queue.about('expiring_offer', bev)
  const [ofRequest] = await queue.about('expiring_request', bev)
  assert.deepEqual(
    [ofOffer.subject, ofOffer.dueOn, ofOffer.suggestedStep.code],
    [{ type: 'offer', id: offer.id }, offer.expiresOn, 'renew_offer']
  )
  assert.deepEqual([ofRequest.subject.type, ofRequest.suggestedStep.code], ['request', 'renew_request'])
  ok(await bev.patch(`offers/${offer.id}`, { expiresOn: queue.inDays(60) }, offer.rowVersion))
  ok(await queue.note(ofRequest.id, 'let_end'))
  await queue.pass(8)
  assert.deepEqual(states(await queue.about('expiring_offer', bev)), ['settled_itself'])
  assert.deepEqual(states(await queue.about('expiring_request', bev)), ['let_end'], 'ended, and not asked for again')
  assert.equal(ok(await bev.get(`requests/${request.id}`)).id, request.id)
  await queue.pass(46)
  assert.deepEqual(states(await queue.about('expiring_offer', bev)), ['settled_itself', 'open'])
})

test('a new member without contact or exchange is brought to the broker after a week, due within the month', async () => {
  const [bev, cai, dai, staff] = [await member(), await member(), await member(), await member({ roles: ['broker'] })]
  const joined = queue.today()
  await queue.pass(6)
  assert.deepEqual(await queue.about('new_member', bev), [])
  ok(await admin.post('exchanges/records', queue.between(ann, cai, { performedOn: queue.today() })), 201)
  await queue.pass(1)
  const [followUp] = await queue.about('new_member', bev)
  assert.deepEqual(
    [followUp.dueOn, followUp.subject, followUp.suggestedStep.code],
    [queue.inDays(23), { type: 'member', id: bev.memberId }, 'first_contact']
  )
  assert.ok(followUp.since.slice(0, 10) <= joined)
  assert.deepEqual(await queue.about('new_member', cai), [], 'has an exchange')
  assert.deepEqual(await queue.about('new_member', staff), [], 'staff know of themselves')
  ok(await queue.note(followUp.id, 'contacted'))
  // a word about something else is contact too
  await queue.request(dai)
  await queue.pass(4)
  assert.deepEqual(states(await queue.about('new_member', dai)), ['open'])
  const [{ id }] = await queue.about('unanswered_request', dai)
  ok(await queue.note(id, 'contacted'))
  await queue.look()
  assert.deepEqual(states(await queue.about('new_member', dai)), ['settled_itself'])
  assert.deepEqual(states(await queue.about('new_member', bev)), ['contacted'])
})

test('a report that stands for a week is brought to the broker, and settles itself when it is confirmed', async () => {
  const [bev, cai] = [await member({ name: 'Bev' }), await member({ name: 'Cai' })]
  const { id } = ok(await bev.post('exchanges/reports', queue.between(bev, cai, { performedOn: queue.today() })), 201)
  await queue.pass(6.9)
  assert.deepEqual(await queue.about('unconfirmed_exchange', bev), [])
  await queue.pass(0.2)
  const [followUp] = await queue.about('unconfirmed_exchange', bev)
  assert.deepEqual(
    [followUp.member.name, followUp.other.name, followUp.suggestedStep.code, followUp.subject],
    ['Cai', 'Bev', 'remind_to_confirm', { type: 'exchange', id }],
    'first the side whose answer is missing'
  )
  assert.deepEqual(states(await queue.about('unconfirmed_exchange', cai)), ['open'], 'found from either side')
  ok(await cai.post(`exchanges/${id}/confirmation`))
  await queue.look()
  assert.deepEqual(states(await queue.about('unconfirmed_exchange', bev)), ['settled_itself'])
})

test('what silence never confirms is brought to the broker at once: supported, minor, high risk, by the policy', async () => {
  const plain = await member()
  const report = async (provider: Client, more = {}) => {
    ok(
      await provider.post('exchanges/reports', queue.between(provider, plain, { performedOn: queue.today(), ...more })),
      201
    )
  }
  const supported = await member({ profile: { supported: true } })
  await report(supported)
  const risky = ok(await admin.post('categories', { name: 'Roofs', slug: 'roofs', risk: 'high' }), 201)
  const below = ok(await admin.post('categories', { name: 'Flat roofs', slug: 'flat-roofs', parentId: risky.id }), 201)
  const climber = await member()
  await report(climber, { categoryId: below.id })
  const usual = await member()
  await report(usual)
  await queue.look()
  for (const who of [supported, climber])
    assert.equal((await queue.about('unconfirmed_exchange', who))[0]?.suggestedStep.code, 'confirm_in_person')
  assert.deepEqual(await queue.about('unconfirmed_exchange', usual), [])
  // an exchange keeps the policy that it was made under
  await queue.policy({ whoConfirms: 'broker' })
  await queue.look()
  assert.deepEqual(await queue.about('unconfirmed_exchange', usual), [])
  const later = await member()
  await report(later)
  await queue.policy({ whoConfirms: 'other_side' })
  await queue.look()
  const [waits] = await queue.about('unconfirmed_exchange', later)
  assert.deepEqual([waits.suggestedStep.code, waits.dueOn], ['confirm_in_person', queue.inDays(3)])
})

test('a dispute is there at once, without the job, and gone at once when it is decided', async () => {
  const [bev, cai] = [await member(), await member()]
  const { id } = ok(await bev.post('exchanges/reports', queue.between(bev, cai, { performedOn: queue.today() })), 201)
  ok(await cai.post(`exchanges/${id}/dispute`, { reason: 'It was half an hour' }))
  const [followUp] = await queue.about('disputed_exchange', bev)
  assert.deepEqual(
    [followUp.id, followUp.state, followUp.suggestedStep.code],
    [`disputed_exchange.${id}`, 'open', 'decide_dispute']
  )
  const text = JSON.stringify(followUp)
  assert.ok(!text.includes('half an hour'), 'what somebody wrote is read where it is')
  ok(await admin.post(`exchanges/${id}/confirmation`))
  assert.deepEqual(states(await queue.about('disputed_exchange', bev)), ['settled_itself'])
})

test('a question about an exchange is there at once until it is answered; a later one is asked anew', async () => {
  const [bev, cai] = [await member(), await member({ name: 'Cai' })]
  const { id } = ok(await admin.post('exchanges/records', queue.between(bev, cai, { performedOn: queue.today() })), 201)
  const first = ok(await cai.post(`exchanges/${id}/queries`, { text: 'Was that not on Monday?' }), 201)
  const [followUp] = await queue.about('queried_exchange', bev)
  assert.deepEqual(
    [followUp.subject.id, followUp.member.name, followUp.suggestedStep.code],
    [id, 'Cai', 'decide_query']
  )
  assert.ok(!JSON.stringify(followUp).includes('Monday'))
  ok(await queue.note(followUp.id, 'contacted'))
  assert.deepEqual(states(await queue.about('queried_exchange', bev)), ['contacted'], 'still open, and answered for')
  queue.shift(0.1)
  ok(await cai.post(`exchanges/${id}/queries`, { text: 'Or on Tuesday?' }), 201)
  const [, second] = await queue.about('queried_exchange', bev)
  assert.deepEqual([second.state, second.round], ['open', 2])
  const { items } = ok(await admin.get(`exchanges/${id}/queries`))
  for (const query of items) ok(await bev.post(`exchanges/${id}/queries/${query.id}/answer`, { text: 'On Monday' }))
  assert.ok(items.some((query: { id: string }) => query.id === first.id))
  assert.deepEqual(states(await queue.about('queried_exchange', bev)), ['contacted', 'settled_itself'])
})

test('an exchange that waits for approval is there at once, and gone at once when a broker lets it go ahead', async () => {
  const [bev, cai] = [await member(), await member()]
  await queue.policy({ brokerApprovalAboveMinutes: 120 })
  const { id } = ok(await bev.post('exchanges', queue.between(bev, cai, { minutes: 180 })), 201)
  ok(await cai.post(`exchanges/${id}/agreement`, {}))
  const [followUp] = await queue.about('awaiting_approval', bev)
  assert.deepEqual([followUp.suggestedStep.code, followUp.dueOn], ['look_and_approve', queue.inDays(3)])
  ok(await broker.post(`exchanges/${id}/approval`))
  assert.deepEqual(states(await queue.about('awaiting_approval', bev)), ['settled_itself'])
  await queue.policy({ brokerApprovalAboveMinutes: null })
})

test('a member without an exchange for 90 days is reported, after 730 contacted once more; the membership goes on', async () => {
  const [bev, cai] = [await member(), await member()]
  await queue.pass(89)
  assert.deepEqual(await queue.about('inactive_member', bev), [])
  ok(await admin.post('exchanges/records', queue.between(ann, cai, { performedOn: queue.today() })), 201)
  await queue.pass(1.1)
  const [first] = await queue.about('inactive_member', bev)
  assert.deepEqual([first.suggestedStep.code, first.subject.type], ['make_contact', 'member'])
  assert.deepEqual(await queue.about('inactive_member', cai), [])
  ok(await queue.note(first.id, 'will_stay'))
  await queue.pass(600)
  assert.deepEqual(states(await queue.about('inactive_member', bev)), ['will_stay'])
  await queue.pass(45)
  const [, second] = await queue.about('inactive_member', bev)
  assert.deepEqual([second.state, second.suggestedStep.code, second.since], ['open', 'contact_then_leave', first.since])
  assert.equal(ok(await admin.get(`members/${bev.memberId}`)).status, 'active')
  // one that is still open goes on to the next step
  const [ofCai] = await queue.about('inactive_member', cai)
  assert.equal(ofCai.suggestedStep.code, 'make_contact')
  ok(await broker.put(`follow-ups/${ofCai.id}/snooze`, { until: queue.inDays(300) }))
  await queue.pass(95)
  const [escalated, ...more] = await queue.about('inactive_member', cai)
  assert.deepEqual(more, [])
  assert.deepEqual(
    [escalated.id, escalated.suggestedStep.code, escalated.state],
    [ofCai.id, 'contact_then_leave', 'open'],
    'no longer put off'
  )
  ok(await admin.post('exchanges/records', queue.between(bev, ann, { performedOn: queue.today() })), 201)
  await queue.look()
  assert.deepEqual(states(await queue.about('inactive_member', bev)), ['will_stay', 'settled_itself'])
  await queue.policy({ inactiveReportDays: 0, inactiveLeaveDays: 0 })
  await queue.look()
  assert.deepEqual(states(await queue.about('inactive_member', cai)), ['settled_itself'])
})
