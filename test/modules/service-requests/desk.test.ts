import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Client, ok, refused } from '../../support/app.ts'
import { type Desk, type Json, makeDesk } from './support.ts'

let desk: Desk

before(async () => {
  desk = await makeDesk('service_requests_desk')
})

after(() => desk.close())

const today = () => new Date().toISOString().slice(0, 10)

/** Somebody helps, by the ordinary ways of members. */
const help = async (provider: Client, receiver: Client, listingId: string): Promise<void> => {
  const { categoryId } = ok(await receiver.get(`requests/${listingId}`))
  const { id } = ok(
    await receiver.post('exchanges', {
      provider: { memberId: provider.memberId },
      receiver: { memberId: receiver.memberId },
      requestId: listingId,
      categoryId,
      minutes: 60
    }),
    201
  )
  ok(await provider.post(`exchanges/${id}/agreement`, {}))
  ok(await provider.post(`exchanges/${id}/report`, { minutes: 60, performedOn: today() }))
  ok(await receiver.post(`exchanges/${id}/confirmation`))
}

test('a referral goes from the agency by the broker and the yes of the person to help, and completes by itself', async () => {
  const { agency, broker, referral, post, step, yes, listing, seen, follow, member } = desk
  const [person, helper] = [await member('Mair'), await member('Huw')]
  const { id } = await post(referral(person))
  // the person sees it from the start, others do not
  const [mine] = ok(await person.get('service-requests')).items
  assert.equal(mine.id, id)
  assert.equal(mine.organisation.name, 'Riverside Health Board')
  assert.equal(ok(await person.get(`service-requests/${id}`)).whatMatters, 'To see the river again on Tuesdays')
  refused(await helper.get(`service-requests/${id}`), 404, 'not-found')
  assert.deepEqual(ok(await helper.get('requests?limit=200')).items, [])
  assert.ok(ok(await person.get('notices')).items.some(({ kind }: Json) => kind === 'service-request.received'))

  refused(await step(broker, id, 'acceptance', { listing }), 409, 'person-not-agreed')
  ok(await step(broker, id, 'assignment', { memberId: broker.memberId }))
  ok(await step(broker, id, 'verification', {}))
  const desked = async () => ok(await broker.get(`service-requests/${id}`))
  ok(await step(broker, id, 'contacts', { way: 'phone', result: 'not_reached' }))
  assert.equal((await desked()).subStatus, 'contact_attempted')
  ok(await step(broker, id, 'contacts', { way: 'phone', result: 'reached' }))
  assert.equal((await desked()).subStatus, 'awaiting_consent')
  // of all this the agency reads nothing
  const waiting = await seen(id)
  assert.deepEqual(
    [waiting.status, waiting.subStatus, waiting.rowVersion, waiting.contacts],
    ['requested', null, 1, null]
  )
  assert.ok(waiting.withheld.includes('subStatus'))
  refused(
    await step(broker, id, 'answer', { ...yes(), scopes: ['share_status'], how: 'phone' }),
    400,
    'validation-failed'
  )
  const agreed = ok(await step(broker, id, 'answer', { ...yes(), how: 'phone' }))
  assert.ok(agreed.consentedAt)
  assert.equal(agreed.subStatus, null, 'answers are kept')
  assert.equal((await desked()).subStatus, 'awaiting_decision')
  refused(await step(broker, id, 'acceptance', {}), 400, 'validation-failed')
  const named = { ...listing, description: 'Asked for by riverside health board' }
  refused(await step(broker, id, 'acceptance', { listing: named }), 400, 'validation-failed')
  const accepted = ok(await step(broker, id, 'acceptance', { listing }))
  assert.deepEqual([accepted.status, accepted.subStatus], ['accepted', 'looking_for_helper'])
  refused(await step(broker, id, 'acceptance', { listing }), 409, 'wrong-state')

  // what members see is a request like any other
  const shown = ok(await helper.get(`requests/${accepted.listingId}`))
  assert.equal(shown.title, listing.title)
  assert.equal(shown.organisation, null)
  assert.ok(!JSON.stringify(shown).includes('follow'))
  await help(helper, person, accepted.listingId)
  await follow()
  const done = await seen(id)
  assert.deepEqual([done.status, done.outcome], ['completed', 'goal_met'])
  assert.deepEqual(done.attendance, [{ performedOn: today(), minutes: 60 }])
  assert.ok(!JSON.stringify(done).includes('Huw'))
  const { items } = ok(await agency.client.get(`service-requests/${id}/history`))
  assert.deepEqual(
    items.map(({ status, by }: Json) => [status, by]),
    [
      ['requested', null],
      ['accepted', null],
      ['in_progress', null],
      ['completed', null]
    ]
  )
})

test('the status follows the exchanges: found, helped, and looking again where one is called off', async () => {
  const { accepted, broker, follow, member } = desk
  const [person, helper] = [await member(), await member()]
  const { id, listingId } = await accepted(person)
  const { categoryId } = ok(await person.get(`requests/${listingId}`))
  const sub = async () => {
    await follow()
    const { status, subStatus } = ok(await broker.get(`service-requests/${id}`))
    return [status, subStatus]
  }
  const begin = {
    provider: { memberId: helper.memberId },
    receiver: { memberId: person.memberId },
    requestId: listingId,
    categoryId,
    minutes: 60
  }
  const first = ok(await person.post('exchanges', begin), 201)
  ok(await helper.post(`exchanges/${first.id}/agreement`, {}))
  assert.deepEqual(await sub(), ['accepted', 'helper_found'])
  ok(await helper.post(`exchanges/${first.id}/cancellation`, { reason: 'Not well' }))
  assert.deepEqual(await sub(), ['accepted', 'looking_for_helper'])
  const second = ok(await person.post('exchanges', begin), 201)
  ok(await helper.post(`exchanges/${second.id}/agreement`, {}))
  ok(await helper.put(`exchanges/${second.id}/appointment`, { startsAt: '2099-03-02T10:00', minutes: 60 }))
  await follow()
  ok(await helper.post(`exchanges/${second.id}/report`, { minutes: 60, performedOn: today() }))
  assert.deepEqual(await sub(), ['in_progress', 'helping'])
  ok(await person.post(`exchanges/${second.id}/confirmation`))
  assert.deepEqual(await sub(), ['completed', null])
  // done again it changes nothing
  assert.deepEqual(await sub(), ['completed', null])
})

test('an own need becomes a request of the organisation, paid from its account', async () => {
  const { agency, broker, own, post, step, member, follow, seen, admin } = desk
  const { id } = await post(own())
  refused(await step(broker, id, 'answer', { answer: 'no' }), 409, 'wrong-state')
  const { listingId, status } = ok(await step(broker, id, 'acceptance', {}))
  assert.equal(status, 'accepted')
  const helper = await member()
  const shown = ok(await helper.get(`requests/${listingId}`))
  assert.equal(shown.organisation.name, 'Riverside Health Board')
  const exchange = ok(
    await helper.post('exchanges', {
      provider: { memberId: helper.memberId },
      receiver: {
        organisationId: agency.organisationId,
        memberId: agency.professional.memberId,
        capacity: 'organisation'
      },
      requestId: listingId,
      categoryId: shown.categoryId,
      minutes: 90
    }),
    201
  )
  ok(await agency.professional.post(`exchanges/${exchange.id}/agreement`, {}))
  ok(await helper.post(`exchanges/${exchange.id}/report`, { minutes: 90, performedOn: today() }))
  ok(await agency.professional.post(`exchanges/${exchange.id}/confirmation`))
  await follow()
  const done = await seen(id)
  assert.deepEqual([done.status, done.withheld], ['completed', []])
  assert.deepEqual(done.attendance, [{ performedOn: today(), minutes: 90 }])
  assert.equal(ok(await admin.get(`accounts/${helper.accountId}`)).balanceMinutes, 90)
})

test('a contact block is put to a member, and gone when it is decided against', async () => {
  const { agency, broker, referral, post, step, yes, listing, seen, member, rows } = desk
  const contact = { name: 'Gwen Canary', phone: '07700 900123', email: 'gwen@canary.example.org' }
  const { id } = await post(referral({ contact }))
  assert.equal((await seen(id)).contact.name, 'Gwen Canary')
  refused(await step(broker, id, 'answer', { ...yes(), how: 'phone' }), 409, 'wrong-state')
  const person = await member('Gwen')
  ok(await step(broker, id, 'person', { member: person.number }))
  // what was read of her before is in her log too
  const reads = await rows('SELECT membership_id FROM consents.disclosures WHERE subject_id = $1', [id])
  assert.ok(reads.length > 0)
  assert.ok(reads.every(({ membership_id }) => membership_id === person.memberId))
  ok(await step(broker, id, 'answer', { ...yes(), how: 'in_person' }))
  refused(await step(broker, id, 'person', { member: broker.number }), 409, 'wrong-state')
  ok(await step(broker, id, 'acceptance', { listing }))
  ok(await step(broker, id, 'completion', { outcome: 'needs_professional_service' }))
  assert.equal((await seen(id)).contact, null)
  assert.deepEqual(await rows(`SELECT FROM service_requests.texts t WHERE t::text LIKE '%anary%'`), [])
  // the same without a yes
  const second = await post(referral({ contact }))
  ok(await agency.client.post(`service-requests/${second.id}/cancellation`, { reason: 'arranged_elsewhere' }))
  assert.deepEqual(await rows(`SELECT FROM service_requests.texts t WHERE t::text LIKE '%anary%'`), [])
})

test('help is paid from a budget that the agency funds, and no other is taken', async () => {
  const { agency, anotherAgency, referral, post, step, yes, listing, member, broker, follow, seen, admin } = desk
  const [person, helper] = [await member(), await member()]
  const other = await anotherAgency('Foundation')
  const propose = async (funder: typeof agency) =>
    ok(
      await funder.professional.post('budgets', {
        funderOrganisationId: funder.organisationId,
        kind: 'person',
        memberId: person.memberId,
        holder: { mode: 'self' },
        intendedMinutes: 300,
        validFrom: '2026-01-01'
      }),
      201
    ).id
  const [budgetId, theirs] = [await propose(agency), await propose(other)]
  const faulty = async (id: string) =>
    refused(await agency.client.post('service-requests', referral(person, { budgetId: id })), 400, 'validation-failed')
      .errors
  // what another funds is as if it were not there
  assert.deepEqual(await faulty(theirs), await faulty(person.memberId))
  ok(await person.put(`budgets/${budgetId}/plan`, { plan: 'Company on my walks' }))
  ok(await person.post(`budgets/${budgetId}/agreement`, {}))
  ok(await agency.professional.post(`budgets/${budgetId}/agreement`, {}))
  ok(await agency.professional.post(`budgets/${budgetId}/allocations`, { minutes: 300 }))

  const { id } = await post(referral(person, { budgetId }))
  assert.equal((await seen(id)).budgetId, budgetId)
  ok(await step(person, id, 'answer', yes()))
  const { listingId } = ok(await step(broker, id, 'acceptance', { listing }))
  const { categoryId } = ok(await person.get(`requests/${listingId}`))
  const { id: exchange } = ok(
    await person.post('exchanges', {
      provider: { memberId: helper.memberId },
      receiver: { memberId: person.memberId },
      requestId: listingId,
      budgetId,
      categoryId,
      minutes: 60
    }),
    201
  )
  ok(await helper.post(`exchanges/${exchange}/agreement`, {}))
  ok(await helper.post(`exchanges/${exchange}/report`, { minutes: 60, performedOn: today() }))
  ok(await person.post(`exchanges/${exchange}/confirmation`))
  await follow()
  assert.equal((await seen(id)).status, 'completed')
  assert.equal(ok(await admin.get(`accounts/${person.accountId}`)).balanceMinutes, 0)
  assert.equal(ok(await admin.get(`accounts/${helper.accountId}`)).balanceMinutes, 60)
})
