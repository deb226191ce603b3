import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { type Agency, makeAgency } from '../../support/agency.ts'
import { addMember, type Client, ok, refused } from '../../support/app.ts'
import { openReceiver, signatureOf } from './receiver.ts'
import { agencyIn, day, endpointAt, hour, openWorld, type World } from './support.ts'

let world: World
let receiver: Awaited<ReturnType<typeof openReceiver>>
let council: Agency
let board: Agency
let broker: Client

before(async () => {
  world = await openWorld('endpoints')
  receiver = await openReceiver()
  council = await agencyIn(world, { name: 'Council' })
  board = await agencyIn(world, { name: 'Board' })
  broker = await addMember(world.stage, await world.admin(), { roles: ['broker'] })
})

after(async () => {
  await receiver.close()
  await world.close()
})

let made = 0
const address = () => {
  made += 1
  return `${receiver.url}/${made}`
}
const at = (url: string) => receiver.all.filter(({ path }) => path === new URL(url).pathname)

test('nothing is sent to an address before it has answered its challenge, and then what has waited', async () => {
  const url = address()
  receiver.state.challenge = (response) => response.end('{"challenge":"another"}')
  const endpoint = await endpointAt(world, council, url)
  const [subject] = await world.tell(council)
  await world.settled()
  assert.deepEqual(
    at(url).map(({ body }) => body.type),
    ['endpoint.verification']
  )
  const before = await endpoint.read()
  assert.equal(before.state, 'unverified')
  assert.equal(before.verification.outcome, 'challenge')
  refused(await council.client.post(`${endpoint.where}/test`), 409, 'wrong-state')

  receiver.state.challenge = (response, { body }) => response.writeHead(200).end(`${body.data.challenge}\n`)
  ok(await council.client.post(`${endpoint.where}/verification`), 202)
  await world.settled()
  assert.deepEqual(
    at(url).map(({ body }) => body.type),
    ['endpoint.verification', 'endpoint.verification', 'service_request.changed']
  )
  assert.equal(at(url)[2]?.body.data.id, subject)
  const active = await endpoint.read()
  assert.equal(active.state, 'active')
  assert.equal(active.verification.outcome, 'answered')
  assert.ok(active.verifiedAt)
  assert.notEqual(at(url)[0]?.body.data.challenge, at(url)[1]?.body.data.challenge)
})

test('a challenge that is answered with an error, or echoed with one, verifies nothing', async () => {
  for (const answer of [500, 302, 404]) {
    receiver.state.challenge = (response, { body }) =>
      response.writeHead(answer, { location: address() }).end(body.data.challenge)
    const endpoint = await endpointAt(world, board, address())
    assert.equal((await endpoint.read()).state, 'unverified')
    ok(await board.client.call('DELETE', endpoint.where), 204)
  }
  delete receiver.state.challenge
})

test('an event says its type, its instant and ids, and is signed as the specification says', async () => {
  delete receiver.state.challenge
  const url = address()
  const endpoint = await endpointAt(world, council, url)
  const [subject] = await world.tell(council, 1, 'consent.changed')
  await world.settled()
  const event = at(url)[1]!
  assert.deepEqual(event.body, {
    type: 'consent.changed',
    timestamp: event.body.timestamp,
    data: { timebankId: world.timebankId, id: subject }
  })
  assert.ok(Math.abs(Date.parse(event.body.timestamp) - Date.now()) < 60_000)
  assert.match(endpoint.secret, /^whsec_[A-Za-z0-9+/]{43}=$/)
  assert.deepEqual(event.signatures, [signatureOf(endpoint.secret, event)])
  assert.equal(event.headers['content-type'], 'application/json')
  const headers = {
    'webhook-id': event.id,
    'webhook-timestamp': event.timestamp,
    'webhook-signature': event.signatures[0]!
  }
  assert.deepEqual(new Webhook(endpoint.secret).verify(event.raw, headers), event.body)
  assert.throws(() => new Webhook(endpoint.secret).verify(event.raw.replace('consent', 'budget'), headers))
  const [delivery] = await endpoint.deliveries()
  assert.deepEqual(
    { ...delivery, at: null, lastAttemptAt: null },
    {
      id: event.id,
      type: 'consent.changed',
      subject: { type: 'consent', id: subject },
      at: null,
      state: 'delivered',
      attempts: 1,
      nextAttemptAt: null,
      lastAttemptAt: null,
      lastOutcome: 'answered',
      lastStatus: 204
    }
  )
})

test('an endpoint takes the types that it asked for, and a ping in any case', async () => {
  const url = address()
  const endpoint = await endpointAt(world, council, url, { types: ['budget.changed'], description: 'Ledger' })
  await world.tell(council, 1, 'client.changed')
  await world.tell(council, 1, 'budget.changed')
  const ping = ok(await council.client.post(`${endpoint.where}/test`), 202)
  assert.equal(ping.type, 'ping')
  await world.settled()
  assert.deepEqual(
    at(url)
      .map(({ body }) => body.type)
      .sort(),
    ['budget.changed', 'endpoint.verification', 'ping']
  )
  assert.deepEqual(at(url).find(({ id }) => id === ping.id)?.body.data, {
    timebankId: world.timebankId,
    id: endpoint.id
  })
})

test('the agency of an event is told of it, and no other', async () => {
  const [ours, theirs] = [address(), address()]
  const endpoint = await endpointAt(world, council, ours)
  await endpointAt(world, board, theirs)
  await world.tell(board)
  await world.settled()
  assert.deepEqual(
    at(ours).map(({ body }) => body.type),
    ['endpoint.verification']
  )
  assert.equal(at(theirs).length, 2)
  assert.equal((await endpoint.deliveries()).length, 0)
})

test('what is of another agency is not there, and members have no way to any of it', async () => {
  const endpoint = await endpointAt(world, council, address())
  await world.tell(council)
  await world.settled()
  const [delivery] = await endpoint.deliveries()
  const since = { since: '2026-01-01T00:00:00Z' }
  const calls = [
    ['GET', ''],
    ['PATCH', '', { description: 'x' }],
    ['DELETE', ''],
    ['POST', '/verification', {}],
    ['POST', '/disabling', {}],
    ['POST', '/enabling', {}],
    ['POST', '/secret', {}],
    ['DELETE', '/previous-secret'],
    ['POST', '/test', {}],
    ['GET', '/deliveries'],
    ['POST', `/deliveries/${delivery.id}/resending`, {}],
    ['POST', '/resending', since],
    ['POST', '/replay', since]
  ] as const
  const member = await addMember(world.stage, await world.admin())
  for (const [method, path, body] of calls) {
    const headers = { 'if-match': '"1"', 'idempotency-key': randomUUID() }
    refused(await board.client.call(method, endpoint.where + path, body, headers), 404, 'not-found')
    assert.equal((await member.call(method, endpoint.where + path, body, headers)).status, 403)
  }
  const listed = ok(await board.client.get(`webhook-endpoints?organisationId=${council.organisationId}`)).items
  assert.deepEqual(listed, [])
  assert.ok(!(await board.client.get('webhook-endpoints')).text.includes(council.organisationId))
  assert.equal((await endpoint.read()).state, 'active')
})

test('a client without the scope is refused', async () => {
  const { client } = await agencyIn(world, { scopes: ['service_requests.read'] })
  refused(await client.post('webhook-endpoints', { url: address() }), 403, 'scope-missing')
  refused(await client.get('webhook-endpoints'), 403, 'scope-missing')
})

test('staff see where it leads, not its whole address, and can stop it for good', async () => {
  const endpoint = await endpointAt(world, council, `${address()}?token=hush`)
  const shown = ok(await broker.get(endpoint.where))
  assert.equal(shown.url, null)
  assert.equal(shown.host, `127.0.0.1:${receiver.port}`)
  assert.ok(!(await broker.get('webhook-endpoints')).text.includes('hush'))
  assert.match((await endpoint.read()).url, /token=hush$/)
  refused(await broker.post('webhook-endpoints', { url: address() }), 403, 'forbidden')
  refused(await broker.post(`${endpoint.where}/secret`), 403, 'forbidden')

  const disabled = ok(await broker.post(`${endpoint.where}/disabling`))
  assert.deepEqual({ ...disabled.disabled, at: null }, { at: null, by: 'staff', why: null })
  refused(await council.client.post(`${endpoint.where}/enabling`), 409, 'wrong-state')
  refused(await council.client.post(`${endpoint.where}/verification`), 409, 'wrong-state')
  ok(await council.client.post(`${endpoint.where}/disabling`))
  refused(await council.client.post(`${endpoint.where}/enabling`), 409, 'wrong-state')
  const known = receiver.all.length
  await world.tell(council)
  await world.settled()
  assert.ok(!receiver.all.slice(known).some(({ path }) => path.includes('hush')))
  assert.equal(ok(await broker.post(`${endpoint.where}/enabling`)).state, 'unverified')
  await world.settled()
  assert.equal((await endpoint.read()).state, 'active')
  assert.equal(ok(await council.client.post(`${endpoint.where}/disabling`)).disabled.by, 'agency')
  ok(await council.client.post(`${endpoint.where}/enabling`))
  refused(await council.client.post(`${endpoint.where}/enabling`), 409, 'wrong-state')
})

test('at another address it is verified anew before anything is sent there', async () => {
  const [first, second] = [address(), address()]
  const endpoint = await endpointAt(world, council, first)
  receiver.state.challenge = (response) => response.writeHead(500).end()
  const { rowVersion } = await endpoint.read()
  refused(await council.client.patch(endpoint.where, { url: second }, rowVersion + 1), 412, 'precondition-failed')
  const changed = ok(await council.client.patch(endpoint.where, { url: second, description: 'Moved' }, rowVersion))
  assert.deepEqual([changed.state, changed.url, changed.description], ['unverified', second, 'Moved'])
  await world.tell(council)
  await world.settled()
  assert.equal(at(first).length, 1)
  assert.deepEqual(
    at(second).map(({ body }) => body.type),
    ['endpoint.verification']
  )
  delete receiver.state.challenge
  ok(await council.client.post(`${endpoint.where}/verification`), 202)
  await world.settled()
  assert.equal(at(second).length, 3)
  const described = await endpoint.read()
  const again = ok(await council.client.patch(endpoint.where, { description: null }, described.rowVersion))
  assert.deepEqual([again.state, again.description], ['active', null])
})

test('while secrets are rotated both sign, for a day, and with the old one ended only the new one', async () => {
  const url = address()
  const endpoint = await endpointAt(world, council, url)
  const made = await council.client.post(`${endpoint.where}/secret`, {})
  const { secret, previousSecretUntil } = ok(made, 201)
  assert.equal(made.headers['cache-control'], 'no-store')
  assert.notEqual(secret, endpoint.secret)
  assert.ok(Math.abs(Date.parse(previousSecretUntil) - Date.now() - day) < 60_000)
  const next = async () => {
    await world.tell(council)
    await world.settled()
    return at(url).at(-1)!
  }
  const both = await next()
  assert.deepEqual(both.signatures, [signatureOf(secret, both), signatureOf(endpoint.secret, both)])
  for (const known of [secret, endpoint.secret])
    new Webhook(known).verify(both.raw, {
      'webhook-id': both.id,
      'webhook-timestamp': both.timestamp,
      'webhook-signature': both.signatures.join(' ')
    })
  ok(await council.client.call('DELETE', `${endpoint.where}/previous-secret`))
  const one = await next()
  assert.deepEqual(one.signatures, [signatureOf(secret, one)])

  const third = ok(await council.client.post(`${endpoint.where}/secret`, { keepOld: false }), 201)
  assert.equal(third.previousSecretUntil, null)
  const only = await next()
  assert.deepEqual(only.signatures, [signatureOf(third.secret, only)])

  const fourth = ok(await council.client.post(`${endpoint.where}/secret`, {}), 201)
  await world.later(25 * hour)
  const later = await next()
  assert.deepEqual(later.signatures, [signatureOf(fourth.secret, later)])
  assert.equal((await endpoint.read()).previousSecretUntil, null)
  await world.tasks['webhooks.forget']!({})
  const { rows } = await world.owner.query('SELECT previous_secret FROM webhooks.endpoints WHERE id = $1', [
    endpoint.id
  ])
  assert.equal(rows[0].previous_secret, null)
  world.stage.clock.now = null
})

test('a secret is shown once, lies sealed, and an address is kept to its agency', async () => {
  const url = `${address()}?token=hush-hush`
  const endpoint = await endpointAt(world, council, url)
  assert.ok(!(await council.client.get(endpoint.where)).text.includes('whsec_'))
  await world.tell(council)
  await world.settled()
  const bare = Buffer.from(endpoint.secret.slice(6), 'base64')
  const { rows } = await world.owner.query('SELECT secret FROM webhooks.endpoints WHERE id = $1', [endpoint.id])
  assert.ok(!(rows[0].secret as Buffer).includes(bare))
  for (const where of ['audit.events t', 'platform.idempotency_keys t', 'graphile_worker._private_jobs t']) {
    const found = await world.owner.query(`SELECT t::text AS text FROM ${where}`)
    const text = found.rows.map((row) => row.text).join('\n')
    for (const hidden of [endpoint.secret, bare.toString('hex'), 'hush-hush']) assert.ok(!text.includes(hidden), where)
  }
  const log = world.lines.join('')
  assert.ok(log.includes(endpoint.id))
  for (const hidden of [endpoint.secret, 'hush-hush', new URL(url).pathname]) assert.ok(!log.includes(hidden))
})

test('what is wrong with an endpoint is named', async () => {
  const cases: [object, RegExp][] = [
    [{}, /url/],
    [{ url: 'nonsense' }, /url/],
    [{ url: 'ftp://example.org/' }, /url/],
    [{ url: 'https://user:secret@example.org/' }, /url/],
    [{ url: 'https://example.org/#part' }, /url/],
    [{ url: `https://example.org/${'x'.repeat(2000)}` }, /url/],
    [{ url: 'https://example.org/', types: [] }, /types/],
    [{ url: 'https://example.org/', types: ['ping'] }, /types/],
    [{ url: 'https://example.org/', types: ['budget.changed', 'budget.changed'] }, /types/],
    [{ url: 'https://example.org/', secret: 'whsec_AAAA' }, /secret/]
  ]
  for (const [body, fault] of cases) {
    const { errors } = refused(await board.client.post('webhook-endpoints', body), 400, 'validation-failed')
    assert.match(JSON.stringify(errors), fault)
  }
})

test('an address is there once for an agency, and an agency has ten endpoints at most, also where two are added at once', async () => {
  const { client } = await agencyIn(world)
  const url = address()
  ok(await client.post('webhook-endpoints', { url }), 201)
  refused(await client.post('webhook-endpoints', { url }), 409, 'already-exists')
  for (let i = 0; i < 8; i += 1) ok(await client.post('webhook-endpoints', { url: address() }), 201)
  const two = await Promise.all([1, 2].map(() => client.post('webhook-endpoints', { url: address() })))
  assert.deepEqual(two.map(({ status }) => status).sort(), [201, 409])
  const first = ok(await client.get('webhook-endpoints?limit=7'))
  const rest = ok(await client.get(`webhook-endpoints?limit=7&cursor=${first.next}`))
  assert.deepEqual([first.items.length, rest.items.length, rest.next], [7, 3, null])
  assert.equal(new Set([...first.items, ...rest.items].map(({ id }) => id)).size, 10)
})

test('a removed endpoint takes its deliveries with it', async () => {
  const endpoint = await endpointAt(world, board, address())
  await world.tell(board)
  await world.settled()
  ok(await board.client.call('DELETE', endpoint.where), 204)
  refused(await board.client.get(endpoint.where), 404, 'not-found')
  const { rows } = await world.owner.query('SELECT FROM webhooks.deliveries WHERE endpoint_id = $1', [endpoint.id])
  assert.equal(rows.length, 0)
})

test('an endpoint that is not verified for three days is disabled', async () => {
  receiver.state.challenge = (response) => response.writeHead(500).end()
  const endpoint = await endpointAt(world, board, address())
  delete receiver.state.challenge
  await world.tell(board)
  world.stage.clock.now = new Date(Date.now() + 3 * day - hour)
  await world.sweep()
  assert.equal((await endpoint.read()).state, 'unverified')
  world.stage.clock.now = new Date(Date.now() + 3 * day + hour)
  await world.sweep()
  const { state, disabled } = await endpoint.read()
  assert.deepEqual([state, disabled.by, disabled.why], ['disabled', 'service', 'not_verified'])
  assert.deepEqual(
    (await endpoint.deliveries()).map((delivery: { state: string }) => delivery.state),
    ['dead']
  )
  world.stage.clock.now = null
})

test('deliveries come in pages, newest first, by state, and as CSV', async () => {
  const { client, organisationId } = await agencyIn(world)
  const endpoint = await endpointAt(world, { client, organisationId } as Agency, address())
  const subjects = []
  for (let i = 0; i < 5; i += 1) subjects.unshift(...(await world.tell({ organisationId })))
  await world.settled()
  const paged: string[] = []
  for (let where = `${endpoint.where}/deliveries?limit=2`, next = ''; next !== null; ) {
    const page = ok(await client.get(next === '' ? where : `${where}&cursor=${next}`))
    assert.ok(page.items.length <= 2)
    paged.push(...page.items.map(({ subject }: { subject: { id: string } }) => subject.id))
    next = page.next
    where = `${endpoint.where}/deliveries?limit=2&state=delivered`
  }
  assert.deepEqual(paged, subjects)
  assert.deepEqual(ok(await broker.get(`${endpoint.where}/deliveries?state=dead`)), { items: [], next: null })
  refused(await client.get(`${endpoint.where}/deliveries?state=lost`), 400, 'validation-failed')
  refused(await client.get(`${endpoint.where}/deliveries?cursor=nonsense`), 400, 'validation-failed')
  const csv = await client.get(`${endpoint.where}/deliveries`, { accept: 'text/csv' })
  assert.equal(csv.text.trim().split('\r\n').length, 6)
  const all = await broker.get('webhook-endpoints?state=active', { accept: 'text/csv' })
  assert.ok(all.text.includes(endpoint.id) && !all.text.includes(receiver.url))
})

test('a challenge that an active endpoint does not answer is noted, and leaves it active', async () => {
  const endpoint = await endpointAt(world, board, address())
  receiver.state.challenge = (response) => response.writeHead(503).end()
  ok(await board.client.post(`${endpoint.where}/verification`), 202)
  await world.settled()
  delete receiver.state.challenge
  const { state, verification } = await endpoint.read()
  assert.deepEqual([state, verification.outcome], ['active', 'status'])
})

test('a challenge that was lost with a process is sent again', async () => {
  receiver.state.challenge = (response) => response.writeHead(503).end()
  const endpoint = await endpointAt(world, board, address())
  delete receiver.state.challenge
  await world.owner.query('UPDATE webhooks.endpoints SET tried_at = NULL WHERE id = $1', [endpoint.id])
  await world.sweep()
  assert.equal((await endpoint.read()).state, 'unverified')
  world.stage.clock.now = new Date(Date.now() + hour)
  await world.sweep()
  world.stage.clock.now = null
  assert.equal((await endpoint.read()).state, 'active')
})

test('what nobody would send on purpose is refused, and brings about no 5xx', async () => {
  const agency = await makeAgency(world.stage, await world.admin())
  const { client } = agency
  const endpoint = await endpointAt(world, agency, address())
  const { rowVersion } = await endpoint.read()
  const values = [
    '',
    ' ',
    '\0',
    'a\0b',
    '\ud800',
    '%00',
    'https://',
    'https://%00/',
    'https://x.test/\0',
    '0000-01-01T00:00:00Z'
  ]
    .concat([
      '9999-12-31T23:59:59.999-14:00',
      '2026-02-30T00:00:00Z',
      'x'.repeat(5000),
      'https://x.test:99999/',
      'https://[::1'
    ])
    .concat(['https://xn--/', 'https://a..b/', `https://${'x'.repeat(300)}.test/`, 'javascript:alert(1)', '//x.test/'])
  for (const value of [...values, 0, -1, true, null, [], {}, [[]], { url: {} }]) {
    const answers = [
      await client.post('webhook-endpoints', { url: value }),
      await client.post('webhook-endpoints', { url: address(), description: value }),
      await client.post('webhook-endpoints', { url: address(), types: value }),
      await client.patch(endpoint.where, { description: value }, rowVersion + 1),
      await client.post(`${endpoint.where}/secret`, { keepOld: value }),
      await client.post(`${endpoint.where}/replay`, { since: value }),
      await client.post(`${endpoint.where}/resending`, { since: value }),
      await client.post(`${endpoint.where}/test`, { value })
    ]
    for (const { status, text } of answers) assert.ok(status < 500, `${JSON.stringify(value)}: ${text}`)
  }
})
