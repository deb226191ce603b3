import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { platformTasks } from '../../src/http/index.ts'
import { addMember, type Client, makeStage, type Stage, setUp } from '../support/app.ts'

let stage: Stage
let admin: Client
let ann: Client
let bev: Client
let categoryId: string

before(async () => {
  stage = await makeStage('conventions')
  admin = await setUp(stage)
  ann = await addMember(stage, admin, { name: 'Ann' })
  bev = await addMember(stage, admin, { name: 'Bev' })
  categoryId = (await admin.get('categories/uncategorised')).body.id
})

after(() => stage.close())

/** Past row security, as the owner of the tables. */
async function asOwner(text: string) {
  const client = new pg.Client({ connectionString: stage.ownerUrl })
  await client.connect()
  try {
    return await client.query(text)
  } finally {
    await client.end()
  }
}

const record = () => ({
  provider: { memberId: ann.memberId },
  receiver: { memberId: bev.memberId },
  categoryId,
  minutes: 60,
  performedOn: '2026-01-15'
})

const balance = async (client: Client) => (await admin.get(`accounts/${client.accountId}`)).body.balanceMinutes

test('a repeat with the same key gets the first answer, and hours move once', async () => {
  const before = await balance(ann)
  const headers = { 'idempotency-key': randomUUID() }
  const first = await admin.post('exchanges/records', record(), headers)
  const second = await admin.post('exchanges/records', record(), headers)
  assert.equal(first.status, 201, first.text)
  assert.equal(second.status, 201)
  assert.equal(second.text, first.text)
  assert.equal(second.headers['idempotency-replayed'], 'true')
  assert.equal(second.headers['location'], first.headers['location'])
  assert.equal(await balance(ann), before + 60)
})

test('the same key 32 times at once: one is done, the others get its answer or are told that it is running', async () => {
  const before = await balance(ann)
  const headers = { 'idempotency-key': randomUUID() }
  const answers = await Promise.all(
    Array.from({ length: 32 }, () => admin.post('exchanges/records', record(), headers))
  )
  const bodies = new Set(answers.filter((a) => a.status === 201).map((a) => a.text))
  assert.equal(bodies.size, 1)
  assert.ok(answers.every((a) => a.status === 201 || (a.status === 409 && a.body.code === 'idempotency-key-in-use')))
  assert.equal(await balance(ann), before + 60)
})

test('the same key with another body is refused', async () => {
  const headers = { 'idempotency-key': randomUUID() }
  await admin.post('exchanges/records', record(), headers)
  const other = await admin.post('exchanges/records', { ...record(), minutes: 75 }, headers)
  assert.equal(other.status, 422)
  assert.equal(other.body.code, 'idempotency-key-reused')
})

test('the order of fields does not make another body', async () => {
  const headers = { 'idempotency-key': randomUUID() }
  const first = await admin.post('exchanges/records', record(), headers)
  const turned = Object.fromEntries(Object.entries(record()).reverse())
  assert.equal((await admin.post('exchanges/records', turned, headers)).text, first.text)
})

test('the same key of another caller is another key', async () => {
  const headers = { 'idempotency-key': randomUUID() }
  const broker = await addMember(stage, admin, { roles: ['broker'] })
  const first = await admin.post('exchanges/records', record(), headers)
  const second = await broker.post('exchanges/records', record(), headers)
  assert.equal(second.status, 201)
  assert.notEqual(second.body.id, first.body.id)
})

test('where hours move a key is required', async () => {
  const answer = await admin.call('POST', 'exchanges/records', record())
  assert.equal(answer.status, 400)
  assert.equal(answer.body.code, 'idempotency-key-required')
})

test('a refusal is kept under its key: a repeat gets it even when it would pass now', async () => {
  const headers = { 'idempotency-key': randomUUID() }
  const far = { ...record(), minutes: 2000 }
  const refused = await admin.post('exchanges/records', far, headers)
  assert.equal(refused.status, 422)
  assert.equal(refused.body.code, 'below-floor')
  assert.equal(refused.body.floor, -1200)
  assert.ok(Number.isInteger(refused.body.balance))
  const rules = await admin.get('policy')
  await admin.patch(
    'policy',
    { rules: { memberFloorHard: null, memberFloorSoft: null }, why: 'Only for the test' },
    rules.body.version
  )
  const again = await admin.post('exchanges/records', far, headers)
  assert.equal(again.text, refused.text)
  assert.equal(again.headers['idempotency-replayed'], 'true')
})

test('the same request by the id of the timebank instead of its short name is the same request', async () => {
  const headers = { 'idempotency-key': randomUUID() }
  const { id } = (await admin.get('/v1/timebanks/rivertown')).body
  const first = await admin.post('exchanges/records', record(), headers)
  assert.equal((await admin.post(`/v1/timebanks/${id}/exchanges/records`, record(), headers)).text, first.text)
})

test('kept answers are forgotten after two days', async () => {
  const kept = async () => Number((await asOwner('SELECT count(*) AS n FROM platform.idempotency_keys')).rows[0].n)
  assert.ok((await kept()) > 0)
  const later = { ...stage.database, clock: () => new Date(Date.now() + 49 * 60 * 60 * 1000) }
  await platformTasks(later)['platform.forget_answers']!({})
  assert.equal(await kept(), 0)
})

test('a request with a bad token counts against the quota too', async () => {
  const small = await makeStage('conventions-bad-token', { rateLimit: 3 })
  try {
    const statuses = []
    for (let i = 0; i < 5; i++)
      statuses.push((await small.anonymous.get('/v1/me', { authorization: 'Bearer a.b.c' })).status)
    assert.deepEqual(statuses, [401, 401, 401, 429, 429])
  } finally {
    await small.close()
  }
})

test('lists are paged by opaque cursors that name the next page in a link too', async () => {
  const all: string[] = []
  let next: string | null = ''
  while (next !== null) {
    const answer = await admin.get(`exchanges?limit=2${next ? `&cursor=${next}` : ''}`)
    assert.equal(answer.status, 200)
    assert.ok(answer.body.items.length <= 2)
    all.push(...answer.body.items.map((x: { id: string }) => x.id))
    next = answer.body.next
    if (next) assert.match(String(answer.headers['link']), new RegExp(`cursor=${next}.*rel="next"`))
  }
  assert.equal(new Set(all).size, all.length)
  assert.deepEqual(all, [...all].sort().reverse())
  assert.equal((await admin.get('exchanges?limit=200')).body.items.length, all.length)
})

test('a wrong list parameter is refused and named, never ignored', async () => {
  for (const query of [
    'limit=0',
    'limit=201',
    'limit=x',
    'limit=',
    'cursor=rubbish',
    'status=gone',
    'colour=red',
    'from=2026-02-30'
  ]) {
    const answer = await admin.get(`exchanges?${query}`)
    assert.equal(answer.status, 400, query)
    assert.ok(answer.body.errors[0].parameter, query)
  }
})

test('a cursor of another list is refused', async () => {
  const { body } = await admin.get('members?limit=1')
  assert.equal((await admin.get(`exchanges?cursor=${body.next}`)).status, 400)
})

test('lists come as CSV with stable column names and nothing that a spreadsheet would run', async () => {
  await addMember(stage, admin, { name: '=HYPERLINK("http://example.org","x")' })
  const answer = await admin.get('members', { accept: 'text/csv' })
  assert.match(String(answer.headers['content-type']), /^text\/csv/)
  const [head, ...rows] = answer.text.replace('\ufeff', '').split('\r\n')
  assert.ok(head!.startsWith('id,number,') || head!.startsWith('number,'), head)
  assert.ok(rows.some((row) => row.includes("'=HYPERLINK")))
  assert.ok(!rows.some((row) => /(^|,)"?[=+@-]/.test(row)))
})

test('an edit needs the version that was read', async () => {
  const { body, headers } = await admin.get(`members/${ann.memberId}`)
  assert.equal(headers['etag'], `"${body.rowVersion}"`)
  assert.equal((await admin.call('PATCH', `members/${ann.memberId}`, { about: 'x' })).status, 428)
  assert.equal((await admin.patch(`members/${ann.memberId}`, { about: 'x' }, body.rowVersion)).status, 200)
  assert.equal((await admin.patch(`members/${ann.memberId}`, { about: 'y' }, body.rowVersion)).status, 412)
})

test('the quota is told in the headers, and exceeding it is a 429 with Retry-After', async () => {
  const small = await makeStage('conventions-quota', { rateLimit: 5 })
  try {
    const answers = []
    for (let i = 0; i < 7; i++) answers.push(await small.anonymous.get('/problems'))
    assert.equal(answers[0]!.headers['ratelimit-policy'], '"default";q=5;w=60')
    assert.match(String(answers[0]!.headers['ratelimit']), /^"default";r=4;t=\d+$/)
    assert.deepEqual(
      answers.map((a) => a.status),
      [200, 200, 200, 200, 200, 429, 429]
    )
    const refused = answers[6]!
    assert.equal(refused.body.code, 'rate-limited')
    assert.ok(Number(refused.headers['retry-after']) > 0)
    assert.equal((await small.anonymous.get('/livez')).status, 200)
  } finally {
    await small.close()
  }
})

test('health, metrics, the list of problems and the reference are served', async () => {
  assert.deepEqual((await stage.anonymous.get('/livez')).body, { status: 'ok' })
  assert.deepEqual((await stage.anonymous.get('/readyz')).body, { status: 'ok' })
  const metrics = await stage.anonymous.get('/metrics')
  assert.match(metrics.text, /http_request_duration_seconds_bucket/)
  assert.ok(!metrics.text.includes(ann.memberId))
  assert.ok((await stage.anonymous.get('/problems')).body.items.some((p: { code: string }) => p.code === 'below-floor'))
  assert.equal((await stage.anonymous.get('/docs')).status, 200)
  assert.equal((await stage.anonymous.get('/nowhere')).body.code, 'route-not-found')
})

test('every answer carries the id of its request', async () => {
  const answer = await ann.get('members/me')
  assert.match(String(answer.headers['request-id']), /^[0-9a-f-]{36}$/)
  const refused = await ann.get('trial-balance')
  assert.ok(refused.body.instance.endsWith(String(refused.headers['request-id'])))
})
