import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { connect } from '../../../src/db/client.ts'
import {
  getAccount,
  makePostingQueue,
  noLimits,
  type Operation,
  type Outcome,
  openAccount,
  openAccounts,
  post,
  postAll,
  trialBalance,
  tryPost,
  verifyBooks
} from '../../../src/modules/ledger/index.ts'
import { newId } from '../../../src/shared/ids.ts'
import { makePool } from '../../support/database.ts'
import { submitter } from './queues.ts'
import {
  asOwner,
  type Books,
  deadlocksOf,
  follow,
  hold,
  makeBooks,
  mulberry,
  seedOf,
  sizeOf,
  tally,
  transfer
} from './support.ts'

const small = await makePool('ledger concurrency')
const database = connect({ url: small.url, max: 64 })
const owner = asOwner(small.url)
after(async () => {
  await owner.close()
  await database.close()
  await small.close()
})

/** All at once, each in a transaction of its own. */
const race = (books: Books, operations: Operation[][]): Promise<Outcome[]> =>
  Promise.all(operations.map((batch) => books.work(async (tx) => (await tryPost(tx, batch))[0]!)))

const filler = () => transfer(1, 2, 1)

for (const [path, more] of [
  ['post_one', () => []],
  ['post_many', () => [filler()]]
] as const) {
  test(`${path}: of 64 debits at once with hours for one, exactly one is posted`, async () => {
    const books = await makeBooks(database, [{ floorHard: -60 }, {}])
    const outcomes = await race(
      books,
      Array.from({ length: 64 }, () => [transfer(3, 4, 60), ...more()])
    )
    assert.deepEqual(tally(outcomes), { posted: 1, below_floor: 63 })
    assert.equal((await books.work((tx) => getAccount(tx, 3))).balance, -60)
    assert.deepEqual(await books.work(verifyBooks), [])
  })

  test(`${path}: the same id 32 times at once is posted once and answered the same to all`, async () => {
    const books = await makeBooks(database, [{ floorHard: -60 }, {}])
    const same = transfer(3, 4, 60)
    const outcomes = await race(
      books,
      Array.from({ length: 32 }, () => [same, ...more()])
    )
    assert.deepEqual(tally(outcomes), { posted: 1, replayed: 31 })
    assert.deepEqual(
      new Set(outcomes.map(({ debitBalance, creditBalance }) => `${debitBalance} ${creditBalance}`)),
      new Set(['-60 60'])
    )
    assert.deepEqual(await books.work(verifyBooks), [])
  })

  test(`${path}: settling and releasing one hold at once, exactly one wins`, async () => {
    const books = await makeBooks(database, [{}, {}])
    for (let round = 0; round < 10; round += 1) {
      const held = hold(3, 4, 30)
      await books.work((tx) => post(tx, held))
      const outcomes = await race(
        books,
        Array.from({ length: 16 }, (_, i) => [follow(i % 2 ? 'settle' : 'release', held), ...more()])
      )
      assert.deepEqual(tally(outcomes), { posted: 1, already_resolved: 15 })
    }
    const account = await books.work((tx) => getAccount(tx, 3))
    assert.equal(account.heldOut, 0)
    assert.deepEqual(await books.work(verifyBooks), [])
  })

  test(`${path}: one transfer reversed 16 times at once goes back once`, async () => {
    const books = await makeBooks(database, [{}, {}])
    const moved = transfer(3, 4, 30)
    await books.work((tx) => post(tx, moved))
    const outcomes = await race(
      books,
      Array.from({ length: 16 }, () => [follow('reverse', moved), ...more()])
    )
    assert.deepEqual(tally(outcomes), { posted: 1, already_resolved: 15 })
    assert.equal((await books.work((tx) => getAccount(tx, 3))).balance, 0)
  })

  test(`${path}: the ceiling holds against 64 credits at once`, async () => {
    const books = await makeBooks(database, [{}, { ceilingHard: 100 }])
    const outcomes = await race(
      books,
      Array.from({ length: 64 }, () => [transfer(3, 4, 10), ...more()])
    )
    assert.deepEqual(tally(outcomes), { posted: 10, above_ceiling: 54 })
  })

  test(`${path}: recording times never contradict the order of versions`, async () => {
    const books = await makeBooks(database, [{}, {}])
    await race(
      books,
      Array.from({ length: 200 }, (_, i) => [i % 2 ? transfer(3, 4, 1) : transfer(4, 3, 1), ...more()])
    )
    const { rows } = await books.work((tx) =>
      tx.client.query(
        `SELECT count(*) AS n FROM (
         SELECT recorded_at < lag(recorded_at) OVER (PARTITION BY account_id ORDER BY version) AS backwards FROM ledger.entries
          WHERE timebank_id = $1) e WHERE backwards`,
        [books.timebankId]
      )
    )
    assert.deepEqual(rows, [{ n: 0 }])
  })
}

test('the same id at once between different accounts is posted once; the other is told that it is in use', async () => {
  const books = await makeBooks(database, [{}, {}, {}, {}])
  for (let round = 0; round < 20; round += 1) {
    const id = newId()
    const outcomes = await race(books, [[transfer(3, 4, 1, { id })], [transfer(5, 6, 1, { id })]])
    assert.deepEqual(tally(outcomes), { posted: 1, id_reused: 1 })
  }
})

test('a deadlock is counted, so that none can be relied on', async () => {
  const books = await makeBooks(database, [{}, {}, {}, {}])
  const before = await deadlocksOf(database)
  let met = () => {}
  const both = new Promise<void>((resolve) => {
    let waiting = 2
    met = () => {
      waiting -= 1
      if (waiting === 0) resolve()
    }
  })
  // two calls in one transaction, in a circle: what the README warns of
  const twice = (first: Operation, second: Operation) =>
    books.work(async (tx) => {
      await post(tx, first)
      met()
      await both
      await post(tx, second)
    })
  await Promise.all([twice(transfer(3, 4, 1), transfer(5, 6, 1)), twice(transfer(5, 6, 1), transfer(3, 4, 1))])
  assert.equal(await deadlocksOf(database), before + 1)
})

test('16 writers between random pairs and in groups of up to 20 legs: no deadlock, and all add up to 0', async () => {
  const books = await makeBooks(
    database,
    Array.from({ length: 12 }, () => ({ floorHard: -3000, ceilingHard: 3000 }))
  )
  const seed = seedOf('random pairs and groups')
  const before = await deadlocksOf(database)
  const queue = submitter(makePostingQueue(database), books)
  const rounds = sizeOf('PAIR_ROUNDS', 40)
  const posted: Record<string, number> = { single: 0, batch: 0, group: 0, queue: 0 }
  const failures: unknown[] = []
  await Promise.all(
    Array.from({ length: 16 }, async (_, writer) => {
      const random = mulberry(seed + writer)
      const pick = (n: number) => Math.floor(random() * n)
      const pair = (more: Partial<Operation> = {}): Operation => {
        const debit = pick(12)
        return transfer(3 + debit, 3 + ((debit + 1 + pick(11)) % 12), 1 + pick(90), {
          operation: pick(4) ? 'transfer' : 'hold',
          ...more
        } as object)
      }
      for (let i = 0; i < rounds; i += 1) {
        const way = ['single', 'batch', 'group', 'queue'][(writer + i) % 4]!
        const groupId = newId()
        const legs = way === 'single' ? 1 : 1 + pick(20)
        const batch = Array.from({ length: legs }, () => pair(way === 'group' ? { groupId } : {}))
        const outcomes = await (way === 'queue'
          ? Promise.all(batch.map(queue))
          : books.work((tx) => tryPost(tx, batch))
        ).catch((error: unknown) => {
          failures.push(error)
          return []
        })
        posted[way]! += outcomes.filter(({ code }) => code === 'posted').length
      }
    })
  )
  console.log('random pairs and groups:', posted)
  assert.deepEqual(failures, [])
  // transactions that the database takes back run again by themselves: only the server can tell
  assert.equal(await deadlocksOf(database), before)
  assert.ok(Object.values(posted).every((count) => count > rounds))
  const { sum } = await books.work(trialBalance)
  assert.deepEqual([sum.balance, sum.debits], [0, sum.credits])
  assert.deepEqual(await books.work(verifyBooks), [])
})

test('a refused group leaves every row of every table as it was, to the byte', async () => {
  const books = await makeBooks(database, [{ floorHard: -60, floorSoft: -20 }, { ceilingSoft: 30 }, {}])
  const held = hold(3, 4, 10, { expiresAt: new Date('2026-04-01T00:00:00Z') })
  const moved = transfer(3, 4, 15)
  await books.work((tx) => postAll(tx, [held, moved]))
  await books.work((tx) => tryPost(tx, [transfer(3, 4, 1000)], { keep: true }))
  // with the place and the writer of each row: not even a new version of the same content
  const rows = async (): Promise<Record<string, string>> => {
    const { rows: tables } = await owner.pool.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'ledger' ORDER BY 1`
    )
    const all: Record<string, string> = {}
    for (const { name } of tables) {
      const { rows: sums } = await owner.pool.query(
        `SELECT count(*)::text || ' ' || coalesce(md5(string_agg(concat_ws(' ', ctid, xmin, t::text), E'\\n' ORDER BY ctid)), '') AS sum
           FROM ${name} t`
      )
      all[name] = sums[0].sum
    }
    return all
  }
  const before = await rows()
  for (const table of ['accounts', 'transfers', 'limit_crossings', 'hold_expiries', 'refusals'])
    assert.ok(!before[`ledger.${table}`]!.startsWith('0 '), `nothing in ${table} that could change`)
  const groupId = newId()
  const legs = (): Operation[] => [
    transfer(5, 3, 5, { groupId }),
    follow('settle', held, { groupId }),
    hold(5, 4, 5, { groupId, expiresAt: new Date('2026-05-01T00:00:00Z') }),
    follow('reverse', moved, { groupId }),
    // crosses soft limits on both sides
    transfer(3, 4, 45, { groupId }),
    transfer(3, 4, 1000, { groupId }),
    transfer(5, 4, 1, { groupId })
  ]
  const refused = ['leg_failed', 'leg_failed', 'leg_failed', 'leg_failed', 'leg_failed', 'below_floor', 'leg_failed']
  for (const options of [{}, { together: true }]) {
    const outcomes = await books.work((tx) => tryPost(tx, legs(), options))
    assert.deepEqual(
      outcomes.map(({ code }) => code),
      refused
    )
    assert.deepEqual(await rows(), before)
  }
  const many = Array.from({ length: 600 }, () => transfer(5, 3, 1, { groupId }))
  assert.deepEqual(tally(await books.work((tx) => tryPost(tx, [...many, transfer(3, 4, 1000, { groupId })]))), {
    leg_failed: 600,
    below_floor: 1
  })
  await assert.rejects(books.work((tx) => postAll(tx, legs())))
  assert.deepEqual(await rows(), before)
  // the same legs without the one at fault are posted: it is not that nothing would have happened
  assert.deepEqual(
    tally(
      await books.work((tx) =>
        tryPost(
          tx,
          legs().filter((_, i) => i !== 5)
        )
      )
    ),
    { posted: 6 }
  )
  assert.notDeepEqual(await rows(), before)
})

test('accounts opened at once get numbers without gaps, also where an opening is undone', async () => {
  const books = await makeBooks(database, [])
  const ids = await Promise.all(
    Array.from({ length: 24 }, (_, i) =>
      books
        .work(async (tx) => {
          const got =
            i % 3 === 0
              ? await openAccounts(
                  tx,
                  [
                    { kind: 'member', limits: noLimits },
                    { kind: 'budget', limits: noLimits }
                  ],
                  'test'
                )
              : [await openAccount(tx, 'member', noLimits, 'test')]
          if (i % 4 === 1) throw new Error('undone')
          return got
        })
        .catch(() => [])
    )
  )
  const all = ids.flat().sort((a, b) => a - b)
  assert.deepEqual(
    all,
    all.map((_, i) => 3 + i)
  )
  assert.deepEqual(await books.work(verifyBooks), [])
})
