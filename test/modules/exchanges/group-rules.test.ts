import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  eachTheirOwn,
  groupRules,
  legsFor,
  type PlannedLeg,
  shareAmong,
  splitEqually
} from '../../../src/modules/exchanges/group-rules.ts'
import { roundMinutes } from '../../../src/shared/minutes.ts'

const pot = 1
const provider = 10
const sums = (legs: readonly PlannedLeg[]) => {
  const balances = new Map<number, number>()
  const add = (account: number, minutes: number) => balances.set(account, (balances.get(account) ?? 0) + minutes)
  for (const { debit, credit, minutes } of legs) {
    add(debit, -minutes)
    add(credit, minutes)
  }
  return balances
}

test('a split leaves nothing over: the largest remainders first, ties in the order given', () => {
  assert.deepEqual(splitEqually(100, 3), [34, 33, 33])
  assert.deepEqual(splitEqually(101, 3), [34, 34, 33])
  assert.deepEqual(splitEqually(60, 4), [15, 15, 15, 15])
  assert.deepEqual(splitEqually(2, 3), [1, 1, 0])
  assert.deepEqual(splitEqually(0, 2), [0, 0])
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000_000 }), fc.integer({ min: 1, max: 500 }), (total, parts) => {
      const split = splitEqually(total, parts)
      assert.equal(split.length, parts)
      assert.equal(
        split.reduce((sum, part) => sum + part, 0),
        total
      )
      assert.ok(split[0]! - split.at(-1)! <= 1)
      assert.deepEqual(
        split,
        split.toSorted((a, b) => b - a)
      )
      for (const part of split) assert.ok(Math.abs(part - total / parts) < 1)
    })
  )
})

test('the table of rules: who is debited and credited for 60 minutes, and what is service', () => {
  const run = (receivers: number, rule: (typeof groupRules)[number]) => {
    const pairs = shareAmong(receivers, 60, 60, rule)
    const legs = legsFor(
      pairs.map((pair, i) => ({ ...pair, provider, receiver: 20 + i })),
      pot,
      rule
    )
    return { service: pairs.map((pair) => pair.service), balances: Object.fromEntries(sums(legs)) }
  }
  assert.deepEqual(run(2, 'split_equal'), { service: [30, 30], balances: { 10: 60, 20: -30, 21: -30 } })
  assert.deepEqual(run(4, 'each_pays_surplus_to_pot'), {
    service: [15, 15, 15, 15],
    balances: { 1: 180, 10: 60, 20: -60, 21: -60, 22: -60, 23: -60 }
  })
  assert.deepEqual(run(2, 'pot_pays'), { service: [30, 30], balances: { 1: -60, 10: 60 } })
  const many = eachTheirOwn([1, 2, 3].map(() => ({ minutes: 120, credit: 120 })))
  const legs = legsFor(
    many.map((pair, i) => ({ ...pair, provider: 10 + i, receiver: 20 })),
    pot,
    null
  )
  assert.deepEqual(Object.fromEntries(sums(legs)), { 10: 120, 11: 120, 12: 120, 20: -360 })
  assert.ok(legs.every(({ kind }) => kind === 'exchange'))
})

test('whatever the rule, service and credits are all shared, and what moves comes to nothing on the whole', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 50 }),
      fc.integer({ min: 50, max: 2000 }),
      fc.constantFrom(...groupRules),
      fc.constantFrom(1, 5, 15, 60),
      fc.constantFrom('nearest' as const, 'up' as const, 'down' as const, 'none' as const),
      (receivers, minutes, rule, granularity, rounding) => {
        const credit = roundMinutes(minutes, granularity, rounding)
        const pairs = shareAmong(receivers, minutes, credit, rule)
        const total = (field: 'service' | 'credit' | 'surplus') => pairs.reduce((sum, pair) => sum + pair[field], 0)
        assert.equal(total('service'), minutes)
        assert.equal(total('credit'), credit)
        assert.equal(total('surplus'), rule === 'each_pays_surplus_to_pot' ? credit * (receivers - 1) : 0)
        assert.ok(pairs.every(({ service }) => service > 0))
        const legs = legsFor(
          pairs.map((pair, i) => ({ ...pair, provider, receiver: 20 + i })),
          pot,
          rule
        )
        assert.ok(legs.every((leg) => leg.minutes > 0 && leg.debit !== leg.credit))
        const balances = sums(legs)
        assert.equal(
          [...balances.values()].reduce((sum, balance) => sum + balance, 0),
          0
        )
        assert.equal(balances.get(provider) ?? 0, credit)
        for (let i = 0; i < receivers; i += 1) {
          const debited = 0 - (balances.get(20 + i) ?? 0)
          if (rule === 'each_pays_surplus_to_pot') assert.equal(debited, credit)
          if (rule === 'pot_pays') assert.equal(debited, 0)
          if (rule === 'split_equal') assert.ok(Math.abs(debited - credit / receivers) < 1)
        }
      }
    )
  )
})

test('time that is recorded only moves nothing: on no account, or on the same one for both', () => {
  const pairs = shareAmong(3, 60, 60, 'each_pays_surplus_to_pot')
  const legs = legsFor(
    pairs.map((pair, i) => ({ ...pair, provider, receiver: i === 0 ? provider : 20 + i })),
    pot,
    'each_pays_surplus_to_pot'
  )
  assert.deepEqual(Object.fromEntries(sums(legs)), { 1: 80, 10: 40, 21: -60, 22: -60 })
  assert.deepEqual(
    legsFor(
      pairs.map((pair, i) => ({ ...pair, provider: null, receiver: 20 + i })),
      pot,
      'pot_pays'
    ),
    []
  )
})
