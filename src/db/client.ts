import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import type { Actor } from '../shared/actor.ts'
import { DomainError } from '../shared/errors.ts'
import { isUuid } from '../shared/ids.ts'
import { again, isStale } from './again.ts'
import { type Lanes, openLanes } from './lanes.ts'
import { namingStatements } from './named.ts'
import { type Statement, together } from './together.ts'

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
  /** For short reads: beside the pool, so that they need not wait behind transactions. */
  readonly lanes: Lanes
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

/** Two, so that a read which takes longer than expected does not hold up all others. */
const laneCount = 2

/** Opens a pool whose connections act as the service's plain role. */
export function connect(options: ConnectOptions): Database {
  const { url, role = 'commonhours_service', max = 10, clock = () => new Date(), onError = () => {} } = options
  const settingsOf = (lockTimeoutMs = 0): pg.ClientConfig => {
    // a transaction that was begun and forgotten (its process hangs) must not keep its locks for ever
    const plain = role === 'owner' ? {} : { role, idle_in_transaction_session_timeout: 60_000 }
    const settings = { TimeZone: 'UTC', DateStyle: 'ISO', lock_timeout: lockTimeoutMs, ...plain }
    return {
      connectionString: url,
      options: Object.entries(settings)
        .map(([name, value]) => `-c ${name}=${value}`)
        .join(' '),
      application_name: 'commonhours',
      connectionTimeoutMillis: 10_000,
      keepAlive: true
    }
  }
  const openPool = (most: number, lockTimeoutMs?: number): pg.Pool => {
    const opened = new pg.Pool({ ...settingsOf(lockTimeoutMs), max: most })
    opened.on('error', onError)
    // the pool listens to idle connections only: one that is lost between two statements of a transaction must not end the process
    opened.on('connect', (client) => client.on('error', onError))
    return opened
  }
  const [pool, postings] = [openPool(max), openPool(postingConnections, postingLockTimeoutMs)]
  const lanes = openLanes(
    () => new pg.Client({ ...settingsOf(), pipeline: true } as pg.ClientConfig).on('error', onError),
    laneCount
  )
  const close = async (): Promise<void> => {
    await Promise.all([pool.end(), postings.end(), lanes.close()])
  }
  return { pool, lanes, postings, db: drizzle(pool), clock, close }
}

export type StoredAnswer = { status: number; headers: Record<string, string>; body: string }

/** What the keeper of idempotent answers (http) plugs into the transaction: SQL to run first, and how to read and write answers. */
export type Once = {
  /** statements for the opening round trip, after the tenant is set; the last one's row is for `found` */
  opening(timebankId: string): Statement[]
  /** looks at the opening's result; throws when the key is in use or was used for something else */
  found(row: Record<string, unknown> | undefined): StoredAnswer | null
  /** writes an answer in the same transaction */
  keep(tx: Tx, answer: StoredAnswer): Statement
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
 * Runs `work` in one transaction of one timebank. The tenant setting is local to the transaction. BEGIN, the setting and the
 * first statement of the work travel in one round trip; work that asks the database nothing makes none. Whatever `work`
 * throws rolls everything back.
 */
export const inTimebank = <T>(
  database: Database,
  timebankId: string,
  actor: Actor,
  work: (tx: Tx) => Promise<T>,
  options: TxOptions & { readOnly?: boolean } = {}
): Promise<T> => {
  const opening = [options.readOnly ? beginReadOnly : begin, setTimebank(timebankId)]
  return withConnection(database, async (client) => {
    let opened: Promise<pg.QueryResult[]> | undefined
    const send = (async (config: unknown, values?: unknown[]) => {
      if (!opened) {
        const first = preparable(config, values)
        opened = together(client, first ? [...opening, first] : opening)
        const results = await opened
        if (first) return results.at(-1)
      }
      // where the opening has failed there is no transaction that this could be part of
      await opened
      return client.query(config as string, values)
    }) as pg.PoolClient['query']
    const result = await work(makeTx(database, client, send, timebankId, actor, options))
    if (opened) {
      const end = await client.query('COMMIT')
      if (!options.readOnly) committed(end)
    }
    return result
  })
}

/**
 * A read of a single statement in one timebank: the tenant setting, the statement and the end of their transaction, which
 * cannot write, travel in one round trip. A second statement is refused: it would not see what the first saw.
 * `short`: the statement is a matter of index look-ups whatever is asked for, and takes a lane.
 */
export async function readOnce<T>(
  database: Database,
  timebankId: string,
  actor: Actor,
  work: (tx: Tx) => Promise<T>,
  { short = false, ...options }: TxOptions & { short?: boolean } = {}
): Promise<T> {
  const setting = setTimebankToRead(timebankId)
  let asked = false
  const send = (async (config: unknown, values?: unknown[]) => {
    const statement = preparable(config, values)
    if (asked || !statement) throw new Error('a read of a single statement makes one only, with parameters')
    asked = true
    const statements = [setting, statement]
    const results = short
      ? await database.lanes.run(statements)
      : await withConnection(database, (client) => together(client, statements))
    return results.at(-1)
  }) as pg.PoolClient['query']
  return work(makeTx(database, null, send, timebankId, actor, options))
}

/**
 * The same as `inTimebank` for a request with an Idempotency-Key: the answer is kept in the transaction of the work itself,
 * also the answer of a refusal (whose work is undone), so that a late repeat gets the first answer whatever it was. Keeping
 * it and COMMIT travel in one round trip.
 */
export const inTimebankOnce = (
  database: Database,
  timebankId: string,
  actor: Actor,
  once: Once,
  work: (tx: Tx) => Promise<StoredAnswer>,
  options: TxOptions = {}
): Promise<StoredAnswer | Replay> => {
  const opening = [begin, setTimebank(timebankId), ...once.opening(timebankId), savepoint]
  return withConnection(database, async (client) => {
    const stored = once.found((await together(client, opening)).at(-2)?.rows[0])
    if (stored) {
      await client.query('ROLLBACK')
      return new Replay(stored)
    }
    const send = client.query.bind(client) as pg.PoolClient['query']
    const tx = makeTx(database, client, send, timebankId, actor, options)
    const keep = async (answer: StoredAnswer, ...before: Statement[]) =>
      committed((await together(client, [...before, once.keep(tx, answer), commit])).at(-1))
    try {
      const answer = await work(tx)
      await keep(answer)
      return answer
    } catch (error) {
      // a refusal for want of capacity is no answer that stands
      if (error instanceof DomainError && error.status < 500) await keep(once.refusal(error), undoWork)
      throw error
    }
  })
}

// under names, so that a connection parses each of them once
const begin: Statement = { name: 'tx.begin', text: 'BEGIN' }
const beginReadOnly: Statement = { name: 'tx.begin_read_only', text: 'BEGIN READ ONLY' }
const savepoint: Statement = { name: 'tx.savepoint', text: 'SAVEPOINT work' }
const undoWork: Statement = { name: 'tx.undo_work', text: 'ROLLBACK TO SAVEPOINT work' }
const commit: Statement = { name: 'tx.commit', text: 'COMMIT' }

function setTimebank(timebankId: string): Statement {
  if (!isUuid(timebankId)) throw new Error('a transaction needs the id of a timebank')
  return { name: 'tx.timebank', text: "SELECT set_config('commonhours.timebank', $1, true)", values: [timebankId] }
}

/** The same, and from here on the transaction cannot write: READ ONLY belongs to BEGIN, of which a single statement has none. */
function setTimebankToRead(timebankId: string): Statement {
  const { text, values } = setTimebank(timebankId)
  return {
    name: 'tx.timebank_to_read',
    text: `${text}, set_config('transaction_read_only', 'on', true)`,
    values: values!
  }
}

/** As one statement with parameters, or null: a text without any may hold several, which only the simple protocol takes. */
function preparable(config: unknown, values: unknown[] | undefined): Statement | null {
  const statement = typeof config === 'string' ? { text: config } : (config as Statement)
  const sent = values ?? statement.values
  return Array.isArray(sent) && sent.length > 0 ? { ...statement, values: sent } : null
}

/** COMMIT of a transaction in which a statement has failed undoes it and is no error: the work has passed over the failure. */
function committed(result: { command: string } | undefined): void {
  if (result?.command !== 'COMMIT') throw new Error('the transaction was undone: a statement in it had failed')
}

const makeTx = (
  database: Database,
  client: pg.PoolClient | null,
  send: pg.PoolClient['query'],
  timebankId: string,
  actor: Actor,
  { policyVersion = null }: TxOptions
): Tx => {
  const named = namingStatements(client, send)
  let db: Queries | undefined
  return {
    timebankId,
    actor,
    now: database.clock(),
    policyVersion,
    client: named,
    // made where it is used: hot paths do without
    get db() {
      db ??= drizzle(named)
      return db
    }
  } as unknown as Tx
}

/** The same transaction seen by another actor or at another time: for who plays many parts at once, as the demo does. */
export const actAs = (tx: Tx, actor: Actor, now: Date): Tx => ({ ...tx, actor, now })

const withConnection = <T>(database: Database, use: (client: pg.PoolClient) => Promise<T>): Promise<T> =>
  again(() => withOneConnection(database, use))

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
    if (isStale(error)) broken = error as Error
    throw error
  } finally {
    client.release(broken)
  }
}
