import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ok } from '../../support/app.ts'
import { type Desk, type Json, makeDesk } from './support.ts'

let desk: Desk

before(async () => {
  desk = await makeDesk('service_requests_at_once')
})
after(() => desk.close())

const today = () => new Date().toISOString().slice(0, 10)

test('who has said yes to a second referral since can still say no to the first', async () => {
  const { referral, post, step, yes, member, broker, hourly, seen } = desk
  const person = await member()
  const first = await post(referral(person))
  const second = await post(referral(person))
  ok(await step(person, first.id, 'answer', yes()))
  ok(await step(person, second.id, 'answer', yes()))
  ok(await step(person, first.id, 'answer', { answer: 'no' }))
  assert.equal((await step(broker, first.id, 'acceptance', { listing: desk.listing })).status, 409)
  await hourly(1)
  assert.deepEqual([(await seen(first.id)).status, (await seen(first.id)).reason], ['rejected', 'not_taken_up'])
})

/** An exchange for what members see of a referral. */
const begin = async (listingId: string, person: Json, helper: Json) => ({
  provider: { memberId: helper.memberId },
  receiver: { memberId: person.memberId },
  requestId: listingId,
  categoryId: ok(await person.get(`requests/${listingId}`)).categoryId,
  minutes: 60
})

test('what was reported before it is put off settles meanwhile', async () => {
  const { accepted, broker, step, follow, member } = desk
  const [person, helper] = [await member(), await member()]
  const { id, listingId } = await accepted(person)
  const body = { ...(await begin(listingId, person, helper)), performedOn: today() }
  const { id: reported } = ok(await helper.post('exchanges/reports', body), 201)
  ok(await step(broker, id, 'hold', { reason: 'away' }))
  assert.equal(ok(await person.post(`exchanges/${reported}/confirmation`, {})).status, 'settled')
  await follow()
  assert.equal(ok(await broker.get(`service-requests/${id}`)).status, 'on_hold')
  assert.equal(ok(await step(broker, id, 'resumption', {})).status, 'completed')
})

test('help that is called off while it is put off opens it to nobody', async () => {
  const { accepted, broker, step, follow, member } = desk
  const [person, helper, other] = [await member(), await member(), await member()]
  const { id, listingId } = await accepted(person)
  const exchange = ok(await person.post('exchanges', await begin(listingId, person, helper)), 201)
  ok(await helper.post(`exchanges/${exchange.id}/agreement`, {}))
  await follow()
  ok(await step(broker, id, 'hold', { reason: 'away' }))
  ok(await helper.post(`exchanges/${exchange.id}/cancellation`, { reason: 'Not well' }))
  await follow()
  assert.equal((await other.get(`requests/${listingId}`)).status, 404)
  assert.equal(ok(await broker.get(`service-requests/${id}`)).status, 'on_hold')
  ok(await step(broker, id, 'resumption', {}))
  assert.equal((await other.get(`requests/${listingId}`)).status, 200)
})
