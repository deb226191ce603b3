import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { followUpsTasks } from '../../../src/modules/follow-ups/index.ts'
import { ok } from '../../support/app.ts'
import { type Desk, type Json, makeDesk } from './support.ts'

let desk: Desk

before(async () => {
  desk = await makeDesk('service_requests_time')
})

after(() => desk.close())

const dayMs = 24 * 60 * 60 * 1000

/** What the broker has to look after, so many days from now. */
const queue = async (days: number): Promise<string[]> => {
  const { stage, rows } = desk
  stage.clock.now = new Date(Date.now() + days * dayMs)
  await followUpsTasks(stage.database)['follow-ups.look']!({}).finally(() => {
    stage.clock.now = null
  })
  const found = await rows(
    "SELECT kind, subject_id FROM follow_ups.items WHERE closed_at IS NULL AND kind LIKE ANY ('{%referral%,%service_request%}') ORDER BY 1, 2"
  )
  return found.map(({ kind, subject_id }) => `${kind} ${subject_id}`)
}

test('the broker is told of what waits: for a first contact, a decision, an end, or help', async () => {
  const { post, referral, own, step, broker, member, yes, accepted } = desk
  const people = await Promise.all([member(), member(), member(), member(), member()])
  const urgent = (await post(referral(people[0]!, { priority: 'urgent' }))).id
  const routine = (await post(referral(people[1]!))).id
  const agreed = (await post(referral(people[2]!))).id
  ok(await step(people[2]!, agreed, 'answer', yes()))
  const need = (await post(own())).id
  const held = (await accepted(people[3]!)).id
  ok(await step(broker, held, 'hold', { reason: 'away' }))
  const helpless = (await accepted(people[4]!)).id
  assert.deepEqual(await queue(0), [])
  assert.deepEqual(await queue(2), [`uncontacted_referral ${urgent}`])
  const waiting = [
    ...[urgent, routine].sort().map((id) => `uncontacted_referral ${id}`),
    ...[agreed, need].sort().map((id) => `undecided_service_request ${id}`)
  ]
  assert.deepEqual(await queue(4), waiting.toSorted())
  const late = [...waiting, `service_request_on_hold ${held}`, `service_request_without_help ${helpless}`]
  assert.deepEqual(await queue(29), late.toSorted())
  // done, they are gone
  for (const id of [urgent, routine]) ok(await step(broker, id, 'contacts', { way: 'phone', result: 'message_left' }))
  for (const id of [agreed, need]) ok(await step(broker, id, 'rejection', { reason: 'no_capacity' }))
  ok(await step(broker, held, 'completion', { outcome: 'goal_met' }))
  ok(await step(broker, helpless, 'failure', { reason: 'no_helper_found' }))
  assert.deepEqual(await queue(30), [])
})

test('who leaves is asked nothing more, and erased, nothing is left of what was written', async () => {
  const { admin, accepted, post, referral, member, broker, seen, rows, hourly } = desk
  const person = await member()
  const begun = (await accepted(person, ['contact', 'share_status'])).id
  const waiting = (await post(referral(person))).id
  ok(await admin.post(`members/${person.memberId}/departure`, {}))
  assert.equal(ok(await broker.get(`service-requests/${begun}`)).status, 'cancelled')
  await hourly(1)
  assert.equal((await seen(waiting)).reason, 'not_taken_up')
  ok(await admin.post(`members/${person.memberId}/erasure`, { reason: 'They asked for it' }))
  const texts = await rows('SELECT * FROM service_requests.texts WHERE service_request_id = ANY ($1)', [
    [begun, waiting]
  ])
  for (const { timebank_id: _, service_request_id: __, ...words } of texts)
    assert.deepEqual(
      Object.values(words).filter((word) => word !== null && word !== ''),
      []
    )
  assert.equal((await seen(begun)).person.memberNumber, null)
})

test('help again and again is in progress until a broker says what came of it, and its sessions count', async () => {
  const { accepted, broker, member, step, hourly, stage, seen } = desk
  const [person, helper, stranger] = [await member(), await member(), await member()]
  const { id, listingId } = await accepted(person, undefined, {
    occurrence: { firstOn: '2099-03-03', rrule: 'FREQ=WEEKLY;BYDAY=TU' }
  })
  const arrange = async (receiver: Json) => {
    const soon = new Date(Date.now() + 3 * dayMs).toISOString().slice(0, 10)
    const arrangement = ok(
      await receiver.post('arrangements', {
        title: 'Walks',
        categoryId: ok(await person.get(`requests/${listingId}`)).categoryId,
        provider: { memberId: helper.memberId },
        receiver: { memberId: receiver.memberId },
        startsAt: `${soon}T10:00`,
        minutes: 45,
        rrule: 'FREQ=DAILY;COUNT=3'
      }),
      201
    )
    ok(await helper.post(`arrangements/${arrangement.id}/agreement`, {}))
    return arrangement.id
  }
  assert.equal((await step(broker, id, 'arrangements', { arrangementId: await arrange(stranger) })).status, 404)
  const arrangementId = await arrange(person)
  assert.equal(ok(await step(broker, id, 'arrangements', { arrangementId })).subStatus, 'scheduled')
  const [session] = ok(await helper.get(`arrangements/${arrangementId}/sessions`)).items
  stage.clock.now = new Date(Date.now() + 3.9 * dayMs)
  const { beginSession, makeIdentity } = await import('../../../src/modules/identity/index.ts')
  const { clientOf } = await import('../../support/app.ts')
  const identity = makeIdentity({ database: stage.database, issuer: 'http://commonhours.test' })
  const fresh = async (who: Json) =>
    clientOf(stage.app, 'rivertown', (await beginSession(identity, who.personId, 'password')).accessToken)
  ok(await (await fresh(helper)).post(`sessions/${session.id}/report`, {}))
  const [exchange] = ok(await (await fresh(person)).get('exchanges?limit=10')).items
  ok(await (await fresh(person)).post(`exchanges/${exchange.id}/confirmation`))
  await hourly(0)
  const view = ok(await (await fresh(broker)).get(`service-requests/${id}`))
  assert.deepEqual([view.status, view.subStatus], ['in_progress', 'helping'])
  assert.deepEqual(
    view.attendance.map(({ minutes }: Json) => minutes),
    [45]
  )
  stage.clock.now = null
  ok(await step(broker, id, 'completion', { outcome: 'goal_met' }))
  assert.equal((await seen(id)).outcome, 'goal_met')
})

test('the figures of ten referrals: acceptance 6 of 8, completion 4 of 5, two open', async () => {
  const { anotherAgency, post, referral, step, yes, member, broker, listing, admin, rows } = desk
  const agency = await anotherAgency('Council')
  const person = await member()
  const month = '2026-03'
  const make = async (...taken: [by: typeof broker, path: string, body: unknown][]) => {
    const { id } = await post(referral(person), agency.client)
    for (const [by, path, body] of taken) ok(await step(by, id, path, body))
    await rows('UPDATE service_requests.requests SET created_at = $2 WHERE id = $1', [id, '2026-03-15T12:00:00Z'])
  }
  const begin: [typeof broker, string, unknown][] = [
    [person, 'answer', yes()],
    [broker, 'acceptance', { listing }]
  ]
  await make()
  await make([agency.client, 'cancellation', { reason: 'no_longer_needed' }])
  for (let n = 0; n < 2; n += 1) await make([broker, 'rejection', { reason: 'outside_area' }])
  for (let n = 0; n < 4; n += 1) await make(...begin, [broker, 'completion', { outcome: 'goal_met' }])
  await make(...begin, [broker, 'failure', { reason: 'no_helper_found' }])
  await make(...begin, [broker, 'hold', { reason: 'away' }], [broker, 'resumption', {}])
  const figures = ok(await admin.get(`service-requests/figures?from=${month}&to=${month}`))
  assert.deepEqual(figures, {
    received: 10,
    acceptance: { value: 0.75, n: 6, d: 8, suppressed: false },
    completion: { value: 0.8, n: 4, d: 5, suppressed: false },
    open: { value: 2, suppressed: false }
  })
  // to the agency nothing that a few people make up
  const suppressed = { value: null, n: null, d: null, suppressed: true }
  assert.deepEqual(ok(await agency.client.get(`service-requests/figures?from=${month}&to=${month}`)), {
    received: 10,
    acceptance: suppressed,
    completion: suppressed,
    open: { value: null, suppressed: true }
  })
  assert.equal(ok(await desk.agency.client.get(`service-requests/figures?from=${month}&to=${month}`)).received, 0)
  const nothing = ok(await admin.get('service-requests/figures?from=2026-04&to=2026-05'))
  assert.deepEqual([nothing.received, nothing.acceptance.value, nothing.acceptance.d], [0, null, 0])
  assert.equal((await admin.get('service-requests/figures?from=2026-05&to=2026-04')).status, 400)
  assert.equal((await admin.get('service-requests/figures?from=2026-05-01&to=2026-06')).status, 400)
})
