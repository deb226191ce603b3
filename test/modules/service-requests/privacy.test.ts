import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addMember, ok, refused } from '../../support/app.ts'
import { type Desk, makeDesk } from './support.ts'

let desk: Desk

before(async () => {
  desk = await makeDesk('service_requests_privacy')
})
after(() => desk.close())

test('a supporter who is suspended finds no referral about whom they support', async () => {
  const { admin, broker, member, post, referral } = desk
  const [person, supporter] = [await member(), await member()]
  const support = ok(
    await person.post(`members/${person.memberId}/supporters`, { supporter: supporter.memberId, scopes: ['consents'] }),
    201
  )
  ok(await supporter.post(`supports/${support.id}/acceptance`))
  const { id } = await post(referral(person))
  const found = async () => ok(await supporter.get('service-requests')).items.map((item: { id: string }) => item.id)
  assert.deepEqual(await found(), [id])
  ok(await broker.post(`members/${supporter.memberId}/suspension`, { reason: 'as discussed' }))
  assert.deepEqual(await found(), [])
  refused(await supporter.get(`service-requests/${id}`), 404, 'not-found')
  ok(await admin.post(`members/${supporter.memberId}/reinstatement`, { reason: 'as discussed' }))
  assert.deepEqual(await found(), [id])
})

test('an agency that writes down a withdrawal reads the consent by its answer, and that is in the log', async () => {
  const { agency, member, post, referral, step, yes, rows } = desk
  const person = await member()
  const { id } = await post(referral(person))
  ok(await step(person, id, 'answer', yes()))
  const [consent] = ok(await person.get('members/me/consents')).items
  const body = { scopes: ['share_outcome'], how: 'phone' }
  ok(await agency.client.post(`members/${person.memberId}/consents/${consent.id}/withdrawal`, body))
  const log = await rows('SELECT parts FROM consents.disclosures WHERE membership_id = $1 AND subject_id = $2', [
    person.memberId,
    consent.id
  ])
  assert.deepEqual(log, [{ parts: ['consent'] }])
})

test('a broker who acts for an agency writes down no consent that is given to it', async () => {
  const { stage, admin, agency, broker, member, post, referral, step, yes } = desk
  const person = await member()
  const insider = await addMember(stage, admin, { roles: ['broker'] })
  const acting = { memberId: insider.memberId, professional: true, actsFor: true }
  ok(await admin.post(`organisations/${agency.organisationId}/affiliations`, acting), 201)
  const { id } = await post(referral(person))
  const told = { ...yes(), how: 'phone' }
  refused(await step(insider, id, 'answer', told), 403, 'forbidden')
  const { answer: _, ...giving } = told
  const given = { organisationId: agency.organisationId, purpose: 'referral', ...giving }
  refused(await insider.post(`members/${person.memberId}/consents`, given), 403, 'forbidden')
  ok(await step(broker, id, 'answer', told))
})

test('erased with a person are the words of a referral that names their number and that nobody has linked', async () => {
  const { admin, broker, member, post, referral, rows, seen } = desk
  const person = await member()
  ok(await broker.post(`members/${person.memberId}/suspension`, { reason: 'as discussed' }))
  const { id } = await post(referral(person))
  ok(await admin.post(`members/${person.memberId}/departure`, {}))
  ok(await admin.post(`members/${person.memberId}/erasure`, { reason: 'They asked for it' }))
  const [texts] = await rows(
    'SELECT title, what_matters, known_risks FROM service_requests.texts WHERE service_request_id = $1',
    [id]
  )
  assert.deepEqual(texts, { title: '', what_matters: null, known_risks: null })
  assert.equal((await seen(id)).person.memberNumber, null)
})

test('the figures of an agency do not tell how one stands that it may not read', async () => {
  const { anotherAgency, broker, listing, member, post, referral, rows, step, yes } = desk
  const { client } = await anotherAgency('Board of many')
  const [open, closed] = [await member(), await member()]
  const ended = async (person: typeof open, scopes: string[], day: string, end: 'completion' | 'failure') => {
    const { id } = await post(referral(person), client)
    ok(await step(person, id, 'answer', yes(scopes)))
    ok(await step(broker, id, 'acceptance', { listing }))
    ok(await step(broker, id, end, end === 'completion' ? { outcome: 'goal_met' } : { reason: 'no_helper_found' }))
    await rows('UPDATE service_requests.requests SET created_at = $2 WHERE id = $1', [id, `${day}T12:00:00Z`])
  }
  for (let n = 0; n < 5; n += 1)
    for (const end of ['completion', 'failure'] as const)
      await ended(open, ['contact', 'share_status'], '2026-03-15', end)
  const figures = async (to: string) => ok(await client.get(`service-requests/figures?from=2026-03&to=${to}`))
  assert.deepEqual((await figures('2026-03')).completion, { value: 0.5, n: 5, d: 10, suppressed: false })
  await ended(closed, ['contact'], '2026-04-15', 'failure')
  // the eleventh is the only one, and so it would be by taking one month from two
  assert.deepEqual((await figures('2026-04')).completion, { value: null, n: null, d: null, suppressed: true })
  assert.deepEqual((await figures('2026-04')).open, { value: null, suppressed: true })
  assert.equal((await figures('2026-03')).completion.n, 5)
})
