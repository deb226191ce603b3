import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addMember, type Client, foundAnother, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'
import { readPdf } from '../../support/pdf.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by the tests, which know their shape
type Json = any

let stage: Stage
let admin: Client
let broker: Client
let gwen: Client
let garden: string
let nest: Client
let olwen: Client
let pia: Client

const period = { from: '2026-01-01', to: '2026-01-31' }

before(async () => {
  stage = await makeStage('statements')
  admin = await setUp(stage)
  broker = await addMember(stage, admin, { name: 'Bron', roles: ['broker'] })
  gwen = await addMember(stage, admin, { name: 'Gwen' })
  const offline = (name: string, profile: Record<string, unknown>) =>
    addMember(stage, admin, { name, login: false, profile })
  nest = await offline('Nest Offline', { postcode: 'SA1 1AA', area: 'Sandfields', locale: 'cy' })
  olwen = await offline('Olwen Offline', { postcode: 'CF10 1AA' })
  pia = await offline('Pía Offline', { locale: 'es' })
  garden = ok(await admin.get('categories/gardening')).id
  for (const [receiver, performedOn] of [
    [nest, '2026-01-15'],
    [nest, '2026-02-15'],
    [olwen, '2026-01-20']
  ] as const)
    await record(gwen, receiver, performedOn)
})

after(() => stage.close())

const record = async (provider: Client, receiver: Client, performedOn: string): Promise<Json> =>
  ok(
    await broker.post('exchanges/records', {
      provider: { memberId: provider.memberId },
      receiver: { memberId: receiver.memberId },
      categoryId: garden,
      minutes: 15,
      performedOn
    }),
    201
  )
const make = async (more: Record<string, unknown> = {}): Promise<Json> =>
  ok(await broker.post('statements-by-post', { ...period, ...more }), 201)
const fetchPdf = async (id: string, who = broker) => {
  const response = await stage.app.inject({
    method: 'GET',
    url: `/v1/timebanks/rivertown/statements-by-post/${id}/paper`,
    headers: { authorization: `Bearer ${who.token}` }
  })
  assert.equal(response.statusCode, 200, response.body)
  assert.equal(response.headers['content-type'], 'application/pdf')
  return readPdf(response.rawPayload)
}

test('a run has a statement for everybody without e-mail, each from a page of its own, with address and in their language', async () => {
  const run = await make()
  assert.deepEqual([run.from, run.to, run.statements, run.postedOn], [period.from, period.to, 3, null])
  const whole = ok(await broker.get(`statements-by-post/${run.id}`))
  assert.deepEqual(
    whole.memberIds,
    [nest, olwen, pia].map(({ memberId }) => memberId)
  )
  const { pages, tagged } = await fetchPdf(run.id)
  assert.ok(tagged)
  assert.equal(pages.length, 3)
  const [welsh, english, spanish] = pages as [string, string, string]
  assert.match(welsh, /^Timebank rivertown Nest Offline Sandfields SA1 1AA Cyfriflen oriau Rhif aelod/)
  assert.match(welsh, /15 Ion 2026 Cyfnewid Gwen/)
  assert.doesNotMatch(welsh, /Chwef/, 'of the days of the run only')
  assert.match(english, /^Timebank rivertown Olwen Offline CF10 1AA Statement of hours/)
  assert.match(spanish, /Pía Offline Extracto de horas/)
  for (const [page, last] of [
    [welsh, 'Tudalen 1 o 1'],
    [english, 'Page 1 of 1'],
    [spanish, 'Página 1 de 1']
  ] as const)
    assert.ok(page.endsWith(last), page)
})

test('pages are numbered within each statement', async () => {
  const busy = await addMember(stage, admin, { name: 'Busy', login: false })
  for (let day = 1; day <= 25; day += 1) await record(busy, gwen, `2026-01-${String(day).padStart(2, '0')}`)
  const run = await make({ memberIds: [busy.memberId, nest.memberId] })
  const { pages } = await fetchPdf(run.id)
  assert.deepEqual(
    pages.map((page) => / (?:Page|Tudalen) (\d o?f? ?\d)$/.exec(page)?.[1]),
    ['1 o 1', '1 of 3', '2 of 3', '3 of 3'],
    'in the order of member numbers'
  )
})

test('who wants post has it though they have e-mail, until they say otherwise', async () => {
  const path = 'members/me/statements-by-post'
  assert.deepEqual(ok(await gwen.get(path)), { wanted: false })
  ok(await gwen.put(path, { wanted: true }))
  ok(await gwen.put(path, { wanted: true }))
  assert.deepEqual(ok(await broker.get(`members/${gwen.memberId}/statements-by-post`)), { wanted: true })
  const { id } = await make()
  assert.ok(ok(await broker.get(`statements-by-post/${id}`)).memberIds.includes(gwen.memberId))
  ok(await broker.put(`members/${gwen.number}/statements-by-post`, { wanted: false }))
  const { id: later } = await make()
  assert.ok(!ok(await broker.get(`statements-by-post/${later}`)).memberIds.includes(gwen.memberId))
  refused(await gwen.get(`members/${nest.memberId}/statements-by-post`), 404, 'not-found')
  refused(await gwen.put(`members/${nest.memberId}/statements-by-post`, { wanted: true }), 404, 'not-found')
})

test('a run is marked as posted once, on a day that is not in the future', async () => {
  const { id } = await make()
  refused(await broker.post(`statements-by-post/${id}/posting`, { postedOn: '2999-01-01' }), 400, 'validation-failed')
  const answers = await Promise.all(
    [1, 2, 3].map(() => broker.post(`statements-by-post/${id}/posting`, { postedOn: '2026-02-02' }))
  )
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409])
  const run = ok(await broker.get(`statements-by-post/${id}`))
  assert.deepEqual([run.postedOn, run.postedBy], ['2026-02-02', broker.memberId])
  assert.equal(ok(await broker.get('statements-by-post?limit=1')).items[0].id, id)
})

test('making, fetching and posting are in the audit', async () => {
  const { id } = await make()
  await fetchPdf(id, admin)
  ok(await broker.post(`statements-by-post/${id}/posting`, { postedOn: '2026-02-02' }))
  const events = ok(await admin.get(`audit?subjectType=statements-by-post&subjectId=${id}`)).items
  assert.deepEqual(
    events.map((e: Json) => [e.action, e.actorMembershipId]),
    [
      ['statements-by-post.posted', broker.memberId],
      ['statements-by-post.fetched', admin.memberId],
      ['statements-by-post.made', broker.memberId]
    ]
  )
})

test('somebody who has been erased is left out of the pages', async () => {
  const leaver = await addMember(stage, admin, { name: 'Leaver', login: false })
  const run = await make({ memberIds: [leaver.memberId, nest.memberId] })
  assert.equal((await fetchPdf(run.id)).pages.length, 2)
  ok(await admin.post(`members/${leaver.memberId}/departure`, {}))
  ok(await admin.post(`members/${leaver.memberId}/erasure`, {}))
  const { pages } = await fetchPdf(run.id)
  assert.equal(pages.length, 1)
  const alone = await make({ memberIds: [nest.memberId] })
  assert.equal((await fetchPdf(alone.id)).pages.length, 1)
})

test('faults are all told; only staff make and fetch runs, each timebank its own', async () => {
  const stranger = crypto.randomUUID()
  const faulty = await broker.post('statements-by-post', {
    from: '2999-02-01',
    to: '2999-01-01',
    memberIds: [nest.memberId, stranger]
  })
  assert.deepEqual(
    refused(faulty, 400, 'validation-failed').errors.map((e: Json) => e.pointer),
    ['/from', '/to', '/memberIds/1']
  )
  const twice = [nest.memberId, nest.memberId.toUpperCase()]
  refused(await broker.post('statements-by-post', { ...period, memberIds: twice }), 400, 'validation-failed')
  const { id } = await make()
  refused(await gwen.post('statements-by-post', period), 403, 'forbidden')
  for (const path of ['statements-by-post', `statements-by-post/${id}`, `statements-by-post/${id}/paper`])
    refused(await gwen.get(path), 403, 'forbidden')
  const other = await foundAnother(stage, admin, 'posttown')
  for (const path of [`statements-by-post/${id}`, `statements-by-post/${id}/paper`])
    refused(await other.get(path), 404, 'not-found')
  refused(await other.post(`statements-by-post/${id}/posting`, { postedOn: '2026-02-02' }), 404, 'not-found')
  refused(await other.post('statements-by-post', { ...period, memberIds: [nest.memberId] }), 400, 'validation-failed')
  refused(await other.post('statements-by-post', period), 409, 'conflict')
})

test('many statements are drawn in seconds, as many pages as there are statements', async (t) => {
  for (let i = 0; i < 60; i += 1)
    ok(
      await admin.post('members', {
        displayName: `Offline ${i}`,
        postcode: 'SA1 1AA',
        status: 'active',
        screeningDone: { references: 2, interview: 'in_person' }
      }),
      201
    )
  const run = await make()
  assert.ok(run.statements >= 60)
  const start = performance.now()
  const { pages } = await fetchPdf(run.id)
  const took = performance.now() - start
  t.diagnostic(`${run.statements} statements on ${pages.length} pages in ${Math.round(took)} ms, read again included`)
  assert.ok(pages.length >= run.statements && pages.length <= run.statements + 5, `${pages.length} pages`)
  assert.ok(took < 60_000)
})
