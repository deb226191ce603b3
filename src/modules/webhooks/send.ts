import { and, asc, eq, lte, min, sql } from 'drizzle-orm'
import type { Database, Tx } from '../../db/client.ts'
import { inTimebank } from '../../db/client.ts'
import { systemActor } from '../../shared/actor.ts'
import { newId } from '../../shared/ids.ts'
import { isAgency } from '../agencies/index.ts'
import { sendTask } from './announce.ts'
import { deliveryWaitMs, endpointWaitMs, givenUpAfterMs, retryAfterMs } from './backoff.ts'
import { type Endpoint, one, signingSecrets, stopEndpoint } from './endpoints.ts'
import { type Answer, type Line, post } from './post.ts'
import { signedHeaders } from './secrets.ts'
import { deliveries, endpoints, events } from './tables.ts'

export type Sender = {
  database: Database
  line: Line
  /** The service ends: what is under way is left off, and sent again later. */
  signal: AbortSignal
  /** Of every attempt. */
  note(endpointId: string, answer: Pick<Answer, 'outcome' | 'status'>): void
}

/** To one endpoint at once, while it answers; to one that fails a single one. */
const mostAtOnce = 4

/** After so long an endpoint's turn is over: others wait. What is left has a turn of its own, behind them. */
const turnMs = 20_000

/** Whoever has a turn and says nothing for so long has ended without a word. Much longer than a request can take. */
const silenceMs = 60_000

/** The queue goes by the database's clock, and the service by its own: a turn that comes a moment early does its work. */
const toleranceMs = 1000

type Due = { eventId: string; type: string; subjectId: string; at: Date; startedAt: Date; attempts: number }
type Attempt = Due & { url: string; answer: Answer }

/**
 * Sends what is due at an endpoint until nothing is, or its turn is over. One does so at a time, whatever the number of jobs and
 * of processes. What came of each attempt is noted in the transaction that gives the next ones; where the process ends before
 * that, it is sent again under the same id.
 */
export async function sendDue(sender: Sender, timebankId: string, endpointId: string): Promise<void> {
  const { database, signal } = sender
  const turn = newId()
  const until = Date.now() + turnMs
  let attempts: Attempt[] | null = null
  for (;;) {
    const isOver = signal.aborted || Date.now() > until
    const noted = attempts
    const next = await inTimebank(database, timebankId, systemActor, (tx) =>
      takeTurn(tx, { endpointId, turn, attempts: noted, isOver })
    )
    if (next === null) return
    attempts = await attemptAll(sender, timebankId, next)
  }
}

type Next = { endpoint: Endpoint; due: Due[] }

async function attemptAll(sender: Sender, timebankId: string, { endpoint, due }: Next): Promise<Attempt[]> {
  const { database, line, signal, note } = sender
  const secrets = await signingSecrets(database, endpoint)
  const attempt = async (delivery: Due): Promise<Attempt[]> => {
    const { eventId: id, type, subjectId, at } = delivery
    const body = JSON.stringify({ type, timestamp: at.toISOString(), data: { timebankId, id: subjectId } })
    const headers = { ...plainHeaders, ...signedHeaders(secrets, id, database.clock(), body) }
    try {
      const answer = await post(line, endpoint.url, headers, body, signal)
      note(endpoint.id, answer)
      return [{ ...delivery, url: endpoint.url, answer }]
    } catch (error) {
      if (signal.aborted) return []
      throw error
    }
  }
  return (await Promise.all(due.map(attempt))).flat()
}

export const plainHeaders = { 'content-type': 'application/json', 'user-agent': 'Commonhours-Webhooks/1' }

type Turn = { endpointId: string; turn: string; attempts: Attempt[] | null; isOver: boolean }

/** Notes what was attempted and gives what to attempt next; null: nothing, or somebody else's turn. */
async function takeTurn(tx: Tx, { endpointId, turn, attempts, isOver }: Turn): Promise<Next | null> {
  const [found] = await tx.db.select().from(endpoints).where(one(tx, endpointId)).for('no key update')
  if (!found) return null
  if (attempts) await noteAttempts(tx, endpointId, attempts)
  const isOthers = found.turn !== turn && found.turnUntil !== null && found.turnUntil > tx.now
  if (isOthers) return null
  // what another address has answered says nothing of this one
  const telling = attempts?.filter(({ url }) => url === found.url) ?? []
  const endpoint = { ...found, ...health(tx.now, found, telling) } as Endpoint
  if (endpoint.state === 'active') {
    const why = await reasonToStop(tx, endpoint, telling)
    if (why) await stopEndpoint(tx, endpoint, { by: 'service', why })
    endpoint.state = why ? 'disabled' : 'active'
  }
  const isActive = endpoint.state === 'active'
  const mayStart =
    isActive && (endpoint.probeAt === null || endpoint.probeAt.getTime() <= tx.now.getTime() + toleranceMs)
  const due = mayStart && !isOver ? await nextDue(tx, endpoint) : []
  const goesOn = due.length > 0
  await tx.db
    .update(endpoints)
    .set({
      failingSince: endpoint.failingSince,
      failures: endpoint.failures,
      probeAt: endpoint.probeAt,
      deliveredAt: endpoint.deliveredAt,
      turn: goesOn ? turn : null,
      turnUntil: goesOn ? new Date(tx.now.getTime() + silenceMs) : null
    })
    .where(one(tx, endpointId))
  if (goesOn) return { endpoint, due }
  if (isActive) await wakeUp(tx, endpoint)
  return null
}

type Health = Pick<Endpoint, 'failingSince' | 'failures' | 'probeAt' | 'deliveredAt'>

/** One success among those that went together is enough: what failed may be a matter of that event. */
function health(now: Date, before: Health, attempts: readonly Attempt[]): Health {
  if (attempts.length === 0) return before
  if (attempts.some(({ answer }) => answer.outcome === 'answered'))
    return { failingSince: null, failures: 0, probeAt: null, deliveredAt: now }
  const asked = attempts.map(({ answer }) => retryAfterMs(answer.retryAfter, now) ?? 0)
  const failures = before.failures + 1
  const waitMs = Math.max(endpointWaitMs(failures), ...asked)
  return {
    failingSince: before.failingSince ?? now,
    failures,
    probeAt: new Date(now.getTime() + waitMs),
    deliveredAt: before.deliveredAt
  }
}

async function reasonToStop(
  tx: Tx,
  { failingSince, organisationId }: Endpoint,
  attempts: readonly Attempt[]
): Promise<Endpoint['disabledWhy']> {
  if (attempts.some(({ answer }) => answer.outcome === 'gone')) return 'gone'
  if (failingSince && tx.now.getTime() - failingSince.getTime() >= givenUpAfterMs) return 'failing'
  return (await isAgency(tx, organisationId)) ? null : 'agency_ended'
}

/** Of a delivery that was asked for again meanwhile, what came of the earlier attempt is nothing that ends it. */
async function noteAttempts(tx: Tx, endpointId: string, attempts: readonly Attempt[]): Promise<void> {
  for (const { eventId, startedAt, attempts: before, answer } of attempts) {
    const tried = before + 1
    const last = { attempts: tried, lastAt: tx.now, lastOutcome: answer.outcome, lastStatus: answer.status }
    await tx.db
      .update(deliveries)
      .set({ ...last, ...whatNext(tx.now, startedAt, tried, answer) })
      .where(
        and(
          eq(deliveries.timebankId, tx.timebankId),
          eq(deliveries.endpointId, endpointId),
          eq(deliveries.eventId, eventId),
          eq(deliveries.startedAt, startedAt),
          answer.outcome === 'answered' ? undefined : eq(deliveries.state, 'waiting')
        )
      )
  }
}

function whatNext(now: Date, startedAt: Date, tried: number, answer: Answer): { state: string; nextAt?: Date } {
  if (answer.outcome === 'answered') return { state: 'delivered' }
  const lastChance = startedAt.getTime() + givenUpAfterMs
  if (now.getTime() >= lastChance) return { state: 'dead' }
  const waitMs = deliveryWaitMs(tried) ?? givenUpAfterMs
  const asked = retryAfterMs(answer.retryAfter, now) ?? 0
  return { state: 'waiting', nextAt: new Date(Math.min(now.getTime() + Math.max(waitMs, asked), lastChance)) }
}

function nextDue(tx: Tx, endpoint: Endpoint): Promise<Due[]> {
  return tx.db
    .select({
      eventId: events.id,
      type: events.type,
      subjectId: events.subjectId,
      at: events.at,
      startedAt: deliveries.startedAt,
      attempts: deliveries.attempts
    })
    .from(deliveries)
    .innerJoin(events, and(eq(events.timebankId, deliveries.timebankId), eq(events.id, deliveries.eventId)))
    .where(and(waitingAt(tx, endpoint.id), lte(deliveries.nextAt, new Date(tx.now.getTime() + toleranceMs))))
    .orderBy(asc(deliveries.nextAt))
    .limit(endpoint.failingSince === null ? mostAtOnce : 1)
}

const waitingAt = (tx: Tx, endpointId: string) =>
  and(
    eq(deliveries.timebankId, tx.timebankId),
    eq(deliveries.endpointId, endpointId),
    sql`${deliveries.state} = 'waiting'`
  )

/** Puts the next turn into the queue, in place of one that waits: the endpoint's row is held, so that nobody else does so now. */
async function wakeUp(tx: Tx, { id, probeAt }: Endpoint): Promise<void> {
  const [row] = await tx.db
    .select({ next: min(deliveries.nextAt) })
    .from(deliveries)
    .where(waitingAt(tx, id))
  const next = row?.next ?? null
  if (next === null) return
  const at = probeAt && probeAt > next ? probeAt : next
  await queueTurn(tx, id, Math.max(at.getTime() - tx.now.getTime(), 0))
}

/**
 * A turn of its own for an endpoint, not before so long; only for who holds its row. The wait is by the queue's clock: by an
 * instant of ours, a queue whose clock is ahead would wake us again and again until it has come.
 */
export async function queueTurn(tx: Tx, endpointId: string, waitMs = 0): Promise<void> {
  const payload = JSON.stringify({ timebank: tx.timebankId, endpoint: endpointId })
  await tx.client.query({
    name: 'webhooks.queue_turn',
    text: "SELECT platform.add_job($1, $2, $3, now() + $4::int8 * interval '1 millisecond')",
    values: [sendTask, payload, `${sendTask} ${endpointId}`, Math.round(waitMs)]
  })
}
