import { connect, type Database, inTimebank, type Tx } from '../../../src/db/client.ts'
import {
  type Limits,
  noLimits,
  type Operation,
  type Outcome,
  openAccounts,
  openBooks,
  tryPost
} from '../../../src/modules/ledger/index.ts'
import { type Actor, systemActor } from '../../../src/shared/actor.ts'
import { newId } from '../../../src/shared/ids.ts'

export const day = '2026-03-01'

/** A timebank with the accounts 1 (pot), 2 (opening), and one member from 3 on for each of `limits`. */
export type Books = {
  timebankId: string
  accounts: number[]
  work<T>(work: (tx: Tx) => Promise<T>, actor?: Actor): Promise<T>
}

export async function makeBooks(database: Database, limits: Partial<Limits>[]): Promise<Books> {
  const timebankId = newId()
  const work: Books['work'] = (inside, actor = systemActor) => inTimebank(database, timebankId, actor, inside)
  const accounts = await work(async (tx) => {
    await openBooks(tx)
    const members = limits.map((some) => ({ kind: 'member' as const, limits: { ...noLimits, ...some } }))
    return openAccounts(tx, members, 'test')
  })
  return { timebankId, accounts, work }
}

type Moving = Extract<Operation, { debit: number }>
type Following = Extract<Operation, { ref: string }>

export const transfer = (debit: number, credit: number, minutes: number, more: Partial<Moving> = {}): Moving => ({
  id: newId(),
  operation: 'transfer',
  debit,
  credit,
  minutes,
  kind: 'exchange',
  performedOn: day,
  ...more
})

export const hold = (debit: number, credit: number, minutes: number, more: Partial<Moving> = {}): Moving =>
  transfer(debit, credit, minutes, { operation: 'hold', ...more })

export const follow = (
  operation: Following['operation'],
  ref: { id: string },
  more: Partial<Following> = {}
): Following => ({ id: newId(), operation, ref: ref.id, performedOn: day, ...more })

/** The two ways into the ledger, for one operation: pot and opening account take what fills the batch. */
export const paths: Record<'post_one' | 'post_many', (tx: Tx, operation: Operation) => Promise<Outcome>> = {
  post_one: async (tx, operation) => (await tryPost(tx, [operation]))[0]!,
  post_many: async (tx, operation) => (await tryPost(tx, [operation, transfer(1, 2, 1)]))[0]!
}

/** The owner's own connection, which stands above grants and row security. */
export const asOwner = (url: string, max = 4): Database => connect({ url, role: 'owner', max })

/** A number for a property's seed, printed so that a failure can be run again: SEED=… npm test -- … */
export function seedOf(name: string): number {
  const seed = process.env['SEED'] === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(process.env['SEED'])
  console.log(`${name}: SEED=${seed}`)
  return seed
}

/** How much a test does: little in the ordinary suite, and as much as `name` says where a long run is wanted. */
export const sizeOf = (name: string, ordinarily: number): number => Number(process.env[name] ?? ordinarily)

/** A small seeded generator of numbers from 0 to 1. */
export function mulberry(seed: number): () => number {
  let s = seed | 0
  return () => {
    s = (s + 0x6d2b79f5) | 0
    let t = Math.imul(s ^ (s >>> 15), 1 | s)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export function tally(outcomes: readonly { code: string }[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { code } of outcomes) counts[code] = (counts[code] ?? 0) + 1
  return counts
}

/** Deadlocks that the server has ended in this database, once all connections of the pool have told theirs. */
export async function deadlocksOf({ pool }: Database): Promise<number> {
  const clients = await Promise.all(Array.from({ length: Math.max(pool.totalCount, 1) }, () => pool.connect()))
  await Promise.all(clients.map((client) => client.query('SELECT pg_stat_force_next_flush()')))
  for (const client of clients) client.release()
  const { rows } = await pool.query<{ deadlocks: number }>(
    'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()'
  )
  return rows[0]!.deadlocks
}
