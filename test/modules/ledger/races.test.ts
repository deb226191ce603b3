import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { connect } from '../../../src/db/client.ts'
import {
  getAccount,
  makePostingQueue,
  type Operation,
  type Outcome,
  postAll,
  releaseExpiredHolds,
  tryPost,
  verifyBooks
} from '../../../src/modules/ledger/index.ts'
import { makePool } from '../../support/database.ts'
import { forgetMeanwhile } from './forgetting.ts'
import { submitter } from './queues.ts'
import { type Books, day, follow, hold, makeBooks, sizeOf, tally, transfer } from './support.ts'

// Each race many times over: what goes wrong once in a thousand times goes wrong every day somewhere.

const small = await makePool('ledger races')
const database = connect({ url: small.url, max: 64 })
const second = connect({ url: small.url })
after(async () => {
  await Promise.all([database.close(), second.close()])
  await small.close()
})

const inTransactions = (books: Books) => (operation: Operation) =>
  books.work(async (tx) => (await tryPost(tx, [operation], { keep: true }))[0]!)

/** One service's queue, two services' queues, and transactions of their own. */
const ways: Record<string, (books: Books) => (operation: Operation, i: number) => Promise<Outcome>> = {
  'through the queue': (books) => submitter(makePostingQueue(database), books),
  'through two queues': (books) => {
    const submits = [submitter(makePostingQueue(database), books), submitter(makePostingQueue(second), books)]
    return (operation, i) => submits[i % 2]!(operation)
  },
  'in 64 transactions': inTransactions
}

for (const [way, of] of Object.entries(ways)) {
  test(`64 debits at once with hours for one, ${way}: exactly one is posted, every time`, async () => {
    const rounds = sizeOf('DEBIT_ROUNDS', 17)
    for (let round = 0; round < rounds; round += 1) {
      const books = await makeBooks(database, [{ floorHard: -60 }, {}])
      const submit = of(books)
      const outcomes = await Promise.all(Array.from({ length: 64 }, (_, i) => submit(transfer(3, 4, 60), i)))
      assert.deepEqual(tally(outcomes), { posted: 1, below_floor: 63 })
      const account = await books.work((tx) => getAccount(tx, 3))
      assert.deepEqual([account.balance, account.version], [-60, 1])
    }
  })
}

test('settle, release and expiry of one hold at once, and a reversal twice: exactly one wins, every time', async () => {
  const wanted = sizeOf('RESOLVE_ROUNDS', 200)
  const each = 50
  const books = await makeBooks(database, [{}, {}, {}, {}])
  const queues = [makePostingQueue(database), makePostingQueue(second)].map((queue) => submitter(queue, books))
  const transactions = inTransactions(books)
  const expire = () =>
    books.work((tx) => releaseExpiredHolds({ ...tx, now: new Date('2026-03-02T00:00:00Z') }, day)).then(() => [])
  const won = { settle: 0, release: 0, expiry: 0 }
  for (let done = 0; done < wanted; done += each) {
    const holds = Array.from({ length: each }, (_, i) =>
      hold(3 + (i % 4), 3 + ((i + 1) % 4), 10, { expiresAt: new Date('2026-03-01T12:00:00Z') })
    )
    const moved = Array.from({ length: each }, (_, i) => transfer(3 + (i % 4), 3 + ((i + 1) % 4), 10))
    await books.work((tx) => postAll(tx, [...holds, ...moved]))
    const settles = holds.map((held) => follow('settle', held, { minutes: 7 }))
    const releases = holds.map((held) => follow('release', held))
    const reversals = moved.flatMap((one) => [follow('reverse', one), follow('reverse', one)])
    // the way of each contender changes, and so does who comes first
    const contenders = [...settles, ...releases, ...reversals]
      .map((operation, i) => ({ operation, at: (i * 7919 + done) % 613 }))
      .sort((a, b) => a.at - b.at)
    const [outcomes] = await Promise.all([
      Promise.all(contenders.map(({ operation, at }) => (at % 3 < 2 ? queues[at % 3]! : transactions)(operation))),
      expire(),
      expire()
    ])
    const posted = new Set(outcomes.flatMap(({ id, code }) => (code === 'posted' ? [id] : [])))
    const codes = tally(outcomes)
    assert.equal((codes['posted'] ?? 0) + (codes['already_resolved'] ?? 0), outcomes.length)
    const { rows } = await books.work((tx) =>
      tx.client.query<{ ref: string; id: string; operation: number }>(
        'SELECT ref, id, operation FROM ledger.transfers WHERE ref = ANY ($1)',
        [[...holds, ...moved].map(({ id }) => id)]
      )
    )
    const winners = new Map<string, typeof rows>()
    for (const row of rows) winners.set(row.ref, [...(winners.get(row.ref) ?? []), row])
    for (const { id } of holds) {
      const [winner, ...others] = winners.get(id) ?? []
      assert.ok(winner && others.length === 0, `hold ${id}: ${winners.get(id)?.length ?? 0} winners`)
      const [settle, release] = [settles, releases].map((list) => list.find(({ ref }) => ref === id)!.id)
      const who = winner.id === settle ? 'settle' : winner.id === release ? 'release' : 'expiry'
      won[who] += 1
      // whoever was told that it was posted is the one, and whoever is the one was told
      assert.deepEqual([posted.has(settle!), posted.has(release!)], [who === 'settle', who === 'release'])
    }
    for (const { id } of moved) {
      assert.equal(winners.get(id)?.length, 1)
      assert.equal(reversals.filter((reversal) => reversal.ref === id && posted.has(reversal.id)).length, 1)
    }
  }
  console.log(`holds resolved: ${JSON.stringify(won)}`)
  const { rows } = await books.work((tx) =>
    tx.client.query(
      'SELECT sum(held_in)::int AS held, (SELECT count(*)::int FROM ledger.hold_expiries) AS left FROM ledger.accounts'
    )
  )
  assert.deepEqual(rows, [{ held: 0, left: 0 }])
  assert.deepEqual(await books.work(verifyBooks), [])
})

test('a refusal that is forgotten at the moment of the repeat: what is told as posted is posted', async () => {
  const answers = tally(await forgetMeanwhile(database, sizeOf('FORGET_ROUNDS', 40)))
  console.log('forgotten meanwhile:', answers)
  assert.ok(answers['posted']! > 0 && answers['below_floor']! > 0)
})
