import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { connect } from '../../../src/db/client.ts'
import {
  getAccount,
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
import { type Books, follow, hold, makeBooks, mulberry, seedOf, tally, transfer } from './support.ts'

const small = await makePool('ledger concurrency')
const database = connect({ url: small.url, max: 64 })
after(async () => {
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

test('16 writers between random accounts in both orders: no deadlock, and all accounts add up to 0', async () => {
  const books = await makeBooks(
    database,
    Array.from({ length: 8 }, () => ({ floorHard: -3000, ceilingHard: 3000 }))
  )
  const seed = seedOf('random pairs')
  let postedLegs = 0
  await Promise.all(
    Array.from({ length: 16 }, async (_, writer) => {
      const random = mulberry(seed + writer)
      const pick = (n: number) => Math.floor(random() * n)
      const pair = (minutes: number): Operation => {
        const debit = pick(8)
        return transfer(3 + debit, 3 + ((debit + 1 + pick(7)) % 8), minutes)
      }
      for (let i = 0; i < 40; i += 1) {
        const batch = Array.from({ length: writer % 2 ? 1 : 1 + pick(6) }, () => pair(1 + pick(90)))
        const outcomes = await books.work((tx) => tryPost(tx, batch))
        postedLegs += outcomes.filter(({ code }) => code === 'posted').length
      }
    })
  )
  assert.ok(postedLegs > 800)
  const { sum } = await books.work(trialBalance)
  assert.deepEqual([sum.balance, sum.debits], [0, sum.credits])
  assert.deepEqual(await books.work(verifyBooks), [])
})

test('a refused group leaves every row as it was, to the byte', async () => {
  const books = await makeBooks(database, [{ floorHard: -60 }, {}, {}])
  const held = hold(3, 4, 10)
  await books.work((tx) => postAll(tx, [held, transfer(3, 4, 10)]))
  // with the place and the writer of each row: not even a new version of the same content
  const rows = () =>
    books.work(async (tx) => {
      const all: unknown[] = []
      for (const table of ['accounts', 'transfers', 'books', 'limit_changes']) {
        all.push((await tx.client.query(`SELECT ctid, xmin, t::text FROM ledger.${table} t ORDER BY t::text`)).rows)
      }
      return all
    })
  const before = await rows()
  const groupId = newId()
  const outcomes = await books.work((tx) =>
    tryPost(tx, [
      transfer(5, 3, 5, { groupId }),
      follow('settle', held, { groupId }),
      hold(5, 4, 5, { groupId }),
      transfer(3, 4, 1000, { groupId }),
      transfer(5, 4, 1, { groupId })
    ])
  )
  assert.deepEqual(
    outcomes.map(({ code }) => code),
    ['leg_failed', 'leg_failed', 'leg_failed', 'below_floor', 'leg_failed']
  )
  assert.deepEqual(await rows(), before)
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
