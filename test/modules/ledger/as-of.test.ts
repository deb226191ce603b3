import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Tx } from '../../../src/db/client.ts'
import { summaryWithMoves } from '../../../src/modules/ledger/as-of.ts'
import {
  type Moment,
  type Operation,
  positionAt,
  summaryOf,
  trialBalance,
  trialBalanceAt,
  tryPost
} from '../../../src/modules/ledger/index.ts'
import { DomainError } from '../../../src/shared/errors.ts'
import { makePool } from '../../support/database.ts'
import { asOwner, follow, hold, makeBooks, seedOf, transfer } from './support.ts'

/** AS_OF_QUERIES=10000 npm test -- test/modules/ledger/as-of.test.ts */
const queries = Number(process.env['AS_OF_QUERIES'] ?? 1000)

const database = await makePool('as of')
const owner = asOwner(database.url)
const books = await makeBooks(database, Array(12).fill({}))
const random = mulberry(seedOf('as of'))
const integer = (below: number) => Math.floor(random() * below)
const some = <T>(list: readonly T[]): T => list[integer(list.length)]!

/** A row of the journal as it stands, to be gone through once more in JavaScript. */
type Entry = {
  id: string
  operation: number
  debit_account: number
  credit_account: number
  minutes: number
  performed_on: string
  recorded_at: Date
  ref: string | null
}
let journal: Entry[]
let byId: Map<string, Entry>
let resolutions: Map<string, Entry>

/** A year and more of service dates around the year of recording: late ones, early ones, and some long after. */
const dateOf = (day: number) => new Date(Date.UTC(2026, 0, 1 + day)).toISOString().slice(0, 10)

before(async () => {
  const posted: { id: string; operation: Operation['operation'] }[] = []
  for (let batch = 0; batch < 60; batch += 1) {
    const operations: Operation[] = Array.from({ length: 40 }, () => {
      const performedOn = dateOf(batch * 6 + (random() < 0.2 ? integer(300) - 150 : -integer(7)))
      const [debit, credit] = [some(books.accounts), some(books.accounts)]
      const dice = random()
      const holds = posted.filter(({ operation }) => operation === 'hold')
      const moves = posted.filter(({ operation }) => operation === 'transfer' || operation === 'settle')
      if (dice < 0.15 && holds.length > 0)
        return follow(dice < 0.1 ? 'settle' : 'release', some(holds), {
          performedOn,
          ...(dice < 0.05 ? { minutes: 15 } : {})
        })
      if (dice < 0.22 && moves.length > 0) return follow('reverse', some(moves), { performedOn })
      return (dice < 0.45 ? hold : transfer)(debit, credit, 15 * (1 + integer(20)), { performedOn })
    })
    const outcomes = await books.work((tx) => tryPost(tx, operations))
    for (const [i, { code }] of outcomes.entries()) if (code === 'posted') posted.push(operations[i]!)
  }
  // a batch is recorded at one instant; the batches are spread over the year
  await owner.pool.query(
    `UPDATE ledger.transfers t SET recorded_at = '2026-01-01T10:00:00.5Z'::timestamptz + n * interval '6 days'
       FROM (SELECT id, dense_rank() OVER (ORDER BY recorded_at) - 1 AS n FROM ledger.transfers WHERE timebank_id = $1) q
      WHERE t.timebank_id = $1 AND t.id = q.id`,
    [books.timebankId]
  )
  const { rows } = await owner.pool.query<Entry>('SELECT * FROM ledger.transfers WHERE timebank_id = $1', [
    books.timebankId
  ])
  journal = rows
  byId = new Map(rows.map((row) => [row.id, row]))
  resolutions = new Map(rows.flatMap((row) => (row.ref !== null && row.operation !== 5 ? [[row.ref, row]] : [])))
  assert.ok(journal.length > 1500, `${journal.length} posted`)
})
after(async () => {
  await owner.close()
  await database.close()
})

/** What the definitions say, gone through from the first entry to the last. */
function replay(account: number | null, counts: (entry: Entry) => boolean) {
  let [earned, spent, heldIn, heldOut] = [0, 0, 0, 0]
  for (const entry of journal) {
    if (!counts(entry)) continue
    const comes = account === null || entry.credit_account === account
    const goes = account === null || entry.debit_account === account
    if (entry.operation === 2) {
      const resolution = resolutions.get(entry.id)
      if (resolution && counts(resolution)) continue
      if (comes) heldIn += entry.minutes
      if (goes) heldOut += entry.minutes
    } else if (entry.operation !== 4) {
      if (comes) earned += entry.minutes
      if (goes) spent += entry.minutes
    }
  }
  const balance = earned - spent
  return { earned, spent, balance, heldIn, heldOut, available: balance - heldOut }
}

const counting =
  (moment: Moment) =>
  (entry: Entry): boolean =>
    'on' in moment ? entry.performed_on <= moment.on : entry.recorded_at < moment.before

function someMoment(): Moment {
  if (random() < 0.5) return { on: dateOf(integer(700) - 200) }
  // at times the very millisecond of an entry, and the one after it
  const { recorded_at } = some(journal)
  const offset = some([0, 1, -1, integer(86_400_000 * 30) - 86_400_000 * 15])
  return { before: new Date(recorded_at.getTime() + offset) }
}

const inBatches = async (work: (tx: Tx) => Promise<void>) => {
  for (let done = 0; done < queries; done += 100)
    await books.work(async (tx) => {
      for (let i = 0; i < Math.min(100, queries - done); i += 1) await work(tx)
    })
}

describe('an account as of a date or an instant', () => {
  test(`equals a replay of the journal, ${queries} queries with late, early and future service dates`, async () => {
    await inBatches(async (tx) => {
      const [account, moment] = [some(books.accounts), someMoment()]
      assert.deepEqual(
        await positionAt(tx, account, moment),
        replay(account, counting(moment)),
        JSON.stringify({ account, moment })
      )
    })
  })

  test('holds never fall below nothing, also where what resolved one has an earlier service date', async () => {
    await books.work(async (tx) => {
      for (let day = -160; day < 560; day += 20) {
        const { heldIn, heldOut } = await positionAt(tx, some(books.accounts), { on: dateOf(day) })
        assert.ok(heldIn >= 0 && heldOut >= 0)
      }
    })
    assert.ok(
      journal.some((r) => (r.operation === 3 || r.operation === 4) && r.performed_on < byId.get(r.ref!)!.performed_on)
    )
  })

  test('long before the first entry it is empty, and long after the last it is the present one', async () => {
    await books.work(async (tx) => {
      const account = books.accounts[0]!
      const nothing = { earned: 0, spent: 0, balance: 0, heldIn: 0, heldOut: 0, available: 0 }
      assert.deepEqual(await positionAt(tx, account, { on: '1900-01-01' }), nothing)
      assert.deepEqual(await positionAt(tx, account, { before: new Date(0) }), nothing)
      const all = replay(account, () => true)
      assert.deepEqual(await positionAt(tx, account, { on: '2999-12-31' }), all)
      assert.deepEqual(await positionAt(tx, account, { before: new Date('2999-01-01') }), all)
    })
  })

  test('an account that is not there is not found, and the books of another timebank are closed', async () => {
    const other = await makeBooks(database, [{}])
    for (const moment of [{ on: '2026-06-01' }, { before: new Date() }]) {
      const none = (error: unknown) => error instanceof DomainError && error.code === 'not-found'
      await assert.rejects(
        books.work((tx) => positionAt(tx, 999, moment)),
        none
      )
      const { earned } = await other.work((tx) => positionAt(tx, 3, moment))
      assert.equal(earned, 0)
    }
    const foreign = other.work((tx) =>
      tx.client.query('SELECT * FROM ledger.balance_on($1, 3, $2)', [books.timebankId, '2026-06-01'])
    )
    await assert.rejects(foreign, { code: '42501' })
  })
})

describe('a period', () => {
  test('has opening and earned, less spent, as its closing balance', async () => {
    await inBatches(async (tx) => {
      const account = some(books.accounts)
      const [one, two] = [someMoment(), someMoment()]
      const { opening, earned, spent, closing } = await summaryOf(tx, account, one, two)
      const [start, end] = [replay(account, counting(one)), replay(account, counting(two))]
      assert.deepEqual([opening, closing], [start, end])
      assert.deepEqual([earned, spent], [end.earned - start.earned, end.spent - start.spent])
    })
  })

  test('without a beginning or an end has everything before or after', async () => {
    await books.work(async (tx) => {
      const account = some(books.accounts)
      const { opening, closing } = await summaryOf(tx, account, null, null)
      assert.deepEqual([opening.balance, closing], [0, replay(account, () => true)])
    })
  })

  test('has lines that lead from its opening to its closing balance', async () => {
    await books.work(async (tx) => {
      for (let i = 0; i < 50; i += 1) {
        const account = some(books.accounts)
        const day = integer(400) - 50
        const [from, to] = [dateOf(day), dateOf(day + integer(120))]
        const { opening, earned, spent, closing, moves } = await summaryWithMoves(tx, account, { from, to }, 10_000)
        const expected = journal.filter(
          (e) =>
            e.operation !== 2 &&
            e.operation !== 4 &&
            e.performed_on >= from &&
            e.performed_on <= to &&
            (e.debit_account === account || e.credit_account === account)
        )
        assert.equal(moves.length, expected.length)
        assert.equal(opening.balance + moves.reduce((sum, { minutes }) => sum + minutes, 0), closing.balance)
        assert.equal(opening.balance + earned - spent, closing.balance)
        assert.deepEqual(
          moves.map(({ performedOn }) => performedOn),
          moves.map(({ performedOn }) => performedOn).toSorted()
        )
      }
    })
  })
})

describe('the trial balance', () => {
  test(`is 0 and equals a replay at any instant and on any date`, async () => {
    await books.work(async (tx) => {
      for (let i = 0; i < Math.min(queries, 300); i += 1) {
        const moment = someMoment()
        const { sum, kinds } = await trialBalanceAt(tx, moment)
        const { earned, heldIn } = replay(null, counting(moment))
        assert.deepEqual(
          [sum.balance, sum.debits, sum.credits, sum.heldIn, sum.heldOut],
          [0, earned, earned, heldIn, heldOut(moment)],
          JSON.stringify(moment)
        )
        assert.deepEqual(
          kinds.map(({ kind, accounts }) => [kind, accounts]),
          [
            ['member', 12],
            ['community_pot', 1],
            ['opening', 1]
          ]
        )
      }
    })
  })

  const heldOut = (moment: Moment) => replay(null, counting(moment)).heldOut

  test('after the last entry is the present one', async () => {
    await books.work(async (tx) => {
      const present = await trialBalance(tx)
      assert.deepEqual(await trialBalanceAt(tx, { before: new Date('2999-01-01') }), present)
      assert.deepEqual(await trialBalanceAt(tx, { on: '2999-12-31' }), present)
    })
  })
})

/** A small generator with a seed. */
function mulberry(seed: number): () => number {
  let a = seed
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
