import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { connect } from '../../../src/db/client.ts'
import { databaseError } from '../../../src/db/errors.ts'
import {
  makePostingQueue,
  type Operation,
  type Outcome,
  tryPost,
  verifyBooks
} from '../../../src/modules/ledger/index.ts'
import { makePool } from '../../support/database.ts'
import { submitter } from './queues.ts'
import { limits, members, type Outline, outline, run, runTwo, type Seen, scenario, toOperations } from './scenarios.ts'
import { makeBooks, mulberry, seedOf, sizeOf, tally } from './support.ts'

const database = await makePool('ledger model')
const second = connect({ url: database.url })
after(async () => {
  await second.close()
  await database.close()
})

const runs = sizeOf('MODEL_RUNS', 50)

for (const [path, oneByOne] of [
  ['post_one', true],
  ['post_many', false]
] as const) {
  test(`${path} answers and keeps accounts and journal as the model does`, { timeout: 3_600_000 }, async () => {
    const seen: Seen = { operations: 0, codes: new Map() }
    await fc.assert(
      fc.asyncProperty(scenario, (s) => run(database, s, oneByOne, seen)),
      { seed: seedOf(path), numRuns: runs, interruptAfterTimeLimit: 60_000 + 1000 * runs, markInterruptAsFailure: true }
    )
    console.log(path, `${runs} runs,`, seen.operations, 'operations', Object.fromEntries([...seen.codes].sort()))
    const wanted = [
      'posted',
      'replayed',
      'kept refusal',
      'id_reused',
      'unknown_account',
      'account_not_open',
      'below_floor',
      'above_ceiling'
    ]
    wanted.push('malformed', 'unknown_ref', 'already_resolved', 'exceeds_hold', 'soft limit crossed', 'expired')
    if (!oneByOne) wanted.push('twice_in_batch', 'leg_failed')
    // a model test that never sees a refusal proves nothing about it
    assert.deepEqual(
      wanted.filter((code) => !seen.codes.get(code)),
      []
    )
  })
}

for (const [path, oneByOne] of [
  ['post_one', true],
  ['post_many', false]
] as const) {
  test(`${path}: two timebanks in the same calls answer as if each were alone`, { timeout: 3_600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(scenario, (s) => runTwo(database, s, oneByOne)),
      { seed: seedOf(`two timebanks, ${path}`), numRuns: Math.ceil(runs / 10) }
    )
  })
}

test('the same operations from 8 connections at once keep every invariant', { timeout: 3_600_000 }, async () => {
  const random = mulberry(seedOf('interleaved'))
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const batches = sizeOf('INTERLEAVED_BATCHES', 240)
  const initial = fc.sample(fc.array(limits, { minLength: members.length, maxLength: members.length }), {
    seed: Math.floor(random() * 2 ** 31),
    numRuns: 1
  })[0]!
  const outlines: Outline[][] = fc.sample(fc.array(outline, { minLength: 1, maxLength: 8 }), {
    seed: Math.floor(random() * 2 ** 31),
    numRuns: batches
  })
  const books = await makeBooks(database, initial)
  const queues = [database, second].map((of) => submitter(makePostingQueue(of), books))
  // what one worker does the others repeat, refer to and contradict
  const past: Operation[] = []
  const answers: { operation: Operation; outcome: Outcome; keep: boolean }[] = []
  const posted = new Set<string>()
  await Promise.all(
    Array.from({ length: 8 }, async (_, worker) => {
      for (let batch = outlines.pop(); batch; batch = outlines.pop()) {
        const operations = toOperations(batch, past, (id) => posted.has(id))
        past.splice(0, past.length - 300)
        const queue = queues[worker % 4]
        const keep = queue !== undefined || pick([true, false])
        const inBatches = pick([true, false])
        const post = async (some: Operation[]): Promise<Outcome[]> =>
          queue ? Promise.all(some.map(queue)) : again(() => books.work((tx) => tryPost(tx, some, { keep })))
        const calls = inBatches || queue ? [operations] : operations.map((one) => [one])
        for (const call of calls) {
          const outcomes = await post(call)
          for (const [i, outcome] of outcomes.entries()) {
            answers.push({ operation: call[i]!, outcome, keep })
            if (outcome.code === 'posted') posted.add(outcome.id)
          }
        }
      }
    })
  )
  const counts = tally(answers.map(({ outcome }) => outcome))
  console.log('interleaved:', answers.length, 'operations', counts)
  assert.ok(counts['posted']! > batches / 10)

  assert.deepEqual(await books.work(verifyBooks), [])
  await books.work(async (tx) => {
    const read = async (text: string) => (await tx.client.query({ text, rowMode: 'array' })).rows
    // what was told is what stands: each id once, with the balances of the answer
    const journal = new Map(
      (await read('SELECT id, debit_balance, credit_balance, minutes FROM ledger.transfers')).map(([id, ...rest]) => [
        id,
        rest
      ])
    )
    const told = new Map<string, unknown[]>()
    for (const { outcome } of answers) {
      if (outcome.code !== 'posted' && outcome.code !== 'replayed') continue
      const now = [outcome.debitBalance, outcome.creditBalance, outcome.minutes]
      assert.deepEqual(told.get(outcome.id) ?? now, now)
      told.set(outcome.id, now)
    }
    assert.deepEqual(told, journal)
    assert.equal(counts['posted'], journal.size)
    // a hold ends by itself exactly while it is open
    assert.deepEqual(
      (await read('SELECT hold_id FROM ledger.hold_expiries ORDER BY 1')).flat(),
      (
        await read(
          `SELECT h.id FROM ledger.transfers h
            WHERE h.operation = 2 AND h.id = ANY (ARRAY[${answers.flatMap(({ operation }) => expiring(operation)).join()}]::uuid[])
              AND NOT EXISTS (SELECT FROM ledger.transfers r WHERE r.ref = h.id) ORDER BY 1`
        )
      ).flat()
    )
    // a follow-up for each crossing, and no other
    assert.deepEqual(
      await read('SELECT transfer_id, which, account_id, balance FROM ledger.limit_crossings ORDER BY 1, 2'),
      await read(
        `SELECT id, 'ceiling', credit_account, credit_balance FROM ledger.transfers WHERE flags & 2 <> 0
          UNION ALL SELECT id, 'floor', debit_account, debit_balance FROM ledger.transfers WHERE flags & 1 <> 0 ORDER BY 1, 2`
      )
    )
    // whoever went past a hard limit, or further past it, was forced to
    const rows = await read(
      `SELECT e.account_id, e.side, e.operation, e.minutes, h.minutes, t.flags & 4 <> 0
         FROM ledger.entries e JOIN ledger.transfers t ON t.id = e.transfer_id
         LEFT JOIN ledger.transfers h ON h.id = e.ref AND h.operation = 2 ORDER BY e.account_id, e.version`
    )
    const stands = new Map(members.map((id) => [id, { balance: 0, debit: 0, credit: 0 }]))
    for (const [account, side, operation, minutes, heldMinutes, forced] of rows) {
      const now = stands.get(account)!
      const { floorHard, ceilingHard } = initial[account - members[0]!]!
      const before = { debit: now.balance - now.debit, credit: now.balance + now.credit }
      now[side as 'debit'] += operation === 2 ? minutes : -(heldMinutes ?? 0)
      if (operation !== 2 && operation !== 4) now.balance += side === 'debit' ? -minutes : minutes
      const past = {
        debit: floorHard !== null && now.balance - now.debit < Math.min(floorHard, before.debit),
        credit: ceilingHard !== null && now.balance + now.credit > Math.max(ceilingHard, before.credit)
      }
      assert.ok(forced || !past[side as 'debit'], `account ${account}: ${side} of ${minutes} past a hard limit`)
    }
  })
})

const expiring = (operation: Operation): string[] =>
  'expiresAt' in operation && operation.expiresAt ? [`'${operation.id}'`] : []

/** An id posted at the same moment between other accounts undoes a call of several: it is made again. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (databaseError(error)?.code !== '23505') throw error
    }
  }
}
