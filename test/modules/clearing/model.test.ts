import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import {
  changeAgreementLimits,
  endAgreement,
  resumeAgreement,
  suspendAgreement
} from '../../../src/modules/clearing/agreement-steps.ts'
import { findAgreement } from '../../../src/modules/clearing/agreements.ts'
import { advance } from '../../../src/modules/clearing/delivery.ts'
import { acceptAgreement, clearingTasks, listPairs, proposeAgreement } from '../../../src/modules/clearing/index.ts'
import { listClearingTransfers } from '../../../src/modules/clearing/read.ts'
import { reverseTransfer } from '../../../src/modules/clearing/reversal.ts'
import type { ClearingTransfer } from '../../../src/modules/clearing/transfers.ts'
import { type Actor, systemActor } from '../../../src/shared/actor.ts'
import { DomainError } from '../../../src/shared/errors.ts'
import { makePool } from '../../support/database.ts'
import { seedOf } from '../ledger/support.ts'
import { balanceOf, makeTown, type Pool, refuseUnsound, runJobs, send, type Town } from './support.ts'

const seed = seedOf('clearing')

let pool: Pool
before(async () => {
  pool = await makePool('clearing-model')
})
after(() => pool.close())

const town = fc.integer({ min: 0, max: 2 })
const pair = { from: town, other: fc.integer({ min: 1, max: 2 }) }
const often = <T>(arbitrary: fc.Arbitrary<T>, weight: number) => ({ arbitrary, weight })

/** One thing that happens. `crashAt`: the work is killed before that transaction of it, counted from 0. */
const happening = fc.oneof(
  often(
    fc.record({
      what: fc.constant('send' as const),
      ...pair,
      bev: fc.boolean(),
      nobody: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      minutes: fc.integer({ min: 1, max: 120 })
    }),
    8
  ),
  often(
    fc.record({
      what: fc.constant('advance' as const),
      which: fc.nat(1000),
      crashAt: fc.option(fc.integer({ min: 0, max: 5 })),
      times: fc.integer({ min: 1, max: 3 })
    }),
    8
  ),
  often(fc.record({ what: fc.constant('reverse' as const), which: fc.nat(1000), atSender: fc.boolean() }), 3),
  often(
    fc.record({
      what: fc.constant('word' as const),
      ...pair,
      word: fc.constantFrom('propose', 'accept', 'limits', 'suspend', 'resume', 'end'),
      owing: fc.integer({ min: 0, max: 300 }),
      owed: fc.integer({ min: 0, max: 300 })
    }),
    4
  ),
  often(fc.record({ what: fc.constant('tell' as const), ...pair }), 3)
)
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never

const broker: Actor = { ...systemActor, roles: ['member', 'broker', 'admin'] }

async function allSent(towns: Town[]): Promise<{ town: Town; row: ClearingTransfer }[]> {
  const lists = await Promise.all(
    towns.map(async (of) => {
      const filter = { direction: 'out' }
      const rows = await of.asService((tx) => listClearingTransfers({ ...tx, actor: broker }, filter, null, 500))
      return rows.map((row) => ({ town: of, row }))
    })
  )
  return lists.flat()
}

/** Refusals belong to it; anything else is a fault. */
async function orRefused(work: Promise<unknown>): Promise<void> {
  await work.catch((error) => {
    if (!(error instanceof DomainError) || error.code === 'internal-error') throw error
  })
}

class Killed extends Error {}

async function happen(towns: Town[], h: Happening): Promise<void> {
  if (h.what === 'advance' || h.what === 'reverse') {
    const sent = await allSent(towns)
    const chosen = sent[h.which % Math.max(sent.length, 1)]
    if (!chosen) return
    const { row } = chosen
    if (h.what === 'reverse') {
      const at = h.atSender ? chosen.town : towns.find(({ timebankId }) => timebankId === row.partnerId)!
      const id = h.atSender ? row.id : await arrivedAs(at, row)
      if (id) await orRefused(at.asFounder((tx) => reverseTransfer(tx, id, 'a mistake')))
      return
    }
    const once = async () => {
      let steps = 0
      const stop = () => {
        if (steps === h.crashAt) throw new Killed()
        steps += 1
      }
      await advance(pool, chosen.town.timebankId, row.id, stop).catch((error) => {
        if (!(error instanceof Killed)) throw error
      })
    }
    await Promise.all(Array.from({ length: h.times }, once))
    return
  }
  const one = towns[h.from]!
  const two = towns[(h.from + h.other) % 3]!
  if (h.what === 'send') {
    const to = h.nobody ? 987_654 : h.bev ? two.bev : two.ann
    await orRefused(send(one, h.bev ? one.ann : one.bev, two, to, h.minutes))
  } else if (h.what === 'tell') {
    await clearingTasks(pool)['clearing.tell']!({ timebank: one.timebankId, partner: two.timebankId })
  } else await orRefused(one.asFounder((tx) => say(tx, two, h)))
}

async function arrivedAs(at: Town, { id, timebankId }: ClearingTransfer): Promise<string | undefined> {
  const filter = { direction: 'in', partnerId: timebankId }
  const rows = await at.asService((tx) => listClearingTransfers({ ...tx, actor: broker }, filter, null, 500))
  return rows.find(({ originId }) => originId === id)?.id
}

type Word = Extract<Happening, { what: 'word' }>

async function say(tx: Parameters<typeof findAgreement>[0], { slug, timebankId }: Town, h: Word): Promise<unknown> {
  const { word, owing, owed } = h
  if (word === 'propose') return proposeAgreement(tx, slug, { owing, owed }, 'why')
  if (word === 'accept') return acceptAgreement(tx, slug, {}, 'why')
  if (word === 'suspend') return suspendAgreement(tx, slug, 'why')
  if (word === 'resume') return resumeAgreement(tx, slug, 'why')
  if (word === 'end') return endAgreement(tx, slug, 'why')
  const version = (await findAgreement(tx, timebankId))?.rowVersion ?? 1
  return changeAgreementLimits(tx, slug, { owing, owed }, 'why', version)
}

/** What the rows of all sides say must have moved, against the accounts of the members. */
async function compareWithRows(towns: Town[]): Promise<void> {
  const balances = new Map<string, number>()
  const move = (member: string, minutes: number) => balances.set(member, (balances.get(member) ?? 0) + minutes)
  for (const of of towns) {
    const rows = await of.asService((tx) => listClearingTransfers({ ...tx, actor: broker }, {}, null, 500))
    for (const { status, direction, membershipId, minutes, pending } of rows) {
      assert.equal(pending, false)
      assert.notEqual(status, 'held')
      if (status === 'settled') move(membershipId!, direction === 'out' ? -minutes : minutes)
    }
    for (const member of [of.ann, of.bev])
      assert.equal(await balanceOf(of, member.accountId), balances.get(member.id) ?? 0)
  }
  assert.equal(
    [...balances.values()].reduce((sum, minutes) => sum + minutes, 0),
    0
  )
}

async function threeTowns(): Promise<Town[]> {
  const towns = await Promise.all(['one', 'two', 'three'].map((name) => makeTown(name, pool)))
  for (const [i, j] of [
    [0, 1],
    [1, 2],
    [2, 0]
  ] as const) {
    const [one, two] = [towns[i]!, towns[j]!]
    await one.asFounder((tx) => proposeAgreement(tx, two.slug, { owing: 300, owed: 200 }, 'neighbours'))
    await two.asFounder((tx) => proposeAgreement(tx, one.slug, { owing: 200, owed: 300 }, 'neighbours'))
  }
  await runJobs(pool)
  return towns
}

const runs = Number(process.env['RUNS'] ?? 12)

test('whatever happens and wherever it is killed, the jobs bring all pairs to agree, and every instant is sound', async () => {
  let moved = 0
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 25, maxLength: 60, size: 'max' }), async (happenings) => {
      const towns = await threeTowns()
      for (const h of happenings) await happen(towns, h)
      await refuseUnsound(...towns)
      await runJobs(pool)
      await refuseUnsound(...towns)
      await compareWithRows(towns)
      const ids = new Set(towns.map(({ timebankId }) => timebankId))
      const pairs = (await listPairs(pool, null, 1000)).filter(({ timebank }) => ids.has(timebank.id))
      assert.deepEqual(
        pairs.filter((p) => p.pending !== 0 || p.inTransit !== 0 || !p.agrees),
        []
      )
      moved += (await allSent(towns)).filter(({ row }) => row.status === 'settled').length
    }),
    { seed, numRuns: runs, endOnFailure: false }
  )
  assert.ok(moved > runs, `${moved} transfers arrived in ${runs} runs`)
})

test('the same with everything at once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 40, maxLength: 80, size: 'max' }), async (happenings) => {
      const towns = await threeTowns()
      for (let at = 0; at < happenings.length; at += 8) {
        await Promise.all(happenings.slice(at, at + 8).map((h) => happen(towns, h)))
        for (const pair of await listPairs(pool, null, 1000)) assert.ok(pair.agrees, JSON.stringify(pair))
      }
      await refuseUnsound(...towns)
      await runJobs(pool)
      await refuseUnsound(...towns)
      await compareWithRows(towns)
    }),
    { seed, numRuns: Math.ceil(runs / 2), endOnFailure: true }
  )
})
