import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addMember, type Client, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'

let stage: Stage
let admin: Client
let ann: Client
let bev: Client
let cai: Client
let category: string

before(async () => {
  stage = await makeStage('family')
  admin = await setUp(stage)
  ann = await addMember(stage, admin, { name: 'Ann' })
  bev = await addMember(stage, admin, { name: 'Bev' })
  cai = await addMember(stage, admin, { name: 'Cai' })
  category = ok(await admin.get('categories/gardening')).id
})
after(() => stage.close())

const at = (of: Client, other?: Client) => `members/${of.memberId}/family${other ? `/${other.memberId}` : ''}`
const ids = async (by: Client, of: Client) =>
  ok(await by.get(at(of))).items.map((x: { memberId: string }) => x.memberId)
const between = (provider: Client, receiver: Client, more: object = {}) => ({
  provider: { memberId: provider.memberId },
  receiver: { memberId: receiver.memberId },
  categoryId: category,
  minutes: 60,
  ...more
})

test('either of two notes that they are family; both and staff see it, others do not', async () => {
  const noted = ok(await ann.put(`members/me/family/${bev.number}`))
  assert.deepEqual([noted.memberId, noted.name, noted.notedBy], [bev.memberId, 'Bev', ann.memberId])
  assert.equal(ok(await bev.put(at(bev, ann))).notedBy, ann.memberId, 'again it changes nothing')
  assert.deepEqual(
    [await ids(ann, ann), await ids(bev, bev), await ids(admin, ann)],
    [[bev.memberId], [ann.memberId], [bev.memberId]]
  )
  refused(await cai.get(at(ann)), 404, 'not-found')
  refused(await cai.put(at(ann, cai)), 404, 'not-found')
  refused(await ann.put(at(ann, ann)), 400, 'validation-failed')
  refused(await ann.put(`members/me/family/${crypto.randomUUID()}`), 404, 'not-found')
})

test('no exchange begins between family where the policy says unofficial only', async () => {
  const performedOn = '2026-01-15'
  for (const [way, by] of [
    ['exchanges', ann],
    ['exchanges/quote', bev],
    ['exchanges/reports', ann],
    ['exchanges/records', admin]
  ] as const) {
    const body = between(bev, ann, way === 'exchanges/quote' ? {} : { performedOn })
    refused(await by.post(way, body), 422, 'family-unofficial-only')
  }
  ok(await ann.post('exchanges', between(ann, cai)), 201)
  const { version } = ok(await admin.get('policy'))
  ok(await admin.patch('policy', { rules: { familyExchanges: 'allowed' }, why: 'For one test' }, version))
  ok(await ann.post('exchanges', between(ann, bev)), 201)
  ok(await admin.patch('policy', { rules: { familyExchanges: 'unofficial_only' }, why: 'As before' }, version + 1))
})

test('who becomes family after a proposal does not agree to it any more', async () => {
  const { id } = ok(await ann.post('exchanges', between(ann, cai)), 201)
  ok(await admin.put(at(cai, ann)))
  refused(await cai.post(`exchanges/${id}/agreement`, {}), 422, 'family-unofficial-only')
  assert.equal((await ann.call('DELETE', at(ann, cai))).status, 204)
  ok(await cai.post(`exchanges/${id}/agreement`, {}))
})

test('time at work is no family matter', async () => {
  const group = ok(await admin.post('organisations', { name: 'Garden group', kind: 'charity' }), 201)
  const body = { ...between(bev, ann), receiver: { capacity: 'organisation', organisationId: group.id } }
  ok(await bev.post('exchanges', body), 201)
})

test('both who note each other at once are family once', async () => {
  const answers = await Promise.all([bev.put(at(bev, cai)), cai.put(at(cai, bev))])
  for (const answer of answers) ok(answer)
  assert.deepEqual(await ids(cai, cai), [bev.memberId])
})

test('either takes it back, once; who is forgotten is nobody’s family', async () => {
  assert.equal((await bev.call('DELETE', at(bev, ann))).status, 204)
  refused(await ann.call('DELETE', at(ann, bev)), 404, 'not-found')
  assert.deepEqual(await ids(ann, ann), [])
  ok(await cai.post('members/me/departure', {}))
  ok(await admin.post(`members/${cai.memberId}/erasure`, {}))
  assert.deepEqual(await ids(bev, bev), [])
})
