import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { connect, type Database } from '../../../src/db/client.ts'
import { callLedger } from '../../../src/modules/ledger/call.ts'
import {
  makePostingQueue,
  noLimits,
  type Operation,
  post,
  setAccountStatus,
  setLimits,
  tryPost,
  verifyBooks
} from '../../../src/modules/ledger/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { newId } from '../../../src/shared/ids.ts'
import { makeDatabase } from '../../support/database.ts'
import { forgetMeanwhile } from './forgetting.ts'
import { functionText, type Mutant, mutants, mutated } from './mutants.ts'
import { submitter } from './queues.ts'
import { run, runTwo, scenario } from './scenarios.ts'
import { asOwner, deadlocksOf, follow, hold, makeBooks, mulberry, paths, seedOf, tally, transfer } from './support.ts'

/**
 * Do the tests find faults? Faults are put into the posting functions one at a time, each in a database of its own, and a
 * short form of the tests of this folder has to fail. A few in the ordinary suite, always the same; all of them with MUTANTS=all, whenever
 * the functions or their tests change, or those whose name has a text with MUTANTS=text.
 */
const all = process.env['MUTANTS'] === 'all'
let seed = seedOf('mutants')

/** In the ordinary suite: faults that show without a race, so that they are found each time. */
const ordinary = [
  'the floor is not met exactly',
  'what is held counts as free',
  'another request under the id is a replay',
  'undo: what was held stays',
  'a minute more than was held'
]
const attempts = 3

type Check = { name: string; run(database: Database, where: Mutant['in']): Promise<void> }

/** The quickest and those that find most come first. */
const checks: Check[] = [
  { name: 'one transaction, one timebank', run: guard },
  { name: 'settled and released while closed in by limits', run: corners },
  { name: 'holds with one id in two timebanks', run: namesakes },
  { name: 'model', run: (database, where) => model(database, where, 12) },
  { name: 'two timebanks', run: (database, where) => twoTimebanks(database, where, 8) },
  { name: 'races', run: races },
  { name: 'order of locks', run: lockOrder },
  { name: 'order of times', run: times },
  { name: 'forgetting', run: (database) => forgetMeanwhile(database, 60).then(() => {}) },
  { name: 'model, longer', run: (database, where) => model(database, where, 90) },
  { name: 'two timebanks, longer', run: (database, where) => twoTimebanks(database, where, 30) }
]

/** Which check fails; null: none does. */
async function killerOf(text: string, where: Mutant['in']): Promise<string | null> {
  const { url, drop } = await makeDatabase('mutant')
  const owner = asOwner(url, 1)
  const database = connect({ url, max: 16, onError: () => {} })
  try {
    await owner.pool.query(text)
    for (const { name, run: check } of checks) {
      const failed = await check(database, where).then(
        () => false,
        () => true
      )
      if (failed) return name
    }
    return null
  } finally {
    await Promise.all([owner.close(), database.close()])
    await drop()
  }
}

test('every fault can still be put in, once', () => {
  assert.ok(mutants.length >= 25)
  for (const mutant of mutants) assert.notEqual(mutated(mutant), functionText(mutant.in))
  assert.equal(new Set(mutants.map((mutant) => mutated(mutant))).size, mutants.length)
})

test('the tests find faults in the posting functions', { timeout: 3_600_000 }, async () => {
  const wanted = process.env['MUTANTS']
  const chosen = mutants.filter(({ name }) => all || (wanted ? name.includes(wanted) : ordinary.includes(name)))
  assert.ok(chosen.length >= (wanted ? 1 : ordinary.length))
  const survivors: string[] = []
  const killers = new Map<string, number>()
  for (const mutant of chosen) {
    let killer: string | null = null
    // the checks are random: what one run of them misses, another finds
    for (let attempt = 0; killer === null && attempt < attempts; attempt += 1, seed += 1)
      killer = await killerOf(mutated(mutant), mutant.in)
    if (all) console.log(`${mutant.in}: ${mutant.name}: ${killer ?? 'SURVIVES'}`)
    if (killer === null) survivors.push(`${mutant.in}: ${mutant.name}`)
    else killers.set(killer, (killers.get(killer) ?? 0) + 1)
  }
  console.log(`${chosen.length - survivors.length} of ${chosen.length} killed`, Object.fromEntries(killers), survivors)
  assert.ok(survivors.length <= chosen.length * 0.05, survivors.join(', '))
})

// without a fault nothing fails: or else the faults are killed by tests that fail anyway
test('the functions as they are pass all of this', { skip: !all, timeout: 600_000 }, async () => {
  assert.equal(await killerOf(functionText('post_one'), 'post_one'), null)
  assert.equal(await killerOf(functionText('post_many'), 'post_many'), null)
})

/** Holds with one id in two timebanks are two holds. */
async function namesakes(database: Database, where: Mutant['in']): Promise<void> {
  const banks = [await makeBooks(database, [{}, {}]), await makeBooks(database, [{}, {}])]
  const held = hold(3, 4, 1, { expiresAt: new Date('2026-04-01T00:00:00Z') })
  for (const books of banks) await books.work((tx) => paths[where](tx, held))
  const expiries = () =>
    Promise.all(
      banks.map((books) =>
        books.work(async (tx) => (await tx.client.query('SELECT FROM ledger.hold_expiries')).rows.length)
      )
    )
  assert.deepEqual(await expiries(), [1, 1])
  await banks[0]!.work((tx) => paths[where](tx, follow('release', held)))
  assert.deepEqual(await expiries(), [0, 1])
}

async function guard(database: Database, where: Mutant['in']): Promise<void> {
  const [mine, theirs] = [await makeBooks(database, [{}, {}]), await makeBooks(database, [{}, {}])]
  const postings = (where === 'post_one' ? [1] : [1, 2]).map(() => ({
    timebankId: theirs.timebankId,
    actor: systemActor,
    operation: transfer(3, 4, 1)
  }))
  const options = { together: false, keep: false }
  await assert.rejects(mine.work((tx) => callLedger(tx.client, postings, options)))
  assert.equal((await theirs.work((tx) => callLedger(tx.client, postings, options)))[0]!.code, 'posted')
}

const model = (database: Database, where: Mutant['in'], numRuns: number): Promise<void> =>
  fc.assert(
    fc.asyncProperty(scenario, (s) => run(database, s, where === 'post_one', { operations: 0, codes: new Map() })),
    { seed: seed + numRuns, numRuns, endOnFailure: true }
  )

const twoTimebanks = (database: Database, where: Mutant['in'], numRuns: number): Promise<void> =>
  fc.assert(
    fc.asyncProperty(scenario, (s) => runTwo(database, s, where === 'post_one')),
    { seed: seed + numRuns, numRuns, endOnFailure: true }
  )

/** What random runs come upon seldom. */
async function corners(database: Database, where: Mutant['in']): Promise<void> {
  const attempt = paths[where]
  const books = await makeBooks(database, [{ floorHard: -120 }, { ceilingHard: 120 }, {}])
  await books.work(async (tx) => {
    const [outward, settled, released] = [transfer(3, 4, 60), hold(3, 4, 30), hold(3, 4, 30)]
    const code = async (operation: Operation) => (await attempt(tx, operation)).code
    for (const operation of [outward, settled, released]) assert.equal(await code(operation), 'posted')
    assert.equal(await code(transfer(3, 5, 1)), 'below_floor')
    assert.equal(await code(transfer(5, 4, 1)), 'above_ceiling')
    assert.equal(await code(follow('settle', settled, { minutes: 31 })), 'exceeds_hold')
    await setLimits(tx, 3, { ...noLimits, floorHard: 0 }, 'test')
    await setLimits(tx, 4, { ...noLimits, ceilingHard: 0 }, 'test')
    await setAccountStatus(tx, 3, 'frozen', 'test')
    await setAccountStatus(tx, 4, 'frozen', 'test')
    const refused = await attempt(tx, transfer(3, 4, 1))
    assert.deepEqual([refused.code, refused.refused!.account], ['account_not_open', 3])
    assert.equal(await code(follow('settle', settled, { minutes: 10 })), 'posted')
    assert.equal(await code(follow('release', released)), 'posted')
    assert.equal(await code(follow('settle', released, { minutes: 31 })), 'already_resolved')
    await setAccountStatus(tx, 3, 'open', 'test')
    await setAccountStatus(tx, 4, 'open', 'test')
    assert.equal(await code(follow('reverse', outward)), 'posted')
    assert.equal(await code(transfer(5, 99, 1, { force: true })), 'unknown_account')
  })
  // refused and kept, posted by somebody who asks for no past, and asked for again
  const later = transfer(3, 4, 1000)
  const more = where === 'post_one' ? [] : [transfer(1, 2, 1)]
  const ask = (keep: boolean) => books.work(async (tx) => (await tryPost(tx, [later, ...more], { keep }))[0]!)
  assert.equal((await ask(true)).refused?.account, 3)
  await books.work((tx) => setLimits(tx, 3, noLimits, 'test'))
  await books.work((tx) => setLimits(tx, 4, noLimits, 'test'))
  const first = await ask(false)
  assert.deepEqual(await ask(true), { ...first, code: 'replayed', replayed: true })
  assert.deepEqual(await books.work(verifyBooks), [])
}

async function races(database: Database, where: Mutant['in']): Promise<void> {
  const more = (): Operation[] => (where === 'post_one' ? [] : [transfer(1, 2, 1)])
  for (let round = 0; round < 3; round += 1) {
    const books = await makeBooks(database, [{ floorHard: -60 }, {}, {}, {}])
    const race = (operations: Operation[]) =>
      Promise.all(
        operations.map((operation) => books.work(async (tx) => (await tryPost(tx, [operation, ...more()]))[0]!))
      ).then(tally)
    assert.deepEqual(await race(Array.from({ length: 16 }, () => transfer(3, 4, 60))), { posted: 1, below_floor: 15 })
    const same = transfer(5, 6, 1)
    assert.deepEqual(await race(Array.from({ length: 16 }, () => same)), { posted: 1, replayed: 15 })
    const held = hold(5, 6, 10)
    await books.work((tx) => post(tx, held))
    const rivals = Array.from({ length: 16 }, (_, i) => follow(i % 2 ? 'settle' : 'release', held))
    assert.deepEqual(await race(rivals), { posted: 1, already_resolved: 15 })
    const queues = [1, 2].map(() => submitter(makePostingQueue(database), books))
    const id = newId()
    const shared = [transfer(5, 6, 1, { id }), transfer(4, 3, 1, { id })]
    const got = await Promise.all(
      shared.map(async (operation, side) => (await Promise.all([operation, ...more()].map(queues[side]!)))[0]!)
    )
    assert.deepEqual(tally(got), { posted: 1, id_reused: 1 })
    assert.deepEqual(await books.work(verifyBooks), [])
  }
}

/** Single postings and batches between the same accounts, in all directions. */
async function lockOrder(database: Database): Promise<void> {
  const books = await makeBooks(
    database,
    Array.from({ length: 6 }, () => ({}))
  )
  const before = await deadlocksOf(database)
  const random = mulberry(seed)
  const any = () => {
    const debit = Math.floor(random() * 6)
    return transfer(3 + debit, 3 + ((debit + 1 + Math.floor(random() * 5)) % 6), 1)
  }
  await Promise.all(
    Array.from({ length: 12 }, async (_, writer) => {
      for (let i = 0; i < 25; i += 1)
        await books.work((tx) => tryPost(tx, Array.from({ length: writer % 2 ? 1 : 5 }, any)))
    })
  )
  assert.equal(await deadlocksOf(database), before)
}

async function times(database: Database, where: Mutant['in']): Promise<void> {
  const books = await makeBooks(database, [{}, {}])
  const more = where === 'post_one' ? [] : [1]
  await Promise.all(
    Array.from({ length: 120 }, (_, i) =>
      books.work((tx) =>
        tryPost(tx, [i % 2 ? transfer(3, 4, 1) : transfer(4, 3, 1), ...more.map(() => transfer(4, 3, 1))])
      )
    )
  )
  const { rows } = await books.work((tx) =>
    tx.client.query(
      `SELECT 1 FROM (SELECT recorded_at < lag(recorded_at) OVER (PARTITION BY account_id ORDER BY version) AS backwards
         FROM ledger.entries) e WHERE backwards`
    )
  )
  assert.equal(rows.length, 0)
}
