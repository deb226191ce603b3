import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { exchangesTasks } from '../../../src/modules/exchanges/index.ts'
import { noticesTasks } from '../../../src/modules/notices/index.ts'
import { addMember, type Client, foundAnother, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'

type Notice = { id: string; kind: string; subjectId: string; createdAt: string; readAt: string | null }

let stage: Stage
let admin: Client
let broker: Client
let ann: Client
let bev: Client
let garden: string

before(async () => {
  stage = await makeStage('notices')
  admin = await setUp(stage)
  broker = await addMember(stage, admin, { name: 'Bron', roles: ['broker'] })
  ann = await addMember(stage, admin, { name: 'Ann' })
  bev = await addMember(stage, admin, { name: 'Bev' })
  garden = (await admin.get('categories/gardening')).body.id
})

after(() => stage.close())

const performedOn = '2026-01-15'

const between = (provider: object, receiver: object, more: Record<string, unknown> = {}) => ({
  provider,
  receiver,
  categoryId: garden,
  minutes: 15,
  ...more
})
const side = (client: Client) => ({ memberId: client.memberId })

const noticesOf = async (client: Client, query = ''): Promise<Notice[]> =>
  ok(await client.get(`notices?limit=200${query}`)).items

/** What a member was told of one exchange, in order of time. */
const told = async (client: Client, id: string): Promise<string[]> =>
  (await noticesOf(client))
    .filter(({ subjectId }) => subjectId === id)
    .map(({ kind }) => kind.replace('exchange.', ''))
    .reverse()

async function reported(provider = ann, receiver = bev, minutes = 15): Promise<string> {
  const input = between(side(provider), side(receiver), { performedOn, minutes })
  return ok(await provider.post('exchanges/reports', input), 201).id
}

test('each step is told to the other side, and not to who took it', async () => {
  const { id } = ok(await ann.post('exchanges', between(side(ann), side(bev))), 201)
  ok(await bev.post(`exchanges/${id}/agreement`, {}))
  ok(await ann.post(`exchanges/${id}/report`, { minutes: 15, performedOn }))
  ok(await bev.post(`exchanges/${id}/confirmation`))
  assert.deepEqual(await told(bev, id), ['proposed', 'reported'])
  assert.deepEqual(await told(ann, id), ['agreed', 'confirmed'])
  assert.deepEqual(await told(broker, id), [])
})

test('so are those that end it otherwise', async () => {
  const proposed = async () => ok(await ann.post('exchanges', between(side(ann), side(bev))), 201).id
  const declined = await proposed()
  ok(await bev.post(`exchanges/${declined}/decline`))
  assert.deepEqual(await told(ann, declined), ['declined'])
  const cancelled = await proposed()
  ok(await ann.post(`exchanges/${cancelled}/cancellation`, {}))
  assert.deepEqual(await told(bev, cancelled), ['proposed', 'cancelled'])
  const disputed = await reported()
  ok(await bev.post(`exchanges/${disputed}/dispute`, { reason: 'It was shorter' }))
  ok(await broker.post(`exchanges/${disputed}/reversal`, { reason: 'They begin anew' }))
  assert.deepEqual(await told(ann, disputed), ['disputed', 'reversed'])
  assert.deepEqual(await told(bev, disputed), ['reported', 'reversed'], 'what a broker does is told to both')
})

test('what a broker records, and what silence confirms, is told to both sides', async () => {
  const { id } = ok(await broker.post('exchanges/records', between(side(ann), side(bev), { performedOn })), 201)
  assert.deepEqual([await told(ann, id), await told(bev, id)], [['recorded'], ['recorded']])
  const silent = await reported()
  const later = () => new Date(Date.now() + 15 * 24 * 60 * 60 * 1000)
  await exchangesTasks({ ...stage.database, clock: later })['exchanges.auto_confirm']!({})
  assert.deepEqual(await told(ann, silent), ['auto-confirmed'])
  assert.deepEqual(await told(bev, silent), ['reported', 'auto-confirmed'])
})

test('a step that is refused tells nobody', async () => {
  const cai = await addMember(stage, admin)
  const id = await reported(ann, cai, 1500)
  refused(await cai.post(`exchanges/${id}/confirmation`), 422, 'below-floor')
  refused(await ann.post(`exchanges/${id}/confirmation`), 403, 'own-confirmation')
  assert.deepEqual(await told(ann, id), [])
  assert.deepEqual(await told(cai, id), ['reported'])
  const events = ok(await admin.get(`audit?subjectType=exchange&subjectId=${id}`)).items
  assert.equal(events.length, 1)
})

test('of two confirmations at once one wins, and it is told once', async () => {
  const id = await reported()
  const answers = await Promise.all([bev, broker, bev, broker].map((who) => who.post(`exchanges/${id}/confirmation`)))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409, 409])
  assert.deepEqual(await told(ann, id), ['confirmed'])
})

test('a confirmation whose answer is asked for again is told once', async () => {
  const id = await reported()
  const headers = { 'idempotency-key': randomUUID() }
  const first = await bev.post(`exchanges/${id}/confirmation`, undefined, headers)
  assert.equal((await bev.post(`exchanges/${id}/confirmation`, undefined, headers)).text, first.text)
  assert.deepEqual(await told(ann, id), ['confirmed'])
})

test('for an organisation all who act for it are told, while they do', async () => {
  const group = ok(await admin.post('organisations', { name: 'Growers', kind: 'community_group' }), 201)
  const [cai, dai, eve] = [await addMember(stage, admin), await addMember(stage, admin), await addMember(stage, admin)]
  for (const [client, actsFor, validTo] of [
    [cai, true, null],
    [dai, true, null],
    [eve, false, null],
    [bev, true, '2026-02-01']
  ] as const)
    ok(
      await admin.post(`organisations/${group.id}/affiliations`, {
        ...{ memberId: client.memberId, professional: !actsFor, actsFor, validFrom: '2026-01-01' },
        ...(validTo ? { validTo } : {})
      }),
      201
    )
  const receiver = { capacity: 'organisation', organisationId: group.id }
  const { id } = ok(await ann.post('exchanges', between(side(ann), receiver)), 201)
  ok(await cai.post(`exchanges/${id}/agreement`, {}))
  assert.deepEqual(await told(cai, id), ['proposed'])
  assert.deepEqual(await told(dai, id), ['proposed', 'agreed'])
  assert.deepEqual(await told(ann, id), ['agreed'])
  assert.deepEqual([await told(eve, id), await told(bev, id)], [[], []])
})

test('a notice holds ids and nothing of what it is about', async () => {
  await reported()
  const [notice] = await noticesOf(bev)
  assert.deepEqual(Object.keys(notice!).sort(), ['createdAt', 'id', 'kind', 'readAt', 'subjectId'])
})

test('they come newest first, page by page, all or the unread ones', async () => {
  const cai = await addMember(stage, admin)
  const ids: string[] = []
  for (let i = 0; i < 5; i += 1) ids.unshift(await reported(ann, cai))
  const pages: Notice[] = []
  for (let next: string | null = ''; next !== null; ) {
    const page = ok(await cai.get(`notices?limit=2${next && `&cursor=${next}`}`))
    pages.push(...page.items)
    next = page.next
  }
  assert.deepEqual(
    pages.map(({ subjectId }) => subjectId),
    ids
  )
  const read = ok(await cai.put(`notices/${pages[1]!.id}/read`))
  assert.ok(read.readAt)
  const unread = await noticesOf(cai, '&unread=true')
  assert.deepEqual(
    unread.map(({ subjectId }) => subjectId),
    ids.filter((_, i) => i !== 1)
  )
  const again = ok(await cai.put(`notices/${pages[1]!.id}/read`))
  assert.equal(again.readAt, read.readAt, 'the first time stays')
  assert.equal((await cai.get('notices?unread=perhaps')).status, 400)
  assert.equal((await cai.get('notices?cursor=x')).status, 400)
})

test('nobody else reads or marks them, staff included; another timebank has none', async () => {
  await reported()
  const [notice] = await noticesOf(bev)
  for (const other of [ann, broker, admin]) refused(await other.put(`notices/${notice!.id}/read`), 404, 'not-found')
  assert.ok(!(await noticesOf(admin)).some(({ id }) => id === notice!.id))
  refused(await stage.anonymous.get('/v1/timebanks/rivertown/notices'), 401, 'unauthenticated')
  const elsewhere = await foundAnother(stage, admin, 'hilltown')
  assert.deepEqual(await noticesOf(elsewhere), [])
  refused(await elsewhere.put(`notices/${notice!.id}/read`), 404, 'not-found')
})

const countOf = async (client: Client): Promise<number> => {
  const { rows } = await stage.database.pool.query(
    `SELECT set_config('commonhours.timebank', (SELECT id::text FROM timebanks.timebanks WHERE slug = 'rivertown'), false)`
  )
  assert.equal(rows.length, 1)
  const { rows: counted } = await stage.database.pool.query(
    'SELECT count(*) AS n FROM notices.notices WHERE membership_id = $1',
    [client.memberId]
  )
  return counted[0].n
}

test('with the erasure of a member their notices go, and no new ones come', async () => {
  const cai = await addMember(stage, admin)
  const { id } = ok(await broker.post('exchanges/records', between(side(ann), side(cai), { performedOn })), 201)
  ok(await cai.post('members/me/departure', {}))
  assert.ok((await countOf(cai)) > 0)
  ok(await admin.post(`members/${cai.memberId}/erasure`, {}))
  assert.equal(await countOf(cai), 0)
  ok(await broker.post(`exchanges/${id}/reversal`, { reason: 'It was another day' }))
  assert.equal(await countOf(cai), 0)
  assert.deepEqual(await told(ann, id), ['recorded', 'reversed'])
})

test('after a year they go', async () => {
  const cai = await addMember(stage, admin)
  await reported(ann, cai)
  const forget = (days: number) => {
    const clock = () => new Date(Date.now() + days * 24 * 60 * 60 * 1000)
    return noticesTasks({ ...stage.database, clock })['notices.forget']!({})
  }
  await forget(364)
  assert.equal((await noticesOf(cai)).length, 1)
  await forget(366)
  assert.equal((await noticesOf(cai)).length, 0)
})
