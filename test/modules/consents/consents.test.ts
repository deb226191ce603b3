import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import pg from 'pg'
import { inTimebank, type Tx } from '../../../src/db/client.ts'
import {
  consentsTasks,
  type Disclosed,
  disclose,
  scopesGiven,
  type Withdrawn
} from '../../../src/modules/consents/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { dateIn } from '../../../src/shared/clock.ts'
import { type Agency, makeAgency } from '../../support/agency.ts'
import { addMember, type Client, foundAnother, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by the tests, which know their shape
type Json = any

let stage: Stage
let admin: Client
let broker: Client
let timebank: string
let board: Agency
let council: Agency

before(async () => {
  stage = await makeStage('consents')
  admin = await setUp(stage)
  broker = await addMember(stage, admin, { name: 'Bron', roles: ['broker'] })
  timebank = ok(await admin.get('/v1/timebanks/rivertown')).id
  board = await makeAgency(stage, admin, { name: 'Board' })
  council = await makeAgency(stage, admin, { name: 'Council' })
  ok(await admin.patch('policy', { rules: { minorsAllowed: true }, why: 'A guardian has somebody to decide for' }, 1))
})

after(() => stage.close())

const person = (name: string, profile: Record<string, unknown> = {}, login = true) =>
  addMember(stage, admin, { name, profile, login })
const body = (more: Record<string, unknown> = {}) => ({
  organisationId: board.organisationId,
  purpose: 'referral',
  scopes: ['contact', 'share_status'],
  wordingVersion: 1,
  ...more
})
const give = (by: Client, of: Client, more: Record<string, unknown> = {}) =>
  by.post(`members/${of.memberId}/consents`, body(more))
const withdraw = (by: Client, { memberId, id }: Json, more?: Record<string, unknown>) =>
  by.post(`members/${memberId}/consents/${id}/withdrawal`, more)
const given = (of: Client, to = board): Promise<string[]> =>
  inTimebank(stage.database, timebank, systemActor, async (tx) => {
    const { organisationId } = to
    return [...(await scopesGiven(tx, { organisationId, membershipIds: [of.memberId] })).get(of.memberId)!].sort()
  })
const supports = async (member: Client, supporter: Client, scopes: string[]): Promise<Json> => {
  const support = ok(await member.post('members/me/supporters', { supporter: supporter.memberId, scopes }), 201)
  return ok(await supporter.post(`supports/${support.id}/acceptance`))
}
const owner = async (text: string, values: unknown[] = []): Promise<Json[]> => {
  const client = new pg.Client({ connectionString: stage.ownerUrl })
  await client.connect()
  const { rows } = await client.query(text, values)
  await client.end()
  return rows
}
const rings = async (client: Client, id: string): Promise<string[]> =>
  ok(await client.get('notices?limit=200'))
    .items.filter((n: Json) => n.subjectId === id)
    .map((n: Json) => n.kind)

test('what somebody gives is in force at once, in the words that were shown, and taken back by one call', async () => {
  const ann = await person('Ann')
  const consent = ok(await give(ann, ann), 201)
  assert.deepEqual(
    [
      consent.status,
      consent.standing,
      consent.voice,
      consent.how,
      consent.language,
      consent.givenBy,
      consent.recordedBy
    ],
    ['given', ['contact', 'share_status'], 'self', 'online', 'en', ann.memberId, ann.memberId]
  )
  assert.deepEqual(await given(ann), ['contact', 'share_status'])
  assert.deepEqual(await given(ann, council), [])
  const narrower = ok(await withdraw(ann, consent, { scopes: ['contact'] }))
  assert.deepEqual(
    [narrower.status, narrower.scopes, narrower.standing],
    ['given', ['contact', 'share_status'], ['share_status']]
  )
  assert.deepEqual(await given(ann), ['share_status'])
  const gone = ok(await withdraw(ann, consent))
  assert.deepEqual([gone.status, gone.standing, gone.withdrawals.length], ['withdrawn', [], 2])
  assert.deepEqual(await given(ann), [])
  assert.deepEqual(ok(await withdraw(ann, consent)), gone, 'again it changes nothing')
})

test('a later consent takes the place of the one before, which can no longer be taken back', async () => {
  const ann = await person('Ann')
  const first = ok(await give(ann, ann, { scopes: ['contact', 'share_outcome'] }), 201)
  const joined = ok(await give(ann, ann, { purpose: 'joined_up', scopes: ['see_others_involved'] }), 201)
  const second = ok(await give(ann, ann, { scopes: ['share_attendance'] }), 201)
  assert.deepEqual(await given(ann), ['see_others_involved', 'share_attendance'])
  const refusal = refused(await withdraw(ann, first), 409, 'wrong-state')
  assert.equal(refusal.supersededBy, second.id)
  const listed = ok(await ann.get('members/me/consents')).items
  assert.deepEqual(
    listed.map((c: Json) => [c.id, c.status]),
    [
      [second.id, 'given'],
      [joined.id, 'given'],
      [first.id, 'superseded']
    ]
  )
  assert.equal(ok(await ann.get('members/me/consents?status=given&purpose=joined_up')).items[0].id, joined.id)
})

test('staff write down what they were told, with how; people say here what they say themselves', async () => {
  const [ann, sue] = [await person('Ann', {}, false), await person('Sue')]
  refused(await give(broker, ann), 400, 'validation-failed')
  refused(await give(broker, ann, { how: 'online' }), 400, 'validation-failed')
  refused(await give(broker, ann, { how: 'phone', givenBy: sue.memberId }), 400, 'validation-failed')
  const consent = ok(await give(broker, ann, { how: 'in_person' }), 201)
  assert.deepEqual([consent.voice, consent.givenBy, consent.recordedBy], ['self', ann.memberId, broker.memberId])
  refused(await withdraw(broker, consent), 400, 'validation-failed')
  const gone = ok(await withdraw(broker, consent, { how: 'phone' }))
  assert.deepEqual(
    gone.withdrawals.map((w: Json) => [w.scope, w.how, w.recordedBy]),
    [
      ['contact', 'phone', broker.memberId],
      ['share_status', 'phone', broker.memberId]
    ]
  )
  refused(await give(sue, sue, { how: 'writing' }), 400, 'validation-failed')
  refused(await give(sue, sue, { givenBy: ann.memberId }), 400, 'validation-failed')
  const told = ok(await give(broker, sue, { how: 'phone' }), 201)
  assert.deepEqual(await rings(sue, told.id), ['consent.given'])
})

test('a supporter gives and takes back in the scope consents, sees in the scope view, and not after it was taken back', async () => {
  const [ann, sue, vic] = [await person('Ann'), await person('Sue'), await person('Vic')]
  const support = await supports(ann, sue, ['consents'])
  await supports(ann, vic, ['view'])
  const consent = ok(await give(sue, ann), 201)
  assert.deepEqual([consent.voice, consent.givenBy, consent.how], ['supporter', sue.memberId, 'online'])
  assert.deepEqual(await rings(ann, consent.id), ['consent.given'])
  const path = `members/${ann.memberId}/consents`
  assert.equal(ok(await vic.get(`${path}/${consent.id}`)).id, consent.id)
  refused(await give(vic, ann), 404, 'not-found')
  refused(await withdraw(vic, consent), 404, 'not-found')
  refused(await sue.get(`members/${ann.memberId}/disclosures`), 404, 'not-found')
  assert.deepEqual(ok(await vic.get(`members/${ann.memberId}/disclosures`)).items, [])
  const narrower = ok(await withdraw(sue, consent, { scopes: ['contact'] }))
  assert.equal(narrower.withdrawals[0].voice, 'supporter')
  const history = ok(await ann.get('members/me/audit')).items.filter((e: Json) => e.subjectId === consent.id)
  assert.deepEqual(
    history.map((e: Json) => [e.action, e.actorMembershipId, e.onBehalfOf]),
    [
      ['consent.narrowed', sue.memberId, ann.memberId],
      ['consent.given', sue.memberId, ann.memberId]
    ]
  )
  ok(await ann.post(`supports/${support.id}/revocation`))
  refused(await withdraw(sue, consent), 404, 'not-found')
  refused(await give(sue, ann), 404, 'not-found')
  refused(await sue.get(path), 404, 'not-found')
  assert.deepEqual(await given(ann), ['share_status'], 'what was given in their name stands until it is taken back')
})

test('for somebody under 18 a guardian gives; they take it back themselves', async () => {
  const [kid, mum] = [await person('Kid', { dateOfBirth: '2014-02-03' }), await person('Mum')]
  refused(await give(kid, kid), 422, 'guardian-consent-needed')
  refused(await give(broker, kid, { how: 'phone' }), 422, 'guardian-consent-needed')
  const authority = { from: 'parental_responsibility', seen: 'document_in_person', seenOn: '2026-01-10' }
  const entry = { supporter: mum.memberId, kind: 'guardian', scopes: ['consents'], authority }
  ok(await broker.post(`members/${kid.memberId}/supporters`, entry), 201)
  const told = ok(await give(broker, kid, { how: 'in_person', givenBy: mum.memberId }), 201)
  assert.deepEqual([told.voice, told.givenBy], ['guardian', mum.memberId])
  const consent = ok(await give(mum, kid), 201)
  assert.equal(consent.voice, 'guardian')
  assert.equal(ok(await withdraw(kid, consent)).status, 'withdrawn')
})

test('it ends with its last day, also before that is written down; what rests on it is told once', async () => {
  const ann = await person('Ann')
  refused(await give(ann, ann, { validTo: '2020-01-01' }), 400, 'validation-failed')
  const consent = ok(await give(ann, ann, { validTo: dateIn('Europe/London', new Date()) }), 201)
  assert.deepEqual(await given(ann), ['contact', 'share_status'])
  await owner("UPDATE consents.consents SET expires_at = expires_at - interval '1 day' WHERE id = $1", [consent.id])
  assert.deepEqual(await given(ann), [])
  const read = ok(await ann.get(`members/me/consents/${consent.id}`))
  assert.deepEqual([read.status, read.standing], ['expired', []])
  assert.equal(ok(await ann.get('members/me/consents?status=expired')).items.length, 1)
  assert.equal(ok(await ann.get('members/me/consents?status=given')).items.length, 0)
  assert.equal(ok(await withdraw(ann, consent)).status, 'expired')
  const told: Withdrawn[] = []
  const tasks = consentsTasks(stage.database, async (_, withdrawn) => {
    told.push(withdrawn)
  })
  for (let i = 0; i < 2; i += 1) await tasks['consents.expire']!({})
  assert.deepEqual(
    told.map(({ membershipId, scopes, remaining }) => [membershipId, scopes.sort(), remaining.size]),
    [[ann.memberId, ['contact', 'share_status'], 0]]
  )
  const again = ok(await give(ann, ann), 201)
  assert.equal(again.status, 'given')
  const old = ok(await ann.get(`members/me/consents/${consent.id}`))
  assert.deepEqual([old.status, old.supersededBy], ['expired', null])
})

test('an agency reads what is given to it, which is noted, and takes back what it was told of; it gives nothing', async () => {
  const ann = await person('Ann')
  const consent = ok(await give(ann, ann), 201)
  const foreign = ok(await give(ann, ann, { organisationId: council.organisationId, scopes: ['share_outcome'] }), 201)
  const path = `members/${ann.memberId}/consents`
  const seen = ok(await board.client.get(path)).items
  assert.deepEqual(
    seen.map((c: Json) => [c.id, c.givenBy, c.recordedBy, c.standing]),
    [[consent.id, null, null, ['contact', 'share_status']]]
  )
  refused(await board.client.get(`${path}/${foreign.id}`), 404, 'not-found')
  refused(await board.client.get(`${path}?organisationId=${council.organisationId}`), 404, 'not-found')
  refused(await board.client.post(path, body()), 403, 'forbidden')
  refused(await withdraw(board.client, foreign, { how: 'phone' }), 404, 'not-found')
  refused(await withdraw(board.client, consent), 400, 'validation-failed')
  const all = ok(await board.client.get(`consents?organisationId=${council.organisationId}&limit=200`)).items
  assert.ok(all.every((c: Json) => c.organisationId === board.organisationId))
  const narrower = ok(await withdraw(board.client, consent, { how: 'phone', scopes: ['contact'] }))
  assert.deepEqual(narrower.withdrawals[0].how, null)
  const log = ok(await ann.get(`members/me/disclosures?organisationId=${board.organisationId}`)).items
  assert.deepEqual(
    log.map((d: Json) => [d.subjectId, d.parts, d.organisationName]),
    // the two lists, and the answer to what it wrote down
    [
      [consent.id, ['consent'], 'Board'],
      [consent.id, ['consent'], 'Board'],
      [consent.id, ['consent'], 'Board']
    ]
  )
  assert.ok(log[0].professionalName.startsWith('Professional'))
  assert.deepEqual(await rings(ann, consent.id), ['consent.withdrawn'])
  const bob = await person('Bob')
  refused(await board.client.get(`members/${bob.memberId}/consents`), 404, 'not-found')
  refused(await board.client.get(`members/${ann.memberId}/disclosures`), 403, 'forbidden')
  refused(await board.client.get('members/me/consents'), 404, 'not-found')
})

test('a client without the scope is refused, and the professional at home sees nothing of others', async () => {
  const ann = await person('Ann')
  const consent = ok(await give(ann, ann), 201)
  const reader = await makeAgency(stage, admin, { scopes: ['consents.read'] })
  const mine = ok(await give(ann, ann, { organisationId: reader.organisationId }), 201)
  assert.equal(ok(await reader.client.get('consents')).items[0].id, mine.id)
  refused(await withdraw(reader.client, mine, { how: 'phone' }), 403, 'scope-missing')
  refused(await board.professional.get(`members/${ann.memberId}/consents`), 404, 'not-found')
  refused(await withdraw(board.professional, consent), 404, 'not-found')
  refused(await board.professional.get('consents'), 403, 'forbidden')
})

test('others find nothing, nor does another timebank', async () => {
  const [ann, eve] = [await person('Ann'), await person('Eve')]
  const auditor = await addMember(stage, admin, { roles: ['auditor'] })
  const other = await foundAnother(stage, admin, 'hilltown')
  const consent = ok(await give(ann, ann), 201)
  const path = `members/${ann.memberId}`
  for (const by of [eve, auditor, other])
    for (const where of [`${path}/consents`, `${path}/consents/${consent.id}`, `${path}/disclosures`])
      refused(await by.get(where), 404, 'not-found')
  for (const by of [eve, auditor, other]) {
    refused(await give(by, ann), 404, 'not-found')
    refused(await withdraw(by, consent), 404, 'not-found')
  }
  refused(await eve.get(`members/${eve.memberId}/consents/${consent.id}`), 404, 'not-found')
  refused(await stage.anonymous.get(`/v1/timebanks/rivertown/${path}/consents`), 401, 'unauthenticated')
  assert.deepEqual(await given(ann), ['contact', 'share_status'])
})

test('faults are named: no scope, one that there is not, no such words, no such organisation, an unknown field', async () => {
  const ann = await person('Ann')
  const faultOf = async (more: Record<string, unknown>) =>
    refused(await give(ann, ann, more), 400, 'validation-failed').errors.map((e: Json) => e.pointer)
  assert.deepEqual(await faultOf({ scopes: [] }), ['/scopes'])
  assert.deepEqual(await faultOf({ scopes: ['share_diagnosis'] }), ['/scopes/0'])
  assert.deepEqual(await faultOf({ wordingVersion: 99 }), ['/wordingVersion'])
  assert.deepEqual(await faultOf({ purpose: 'joined_up', scopes: ['contact'] }), ['/scopes'])
  assert.deepEqual(await faultOf({ language: 'fr' }), ['/language'])
  assert.deepEqual(await faultOf({ nhsNumber: '943 476 5919' }), ['/nhsNumber'])
  refused(await give(ann, ann, { organisationId: randomUUID() }), 404, 'not-found')
  const consent = ok(await give(ann, ann, { language: 'cy' }), 201)
  assert.equal(consent.language, 'cy')
  const refusal = refused(await withdraw(ann, consent, { scopes: ['share_outcome'] }), 400, 'validation-failed')
  assert.equal(refusal.errors[0].pointer, '/scopes')
})

test('the words are versioned: built in first, the next by staff, two at once as two, and never changed', async () => {
  const ann = await person('Ann')
  const items = ok(await ann.get('consent-wordings?purpose=referral')).items
  assert.deepEqual(
    items.map((w: Json) => [w.version, w.language]),
    [
      [1, 'cy'],
      [1, 'en'],
      [1, 'es']
    ]
  )
  const next = { purpose: 'referral', texts: [{ language: 'en', text: 'In other words.' }] }
  refused(await ann.post('consent-wordings', next), 403, 'forbidden')
  refused(
    await broker.post('consent-wordings', { ...next, texts: [...next.texts, ...next.texts] }),
    400,
    'validation-failed'
  )
  const both = await Promise.all([broker.post('consent-wordings', next), admin.post('consent-wordings', next)])
  assert.deepEqual(both.map((answer) => ok(answer, 201).items[0].version).sort(), [2, 3])
  const consent = ok(await give(ann, ann, { wordingVersion: 3 }), 201)
  assert.deepEqual([consent.wordingVersion, consent.language], [3, 'en'])
  assert.deepEqual(
    await owner("SELECT has_table_privilege('commonhours_service', 'consents.wordings', 'UPDATE') AS may"),
    [{ may: false }]
  )
  // what people have agreed to as version 1 is this, for good
  const text = ok(await ann.get('consent-wordings')).items.filter((w: Json) => w.version === 1)
  const hash = createHash('sha256').update(JSON.stringify(text.map((w: Json) => [w.purpose, w.language, w.text])))
  assert.equal(hash.digest('hex').slice(0, 16), '17756a61d47c7d01')
})

test('the log of what agencies have read is paged, filtered by day and organisation, and exported', async () => {
  const [ann, vic] = [await person('Ann'), await person('Vic')]
  await supports(ann, vic, ['view'])
  const subject = { type: 'service_request', id: randomUUID() }
  const { organisationId, clientId, affiliationId } = board
  const agency = { organisationId, clientId, affiliationId, scopes: [] }
  const reads: Disclosed[] = Array.from({ length: 7 }, (_, i) => ({
    membershipId: ann.memberId,
    subject,
    parts: i % 2 ? ['status'] : ['status', 'outcome']
  }))
  const actor = {
    ...systemActor,
    operator: false,
    membershipId: board.professional.memberId,
    personId: board.professional.personId,
    agency
  }
  await inTimebank(stage.database, timebank, actor, (tx: Tx) => disclose(tx, reads))
  const ids: string[] = []
  for (let next: string | null = ''; next !== null; ) {
    const page: Json = ok(await vic.get(`members/${ann.memberId}/disclosures?limit=3${next && `&cursor=${next}`}`))
    ids.push(...page.items.map((d: Json) => d.id))
    next = page.next
  }
  assert.equal(new Set(ids).size, 7)
  assert.deepEqual(ids, [...ids].sort().reverse())
  const count = async (query: string) => ok(await ann.get(`members/me/disclosures?${query}`)).items.length
  const today = dateIn('Europe/London', new Date())
  assert.equal(await count(`organisationId=${board.organisationId}&from=${today}&to=${today}`), 7)
  assert.equal(await count(`organisationId=${council.organisationId}`), 0)
  assert.equal(await count('to=2020-01-01'), 0)
  refused(await ann.get('members/me/disclosures?from=2026-02-01&to=2026-01-01'), 400, 'validation-failed')
  const csv = await ann.get('members/me/disclosures', { accept: 'text/csv' })
  assert.equal(csv.text.trim().split('\r\n').length, 8)
  assert.match(csv.text, /status; outcome/)
})

test('who leaves allows nothing any more, and erased, the log is kept without them', async () => {
  const ann = await person('Ann')
  const consent = ok(await give(ann, ann), 201)
  ok(await board.client.get(`members/${ann.memberId}/consents`))
  ok(await ann.post('members/me/departure', {}))
  assert.deepEqual(await given(ann), [])
  const left = ok(await ann.get(`members/me/consents/${consent.id}`))
  assert.deepEqual([left.status, left.withdrawals[0].how], ['withdrawn', 'leaving'])
  assert.equal(ok(await ann.get('members/me/disclosures')).items.length, 1, 'who has left still sees it')
  const before = await owner('SELECT id FROM consents.disclosures WHERE membership_id = $1', [ann.memberId])
  ok(await admin.post(`members/${ann.memberId}/erasure`, {}))
  const after = await owner('SELECT membership_id, subject_id FROM consents.disclosures WHERE id = $1', [before[0].id])
  assert.deepEqual(after, [{ membership_id: null, subject_id: consent.id }])
})

test('an application that comes to nothing takes the consents with it', async () => {
  for (const path of ['decline', 'withdrawal']) {
    const { id } = ok(await broker.post('members', { displayName: 'Applicant' }), 201)
    const applicant = { memberId: id } as Client
    ok(await give(broker, applicant, { how: 'phone' }), 201)
    assert.deepEqual(await given(applicant), ['contact', 'share_status'])
    ok(await broker.post(`members/${id}/${path}`))
    assert.deepEqual(await given(applicant), [])
    refused(await give(broker, applicant, { how: 'phone' }), 409, 'wrong-state')
  }
})

test('what was given, withdrawn and read cannot be rewritten by the service', async () => {
  const may = (table: string, right: string, column?: string) =>
    column
      ? `has_column_privilege('commonhours_service', 'consents.${table}', '${column}', '${right}')`
      : `has_table_privilege('commonhours_service', 'consents.${table}', '${right}')`
  const rights = [
    ...['wordings', 'consents', 'withdrawals', 'disclosures'].map((table) => may(table, 'DELETE')),
    may('withdrawals', 'UPDATE', 'at'),
    ...['scopes', 'given_at', 'given_by', 'how', 'wording_version'].map((column) => may('consents', 'UPDATE', column)),
    ...['at', 'parts', 'organisation_id'].map((column) => may('disclosures', 'UPDATE', column))
  ]
  const [row] = await owner(`SELECT ARRAY[${rights.join(', ')}] AS rights`)
  assert.ok(row.rights.every((right: boolean) => !right))
})

test('the organisation, and no other, is told by webhook that there is something to read', async () => {
  const ann = await person('Ann')
  for (const { organisationId } of [board, council])
    await owner(
      `INSERT INTO webhooks.endpoints (timebank_id, id, organisation_id, url, state, unverified_since, secret)
       VALUES ($1, $2, $3, 'https://agency.example.org/hook', 'unverified', now(), 'sealed')`,
      [timebank, randomUUID(), organisationId]
    )
  const first = ok(await give(ann, ann), 201)
  const second = ok(await give(ann, ann, { scopes: ['contact'] }), 201)
  ok(await withdraw(ann, second))
  const told = await owner(
    'SELECT organisation_id, type, subject_id FROM webhooks.events WHERE subject_id = ANY ($1) ORDER BY id',
    [[first.id, second.id]]
  )
  assert.deepEqual(
    told.map((e: Json) => [e.organisation_id, e.type, e.subject_id]),
    [first, first, second, second].map(({ id }) => [board.organisationId, 'consent.changed', id])
  )
  await owner('DELETE FROM webhooks.endpoints')
})

test('two withdrawals at once both succeed, and each scope is taken back once', async () => {
  const ann = await person('Ann')
  for (let round = 0; round < 3; round += 1) {
    const consent = ok(await give(ann, ann), 201)
    const answers = await Promise.all([
      withdraw(ann, consent),
      withdraw(ann, consent, { scopes: ['contact'] }),
      withdraw(broker, consent, { how: 'phone' })
    ])
    for (const answer of answers) assert.equal(answer.status, 200, answer.text)
    const end = ok(await ann.get(`members/me/consents/${consent.id}`))
    assert.deepEqual([end.status, end.withdrawals.length], ['withdrawn', 2])
  }
})

test('giving several times and withdrawing at once leaves at most one in force, and no old one that stands', async () => {
  const ann = await person('Ann')
  for (let round = 0; round < 4; round += 1) {
    const first = ok(await give(ann, ann), 201)
    const [withdrawn, ...gifts] = await Promise.all([
      withdraw(ann, first),
      give(ann, ann, { scopes: ['share_outcome'] }),
      give(broker, ann, { scopes: ['share_attendance'], how: 'phone' })
    ])
    assert.ok([200, 409].includes(withdrawn.status), withdrawn.text)
    for (const gift of gifts) assert.equal(gift.status, 201, gift.text)
    const inForce = ok(await ann.get('members/me/consents?status=given')).items
    assert.equal(inForce.length, 1)
    assert.ok(gifts.some((gift) => gift.body.id === inForce[0].id))
    assert.deepEqual(await given(ann), inForce[0].standing)
  }
})

test('the audit and the notices of consents hold ids and codes, and nothing of a person', async () => {
  const ann = await person('Canary Wintergreen', { about: 'canary-about', postcode: 'CA7 4RY' })
  const consent = ok(await give(broker, ann, { how: 'writing' }), 201)
  ok(await withdraw(broker, consent, { how: 'phone' }))
  const events = (await admin.get(`audit?subjectType=consent&subjectId=${consent.id}`)).text
  assert.doesNotMatch(events, /canary|Wintergreen|CA7/i)
  assert.deepEqual(Object.keys(JSON.parse(events).items[1].changes).sort(), [
    'how',
    'organisationId',
    'purpose',
    'scopes',
    'validTo',
    'voice',
    'wordingVersion'
  ])
})

test('whatever is given and withdrawn in whatever order, what is allowed is what the newest of each purpose leaves', async () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
  const ann = await person('Ann')
  const all = ['contact', 'share_status', 'share_attendance', 'share_outcome', 'see_others_involved']
  const some = fc.subarray(all, { minLength: 1 })
  const stepShape = fc.oneof(
    fc.record({ kind: fc.constant('give' as const), purpose: fc.constantFrom('referral', 'joined_up'), scopes: some }),
    fc.record({
      kind: fc.constant('withdraw' as const),
      purpose: fc.constantFrom('referral', 'joined_up'),
      scopes: some
    })
  )
  const model = new Map<string, { consent: Json; standing: Set<string> }>()
  await fc.assert(
    fc.asyncProperty(fc.array(stepShape, { minLength: 3, maxLength: 8 }), async (steps) => {
      for (const { kind, purpose, scopes: drawn } of steps) {
        const scopes = purpose === 'referral' ? drawn : ['see_others_involved']
        const now = model.get(purpose)
        if (kind === 'give') {
          const consent = ok(await give(ann, ann, { purpose, scopes }), 201)
          model.set(purpose, { consent, standing: new Set(scopes) })
        } else if (now) {
          const wanted = scopes.filter((scope) => now.consent.scopes.includes(scope))
          if (wanted.length === 0) refused(await withdraw(ann, now.consent, { scopes }), 400, 'validation-failed')
          else {
            ok(await withdraw(ann, now.consent, { scopes: wanted }))
            for (const scope of wanted) now.standing.delete(scope)
          }
        }
        const expected = new Set([...model.values()].flatMap(({ standing }) => [...standing]))
        assert.deepEqual(await given(ann), [...expected].sort())
        const inForce = await owner(
          "SELECT purpose, count(*)::int AS n FROM consents.consents WHERE membership_id = $1 AND status = 'given' GROUP BY purpose",
          [ann.memberId]
        )
        assert.ok(inForce.every(({ n }: Json) => n === 1))
      }
    }),
    { seed, numRuns: 6, endOnFailure: true }
  )
})
