import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type Counting,
  groupRules,
  legsFor,
  type PlannedLeg,
  shareAmong,
  splitByWeight,
  splitWithLeast
} from '../../../src/modules/exchanges/group-rules.ts'
import { roundMinutes } from '../../../src/shared/minutes.ts'
import { seedOf } from '../ledger/support.ts'

const pot = 1
const provider = 10
const total = (minutes: readonly number[]) => minutes.reduce((sum, each) => sum + each, 0)
const sums = (legs: readonly PlannedLeg[]) => {
  const balances = new Map<number, number>()
  const add = (account: number, minutes: number) => balances.set(account, (balances.get(account) ?? 0) + minutes)
  for (const { debit, credit, minutes } of legs) {
    add(debit, -minutes)
    add(credit, minutes)
  }
  return balances
}
const toTheMinute: Counting = { worth: (minutes) => minutes, countPreparation: true, countTravel: false }
const plain = (minutes: number) => ({ minutes, preparation: 0, travel: 0 })
const equally = (parts: number, weight = 60) => Array.from({ length: parts }, () => weight)

test('a split leaves nothing over: the largest remainders first, ties in the order given', () => {
  assert.deepEqual(splitByWeight(100, equally(3)), [34, 33, 33])
  assert.deepEqual(splitByWeight(101, equally(3)), [34, 34, 33])
  assert.deepEqual(splitByWeight(60, equally(4)), [15, 15, 15, 15])
  assert.deepEqual(splitByWeight(2, equally(3)), [1, 1, 0])
  assert.deepEqual(splitByWeight(0, equally(2)), [0, 0])
  assert.deepEqual(splitByWeight(60, [60, 30, 30]), [30, 15, 15])
  // quotas 5.83, 2.92, 1.25: the second has the largest remainder
  assert.deepEqual(splitByWeight(10, [70, 35, 15]), [6, 3, 1])
  assert.deepEqual(splitByWeight(10, [1, 5, 5]), [1, 5, 4])
  const scenario = fc.record({
    whole: fc.integer({ min: 0, max: 100_000 }),
    weights: fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 50 })
  })
  fc.assert(
    fc.property(scenario, ({ whole, weights }) => {
      const parts = splitByWeight(whole, weights)
      assert.equal(total(parts), whole)
      const sum = total(weights)
      for (const [i, part] of parts.entries()) assert.ok(Math.abs(part - (whole * weights[i]!) / sum) < 1)
      // who weighs more never has less, and of equals an earlier one never less than a later
      for (let i = 1; i < parts.length; i += 1)
        for (let j = 0; j < i; j += 1) {
          if (weights[j]! >= weights[i]!) assert.ok(parts[j]! >= parts[i]!)
          else assert.ok(parts[j]! <= parts[i]!)
        }
    }),
    { seed: seedOf('split') }
  )
})

test('nobody who was there is left without a minute', () => {
  assert.deepEqual(splitWithLeast(60, [...equally(2), 1]), [30, 29, 1])
  assert.deepEqual(splitWithLeast(100, [1000, 1, 1]), [98, 1, 1])
  assert.deepEqual(splitWithLeast(3, [1000, 1, 1]), [1, 1, 1])
  const scenario = fc
    .array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 50 })
    .chain((weights) =>
      fc.record({ weights: fc.constant(weights), whole: fc.integer({ min: weights.length, max: 3000 }) })
    )
  fc.assert(
    fc.property(scenario, ({ whole, weights }) => {
      const parts = splitWithLeast(whole, weights)
      assert.equal(total(parts), whole)
      assert.ok(parts.every((part) => part >= 1))
      const sum = total(weights)
      if (weights.every((weight) => whole * weight >= sum)) assert.deepEqual(parts, splitByWeight(whole, weights))
    }),
    { seed: seedOf('least') }
  )
})

test('the table of rules: who is debited and credited for 60 minutes, and what is service', () => {
  const run = (receivers: number, rule: (typeof groupRules)[number]) => {
    const pairs = shareAmong(plain(60), equally(receivers), rule, toTheMinute)
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
  const many = [1, 2, 3].flatMap(() => shareAmong(plain(120), [120], null, toTheMinute))
  const legs = legsFor(
    many.map((pair, i) => ({ ...pair, provider: 10 + i, receiver: 20 })),
    pot,
    null
  )
  assert.deepEqual(Object.fromEntries(sums(legs)), { 10: 120, 11: 120, 12: 120, 20: -360 })
  assert.ok(legs.every(({ kind }) => kind === 'exchange'))
})

test('the table of attendance: who was there for a part of 60 minutes only', () => {
  const quarters = { ...toTheMinute, worth: (minutes: number) => roundMinutes(minutes, 15, 'nearest') }
  const run = (rule: (typeof groupRules)[number], contacts: number[]) =>
    shareAmong(plain(60), contacts, rule, quarters).map(({ service, contact, credit, surplus }) => [
      service,
      contact,
      credit,
      surplus
    ])
  assert.deepEqual(run('split_equal', [60, 30, 30]), [
    [30, 60, 30, 0],
    [15, 30, 15, 0],
    [15, 30, 15, 0]
  ])
  // charged 60, 30 and 15: 20 minutes are worth a quarter of an hour
  assert.deepEqual(run('each_pays_surplus_to_pot', [60, 30, 20]), [
    [33, 60, 33, 27],
    [16, 30, 16, 14],
    [11, 20, 11, 4]
  ])
  // together they were there for less than the provider was: nobody pays less than their share
  assert.deepEqual(run('each_pays_surplus_to_pot', [30, 10]), [
    [45, 30, 45, 0],
    [15, 10, 15, 0]
  ])
})

test('preparation and travel are rounded with the service, not by themselves, and counted as the policy says', () => {
  const quarters = (countPreparation: boolean, countTravel: boolean): Counting => ({
    worth: (minutes) => roundMinutes(minutes, 15, 'nearest'),
    countPreparation,
    countTravel
  })
  const time = { minutes: 60, preparation: 20, travel: 25 }
  const prepared = (counting: Counting) => shareAmong(time, [60, 60], 'split_equal', counting).map((p) => p.prepared)
  assert.deepEqual(prepared(quarters(false, false)), [0, 0])
  assert.deepEqual(prepared(quarters(true, false)), [8, 7], '80 minutes are worth 75')
  assert.deepEqual(prepared(quarters(false, true)), [15, 15], '85 minutes are worth 90')
  assert.deepEqual(prepared(quarters(true, true)), [23, 22], '105 minutes')
  assert.deepEqual(
    shareAmong(time, [60, 60], 'each_pays_surplus_to_pot', quarters(true, false)).map((p) => [p.prepared, p.surplus]),
    [
      [8, 30],
      [7, 30]
    ],
    'preparation is shared: nobody was there for it'
  )
  assert.deepEqual(
    shareAmong(time, [60, 60], 'split_equal', quarters(false, false)).map((p) => [p.preparation, p.travel]),
    [
      [10, 13],
      [10, 12]
    ],
    'on record in any case'
  )
  const legs = legsFor(
    shareAmong(time, [60, 60], 'pot_pays', quarters(true, false)).map((p, i) => ({ ...p, provider, receiver: 20 + i })),
    pot,
    'pot_pays'
  )
  assert.deepEqual(Object.fromEntries(sums(legs)), { 1: -75, 10: 75 })
})

test('whatever the rule and whoever was there for how long, all is shared, and what moves comes to nothing on the whole', () => {
  const scenario = fc.record({
    providers: fc.array(
      fc.record({
        minutes: fc.integer({ min: 8, max: 2000 }),
        preparation: fc.integer({ min: 0, max: 300 }),
        travel: fc.integer({ min: 0, max: 300 })
      }),
      { minLength: 1, maxLength: 5 }
    ),
    attended: fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 2, maxLength: 8 }),
    rule: fc.constantFrom(...groupRules),
    granularity: fc.constantFrom(1, 5, 15, 60),
    rounding: fc.constantFrom('nearest' as const, 'up' as const, 'down' as const, 'none' as const),
    countPreparation: fc.boolean(),
    countTravel: fc.boolean()
  })
  fc.assert(
    fc.property(scenario, ({ providers, attended, rule, granularity, rounding, ...counts }) => {
      const counting = { worth: (minutes: number) => roundMinutes(minutes, granularity, rounding), ...counts }
      const all = providers.map((time) =>
        shareAmong(
          time,
          attended.map((minutes) => Math.min(minutes, time.minutes)),
          rule,
          counting
        )
      )
      const legs = all.flatMap((pairs, p) =>
        legsFor(
          pairs.map((pair, i) => ({ ...pair, provider: 10 + p, receiver: 20 + i })),
          pot,
          rule
        )
      )
      assert.ok(legs.every((leg) => leg.minutes > 0 && leg.debit !== leg.credit))
      const balances = sums(legs)
      assert.equal(total([...balances.values()]), 0)
      for (const [p, pairs] of all.entries()) {
        const time = providers[p]!
        const of = (field: keyof (typeof pairs)[0]) => total(pairs.map((pair) => pair[field]))
        assert.equal(of('service'), time.minutes)
        assert.equal(of('preparation'), time.preparation)
        assert.equal(of('travel'), time.travel)
        const counted = (counts.countPreparation ? time.preparation : 0) + (counts.countTravel ? time.travel : 0)
        const whole = counting.worth(time.minutes + counted)
        assert.equal(of('credit'), counting.worth(time.minutes))
        assert.equal(of('credit') + of('prepared'), whole)
        assert.equal(balances.get(10 + p) ?? 0, whole, 'what a provider gets does not depend on who was there')
        for (const { service, surplus, prepared, credit, contact } of pairs) {
          assert.ok(service > 0 && surplus >= 0 && prepared >= 0)
          if (rule !== 'each_pays_surplus_to_pot') assert.equal(surplus, 0)
          else assert.ok(credit + surplus >= Math.min(counting.worth(contact), counting.worth(time.minutes)))
        }
      }
      const debited = 0 - total(attended.map((_, i) => balances.get(20 + i) ?? 0))
      const surplus = total(legs.filter(({ kind }) => kind === 'surplus').map(({ minutes }) => minutes))
      const given = total(all.map((pairs) => total(pairs.map(({ credit, prepared }) => credit + prepared))))
      if (rule === 'pot_pays') assert.deepEqual([debited, balances.get(pot) ?? 0], [0, 0 - given])
      else assert.deepEqual([debited - surplus, balances.get(pot) ?? 0], [given, surplus])
    }),
    { seed: seedOf('rules'), numRuns: 300 }
  )
})

test('time that is recorded only moves nothing: on no account, or on the same one for both', () => {
  const time = { minutes: 60, preparation: 30, travel: 0 }
  const pairs = shareAmong(time, equally(3), 'each_pays_surplus_to_pot', toTheMinute)
  const legs = legsFor(
    pairs.map((pair, i) => ({ ...pair, provider, receiver: i === 0 ? provider : 20 + i })),
    pot,
    'each_pays_surplus_to_pot'
  )
  assert.deepEqual(Object.fromEntries(sums(legs)), { 1: 80, 10: 60, 21: -70, 22: -70 })
  assert.deepEqual(
    legsFor(
      pairs.map((pair, i) => ({ ...pair, provider: null, receiver: 20 + i })),
      pot,
      'pot_pays'
    ),
    []
  )
})
