import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { inTimebank, type Tx } from '../../../src/db/client.ts'
import {
  communityPot,
  findTransfer,
  getAccount,
  getAccounts,
  type Line,
  noLimits,
  openAccount,
  openAccounts,
  openBooks,
  openingAccount,
  post,
  postAll,
  setAccountStatus,
  setLimits,
  statement,
  trialBalance,
  verifyBooks
} from '../../../src/modules/ledger/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import type { DomainError } from '../../../src/shared/errors.ts'
import { newId } from '../../../src/shared/ids.ts'
import { makePool } from '../../support/database.ts'
import { type Books, follow, hold, makeBooks, seedOf, transfer } from './support.ts'

const database = await makePool('ledger accounts')
after(() => database.close())

const changesOf = (books: Books, account: number) =>
  books.work(async (tx) => {
    const { rows } = await tx.client.query(
      'SELECT version, status, floor_hard, actor, why FROM ledger.limit_changes WHERE account_id = $1 ORDER BY version',
      [account]
    )
    return rows
  })

describe('opening', () => {
  test('a timebank starts with its community pot and its opening account, both without limits', async () => {
    const books = await makeBooks(database, [])
    await books.work(async (tx) => {
      assert.deepEqual([communityPot, openingAccount], [1, 2])
      const { id: _, ...pot } = await getAccount(tx, 1)
      assert.deepEqual(pot, {
        kind: 'community_pot',
        status: 'open',
        earned: 0,
        spent: 0,
        balance: 0,
        heldIn: 0,
        heldOut: 0,
        available: 0,
        limits: noLimits,
        version: 0
      })
    })
  })

  test('books are opened once', async () => {
    const books = await makeBooks(database, [])
    await assert.rejects(books.work(openBooks), { code: '23505' })
  })

  test('accounts get the next numbers in the order given, with who opened them and why', async () => {
    const books = await makeBooks(database, [])
    const personId = newId()
    await books.work(
      async (tx) => {
        assert.equal(await openAccount(tx, 'member', { ...noLimits, floorHard: -60 }, 'member 7'), 3)
        assert.deepEqual(
          await openAccounts(
            tx,
            [
              { kind: 'budget', limits: { ...noLimits, floorHard: 0 } },
              { kind: 'organisation', limits: noLimits }
            ],
            'import'
          ),
          [4, 5]
        )
        assert.deepEqual(await openAccounts(tx, [], 'none'), [])
        const accounts = await getAccounts(tx, [5, 4, 3, 99])
        assert.deepEqual(
          [3, 4, 5, 99].map((id) => accounts.get(id)?.kind),
          ['member', 'budget', 'organisation', undefined]
        )
      },
      { ...systemActor, personId }
    )
    assert.deepEqual(await changesOf(books, 3), [
      { version: 1, status: 'open', floor_hard: -60, actor: personId, why: 'member 7' }
    ])
  })

  test('20,000 accounts are opened in one round trip of a second or two', async () => {
    const books = await makeBooks(database, [])
    const started = performance.now()
    const ids = await books.work((tx) =>
      openAccounts(
        tx,
        Array.from({ length: 20_000 }, () => ({ kind: 'member', limits: { ...noLimits, floorSoft: -600 } })),
        'import'
      )
    )
    assert.deepEqual([ids.length, ids[0], ids.at(-1)], [20_000, 3, 20_002])
    assert.ok(performance.now() - started < 10_000)
    assert.deepEqual(await books.work(verifyBooks), [])
  })

  test('an account needs books', async () => {
    await assert.rejects(
      inTimebank(database, newId(), systemActor, (tx) => openAccount(tx, 'member', noLimits, 'test')),
      { code: '55000' }
    )
  })
})

describe('limits and status', () => {
  test('every change is kept with its number, who and why', async () => {
    const books = await makeBooks(database, [{}])
    await books.work(async (tx) => {
      await setLimits(tx, 3, { floorSoft: -10, floorHard: -20, ceilingSoft: 10, ceilingHard: 20 }, 'agreed')
      await setAccountStatus(tx, 3, 'frozen', 'suspended')
      await setAccountStatus(tx, 3, 'frozen', 'once more is no change')
      await setAccountStatus(tx, 3, 'open', 'reinstated')
      const account = await getAccount(tx, 3)
      assert.deepEqual(account.limits, { floorSoft: -10, floorHard: -20, ceilingSoft: 10, ceilingHard: 20 })
      assert.equal(account.status, 'open')
    })
    assert.deepEqual(
      (await changesOf(books, 3)).map(({ version, status, floor_hard, why }) => [version, status, floor_hard, why]),
      [
        [1, 'open', null, 'test'],
        [2, 'open', -20, 'agreed'],
        [3, 'frozen', -20, 'suspended'],
        [4, 'open', -20, 'reinstated']
      ]
    )
    assert.deepEqual(await books.work(verifyBooks), [])
  })

  test('limits that contradict each other are refused with every fault', async () => {
    const books = await makeBooks(database, [{}])
    const wrong = { floorSoft: -30, floorHard: -20, ceilingSoft: 0.5, ceilingHard: -40 }
    for (const attempt of [
      (tx: Tx) => setLimits(tx, 3, wrong, 'test'),
      (tx: Tx) => openAccount(tx, 'member', wrong, 'test')
    ]) {
      await assert.rejects(books.work<unknown>(attempt), (error: DomainError) => {
        assert.equal(error.code, 'validation-failed')
        assert.deepEqual(
          error.errors.map(({ pointer }) => pointer),
          ['/ceilingSoft', '/floorSoft', '/ceilingSoft', '/floorHard']
        )
        return true
      })
    }
  })

  test('an account is closed empty only, and can be opened again', async () => {
    const books = await makeBooks(database, [{}, {}, {}])
    await books.work(async (tx) => {
      const held = hold(3, 4, 10)
      await postAll(tx, [held, transfer(3, 5, 10)])
      for (const id of [3, 4, 5]) {
        await assert.rejects(setAccountStatus(tx, id, 'closed', 'test'), { code: 'wrong-state' })
      }
      await postAll(tx, [follow('release', held), transfer(5, 3, 10)])
      for (const id of [3, 4, 5]) await setAccountStatus(tx, id, 'closed', 'test')
      await assert.rejects(post(tx, transfer(3, 1, 1)), { code: 'account-not-open' })
      await setAccountStatus(tx, 3, 'open', 'test')
      await post(tx, transfer(3, 1, 1))
    })
  })

  test('what is not there is not found', async () => {
    const books = await makeBooks(database, [])
    await books.work(async (tx) => {
      await assert.rejects(getAccount(tx, 99), { code: 'not-found' })
      await assert.rejects(setLimits(tx, 99, noLimits, 'test'), { code: 'not-found' })
      await assert.rejects(setAccountStatus(tx, 99, 'open', 'test'), { code: 'not-found' })
      assert.equal(await findTransfer(tx, newId()), null)
      assert.deepEqual(await statement(tx, 99, { limit: 10 }), [])
    })
  })
})

describe('statement', () => {
  const brief = (lines: Line[]) =>
    lines.map(({ version, operation, minutes, heldMinutes, balance }) => [
      version,
      operation,
      minutes,
      heldMinutes,
      balance
    ])

  test('shows both sides with sign, holds beside, and the running balance', async () => {
    const books = await makeBooks(database, [{}, {}])
    await books.work(async (tx) => {
      const [first, held, dropped] = [transfer(3, 4, 60, { kind: 'gift' }), hold(3, 4, 40), hold(4, 3, 20)]
      await postAll(tx, [first, held, dropped])
      await postAll(tx, [follow('settle', held, { minutes: 25 }), follow('release', dropped), follow('reverse', first)])
      assert.deepEqual(brief(await statement(tx, 3, { after: 0, limit: 10 })), [
        [1, 'transfer', -60, 0, -60],
        [2, 'hold', 0, 40, -60],
        [3, 'hold', 0, 20, -60],
        [4, 'settle', -25, -40, -85],
        [5, 'release', 0, -20, -85],
        [6, 'reverse', 60, 0, -25]
      ])
      assert.deepEqual(brief(await statement(tx, 4, { limit: 2 })), [
        [6, 'reverse', -60, 0, 25],
        [5, 'release', 0, -20, 85]
      ])
      const [line] = await statement(tx, 4, { after: 0, limit: 1 })
      assert.deepEqual(
        [line!.transferId, line!.kind, line!.counterAccount, line!.ref, line!.groupId, line!.performedOn],
        [first.id, 'gift', 3, null, null, first.performedOn]
      )
      assert.ok(Math.abs(line!.recordedAt.getTime() - Date.now()) < 60_000)
    })
  })

  test('a line for an earlier day takes its place in the order of recording and changes no balance before it', async () => {
    const books = await makeBooks(database, [{}, {}])
    await books.work(async (tx) => {
      await post(tx, transfer(3, 4, 60, { performedOn: '2026-03-10' }))
      const before = await statement(tx, 3, { limit: 10 })
      await post(tx, transfer(3, 4, 30, { performedOn: '2026-01-05' }))
      await post(tx, transfer(4, 3, 10, { performedOn: '2026-02-05' }))
      const lines = await statement(tx, 3, { after: 0, limit: 10 })
      assert.deepEqual(
        lines.map(({ performedOn, balance }) => [performedOn, balance]),
        [
          ['2026-03-10', -60],
          ['2026-01-05', -90],
          ['2026-02-05', -80]
        ]
      )
      assert.deepEqual(lines.slice(0, 1), before)
      const dates = async (options: object) =>
        (await statement(tx, 3, { limit: 10, ...options })).map(({ performedOn }) => performedOn)
      assert.deepEqual(await dates({ from: '2026-02-05' }), ['2026-02-05', '2026-03-10'])
      assert.deepEqual(await dates({ to: '2026-02-05' }), ['2026-02-05', '2026-01-05'])
      assert.deepEqual(await dates({ from: '2026-02-05', to: '2026-02-05', order: 'oldest' }), ['2026-02-05'])
      assert.deepEqual(await verifyBooks(tx), [])
    })
  })

  test('pages in both directions, whatever their size, put together are the whole', async () => {
    const books = await makeBooks(database, [{}, {}, {}])
    const whole = await books.work(async (tx) => {
      await postAll(
        tx,
        Array.from({ length: 60 }, (_, i) =>
          (i % 5 === 0 ? hold : transfer)(3 + (i % 3), 3 + ((i + 1 + (i % 2)) % 3), 1 + i)
        )
      )
      return statement(tx, 3, { after: 0, limit: 1000 })
    })
    assert.deepEqual(
      whole.map(({ version }) => version),
      whole.map((_, i) => i + 1)
    )
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 50 }), fc.boolean(), async (limit, newest) => {
        const lines = await books.work(async (tx) => {
          const all: Line[] = []
          for (;;) {
            const last = all.at(-1)?.version
            const page = await statement(tx, 3, newest ? { before: last, limit } : { after: last ?? 0, limit })
            assert.ok(page.length <= limit)
            if (page.length === 0) return all
            all.push(...page)
          }
        })
        assert.deepEqual(newest ? lines.toReversed() : lines, whole)
      }),
      { seed: seedOf('pages'), numRuns: 30 }
    )
    for (const [order, versions] of [
      ['newest', [8, 7, 6]],
      ['oldest', [6, 7, 8]]
    ] as const) {
      const between = await books.work((tx) => statement(tx, 3, { after: 5, before: 9, limit: 10, order }))
      assert.deepEqual(
        between.map(({ version }) => version),
        versions
      )
    }
  })
})

test('the trial balance adds up by kind and over all', async () => {
  const books = await makeBooks(database, [{}, {}])
  await books.work(async (tx) => {
    await postAll(tx, [
      transfer(3, 4, 60),
      transfer(4, 1, 10, { kind: 'donation' }),
      hold(4, 3, 5),
      transfer(2, 3, 100, { kind: 'opening' })
    ])
    const { kinds, sum } = await trialBalance(tx)
    assert.deepEqual(kinds, [
      { kind: 'member', accounts: 2, debits: 70, credits: 160, balance: 90, heldIn: 5, heldOut: 5 },
      { kind: 'community_pot', accounts: 1, debits: 0, credits: 10, balance: 10, heldIn: 0, heldOut: 0 },
      { kind: 'opening', accounts: 1, debits: 100, credits: 0, balance: -100, heldIn: 0, heldOut: 0 }
    ])
    assert.deepEqual(sum, { accounts: 4, debits: 170, credits: 170, balance: 0, heldIn: 5, heldOut: 5 })
  })
})

test('the view of entries shows two sides that cancel out', async () => {
  const books = await makeBooks(database, [{}, {}])
  await books.work(async (tx) => {
    await postAll(tx, [transfer(3, 4, 60), hold(4, 3, 10)])
    const { rows } = await tx.client.query(
      'SELECT account_id AS a, version AS v, side, delta, balance AS b FROM ledger.entries ORDER BY 1, 2'
    )
    assert.deepEqual(rows, [
      { a: 3, v: 1, side: 'debit', delta: -60, b: -60 },
      { a: 3, v: 2, side: 'credit', delta: 0, b: -60 },
      { a: 4, v: 1, side: 'credit', delta: 60, b: 60 },
      { a: 4, v: 2, side: 'debit', delta: 0, b: 60 }
    ])
  })
})
