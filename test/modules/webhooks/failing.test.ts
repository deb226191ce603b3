import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { after, afterEach, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../../../src/db/client.ts'
import { makeWebhooks } from '../../../src/modules/webhooks/index.ts'
import { ok, refused } from '../../support/app.ts'
import { openReceiver } from './receiver.ts'
import { agencyIn, day, endpointAt, hour, minute, openWorld, second, type World } from './support.ts'

let world: World
const open: (() => Promise<void>)[] = []

before(async () => {
  world = await openWorld('failing')
})

afterEach(async () => {
  world.stage.clock.now = null
  for (const close of open.splice(0)) await close()
})

after(() => world.close())

/** An agency with a verified endpoint at a receiver of its own. */
const connected = async (more: object = {}) => {
  const receiver = await openReceiver()
  open.push(receiver.close)
  const agency = await agencyIn(world)
  const endpoint = await endpointAt(world, agency, receiver.url, more)
  const tell = async (count = 1, type?: Parameters<World['tell']>[2]) => {
    const subjects = await world.tell(agency, count, type)
    await world.settled()
    return subjects
  }
  return { receiver, agency, endpoint, tell }
}

type Row = { id: string; state: string; attempts: number; lastOutcome: string; lastStatus: number | null }
const ends = (rows: Row[]) => rows.map(({ state, lastOutcome, lastStatus }) => [state, lastOutcome, lastStatus])

test('what fails is sent again later and later, under the same id, until it succeeds', async () => {
  const { receiver, endpoint, tell } = await connected()
  world.stage.clock.now = new Date()
  receiver.state.answer = (response) => response.writeHead(receiver.events().length <= 4 ? 500 : 200).end()
  await tell()
  assert.equal(receiver.events().length, 1)
  const [delivery] = await endpoint.deliveries()
  assert.deepEqual([delivery.state, delivery.attempts, delivery.lastStatus], ['waiting', 1, 500])
  const { failures, failingSince, nextAttemptAt } = await endpoint.read()
  assert.equal(failures, 1)
  assert.ok(failingSince && nextAttemptAt)
  for (const [step, most] of [
    [5 * second, second],
    [5 * minute, minute],
    [30 * minute, 6 * minute],
    [2 * hour, 24 * minute]
  ] as const) {
    const before = receiver.events().length
    await world.later(step - 2 * second)
    assert.equal(receiver.events().length, before, `not before ${step}`)
    await world.later(most + 2 * second)
    assert.equal(receiver.events().length, before + 1, `after ${step}`)
  }
  const events = receiver.events()
  assert.equal(new Set(events.map(({ id }) => id)).size, 1)
  assert.equal(new Set(events.map(({ timestamp }) => timestamp)).size, 5)
  assert.equal(new Set(events.map(({ raw }) => raw)).size, 1)
  const [delivered] = await endpoint.deliveries('delivered')
  assert.deepEqual([delivered.attempts, delivered.lastStatus], [5, 200])
  const well = await endpoint.read()
  assert.deepEqual([well.failures, well.failingSince, well.nextAttemptAt], [0, null, null])
})

test('a receiver gets no more than four requests at once, and each event once though several send', async () => {
  const { receiver, agency, endpoint } = await connected()
  receiver.state.answer = (response) => setTimeout(() => response.writeHead(204).end(), 10)
  const subjects = await world.tell(agency, 60)
  // another process beside the stage's own workers
  const turn = { timebank: world.timebankId, endpoint: endpoint.id }
  await Promise.all([1, 2, 3].map(() => world.sending['webhooks.send']!(turn)))
  await world.settled()
  assert.deepEqual(
    receiver
      .events()
      .map(({ body }) => body.data.id)
      .sort(),
    subjects.sort()
  )
  assert.equal(receiver.state.most, 4)
  assert.equal((await endpoint.deliveries('delivered')).length, 60)
})

test('hundreds of events for a receiver that hangs are one request at a time, and hold up nobody else', async () => {
  const hanging = await connected()
  const well = await connected()
  hanging.receiver.state.answer = () => {}
  world.stage.clock.now = new Date()
  for (let lot = 0; lot < 2; lot += 1) await world.tell(hanging.agency, 100)
  const told = well.tell(20)
  while (well.receiver.events().length < 20) await sleep(5)
  await told
  await world.settled()
  // the first lot went while it was not known to fail
  assert.equal(hanging.receiver.events().length, 4)
  hanging.receiver.state.most = 0
  for (const later of [6 * second, 36 * second, 3 * minute, 12 * minute, 36 * minute, 72 * minute, 72 * minute])
    await world.later(later)
  assert.equal(hanging.receiver.events().length, 4 + 7)
  assert.equal(hanging.receiver.state.most, 1)
  assert.equal((await hanging.endpoint.read()).failures, 8)
  const timedOut = await world.owner.query(
    "SELECT FROM webhooks.deliveries WHERE endpoint_id = $1 AND state = 'waiting' AND last_outcome = 'timeout'",
    [hanging.endpoint.id]
  )
  assert.ok(timedOut.rows.length >= 4)
  const { rows } = await world.owner.query(
    "SELECT count(*)::int AS n FROM graphile_worker._private_jobs WHERE payload ->> 'endpoint' = $1",
    [hanging.endpoint.id]
  )
  assert.equal(rows[0].n, 1)
  // and when it answers again, all is sent
  hanging.receiver.state.answer = (response) => response.writeHead(200).end()
  await world.later(72 * minute)
  const delivered = async () =>
    (
      await world.owner.query(
        "SELECT count(*)::int AS n FROM webhooks.deliveries WHERE endpoint_id = $1 AND state = 'delivered'",
        [hanging.endpoint.id]
      )
    ).rows[0].n
  for (let look = 0; look < 20 && (await delivered()) < 200; look += 1) await world.later(2 * hour)
  assert.equal(await delivered(), 200)
})

test('one event that a receiver cannot take does not hold up the others', async () => {
  const { receiver, endpoint, tell } = await connected()
  world.stage.clock.now = new Date()
  let bad = ''
  receiver.state.answer = (response, { body }) => {
    bad ||= body.data.id
    response.writeHead(body.data.id === bad ? 500 : 200).end()
  }
  await tell()
  const others = await tell(12)
  await world.later(7 * second)
  assert.deepEqual(
    (await endpoint.deliveries('delivered')).map(({ subject }: { subject: { id: string } }) => subject.id).sort(),
    others.sort()
  )
  await world.later(7 * minute)
  const [waiting] = await endpoint.deliveries('waiting')
  assert.equal(waiting.subject.id, bad)
  const [late] = await tell()
  await world.later(7 * second)
  assert.equal(receiver.events().at(-1)?.body.data.id, late)
})

test('whatever a receiver answers, each event ends as delivered once it is taken, and is not sent again', async (t) => {
  const seed = Number(process.env['FC_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  t.diagnostic(`FC_SEED=${seed}`)
  const { receiver, endpoint, tell } = await connected()
  // as many failures as the seed says for each event, then success
  const left = new Map<string, number>()
  const taken = new Map<string, number>()
  let state = seed
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % below
  }
  receiver.state.answer = (response, { id }) => {
    const failures = left.get(id) ?? random(4)
    left.set(id, failures - 1)
    if (failures > 0) return random(2) ? response.writeHead(500).end() : response.destroy()
    taken.set(id, (taken.get(id) ?? 0) + 1)
    response.writeHead(200 + random(5)).end()
  }
  world.stage.clock.now = new Date()
  for (let i = 0; i < 10; i += 1) {
    await tell(random(4))
    await world.later(random(20) * second)
  }
  for (let look = 0; look < 60 && (await endpoint.deliveries('waiting')).length > 0; look += 1)
    await world.later(40 * minute)
  const delivered = await endpoint.deliveries('delivered')
  assert.deepEqual(delivered.map(({ id }: Row) => id).sort(), [...left.keys()].sort())
  assert.ok([...taken.values()].every((times) => times === 1))
  assert.equal((await endpoint.deliveries()).length, delivered.length)
})

test('a redirect is not followed', async () => {
  const { receiver, endpoint, tell } = await connected()
  const elsewhere = await openReceiver()
  open.push(elsewhere.close)
  for (const status of [301, 302, 303, 307, 308]) {
    receiver.state.answer = (response) => response.writeHead(status, { location: elsewhere.url }).end()
    await tell()
    assert.deepEqual(ends(await endpoint.deliveries('waiting')), [['waiting', 'redirect', status]])
    receiver.state.answer = (response) => response.writeHead(204).end()
    await world.later(7 * second)
  }
  assert.equal(elsewhere.all.length, 0)
  assert.equal((await endpoint.deliveries('delivered')).length, 5)
})

test('of an answer without end no more than 64 KB are read, and its status counts', async () => {
  const { receiver, endpoint, tell } = await connected()
  let written = 0
  receiver.state.answer = (response) => {
    response.writeHead(200)
    const more = () => {
      if (response.destroyed) return
      written += 16_384
      response.write('x'.repeat(16_384), () => setImmediate(more))
    }
    more()
  }
  await tell()
  assert.deepEqual(ends(await endpoint.deliveries()), [['delivered', 'answered', 200]])
  await sleep(50)
  const stopped = written
  await sleep(50)
  assert.equal(written, stopped)
})

test('an answer that stops in the middle, never comes to its end, or is none, is a failure', async () => {
  const { receiver, endpoint, tell } = await connected()
  const answers: [string, (response: ServerResponse) => void][] = [
    ['connection', (response) => response.destroy()],
    [
      'connection',
      (response) => {
        response.writeHead(200, { 'content-length': '10' })
        response.write('half', () => response.destroy())
      }
    ],
    [
      'timeout',
      (response) => {
        response.writeHead(200)
        response.write('half')
      }
    ],
    ['connection', (response) => response.socket?.end('nonsense\r\n\r\n')],
    [
      'connection',
      (response) =>
        response.socket?.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n')
    ]
  ]
  for (const [outcome, answer] of answers) {
    receiver.state.answer = answer
    await tell()
    const [row] = await endpoint.deliveries()
    assert.deepEqual([row.state, row.lastOutcome, row.lastStatus], ['waiting', outcome, null])
    receiver.state.answer = (response) => response.writeHead(204).end()
    await world.later(7 * second)
  }
})

test('410 ends an endpoint, until it is enabled', async () => {
  const { receiver, agency, endpoint, tell } = await connected()
  receiver.state.answer = (response) => response.writeHead(410).end()
  await tell(6)
  const { state, disabled } = await endpoint.read()
  assert.deepEqual([state, disabled.by, disabled.why], ['disabled', 'service', 'gone'])
  assert.equal((await endpoint.deliveries('dead')).length, 6)
  receiver.state.answer = (response) => response.writeHead(200).end()
  await tell()
  await world.later(hour)
  assert.equal(receiver.events().length, 4)
  refused(await agency.client.post(`${endpoint.where}/replay`, { since: '2020-01-01T00:00:00Z' }), 409, 'wrong-state')
  ok(await agency.client.post(`${endpoint.where}/enabling`))
  await world.settled()
  assert.equal((await endpoint.read()).state, 'active')
  assert.equal(receiver.events().length, 4)
})

test('Retry-After makes it later, in seconds or as a date, and no later than a day', async () => {
  const { receiver, endpoint, tell } = await connected()
  const start = new Date()
  for (const [header, ms] of [
    ['600', 10 * minute],
    [new Date(start.getTime() + 20 * minute).toUTCString(), 20 * minute],
    ['99999999', day],
    ['nonsense', 0],
    ['-5', 0]
  ] as const) {
    receiver.state.answer = (response) => response.writeHead(503, { 'retry-after': header }).end()
    world.stage.clock.now = start
    await tell()
    const [row] = await endpoint.deliveries()
    const waits = Date.parse(row.nextAttemptAt) - start.getTime()
    assert.ok(
      waits >= Math.max(ms - 2 * second, 5 * second) && waits <= Math.max(ms, 6 * second),
      `${header}: ${waits}`
    )
    const before = receiver.events().length
    if (ms > 0) {
      await world.later(ms - 3 * second)
      assert.equal(receiver.events().length, before, header)
    }
    receiver.state.answer = (response) => response.writeHead(204).end()
    await world.later(10 * second)
    assert.equal(receiver.events().length, before + 1, header)
  }
})

test('after three days it is dead and its endpoint disabled; one by one or all at once it is sent again', async () => {
  const { receiver, agency, endpoint, tell } = await connected()
  const start = new Date(Date.now() - second)
  world.stage.clock.now = start
  receiver.state.answer = (response) => response.writeHead(500).end()
  await tell(3)
  for (const hours of [1, 4, 12, 24, 24, 6]) await world.later(hours * hour)
  assert.equal((await endpoint.deliveries('waiting')).length, 3)
  assert.equal((await endpoint.read()).state, 'active')
  await world.later(hour + 20 * minute)
  const stopped = await endpoint.read()
  assert.deepEqual([stopped.state, stopped.disabled.why], ['disabled', 'failing'])
  const dead = await endpoint.deliveries('dead')
  assert.equal(dead.length, 3)
  assert.ok(dead.every((row: Row) => row.lastStatus === 500))
  const after = receiver.events().length
  await world.later(day)
  await world.sweep()
  assert.equal(receiver.events().length, after)

  receiver.state.answer = (response) => response.writeHead(200).end()
  refused(await agency.client.post(`${endpoint.where}/deliveries/${dead[0].id}/resending`), 409, 'wrong-state')
  ok(await agency.client.post(`${endpoint.where}/enabling`))
  await world.settled()
  const resent = ok(await agency.client.post(`${endpoint.where}/deliveries/${dead[0].id}/resending`), 202)
  assert.deepEqual([resent.state, resent.attempts], ['waiting', 0])
  await world.settled()
  assert.equal(receiver.events().at(-1)?.id, dead[0].id)
  refused(await agency.client.post(`${endpoint.where}/deliveries/${dead[0].id}/resending`), 409, 'wrong-state')
  refused(await agency.client.post(`${endpoint.where}/deliveries/${randomUUID()}/resending`), 404, 'not-found')
  const since = (at: Date) => agency.client.post(`${endpoint.where}/resending`, { since: at.toISOString() })
  assert.equal(ok(await since(new Date(start.getTime() + second)), 202).deliveries, 0)
  assert.equal(ok(await since(start), 202).deliveries, 2)
  await world.settled()
  assert.equal((await endpoint.deliveries('delivered')).length, 3)
  assert.equal(receiver.events().length, after + 3)
})

test('a replay sends every event since an instant again, under its id, also what came while the endpoint was disabled', async () => {
  const { receiver, agency, endpoint, tell } = await connected({ types: ['service_request.changed', 'budget.changed'] })
  const start = new Date()
  world.stage.clock.now = new Date(start.getTime() - day)
  const [early] = await tell()
  world.stage.clock.now = start
  const [known] = await tell()
  ok(await agency.client.post(`${endpoint.where}/test`), 202)
  ok(await agency.client.post(`${endpoint.where}/disabling`))
  const [missed] = await tell(1, 'budget.changed')
  await tell(1, 'consent.changed')
  ok(await agency.client.post(`${endpoint.where}/enabling`))
  await world.settled()
  const sent = () => receiver.events().filter(({ body }) => body.type !== 'ping')
  assert.deepEqual(
    sent().map(({ body }) => body.data.id),
    [early, known]
  )
  const { deliveries } = ok(await agency.client.post(`${endpoint.where}/replay`, { since: start.toISOString() }), 202)
  assert.equal(deliveries, 2)
  await world.settled()
  assert.deepEqual(
    sent()
      .slice(2)
      .map(({ body }) => body.data.id)
      .sort(),
    [known, missed].sort()
  )
  assert.equal(sent().find(({ body }, i) => i >= 2 && body.data.id === known)?.id, sent()[1]?.id)
  assert.equal(
    ok(await agency.client.post(`${endpoint.where}/replay`, { since: '2999-01-01T00:00:00Z' }), 202).deliveries,
    0
  )
  for (const body of [{}, { since: 'yesterday' }, { since: '2026-02-30T00:00:00Z' }])
    refused(await agency.client.post(`${endpoint.where}/replay`, body), 400, 'validation-failed')
})

test('what was sent when the process ended, before that was noted, is sent again under the same id', async () => {
  const { receiver, agency, endpoint } = await connected()
  const set = (until: string) =>
    world.owner.query(`UPDATE webhooks.endpoints SET turn = $2, turn_until = ${until} WHERE id = $1`, [
      endpoint.id,
      randomUUID()
    ])
  await set("now() + interval '1 hour'")
  await world.tell(agency)
  await world.settled()
  assert.equal(receiver.events().length, 0)
  await set('NULL')
  // a process that loses everything in the moment of the answer
  const database = connect({ url: world.stage.ownerUrl, onError: () => {} })
  const { sending } = makeWebhooks({
    database,
    privateAddresses: 'allow',
    logger: { info: () => {} },
    signal: new AbortController().signal
  })
  receiver.state.answer = async (response) => {
    await database.close()
    response.writeHead(200).end()
  }
  await assert.rejects(sending['webhooks.send']!({ timebank: world.timebankId, endpoint: endpoint.id }))
  assert.equal(receiver.events().length, 1)
  assert.deepEqual(
    (await endpoint.deliveries()).map(({ state, attempts }: Row) => [state, attempts]),
    [['waiting', 0]]
  )

  receiver.state.answer = (response) => response.writeHead(200).end()
  await world.sweep()
  assert.equal(receiver.events().length, 1, 'its turn is not over yet')
  world.stage.clock.now = new Date(Date.now() + 2 * minute)
  await world.sweep()
  assert.equal(receiver.events().length, 2)
  assert.equal(receiver.events()[0]?.id, receiver.events()[1]?.id)
  assert.deepEqual(
    (await endpoint.deliveries()).map(({ state, attempts }: Row) => [state, attempts]),
    [['delivered', 1]]
  )
})

test('what is under way when the service ends waits as before, and no attempt is counted', async () => {
  const { receiver, agency, endpoint } = await connected()
  await world.owner.query(
    "UPDATE webhooks.endpoints SET turn = $2, turn_until = now() + interval '1 hour' WHERE id = $1",
    [endpoint.id, randomUUID()]
  )
  await world.tell(agency)
  await world.settled()
  await world.owner.query('UPDATE webhooks.endpoints SET turn = NULL, turn_until = NULL WHERE id = $1', [endpoint.id])
  const ending = new AbortController()
  const { sending } = makeWebhooks({
    database: world.stage.database,
    privateAddresses: 'allow',
    logger: { info: () => {} },
    signal: ending.signal
  })
  receiver.state.answer = (response) => {
    if (receiver.events().length > 1) response.writeHead(200).end()
    else ending.abort(new Error('the service ends'))
  }
  await sending['webhooks.send']!({ timebank: world.timebankId, endpoint: endpoint.id })
  const first = receiver.events()[0]?.id
  await world.settled()
  assert.deepEqual(
    receiver.events().map(({ id }) => id),
    [first, first]
  )
  assert.deepEqual(
    (await endpoint.deliveries()).map(({ state, attempts }: Row) => [state, attempts]),
    [['delivered', 1]]
  )
})

test('an agency is told nothing more once its organisation is closed or its last client revoked', async () => {
  const admin = await world.admin()
  for (const end of [
    (id: string) => admin.post(`organisations/${id}/closure`, { reason: 'a test' }),
    (id: string, client: string) => admin.call('DELETE', `organisations/${id}/clients/${client}`)
  ]) {
    const { receiver, agency, endpoint, tell } = await connected()
    await tell()
    assert.ok((await end(agency.organisationId, agency.clientId)).status < 300)
    await tell()
    assert.equal(receiver.events().length, 1)
    const { state, disabled } = ok(await admin.get(endpoint.where))
    assert.deepEqual([state, disabled.why], ['disabled', 'agency_ended'])
  }
})

test('what the old address of an endpoint answers after it has moved says nothing of the new one', async () => {
  const { receiver, agency, endpoint, tell } = await connected()
  const next = await openReceiver()
  open.push(next.close)
  const { rowVersion } = await endpoint.read()
  receiver.state.answer = async (response) => {
    ok(await agency.client.patch(endpoint.where, { url: next.url }, rowVersion))
    while ((await endpoint.read()).state !== 'active') await sleep(5)
    response.writeHead(410).end()
  }
  const [subject] = await tell()
  assert.deepEqual((({ state, failures }) => [state, failures])(await endpoint.read()), ['active', 0])
  await world.later(7 * second)
  assert.deepEqual(
    next.events().map(({ body }) => body.data.id),
    [subject]
  )
})

test('events are kept for thirty days, and with them what became of them', async () => {
  const { receiver, agency, endpoint, tell } = await connected()
  world.stage.clock.now = new Date(Date.now() - day)
  await tell()
  world.stage.clock.now = null
  await tell()
  world.stage.clock.now = new Date(Date.now() + 29.5 * day)
  await world.tasks['webhooks.forget']!({})
  assert.equal((await endpoint.deliveries()).length, 1)
  const since = { since: '2020-01-01T00:00:00Z' }
  assert.equal(ok(await agency.client.post(`${endpoint.where}/replay`, since), 202).deliveries, 1)
  await world.settled()
  assert.equal(receiver.events().length, 3)
})

test('attempts are counted by outcome, and logged by endpoint and outcome', async () => {
  const { receiver, endpoint, tell } = await connected()
  receiver.state.answer = (response) => response.writeHead(418).end('a canary in the answer')
  await tell()
  const logged = world.lines.map((line) => JSON.parse(line)).filter((line) => line.endpoint === endpoint.id)
  assert.deepEqual(
    logged.map(({ outcome, status, msg }) => [outcome, status, msg]),
    [
      ['answered', 200, 'webhook'],
      ['status', 418, 'webhook']
    ]
  )
  assert.ok(!world.lines.join('').includes('canary'))
  const { text } = await world.stage.anonymous.get('/metrics')
  assert.match(text, /^# TYPE webhook_attempts_total counter$/m)
  // the stage's own workers have taken some of all
  assert.match(text, /^webhook_attempts_total\{outcome="answered"\} [1-9]\d*$/m)
})
