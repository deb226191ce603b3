import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Database, Tx } from '../../../src/db/client.ts'
import { callLedger } from '../../../src/modules/ledger/call.ts'
import {
  forgetRefusals,
  getAccounts,
  type Limits,
  type Operation,
  releaseExpiredHolds,
  setAccountStatus,
  setLimits,
  transferKinds,
  tryPost,
  verifyBooks
} from '../../../src/modules/ledger/index.ts'
import { operationNumbers, sourceNumbers } from '../../../src/modules/ledger/kinds.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { derivedId, newId } from '../../../src/shared/ids.ts'
import { type Answer, type Known, type Model, type ModelAccount, makeModel, type PostOptions } from './model.ts'
import { day, makeBooks } from './support.ts'

/** Runs of the ledger beside its model: what happens in them, and the comparison after every step. */

export const members = [3, 4, 5, 6, 7, 8]
const often = <T>(value: fc.Arbitrary<T>, weight: number) => ({ arbitrary: value, weight })

export const limits: fc.Arbitrary<Limits> = fc
  .record({
    floorHard: fc.option(fc.integer({ min: -400, max: 0 }), { freq: 3 }),
    above: fc.option(fc.integer({ min: 0, max: 100 })),
    ceilingHard: fc.option(fc.integer({ min: 0, max: 400 }), { freq: 3 }),
    below: fc.option(fc.integer({ min: 0, max: 100 }))
  })
  .map(({ floorHard, above, ceilingHard, below }) => ({
    floorHard,
    floorSoft: above === null ? null : (floorHard ?? -200) + above,
    ceilingHard,
    ceilingSoft: below === null ? null : (ceilingHard ?? 200) - below
  }))

/** One operation in outline: which earlier id it uses or refers to is known when it is run only. */
export const outline = fc.record({
  operation: fc.oneof(
    often(fc.constant('transfer' as const), 4),
    often(fc.constant('hold' as const), 4),
    often(fc.constant('settle' as const), 3),
    often(fc.constant('release' as const), 1),
    often(fc.constant('reverse' as const), 2)
  ),
  debit: fc.oneof(often(fc.constantFrom(...members), 30), often(fc.constant(99), 1)),
  /** how many accounts further on; 0 is the same one */
  creditOffset: fc.oneof(often(fc.integer({ min: 1, max: members.length - 1 }), 30), often(fc.constant(0), 1)),
  minutes: fc.oneof(often(fc.integer({ min: 1, max: 120 }), 30), often(fc.constant(0), 1)),
  part: fc.boolean(),
  kind: fc.constantFrom(...(Object.keys(transferKinds) as (keyof typeof transferKinds)[])),
  performedOn: fc.constantFrom('2026-01-31', '2026-02-01'),
  /** on which day of March, at noon; mostly of holds */
  expires: fc.option(fc.integer({ min: 1, max: 9 }), { freq: 2 }),
  expiresWrongly: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
  onBehalf: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
  force: fc.integer({ min: 0, max: 24 }).map((n) => n === 0),
  /** how far back; recent ones are still unresolved more often */
  refersTo: fc.integer({ min: 0, max: 5 }),
  unknownRef: fc.integer({ min: 0, max: 24 }).map((n) => n === 0),
  repeats: fc.oneof(
    often(fc.constant(null), 9),
    often(fc.record({ back: fc.nat(20), changed: fc.integer({ min: 0, max: 2 }).map((n) => n === 0) }), 1)
  ),
  sameGroup: fc.oneof(often(fc.constant(false), 3), often(fc.constant(true), 1))
})
export type Outline = typeof outline extends fc.Arbitrary<infer S> ? S : never

const step = fc.oneof(
  often(
    fc.record({
      post: fc.array(outline, { minLength: 1, maxLength: 12 }),
      keep: fc.boolean(),
      together: fc.integer({ min: 0, max: 9 }).map((n) => n === 0)
    }),
    20
  ),
  often(fc.record({ limits, of: fc.constantFrom(...members) }), 1),
  often(
    fc.record({
      status: fc.constantFrom('open' as const, 'open' as const, 'frozen' as const),
      of: fc.constantFrom(...members)
    }),
    1
  ),
  often(fc.record({ expire: fc.integer({ min: 1, max: 9 }) }), 1),
  often(fc.constant({ forget: true as const }), 1)
)

export const scenario = fc.record({
  limits: fc.array(limits, { minLength: members.length, maxLength: members.length }),
  steps: fc.array(step, { minLength: 1, maxLength: 40, size: 'max' })
})
export type Scenario = typeof scenario extends fc.Arbitrary<infer S> ? S : never

/** On a day of March, and later by some milliseconds, so that no two holds end at the same instant. */
const noonOf = (dayOfMarch: number, later = 0): Date => new Date(Date.parse(`2026-03-0${dayOfMarch}T12:00:00Z`) + later)

/** Fills the outlines in with ids of this run, which become part of its past. */
export function toOperations(
  outlines: readonly Outline[],
  past: Operation[],
  isPosted: (id: string) => boolean
): Operation[] {
  const batch: Operation[] = []
  let groupId: string | undefined
  for (const o of outlines) {
    groupId = o.sameGroup ? (groupId ?? newId()) : undefined
    const repeated = o.repeats === null ? undefined : past.at(-1 - o.repeats.back)
    if (repeated) {
      batch.push(o.repeats!.changed ? { ...repeated, performedOn: '2026-02-02' } : repeated)
      continue
    }
    const common = {
      id: newId(),
      performedOn: o.performedOn,
      ...(groupId ? { groupId } : {}),
      ...(o.onBehalf ? { onBehalfOf: newId() } : {}),
      ...(o.force ? { force: true } : {})
    }
    if (o.operation === 'transfer' || o.operation === 'hold') {
      const expires = o.expires !== null && (o.operation === 'hold' || o.expiresWrongly)
      batch.push({
        ...common,
        operation: o.operation,
        debit: o.debit,
        credit: members[(members.indexOf(o.debit) + members.length + o.creditOffset) % members.length]!,
        minutes: o.minutes,
        kind: o.kind,
        ...(expires ? { expiresAt: noonOf(o.expires!, past.length + batch.length) } : {})
      })
    } else {
      const wanted = o.operation === 'reverse' ? ['transfer', 'settle'] : ['hold']
      const suitable = past.filter(({ id, operation }) => isPosted(id) && wanted.includes(operation))
      // now and then something that cannot be referred to
      const ref = o.unknownRef
        ? (past.at(-1 - o.refersTo)?.id ?? newId())
        : (suitable.at(-1 - o.refersTo)?.id ?? newId())
      batch.push({
        ...common,
        operation: o.operation,
        ref,
        ...(o.part && o.operation === 'settle' ? { minutes: o.minutes } : {}),
        ...(o.part ? { kind: o.kind } : {})
      })
    }
  }
  past.push(...batch)
  return batch
}

export type Seen = { operations: number; codes: Map<string, number> }

const count = (seen: Seen, what: string, more = 1): void =>
  void seen.codes.set(what, (seen.codes.get(what) ?? 0) + more)

/** Runs a scenario in a timebank of its own, and says in its error what happened until then. */
export async function run(database: Database, { limits: initial, steps }: Scenario, oneByOne: boolean, seen: Seen) {
  const books = await makeBooks(database, initial)
  const short = shortNames()
  const story = [`accounts ${members[0]} to ${members.at(-1)} with the limits ${JSON.stringify(initial)}`]
  try {
    await books.work(async (tx) => {
      const model = makeModel(
        new Map(
          members.map((id, i) => [
            id,
            { ...initial[i]!, status: 'open', balance: 0, heldIn: 0, heldOut: 0, version: 0 }
          ])
        )
      )
      const past: Operation[] = []
      for (const action of steps) {
        if ('post' in action) {
          const { keep, together } = action
          const batch = toOperations(action.post, past, (id) => model.state().posted.has(id))
          const calls = oneByOne ? batch.map((operation) => [operation]) : [batch]
          for (const call of calls) {
            const options = { keep, together }
            story.push(`post ${JSON.stringify(options)} ${call.map((one) => `\n    ${short(one)}`).join('')}`)
            await compare(tx, model, call, options, seen)
          }
        } else {
          story.push(short(action))
          if ('limits' in action) {
            await setLimits(tx, action.of, action.limits, 'test')
            Object.assign(model.state().accounts.get(action.of)!, action.limits)
          } else if ('status' in action) {
            await setAccountStatus(tx, action.of, action.status, 'test')
            model.state().accounts.get(action.of)!.status = action.status
          } else if ('expire' in action) await expire(tx, model, noonOf(action.expire, 3_600_000), seen)
          else {
            await forgetRefusals(tx, new Date(Date.now() + 60_000))
            model.forget()
          }
        }
        await compareAccounts(tx, model)
      }
      await compareJournal(tx, model)
      assert.deepEqual(await verifyBooks(tx), [])
    })
  } catch (error) {
    throw new Error(`${story.join('\n')}\n\n${(error as Error).message}`, { cause: error })
  }
}

/**
 * Two timebanks in the same calls, outside of any transaction, as the queue posts: the same ids, refs and groups in both, with
 * limits of their own. Each must answer as if it were alone.
 */
export async function runTwo(database: Database, { limits: initial, steps }: Scenario, oneByOne: boolean) {
  const banks = await Promise.all(
    [initial, [...initial].reverse()].map(async (own) => {
      const books = await makeBooks(database, own)
      const accounts = members.map((id, i): [number, ModelAccount] => [
        id,
        { ...own[i]!, status: 'open', balance: 0, heldIn: 0, heldOut: 0, version: 0 }
      ])
      return { books, model: makeModel(new Map(accounts)) }
    })
  )
  const past: Operation[] = []
  for (const action of steps) {
    if (!('post' in action)) continue
    const { keep } = action
    const batch = toOperations(action.post, past, (id) => banks.some(({ model }) => model.state().posted.has(id)))
    for (const call of oneByOne ? batch.map((operation) => [operation]) : [batch]) {
      const postings = banks.map(({ books: { timebankId } }) =>
        call.map((operation) => ({ timebankId, actor: systemActor, operation }))
      )
      const options = { together: false, keep }
      const outcomes = oneByOne
        ? [
            ...(await callLedger(database.postings, postings[0]!, options)),
            ...(await callLedger(database.postings, postings[1]!, options))
          ]
        : await callLedger(database.postings, postings.flat(), options)
      assert.deepEqual(
        outcomes.map(({ recordedAt: _, ...rest }) => rest),
        banks.flatMap(({ model }) => model.post(call, options))
      )
    }
  }
  for (const { books, model } of banks)
    await books.work(async (tx) => {
      await compareAccounts(tx, model)
      await compareJournal(tx, model)
      assert.deepEqual(await verifyBooks(tx), [])
    })
}

/** Long ids as #1, #2 in the order in which they come. */
function shortNames(): (value: unknown) => string {
  const names = new Map<string, string>()
  return (value) =>
    JSON.stringify(value).replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => {
      if (!names.has(id)) names.set(id, `#${names.size + 1}`)
      return names.get(id)!
    })
}

async function compare(tx: Tx, model: Model, batch: Operation[], options: PostOptions, seen: Seen): Promise<void> {
  const wanted = model.post(batch, options)
  const outcomes = await tryPost(tx, batch, options)
  seen.operations += batch.length
  for (const { code, replayed, softLimitsCrossed } of outcomes) {
    count(seen, replayed && code !== 'replayed' ? 'kept refusal' : code)
    if (code === 'posted' && softLimitsCrossed.length > 0) count(seen, 'soft limit crossed')
  }
  const got: Answer[] = outcomes.map(({ recordedAt, ...rest }) => {
    assert.equal(recordedAt !== null, rest.code === 'posted' || rest.code === 'replayed')
    return rest
  })
  assert.deepEqual(got, wanted)
}

async function expire(tx: Tx, model: Model, now: Date, seen: Seen): Promise<void> {
  const due = [...model.state().expiries].filter(([, at]) => at <= now).sort(([, a], [, b]) => Number(a) - Number(b))
  assert.equal(await releaseExpiredHolds({ ...tx, now }, day), due.length)
  count(seen, 'expired', due.length)
  model.post(due.map(([ref]) => ({ id: derivedId('expiry', ref), operation: 'release', ref, performedOn: day })))
}

async function compareAccounts(tx: Tx, model: Model): Promise<void> {
  const accounts = await getAccounts(tx, members)
  const got = [...accounts.values()]
    .sort((a, b) => a.id - b.id)
    .map(({ id, balance, heldIn, heldOut, version, status, limits: l }) => [
      id,
      { ...l, status, balance, heldIn, heldOut, version }
    ])
  assert.deepEqual(new Map(got as [number, ModelAccount][]), model.state().accounts)
}

/** Every row that posting writes beside the accounts. */
async function compareJournal(tx: Tx, model: Model): Promise<void> {
  const { posted, crossings, expiries } = model.state()
  const read = async (text: string): Promise<string[]> =>
    (await tx.client.query({ text, rowMode: 'array' })).rows.map((row) => JSON.stringify(row)).sort()
  assert.deepEqual(
    await read(
      `SELECT id, operation, debit_account, credit_account, minutes, kind, performed_on, debit_version, credit_version,
              debit_balance, credit_balance, flags, ref, group_id, on_behalf_of, source, actor
         FROM ledger.transfers`
    ),
    [...posted.values()].map((known) => JSON.stringify(rowOf(known))).sort()
  )
  assert.deepEqual(
    await read('SELECT transfer_id, which, account_id, limit_minutes, balance FROM ledger.limit_crossings'),
    crossings.map((c) => JSON.stringify([c.transfer, c.which, c.account, c.limit, c.balance])).sort()
  )
  assert.deepEqual(
    await read('SELECT hold_id, expires_at FROM ledger.hold_expiries'),
    [...expiries].map((expiry) => JSON.stringify(expiry)).sort()
  )
}

function rowOf({ operation, debit, credit, minutes, kind, debitVersion, creditVersion, answer }: Known): unknown[] {
  const crossed = (which: 'debit_floor' | 'credit_ceiling') => answer.softLimitsCrossed.includes(which)
  const flags = (crossed('debit_floor') ? 1 : 0) + (crossed('credit_ceiling') ? 2 : 0) + (answer.forced ? 4 : 0)
  return [
    operation.id,
    operationNumbers[operation.operation],
    debit,
    credit,
    minutes,
    transferKinds[kind],
    operation.performedOn,
    debitVersion,
    creditVersion,
    answer.debitBalance,
    answer.creditBalance,
    flags,
    'ref' in operation ? operation.ref : null,
    operation.groupId ?? null,
    operation.onBehalfOf ?? null,
    sourceNumbers.system,
    null
  ]
}
