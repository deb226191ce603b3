import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../../db/client.ts'
import { databaseError, isPassing } from '../../db/errors.ts'
import { DomainError } from '../../shared/errors.ts'
import { callLedger, lockedAccounts, type Outcome, type Posting } from './call.ts'

/**
 * Group commit: postings that arrive while a statement is under way share the next statement, and its commit. Nothing waits
 * for company: on an idle service a posting goes at once, and alone.
 */
export type PostingQueue = {
  /**
   * Posts and answers what became of it, after the commit. A refusal is an outcome, and kept under the operation's id. Throws
   * `unavailable` when the queue is full, or the database stays away; asking again with the same id is always safe.
   */
  submit(posting: Posting): Promise<Outcome>
  /** How many wait or are under way. */
  size(): number
  /** Ends when all that was submitted is answered. */
  drained(): Promise<void>
}

export type QueueOptions = {
  /** a statement for each timebank, for a database that is distributed by timebank; otherwise they share */
  perTimebank?: boolean
  /** postings under way and waiting; more are refused with 503 */
  capacity?: number
}

/** Larger batches save nothing more, and each of their callers waits longer. */
const mostPerBatch = 200

/** How often it is looked whether accounts are free again, and how long a posting waits for one before it is refused. */
const lookEveryMs = 50
const longestAsideMs = 15_000

type Item = {
  posting: Posting
  resolve(outcome: Outcome): void
  reject(error: unknown): void
  /** set when it first met a locked account */
  until?: number
}

/** Waits for accounts that somebody else has locked. */
type Stuck = { item: Item; accounts: readonly number[]; error: unknown }

/** Postings that go one statement after the other; and beside them those that wait for a locked account. */
type Lane = { waiting: Item[]; running: Promise<void> | null; aside: Stuck[]; watching: Promise<void> | null }

export function makePostingQueue(database: Database, options: QueueOptions = {}): PostingQueue {
  const { perTimebank = false, capacity = 5000 } = options
  const lanes = new Map<string, Lane>()
  let size = 0

  function laneOf({ timebankId }: Posting): Lane {
    const name = perTimebank ? timebankId : ''
    const lane = lanes.get(name) ?? { waiting: [], running: null, aside: [], watching: null }
    if (!lanes.has(name)) lanes.set(name, lane)
    return lane
  }

  function start(lane: Lane): void {
    lane.running ??= work(lane)
  }

  /** Whatever arrives in this turn of the event loop goes together: that is no wait, and saves a batch of one. */
  async function work(lane: Lane): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    while (lane.waiting.length > 0) {
      const batch = takeBatch(lane)
      if (batch.length > 0) await postAndAnswer(lane, batch)
    }
    // in the same turn as the look at what waits: whoever comes next starts it again
    lane.running = null
    tidy()
  }

  /** Lets go of what waits aside as its accounts become free. If the database is away, the usual way is as patient as can be. */
  async function watch(lane: Lane): Promise<void> {
    while (lane.aside.length > 0) {
      await sleep(lookEveryMs)
      const looked = [...lane.aside]
      const locked = await locksOf(looked.map(({ item }) => item))
      const [came, now] = [lane.aside.slice(looked.length), Date.now()]
      lane.aside = []
      const free: Item[] = []
      for (const [i, { item, error }] of looked.entries()) {
        const accounts = locked[i] ?? []
        if (accounts.length === 0) free.push(item)
        else if (now < item.until!) lane.aside.push({ item, accounts, error })
        else answer([item], () => item.reject(error))
      }
      lane.aside.push(...came)
      lane.waiting = [...free, ...lane.waiting]
      if (free.length > 0) start(lane)
    }
    lane.watching = null
    tidy()
  }

  /** Posts a batch; one that fails as a whole is taken apart, so that what is wrong with one posting harms no other. */
  async function postAndAnswer(lane: Lane, batch: readonly Item[], tried = false): Promise<void> {
    try {
      const outcomes = await callPatiently(
        database,
        batch.map(({ posting }) => posting)
      )
      answer(batch, (item, i) => item.resolve(outcomes[i] as Outcome))
    } catch (error) {
      const timedOut = databaseError(error)?.code === lockTimeout
      const locked = timedOut ? await locksOf(batch) : []
      const free = batch.filter((_, i) => !locked[i]?.length)
      if (free.length < batch.length) {
        setAside(lane, batch, locked, error)
        if (free.length > 0) await postAndAnswer(lane, free)
      } else if (timedOut && !tried) {
        await postAndAnswer(lane, batch, true)
      } else if (batch.length > 1 && databaseError(error) && (timedOut || !isPassing(error))) {
        const middle = batch.length >> 1
        await postAndAnswer(lane, batch.slice(0, middle))
        await postAndAnswer(lane, batch.slice(middle))
      } else answer(batch, (item) => item.reject(error))
    }
  }

  function setAside(lane: Lane, batch: readonly Item[], locked: readonly number[][], error: unknown): void {
    for (const [i, item] of batch.entries()) {
      const accounts = locked[i] ?? []
      if (accounts.length === 0) continue
      item.until ??= Date.now() + longestAsideMs
      lane.aside.push({ item, accounts, error })
    }
    lane.watching ??= watch(lane)
  }

  /** For each, the accounts that somebody has locked now; none where that cannot be told. */
  const locksOf = (items: readonly Item[]): Promise<number[][]> =>
    lockedAccounts(
      database.postings,
      items.map(({ posting }) => posting)
    ).catch(() => [])

  function answer(items: readonly Item[], give: (item: Item, i: number) => void): void {
    size -= items.length
    items.forEach(give)
  }

  function tidy(): void {
    for (const [name, lane] of lanes) if (lane.running === null && lane.watching === null) lanes.delete(name)
  }

  return {
    submit: (posting) =>
      new Promise((resolve, reject) => {
        if (size >= capacity)
          throw new DomainError('unavailable', 'Too many postings are waiting; try again.', { retryAfterSeconds: 1 })
        size += 1
        const lane = laneOf(posting)
        lane.waiting.push({ posting, resolve, reject })
        start(lane)
      }),
    size: () => size,
    drained: async () => {
      while (size > 0) await Promise.all([...lanes.values()].flatMap(({ running, watching }) => [running, watching]))
    }
  }
}

/**
 * The first that wait, in their order. An id or ref that is in the batch already stays for the next one; what needs an
 * account for which others wait aside waits with them.
 */
function takeBatch(lane: Lane): Item[] {
  const batch: Item[] = []
  const later: Item[] = []
  const taken = new Set<string>()
  const stuck = new Map<string, unknown>(
    lane.aside.flatMap(({ item, accounts, error }) =>
      accounts.map((account) => [`${item.posting.timebankId} ${account}`, error] as const)
    )
  )
  let at = 0
  for (; at < lane.waiting.length && batch.length < mostPerBatch; at += 1) {
    const item = lane.waiting[at] as Item
    const { timebankId, operation } = item.posting
    if (stuck.size > 0 && 'debit' in operation) {
      const accounts = [operation.debit, operation.credit].filter((account) => stuck.has(`${timebankId} ${account}`))
      if (accounts.length > 0) {
        item.until ??= Date.now() + longestAsideMs
        lane.aside.push({ item, accounts, error: stuck.get(`${timebankId} ${accounts[0]}`) })
        continue
      }
    }
    const names = ['ref' in operation ? [`ref ${timebankId} ${operation.ref}`] : [], `id ${timebankId} ${operation.id}`]
      .flat()
      .map((name) => name.toLowerCase())
    if (names.some((name) => taken.has(name))) later.push(item)
    else {
      for (const name of names) taken.add(name)
      batch.push(item)
    }
  }
  lane.waiting = [...later, ...lane.waiting.slice(at)]
  return batch
}

/** A lock that somebody holds for long: whom it concerns can be found out, and the others go on. */
const lockTimeout = '55P03'

/** How long a batch waits before it is tried again where the database took it back, or is away (it is started again in a second or two). */
const pausesMs = [10, 40, 160, 640, 1500, 1500]

/**
 * Tries again what may pass: deadlock, lost connection. Whether the lost attempt was committed does not matter: the ids make
 * the next one answer the same.
 */
async function callPatiently(database: Database, postings: readonly Posting[]): Promise<Outcome[]> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await callLedger(database.postings, postings, { together: false, keep: true })
    } catch (error) {
      const pause = pausesMs[attempt]
      if (pause === undefined || databaseError(error)?.code === lockTimeout || !isPassing(error)) throw error
      await sleep(pause * (0.5 + Math.random()))
    }
  }
}
