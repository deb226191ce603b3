import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import type { DeclaredRoute } from '../../src/http/index.ts'
import { makeAgency } from '../support/agency.ts'
import { addMember, type Client, makeStage, type Stage, setUp } from '../support/app.ts'

let stage: Stage
let admin: Client
let agency: Client
let ids: Record<string, string>

before(async () => {
  stage = await makeStage('hostile')
  admin = await setUp(stage)
  const member = await addMember(stage, admin)
  agency = (await makeAgency(stage, admin)).client
  const category = (await admin.get('categories')).body.items[0].id
  ids = { timebank: 'rivertown', member: member.memberId, category, account: String(member.accountId) }
})

after(() => stage.close())

/** The admin; what is for agencies only, an agency. */
const callerOf = ({ access }: DeclaredRoute): Client =>
  access.who === 'timebank' && Object.keys(access.roles).length === 0 ? agency : admin

const strings = [
  '',
  ' ',
  '\0',
  'a\0b',
  '=1+1',
  "'; DROP TABLE members.memberships; --",
  '𝕳𝖔𝖚𝖗',
  '\ud800',
  '\u202e',
  '%00',
  '../../etc/passwd',
  '__proto__',
  'x'.repeat(5000),
  '9'.repeat(400),
  '0001-01-01',
  '9999-12-31',
  '2026-02-30',
  '-1',
  'null',
  '00000000-0000-0000-0000-000000000000',
  'NaN',
  '1e309'
]
const hostileString = fc.constantFrom(...strings)
const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  hostileString,
  fc.constantFrom(null, true, -1, 0, 1.5, 1e308, -1e308, 2 ** 31, 2 ** 53, [], {}, [[]], { $gt: '' }),
  fc.jsonValue({ maxDepth: 3 })
)

type Schema = {
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  oneOf?: Schema[]
  $ref?: string
  format?: string
  minimum?: number
}

/** A body of the described shape, in which now and then a value is not what is expected. */
function bodyOf(schema: Schema, schemas: Record<string, Schema>): fc.Arbitrary<unknown> {
  const right = rightValue(schema, schemas)
  return fc.oneof({ weight: 12, arbitrary: right }, { weight: 1, arbitrary: hostileValue })
}

function rightValue(schema: Schema, schemas: Record<string, Schema>): fc.Arbitrary<unknown> {
  if (schema.$ref) return rightValue(schemas[schema.$ref.split('/').at(-1)!] ?? {}, schemas)
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return fc.oneof(...choices.map((choice) => bodyOf(choice, schemas)))
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  const type = [schema.type].flat()[0]
  if (type === 'object')
    return fc.record(
      Object.fromEntries(Object.entries(schema.properties ?? {}).map(([key, value]) => [key, bodyOf(value, schemas)])),
      {
        requiredKeys: schema.required ?? []
      }
    )
  if (type === 'array') return fc.array(bodyOf(schema.items ?? {}, schemas), { maxLength: 3 })
  if (type === 'integer') return fc.oneof(fc.integer({ min: schema.minimum ?? 0, max: 600 }), fc.maxSafeInteger())
  if (type === 'number') return fc.double()
  if (type === 'boolean') return fc.boolean()
  if (type === 'string') {
    if (schema.format === 'uuid')
      return fc.oneof(fc.uuid(), fc.constantFrom(...Object.values(ids).filter((id) => id.length === 36)))
    if (schema.format === 'date')
      return fc.constantFrom('2026-01-15', '2024-02-29', '0001-01-01', '9999-12-31', '2026-02-30')
    return fc.oneof(fc.string({ maxLength: 40, unit: 'binary' }), hostileString)
  }
  return hostileValue
}

const fillPath = (url: string, value: (name: string) => string) =>
  url.replace(/:([A-Za-z]+)/g, (_, name: string) => encodeURIComponent(value(name)))

test('no body brings about a 5xx', async (t) => {
  const seed = Number(process.env['FC_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  t.diagnostic(`FC_SEED=${seed}`)
  const document = (await stage.anonymous.get('/openapi.json')).body
  for (const route of stage.app.declared) {
    // what ends the caller's own session or membership would make all that follows a 401
    if (route.method === 'GET' || /sign-out|departure|erasure|suspension|pause$/.test(route.url)) continue
    const path = route.url.replace(/:([A-Za-z]+)/g, '{$1}')
    const operation = document.paths[path]?.[route.method.toLowerCase()]
    const schema: Schema = operation?.requestBody?.content?.['application/json']?.schema ?? {}
    await fc.assert(
      fc.asyncProperty(bodyOf(schema, document.components.schemas), fc.boolean(), async (body, known) => {
        const url = fillPath(
          route.url,
          (name) => (known || name === 'timebank' ? ids[name] : undefined) ?? randomUUID()
        )
        const { status, text, headers } = await callerOf(route).call(
          route.method,
          url,
          body === undefined ? null : body,
          {
            'idempotency-key': randomUUID(),
            'if-match': '"1"',
            'content-type': 'application/json'
          }
        )
        assert.ok(status < 500, `${route.method} ${url} gave ${status}: ${text}`)
        // OAuth and FHIR have shapes of their own
        const shape =
          route.url === '/oauth/token'
            ? /application\/json/
            : route.url.startsWith('/fhir/')
              ? /application\/fhir\+json/
              : /application\/problem\+json/
        if (status >= 400) assert.match(String(headers['content-type']), shape)
      }),
      { seed, numRuns: 40, endOnFailure: true }
    )
  }
})

test('no query and no path brings about a 5xx', async () => {
  const document = (await stage.anonymous.get('/openapi.json')).body
  for (const route of stage.app.declared) {
    if (route.method !== 'GET' || route.url.includes('*')) continue
    const path = route.url.replace(/:([A-Za-z]+)/g, '{$1}')
    const parameters: { in: string; name: string }[] = document.paths[path]?.get?.parameters ?? []
    const query = parameters.filter((p) => p.in === 'query').map((p) => p.name)
    for (const value of strings) {
      const safe = value === '\ud800' ? 'x' : value
      const urls = [
        fillPath(route.url, (name) => (name === 'timebank' ? 'rivertown' : safe.slice(0, 150) || '-')),
        ...query.map(
          (name) => `${fillPath(route.url, (p) => ids[p] ?? randomUUID())}?${name}=${encodeURIComponent(safe)}`
        )
      ]
      for (const url of urls) {
        const { status, text } = await callerOf(route).get(url)
        assert.ok(status < 500, `GET ${url} gave ${status}: ${text}`)
      }
    }
    const { status } = await callerOf(route).get(
      `${fillPath(route.url, (name) => ids[name] ?? randomUUID())}?surprise=1`
    )
    if (query.length > 0) assert.ok([400, 404].includes(status), `${route.url}?surprise=1 gave ${status}`)
  }
})

test('broken bodies, types and headers are told as problems', async () => {
  const url = '/v1/timebanks/rivertown/members'
  const send = (payload: string | Buffer, headers: Record<string, string>) =>
    stage.app.inject({
      method: 'POST',
      url,
      headers: { authorization: `Bearer ${admin.token}`, 'idempotency-key': randomUUID(), ...headers },
      payload
    })
  const json = { 'content-type': 'application/json' }
  const cases: [number, Awaited<ReturnType<typeof send>>][] = [
    [400, await send('{"displayName": ', json)],
    [400, await send('', json)],
    [400, await send(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), json)],
    [400, await send('{"__proto__": {"x": 1}}', json)],
    [415, await send('<a/>', { 'content-type': 'application/xml' })],
    [413, await send(JSON.stringify({ displayName: 'x'.repeat(2_000_000) }), json)],
    [400, await send('{}', { ...json, 'idempotency-key': 'a b' })],
    [400, await send('{}', { ...json, 'commonhours-source': 'carrier-pigeon' })],
    [400, await send('{}', { ...json, 'commonhours-source': 'web', 'commonhours-slip': '17' })],
    [401, await send('{}', { ...json, authorization: 'Basic Zm9vOmJhcg==' })],
    [401, await send('{}', { ...json, authorization: 'Bearer x.y.z' })]
  ]
  for (const [expected, response] of cases) {
    assert.equal(response.statusCode, expected, response.body)
    assert.match(String(response.headers['content-type']), /application\/problem\+json/)
    assert.ok(response.json().code)
  }
})

test('every fault of a body is named with its place', async () => {
  const { status, body } = await admin.post('exchanges', {
    provider: { memberId: 'x', colour: 'red' },
    minutes: 0,
    'a/b': 1
  })
  assert.equal(status, 400)
  const pointers = body.errors.map((e: { pointer: string }) => e.pointer).sort()
  assert.deepEqual(pointers, [
    '/a~1b',
    '/categoryId',
    '/minutes',
    '/provider/colour',
    '/provider/memberId',
    '/receiver'
  ])
})
