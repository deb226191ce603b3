import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import pg from 'pg'
import { inTimebank } from '../../../src/db/client.ts'
import { mayActFor, supportersTasks, supportsSql } from '../../../src/modules/supporters/index.ts'
import type { SupportScope } from '../../../src/modules/supporters/vocabulary.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { dateIn } from '../../../src/shared/clock.ts'
import { makeAgency } from '../../support/agency.ts'
import { addMember, type Client, foundAnother, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by the tests, which know their shape
type Json = any

let stage: Stage
let admin: Client
let broker: Client
let timebank: string

before(async () => {
  stage = await makeStage('supporters')
  admin = await setUp(stage)
  broker = await addMember(stage, admin, { name: 'Bron', roles: ['broker'] })
  timebank = ok(await admin.get('/v1/timebanks/rivertown')).id
  ok(await admin.patch('policy', { rules: { minorsAllowed: true }, why: 'A guardian has somebody to decide for' }, 1))
})

after(() => stage.close())

const person = (name: string, profile: Record<string, unknown> = {}) => addMember(stage, admin, { name, profile })
const ask = (by: Client, of: Client, supporter: Client, more: Record<string, unknown> = {}) =>
  by.post(`members/${of.memberId}/supporters`, { supporter: supporter.memberId, ...more })
const step = (by: Client, support: Json, path: string) => by.post(`supports/${support.id}/${path}`)
const active = async (member: Client, supporter: Client, scopes: SupportScope[]): Promise<Json> => {
  const support = ok(await ask(member, member, supporter, { scopes }), 201)
  return ok(await step(supporter, support, 'acceptance'))
}
const may = (supporter: Client, member: Client, scope: SupportScope, more = {}): Promise<boolean> =>
  inTimebank(
    stage.database,
    timebank,
    {
      ...systemActor,
      operator: false,
      personId: supporter.personId,
      membershipId: supporter.memberId,
      roles: ['member'],
      ...more
    },
    async (tx) => {
      const values = [timebank, member.memberId, supporter.memberId, scope, tx.now]
      const bySql = await tx.client.query(`SELECT ${supportsSql('$1', '$2', '$3', '$4', '$5')} AS may`, values)
      const answer = await mayActFor(tx, member.memberId, scope)
      if (Object.keys(more).length === 0) assert.equal(bySql.rows[0].may, answer)
      return answer
    }
  )
const scopesOf = async (supporter: Client, member: Client): Promise<string[]> => {
  const held: string[] = []
  for (const scope of ['view', 'consents', 'budget'] as const) if (await may(supporter, member, scope)) held.push(scope)
  return held
}
const rings = async (client: Client, id: string): Promise<string[]> =>
  ok(await client.get('notices?limit=200'))
    .items.filter((n: Json) => n.subjectId === id)
    .map((n: Json) => n.kind)
    .reverse()
const expire = () => supportersTasks(stage.database)['supporters.expire']!({})
/** As if so much time had passed since it was made. */
async function age({ id }: Json, days: number): Promise<void> {
  const owner = new pg.Client({ connectionString: stage.ownerUrl })
  await owner.connect()
  await owner.query(
    `UPDATE supporters.supports
        SET proposed_at = proposed_at - make_interval(days => $2), expires_at = expires_at - make_interval(days => $2),
            valid_to = valid_to - $2::int
      WHERE id = $1`,
    [id, days]
  )
  await owner.end()
}

test('a member asks somebody, who counts from their yes on, and in nothing unless it is given', async () => {
  const [ann, sue] = [await person('Ann'), await person('Sue')]
  const support = ok(await ask(ann, ann, sue), 201)
  assert.deepEqual(
    [support.kind, support.status, support.scopes, support.validTo, support.member.name, support.supporter.name],
    ['supporter', 'proposed', [], null, 'Ann', 'Sue']
  )
  refused(await step(ann, support, 'acceptance'), 403, 'forbidden')
  const accepted = ok(await step(sue, support, 'acceptance'))
  assert.equal(accepted.status, 'active')
  assert.deepEqual(ok(await step(sue, support, 'acceptance')).rowVersion, accepted.rowVersion)
  assert.deepEqual(await scopesOf(sue, ann), [])
  const wider = ok(await ann.patch(`supports/${support.id}`, { scopes: ['view', 'consents'] }, accepted.rowVersion))
  assert.deepEqual(await scopesOf(sue, ann), ['view', 'consents'])
  refused(await ann.patch(`supports/${support.id}`, { scopes: [] }, accepted.rowVersion), 412, 'precondition-failed')
  ok(await ann.patch(`supports/${support.id}`, { scopes: ['view'] }, wider.rowVersion))
  assert.deepEqual(await scopesOf(sue, ann), ['view'])
  assert.deepEqual(await scopesOf(ann, sue), [], 'it goes one way')
  assert.deepEqual(await rings(sue, support.id), ['support.proposed', 'support.changed', 'support.changed'])
  assert.deepEqual(await rings(ann, support.id), ['support.accepted'])
})

test('the member takes it back at once and alone, the supporter ends it, and both are told', async () => {
  const [ann, sue] = [await person('Ann'), await person('Sue')]
  const first = await active(ann, sue, ['view'])
  refused(await step(sue, first, 'revocation'), 403, 'forbidden')
  refused(await step(ann, first, 'end'), 403, 'forbidden')
  assert.equal(ok(await step(ann, first, 'revocation')).status, 'revoked')
  assert.equal(await may(sue, ann, 'view'), false)
  assert.equal(ok(await step(sue, first, 'end')).status, 'revoked', 'what is over stays as it is')
  refused(await step(sue, first, 'acceptance'), 409, 'wrong-state')
  refused(await ann.patch(`supports/${first.id}`, { scopes: ['view'] }, 3), 409, 'wrong-state')
  assert.ok((await rings(sue, first.id)).includes('support.revoked'))
  const second = await active(ann, sue, ['view'])
  assert.equal(ok(await step(sue, second, 'end')).status, 'ended')
  assert.equal(await may(sue, ann, 'view'), false)
  assert.ok((await rings(ann, second.id)).includes('support.ended'))
})

test('a proposal that is not taken up reads as one whose time was over, here and in the audit', async () => {
  const [ann, sue, tom] = [await person('Ann'), await person('Sue'), await person('Tom')]
  const declined = ok(await ask(ann, ann, sue), 201)
  const forgotten = ok(await ask(ann, ann, tom), 201)
  ok(await step(sue, declined, 'end'))
  refused(await ask(ann, ann, sue), 409, 'conflict')
  await age(forgotten, 27)
  assert.equal(ok(await ann.get(`supports/${forgotten.id}`)).status, 'proposed')
  await age(forgotten, 1)
  assert.equal(ok(await ann.get(`supports/${forgotten.id}`)).status, 'expired')
  refused(await step(tom, forgotten, 'acceptance'), 409, 'wrong-state')
  await expire()
  const [one, other] = [ok(await ann.get(`supports/${declined.id}`)), ok(await ann.get(`supports/${forgotten.id}`))]
  const shape = ({ id: _, supporter: __, proposedAt: ___, closedAt, ...rest }: Json) => ({
    ...rest,
    closed: closedAt !== null
  })
  assert.deepEqual(shape(one), shape(other))
  const trace = async (id: string) =>
    ok(await admin.get(`audit?subjectType=support&subjectId=${id}`)).items.map(
      ({ id: _, at: __, subjectId: ___, changes: { supporterId: ____, ...changes }, ...rest }: Json) => ({
        ...rest,
        changes
      })
    )
  assert.deepEqual(await trace(declined.id), await trace(forgotten.id))
  assert.deepEqual(await rings(ann, declined.id), ['support.expired'])
  assert.deepEqual(await rings(ann, forgotten.id), ['support.expired'])
  ok(await ask(ann, ann, tom), 201)
})

test('it ends with its last day, also before that is written down; then it can be proposed anew', async () => {
  const [ann, sue] = [await person('Ann'), await person('Sue')]
  const today = dateIn('Europe/London', new Date())
  refused(await ask(ann, ann, sue, { validTo: '2020-01-01' }), 400, 'validation-failed')
  const support = ok(await ask(ann, ann, sue, { scopes: ['view'], validTo: today }), 201)
  ok(await step(sue, support, 'acceptance'))
  assert.equal(await may(sue, ann, 'view'), true)
  refused(await ask(ann, ann, sue), 409, 'already-exists')
  await age(support, 1)
  assert.equal(await may(sue, ann, 'view'), false)
  assert.equal(ok(await ann.get(`supports/${support.id}`)).status, 'expired')
  const listed = ok(await ann.get('members/me/supporters?status=expired')).items
  assert.deepEqual([listed.length, listed[0].id], [1, support.id])
  assert.deepEqual(ok(await ann.get('members/me/supporters?status=active')).items, [])
  const anew = ok(await ask(ann, ann, sue), 201)
  const all = ok(await sue.get('members/me/supporting')).items
  assert.deepEqual(
    all.map(({ id, status }: Json) => [id, status]),
    [
      [anew.id, 'proposed'],
      [support.id, 'expired']
    ]
  )
})

test('staff act for a member who is offline, and the audit says for whom; never for themselves', async () => {
  const ann = await addMember(stage, admin, { name: 'Offline Ann', login: false })
  const sue = await person('Sue')
  refused(await ask(broker, ann, broker), 403, 'forbidden')
  const headers = { 'commonhours-source': 'phone' }
  const body = { supporter: String(sue.number), kind: 'advocate', scopes: ['consents'] }
  const support = ok(await broker.post(`members/${ann.number}/supporters`, body, headers), 201)
  assert.equal(ok(await step(broker, support, 'acceptance')).status, 'active')
  assert.equal(await may(sue, ann, 'consents'), true)
  const history = ok(await broker.get(`members/${ann.memberId}/audit`)).items
  assert.deepEqual(
    history.filter((e: Json) => e.subjectId === support.id).map((e: Json) => [e.action, e.onBehalfOf, e.source]),
    [['support.proposed', ann.memberId, 'phone']]
  )
  assert.equal(ok(await step(broker, support, 'revocation')).status, 'revoked')
  const own = await active(ann.token ? ann : sue, broker, ['view'])
  refused(await step(broker, own, 'revocation'), 403, 'forbidden')
  refused(await broker.patch(`supports/${own.id}`, { scopes: ['view', 'budget'] }, own.rowVersion), 403, 'forbidden')
})

test('a guardian is entered by staff with how the authority was seen, and the member sees it', async () => {
  const [kid, mum] = [await person('Kid', { dateOfBirth: '2015-03-04' }), await person('Mum')]
  const authority = { from: 'parental_responsibility', seen: 'document_in_person', seenOn: '2026-01-10' }
  const guardian = { kind: 'guardian', scopes: ['consents', 'view'], authority }
  refused(await ask(kid, kid, mum, guardian), 403, 'forbidden')
  refused(await ask(broker, kid, mum, { kind: 'guardian' }), 400, 'validation-failed')
  refused(await ask(broker, kid, mum, { authority }), 400, 'validation-failed')
  const support = ok(await ask(broker, kid, mum, guardian), 201)
  assert.deepEqual([support.status, support.validTo, support.authority], ['active', '2033-03-03', authority])
  assert.equal(await may(mum, kid, 'consents'), true)
  assert.deepEqual(await rings(kid, support.id), ['support.entered'])
  assert.deepEqual(await rings(mum, support.id), ['support.entered'])
  assert.equal(ok(await kid.get('members/me/supporters')).items[0].id, support.id)
  assert.equal(ok(await mum.get('members/me/supporting')).items[0].id, support.id)
  refused(await step(kid, support, 'revocation'), 403, 'forbidden')
  refused(await kid.patch(`supports/${support.id}`, { scopes: [] }, support.rowVersion), 403, 'forbidden')
  const longer = ok(await broker.patch(`supports/${support.id}`, { validTo: null }, support.rowVersion))
  assert.equal(longer.validTo, '2033-03-03', 'a parent decides until the 18th birthday')
  assert.equal(ok(await step(broker, support, 'revocation')).status, 'revoked')
  const grown = await person('Grown', { dateOfBirth: '1990-01-01' })
  refused(await ask(broker, grown, mum, guardian), 400, 'validation-failed')
  const court = { ...authority, from: 'court_appointment' }
  assert.equal(ok(await ask(broker, grown, mum, { ...guardian, authority: court }), 201).validTo, null)
  const young = await person('Young', { dateOfBirth: '2012-01-01' })
  refused(await ask(broker, kid, young, guardian), 400, 'validation-failed')
})

test('others find nothing: no list, no support, no member who keeps to themselves, nor another timebank', async () => {
  const [ann, sue, eve] = [await person('Ann'), await person('Sue'), await person('Eve')]
  const shy = await person('Shy', { profileVisibility: 'staff' })
  const support = await active(ann, sue, ['view', 'consents', 'budget'])
  const other = await foundAnother(stage, admin, 'hilltown')
  for (const path of [
    `members/${ann.memberId}/supporters`,
    `members/${ann.memberId}/supporting`,
    `supports/${support.id}`
  ]) {
    refused(await eve.get(path), 404, 'not-found')
    refused(await other.get(path), 404, 'not-found')
    refused(await stage.anonymous.get(`/v1/timebanks/rivertown/${path}`), 401, 'unauthenticated')
  }
  for (const path of ['acceptance', 'revocation', 'end']) refused(await step(eve, support, path), 404, 'not-found')
  refused(await ask(eve, ann, eve), 404, 'not-found')
  refused(await ask(ann, ann, shy), 404, 'not-found')
  refused(await ask(ann, ann, ann), 400, 'validation-failed')
  refused(await ann.post('members/me/supporters', { supporter: randomUUID() }), 404, 'not-found')
  refused(
    await ann.post('members/me/supporters', { supporter: sue.memberId, scopes: ['exchanges'] }),
    400,
    'validation-failed'
  )
  refused(await sue.get(`members/${ann.memberId}/supporters`), 404, 'not-found')
})

test('a professional at the system of an agency supports nobody, whom they support as a neighbour', async () => {
  const agency = await makeAgency(stage, admin)
  const ann = await person('Ann')
  const support = await active(ann, agency.professional, ['view', 'consents'])
  const { clientId, organisationId, affiliationId } = agency
  assert.equal(await may(agency.professional, ann, 'view'), true)
  assert.equal(
    await may(agency.professional, ann, 'view', {
      roles: [],
      agency: { clientId, organisationId, affiliationId, scopes: [] }
    }),
    false
  )
  refused(await agency.client.get(`supports/${support.id}`), 403, 'forbidden')
})

test('when one of the two leaves it ends, and erased, nothing of it is left', async () => {
  const [ann, sue, tom] = [await person('Ann'), await person('Sue'), await person('Tom')]
  const [one, other] = [await active(ann, sue, ['view']), await active(tom, ann, ['view'])]
  ok(await ann.post('members/me/departure', {}))
  assert.equal(ok(await sue.get(`supports/${one.id}`)).status, 'ended')
  assert.equal(ok(await tom.get(`supports/${other.id}`)).status, 'ended')
  assert.ok((await rings(sue, one.id)).includes('support.ended'))
  ok(await admin.post(`members/${ann.memberId}/erasure`, {}))
  refused(await admin.get(`supports/${one.id}`), 404, 'not-found')
  refused(await admin.get(`supports/${other.id}`), 404, 'not-found')
})

test('who is suspended acts for nobody meanwhile', async () => {
  const [ann, sue] = [await person('Ann'), await person('Sue')]
  await active(ann, sue, ['view', 'consents'])
  ok(await broker.post(`members/${sue.memberId}/suspension`, { reason: 'as discussed' }))
  assert.deepEqual(await scopesOf(sue, ann), [])
  refused(await sue.get(`members/${ann.memberId}/consents`), 404, 'not-found')
  ok(await broker.post(`members/${sue.memberId}/reinstatement`, { reason: 'as discussed' }))
  assert.deepEqual(await scopesOf(sue, ann), ['view', 'consents'])
})

test('of two proposals between the same two at once one is kept', async () => {
  const [ann, sue] = [await person('Ann'), await person('Sue')]
  const answers = await Promise.all([ask(ann, ann, sue), ask(broker, ann, sue), ask(ann, ann, sue)])
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409])
})

test('accepting and taking back at once ends taken back', async () => {
  for (let round = 0; round < 4; round += 1) {
    const [ann, sue] = [await person('Ann'), await person('Sue')]
    const support = ok(await ask(ann, ann, sue, { scopes: ['view'] }), 201)
    const [accepted] = await Promise.all([step(sue, support, 'acceptance'), step(ann, support, 'revocation')])
    assert.ok([200, 409].includes(accepted.status))
    assert.equal(ok(await ann.get(`supports/${support.id}`)).status, 'revoked')
    assert.equal(await may(sue, ann, 'view'), false)
  }
})

test('whatever is done in whatever order, somebody may do what the last given scopes say while it is active, and nothing else', async () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
  const [ann, sue] = [await person('Ann'), await person('Sue')]
  type Model = { id: string; status: string; scopes: SupportScope[]; rowVersion: number } | null
  let model: Model = null
  const kinds = fc.constantFrom('propose', 'accept', 'change', 'revoke', 'end')
  const scopes = fc.subarray<SupportScope>(['view', 'consents', 'budget'])
  const step1 = async (kind: string, given: SupportScope[]) => {
    const open: boolean = model !== null && ['proposed', 'active'].includes(model.status)
    if (kind === 'propose') {
      const answer = await ask(admin, ann, sue, { scopes: given })
      assert.equal(answer.status, open ? 409 : 201)
      if (!open) model = answer.body
    } else if (model !== null) {
      const before: NonNullable<Model> = model
      if (kind === 'accept') {
        const answer = await step(sue, before, 'acceptance')
        assert.equal(answer.status, open ? 200 : 409)
        if (open) model = answer.body
      } else if (kind === 'change') {
        const answer = await ann.patch(`supports/${before.id}`, { scopes: given }, before.rowVersion)
        assert.equal(answer.status, open ? 200 : 409, answer.text)
        if (open) model = { ...answer.body, scopes: given }
      } else {
        const answer = ok(await step(kind === 'revoke' ? ann : sue, before, kind === 'revoke' ? 'revocation' : 'end'))
        if (open)
          assert.equal(answer.status, kind === 'revoke' ? 'revoked' : before.status === 'active' ? 'ended' : 'expired')
        else assert.equal(answer.status, before.status)
        model = answer
      }
    }
    const now = model as Model
    assert.deepEqual(await scopesOf(sue, ann), now?.status === 'active' ? now.scopes : [])
  }
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(kinds, scopes), { minLength: 4, maxLength: 10 }), async (steps) => {
      for (const [kind, given] of steps) await step1(kind, given)
    }),
    { seed, numRuns: 8, endOnFailure: true }
  )
})
