import { setTimeout as sleep } from 'node:timers/promises'
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import type { Actor } from '../shared/actor.ts'
import { DomainError } from '../shared/errors.ts'
import { isUuid } from '../shared/ids.ts'
import { databaseError } from './errors.ts'
import { namingStatements } from './named.ts'

// minutes are bigint columns that stay far below 2^53; counts likewise
pg.types.setTypeParser(pg.types.builtins.INT8, Number)
// a service date is a calendar date, not an instant
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text)

export type Queries = NodePgDatabase

declare const made: unique symbol

/** A transaction in one timebank. Only `inTimebank` makes one, so that forgetting the tenant does not compile. */
export type Tx = {
  readonly [made]: true
  readonly timebankId: string
  readonly actor: Actor
  readonly now: Date
  /** Of the policy in force, as the request's caller look-up found it committed a moment ago; null where nobody looked. */
  readonly policyVersion: number | null
  /** drizzle's builder on this transaction */
  readonly db: Queries
  /** the connection, for named statements */
  readonly client: pg.PoolClient
}

export type Database = {
  readonly pool: pg.Pool
  /** A connection apart for look-ups that requests share: they need not wait behind transactions for one of the pool. */
  readonly lookups: pg.Pool
  /** Connections apart for the queue that commits postings together; a lock held for long must not hold up all of them. */
  readonly postings: pg.Pool
  /** For the tables that belong to no timebank: persons, sessions, timebanks. */
  readonly db: Queries
  readonly clock: () => Date
  close(): Promise<void>
}

export type ConnectOptions = {
  url: string
  /** The role that the service runs as; the owner's own rights are for migrations and jobs. */
  role?: 'commonhours_service' | 'owner'
  max?: number
  clock?: () => Date
  onError?: (error: Error) => void
}

/** One statement is under way for each queue: one, or one for each timebank that posts at the moment. */
const postingConnections = 4
const postingLockTimeoutMs = 2000

/** Opens a pool whose connections act as the service's plain role. */
export function connect(options: ConnectOptions): Database {
  const { url, role = 'commonhours_service', max = 10, clock = () => new Date(), onError = () => {} } = options
  const open = (most: number, lockTimeoutMs = 0): pg.Pool => {
    // a transaction that was begun and forgotten (its process hangs) must not keep its locks for ever
    const plain = role === 'owner' ? {} : { role, idle_in_transaction_session_timeout: 60_000 }
    const settings = { TimeZone: 'UTC', lock_timeout: lockTimeoutMs, ...plain }
    const pool = new pg.Pool({
      connectionString: url,
      max: most,
      options: Object.entries(settings)
        .map(([name, value]) => `-c ${name}=${value}`)
        .join(' '),
      application_name: 'commonhours',
      connectionTimeoutMillis: 10_000,
      keepAlive: true
    })
    pool.on('error', onError)
    // the pool listens to idle connections only: one that is lost between two statements of a transaction must not end the process
    pool.on('connect', (client) => client.on('error', onError))
    return pool
  }
  const [pool, lookups, postings] = [open(max), open(1), open(postingConnections, postingLockTimeoutMs)]
  const close = async (): Promise<void> => {
    await Promise.all([pool.end(), lookups.end(), postings.end()])
  }
  return { pool, lookups, postings, db: drizzle(pool), clock, close }
}

export type StoredAnswer = { status: number; headers: Record<string, string>; body: string }

/** What the keeper of idempotent answers (http) plugs into the transaction: SQL to run first, and how to read and write answers. */
export type Once = {
  /** statements for the opening round trip, after the tenant is set */
  opening(quote: (text: string) => string, timebankId: string): string
  /** looks at the opening's result; throws when the key is in use or was used for something else */
  found(rows: Record<string, unknown>[]): StoredAnswer | null
  /** writes an answer in the same transaction */
  keep(tx: Tx, answer: StoredAnswer): Promise<void>
  /** the answer that a refusal gets, so that it can be kept too */
  refusal(error: DomainError): StoredAnswer
}

/** An answer that an earlier request with the same key was given. */
export class Replay {
  readonly answer: StoredAnswer

  constructor(answer: StoredAnswer) {
    this.answer = answer
  }
}

/** What is known of the timebank already; see Tx. */
export type TxOptions = { policyVersion?: number | null }

/**
 * Runs `work` in one transaction of one timebank. The tenant setting is local to the transaction and travels in the same
 * round trip as BEGIN. Whatever `work` throws rolls everything back.
 */
export const inTimebank = <T>(
  database: Database,
  timebankId: string,
  actor: Actor,
  work: (tx: Tx) => Promise<T>,
  options: TxOptions & { readOnly?: boolean } = {}
): Promise<T> =>
  withConnection(database, async (client) => {
    await client.query(opening(timebankId, options.readOnly))
    const result = await work(makeTx(database, client, timebankId, actor, options))
    await client.query('COMMIT')
    return result
  })

/**
 * The same for a request with an Idempotency-Key: the answer is kept in the transaction of the work itself, also the answer
 * of a refusal (whose work is undone), so that a late repeat gets the first answer whatever it was.
 */
export const inTimebankOnce = <T>(
  database: Database,
  timebankId: string,
  actor: Actor,
  once: Once,
  work: (tx: Tx) => Promise<T>,
  options: TxOptions = {}
): Promise<T | Replay> =>
  withConnection(database, async (client) => {
    const look = once.opening((text) => client.escapeLiteral(text), timebankId)
    const results: unknown = await client.query(`${opening(timebankId)};${look};SAVEPOINT work`)
    const stored = once.found((results as pg.QueryResult[]).at(-2)?.rows ?? [])
    if (stored) {
      await client.query('ROLLBACK')
      return new Replay(stored)
    }
    const tx = makeTx(database, client, timebankId, actor, options)
    try {
      const result = await work(tx)
      await client.query('COMMIT')
      return result
    } catch (error) {
      // a refusal for want of capacity is no answer that stands
      if (error instanceof DomainError && error.status < 500) {
        await client.query('ROLLBACK TO SAVEPOINT work')
        await once.keep(tx, once.refusal(error))
        await client.query('COMMIT')
      }
      throw error
    }
  })

function opening(timebankId: string, readOnly = false): string {
  if (!isUuid(timebankId)) throw new Error('a transaction needs the id of a timebank')
  return `BEGIN${readOnly ? ' READ ONLY' : ''};SELECT set_config('commonhours.timebank','${timebankId}',true)`
}

const makeTx = (
  database: Database,
  client: pg.PoolClient,
  timebankId: string,
  actor: Actor,
  { policyVersion = null }: TxOptions
): Tx =>
  ({
    timebankId,
    actor,
    now: database.clock(),
    policyVersion,
    db: drizzle(namingStatements(client)),
    client
  }) as unknown as Tx

/** The same transaction seen by another actor or at another time: for who plays many parts at once, as the demo does. */
export const actAs = (tx: Tx, actor: Actor, now: Date): Tx => ({ ...tx, actor, now })

/** Deadlock, serialization failure; a prepared statement that a migration made stale, on this connection or by its name. */
const passing = new Set(['40P01', '40001'])
const stale = new Set(['0A000', '26000'])
const tries = 4

/**
 * Runs a whole transaction, again where the database took it back for a reason that passes: nothing of it remains then, so
 * that work which touches nothing but the database may be done once more.
 */
async function withConnection<T>(database: Database, use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await withOneConnection(database, use)
    } catch (error) {
      const code = databaseError(error)?.code ?? ''
      if (attempt === tries || !(passing.has(code) || stale.has(code))) throw error
      await sleep(Math.random() * 20 * attempt)
    }
  }
}

async function withOneConnection<T>(database: Database, use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await database.pool.connect()
  let broken: Error | undefined
  try {
    return await use(client)
  } catch (error) {
    // a no-op where the transaction has ended; where the connection is lost it fails, and the connection is dropped
    await client.query('ROLLBACK').catch((lost: Error) => {
      broken = lost
    })
    // its other prepared statements are as stale
    if (stale.has(databaseError(error)?.code ?? '')) broken = error as Error
    throw error
  } finally {
    client.release(broken)
  }
}
