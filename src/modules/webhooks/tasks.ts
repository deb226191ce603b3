import { and, eq, inArray, isNotNull, isNull, lt, lte, or, sql } from 'drizzle-orm'
import { z } from 'zod'
import { type Database, inTimebank, type Tx } from '../../db/client.ts'
import type { Cron, Tasks } from '../../db/jobs.ts'
import { systemActor } from '../../shared/actor.ts'
import { dayMs } from '../../shared/clock.ts'
import { everyTimebank } from '../timebanks/index.ts'
import { type AddressRule, addressRule } from './addresses.ts'
import { sendTask } from './announce.ts'
import { givenUpAfterMs } from './backoff.ts'
import { keptDays } from './deliveries.ts'
import { type Endpoint, queueVerification, stopEndpoint, verifyTask } from './endpoints.ts'
import { type Line, resolveByDns } from './post.ts'
import { queueTurn, type Sender, sendDue } from './send.ts'
import { deliveries, endpoints, events } from './tables.ts'
import { verifyEndpoint } from './verify.ts'

const sweepTask = 'webhooks.sweep'
const forgetTask = 'webhooks.forget'

const payload = z.object({ timebank: z.uuid(), endpoint: z.uuid() })

export type WebhookOptions = {
  database: Database
  /** `refuse`, `allow`, or ranges; see addressRule. */
  privateAddresses: string
  logger: { info(fields: object, message: string): void }
  signal: AbortSignal
  /** Other than usual, for tests. */
  line?: WebhookLine | undefined
}

export type WebhookLine = Partial<Omit<Line, 'rule'>>

export type Webhooks = {
  /** What waits for receivers: for workers of their own, so that one that hangs holds up nothing else. */
  sending: Tasks
  tasks: Tasks
  rule: AddressRule
  /** Attempts of this process so far, by outcome. */
  outcomes(): Record<string, number>
}

export const webhooksCron: readonly Cron[] = [
  { task: sweepTask, match: '*/5 * * * *' },
  { task: forgetTask, match: '23 3 * * *' }
]

export function makeWebhooks({ database, privateAddresses, logger, signal, line }: WebhookOptions): Webhooks {
  const counts: Record<string, number> = {}
  const rule = addressRule(privateAddresses)
  const sender: Sender = {
    database,
    signal,
    line: { resolve: resolveByDns, timeoutMs: 10_000, ...line, rule },
    note: (endpoint, { outcome, status }) => {
      counts[outcome] = (counts[outcome] ?? 0) + 1
      logger.info({ endpoint, outcome, status }, 'webhook')
    }
  }
  return {
    rule,
    outcomes: () => counts,
    sending: {
      [sendTask]: (given) => {
        const { timebank, endpoint } = payload.parse(given)
        return sendDue(sender, timebank, endpoint)
      },
      [verifyTask]: (given) => {
        const { timebank, endpoint } = payload.parse(given)
        return verifyEndpoint(sender, timebank, endpoint)
      }
    },
    tasks: {
      [sweepTask]: () => inEveryTimebank(database, sweep),
      [forgetTask]: () => inEveryTimebank(database, forget)
    }
  }
}

async function inEveryTimebank(database: Database, work: (tx: Tx) => Promise<void>): Promise<void> {
  for (const { id } of await everyTimebank(database)) await inTimebank(database, id, systemActor, work)
}

/** What no attempt comes to: deliveries and endpoints whose three days are over, and turns that were lost with a process. */
async function sweep(tx: Tx): Promise<void> {
  const old = new Date(tx.now.getTime() - givenUpAfterMs)
  const given = and(eq(endpoints.timebankId, tx.timebankId))
  const stopped = (await tx.db
    .select()
    .from(endpoints)
    .where(
      and(
        given,
        inArray(endpoints.state, ['unverified', 'active']),
        or(lte(endpoints.failingSince, old), lte(endpoints.unverifiedSince, old))
      )
    )
    .for('no key update')) as Endpoint[]
  for (const endpoint of stopped)
    await stopEndpoint(tx, endpoint, { by: 'service', why: endpoint.state === 'active' ? 'failing' : 'not_verified' })
  await tx.db
    .update(deliveries)
    .set({ state: 'dead' })
    .where(
      and(
        eq(deliveries.timebankId, tx.timebankId),
        sql`${deliveries.state} = 'waiting'`,
        // an attempt of the last moment is still under way
        lt(deliveries.startedAt, new Date(old.getTime() - lastMomentMs))
      )
    )
  await verifyLost(tx)
  const left = await tx.db
    .select({ id: endpoints.id })
    .from(endpoints)
    .where(
      and(
        given,
        eq(endpoints.state, 'active'),
        sql`coalesce(${endpoints.turnUntil} < ${tx.now.toISOString()}::timestamptz, true)`,
        sql`coalesce(${endpoints.probeAt} <= ${tx.now.toISOString()}::timestamptz, true)`,
        sql`EXISTS (SELECT FROM webhooks.deliveries d WHERE d.timebank_id = ${endpoints.timebankId} AND d.endpoint_id = ${endpoints.id}
                       AND d.state = 'waiting' AND d.next_at <= ${tx.now.toISOString()}::timestamptz)`
      )
    )
    .for('no key update')
  for (const { id } of left) await queueTurn(tx, id)
}

const lastMomentMs = 60 * 60_000

/** Challenges of which nothing has come, not even a failure. */
async function verifyLost(tx: Tx): Promise<void> {
  const lost = await tx.db
    .select({ id: endpoints.id })
    .from(endpoints)
    .where(
      and(
        eq(endpoints.timebankId, tx.timebankId),
        isNull(endpoints.triedAt),
        lt(endpoints.unverifiedSince, new Date(tx.now.getTime() - lostAfterMs))
      )
    )
  for (const { id } of lost) await queueVerification(tx, id)
}

const lostAfterMs = 2 * 60_000

/** An hour later than it need be: what is being asked for again at this moment does not go under its hands. */
async function forget(tx: Tx): Promise<void> {
  const old = new Date(tx.now.getTime() - keptDays * dayMs - lastMomentMs)
  await tx.db.delete(events).where(and(eq(events.timebankId, tx.timebankId), lt(events.at, old)))
  await tx.db
    .update(endpoints)
    .set({ previousSecret: null, previousUntil: null })
    .where(
      and(
        eq(endpoints.timebankId, tx.timebankId),
        isNotNull(endpoints.previousUntil),
        lt(endpoints.previousUntil, tx.now)
      )
    )
}
