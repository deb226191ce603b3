import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { clientOf, ok, refused } from '../../support/app.ts'
import { tablesHolding } from '../../support/holding.ts'
import { type Desk, type Json, makeDesk } from './support.ts'

let desk: Desk

before(async () => {
  desk = await makeDesk('service_requests_posting')
})

after(() => desk.close())

test('an agency asks for something of its own, and reads it whole', async () => {
  const { agency, own, post, seen } = desk
  const receipt = await post(
    own({ helpersNeeded: 6, occurrence: { firstOn: '2099-03-03', rrule: 'FREQ=WEEKLY;BYDAY=TU' } })
  )
  assert.deepEqual(Object.keys(receipt).sort(), [
    'createdAt',
    'externalId',
    'id',
    'kind',
    'requester',
    'rowVersion',
    'status'
  ])
  assert.equal(receipt.requester.professionalId, agency.affiliationId)
  const view = await seen(receipt.id)
  assert.equal(view.status, 'requested')
  assert.equal(view.subStatus, 'awaiting_decision')
  assert.deepEqual(view.withheld, [])
  assert.deepEqual(view.occurrence, { firstOn: '2099-03-03', rrule: 'FREQ=WEEKLY;BYDAY=TU' })
  assert.equal(view.helpersNeeded, 6)
  assert.equal(view.category.slug, 'gardening')
  assert.equal(view.priority, 'routine')
})

test('all that is wrong with a body is told at once, unknown fields by name', async () => {
  const { agency, referral, member } = desk
  const person = await member()
  const problem = refused(
    await agency.client.post('service-requests', {
      ...referral(person),
      diagnosis: 'x',
      nhsNumber: '1',
      priority: 'soon',
      helpersNeeded: 0,
      occurrence: { firstOn: '2099-03-03', rrule: 'FREQ=HOURLY' }
    }),
    400,
    'validation-failed'
  )
  const pointers = problem.errors.map(({ pointer }: Json) => pointer).sort()
  assert.deepEqual(pointers, ['/diagnosis', '/helpersNeeded', '/nhsNumber', '/occurrence/rrule', '/priority'])
  const pairs = refused(
    await agency.client.post('service-requests', {
      ...referral(person),
      person: { memberNumber: person.number, contact: { name: 'Mair' } },
      category: 'no-such-category',
      consent: undefined,
      occurrence: { firstOn: '2099-03-04', rrule: 'FREQ=WEEKLY;BYDAY=TU' },
      requester: { organisationId: person.memberId, professionalId: agency.affiliationId }
    }),
    400,
    'validation-failed'
  )
  assert.deepEqual(pairs.errors.map(({ pointer }: Json) => pointer).sort(), [
    '/category',
    '/consent',
    '/occurrence/firstOn',
    '/person',
    '/requester/organisationId',
    '/requester/professionalId'
  ])
  refused(
    await agency.client.post('service-requests', desk.own({ person: { memberNumber: person.number } })),
    400,
    'validation-failed'
  )
})

test('what cannot wait is refused with the signpost, and nothing of it is kept', async () => {
  const { agency, admin, referral, member, rows } = desk
  const { version } = ok(await admin.get('policy'))
  ok(await admin.patch('policy', { rules: { signpostText: 'Ring 999 now.' }, why: 'For one test' }, version))
  const person = await member()
  const count = async () =>
    rows(`SELECT (SELECT count(*) FROM service_requests.requests) AS requests,
                 (SELECT count(*) FROM service_requests.texts) AS texts,
                 (SELECT count(*) FROM platform.idempotency_keys) AS keys,
                 (SELECT count(*) FROM audit.events) AS events,
                 (SELECT count(*) FROM notices.notices) AS notices`)
  const before = await count()
  for (const priority of ['asap', 'stat', 'STAT']) {
    // with faults of other kinds too: nothing is looked at first
    const body = { ...referral(person), priority, unknown: 1 }
    const problem = refused(await agency.client.post('service-requests', body), 422, 'not-for-emergencies')
    assert.equal(problem.detail, 'Ring 999 now.')
    assert.equal(problem.signpost, 'Ring 999 now.')
  }
  assert.deepEqual(await count(), before)
  // not even under its key
  const key = { 'idempotency-key': 'emergency-and-then-not' }
  const body = referral(person)
  refused(await agency.client.post('service-requests', { ...body, priority: 'asap' }, key), 422, 'not-for-emergencies')
  ok(await agency.client.post('service-requests', { ...body, priority: 'urgent' }, key), 201)
})

test('one external id of an agency is one request, whatever else is said, and when two ask at once', async () => {
  const { agency, referral, member, anotherAgency, rows } = desk
  const person = await member()
  const body = referral(person)
  const first = await agency.client.post('service-requests', body)
  ok(first, 201)
  const again = await agency.client.post('service-requests', { ...body, title: 'Something else' })
  assert.equal(again.status, 200)
  assert.equal(again.headers['idempotency-replayed'], 'true')
  assert.equal(again.text, first.text)
  assert.equal(again.headers['location'], first.headers['location'])
  assert.equal(ok(await agency.client.get(`service-requests/${first.body.id}`)).title, body.title)
  // of another agency it is another request
  const other = await anotherAgency('Council')
  const theirs = ok(await other.client.post('service-requests', body), 201)
  assert.notEqual(theirs.id, first.body.id)
  const both = referral(person)
  const answers = await Promise.all([1, 2, 3, 4].map(() => agency.client.post('service-requests', both)))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 200, 201])
  assert.equal(new Set(answers.map(({ text }) => text)).size, 1)
  const made = await rows('SELECT id FROM service_requests.requests WHERE external_value = $1', [both.externalId.value])
  assert.equal(made.length, 1)
  // and the first answer stands whatever has become of it
  ok(await agency.client.post(`service-requests/${first.body.id}/cancellation`, { reason: 'no_longer_needed' }))
  const later = await agency.client.post('service-requests', body)
  assert.equal(later.text, first.text)
})

test('whether a member number is anybody is not told', async () => {
  const { agency, referral, member } = desk
  const person = await member()
  const [known, unknown] = [
    await agency.client.post('service-requests', referral(person)),
    await agency.client.post('service-requests', referral(99_999))
  ]
  assert.deepEqual([known.status, unknown.status], [201, 201])
  const plain = async (id: string) => {
    const {
      id: _,
      createdAt: __,
      updatedAt: ___,
      externalId: ____,
      consent,
      person: who,
      ...rest
    } = ok(await agency.client.get(`service-requests/${id}`))
    assert.equal(who.name, null)
    return { ...rest, consent: { ...consent, givenAt: null } }
  }
  assert.deepEqual(await plain(known.body.id), await plain(unknown.body.id))
})

test('words about a person are in their own field, and nowhere else', async () => {
  const { agency, broker, referral, rows, step, member, yes, listing, follow } = desk
  const canary = 'zebrafinch'
  const person = await member()
  const { id } = ok(
    await agency.client.post(
      'service-requests',
      referral(person, {
        title: `Title ${canary}`,
        whatMatters: `Matters ${canary}`,
        canOffer: `Offers ${canary}`,
        accessNeeds: `Needs ${canary}`,
        knownRisks: `Risks ${canary}`,
        area: `Area ${canary}`
      })
    ),
    201
  )
  ok(await step(broker, id, 'contacts', { way: 'phone', result: 'reached' }))
  ok(await step(person, id, 'answer', yes()))
  ok(await step(broker, id, 'acceptance', { listing }))
  await follow()
  assert.deepEqual(await tablesHolding(rows, canary), ['service_requests.texts'])
  // entered in error it is gone from there too
  ok(await agency.client.post(`service-requests/${id}/error`, {}))
  assert.deepEqual(await tablesHolding(rows, canary), [])
})

test('an agency sees its own requests, and of those of others not even that they are there', async () => {
  const { agency, anotherAgency, post, own, member } = desk
  const other = await anotherAgency('Charity')
  const { id } = await post(own())
  refused(await other.client.get(`service-requests/${id}`), 404, 'not-found')
  refused(await other.client.get(`service-requests/${id}/history`), 404, 'not-found')
  refused(await other.client.post(`service-requests/${id}/cancellation`, { reason: 'duplicate' }), 404, 'not-found')
  refused(await other.client.patch(`service-requests/${id}`, { title: 'Mine' }, 1), 404, 'not-found')
  assert.deepEqual(ok(await other.client.get('service-requests')).items, [])
  const person = await member()
  refused(await person.get(`service-requests/${id}`), 404, 'not-found')
  refused(await person.post('service-requests', own()), 403, 'forbidden')
  // scopes are looked at
  const token = agency.client.token
  assert.ok(clientOf(desk.stage.app, 'rivertown', token))
  for (const path of ['assignment', 'acceptance', 'rejection', 'completion', 'answer', 'stop', 'person', 'hold'])
    assert.ok([403, 404].includes((await agency.client.post(`service-requests/${id}/${path}`, {})).status), path)
})

test('until it is decided the agency can change what it asks for, from what it has read', async () => {
  const { agency, post, own, seen, step, broker } = desk
  const { id } = await post(own())
  const change = { title: 'Seven pairs of hands', helpersNeeded: 7, area: 'East wing' }
  const state = ok(await agency.client.patch(`service-requests/${id}`, change, 1))
  assert.equal(state.rowVersion, 2)
  assert.equal(state.title, undefined)
  refused(await agency.client.patch(`service-requests/${id}`, change, 1), 412, 'precondition-failed')
  refused(await agency.client.patch(`service-requests/${id}`, { priority: 'asap' }, 2), 422, 'not-for-emergencies')
  refused(await agency.client.patch(`service-requests/${id}`, { status: 'accepted' }, 2), 400, 'validation-failed')
  const view = await seen(id)
  assert.deepEqual([view.title, view.helpersNeeded, view.area], ['Seven pairs of hands', 7, 'East wing'])
  ok(await step(broker, id, 'rejection', { reason: 'no_capacity' }))
  refused(await agency.client.patch(`service-requests/${id}`, change, 3), 409, 'wrong-state')
})
