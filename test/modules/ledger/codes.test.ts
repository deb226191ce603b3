import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import {
  findTransfer,
  getAccount,
  getAccounts,
  noLimits,
  type Operation,
  type Outcome,
  post,
  postAll,
  setAccountStatus,
  setLimits,
  tryPost,
  verifyBooks
} from '../../../src/modules/ledger/index.ts'
import { DomainError } from '../../../src/shared/errors.ts'
import { newId } from '../../../src/shared/ids.ts'
import { makePool } from '../../support/database.ts'
import { type Books, day, follow, hold, makeBooks, paths, transfer } from './support.ts'

const database = await makePool('ledger codes')
after(() => database.close())

const floor = { floorSoft: -60, floorHard: -120 }
const ceiling = { ceilingSoft: 60, ceilingHard: 120 }
const fresh = (): Promise<Books> => makeBooks(database, [{ ...floor, ...ceiling }, { ...floor, ...ceiling }, {}])

for (const [name, attempt] of Object.entries(paths)) {
  describe(name, () => {
    const answers = async (...operations: Operation[]): Promise<Outcome[]> => {
      const books = await fresh()
      return books.work(async (tx) => {
        const all: Outcome[] = []
        for (const operation of operations) all.push(await attempt(tx, operation))
        assert.deepEqual(await verifyBooks(tx), [])
        return all
      })
    }
    const codes = async (...operations: Operation[]) => (await answers(...operations)).map(({ code }) => code)

    test('a transfer moves minutes and answers both balances', async () => {
      const [outcome] = await answers(transfer(3, 4, 50))
      const { id: _, recordedAt, ...rest } = outcome!
      assert.ok(recordedAt instanceof Date)
      assert.deepEqual(rest, {
        performedOn: day,
        code: 'posted',
        replayed: false,
        debitAccount: 3,
        creditAccount: 4,
        minutes: 50,
        debitBalance: -50,
        creditBalance: 50,
        softLimitsCrossed: [],
        forced: false,
        refused: null
      })
    })

    test('the same again is answered as the first time, also when a limit or a status would refuse it now', async () => {
      const books = await fresh()
      await books.work(async (tx) => {
        const again = transfer(3, 4, 70)
        const first = await attempt(tx, again)
        await attempt(tx, transfer(3, 5, 50))
        await setLimits(tx, 3, { ...noLimits, floorHard: 0 }, 'test')
        await setAccountStatus(tx, 4, 'frozen', 'test')
        assert.deepEqual(await attempt(tx, again), { ...first, code: 'replayed', replayed: true })
        assert.deepEqual(first.softLimitsCrossed, ['debit_floor', 'credit_ceiling'])
      })
    })

    test('a settled hold answers its repeat although the hold is resolved', async () => {
      const held = hold(3, 4, 30)
      const settled = follow('settle', held, { minutes: 20 })
      assert.deepEqual(await codes(held, settled, settled), ['posted', 'posted', 'replayed'])
    })

    test('an id cannot be used for anything else', async () => {
      const first = transfer(3, 4, 10)
      const others: Operation[] = [
        { ...first, minutes: 11 },
        { ...first, credit: 5 },
        { ...first, debit: 5 },
        { ...first, kind: 'gift' },
        { ...first, performedOn: '2026-02-28' },
        { ...first, operation: 'hold' },
        { ...first, groupId: newId() },
        { ...first, minutes: 0 },
        { ...first, debit: 99 }
      ]
      assert.deepEqual(await codes(first, ...others), ['posted', ...others.map(() => 'id_reused')])
    })

    test('accounts that are not there are refused', async () => {
      assert.deepEqual(await codes(transfer(3, 99, 1), transfer(99, 3, 1), hold(98, 99, 1)), [
        'unknown_account',
        'unknown_account',
        'unknown_account'
      ])
    })

    test('accounts that are not open take part in nothing new; what was held is settled or released', async () => {
      const books = await fresh()
      await books.work(async (tx) => {
        const [first, second, moved] = [hold(3, 4, 10), hold(3, 4, 10), transfer(4, 3, 5)]
        for (const operation of [first, second, moved]) await attempt(tx, operation)
        await setAccountStatus(tx, 3, 'frozen', 'test')
        for (const refused of [
          transfer(3, 4, 1),
          transfer(4, 3, 1),
          hold(3, 5, 1),
          hold(5, 3, 1),
          follow('reverse', moved)
        ]) {
          const outcome = await attempt(tx, refused)
          assert.equal(outcome.code, 'account_not_open')
          assert.deepEqual(outcome.refused, { account: 3, balance: null, held: null, limit: null })
        }
        assert.equal((await attempt(tx, follow('settle', first))).code, 'posted')
        assert.equal((await attempt(tx, follow('release', second))).code, 'posted')
        assert.equal((await attempt(tx, follow('reverse', moved, { force: true }))).forced, true)
        assert.deepEqual(await verifyBooks(tx), [])
      })
    })

    test('the hard floor counts what is held and is met exactly', async () => {
      const outcomes = await answers(hold(3, 5, 30), transfer(3, 5, 91), transfer(3, 5, 90), hold(3, 5, 1))
      assert.deepEqual(
        outcomes.map(({ code }) => code),
        ['posted', 'below_floor', 'posted', 'below_floor']
      )
      assert.deepEqual(outcomes[3]!.refused, { account: 3, balance: -90, held: 30, limit: -120 })
      assert.equal(outcomes[3]!.debitBalance, null)
    })

    test('the hard ceiling counts what is promised and is met exactly', async () => {
      const outcomes = await answers(hold(5, 3, 30), transfer(5, 3, 91), transfer(5, 3, 90), hold(5, 3, 1))
      assert.deepEqual(
        outcomes.map(({ code }) => code),
        ['posted', 'above_ceiling', 'posted', 'above_ceiling']
      )
      assert.deepEqual(outcomes[3]!.refused, { account: 3, balance: 90, held: 30, limit: 120 })
    })

    test('a lowered limit blocks no repair: only what moves further out is refused', async () => {
      const books = await fresh()
      await books.work(async (tx) => {
        const outward = transfer(3, 4, 100)
        const [toSettle, toRelease] = [hold(3, 4, 10), hold(3, 4, 5)]
        for (const operation of [outward, toSettle, toRelease]) await attempt(tx, operation)
        await setLimits(tx, 3, { ...noLimits, floorHard: 50 }, 'test')
        await setLimits(tx, 4, { ...noLimits, ceilingHard: 0 }, 'test')
        assert.equal((await attempt(tx, transfer(3, 5, 1))).code, 'below_floor')
        assert.equal((await attempt(tx, transfer(5, 4, 1))).code, 'above_ceiling')
        assert.equal((await attempt(tx, transfer(5, 3, 1))).code, 'posted')
        assert.equal((await attempt(tx, transfer(4, 5, 1))).code, 'posted')
        for (const mending of [follow('settle', toSettle), follow('release', toRelease), follow('reverse', outward)]) {
          assert.deepEqual([(await attempt(tx, mending)).code, mending.operation], ['posted', mending.operation])
        }
      })
    })

    test('force passes limits and status, and the journal says so; it does not mark what needed no force', async () => {
      const books = await fresh()
      await books.work(async (tx) => {
        const [far, near] = [transfer(3, 4, 500, { force: true }), transfer(4, 3, 1, { force: true })]
        assert.equal((await attempt(tx, far)).forced, true)
        assert.equal((await attempt(tx, near)).forced, false)
        assert.equal((await findTransfer(tx, far.id))!.forced, true)
        assert.equal((await findTransfer(tx, near.id))!.forced, false)
        await setAccountStatus(tx, 3, 'frozen', 'test')
        assert.equal((await attempt(tx, transfer(4, 3, 1, { force: true }))).forced, true)
        assert.equal((await attempt(tx, transfer(4, 99, 1, { force: true }))).code, 'unknown_account')
      })
    })

    test('soft limits refuse nothing and are named once, by what crosses them', async () => {
      const crossed = await answers(
        hold(3, 4, 60),
        hold(3, 4, 1),
        transfer(3, 4, 1),
        transfer(4, 3, 1),
        transfer(4, 3, 1)
      )
      assert.deepEqual(
        crossed.map(({ softLimitsCrossed }) => softLimitsCrossed),
        [[], ['debit_floor', 'credit_ceiling'], [], [], []]
      )
    })

    test('settling what was held crosses nothing again', async () => {
      const held = hold(3, 4, 100)
      const [first, second] = await answers(held, follow('settle', held))
      assert.deepEqual(first!.softLimitsCrossed, ['debit_floor', 'credit_ceiling'])
      assert.deepEqual(second!.softLimitsCrossed, [])
    })

    test('malformed operations are refused, whatever is wrong with them, and stop nothing else', async () => {
      const held = hold(3, 4, 30)
      const released = follow('release', held)
      const wrong = (fields: Record<string, unknown>) => ({ ...transfer(3, 4, 10), ...fields }) as Operation
      const malformed: Operation[] = [
        wrong({ minutes: 0 }),
        wrong({ minutes: -5 }),
        wrong({ minutes: 1.5 }),
        wrong({ minutes: 3e9 }),
        wrong({ minutes: undefined }),
        wrong({ credit: 3 }),
        wrong({ debit: null }),
        wrong({ debit: 'x' }),
        wrong({ kind: 'theft' }),
        wrong({ kind: undefined }),
        wrong({ operation: 'steal' }),
        wrong({ performedOn: '2026-02-30' }),
        wrong({ performedOn: 'today' }),
        wrong({ performedOn: undefined }),
        wrong({ id: 'x' }),
        wrong({ groupId: 'x' }),
        wrong({ ref: held.id }),
        wrong({ operation: 'settle', ref: held.id }),
        wrong({ operation: 'settle' }),
        follow('settle', held, { minutes: 0 }),
        follow('settle', { id: 'x' }),
        follow('release', held, { minutes: 10 }),
        follow('reverse', held),
        follow('settle', released),
        follow('reverse', released)
      ]
      assert.deepEqual(await codes(held, released, ...malformed), [
        'posted',
        'posted',
        ...malformed.map(() => 'malformed')
      ])
    })

    test('a reference to nothing is refused', async () => {
      assert.deepEqual(
        await codes(
          follow('settle', { id: newId() }),
          follow('release', { id: newId() }),
          follow('reverse', { id: newId() })
        ),
        ['unknown_ref', 'unknown_ref', 'unknown_ref']
      )
    })

    test('a hold is settled or released once, a transfer or settlement reversed once, a reversal never', async () => {
      const held = hold(3, 4, 30)
      const settled = follow('settle', held)
      const reversed = follow('reverse', settled)
      assert.deepEqual(
        await codes(
          held,
          settled,
          follow('settle', held),
          follow('release', held),
          reversed,
          follow('reverse', settled),
          follow('reverse', reversed)
        ),
        ['posted', 'posted', 'already_resolved', 'already_resolved', 'posted', 'already_resolved', 'malformed']
      )
    })

    test('a hold is settled in part and lets go of the rest; more than was held is refused', async () => {
      const books = await fresh()
      await books.work(async (tx) => {
        const held = hold(3, 4, 30)
        assert.equal((await attempt(tx, held)).debitBalance, 0)
        assert.deepEqual([(await getAccount(tx, 3)).heldOut, (await getAccount(tx, 4)).heldIn], [30, 30])
        assert.equal((await getAccount(tx, 3)).available, -30)
        assert.equal((await attempt(tx, follow('settle', held, { minutes: 31 }))).code, 'exceeds_hold')
        const settled = await attempt(tx, follow('settle', held, { minutes: 20 }))
        assert.deepEqual(
          [settled.code, settled.minutes, settled.debitBalance, settled.creditBalance],
          ['posted', 20, -20, 20]
        )
        const accounts = await getAccounts(tx, [3, 4])
        assert.deepEqual([accounts.get(3)!.heldOut, accounts.get(4)!.heldIn], [0, 0])
        assert.deepEqual([accounts.get(3)!.spent, accounts.get(4)!.earned], [20, 20])
      })
    })

    test('a reversal is the exact opposite and keeps the kind unless told otherwise', async () => {
      const books = await fresh()
      await books.work(async (tx) => {
        const gift = transfer(3, 4, 30, { kind: 'gift' })
        const reversed = follow('reverse', gift)
        await attempt(tx, gift)
        const outcome = await attempt(tx, reversed)
        assert.deepEqual(
          [outcome.debitAccount, outcome.creditAccount, outcome.minutes, outcome.debitBalance],
          [4, 3, 30, 0]
        )
        assert.equal((await findTransfer(tx, reversed.id))!.kind, 'gift')
        assert.equal((await findTransfer(tx, gift.id))!.resolvedBy, reversed.id)
        // the totals only ever grow
        assert.deepEqual([(await getAccount(tx, 3)).earned, (await getAccount(tx, 3)).spent], [30, 30])
      })
    })
  })
}

describe('one call with several operations', () => {
  test('the same id or ref twice in one batch is refused from the second on', async () => {
    const books = await fresh()
    await books.work(async (tx) => {
      const held = hold(3, 4, 10)
      await post(tx, held)
      const same = transfer(3, 4, 5)
      const outcomes = await tryPost(tx, [same, same, follow('settle', held), follow('release', held)])
      assert.deepEqual(
        outcomes.map(({ code }) => code),
        ['posted', 'twice_in_batch', 'posted', 'twice_in_batch']
      )
    })
  })

  test('legs of a group stand or fall together; neighbours are not touched', async () => {
    const books = await fresh()
    await books.work(async (tx) => {
      const [good, bad] = [newId(), newId()]
      const outcomes = await tryPost(tx, [
        transfer(5, 3, 1),
        transfer(3, 5, 50, { groupId: bad }),
        transfer(3, 5, 500, { groupId: bad }),
        transfer(3, 4, 5, { groupId: bad }),
        transfer(3, 4, 10, { groupId: good }),
        transfer(3, 5, 100, { groupId: good }),
        transfer(5, 3, 2)
      ])
      assert.deepEqual(
        outcomes.map(({ code }) => code),
        ['posted', 'leg_failed', 'below_floor', 'leg_failed', 'posted', 'posted', 'posted']
      )
      assert.equal((await getAccount(tx, 3)).balance, -107)
      assert.deepEqual(await verifyBooks(tx), [])
    })
  })

  test('a whole group again is replayed; beside a replayed leg nothing new is posted', async () => {
    const books = await fresh()
    await books.work(async (tx) => {
      const groupId = newId()
      const legs = [transfer(3, 4, 10, { groupId }), transfer(3, 5, 10, { groupId })]
      await postAll(tx, legs)
      assert.deepEqual(
        (await postAll(tx, legs)).map(({ code, debitBalance }) => [code, debitBalance]),
        [
          ['replayed', -10],
          ['replayed', -20]
        ]
      )
      const outcomes = await tryPost(tx, [legs[0]!, transfer(3, 5, 1, { groupId })])
      assert.deepEqual(
        outcomes.map(({ code }) => code),
        ['replayed', 'leg_failed']
      )
    })
  })

  test('postAll posts all or nothing, also for a caller that catches the refusal and goes on', async () => {
    const books = await fresh()
    for (const many of [2, 2100]) {
      await books.work(async (tx) => {
        const before = await getAccounts(tx, [3, 4, 5])
        const operations = [
          ...Array.from({ length: many }, () => transfer(5, 2, 1)),
          transfer(3, 4, 1000),
          transfer(3, 4, 1)
        ]
        await assert.rejects(postAll(tx, operations), (error: DomainError) => {
          assert.equal(error.code, 'below-floor')
          assert.deepEqual(error.figures, {
            transfer: operations[many]!.id,
            minutes: 1000,
            account: 3,
            balance: 0,
            held: 0,
            floor: -120
          })
          return true
        })
        assert.deepEqual(await getAccounts(tx, [3, 4, 5]), before)
        await post(tx, transfer(3, 4, 1))
        await post(tx, transfer(4, 3, 1))
      })
    }
    assert.deepEqual(await books.work(verifyBooks), [])
  })

  test('more than a thousand go in several calls, cut between groups', async () => {
    const books = await fresh()
    await books.work(async (tx) => {
      const groupId = newId()
      const operations = [
        ...Array.from({ length: 999 }, () => transfer(1, 2, 1)),
        transfer(1, 5, 1, { groupId }),
        transfer(3, 5, 1000, { groupId }),
        transfer(1, 2, 1)
      ]
      const outcomes = await tryPost(tx, operations)
      assert.equal(outcomes.length, 1002)
      assert.deepEqual(
        outcomes.slice(998).map(({ code }) => code),
        ['posted', 'leg_failed', 'below_floor', 'posted']
      )
      const tooLong = Array.from({ length: 1001 }, () => transfer(1, 2, 1, { groupId }))
      await assert.rejects(tryPost(tx, tooLong), RangeError)
    })
  })

  test('an empty list is answered with an empty list', async () => {
    const books = await fresh()
    await books.work(async (tx) => {
      assert.deepEqual(await tryPost(tx, []), [])
      assert.deepEqual(await postAll(tx, []), [])
    })
  })

  test('every refusal has a problem of its own with its figures', async () => {
    const books = await fresh()
    await books.work(async (tx) => {
      const held = hold(5, 4, 30)
      const moved = transfer(5, 4, 10)
      await postAll(tx, [held, moved])
      await setAccountStatus(tx, 1, 'frozen', 'test')
      const refusals: [Operation[], string][] = [
        [[{ ...moved, minutes: 1 }], 'transfer-id-reused'],
        [[transfer(3, 99, 1)], 'unknown-account'],
        [[transfer(3, 1, 1)], 'account-not-open'],
        [[transfer(3, 5, 121)], 'below-floor'],
        [[transfer(5, 4, 121)], 'above-ceiling'],
        [[transfer(3, 3, 1)], 'malformed-operation'],
        [[follow('release', { id: newId() })], 'unknown-ref'],
        [[follow('settle', held, { minutes: 31 })], 'exceeds-hold'],
        [[follow('settle', held), follow('release', held)], 'malformed-operation'],
        // the cause is told, not that a leg before it fell with it
        [[transfer(5, 3, 1), transfer(3, 5, 500)], 'below-floor']
      ]
      for (const [operations, code] of refusals) {
        await assert.rejects(
          postAll(tx, operations),
          (error: unknown) => error instanceof DomainError && error.code === code
        )
      }
      await post(tx, follow('release', held, { performedOn: day }))
      await assert.rejects(post(tx, follow('settle', held)), { code: 'already-resolved' })
    })
  })
})
