import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'drizzle-orm'
import pg from 'pg'
import { inTimebank, readOnce, type Tx } from '../../src/db/client.ts'
import { systemActor } from '../../src/shared/actor.ts'
import { newId } from '../../src/shared/ids.ts'
import { makePool } from '../support/database.ts'

let database: Awaited<ReturnType<typeof makePool>>
let owner: pg.Client
const timebank = newId()

before(async () => {
  database = await makePool('client')
  owner = new pg.Client({ connectionString: database.url })
  await owner.connect()
  await owner.query(`CREATE SCHEMA tried; CREATE TABLE tried.things (id integer PRIMARY KEY, word text);
    INSERT INTO tried.things VALUES (1, 'one'), (2, 'two');
    GRANT USAGE ON SCHEMA tried TO commonhours_service; GRANT SELECT, UPDATE ON tried.things TO commonhours_service`)
})

after(async () => {
  await owner.end()
  await database.close()
})

const within = <T>(work: (tx: Tx) => Promise<T>) => inTimebank(database, timebank, systemActor, work)

test('statements go on working on open connections when a column has got another type', async () => {
  const read = () => within((tx) => tx.db.execute(sql`SELECT id, word FROM tried.things WHERE id = ${1}`))
  for (let i = 0; i < 6; i += 1) await read()
  await owner.query('ALTER TABLE tried.things ALTER COLUMN word TYPE varchar(50)')
  for (let i = 0; i < 6; i += 1) assert.equal((await read()).rows[0]?.['word'], 'one')
})

test('two transactions that wait for each other both get through', async () => {
  const turn = async (first: number, second: number) =>
    within(async (tx) => {
      await tx.db.execute(sql`UPDATE tried.things SET word = word || '.' WHERE id = ${first}`)
      await new Promise((resume) => setTimeout(resume, 50))
      await tx.db.execute(sql`UPDATE tried.things SET word = word || '.' WHERE id = ${second}`)
    })
  await Promise.all([turn(1, 2), turn(2, 1), turn(1, 2), turn(2, 1)])
  const { rows } = await owner.query('SELECT word FROM tried.things ORDER BY id')
  assert.deepEqual(rows, [{ word: 'one....' }, { word: 'two....' }])
})

test('work outside a timebank, or in one that is no id, is not begun', async () => {
  await assert.rejects(async () => inTimebank(database, "x'; --", systemActor, async () => 1), /id of a timebank/)
})

const count = { text: 'SELECT count(*)::integer AS n FROM tried.things WHERE id > $1', values: [0] }
const settingOf = async () => {
  const { rows } = await database.pool.query("SELECT current_setting('commonhours.timebank', true) AS it")
  return rows[0].it ?? ''
}

test('the first statement of a transaction finds it begun, in its timebank; none is left behind', async () => {
  const setting = {
    text: "SELECT current_setting('commonhours.timebank') AS it, $1::integer, current_setting('transaction_read_only') AS only",
    values: [1]
  }
  for (const readOnly of [false, true]) {
    const work = async (tx: Tx) => {
      const { rows } = await tx.client.query(setting)
      assert.deepEqual([rows[0].it, rows[0].only], [timebank, readOnly ? 'on' : 'off'])
      const { rows: started } = await tx.client.query('SELECT now() <> statement_timestamp() AS later')
      assert.equal(started[0].later, true, 'one transaction for both')
    }
    await inTimebank(database, timebank, systemActor, work, { readOnly })
    assert.equal(await settingOf(), '')
  }
  // a first statement without parameters, and one by drizzle
  await within(async (tx) => assert.equal((await tx.client.query('SELECT 5 AS n')).rows[0].n, 5))
  await within(async (tx) => assert.equal((await tx.db.execute(sql`SELECT ${5}::integer AS n`)).rows[0]?.['n'], 5))
  assert.equal(await within(async () => 'asked nothing'), 'asked nothing')
})

test('work whose first statement failed gets nowhere with others, and its end is no success', async () => {
  const wrong = { text: 'SELECT 1 / ($1::integer - 1)', values: [1] }
  const write = { text: 'UPDATE tried.things SET word = $1 WHERE id = 1', values: ['changed'] }
  await assert.rejects(
    within(async (tx) => {
      await assert.rejects(tx.client.query(wrong), { code: '22012' })
      await assert.rejects(tx.client.query(write))
    })
  )
  await assert.rejects(
    within(async (tx) => {
      await tx.client.query(write)
      await tx.client.query(wrong).catch(() => {})
    }),
    /had failed/
  )
  assert.notEqual((await owner.query('SELECT word FROM tried.things WHERE id = 1')).rows[0].word, 'changed')
})

test('a read of a single statement sees its timebank, cannot write, and makes no second one', async () => {
  const once = <T>(work: (tx: Tx) => Promise<T>) => readOnce(database, timebank, systemActor, work)
  assert.equal((await once((tx) => tx.client.query(count))).rows[0].n, 2)
  const named = await once((tx) =>
    tx.db.execute(sql`SELECT current_setting('commonhours.timebank') = ${timebank} AS it`)
  )
  assert.equal(named.rows[0]?.['it'], true)
  assert.equal(await settingOf(), '')
  await assert.rejects(
    once((tx) => tx.client.query('UPDATE tried.things SET word = $1', ['changed'])),
    { code: '25006' }
  )
  await assert.rejects(
    once(async (tx) => {
      await tx.client.query(count)
      await tx.client.query(count)
    }),
    /single statement/
  )
  await assert.rejects(
    once((tx) => tx.client.query('SELECT 1')),
    /with parameters/
  )
  await assert.rejects(async () => readOnce(database, 'x', systemActor, async () => 1), /id of a timebank/)
  const many = await Promise.all(Array.from({ length: 40 }, () => once((tx) => tx.client.query(count))))
  assert.ok(many.every(({ rows }) => rows[0].n === 2))
})
