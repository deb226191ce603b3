import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { inTimebank } from '../../../src/db/client.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { addMember, type Client, makeStage, type Stage, setUp } from '../../support/app.ts'

let stage: Stage
let admin: Client
let broker: Client
let auditor: Client
let ann: Client
before(async () => {
  stage = await makeStage('audit')
  admin = await setUp(stage)
  broker = await addMember(stage, admin, { name: 'Bo Broker', roles: ['broker'] })
  auditor = await addMember(stage, admin, { name: 'Audrey', roles: ['auditor'] })
  ann = await addMember(stage, admin, { name: 'Ann' })
})
after(() => stage.close())

type Event = {
  id: string
  action: string
  subjectId: string
  changes: Record<string, unknown>
  [field: string]: unknown
}
const eventsOf = async (who: Client, query = ''): Promise<Event[]> =>
  (await who.get(`audit?limit=200${query}`)).body.items

test('a change says who, for whom, through what, and what changed; of personal fields the name only', async () => {
  const headers = { 'commonhours-source': 'paper_slip', 'commonhours-slip': 'S-17', 'if-match': '"1"' }
  const changed = await broker.call(
    'PATCH',
    `members/${ann.number}`,
    { phone: '01234 567890', gifts: ['bread'] },
    headers
  )
  assert.equal(changed.status, 200)
  const [event] = await eventsOf(auditor, `&subjectType=membership&subjectId=${ann.memberId}`)
  assert.ok(event)
  const { id: _id, at: _at, ...rest } = event
  assert.deepEqual(rest, {
    action: 'membership.updated',
    subjectType: 'membership',
    subjectId: ann.memberId,
    actorMembershipId: broker.memberId,
    onBehalfOf: ann.memberId,
    source: 'paper_slip',
    slipNumber: 'S-17',
    changes: { fields: ['phone', 'gifts'] },
    reason: null,
    agencyId: null,
    agencyClientId: null
  })
  assert.doesNotMatch((await auditor.get('audit?limit=200')).text, /01234|bread/)
})

test('what somebody does for themselves is on nobody’s behalf', async () => {
  await ann.post('members/me/pause', { reason: 'holidays' })
  await ann.post('members/me/resumption')
  const [resumed, paused] = await eventsOf(broker, `&subjectId=${ann.memberId}`)
  assert.deepEqual(
    [paused?.action, paused?.['onBehalfOf'], paused?.['reason']],
    ['membership.paused', null, 'holidays']
  )
  assert.deepEqual(resumed?.changes, { status: ['paused', 'active'] })
})

test('every step of a membership leaves its event', async () => {
  const { id } = (await broker.post('members', { displayName: 'Steps' })).body
  const note = { heldOn: '2026-01-02', inPerson: true, satisfactory: true }
  await broker.post(`members/${id}/screening`)
  for (const kind of ['reference', 'reference', 'interview'])
    await broker.post(`members/${id}/screenings`, { kind, note: 'secret', ...note })
  await broker.post(`members/${id}/activation`)
  const version = async () => ({ 'if-match': (await broker.get(`members/${id}`)).headers['etag']! })
  await broker.put(`members/${id}/broker`, { brokerId: broker.memberId }, await version())
  await admin.put(`members/${id}/roles`, { roles: ['auditor'] }, await version())
  for (const step of ['pause', 'resumption']) await broker.post(`members/${id}/${step}`)
  for (const step of ['suspension', 'reinstatement'])
    await broker.post(`members/${id}/${step}`, { reason: 'as discussed' })
  await broker.post(`members/${id}/departure`)
  await admin.post(`members/${id}/erasure`)
  const events = await eventsOf(auditor, `&subjectId=${id}`)
  assert.deepEqual(events.map((event) => event.action).reverse(), [
    'membership.added',
    'membership.screening-started',
    'screening.reference-noted',
    'screening.reference-noted',
    'screening.interview-noted',
    'membership.activated',
    'membership.broker-changed',
    'membership.roles-changed',
    'membership.paused',
    'membership.resumed',
    'membership.suspended',
    'membership.reinstated',
    'membership.left',
    'membership.erased',
    'membership.messages-blanked'
  ])
  assert.doesNotMatch(JSON.stringify(events), /secret|Steps/)
})

test('a refused change leaves no event', async () => {
  const before = (await eventsOf(broker)).length
  assert.equal((await broker.post(`members/${ann.number}/reinstatement`, { reason: 'nothing to lift' })).status, 409)
  assert.equal((await eventsOf(broker)).length, before)
})

test('staff and auditors read it; a member reads what was done to, for and by them, without who that is elsewhere', async () => {
  assert.equal((await ann.get('audit')).status, 403)
  assert.equal((await auditor.get(`members/${ann.number}/audit`)).status, 404)
  const own = await ann.get('members/me/audit')
  assert.equal(own.status, 200)
  const actions = own.body.items.map((event: Event) => event.action)
  for (const action of ['membership.added', 'membership.updated', 'membership.paused'])
    assert.ok(actions.includes(action), action)
  assert.ok(own.body.items.every((event: Event) => !('actorPersonId' in event)))
  assert.equal((await ann.get(`members/${broker.number}/audit`)).status, 404)
  const page = await ann.get('members/me/audit?limit=1')
  assert.equal(
    (await ann.get(`members/me/audit?limit=1&cursor=${page.body.next}`)).body.items[0].id,
    own.body.items[1].id
  )
})

test('the person who acted is named only where no membership did', async () => {
  const all = await eventsOf(admin)
  assert.ok(all.some((event) => event['actorMembershipId'] === null))
  for (const event of all) assert.equal('actorPersonId' in event, event['actorMembershipId'] === null, event.action)
  assert.ok(!(await auditor.get('audit', { accept: 'text/csv' })).text.includes(broker.personId))
  assert.ok(!(await broker.get(`members/${ann.number}/audit`)).text.includes(broker.personId))
})

test('references and interviews stay with staff: nobody reads of their own, not even staff', async () => {
  const note = { kind: 'reference', heldOn: '2026-01-02', inPerson: true, satisfactory: false }
  for (const { number } of [ann, auditor]) await broker.post(`members/${number}/screenings`, note)
  await admin.post(`members/${broker.number}/screenings`, note)
  const screenings = (items: Event[]) => items.filter((event) => event.action.startsWith('screening.'))
  const viewOf = async (who: Client, member: string | number): Promise<Event[]> =>
    (await who.get(`members/${member}/audit?limit=200`)).body.items
  for (const who of [ann, auditor, broker]) assert.deepEqual(screenings(await viewOf(who, 'me')), [])
  assert.ok(screenings(await viewOf(broker, ann.number)).length > 0)
  for (const who of [broker, auditor]) {
    const subjects = screenings(await eventsOf(who)).map((event) => event.subjectId)
    assert.ok(subjects.length > 0 && !subjects.includes(who.memberId))
    assert.deepEqual(screenings(await eventsOf(who, `&subjectId=${who.memberId}`)), [])
  }
  const page = await ann.get('members/me/audit?limit=2')
  assert.equal(page.body.items.length, 2, 'what is left out does not shorten a page')
})

test('it is filtered, paged and given as CSV', async () => {
  const all = await eventsOf(admin)
  assert.deepEqual(
    all.map((e) => e.id),
    all
      .map((e) => e.id)
      .toSorted()
      .reverse(),
    'newest first'
  )
  const behalf = await eventsOf(admin, `&onBehalfOf=${ann.memberId}`)
  assert.ok(behalf.length > 0 && behalf.every((event) => event['onBehalfOf'] === ann.memberId))
  assert.deepEqual(await eventsOf(admin, '&since=2999-01-01T00:00:00Z'), [])
  for (const query of ['since=yesterday', 'colour=red', 'onBehalfOf=17', 'limit=0'])
    assert.equal((await admin.get(`audit?${query}`)).status, 400, query)
  const csv = await auditor.get('audit', { accept: 'text/csv' })
  assert.match(csv.text, /^\uFEFF?id,at,action,subjectType/)
  // the auditor's list is without the auditor's own references
  assert.equal(csv.text.trim().split('\r\n').length, (await eventsOf(auditor)).length + 1)
})

test('the service cannot change or delete what is written', async () => {
  const { rows } = await stage.database.pool.query("SELECT id FROM timebanks.timebanks WHERE slug = 'rivertown'")
  for (const statement of ["UPDATE audit.events SET action = 'x'", 'DELETE FROM audit.events', 'TRUNCATE audit.events'])
    await assert.rejects(
      inTimebank(stage.database, rows[0].id, systemActor, (tx) => tx.client.query(statement)),
      { code: '42501' },
      statement
    )
})
