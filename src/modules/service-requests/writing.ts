import { and, eq, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { audit } from '../audit/index.ts'
import { announce } from '../webhooks/index.ts'
import { ended, type MoveName, type Part, statusAfter } from './moves.ts'
import { allowed, seenByAgency } from './seeing.ts'
import { isService, type ServiceRequest } from './service-requests.ts'
import { contacts, history, requests, texts } from './tables.ts'
import type { Outcome, Reason } from './vocabulary.ts'

/**
 * The instant of a change. It rises within a timebank in the order in which changes are committed: whoever takes one has the
 * others wait until their transaction ends. So who reads what has changed since some instant never misses what was committed
 * late. Taken last, after all other locks but those of what is queued.
 */
export async function nextInstant(tx: Tx): Promise<Date> {
  const { rows } = await tx.client.query<{ at: Date }>({
    name: 'service_requests.next_instant',
    text: `INSERT INTO service_requests.clocks AS c (timebank_id, at) VALUES ($1, $2)
           ON CONFLICT (timebank_id) DO UPDATE SET at = greatest(excluded.at, c.at + interval '1 millisecond')
           RETURNING at`,
    values: [tx.timebankId, tx.now]
  })
  return rows[0]!.at
}

/** As what the caller acts on a request that is there for them. */
export const partOf = (tx: Tx): Part =>
  tx.actor.agency ? 'agency' : isService(tx) ? 'service' : isStaff(tx.actor) ? 'broker' : 'person'

type Change = Partial<ServiceRequest>

type Telling = {
  /** for the audit */
  action: string
  changes?: Record<string, unknown>
  /** the agency reads something else than before, beside its status */
  agency?: boolean
}

/** Changes a locked request. The agency is told where what it may read is not what it was, and learns of nothing else. */
export async function change(tx: Tx, before: ServiceRequest, set: Change, telling: Telling): Promise<ServiceRequest> {
  const agency = telling.agency || (await readsOtherwise(tx, before, { ...before, ...set }))
  const at = await nextInstant(tx)
  const [row] = await tx.db
    .update(requests)
    .set({
      ...set,
      updatedAt: at,
      ...(agency ? { agencyAt: at, rowVersion: sql`${requests.rowVersion} + 1` } : {})
    })
    .where(and(eq(requests.timebankId, tx.timebankId), eq(requests.id, before.id)))
    .returning()
  const after = row as ServiceRequest
  await audit(tx, entry(after, telling))
  if (agency) await tellAgency(tx, after)
  return after
}

async function readsOtherwise(tx: Tx, before: ServiceRequest, after: ServiceRequest): Promise<boolean> {
  const scopes = (await allowed(tx, [after]))(after)
  return JSON.stringify(seenByAgency(before, scopes)) !== JSON.stringify(seenByAgency(after, scopes))
}

const entry = (request: ServiceRequest, { action, changes = {} }: Telling) => ({
  action: `service-request.${action}`,
  subject: { type: 'service-request', id: request.id },
  onBehalfOf: request.membershipId,
  changes
})

/** Ids only. */
export const tellAgency = (tx: Tx, { id, organisationId }: ServiceRequest): Promise<void> =>
  announce(tx, [{ organisationId, type: 'service_request.changed', subject: { type: 'service_request', id } }])

export type Moved = {
  reason?: Reason | null
  outcome?: Outcome | null
  /** what else changes with it */
  set?: Change
}

/** Takes a locked request one move on, with the reason or the outcome that its new status needs, and writes it down. */
export async function move(
  tx: Tx,
  before: ServiceRequest,
  name: MoveName,
  part: Part,
  { reason = null, outcome = null, set = {} }: Moved = {}
): Promise<ServiceRequest> {
  const status = statusAfter(name, before.status, part)
  const isEnd = ended.includes(status)
  const isError = status === 'entered_in_error'
  // its own doing, what came before a yes, and that it should never have been
  const statusOpen = part === 'agency' || isError || (before.status === 'requested' && isEnd)
  const isDecision = before.status === 'requested' && !isError
  const after = await change(
    tx,
    before,
    {
      status,
      reason,
      outcome,
      statusOpen,
      statusAt: tx.now,
      closesAt: null,
      ...(isEnd ? { subStatus: null, endedAt: tx.now } : {}),
      ...(isDecision ? { decidedAt: tx.now } : {}),
      ...set
    },
    {
      action: actions[name],
      changes: { status: [before.status, status], ...(reason ? { reason } : {}), ...(outcome ? { outcome } : {}) }
    }
  )
  await remember(tx, after, part)
  if (isEnd) await forgetContact(tx, after)
  return after
}

const actions: Record<MoveName, string> = {
  accept: 'accepted',
  reject: 'rejected',
  close: 'closed',
  start: 'started',
  hold: 'put-on-hold',
  resume: 'resumed',
  complete: 'completed',
  fail: 'failed',
  cancel: 'cancelled',
  stop: 'stopped',
  enterInError: 'entered-in-error'
}

/** Adds to the history. The request is locked, so that positions have no gaps. */
export async function remember(tx: Tx, request: ServiceRequest, part: Part): Promise<void> {
  await tx.db.insert(history).values({
    timebankId: tx.timebankId,
    serviceRequestId: request.id,
    position: sql`(SELECT coalesce(max(h.position), 0) + 1 FROM service_requests.history h
                    WHERE h.timebank_id = ${tx.timebankId} AND h.service_request_id = ${request.id})`,
    status: request.status,
    reason: request.reason,
    outcome: request.outcome,
    at: request.statusAt,
    part,
    statusOpen: request.statusOpen
  })
}

/** Whom to contact is needed no more, and how they were tried is nobody's business. */
async function forgetContact(tx: Tx, { id }: ServiceRequest): Promise<void> {
  await tx.db
    .update(texts)
    .set({ contactName: null, contactPhone: null, contactEmail: null, contactPreferred: null })
    .where(and(eq(texts.timebankId, tx.timebankId), eq(texts.serviceRequestId, id)))
  await tx.db.delete(contacts).where(and(eq(contacts.timebankId, tx.timebankId), eq(contacts.serviceRequestId, id)))
}

/** Nothing is left of what was written. */
export async function forgetTexts(tx: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await tx.client.query({
    name: 'service_requests.forget_texts',
    text: `UPDATE service_requests.texts
              SET title = '', what_matters = NULL, can_offer = NULL, area = NULL, access_needs = NULL, known_risks = NULL, wording = NULL,
                  contact_name = NULL, contact_phone = NULL, contact_email = NULL, contact_preferred = NULL
            WHERE timebank_id = $1 AND service_request_id = ANY ($2::uuid[])`,
    values: [tx.timebankId, ids]
  })
}
