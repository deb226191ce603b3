import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../../db/client.ts'
import { databaseError, isPassing } from '../../db/errors.ts'
import { DomainError } from '../../shared/errors.ts'
import { callLedger, type Outcome, type Posting } from './call.ts'

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

type Item = { posting: Posting; resolve(outcome: Outcome): void; reject(error: unknown): void }
type Lane = { waiting: Item[]; running: Promise<void> | null }

export function makePostingQueue(database: Database, options: QueueOptions = {}): PostingQueue {
  const { perTimebank = false, capacity = 5000 } = options
  const lanes = new Map<string, Lane>()
  let size = 0

  /** Whatever arrives in this turn of the event loop goes together: that is no wait, and saves a batch of one. */
  async function work(name: string, lane: Lane): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    while (lane.waiting.length > 0) {
      const batch = takeBatch(lane)
      await postAndAnswer(database, batch)
      size -= batch.length
    }
    lane.running = null
    if (perTimebank) lanes.delete(name)
  }

  return {
    submit: (posting) =>
      new Promise((resolve, reject) => {
        if (size >= capacity)
          throw new DomainError('unavailable', 'Too many postings are waiting; try again.', { retryAfterSeconds: 1 })
        const name = perTimebank ? posting.timebankId : ''
        const lane = lanes.get(name) ?? { waiting: [], running: null }
        lanes.set(name, lane)
        size += 1
        lane.waiting.push({ posting, resolve, reject })
        lane.running ??= work(name, lane)
      }),
    size: () => size,
    drained: async () => {
      while (size > 0) await Promise.all([...lanes.values()].map(({ running }) => running))
    }
  }
}

/** The first that wait, in their order; an id or ref that is in the batch already stays for the next one. */
function takeBatch(lane: Lane): Item[] {
  const batch: Item[] = []
  const later: Item[] = []
  const taken = new Set<string>()
  let at = 0
  for (; at < lane.waiting.length && batch.length < mostPerBatch; at += 1) {
    const item = lane.waiting[at] as Item
    const { timebankId, operation } = item.posting
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

/** Posts a batch; one that fails as a whole is halved, so that what is wrong with one posting harms no other. */
async function postAndAnswer(database: Database, batch: readonly Item[]): Promise<void> {
  try {
    const outcomes = await callPatiently(
      database,
      batch.map(({ posting }) => posting)
    )
    batch.forEach(({ resolve }, i) => void resolve(outcomes[i] as Outcome))
  } catch (error) {
    if (batch.length > 1 && databaseError(error)) {
      const middle = batch.length >> 1
      await postAndAnswer(database, batch.slice(0, middle))
      await postAndAnswer(database, batch.slice(middle))
    } else for (const { reject } of batch) reject(error)
  }
}

/** How long a batch waits before it is tried again where the database took it back, or is away (it is started again in a second or two). */
const pausesMs = [10, 40, 160, 640, 1500, 1500]

/**
 * Tries again what may pass: deadlock, lost connection, a lock that somebody holds for long. Whether the lost attempt was
 * committed does not matter: the ids make the next one answer the same.
 */
async function callPatiently(database: Database, postings: readonly Posting[]): Promise<Outcome[]> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await callLedger(database.postings, postings, { together: false, keep: true })
    } catch (error) {
      const pause = pausesMs[attempt]
      // a lock that is held for long concerns one posting: it is found by halving, and the others go on
      const oneIsStuck = databaseError(error)?.code === '55P03' && postings.length > 1
      if (pause === undefined || oneIsStuck || !isPassing(error)) throw error
      await sleep(pause * (0.5 + Math.random()))
    }
  }
}
