import type pg from 'pg'
import { again, isStale } from './again.ts'
import { type Statement, together } from './together.ts'

/** Connections that many requests share at the same time, for short reads. */
export type Lanes = {
  /** The statements as one transaction of their own; see `together`. They must change nothing: they may be run again. */
  run(statements: readonly Statement[]): Promise<pg.QueryResult[]>
  close(): Promise<void>
}

type Lane = { client: pg.Client; ready: Promise<void> | null; waiting: number; held: boolean }
type Stream = { cork(): void; uncork(): void }

/**
 * Short reads do not each take a connection of their own and wait for its answer: they are sent one behind the other, and
 * what one turn of the event loop brings in leaves in one write. To wake a server process, and to be woken by it, costs more
 * than an index look-up does, and so it is done once for many. Each read is a transaction of its own, ends with a Sync of its
 * own, and fails alone.
 *
 * Whoever is behind another waits for it. What may take long belongs on a connection of the pool.
 */
export function openLanes(open: () => pg.Client, most: number): Lanes {
  let lanes: Lane[] = []
  let closed = false

  const leave = (lane: Lane): void => {
    lanes = lanes.filter((other) => other !== lane)
  }

  const add = (): Lane => {
    const client = open()
    const lane: Lane = { client, ready: null, waiting: 0, held: false }
    lane.ready = client.connect().then(
      () => {
        lane.ready = null
      },
      (error) => {
        leave(lane)
        throw error
      }
    )
    // those who wait on it are told by their own promises
    client.on('error', () => leave(lane))
    client.on('end', () => leave(lane))
    lanes.push(lane)
    return lane
  }

  /** A lane on which nobody waits, a new one as long as there may be, or else the one with the fewest. */
  const choose = (): Lane => {
    const [first, ...others] = lanes
    if (!first) return add()
    const best = others.reduce((least, lane) => (lane.waiting < least.waiting ? lane : least), first)
    return best.waiting > 0 && lanes.length < most ? add() : best
  }

  /** What is written until the end of this turn of the event loop leaves together. */
  const hold = (lane: Lane): void => {
    if (lane.held) return
    lane.held = true
    const { stream } = (lane.client as unknown as { connection: { stream: Stream } }).connection
    stream.cork()
    setImmediate(() => {
      lane.held = false
      stream.uncork()
    })
  }

  const once = async (statements: readonly Statement[]): Promise<pg.QueryResult[]> => {
    if (closed) throw new Error('the connections to the database are closed')
    const lane = choose()
    lane.waiting += 1
    try {
      if (lane.ready) await lane.ready
      hold(lane)
      return await together(lane.client, statements)
    } catch (error) {
      if (isStale(error) && lanes.includes(lane)) {
        leave(lane)
        // after what is still under way on it
        lane.client.end().catch(() => {})
      }
      throw error
    } finally {
      lane.waiting -= 1
    }
  }

  return {
    run: (statements) => again(() => once(statements)),
    close: async () => {
      closed = true
      await Promise.all(lanes.map(({ client }) => client.end()))
    }
  }
}
