import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { type Statement, together } from '../../src/db/together.ts'
import { makeDatabase } from '../support/database.ts'

let database: Awaited<ReturnType<typeof makeDatabase>>
let pool: pg.Pool

before(async () => {
  database = await makeDatabase('together')
  pool = new pg.Pool({ connectionString: database.url, max: 1 })
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  await pool.query(`CREATE TABLE things (id integer PRIMARY KEY, word text);
    CREATE TABLE later (id integer, UNIQUE (id) DEFERRABLE INITIALLY DEFERRED)`)
})

after(async () => {
  await pool.end()
  await database.drop()
})

async function withClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let lost: Error | undefined
  try {
    return await work(client)
  } finally {
    await client.query('ROLLBACK').catch((error: Error) => {
      lost = error
    })
    client.release(lost)
  }
}

const add = (id: number, word = 'x'): Statement => ({
  name: 'add',
  text: 'INSERT INTO things VALUES ($1, $2)',
  values: [id, word]
})
const begin: Statement = { name: 'begin', text: 'BEGIN' }
const commit: Statement = { name: 'commit', text: 'COMMIT' }
const ids = async () => (await pool.query('SELECT id FROM things ORDER BY id')).rows.map(({ id }) => id)

test('each statement gets its own answer, in the order in which they were sent, prepared or not', async () => {
  await withClient(async (client) => {
    for (let round = 0; round < 3; round += 1) {
      const results = await together(client, [
        begin,
        add(100 + round, 'one'),
        { text: 'SELECT $1::integer AS n, now() AS at', values: [round] },
        { name: 'rows', text: 'SELECT i, i::text FROM generate_series(1, $1) i', values: [3], rowMode: 'array' },
        { name: 'none', text: 'SELECT 1 AS one WHERE false' },
        { text: '' },
        commit
      ])
      assert.deepEqual(
        results.map(({ command, rowCount }) => [command, rowCount]),
        [
          ['BEGIN', null],
          ['INSERT', 1],
          ['SELECT', 1],
          ['SELECT', 3],
          ['SELECT', 0],
          [null, null],
          ['COMMIT', null]
        ]
      )
      assert.equal(results[2]!.rows[0].n, round)
      assert.ok(results[2]!.rows[0].at instanceof Date)
      assert.deepEqual(results[3]!.rows, [
        [1, '1'],
        [2, '2'],
        [3, '3']
      ])
    }
  })
  assert.deepEqual(await ids(), [100, 101, 102])
  await pool.query('DELETE FROM things')
})

test('what is behind a statement that fails is not run, COMMIT neither, and the connection goes on', async () => {
  await withClient(async (client) => {
    const again: Statement = { name: 'behind', text: 'SELECT $1::integer AS n', values: [1] }
    const failing = together(client, [begin, add(1), add(1), again, add(2), commit])
    await assert.rejects(failing, { code: '23505' })
    await assert.rejects(client.query('SELECT 1'), { code: '25P02' })
    assert.equal(client.getTransactionStatus(), 'E')
    await client.query('ROLLBACK')
    // the one behind the failure was never prepared, and is now
    assert.equal((await together(client, [again]))[0]!.rows[0].n, 1)
    await assert.rejects(together(client, [{ name: 'wrong', text: 'SELECT nothing_there' }, again]), { code: '42703' })
    await assert.rejects(together(client, [{ name: 'wrong', text: 'SELECT nothing_there' }]), { code: '42703' })
    assert.equal((await client.query('SELECT 7 AS n')).rows[0].n, 7)
  })
  assert.deepEqual(await ids(), [])
})

test('without BEGIN they are one transaction: all or nothing', async () => {
  await withClient(async (client) => {
    await together(client, [add(1), add(2)])
    await assert.rejects(together(client, [add(3), add(4), add(1)]), { code: '23505' })
    await together(client, [{ text: "SELECT set_config('tried.local', 'yes', true)" }, add(5)])
    assert.equal((await client.query("SELECT current_setting('tried.local', true) AS it")).rows[0].it, '')
  })
  assert.deepEqual(await ids(), [1, 2, 5])
  await pool.query('DELETE FROM things')
})

test('a failure that comes with the end of the transaction is told too', async () => {
  const twice = { name: 'later', text: 'INSERT INTO later VALUES ($1)', values: [1] }
  await withClient(async (client) => {
    await assert.rejects(together(client, [twice, twice]), { code: '23505' })
    await assert.rejects(together(client, [begin, twice, twice, commit]), { code: '23505' })
  })
  assert.deepEqual((await pool.query('SELECT * FROM later')).rows, [])
})

test('of a value that cannot be sent nothing goes out, and the connection is given up', async () => {
  const circular: Record<string, unknown> = {}
  circular['self'] = circular
  await withClient(async (client) => {
    const bad: Statement = { text: 'SELECT $1::json', values: [circular] }
    await assert.rejects(together(client, [add(1), bad, add(2)]), /circular/i)
  })
  await withClient(async (client) => {
    await together(client, [{ name: 'twice', text: 'SELECT 1' }])
    await assert.rejects(together(client, [add(3), { name: 'twice', text: 'SELECT 2' }]), /must be unique/)
  })
  assert.deepEqual(await ids(), [])
})

test('a connection that is lost on the way is told to who waits', async () => {
  await withClient(async (client) => {
    const ended = { text: 'SELECT pg_terminate_backend(pg_backend_pid())' }
    await assert.rejects(together(client, [begin, add(1), ended, commit]))
  })
  assert.deepEqual(await ids(), [])
})

test('what is asked while they are under way waits its turn', async () => {
  await withClient(async (client) => {
    const [first, second, third] = await Promise.all([
      together(client, [begin, add(1), { text: 'SELECT pg_sleep(0.05), 1 AS n' }]),
      client.query('SELECT count(*)::integer AS n FROM things'),
      together(client, [{ text: 'SELECT 3 AS n' }, commit])
    ])
    assert.deepEqual([first[2]!.rows[0].n, second.rows[0].n, third[0]!.rows[0].n], [1, 1, 3])
  })
  assert.deepEqual(await ids(), [1])
  await pool.query('DELETE FROM things')
})
