import { and, desc, eq, lt, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { dayMs } from '../../shared/clock.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { type Endpoint, getEndpoint, lockEndpoint, noted } from './endpoints.ts'
import type { Outcome } from './post.ts'
import { queueTurn } from './send.ts'
import { deliveries, events } from './tables.ts'

export const deliveryStates = ['waiting', 'delivered', 'dead'] as const

export type Delivery = {
  id: string
  type: string
  subjectType: string
  subjectId: string
  at: Date
  state: (typeof deliveryStates)[number]
  attempts: number
  nextAt: Date
  lastAt: Date | null
  lastOutcome: Outcome | null
  lastStatus: number | null
}

const select = (tx: Tx) =>
  tx.db
    .select({
      id: events.id,
      type: events.type,
      subjectType: events.subjectType,
      subjectId: events.subjectId,
      at: events.at,
      state: deliveries.state,
      attempts: deliveries.attempts,
      nextAt: deliveries.nextAt,
      lastAt: deliveries.lastAt,
      lastOutcome: deliveries.lastOutcome,
      lastStatus: deliveries.lastStatus
    })
    .from(deliveries)
    .innerJoin(events, and(eq(events.timebankId, deliveries.timebankId), eq(events.id, deliveries.eventId)))

const of = (tx: Tx, endpointId: string) =>
  and(eq(deliveries.timebankId, tx.timebankId), eq(deliveries.endpointId, endpointId))

/** Newest event first; one more than `limit` where there are more. */
export async function listDeliveries(
  tx: Tx,
  endpointId: string,
  filter: { state?: Delivery['state'] | undefined; before: string | null },
  limit: number
): Promise<Delivery[]> {
  const endpoint = await getEndpoint(tx, endpointId)
  const { state, before } = filter
  const rows = await select(tx)
    .where(
      and(
        of(tx, endpoint.id),
        state === undefined ? undefined : eq(deliveries.state, state),
        before === null ? undefined : lt(deliveries.eventId, before)
      )
    )
    .orderBy(desc(deliveries.eventId))
    .limit(limit + 1)
  return rows as Delivery[]
}

async function getDelivery(tx: Tx, endpointId: string, eventId: string): Promise<Delivery> {
  const [row] = await select(tx).where(and(of(tx, endpointId), eq(deliveries.eventId, eventId)))
  if (!row) throw notFound('delivery')
  return row as Delivery
}

/** Of an endpoint to which something can be sent. */
async function open(tx: Tx, endpointId: string): Promise<Endpoint> {
  const endpoint = await lockEndpoint(tx, endpointId)
  if (endpoint.state === 'disabled') throw new DomainError('wrong-state', 'The endpoint is disabled: enable it first.')
  return endpoint
}

const anew = (now: Date) => ({ state: 'waiting', attempts: 0, startedAt: now, nextAt: now })

/** Sends one that is dead, or that waits for its next attempt, now. */
export async function resendDelivery(tx: Tx, endpointId: string, eventId: string): Promise<Delivery> {
  await open(tx, endpointId)
  const delivery = await getDelivery(tx, endpointId, eventId)
  if (delivery.state === 'delivered') throw new DomainError('wrong-state', 'It was delivered: ask for a replay.')
  await tx.db
    .update(deliveries)
    .set(anew(tx.now))
    .where(and(of(tx, endpointId), eq(deliveries.eventId, eventId)))
  await queueTurn(tx, endpointId)
  return getDelivery(tx, endpointId, eventId)
}

/** Sends all dead ones anew whose events came at an instant or later; gives how many. */
export async function resendDead(tx: Tx, endpointId: string, since: Date): Promise<number> {
  const endpoint = await open(tx, endpointId)
  const { rowCount } = await tx.db
    .update(deliveries)
    .set(anew(tx.now))
    .from(events)
    .where(
      and(
        of(tx, endpointId),
        eq(deliveries.state, 'dead'),
        eq(events.timebankId, deliveries.timebankId),
        eq(events.id, deliveries.eventId),
        sql`${events.at} >= ${since.toISOString()}::timestamptz`
      )
    )
  const resent = rowCount ?? 0
  await noted(tx, endpoint, 'dead_resent', { deliveries: resent })
  await queueTurn(tx, endpointId)
  return resent
}

/** Sends all events anew that came at an instant or later, whatever became of them, under the ids that they had; gives how many. */
export async function replay(tx: Tx, endpointId: string, since: Date): Promise<number> {
  const endpoint = await open(tx, endpointId)
  const oldest = new Date(tx.now.getTime() - keptDays * dayMs)
  const { rowCount } = await tx.client.query({
    name: 'webhooks.replay',
    text: `INSERT INTO webhooks.deliveries (timebank_id, endpoint_id, event_id, state, started_at, next_at)
           SELECT $1, $2, e.id, 'waiting', $5, $5
             FROM webhooks.events e
            WHERE e.timebank_id = $1 AND e.organisation_id = $3 AND e.at >= greatest($4::timestamptz, $7) AND e.type <> '${pingType}'
              AND ($6::text[] IS NULL OR e.type = ANY ($6))
           ON CONFLICT (timebank_id, endpoint_id, event_id)
           DO UPDATE SET state = 'waiting', attempts = 0, started_at = excluded.started_at, next_at = excluded.next_at`,
    values: [tx.timebankId, endpointId, endpoint.organisationId, since, tx.now, endpoint.types, oldest]
  })
  const replayed = rowCount ?? 0
  await noted(tx, endpoint, 'replayed', { deliveries: replayed })
  await queueTurn(tx, endpointId)
  return replayed
}

/** For so long events can be asked for again. */
export const keptDays = 30

const pingType = 'ping'

/** Sends a `ping`, to this endpoint only, whatever types it takes. */
export async function sendPing(tx: Tx, endpointId: string): Promise<Delivery> {
  const endpoint = await lockEndpoint(tx, endpointId)
  if (endpoint.state !== 'active') throw new DomainError('wrong-state', 'The endpoint is not active.')
  const id = newId()
  const { timebankId, now: at } = tx
  const { organisationId } = endpoint
  const subject = { subjectType: 'webhook_endpoint', subjectId: endpointId }
  await tx.db.insert(events).values({ timebankId, id, organisationId, type: pingType, ...subject, at })
  await tx.db.insert(deliveries).values({ timebankId, endpointId, eventId: id, ...anew(at) })
  await queueTurn(tx, endpointId)
  return getDelivery(tx, endpointId, id)
}
