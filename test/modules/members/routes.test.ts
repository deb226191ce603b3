import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addMember, type Client, foundAnother, makeStage, type Stage, setUp, signIn } from '../../support/app.ts'

let stage: Stage
let admin: Client
let broker: Client
let auditor: Client
let ann: Client
let bev: Client

/** Everything that a profile can hold. */
const profile = {
  phone: '01234 567890',
  otherPhone: '07700 900123',
  postcode: 'AB1 2CD',
  dateOfBirth: '1950-02-03',
  about: 'likes walking',
  gifts: ['bread'],
  skills: ['repairs'],
  interests: ['rivers'],
  livedExperience: ['caring for a parent'],
  languages: ['en', 'cy'],
  accessNotes: 'a ramp',
  area: 'Northside',
  latitude: 52.1,
  longitude: -4.2,
  supported: true
}

before(async () => {
  stage = await makeStage('member-routes')
  admin = await setUp(stage)
  broker = await addMember(stage, admin, { name: 'Bo Broker', roles: ['broker'] })
  auditor = await addMember(stage, admin, { name: 'Audrey', roles: ['auditor'] })
  ann = await addMember(stage, admin, { name: 'Ann', profile })
  bev = await addMember(stage, admin, { name: 'Bev' })
})
after(() => stage.close())

const publicFields = [
  'id',
  'number',
  'displayName',
  'about',
  'gifts',
  'skills',
  'interests',
  'livedExperience',
  'languages',
  'area'
]
const contactFields = ['email', 'phone', 'otherPhone']
const auditorFields = ['id', 'number', 'status', 'statusSince', 'roles', 'accountId', 'joinedOn', 'leftOn', 'createdAt']
const reserved = [
  'dateOfBirth',
  'postcode',
  'latitude',
  'longitude',
  'accessNotes',
  'supported',
  'accountId',
  'brokerId',
  'externalId',
  'status',
  'roles'
]

test('each role sees of a member what is for it, in the list as well', async () => {
  const seen = async (who: Client): Promise<string[]> => {
    const one = (await who.get(`members/${ann.number}`)).body
    const list = (await who.get('members?limit=200')).body.items.find((m: { id: string }) => m.id === ann.memberId)
    assert.deepEqual(list, one)
    return Object.keys(one).sort()
  }
  assert.deepEqual(await seen(bev), publicFields.toSorted())
  assert.deepEqual(await seen(auditor), auditorFields.toSorted())
  for (const who of [ann, broker, admin]) {
    const fields = await seen(who)
    for (const field of [...publicFields, ...contactFields, ...reserved]) assert.ok(fields.includes(field), field)
    for (const field of ['personId', 'timebankId', 'passwordHash']) assert.ok(!fields.includes(field), field)
  }
})

test('contact is seen by members only when its owner says so', async () => {
  const version = (await ann.get('members/me')).body.rowVersion
  assert.equal((await ann.patch('members/me', { contactVisibility: 'members' }, version)).status, 200)
  const fields = Object.keys((await bev.get(`members/${ann.memberId}`)).body).sort()
  assert.deepEqual(fields, [...publicFields, ...contactFields].toSorted())
  assert.equal((await ann.patch('members/me', { contactVisibility: 'staff' }, version + 1)).status, 200)
})

test('who asks to be seen by staff only is not there for members, nor is who does not take part', async () => {
  const hidden = await addMember(stage, admin, { name: 'Hid', profile: { profileVisibility: 'staff' } })
  const left = await addMember(stage, admin, { name: 'Lef' })
  await admin.post(`members/${left.number}/departure`)
  const applied = (await admin.post('members', { displayName: 'App' })).body
  const suspended = await addMember(stage, admin, { name: 'Sus' })
  await admin.post(`members/${suspended.number}/suspension`, { reason: 'is looked into' })
  const numbers = [hidden.number, left.number, applied.number, suspended.number]
  const listed = (await bev.get('members?limit=200')).body.items.map((m: { number: number }) => m.number)
  const all = (await broker.get('members?limit=200')).body.items.map((m: { number: number }) => m.number)
  for (const number of numbers) {
    assert.equal((await bev.get(`members/${number}`)).status, 404)
    assert.equal((await broker.get(`members/${number}`)).status, 200)
    assert.ok(!listed.includes(number) && all.includes(number))
  }
  assert.equal((await hidden.get('members/me')).body.displayName, 'Hid')
  assert.equal((await suspended.get('members/me')).body.status, 'suspended')
  assert.equal((await bev.get(`members?q=Hid`)).body.items.length, 0)
})

test('nobody looks for members by what they may not see', async () => {
  for (const query of ['status=suspended', 'role=admin', `broker=${broker.memberId}`])
    assert.equal((await bev.get(`members?${query}`)).status, 403, query)
  for (const query of ['q=Ann', 'area=Northside', 'language=cy'])
    assert.equal((await auditor.get(`members?${query}`)).status, 403, query)
  assert.equal((await auditor.get(`members?q=${ann.number}`)).body.items.length, 1)
  assert.equal((await auditor.get('members?status=active')).status, 200)
  assert.equal((await bev.get('members?language=cy')).body.items[0].id, ann.memberId)
  assert.equal((await broker.get('members?colour=red')).status, 400)
  assert.equal((await broker.get('members?q=')).status, 400)
})

test('the list goes on where the page before ended', async () => {
  const first = await broker.get('members?limit=2')
  assert.equal(first.body.items.length, 2)
  assert.match(first.headers['link'] ?? '', /rel="next"/)
  const second = await broker.get(`members?limit=2&cursor=${first.body.next}`)
  assert.ok(second.body.items[0].number > first.body.items[1].number)
  assert.equal((await broker.get('members?cursor=nonsense')).status, 400)
})

test('the list as CSV gives each what is for them', async () => {
  const csv = { accept: 'text/csv' }
  const forMember = (await bev.get('members', csv)).text
  assert.match(forMember, /Ann/)
  assert.doesNotMatch(forMember, /01234/)
  const forStaff = (await broker.get('members', csv)).text
  assert.match(forStaff, /^\uFEFF?id,number,displayName,/)
  assert.match(forStaff, /Ann/)
  const forAuditor = (await auditor.get('members', csv)).text
  assert.match(forAuditor, new RegExp(ann.memberId))
  assert.doesNotMatch(forAuditor, /Ann|01234/)
})

test('of two brokers who edit the same profile at once the second is told', async () => {
  const { headers } = await broker.get(`members/${bev.number}`)
  const edit = (who: Client, about: string) =>
    who.call('PATCH', `members/${bev.number}`, { about }, { 'if-match': headers['etag']! })
  const statuses = (await Promise.all([edit(broker, 'one'), edit(admin, 'two')])).map((answer) => answer.status)
  assert.deepEqual(statuses.sort(), [200, 412])
  assert.equal((await broker.call('PATCH', `members/${bev.number}`, { about: 'x' })).status, 428)
})

test('a member changes their own profile, not that of others, nor what is for staff to say', async () => {
  const { rowVersion } = (await bev.get('members/me')).body
  assert.equal((await bev.patch(`members/${ann.number}`, { about: 'hacked' }, 1)).status, 404)
  const refused = await bev.patch('members/me', { supported: true, dateOfBirth: '1980-01-01' }, rowVersion)
  assert.equal(refused.status, 403)
  assert.deepEqual(
    refused.body.errors.map((e: { pointer: string }) => e.pointer),
    ['/supported', '/dateOfBirth']
  )
  assert.equal((await bev.patch('members/me', { gifts: ['songs'] }, rowVersion)).body.gifts[0], 'songs')
})

test('every fault of a profile is named, unknown fields and control characters among them', async () => {
  const { status, body } = await admin.post('members', {
    displayName: 'line\nbreak',
    about: 'nul \u0000',
    email: 'not an address',
    latitude: 91,
    gifts: Array.from({ length: 51 }, () => 'x'),
    diagnosis: 'none of our business'
  })
  assert.equal(status, 400)
  const pointers = body.errors.map((e: { pointer: string }) => e.pointer)
  for (const field of ['displayName', 'about', 'email', 'latitude', 'gifts', 'diagnosis'])
    assert.ok(pointers.includes(`/${field}`), field)
})

test('somebody who is signed in applies, sees only themselves while they wait, and may withdraw', async () => {
  const other = await foundAnother(stage, admin, 'hilltown')
  const apply = () => other.post('/v1/timebanks/rivertown/applications', { displayName: 'Olwen' })
  const applied = await apply()
  assert.equal(applied.status, 201)
  assert.equal(applied.body.status, 'applied')
  assert.equal((await apply()).status, 409)
  assert.equal((await other.post('/v1/timebanks/nowhere/applications', { displayName: 'Olwen' })).status, 404)
  assert.equal((await stage.anonymous.post('/v1/timebanks/rivertown/applications', { displayName: 'X' })).status, 401)
  const here = { ...other, base: '/v1/timebanks/rivertown/members' }
  assert.equal((await here.get(`${here.base}/me`)).body.number, applied.body.number)
  assert.equal((await here.get(`${here.base}/${ann.number}`)).status, 404)
  assert.equal((await here.get(here.base)).status, 403)
  assert.equal((await here.post(`${here.base}/me/pause`)).status, 403)
  assert.equal((await here.post(`${here.base}/me/withdrawal`)).body.status, 'withdrawn')
})

test('an application is screened, activated and shown step by step', async () => {
  const { id } = (await broker.post('members', { displayName: 'Step by step' })).body
  assert.equal((await broker.post(`members/${id}/screening`)).body.status, 'screening')
  const missing = await broker.post(`members/${id}/activation`)
  assert.equal(missing.body.code, 'screening-incomplete')
  assert.equal(missing.body.errors.length, 2)
  const note = { heldOn: '2026-01-02', inPerson: true, satisfactory: true }
  for (const kind of ['reference', 'reference', 'interview'])
    assert.equal((await broker.post(`members/${id}/screenings`, { kind, ...note })).status, 201)
  assert.equal((await broker.call('POST', `members/${id}/activation`)).body.code, 'idempotency-key-required')
  const key = { 'idempotency-key': 'activate-step-by-step' }
  assert.equal((await broker.post(`members/${id}/activation`, undefined, key)).body.status, 'active')
  assert.equal((await broker.post(`members/${id}/activation`, undefined, key)).headers['idempotency-replayed'], 'true')
  assert.equal((await broker.post(`members/${id}/activation`)).status, 409)
  assert.equal((await broker.get(`members/${id}/screenings?limit=2`)).body.items.length, 2)
  for (const who of [bev, auditor]) assert.equal((await who.get(`members/${id}/screenings`)).status, 403)
  const named = await broker.put(`members/${id}/broker`, { brokerId: broker.memberId }, await versionOf(id))
  assert.equal(named.body.brokerId, broker.memberId)
  const roles = { roles: ['auditor'] }
  assert.equal((await broker.put(`members/${id}/roles`, roles, await versionOf(id))).status, 403)
  const given = await admin.put(`members/${id}/roles`, roles, await versionOf(id))
  assert.deepEqual(given.body.roles, ['member', 'auditor'])
})

/** If-Match with the present version. */
const versionOf = async (member: string | number) => ({
  'if-match': (await admin.get(`members/${member}`)).headers['etag']!
})

test('roles and brokers are changed from the version that was read', async () => {
  const { number } = await addMember(stage, admin, { name: 'Vera' })
  const read = await versionOf(number)
  for (const [path, body] of [
    ['broker', { brokerId: null }],
    ['roles', { roles: [] }]
  ] as const)
    assert.equal((await admin.put(`members/${number}/${path}`, body)).status, 428)
  const name = (who: Client) => who.put(`members/${number}/broker`, { brokerId: broker.memberId }, read)
  const statuses = (await Promise.all([name(broker), name(admin)])).map((answer) => answer.status)
  assert.deepEqual(statuses.sort(), [200, 412])
  const give = (roles: string[]) => admin.put(`members/${number}/roles`, { roles }, read)
  assert.equal((await give(['auditor'])).status, 412)
})

test('a suspended member is refused the departure', async () => {
  const member = await addMember(stage, admin)
  await admin.post(`members/${member.number}/suspension`, { reason: 'is looked into' })
  assert.equal((await member.post('members/me/departure', { balanceTo: String(ann.number) })).status, 403)
  assert.equal((await admin.post(`members/${member.number}/departure`)).body.status, 'left')
})

test('a member entered without an address gets a login later, once', async () => {
  const offline = await addMember(stage, admin, { name: 'Ivy', login: false })
  const put = (who: Client, number: number, email: unknown) => who.put(`members/${number}/login`, { email })
  assert.equal((await put(bev, offline.number, 'ivy@example.org')).status, 403)
  assert.equal((await put(broker, offline.number, 'no address')).status, 400)
  const given = await put(broker, offline.number, 'Ivy@Example.org')
  assert.equal(given.status, 200)
  assert.equal(given.body.email, null, 'what others see as contact is something else')
  const { rows } = await stage.database.pool.query(
    'SELECT email, email_verified_at FROM identity.persons WHERE email = $1',
    ['ivy@example.org']
  )
  assert.deepEqual(rows, [{ email: 'ivy@example.org', email_verified_at: null }])
  assert.equal((await put(broker, offline.number, 'ivy2@example.org')).status, 409)
  const [event] = (await broker.get(`audit?subjectId=${offline.memberId}&limit=1`)).body.items
  assert.deepEqual([event.action, event.changes], ['membership.login-given', { fields: ['login'] }])
  const next = await addMember(stage, admin, { name: 'Second', login: false })
  const taken = await put(broker, next.number, 'ivy@example.org')
  assert.deepEqual([taken.status, taken.body.code], [409, 'already-exists'])
  const watcher = await addMember(stage, admin, { name: 'Auditor', login: false, roles: ['auditor'] })
  assert.equal((await put(broker, watcher.number, 'a@example.org')).status, 403, 'roles are for admins to give')
  assert.equal((await put(admin, watcher.number, 'a@example.org')).status, 200)
})

test('a login that is somebody’s elsewhere takes the membership over, and nobody is left behind', async () => {
  const other = await foundAnother(stage, admin, 'lakeside')
  const offline = await addMember(stage, admin, { name: 'Olwen', login: false })
  const behind = async () =>
    (await stage.database.pool.query("SELECT id FROM identity.persons WHERE name = 'Olwen'")).rows.length
  assert.equal(await behind(), 1)
  const given = await broker.put(`members/${offline.number}/login`, { email: 'admin@lakeside.example.org' })
  assert.equal(given.status, 200, given.text)
  assert.equal((await other.get('/v1/timebanks/rivertown/members/me')).body.number, offline.number)
  assert.equal((await other.get('members/me')).body.displayName, 'Olwen Other')
  assert.equal(await behind(), 0)
})

test('who is proposed for an organisation answers for themselves', async () => {
  const place = `organisations/${(await broker.post('organisations', { name: 'Bakery', kind: 'charity' })).body.id}`
  const affiliation = { professional: false, actsFor: true }
  await broker.post(`${place}/affiliations`, { ...affiliation, memberId: bev.memberId })
  const propose = async () =>
    (await bev.post(`${place}/affiliations`, { ...affiliation, memberId: ann.memberId, title: 'Baker' })).body
  const seen = async (who: Client) =>
    (await who.get(`${place}/affiliations`)).body.items.map((a: { status: string }) => a.status)
  const onlooker = await addMember(stage, admin)
  const refused = await propose()
  assert.equal(refused.status, 'proposed')
  assert.deepEqual(await seen(bev), ['accepted', 'proposed'])
  assert.deepEqual(await seen(onlooker), ['accepted'])
  assert.equal((await admin.post(`affiliations/${refused.id}/acceptance`)).status, 404)
  const gone = await ann.post(`affiliations/${refused.id}/refusal`)
  assert.deepEqual([gone.status, gone.text], [204, ''])
  for (const who of [bev, admin, auditor]) assert.deepEqual(await seen(who), ['accepted'])
  const { id } = await propose()
  const accepted = await ann.post(`affiliations/${id}/acceptance`)
  assert.deepEqual([accepted.status, accepted.body.status, accepted.headers['etag']], [200, 'accepted', '"2"'])
  assert.equal((await ann.post(`affiliations/${id}/acceptance`)).status, 409)
  assert.deepEqual(await seen(onlooker), ['accepted', 'accepted'])
  assert.equal((await bev.call('PATCH', `affiliations/${id}`, {})).status, 428)
  assert.equal((await bev.patch(`affiliations/${id}`, {}, 1)).status, 412)
  assert.equal((await bev.patch(`affiliations/${id}`, {}, 2)).status, 200)
  assert.equal((await broker.post(`${place}/closure`, { reason: 'for the tests that follow' })).status, 200)
})

test('a member pauses and resumes; a suspended broker is no staff any more', async () => {
  assert.equal((await bev.post('members/me/pause')).body.status, 'paused')
  assert.equal((await bev.post('members/me/resumption')).body.status, 'active')
  assert.equal((await bev.post(`members/${ann.number}/pause`)).status, 404)
  const former = await addMember(stage, admin, { name: 'Former broker', roles: ['broker'] })
  assert.equal((await admin.post(`members/${former.number}/suspension`, {})).status, 400)
  assert.equal((await admin.post(`members/${former.number}/suspension`, { reason: 'is looked into' })).status, 200)
  assert.deepEqual(Object.keys((await former.get(`members/${ann.number}`)).body).sort(), publicFields.toSorted())
  assert.equal((await former.get('audit')).status, 403)
  assert.equal((await former.post(`members/${bev.number}/pause`)).status, 403)
})

test('organisations are read by all, kept by staff, and acted for by members', async () => {
  assert.equal((await bev.post('organisations', { name: 'X', kind: 'charity' })).status, 403)
  assert.equal(
    (await broker.post('organisations', { name: 'X', kind: 'charity', website: 'javascript:alert(1)' })).status,
    400
  )
  const added = await broker.post('organisations', {
    name: 'River Shed',
    kind: 'charity',
    website: 'https://shed.example.org/'
  })
  assert.equal(added.status, 201)
  const place = `organisations/${added.body.id}`
  assert.equal((await bev.get(place)).body.accountId, undefined)
  const affiliation = { memberId: String(bev.number), professional: false, actsFor: true }
  assert.equal((await bev.post(`${place}/affiliations`, affiliation)).status, 403)
  assert.equal((await broker.post(`${place}/affiliations`, affiliation)).status, 201)
  assert.equal((await bev.get(place)).body.accountId, added.body.accountId)
  const second = await bev.post(`${place}/affiliations`, { ...affiliation, memberId: ann.memberId, title: 'Treasurer' })
  assert.equal(second.status, 201)
  assert.equal((await ann.get('members/me/affiliations')).body.items.at(-1).title, 'Treasurer')
  const list = (await auditor.get(`${place}/affiliations`)).body.items
  assert.equal(list.length, 2)
  assert.ok(list.every((a: object) => !('memberName' in a)))
  assert.equal((await bev.patch(`affiliations/${second.body.id}`, {}, second.body.rowVersion)).status, 200)
  assert.equal((await broker.patch(place, { about: 'mends things' }, 1)).body.rowVersion, 2)
  assert.equal((await broker.patch(place, { about: 'again' }, 1)).status, 412)
  assert.equal((await broker.post(`${place}/closure`, { reason: 'merged' })).body.status, 'closed')
  assert.equal((await bev.get('organisations?status=active')).body.items.length, 0)
})

test('another timebank is not there, by any address', async () => {
  const other = await signIn(stage, 'hilltown', 'admin@hilltown.example.org')
  for (const who of [bev, broker, admin, auditor]) {
    const base = '/v1/timebanks/hilltown'
    for (const path of ['members', `members/${other.memberId}`, 'members/1', 'organisations', 'audit'])
      assert.equal((await who.get(`${base}/${path}`)).status, 404, path)
    assert.equal((await who.post(`${base}/members/${other.memberId}/departure`)).status, 404)
  }
  for (const path of [`members/${other.memberId}`, `members/${other.memberId}/audit`])
    assert.equal((await broker.get(path)).status, 404, 'their id in our timebank')
})
