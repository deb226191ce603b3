import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, describe, test } from 'node:test'
import {
  extendChain,
  noLimits,
  openAccount,
  postAll,
  setLimits,
  tryPost,
  verifyBooks,
  verifyChain
} from '../../../src/modules/ledger/index.ts'
import { merklePath } from '../../../src/modules/ledger/proof.ts'
import { newId } from '../../../src/shared/ids.ts'
import { makePool } from '../../support/database.ts'
import { chain, makeSeal, seal } from './sealing.ts'
import { asOwner, type Books, makeBooks, transfer } from './support.ts'

const database = await makePool('ledger chain')
const owner = asOwner(database.url, 10)
after(async () => {
  await owner.close()
  await database.close()
})

const problemsOf = (books: Books, keys = [seal.key]) =>
  books.work(async (tx) => [...(await verifyBooks(tx)), ...(await verifyChain(tx, keys))])

const countsOf = async ({ timebankId }: Books) => {
  const { rows } = await owner.pool.query(
    `SELECT (SELECT count(*) FROM ledger.transfers WHERE timebank_id = $1) AS transfers,
            (SELECT coalesce(sum(cardinality(transfers)), 0)::int FROM ledger.blocks WHERE timebank_id = $1) AS chained,
            (SELECT count(DISTINCT id)::int FROM ledger.blocks, unnest(transfers) id WHERE timebank_id = $1) AS different,
            (SELECT count(*)::int FROM ledger.blocks WHERE timebank_id = $1) AS blocks,
            (SELECT count(*)::int FROM ledger.checkpoints WHERE timebank_id = $1) AS checkpoints`,
    [timebankId]
  )
  return rows[0] as { transfers: number; chained: number; different: number; blocks: number; checkpoints: number }
}

const some = (n: number) => Array.from({ length: n }, (_, i) => transfer(3 + (i % 3), 3 + ((i + 1) % 3), 1 + (i % 9)))

describe('the hash chain', () => {
  test('takes in everything once, a block for each 1,024, and then nothing more', async () => {
    const books = await makeBooks(database, [{}, {}, {}])
    await books.work((tx) => postAll(tx, some(2500)))
    assert.deepEqual(await problemsOf(books), [])
    assert.equal(await chain(database, books.timebankId), 3)
    assert.equal(await chain(database, books.timebankId), 0)
    assert.deepEqual(await countsOf(books), {
      transfers: 2500,
      chained: 2500,
      different: 2500,
      blocks: 3,
      checkpoints: 3
    })
    assert.deepEqual(await problemsOf(books), [])
  })

  test('catches up in steps, also where one account has more lines than a step', async () => {
    const books = await makeBooks(database, [{}, {}, {}])
    await books.work((tx) => postAll(tx, some(700)))
    await chain(database, books.timebankId, { leavesAtOnce: 50 })
    const { chained, different, blocks } = await countsOf(books)
    assert.deepEqual([chained, different], [700, 700])
    assert.ok(blocks >= 7, String(blocks))
    assert.deepEqual(await problemsOf(books), [])
  })

  test('waits for a block to fill, but not for the first after a quiet time', async () => {
    const books = await makeBooks(database, [{}, {}, {}])
    const run = () => extendChain(database, books.timebankId, seal.sealer, [seal.key])
    assert.equal(await run(), 1)
    await books.work((tx) => postAll(tx, some(5)))
    assert.equal(await run(), 0)
    await books.work((tx) => postAll(tx, some(1100)))
    assert.equal(await run(), 2)
    await books.work((tx) => postAll(tx, some(1)))
    assert.equal(await run(), 0)
    // the time of a block is part of its hash, so that only the test may turn it back, and only unseen by verify
    await owner.pool.query(
      `UPDATE ledger.blocks SET built_at = built_at - interval '11 minutes' WHERE timebank_id = $1`,
      [books.timebankId]
    )
    assert.equal(await run(), 1)
  })

  test('has changes of limits as leaves too', async () => {
    const books = await makeBooks(database, [{}])
    await chain(database, books.timebankId)
    await books.work((tx) => setLimits(tx, 3, { ...noLimits, floorHard: -60 }, 'agreed | with\nthe broker'))
    await books.work((tx) => openAccount(tx, 'organisation', noLimits, 'opened'))
    assert.equal(await chain(database, books.timebankId), 1)
    assert.deepEqual(await problemsOf(books), [])
  })

  test('a timebank without books has none', async () => {
    assert.equal(await chain(database, newId()), 0)
    const { rows } = await owner.pool.query(
      'SELECT FROM ledger.chains WHERE timebank_id NOT IN (SELECT timebank_id FROM ledger.books)'
    )
    assert.equal(rows.length, 0)
  })

  test('loses and doubles nothing while eight connections post', { timeout: 60_000 }, async () => {
    const books = await makeBooks(
      database,
      Array.from({ length: 6 }, () => ({}))
    )
    let posting = true
    const end = Date.now() + 3000
    const writers = Array.from({ length: 8 }, async (_, w) => {
      for (let i = 0; Date.now() < end; i += 1) {
        const leg = () => {
          const debit = 3 + Math.floor(Math.random() * 6)
          return transfer(debit, 3 + ((debit - 3 + 1 + Math.floor(Math.random() * 5)) % 6), 5)
        }
        const legs = Array.from({ length: w % 2 === 0 ? 1 : 7 }, leg)
        const undone = i % 10 === 9
        await books
          .work(async (tx) => {
            await tryPost(tx, legs)
            if (w === 3) await setLimits(tx, 4, { ...noLimits, floorSoft: -i }, 'while all this goes on')
            if (undone) throw new Error('undone')
          })
          .catch((error: Error) => {
            // in opposite orders some are ended by the database, as they should be
            if (error.message !== 'undone' && !/deadlock/.test(error.message)) throw error
          })
      }
    })
    let runs = 0
    const jobs = Array.from({ length: 2 }, async () => {
      while (posting) {
        await chain(database, books.timebankId, { leavesAtOnce: 40 })
        runs += 1
      }
    })
    await Promise.all(writers)
    posting = false
    await Promise.all(jobs)
    await chain(database, books.timebankId)
    const { transfers, chained, different, blocks, checkpoints } = await countsOf(books)
    assert.ok(transfers > 200 && runs > 5 && blocks > 5, JSON.stringify({ transfers, runs, blocks }))
    assert.deepEqual([chained, different, checkpoints], [transfers, transfers, blocks])
    assert.deepEqual(await problemsOf(books), [])
  })

  test('of two jobs at once one finds nothing to do, and does not wait', async () => {
    const books = await makeBooks(database, [{}, {}, {}])
    await books.work((tx) => postAll(tx, some(20)))
    await chain(database, books.timebankId)
    await books.work((tx) => postAll(tx, some(20)))
    await books.work(async (tx) => {
      const { rows } = await tx.client.query(`SELECT * FROM ledger.extend_chain($1, '0', 1000)`, [books.timebankId])
      assert.deepEqual(rows, [{ held: true, built: 1, more: false }])
      assert.equal(await chain(database, books.timebankId), 0)
    })
  })

  test('a job that is killed in the middle leaves nothing, and the next one does it', async () => {
    const books = await makeBooks(database, [{}, {}, {}])
    await books.work((tx) => postAll(tx, some(1500)))
    const broken = { kid: seal.sealer.kid, sign: () => assert.fail('no hand to sign with') }
    const before = await countsOf(books)
    await assert.rejects(extendChain(database, books.timebankId, broken, [seal.key], { patienceSeconds: 0 }), /no hand/)
    const killed = books.work(async (tx) => {
      await tx.client.query(`SELECT ledger.extend_chain($1, '0', 1000)`, [books.timebankId])
      const { rows } = await tx.client.query('SELECT pg_backend_pid() AS pid')
      await owner.pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid])
      await tx.client.query('SELECT 1')
    })
    await assert.rejects(killed)
    assert.deepEqual(await countsOf(books), before)
    await chain(database, books.timebankId)
    const { chained, different } = await countsOf(books)
    assert.deepEqual([chained, different], [1500, 1500])
    assert.deepEqual(await problemsOf(books), [])
  })

  test('is signed anew with the next key when one became known to others, and only then', async () => {
    const books = await makeBooks(database, [{}, {}, {}])
    await books.work((tx) => postAll(tx, some(1100)))
    const [old, next] = [makeSeal(), makeSeal()]
    const run = (by: typeof old, keys: (typeof old.key)[]) =>
      extendChain(database, books.timebankId, by.sealer, keys, { patienceSeconds: 0 })
    await run(old, [old.key])
    await run(next, [old.key, next.key])
    assert.equal((await countsOf(books)).checkpoints, 2)
    const known = { ...old.key, compromisedAt: new Date() }
    await run(old, [known])
    assert.equal((await countsOf(books)).checkpoints, 2)
    await run(next, [known, next.key])
    assert.equal((await countsOf(books)).checkpoints, 4)
    assert.deepEqual(await problemsOf(books, [known, next.key]), [])
    const found = await problemsOf(books, [next.key])
    assert.deepEqual(
      found.map(({ problem }) => problem),
      ['checkpoint', 'checkpoint']
    )
  })

  test("the database's root is that of the path, for every leaf of trees of every shape", async () => {
    const hash = (...parts: (string | Uint8Array)[]) =>
      createHash('sha256')
        .update(Buffer.concat(parts.map((part) => Buffer.from(part as Uint8Array))))
        .digest()
    for (const n of [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 33, 100, 1023, 1024]) {
      const leaves = Array.from({ length: n }, (_, i) => hash(`leaf ${n} ${i}`))
      const { rows } = await owner.pool.query('SELECT ledger.merkle_root($1) AS root', [Buffer.concat(leaves)])
      for (const [i, leaf] of leaves.entries()) {
        if (n > 100 && i % 97 !== 0 && i < n - 2) continue
        let node = leaf
        for (const step of merklePath(Buffer.concat(leaves), i))
          node =
            'left' in step
              ? hash(Uint8Array.of(1), Buffer.from(step.left, 'hex'), node)
              : hash(Uint8Array.of(1), node, Buffer.from(step.right, 'hex'))
        assert.ok(node.equals(rows[0]?.root), `${i} of ${n}`)
      }
    }
  })

  test('every column of a transfer and of a change of limits is part of its leaf', async () => {
    const books = await makeBooks(database, [{}, {}, {}])
    await books.work((tx) => postAll(tx, some(1)))
    const other: Record<string, unknown> = {
      uuid: newId(),
      date: '1999-01-01',
      'timestamp with time zone': '1999-01-01T00:00:00.000001Z',
      text: 'another',
      smallint: 77,
      integer: 777,
      bigint: 7777
    }
    for (const [table, leaf] of [
      ['transfers', (row: string) => `ledger.transfer_leaf('x', ${row})`],
      ['limit_changes', (row: string) => `ledger.change_leaf('x', ${row}, 'member')`]
    ] as const) {
      const { rows: columns } = await owner.pool.query<{ name: string; type: string }>(
        `SELECT attname AS name, format_type(coalesce(nullif(typbasetype, 0), atttypid), NULL) AS type FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
          WHERE attrelid = 'ledger.${table}'::regclass AND attnum > 0 AND NOT attisdropped`
      )
      assert.ok(columns.length >= 11)
      for (const { name, type } of columns) {
        const { rows } = await owner.pool.query(
          `SELECT ${leaf('t')} <> ${leaf('jsonb_populate_record(t, $2)')} AS differs
             FROM ledger.${table} t WHERE t.timebank_id = $1 LIMIT 1`,
          [books.timebankId, JSON.stringify({ [name]: name === 'status' ? 'frozen' : other[type] })]
        )
        assert.equal(rows[0]?.differs, true, `${table}.${name}`)
      }
    }
  })

  test('the service can neither write the chain nor read its secret', async () => {
    const books = await makeBooks(database, [{}])
    await chain(database, books.timebankId)
    const { work, timebankId } = books
    for (const sql of [
      'SELECT secret FROM ledger.chains',
      'UPDATE ledger.chains SET blocks = 0',
      'DELETE FROM ledger.blocks',
      'UPDATE ledger.checkpoints SET number = 9',
      'UPDATE ledger.chained_accounts SET version = 0',
      `SELECT ledger.transfer_leaf('', t) FROM ledger.transfers t`
    ])
      await assert.rejects(
        work((tx) => tx.client.query(sql)),
        /permission denied/,
        sql
      )
    const other = await makeBooks(database, [{}])
    for (const call of [
      `extend_chain($1, '0', 10)`,
      `record_checkpoints($1, 1, '{1}', now(), 'x', '{x}')`,
      'recomputed_blocks($1, 1)',
      'chain_totals($1, 1)',
      'verify_limits($1)',
      'prove_transfer($1, $1)'
    ])
      await assert.rejects(
        other.work((tx) => tx.client.query(`SELECT * FROM ledger.${call}`, [timebankId])),
        /another timebank/,
        call
      )
    const { rows } = await other.work((tx) => tx.client.query('SELECT count(*)::int AS n FROM ledger.blocks'))
    assert.deepEqual(rows, [{ n: 0 }])
  })
})
