import { eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { notFound } from '../../shared/errors.ts'
import { getRequest } from '../listings/index.ts'
import { lockForBroker } from './desk.ts'
import { endWith, restListing } from './ending.ts'
import { wrongState } from './moves.ts'
import { lockAll, type ServiceRequest } from './service-requests.ts'
import { meetings, requests } from './tables.ts'
import type { SubStatus } from './vocabulary.ts'
import { change, move } from './writing.ts'

/** The job that a followed listing queues. Done again it changes nothing. */
export async function followListing(tx: Tx, listingId: string): Promise<void> {
  const [request] = await lockAll(tx, eq(requests.listingId, listingId), 1)
  if (request) await follow(tx, request)
}

/** Brings a locked request to where its exchanges and meetings are. What is decided by people is not touched. */
export async function follow(tx: Tx, request: ServiceRequest): Promise<ServiceRequest> {
  // what helpers have let go of opens to nobody while it is put off
  if (request.status === 'on_hold') await restListing(tx, request.listingId)
  if ((request.status !== 'accepted' && request.status !== 'in_progress') || request.listingId === null) return request
  const { status } = await getRequest(tx, request.listingId)
  const met = await meetingsOf(tx, request)
  if (status === 'withdrawn' && !met.planned && !met.begun)
    return endWith(tx, request, 'stop', 'service', { reason: 'no_longer_needed' })
  const begun = met.begun || status === 'in_progress' || status === 'fulfilled'
  const started = begun && request.status === 'accepted' ? await move(tx, request, 'start', 'service') : request
  // help again and again ends by a broker's word
  if (status === 'fulfilled' && request.rrule === null)
    return endWith(tx, started, 'complete', 'service', { outcome: 'goal_met' })
  const subStatus: SubStatus = begun
    ? 'helping'
    : met.planned
      ? 'scheduled'
      : status === 'matched'
        ? 'helper_found'
        : status === 'expired'
          ? 'listing_expired'
          : 'looking_for_helper'
  if (started.subStatus === subStatus) return started
  return change(
    tx,
    started,
    { subStatus },
    { action: 'followed', changes: { subStatus: [request.subStatus, subStatus] } }
  )
}

/** Whether a day has been agreed, and whether somebody has helped, as appointments and meetings tell. */
async function meetingsOf(tx: Tx, { id, listingId }: ServiceRequest): Promise<{ planned: boolean; begun: boolean }> {
  const { rows } = await tx.client.query<{ planned: boolean; begun: boolean }>({
    name: 'service_requests.meetings_of',
    text: `SELECT EXISTS (
                    SELECT FROM service_requests.meetings m
                      JOIN schedule.arrangements a ON a.timebank_id = $1 AND a.id = m.arrangement_id AND a.status = 'active'
                     WHERE m.timebank_id = $1 AND m.service_request_id = $2)
                  OR EXISTS (
                    SELECT FROM exchanges.exchanges x
                      JOIN schedule.appointments p ON p.timebank_id = $1 AND p.exchange_id = x.id AND NOT p.removed
                     WHERE x.timebank_id = $1 AND x.request_id = $3 AND x.status IN ('agreed', 'ready')) AS planned,
                  EXISTS (
                    SELECT FROM service_requests.meetings m
                      JOIN schedule.sessions s ON s.timebank_id = $1 AND s.arrangement_id = m.arrangement_id
                      JOIN exchanges.exchanges x ON x.timebank_id = $1 AND x.id = s.exchange_id
                     WHERE m.timebank_id = $1 AND m.service_request_id = $2 AND x.status IN ('reported', 'disputed', 'settled')) AS begun`,
    values: [tx.timebankId, id, listingId]
  })
  return rows[0]!
}

export type Attended = { performedOn: string; minutes: number }

/** When somebody helped and for how long, as it is settled; never who. */
export async function attendanceOf(tx: Tx, { id, listingId }: ServiceRequest): Promise<Attended[]> {
  const { rows } = await tx.client.query<Attended>({
    name: 'service_requests.attendance',
    text: `SELECT x.performed_on AS "performedOn", x.service_minutes AS minutes
             FROM exchanges.exchanges x
            WHERE x.timebank_id = $1 AND x.status = 'settled' AND x.id IN (
                    SELECT y.id FROM exchanges.exchanges y WHERE y.timebank_id = $1 AND y.request_id = $3
                    UNION ALL
                    SELECT s.exchange_id FROM service_requests.meetings m
                      JOIN schedule.sessions s ON s.timebank_id = $1 AND s.arrangement_id = m.arrangement_id
                     WHERE m.timebank_id = $1 AND m.service_request_id = $2 AND s.exchange_id IS NOT NULL)
            ORDER BY x.performed_on, x.service_minutes
            LIMIT 1000`,
    values: [tx.timebankId, id, listingId]
  })
  return rows
}

/** Notes that an arrangement to meet belongs to it: with the person, or the organisation, as who is helped. */
export async function addMeeting(tx: Tx, id: string, arrangementId: string): Promise<ServiceRequest> {
  const before = await lockForBroker(tx, id)
  if (before.status !== 'accepted' && before.status !== 'in_progress') throw wrongState(before.status)
  const { rows } = await tx.client.query<{ receiver_id: string | null; receiver_organisation_id: string | null }>({
    name: 'service_requests.arrangement',
    text: `SELECT receiver_id, receiver_organisation_id FROM schedule.arrangements
            WHERE timebank_id = $1 AND id = $2 AND kind = 'pair'`,
    values: [tx.timebankId, arrangementId]
  })
  const fits =
    before.kind === 'referral'
      ? rows[0]?.receiver_id === before.membershipId
      : rows[0]?.receiver_organisation_id === before.organisationId
  if (!rows[0] || !fits) throw notFound('arrangement')
  await tx.db
    .insert(meetings)
    .values({ timebankId: tx.timebankId, serviceRequestId: id, arrangementId })
    .onConflictDoNothing()
  return follow(tx, before)
}

/** Requests with meetings, of which no listing tells: sessions that have taken place, arrangements that have ended. */
export async function withMeetings(tx: Tx): Promise<string[]> {
  const { rows } = await tx.client.query<{ id: string }>({
    name: 'service_requests.with_meetings',
    text: `SELECT DISTINCT r.id FROM service_requests.requests r
             JOIN service_requests.meetings m ON m.timebank_id = $1 AND m.service_request_id = r.id
            WHERE r.timebank_id = $1 AND r.status IN ('accepted', 'in_progress')
            ORDER BY r.id LIMIT 1000`,
    values: [tx.timebankId]
  })
  return rows.map(({ id }) => id)
}

/** One of them, in a transaction of its own: each takes the clock, before which all else is locked. */
export async function followMeetings(tx: Tx, id: string): Promise<void> {
  const [request] = await lockAll(tx, eq(requests.id, id), 1)
  if (request) await follow(tx, request)
}
