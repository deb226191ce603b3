import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as dial, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { inTimebank } from '../../../src/db/client.ts'
import { verifyBooks } from '../../../src/modules/ledger/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { newId } from '../../../src/shared/ids.ts'
import {
  type Answer,
  addMember,
  type Client,
  clientOf,
  makeStage,
  ok,
  refused,
  type Stage,
  setUp
} from '../../support/app.ts'
import { type Spy, spyOn } from '../ledger/queues.ts'
import { sizeOf } from '../ledger/support.ts'
import { makeTwin, type Twin } from './twin.ts'

let stage: Stage
let admin: Client
let anna: Client
let ben: Client
let timebankId: string
let twins: Twin[]
let narrow: Twin
let spy: Spy

before(async () => {
  stage = await makeStage('keys of transfers')
  admin = await setUp(stage)
  anna = await addMember(stage, admin, { name: 'Anna' })
  ben = await addMember(stage, admin, { name: 'Ben' })
  timebankId = ok(await admin.get(`/v1/timebanks/${admin.timebank}`)).id
  twins = [await makeTwin(stage), await makeTwin(stage)]
  narrow = await makeTwin(stage, {
    capacity: 2,
    seenAs: (database) => {
      spy = spyOn(database)
      return spy.database
    }
  })
})
after(async () => {
  await Promise.all([...twins, narrow].map((twin) => twin.close()))
  await stage.close()
})

const through = (twin: Twin, client: Client): Client => clientOf(twin.app, client.timebank, client.token)

const transferCount = async (): Promise<number> =>
  inTimebank(stage.database, timebankId, systemActor, async (tx) => {
    const { rows } = await tx.client.query<{ n: number }>('SELECT count(*)::int AS n FROM ledger.transfers')
    return rows[0]!.n
  })

const rounds = sizeOf('KEY_ROUNDS', 2)

describe('the same key 32 times at once, through two services on one database', () => {
  const asks: Record<
    string,
    () => { by: Client; path: string; headers: Record<string, string>; body: (minutes: number) => object }
  > = {
    'a gift': () => ({
      by: anna,
      path: 'gifts',
      headers: { 'idempotency-key': newId() },
      body: (minutes) => ({ to: { memberId: ben.memberId }, minutes })
    }),
    'a gift under a key that is no uuid': () => ({
      by: anna,
      path: 'gifts',
      headers: { 'idempotency-key': `slip ${newId()}`.replace(' ', '-') },
      body: (minutes) => ({ to: { memberId: ben.memberId }, minutes })
    }),
    'a gift that was on a slip': () => ({
      by: admin,
      path: 'gifts',
      headers: { 'idempotency-key': newId(), 'commonhours-source': 'paper_slip', 'commonhours-slip': 'B-4' },
      body: (minutes) => ({ from: { memberId: anna.memberId }, to: { memberId: ben.memberId }, minutes })
    }),
    'a grant': () => ({
      by: admin,
      path: 'grants',
      headers: { 'idempotency-key': newId() },
      body: (minutes) => ({ to: { memberId: anna.memberId }, minutes, why: 'A start' })
    }),
    'a transfer': () => ({
      by: admin,
      path: 'transfers',
      headers: { 'idempotency-key': newId() },
      body: (minutes) => ({
        operation: 'transfer',
        kind: 'grant',
        debitAccount: 1,
        creditAccount: anna.accountId,
        minutes
      })
    })
  }

  for (const [name, ask] of Object.entries(asks)) {
    test(`${name}: posted once, and told to all byte for byte`, async () => {
      for (let round = 0; round < rounds; round += 1) {
        const { by, path, headers, body } = ask()
        const count = await transferCount()
        const answers = await Promise.all(
          Array.from({ length: 32 }, (_, i) => through(twins[i % 2]!, by).post(path, body(1), headers))
        )
        for (const answer of answers) ok(answer, 201)
        assert.equal(new Set(answers.map(({ text }) => text)).size, 1)
        assert.equal(answers.filter((answer) => answer.headers['idempotency-replayed'] === undefined).length, 1)
        assert.equal(await transferCount(), count + 1)
      }
    })

    test(`${name}: whose key is at once that of another request is posted once, and the other refused`, async () => {
      for (let round = 0; round < rounds; round += 1) {
        const { by, path, headers, body } = ask()
        const count = await transferCount()
        const answers = await Promise.all(
          Array.from({ length: 32 }, (_, i) => through(twins[i % 2]!, by).post(path, body(i % 4 < 2 ? 1 : 2), headers))
        )
        const posted = answers.filter(({ status }) => status === 201)
        assert.equal(posted.length, 16)
        assert.equal(new Set(posted.map(({ text }) => text)).size, 1)
        for (const answer of answers) if (answer.status !== 201) refused(answer, 422, 'idempotency-key-reused')
        // of one body all, of the other none
        assert.equal(new Set(answers.flatMap(({ status }, i) => (status === 201 ? [i % 4 < 2] : []))).size, 1)
        assert.equal(await transferCount(), count + 1)
      }
    })
  }

  for (const name of ['a batch', 'a reversal'] as const) {
    test(`${name}: done once; the others get its answer, or are told that it is under way`, async () => {
      const given = ok(await anna.post('gifts', { to: { memberId: ben.memberId }, minutes: 5 }), 201)
      const key = { 'idempotency-key': newId() }
      const operations = Array.from({ length: 3 }, () => ({
        id: newId(),
        operation: 'transfer',
        kind: 'grant',
        debitAccount: 1,
        creditAccount: anna.accountId,
        minutes: 1
      }))
      const [path, body, status, rows] =
        name === 'a batch'
          ? (['transfers/batch', { atomic: true, operations }, 200, 3] as const)
          : ([`transfers/${given.id}/reversal`, { reason: 'Wrong person' }, 201, 1] as const)
      const count = await transferCount()
      const ask = (i: number): Promise<Answer> => through(twins[i % 2]!, admin).post(path, body, key)
      const answers = await Promise.all(Array.from({ length: 32 }, (_, i) => ask(i)))
      const done = answers.filter((answer) => answer.status === status)
      assert.ok(done.length >= 1)
      assert.equal(new Set(done.map(({ text }) => text)).size, 1)
      assert.equal(done.filter((answer) => answer.headers['idempotency-replayed'] === undefined).length, 1)
      for (const answer of answers)
        if (answer.status !== status) {
          refused(answer, 409, 'idempotency-key-in-use')
          assert.equal(answer.headers['retry-after'], '1')
        }
      assert.equal((await ask(0)).text, done[0]!.text)
      assert.equal(await transferCount(), count + rows)
    })
  }
})

describe('a queue that is full, and callers that go away', () => {
  const give = (key: string, minutes = 1) =>
    through(narrow, anna).post('gifts', { to: { memberId: ben.memberId }, minutes }, { 'idempotency-key': key })

  test('a full queue is 503 with when to come again, and the key is as good as new', async (t) => {
    const open = spy.hold()
    t.after(open)
    const taken = [give(newId()), give(newId())]
    for (const end = Date.now() + 5000; narrow.queue.size() < 2 && Date.now() < end; ) await sleep(5)
    const key = newId()
    const answer = await give(key)
    refused(answer, 503, 'unavailable')
    assert.equal(answer.headers['retry-after'], '1')
    open()
    for (const got of await Promise.all(taken)) ok(got, 201)
    const posted = await give(key)
    ok(posted, 201)
    assert.equal(posted.headers['idempotency-replayed'], undefined)
  })

  test('what somebody sent before they went away is posted once, and they may ask again', async () => {
    const { port, host } = await listen()
    const count = await transferCount()
    const [atOnce, underWay] = [sizeOf('GONE_CALLERS', 10), 2]
    // gone as soon as the request has left
    const keys = Array.from({ length: atOnce }, () => newId())
    for (const key of keys) {
      const socket = dial(port, host)
      await once(socket, 'connect')
      await send(socket, key)
      socket.destroy()
    }
    await sleep(100)
    await narrow.queue.drained()
    // gone while the statement is under way, which cannot be told from a lost answer
    const late = Array.from({ length: underWay }, () => newId())
    for (const key of late) {
      const before = spy.statements.length
      const open = spy.hold()
      const socket = dial(port, host)
      await once(socket, 'connect')
      await send(socket, key)
      for (const end = Date.now() + 5000; spy.statements.length === before && Date.now() < end; ) await sleep(5)
      socket.destroy()
      await sleep(20)
      open()
      await narrow.queue.drained()
      const again = await give(key, 3)
      ok(again, 201)
      assert.equal(again.headers['idempotency-replayed'], 'true')
    }
    for (const key of keys) ok(await give(key, 3), 201)
    assert.equal(await transferCount(), count + atOnce + underWay)
    const { rows } = await inTimebank(stage.database, timebankId, systemActor, (tx) =>
      tx.client.query('SELECT DISTINCT minutes FROM ledger.transfers WHERE id = ANY ($1)', [[...keys, ...late]])
    )
    assert.deepEqual(rows, [{ minutes: 3 }])
  })

  async function listen(): Promise<{ port: number; host: string }> {
    await narrow.app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = narrow.app.server.address() as { port: number }
    return { port, host: '127.0.0.1' }
  }

  async function send(socket: Socket, key: string): Promise<void> {
    const body = JSON.stringify({ to: { memberId: ben.memberId }, minutes: 3 })
    const head = [
      `POST /v1/timebanks/${anna.timebank}/gifts HTTP/1.1`,
      'Host: commonhours.test',
      `Authorization: Bearer ${anna.token}`,
      `Idempotency-Key: ${key}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`
    ]
    await new Promise((sent) => socket.write(`${head.join('\r\n')}\r\n\r\n${body}`, sent))
  }
})

test('the books are sound after all this', async () => {
  assert.deepEqual(await inTimebank(stage.database, timebankId, systemActor, verifyBooks), [])
})
