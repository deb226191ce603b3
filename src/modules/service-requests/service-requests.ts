import { and, asc, desc, eq, gte, inArray, isNull, lt, lte, not, or, type SQL, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { notFound } from '../../shared/errors.ts'
import { type ConsentScope, consentSql } from '../consents/index.ts'
import { mayActFor, membersSupported } from '../supporters/index.ts'
import { history, requests, texts } from './tables.ts'
import type { Kind, Outcome, Priority, Reason, Status, SubStatus } from './vocabulary.ts'

type Row = typeof requests.$inferSelect

export type ServiceRequest = Omit<
  Row,
  'kind' | 'status' | 'subStatus' | 'reason' | 'outcome' | 'priority' | 'claimedScopes'
> & {
  kind: Kind
  status: Status
  subStatus: SubStatus | null
  reason: Reason | null
  outcome: Outcome | null
  priority: Priority
  claimedScopes: ConsentScope[] | null
}

export type Texts = Omit<typeof texts.$inferSelect, 'timebankId' | 'serviceRequestId'>

const asServiceRequest = (row: Row): ServiceRequest => row as ServiceRequest

const one = (tx: Tx, id: string) => and(eq(requests.timebankId, tx.timebankId), eq(requests.id, id))

export async function findServiceRequest(tx: Tx, id: string): Promise<ServiceRequest | null> {
  const [row] = await tx.db.select().from(requests).where(one(tx, id))
  return row ? asServiceRequest(row) : null
}

/** The service by itself, in jobs. */
export const isService = ({ actor }: Tx): boolean => actor.personId === null && actor.operator

/** Whether it is about the caller, or about somebody whom they support in the scope `consents`. */
export const isAbout = async (tx: Tx, { membershipId }: ServiceRequest): Promise<boolean> =>
  membershipId !== null &&
  tx.actor.agency === undefined &&
  (membershipId === tx.actor.membershipId || (await mayActFor(tx, membershipId, 'consents')))

/** That it is there for the caller: staff see all, an agency its own, a person what is about them. To others it is not there. */
export async function refuseHidden(tx: Tx, request: ServiceRequest | null): Promise<ServiceRequest> {
  const { agency } = tx.actor
  const shown =
    request !== null &&
    (agency
      ? agency.organisationId === request.organisationId
      : isStaff(tx.actor) || isService(tx) || (request.status !== 'entered_in_error' && (await isAbout(tx, request))))
  if (!shown) throw notFound('service request')
  return request
}

export const readServiceRequest = async (tx: Tx, id: string): Promise<ServiceRequest> =>
  refuseHidden(tx, await findServiceRequest(tx, id))

/** The same, for who is about to change it: others wait. */
export async function lockServiceRequest(tx: Tx, id: string): Promise<ServiceRequest> {
  const [row] = await tx.db.select().from(requests).where(one(tx, id)).for('no key update')
  return refuseHidden(tx, row ? asServiceRequest(row) : null)
}

/** Several at once, in order, so that two who do the same cannot block each other. Whoever asks. */
export async function lockAll(tx: Tx, condition: SQL | undefined, most = 1000): Promise<ServiceRequest[]> {
  const rows = await tx.db
    .select()
    .from(requests)
    .where(and(eq(requests.timebankId, tx.timebankId), condition))
    .orderBy(asc(requests.id))
    .limit(most)
    .for('no key update')
  return rows.map(asServiceRequest)
}

export async function textsOf(tx: Tx, id: string): Promise<Texts> {
  const [row] = await tx.db
    .select()
    .from(texts)
    .where(and(eq(texts.timebankId, tx.timebankId), eq(texts.serviceRequestId, id)))
  const { timebankId: _timebank, serviceRequestId: _id, ...rest } = row!
  return rest
}

/** Titles alone, of many. */
export async function titlesOf(tx: Tx, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await tx.db
    .select({ id: texts.serviceRequestId, title: texts.title })
    .from(texts)
    .where(and(eq(texts.timebankId, tx.timebankId), inArray(texts.serviceRequestId, [...ids])))
  return new Map(rows.map(({ id, title }) => [id, title]))
}

export type Step = Omit<typeof history.$inferSelect, 'status' | 'reason' | 'outcome'> &
  Pick<ServiceRequest, 'status' | 'reason' | 'outcome'>

/** What it has been, the first first. */
export async function historyOf(tx: Tx, id: string): Promise<Step[]> {
  const rows = await tx.db
    .select()
    .from(history)
    .where(and(eq(history.timebankId, tx.timebankId), eq(history.serviceRequestId, id)))
    .orderBy(asc(history.position))
  return rows as Step[]
}

export type Filter = {
  status?: Status | undefined
  /** any of these; `withheld`: those too whose status the caller may not see */
  among?: { statuses: readonly Status[]; withheld: boolean } | undefined
  ids?: readonly string[] | undefined
  subStatus?: SubStatus | undefined
  kind?: Kind | undefined
  priority?: Priority | undefined
  organisationId?: string | undefined
  memberId?: string | undefined
  /** null: nobody */
  assigneeId?: string | null | undefined
  /** asked before this instant, and not decided yet */
  waitingSince?: Date | undefined
  /** changed at this instant or later; then in the order of changes */
  updatedSince?: Date | undefined
  external?: { system?: string | undefined; value?: string | undefined } | undefined
}

/** Where a page begins: after the last one seen, and where it goes by changes the instant of its last (ISO). */
export type Place = { at: string | null; id: string }

/** When it last changed, as far as the caller may know. */
export const changedAt = (tx: Tx, request: ServiceRequest): Date =>
  tx.actor.agency ? request.agencyAt : request.updatedAt

/**
 * Those that are there for the caller: newest first, or, since an instant, in the order in which they changed. One more than
 * `limit` where there are more.
 */
export async function listServiceRequests(
  tx: Tx,
  filter: Filter,
  after: Place | null,
  limit: number
): Promise<ServiceRequest[]> {
  const { agency } = tx.actor
  const changed = agency ? requests.agencyAt : requests.updatedAt
  const byChange = filter.updatedSince !== undefined
  const { external, waitingSince } = filter
  const own = await ofCaller(tx)
  const rows = await tx.db
    .select()
    .from(requests)
    .where(
      and(
        eq(requests.timebankId, tx.timebankId),
        own,
        statusIs(tx, filter),
        filter.ids && inArray(requests.id, [...filter.ids]),
        is(requests.kind, filter.kind),
        is(requests.priority, filter.priority),
        is(requests.organisationId, filter.organisationId),
        is(requests.membershipId, filter.memberId),
        filter.assigneeId === null ? isNull(requests.assigneeId) : is(requests.assigneeId, filter.assigneeId),
        waitingSince && and(eq(requests.status, 'requested'), lte(requests.createdAt, waitingSince)),
        is(requests.externalSystem, external?.system),
        is(requests.externalValue, external?.value),
        filter.updatedSince && gte(changed, filter.updatedSince),
        after === null
          ? undefined
          : byChange
            ? sql`(${changed}, ${requests.id}) > (${after.at}::timestamptz, ${after.id}::uuid)`
            : lt(requests.id, after.id)
      )
    )
    .orderBy(...(byChange ? [asc(changed), asc(requests.id)] : [desc(requests.id)]))
    .limit(limit + 1)
  return rows.map(asServiceRequest)
}

/** Not asked for where it is undefined. */
const is = (column: AnyPgColumn, value: string | undefined): SQL | undefined =>
  value === undefined ? undefined : eq(column, value)

const instantSql = (instant: Date): string => `'${instant.toISOString()}'::timestamptz`

async function ofCaller(tx: Tx): Promise<SQL | undefined> {
  const { agency, membershipId } = tx.actor
  if (agency) return eq(requests.organisationId, agency.organisationId)
  if (isStaff(tx.actor) || isService(tx)) return undefined
  // one's own, and of whom one supports in what is theirs to agree to: by id, since an OR of the two would read the whole table
  const supported = (await membersSupported(tx, ['consents'])).map((one) => one.membershipId)
  return and(
    sql`${requests.status} <> 'entered_in_error'`,
    inArray(requests.membershipId, [membershipId!, ...supported])
  )
}

/** A status that an agency may not see is not found by asking for it either. */
function statusIs(tx: Tx, { status, among, subStatus }: Filter): SQL | undefined {
  if (status === undefined && among === undefined && subStatus === undefined) return undefined
  const wanted = and(
    status === undefined ? undefined : eq(requests.status, status),
    // none of them: nothing is found
    among === undefined ? undefined : inArray(requests.status, [...among.statuses]),
    subStatus === undefined ? undefined : eq(requests.subStatus, subStatus)
  )
  if (!tx.actor.agency) return wanted
  const of = (column: string) => `"service_requests"."requests"."${column}"`
  const shared = sql.raw(
    // asked for each row by itself: as a plain condition all consents of the timebank would be read into a hash
    `(SELECT ${consentSql(of('timebank_id'), of('membership_id'), of('organisation_id'), "'share_status'", instantSql(tx.now))})`
  )
  const open = subStatus === undefined ? sql`${requests.statusOpen}` : sql`false`
  const seen = or(eq(requests.kind, 'own_need'), open, shared)
  return among?.withheld ? or(and(wanted, seen), not(seen as SQL)) : and(wanted, seen)
}
