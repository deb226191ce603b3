import { and, asc, eq, gt, sql } from 'drizzle-orm'
import type { Database, Tx } from '../../db/client.ts'
import { onDuplicate } from '../../db/errors.ts'
import { addJob } from '../../db/jobs.ts'
import { isStaff } from '../../shared/actor.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import type { WebhookEventType } from '../../shared/webhook-events.ts'
import { audit } from '../audit/index.ts'
import { unseal } from './secrets.ts'
import { deliveries, endpoints } from './tables.ts'

export const endpointStates = ['unverified', 'active', 'disabled'] as const
export const disablers = ['agency', 'staff', 'service'] as const
export const disabledReasons = ['failing', 'gone', 'not_verified', 'agency_ended'] as const

type Row = typeof endpoints.$inferSelect
export type Endpoint = Omit<Row, 'types' | 'state' | 'disabledBy' | 'disabledWhy'> & {
  types: WebhookEventType[] | null
  state: (typeof endpointStates)[number]
  disabledBy: (typeof disablers)[number] | null
  disabledWhy: (typeof disabledReasons)[number] | null
}

export type EndpointInput = {
  url: string
  description?: string | null | undefined
  types?: WebhookEventType[] | null | undefined
}

export const verifyTask = 'webhooks.verify'

/** Of an organisation: more than this is a mistake. */
const mostEndpoints = 10

/** The old secret signs for so long beside the new one. */
const overlapMs = 24 * 60 * 60_000

export const one = (tx: Tx, id: string) => and(eq(endpoints.timebankId, tx.timebankId), eq(endpoints.id, id))

/** Staff see all, agencies their own; everything else is not there. */
const seen = (tx: Tx) => {
  const { agency } = tx.actor
  if (agency) return eq(endpoints.organisationId, agency.organisationId)
  return isStaff(tx.actor) ? undefined : sql`false`
}

export async function getEndpoint(tx: Tx, id: string): Promise<Endpoint> {
  const [row] = await tx.db
    .select()
    .from(endpoints)
    .where(and(one(tx, id), seen(tx)))
  if (!row) throw notFound('endpoint')
  return row as Endpoint
}

/** Reads an endpoint and keeps others from changing it, and from sending to it anew, until the transaction ends. */
export async function lockEndpoint(tx: Tx, id: string): Promise<Endpoint> {
  const [row] = await tx.db
    .select()
    .from(endpoints)
    .where(and(one(tx, id), seen(tx)))
    .for('no key update')
  if (!row) throw notFound('endpoint')
  return row as Endpoint
}

export type EndpointFilter = {
  organisationId?: string | undefined
  state?: Endpoint['state'] | undefined
  after: string | null
}

/** In the order in which they were made; one more than `limit` where there are more. */
export async function listEndpoints(tx: Tx, filter: EndpointFilter, limit: number): Promise<Endpoint[]> {
  const { organisationId, state, after } = filter
  const rows = await tx.db
    .select()
    .from(endpoints)
    .where(
      and(
        eq(endpoints.timebankId, tx.timebankId),
        seen(tx),
        organisationId === undefined ? undefined : eq(endpoints.organisationId, organisationId),
        state === undefined ? undefined : eq(endpoints.state, state),
        after === null ? undefined : gt(endpoints.id, after)
      )
    )
    .orderBy(asc(endpoints.id))
    .limit(limit + 1)
  return rows as Endpoint[]
}

/** Adds an endpoint of the agency that asks; it is told nothing before its address has answered a challenge. */
export async function addEndpoint(
  tx: Tx,
  { id, secret, ...input }: EndpointInput & { id: string; secret: Buffer }
): Promise<Endpoint> {
  const organisationId = tx.actor.agency!.organisationId
  // whoever adds one at the same moment counts it too
  await tx.db.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`webhooks ${organisationId}`}, 0))`)
  const there = await listEndpoints(tx, { organisationId, after: null }, mostEndpoints)
  if (there.length >= mostEndpoints)
    throw new DomainError('conflict', `An organisation has at most ${mostEndpoints} endpoints.`, {
      figures: { endpoints: there.length }
    })
  const insert = tx.db
    .insert(endpoints)
    .values({
      ...input,
      timebankId: tx.timebankId,
      id,
      organisationId,
      secret,
      state: 'unverified',
      unverifiedSince: tx.now,
      createdAt: tx.now
    })
    .returning()
  const [row] = await onDuplicate('endpoints_url', insert, urlTaken)
  await noted(tx, row as Endpoint, 'added')
  await queueVerification(tx, id)
  return row as Endpoint
}

const urlTaken = () =>
  new DomainError('already-exists', 'There is an endpoint with this address.', {
    errors: [{ pointer: '/url', detail: 'There is an endpoint with this address.' }]
  })

/** Changes what an endpoint is; at another address it has to be verified anew. */
export async function changeEndpoint(
  tx: Tx,
  id: string,
  change: Partial<EndpointInput>,
  expected: number
): Promise<Endpoint> {
  const before = await lockEndpoint(tx, id)
  if (before.rowVersion !== expected) throw new DomainError('precondition-failed')
  const fields = (['url', 'description', 'types'] as const).filter(
    (field) => change[field] !== undefined && String(change[field]) !== String(before[field])
  )
  if (fields.length === 0) return before
  const moves = fields.includes('url') && before.state !== 'disabled'
  const update = tx.db
    .update(endpoints)
    .set({
      ...(change as Partial<Row>),
      ...(moves ? waitsForVerification(tx.now) : {}),
      rowVersion: before.rowVersion + 1
    })
    .where(one(tx, id))
    .returning()
  const [row] = await onDuplicate('endpoints_url', update, urlTaken)
  await noted(tx, before, 'changed', { fields })
  if (moves) await queueVerification(tx, id)
  return row as Endpoint
}

const healthy = { failingSince: null, failures: 0, probeAt: null }

const waitsForVerification = (now: Date) => ({
  ...healthy,
  state: 'unverified',
  unverifiedSince: now,
  triedAt: null,
  triedOutcome: null
})

/** Asks for the challenge again. */
export async function requestVerification(tx: Tx, id: string): Promise<Endpoint> {
  const endpoint = await lockEndpoint(tx, id)
  if (endpoint.state === 'disabled') throw new DomainError('wrong-state', 'It is disabled: enable it.')
  await queueVerification(tx, id)
  return endpoint
}

/** One at a time for each endpoint, however often it is asked for. */
export const queueVerification = (tx: Tx, id: string): Promise<void> =>
  addJob(tx.db, verifyTask, { timebank: tx.timebankId, endpoint: id }, { jobKey: `${verifyTask} ${id}` })

/** At the wish of its agency or of staff. What waits is dead, and can be sent again once it is enabled. Again it changes nothing. */
export async function disableEndpoint(tx: Tx, id: string): Promise<Endpoint> {
  const endpoint = await lockEndpoint(tx, id)
  const by = tx.actor.agency ? 'agency' : 'staff'
  // what staff have disabled stays so until they enable it; what somebody else has, staff can make sure of
  if (endpoint.state === 'disabled' && (endpoint.disabledBy === by || by === 'agency')) return endpoint
  await stopEndpoint(tx, endpoint, { by, why: null })
  return getEndpoint(tx, id)
}

export async function enableEndpoint(tx: Tx, id: string): Promise<Endpoint> {
  const endpoint = await lockEndpoint(tx, id)
  if (endpoint.state !== 'disabled') throw new DomainError('wrong-state', 'It is not disabled.')
  if (endpoint.disabledBy === 'staff' && tx.actor.agency)
    throw new DomainError('wrong-state', 'Staff of the timebank have disabled it: ask them.')
  const [row] = await tx.db
    .update(endpoints)
    .set({
      ...waitsForVerification(tx.now),
      disabledAt: null,
      disabledBy: null,
      disabledWhy: null,
      rowVersion: endpoint.rowVersion + 1
    })
    .where(one(tx, id))
    .returning()
  await noted(tx, endpoint, 'enabled')
  await queueVerification(tx, id)
  return row as Endpoint
}

/** For who holds its row. */
export async function stopEndpoint(
  tx: Tx,
  endpoint: Endpoint,
  { by, why }: { by: Endpoint['disabledBy']; why: Endpoint['disabledWhy'] }
): Promise<void> {
  await tx.db
    .update(endpoints)
    .set({
      state: 'disabled',
      unverifiedSince: null,
      disabledAt: tx.now,
      disabledBy: by,
      disabledWhy: why,
      rowVersion: endpoint.rowVersion + 1
    })
    .where(one(tx, endpoint.id))
  await tx.db
    .update(deliveries)
    .set({ state: 'dead' })
    .where(
      and(
        eq(deliveries.timebankId, tx.timebankId),
        eq(deliveries.endpointId, endpoint.id),
        sql`${deliveries.state} = 'waiting'`
      )
    )
  await noted(tx, endpoint, 'disabled', { state: [endpoint.state, 'disabled'], ...(why ? { why } : {}) })
}

/** With all that was sent to it. */
export async function removeEndpoint(tx: Tx, id: string): Promise<void> {
  const endpoint = await getEndpoint(tx, id)
  await tx.db.delete(endpoints).where(one(tx, id))
  await noted(tx, endpoint, 'removed')
}

/** A new secret signs from now on; the old one beside it for a day, unless it is ended at once. */
export async function rotateSecret(
  tx: Tx,
  id: string,
  { secret, keepOld }: { secret: Buffer; keepOld: boolean }
): Promise<Endpoint> {
  const before = await lockEndpoint(tx, id)
  const [row] = await tx.db
    .update(endpoints)
    .set({
      secret,
      previousSecret: keepOld ? before.secret : null,
      previousUntil: keepOld ? new Date(tx.now.getTime() + overlapMs) : null,
      rowVersion: before.rowVersion + 1
    })
    .where(one(tx, id))
    .returning()
  await noted(tx, before, 'secret_rotated')
  return row as Endpoint
}

/** Again it changes nothing. */
export async function endPreviousSecret(tx: Tx, id: string): Promise<Endpoint> {
  const before = await lockEndpoint(tx, id)
  if (before.previousSecret === null) return before
  const [row] = await tx.db
    .update(endpoints)
    .set({ previousSecret: null, previousUntil: null, rowVersion: before.rowVersion + 1 })
    .where(one(tx, id))
    .returning()
  await noted(tx, before, 'previous_secret_ended')
  return row as Endpoint
}

/** Those that sign at present, the newest first. */
export function signingSecrets(database: Database, endpoint: Endpoint): Promise<Buffer[]> {
  const { id, secret, previousSecret, previousUntil } = endpoint
  const sealed = previousSecret && previousUntil! > database.clock() ? [secret, previousSecret] : [secret]
  return Promise.all(sealed.map((bytes) => unseal(database, id, bytes)))
}

/** Where it is stays out: an address can hold a secret of its receiver. */
export const noted = (tx: Tx, endpoint: Endpoint, verb: string, changes: Record<string, unknown> = {}): Promise<void> =>
  audit(tx, {
    action: `webhook_endpoint.${verb}`,
    subject: { type: 'webhook_endpoint', id: endpoint.id },
    changes: { organisationId: endpoint.organisationId, ...changes }
  })
