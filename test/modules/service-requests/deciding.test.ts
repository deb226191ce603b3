import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addMember, type Client, ok, refused } from '../../support/app.ts'
import { everyTable } from '../../support/holding.ts'
import { type Desk, type Json, makeDesk } from './support.ts'

let desk: Desk

before(async () => {
  desk = await makeDesk('service_requests_deciding')
})

after(() => desk.close())

/** Everything that is kept of a referral and of the person, without what is different for any two of them. */
const traces = async (id: string, person: Client): Promise<Json> => {
  const { rows } = desk
  const found: Record<string, string[]> = {}
  for (const name of await everyTable(rows)) {
    if (name.startsWith('graphile_worker.')) continue
    const hits = await rows(
      `SELECT to_jsonb(t) AS row FROM ${name} t WHERE t::text LIKE '%' || $1 || '%' ORDER BY t::text`,
      [id]
    )
    if (hits.length > 0) found[name] = hits.map(({ row }) => plain(row, id, person))
  }
  return found
}

const plain = (row: Json, id: string, person: Client): string =>
  JSON.stringify(row)
    .replaceAll(id, 'id')
    .replaceAll(person.memberId, 'person')
    .replaceAll(person.personId, 'person')
    .replace(/"(id|key|fingerprint|external_value|claimed_number)":("[^"]*"|\d+)/g, '"$1":0')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'uuid')
    .replace(/R-\d+/g, 'R')
    .replace(/"\d{4}-\d\d-\d\dT[^"]*"/g, '"at"')

test('a no cannot be told from what could not be arranged, by anybody, in anything that is kept', async () => {
  const { broker, referral, post, step, member, hourly, seen } = desk
  const people = await Promise.all([member(), member(), member(), member()])
  const ids: string[] = []
  for (const person of people) ids.push((await post(referral(person))).id)
  const [byPerson, toBroker, byBroker] = ids as [string, string, string, string]
  // all have been tried, and the first two reached
  for (const id of ids) ok(await step(broker, id, 'contacts', { way: 'phone', result: 'not_reached' }))
  for (const id of [byPerson, toBroker]) ok(await step(broker, id, 'contacts', { way: 'visit', result: 'reached' }))
  const looks = async () => {
    const all: Json[] = []
    for (const id of ids) all.push([await seen(id), ok(await broker.get(`service-requests/${id}`))])
    return all
  }
  const before = await looks()
  assert.equal(ok(await step(people[0]!, byPerson, 'answer', { answer: 'no' })).status, 'requested')
  ok(await step(people[0]!, byPerson, 'answer', { answer: 'no' }))
  ok(await step(broker, toBroker, 'answer', { answer: 'no' }))
  ok(await step(broker, byBroker, 'rejection', { reason: 'not_taken_up' }))
  // until the day is over it looks as it did
  assert.deepEqual(await looks(), before)
  await hourly(1)
  // one that nobody has answered closes in the same way, once its time is over
  await hourly(29)
  await hourly(30)
  for (const id of ids) {
    const view = await seen(id)
    assert.deepEqual([view.status, view.reason, view.subStatus], ['rejected', 'not_taken_up', null])
    const { items } = ok(await broker.get(`service-requests/${id}/history`))
    assert.deepEqual(
      items.map(({ status, by }: Json) => [status, by]),
      [
        ['requested', 'agency'],
        ['rejected', 'service']
      ]
    )
  }
  const counted = (found: Json) => ({ ...found, 'audit.events': [...new Set(found['audit.events'])] })
  const of = async (at: number) => counted(await traces(ids[at]!, people[at]!))
  const one = await of(2)
  const withoutKeys = ({ 'platform.idempotency_keys': _, ...rest }: Json) => rest
  for (const at of [0, 1, 3]) assert.deepEqual(withoutKeys(await of(at)), withoutKeys(one))
  // what was said is in no kept answer
  for (const id of [byPerson, toBroker]) {
    const kept = await desk.rows('SELECT route FROM platform.idempotency_keys WHERE body LIKE $1', [`%${id}%`])
    assert.ok(
      kept.every(({ route }) => !route.includes('answer')),
      JSON.stringify(kept)
    )
  }
})

test('who says no can still say yes on the same day, and a no after a yes takes the consent back', async () => {
  const { referral, post, step, yes, member, hourly, broker, listing } = desk
  const [one, other] = [await member(), await member()]
  const first = await post(referral(one))
  ok(await step(one, first.id, 'answer', { answer: 'no' }))
  ok(await step(one, first.id, 'answer', yes()))
  await hourly(1)
  assert.equal(ok(await step(broker, first.id, 'acceptance', { listing })).status, 'accepted')
  const second = await post(referral(other))
  ok(await step(other, second.id, 'answer', yes()))
  ok(await step(other, second.id, 'answer', { answer: 'no' }))
  refused(await step(broker, second.id, 'acceptance', { listing }), 409, 'person-not-agreed')
  await hourly(1)
  assert.equal(ok(await broker.get(`service-requests/${second.id}`)).status, 'rejected')
})

test('nobody but the person, who may say it for them, or a broker says yes or no', async () => {
  const { agency, referral, post, step, yes, member, admin } = desk
  const [person, stranger] = [await member(), await member()]
  const { id } = await post(referral(person))
  for (const body of [yes(), { answer: 'no' }]) {
    refused(await step(stranger, id, 'answer', body), 404, 'not-found')
    refused(await step(agency.client, id, 'answer', body), 403, 'forbidden')
    refused(await step(agency.professional, id, 'answer', body), 404, 'not-found')
  }
  refused(await step(person, id, 'answer', { answer: 'no', scopes: ['contact'] }), 400, 'validation-failed')
  refused(await step(person, id, 'answer', { answer: 'yes' }), 400, 'validation-failed')
  refused(await step(person, id, 'answer', { ...yes(['share_status']) }), 400, 'validation-failed')
  refused(await step(person, id, 'acceptance', {}), 403, 'forbidden')
  ok(await step(person, id, 'answer', yes()))
  refused(await step(admin, id, 'person', { member: stranger.number }), 409, 'wrong-state')
})

test('what the agency reads is what the person shares at that moment', async () => {
  const { agency, referral, post, step, yes, listing, broker, member, seen, rows } = desk
  const person = await member()
  const { id } = await post(referral(person))
  ok(await step(person, id, 'answer', yes(['contact'])))
  ok(await step(broker, id, 'acceptance', { listing }))
  const hidden = await seen(id)
  assert.deepEqual(
    [hidden.status, hidden.subStatus, hidden.reason, hidden.outcome, hidden.attendance, hidden.decidedAt],
    [null, null, null, null, null, null]
  )
  assert.deepEqual(hidden.withheld, ['status', 'subStatus', 'reason', 'attendance', 'outcome'])
  const find = async (status: string) =>
    ok(await agency.client.get(`service-requests?status=${status}`)).items.some((one: Json) => one.id === id)
  assert.equal(await find('accepted'), false)
  // what happens is not told by an instant or a version either
  ok(await step(broker, id, 'hold', { reason: 'away' }))
  const later = await seen(id)
  assert.deepEqual([later.updatedAt, later.rowVersion], [hidden.updatedAt, hidden.rowVersion])
  const past = ok(await agency.client.get(`service-requests/${id}/history`))
  assert.deepEqual([past.items.map(({ status }: Json) => status), past.withheld], [['requested'], true])
  ok(await step(broker, id, 'resumption', {}))

  // with the next request on what is shared is seen
  const share = async (scopes: string[]) =>
    rows('UPDATE consents.consents SET scopes = $2 WHERE membership_id = $1', [person.memberId, scopes])
  await share(['contact', 'share_status', 'share_attendance'])
  const shown = await seen(id)
  assert.deepEqual([shown.status, shown.subStatus, shown.attendance], ['in_progress', 'looking_for_helper', []])
  assert.deepEqual(shown.withheld, ['outcome'])
  assert.equal(await find('in_progress'), true)
  ok(await step(broker, id, 'completion', { outcome: 'partly_met' }))
  assert.deepEqual([(await seen(id)).status, (await seen(id)).outcome], ['completed', null])
  await share(['contact', 'share_outcome'])
  assert.deepEqual([(await seen(id)).status, (await seen(id)).outcome], [null, 'partly_met'])
  const log = await rows('SELECT parts FROM consents.disclosures WHERE subject_id = $1', [id])
  assert.ok(log.length >= 8)
  assert.ok(log.some(({ parts }) => parts.includes('attendance')))
})

test('with the contact the referral ends: what has begun stops, what waits is not taken up, and the agency reads what is left', async () => {
  const { accepted, referral, post, step, yes, member, seen, hourly, agency, broker } = desk
  const person = await member()
  const begun = await accepted(person, ['contact', 'share_outcome'])
  const waiting = await post(referral(person))
  ok(await step(person, waiting.id, 'answer', yes(['contact', 'share_status'])))
  const consents = ok(await person.get('members/me/consents')).items
  const standing = consents.find(({ status }: Json) => status === 'given')
  ok(await person.post(`members/me/consents/${standing.id}/withdrawal`, { scopes: ['contact'] }))
  const ended = ok(await broker.get(`service-requests/${begun.id}`))
  assert.deepEqual([ended.status, ended.reason], ['cancelled', 'no_longer_needed'])
  assert.equal(ok(await person.get(`requests/${begun.listingId}`)).status, 'withdrawn')
  refused(await step(broker, waiting.id, 'acceptance', { listing: desk.listing }), 409, 'person-not-agreed')
  // the status was still shared, and is so until that is withdrawn too
  assert.equal((await seen(begun.id)).status, 'cancelled')
  ok(await person.post(`members/me/consents/${standing.id}/withdrawal`, {}))
  const hidden = await seen(begun.id)
  assert.deepEqual([hidden.status, hidden.reason], [null, null])
  assert.equal((await agency.client.get(`service-requests?status=cancelled`)).text.includes(begun.id), false)
  await hourly(1)
  assert.deepEqual([(await seen(waiting.id)).status, (await seen(waiting.id)).reason], ['rejected', 'not_taken_up'])
})

test('who supports the person in the scope of consents says it for them, and others who support them do not', async () => {
  const { referral, post, step, yes, member, admin, rows } = desk
  const [person, daughter, neighbour] = [await member(), await member('Daughter'), await member('Neighbour')]
  const support = async (supporter: Client, scopes: string[]) => {
    const { id } = ok(await person.post('members/me/supporters', { supporter: supporter.memberId, scopes }), 201)
    ok(await supporter.post(`supports/${id}/acceptance`, {}))
  }
  await support(daughter, ['view', 'consents'])
  await support(neighbour, ['view'])
  const { id } = await post(referral(person))
  assert.deepEqual(
    ok(await daughter.get('service-requests')).items.map((one: Json) => one.id),
    [id]
  )
  assert.deepEqual(ok(await neighbour.get('service-requests')).items, [])
  refused(await step(neighbour, id, 'answer', yes()), 404, 'not-found')
  refused(await step(neighbour, id, 'answer', { answer: 'no' }), 404, 'not-found')
  ok(await step(daughter, id, 'answer', yes()))
  const [given] = await rows('SELECT voice, given_by FROM consents.consents WHERE membership_id = $1', [
    person.memberId
  ])
  assert.deepEqual(given, { voice: 'supporter', given_by: daughter.memberId })
  assert.equal(ok(await admin.get(`service-requests/${id}`)).subStatus, 'awaiting_decision')
})

test('a yes, a withdrawal, an acceptance and a cancellation at once end in one of their orders, without a deadlock', async () => {
  const { referral, post, step, yes, member, agency, broker, listing, rows } = desk
  for (let round = 0; round < 6; round += 1) {
    const person = await member()
    const { id } = await post(referral(person))
    ok(await step(person, id, 'answer', yes()))
    const [{ id: consent }] = ok(await person.get('members/me/consents')).items
    const answers = await Promise.all([
      person.post(`members/me/consents/${consent}/withdrawal`, {}),
      step(broker, id, 'acceptance', { listing }),
      step(agency.client, id, 'cancellation', { reason: 'no_longer_needed' }),
      step(person, id, 'answer', { answer: 'no' })
    ])
    for (const { status, text } of answers) assert.ok([200, 409].includes(status), text)
    const [{ status, listing_id }] = await rows(
      'SELECT status, listing_id FROM service_requests.requests WHERE id = $1',
      [id]
    )
    assert.ok(['cancelled', 'requested'].includes(status), status)
    if (listing_id !== null)
      assert.equal(
        ok(await person.get(`requests/${listing_id}`)).status,
        'withdrawn',
        'nothing is open for who has said no'
      )
  }
})

test('by whom it is about nobody searches to whom that is not told', async () => {
  const { agency, member, referral, post } = desk
  const person = await member()
  await post(referral(person))
  for (const query of [`member=${person.memberId}`, 'member=me', 'assignee=none'])
    refused(await agency.client.get(`service-requests?${query}`), 400, 'validation-failed')
  refused(await person.get('service-requests?assignee=none'), 400, 'validation-failed')
  assert.equal(ok(await person.get('service-requests?member=me')).items.length, 1)
})

test('the agency is told by webhook of what it may know of, by id only', async () => {
  const { anotherAgency, referral, post, step, yes, member, broker, listing, rows } = desk
  const agency = await anotherAgency('Hearing of it')
  await rows(
    `INSERT INTO webhooks.endpoints (timebank_id, id, organisation_id, url, state, secret, unverified_since)
     SELECT timebank_id, gen_random_uuid(), id, 'https://agency.example.org/', 'unverified', '\\x00', now()
       FROM members.organisations WHERE id = $1`,
    [agency.organisationId]
  )
  const person = await member()
  const { id } = await post(referral(person), agency.client)
  const told = async () =>
    (await rows("SELECT type FROM webhooks.events WHERE subject_id = $1 AND subject_type = 'service_request'", [id]))
      .length
  assert.equal(await told(), 1)
  ok(await step(broker, id, 'assignment', { memberId: broker.memberId }))
  ok(await step(broker, id, 'contacts', { way: 'phone', result: 'reached' }))
  ok(await step(person, id, 'answer', yes(['contact'])))
  assert.equal(await told(), 1, 'how the person was asked is not told')
  ok(await step(broker, id, 'acceptance', { listing }))
  assert.equal(await told(), 2)
  ok(await step(broker, id, 'hold', { reason: 'away' }))
  ok(await step(broker, id, 'resumption', {}))
  ok(await step(broker, id, 'failure', { reason: 'lost_contact' }))
  assert.equal(await told(), 2, 'what is withheld is not told by its time')
})

test('the person stops it at any time; what others see of it is withdrawn', async () => {
  const { accepted, step, member, seen, follow, agency, broker } = desk
  const [person, stranger] = [await member(), await member()]
  const { id, listingId } = await accepted(person)
  refused(await step(stranger, id, 'stop', {}), 404, 'not-found')
  refused(await step(agency.client, id, 'stop', {}), 403, 'forbidden')
  assert.equal(ok(await step(person, id, 'stop', {})).status, 'cancelled')
  assert.equal(ok(await person.get(`requests/${listingId}`)).status, 'withdrawn')
  refused(await stranger.get(`requests/${listingId}`), 404, 'not-found')
  await follow()
  assert.deepEqual([(await seen(id)).status, (await seen(id)).reason], ['cancelled', 'no_longer_needed'])
  refused(await step(person, id, 'stop', {}), 409, 'wrong-state')
  // so does who withdraws what members see
  const second = await accepted(person)
  ok(await person.post(`requests/${second.listingId}/withdrawal`, {}))
  await follow()
  assert.equal(ok(await broker.get(`service-requests/${second.id}`)).status, 'cancelled')
})

test('put off, members do not see it, and afterwards they do again', async () => {
  const { accepted, step, member, broker } = desk
  const [person, other] = [await member(), await member()]
  const { id, listingId } = await accepted(person)
  assert.equal((await other.get(`requests/${listingId}`)).status, 200)
  assert.equal(ok(await step(broker, id, 'hold', { reason: 'away' })).reason, 'away')
  assert.equal((await other.get(`requests/${listingId}`)).status, 404)
  const resumed = ok(await step(broker, id, 'resumption', {}))
  assert.deepEqual([resumed.status, resumed.subStatus, resumed.reason], ['in_progress', 'looking_for_helper', null])
  assert.equal((await other.get(`requests/${listingId}`)).status, 200)
})

test('of two brokers who decide at once one does', async () => {
  const { referral, post, step, yes, listing, broker, admin, member, rows } = desk
  const person = await member()
  const { id } = await post(referral(person))
  ok(await step(person, id, 'answer', yes()))
  const answers = await Promise.all([
    step(broker, id, 'acceptance', { listing }),
    step(admin, id, 'acceptance', { listing }),
    step(admin, id, 'rejection', { reason: 'no_capacity' })
  ])
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409])
  const made = await rows('SELECT FROM listings.requests WHERE membership_id = $1', [person.memberId])
  assert.ok(made.length <= 1)
})

test('brokers decide nothing about themselves, or of whom they act for', async () => {
  const { agency, referral, post, step, own, admin, stage, listing } = desk
  const broker = await addMember(stage, admin, { roles: ['broker'] })
  const { id } = await post(referral(broker))
  refused(await step(broker, id, 'rejection', { reason: 'no_capacity' }), 403, 'forbidden')
  refused(await step(broker, id, 'acceptance', { listing }), 403, 'forbidden')
  const need = await post(own())
  ok(
    await admin.post(`organisations/${agency.organisationId}/affiliations`, {
      memberId: broker.memberId,
      professional: false,
      actsFor: true
    }),
    201
  )
  refused(await step(broker, need.id, 'acceptance', {}), 403, 'forbidden')
})
