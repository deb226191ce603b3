import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'drizzle-orm'
import pg from 'pg'
import { inTimebank, type Tx } from '../../src/db/client.ts'
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
