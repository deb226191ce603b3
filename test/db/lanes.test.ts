import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { type Database, readOnce, type Tx } from '../../src/db/client.ts'
import { openLanes } from '../../src/db/lanes.ts'
import type { Statement } from '../../src/db/together.ts'
import { systemActor } from '../../src/shared/actor.ts'
import { newId } from '../../src/shared/ids.ts'
import { makePool } from '../support/database.ts'

let database: Database & { url: string }
let owner: pg.Client

before(async () => {
  database = await makePool('lanes')
  owner = new pg.Client({ connectionString: database.url })
  await owner.connect()
  await owner.query(`CREATE SCHEMA tried; CREATE TABLE tried.things (id integer PRIMARY KEY, word text);
    INSERT INTO tried.things SELECT i, 'word ' || i FROM generate_series(1, 1000) i;
    GRANT USAGE ON SCHEMA tried TO commonhours_service; GRANT SELECT, UPDATE ON tried.things TO commonhours_service`)
})

after(async () => {
  await owner.end()
  await database.close()
})

const wordOf = (id: number): Statement => ({
  name: 'word',
  text: 'SELECT word FROM tried.things WHERE id = $1',
  values: [id]
})
const connections = async (): Promise<number> => {
  const { rows } = await owner.query(
    "SELECT count(*)::integer AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'commonhours'"
  )
  return rows[0].n
}

test('hundreds at once each get their own answer, by two connections', async () => {
  const asked = Array.from({ length: 500 }, (_, i) => 1 + ((i * 7) % 1000))
  const answers = await Promise.all(asked.map((id) => database.lanes.run([wordOf(id)])))
  assert.deepEqual(
    answers.map(([result]) => result?.rows[0].word),
    asked.map((id) => `word ${id}`)
  )
  assert.equal(await connections(), 2)
})

test('one that fails fails alone', async () => {
  const wrong: Statement = { name: 'wrong', text: 'SELECT 1 / $1::integer', values: [0] }
  const unknown: Statement = { text: 'SELECT nothing_there' }
  const answers = await Promise.allSettled(
    Array.from({ length: 200 }, (_, i) =>
      database.lanes.run(i % 10 === 3 ? [wordOf(1), wrong, wordOf(2)] : i % 10 === 7 ? [unknown] : [wordOf(i + 1)])
    )
  )
  for (const [i, answer] of answers.entries()) {
    if (i % 10 === 3) assert.equal(answer.status === 'rejected' && answer.reason.code, '22012')
    else if (i % 10 === 7) assert.equal(answer.status === 'rejected' && answer.reason.code, '42703')
    else assert.equal(answer.status === 'fulfilled' && answer.value[0]?.rows[0].word, `word ${i + 1}`)
  }
  assert.equal(await connections(), 2)
})

test('neighbours on one connection each see their own timebank, and none can write', async () => {
  const read = <T>(timebank: string, work: (tx: Tx) => Promise<T>) =>
    readOnce(database, timebank, systemActor, work, { short: true })
  const timebanks = Array.from({ length: 100 }, newId)
  const seen = await Promise.all(
    timebanks.map((timebank) =>
      read(timebank, (tx) =>
        tx.client.query("SELECT current_setting('commonhours.timebank') AS it WHERE $1::integer = 1", [1])
      )
    )
  )
  assert.deepEqual(
    seen.map(({ rows }) => rows[0].it),
    timebanks
  )
  const changes = timebanks.map((timebank, i) =>
    read(timebank, (tx) => tx.client.query('UPDATE tried.things SET word = $1 WHERE id = $2', ['changed', i + 1]))
  )
  for (const change of await Promise.allSettled(changes))
    assert.equal(change.status === 'rejected' && change.reason.code, '25006')
  const [bare] = await database.lanes.run([
    { name: 'bare', text: "SELECT current_setting('commonhours.timebank', true) AS it", values: [] }
  ])
  assert.equal(bare?.rows[0].it ?? '', '')
})

test('a read that takes long does not hold up those that come after it', async () => {
  const slow = database.lanes.run([{ text: 'SELECT pg_sleep($1)', values: [0.5] }])
  const began = performance.now()
  for (let i = 1; i <= 20; i += 1) await database.lanes.run([wordOf(i)])
  assert.ok(performance.now() - began < 400)
  await slow
})

test('those who wait on a connection that is lost are told, and the next find another', async () => {
  const waiting = Array.from({ length: 20 }, () =>
    database.lanes.run([{ text: 'SELECT pg_sleep($1)', values: [0.2] }]).then(
      () => 'answered',
      () => 'told'
    )
  )
  await new Promise((resume) => setTimeout(resume, 100))
  await owner.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'commonhours'"
  )
  const outcomes = await Promise.all(waiting)
  assert.ok(outcomes.includes('told'))
  const [answer] = await database.lanes.run([wordOf(5)])
  assert.equal(answer?.rows[0].word, 'word 5')
})

test('statements go on working when a column has got another type', async () => {
  const read = () => Promise.all(Array.from({ length: 50 }, (_, i) => database.lanes.run([wordOf(i + 1)])))
  await read()
  await owner.query('ALTER TABLE tried.things ALTER COLUMN word TYPE varchar(50)')
  const answers = await read()
  assert.ok(answers.every(([result], i) => result?.rows[0].word === `word ${i + 1}`))
  assert.ok((await connections()) <= 2)
})

test('where there is no server each is told, and there is one again later', async () => {
  let port = 1
  const lanes = openLanes(() => {
    const url = new URL(database.url)
    return new pg.Client(
      port === 1
        ? { host: '127.0.0.1', port, connectionTimeoutMillis: 2000 }
        : ({ connectionString: url.href, pipeline: true } as pg.ClientConfig)
    ).on('error', () => {})
  }, 2)
  const answers = await Promise.allSettled(Array.from({ length: 5 }, () => lanes.run([wordOf(1)])))
  assert.ok(answers.every(({ status }) => status === 'rejected'))
  port = 2
  assert.equal((await lanes.run([wordOf(1)]))[0]?.rows[0].word, 'word 1')
  await lanes.close()
  await assert.rejects(lanes.run([wordOf(1)]), /are closed/)
})
