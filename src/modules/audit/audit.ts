import { and, desc, eq, gte, like, lt, ne, not, or, type SQL, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { rowsWriter } from '../../db/rows.ts'
import { newId } from '../../shared/ids.ts'
import { events } from './tables.ts'

export type AuditEntry = {
  /** `subject.verb`, such as `membership.activated` */
  action: string
  subject: { type: string; id: string }
  /** membership for whom it was done, where that is not the actor's own */
  onBehalfOf?: string | null
  /** what changed: states, roles and figures with their values; personal fields by name only, as `{ fields: ['phone'] }` */
  changes?: Record<string, unknown>
  reason?: string | null
}

export type StoredEvent = typeof events.$inferSelect

/** As it is shown: who acted is named by membership. The person, the same in every timebank, only where there is none. */
export function shownEvent({ timebankId: _timebank, actorPersonId, ...rest }: StoredEvent): ShownEvent {
  return rest.actorMembershipId === null ? { ...rest, actorPersonId } : rest
}

/** To members: that it was done through an agency's system, but not through which; nor who somebody is elsewhere. */
export function shownToMember(event: StoredEvent): ShownEvent {
  const { actorPersonId: _person, agencyClientId: _client, ...rest } = shownEvent(event)
  return rest
}

export type ShownEvent = Omit<StoredEvent, 'timebankId' | 'actorPersonId' | 'agencyClientId'> & {
  actorPersonId?: string | null
  agencyClientId?: string | null
}

/** References and interviews are given in confidence: nobody reads of their own, staff included. */
const inConfidence = like(events.action, 'screening.%')

/** That somebody has shown a conversation to brokers is not for those who take part in it, staff included; only they know their own. */
const unlessReported = ({ timebankId, actor: { membershipId } }: Tx): SQL | undefined =>
  membershipId === null
    ? undefined
    : sql`CASE WHEN ${events.action} LIKE 'conversation.report%' AND ${events.actorMembershipId} IS DISTINCT FROM ${membershipId}::uuid
               THEN NOT EXISTS (
                 SELECT FROM conversations.participants p
                  WHERE p.timebank_id = ${timebankId} AND p.conversation_id = ${events.subjectId}::uuid AND p.membership_id = ${membershipId}::uuid)
               ELSE true END`

/**
 * SQL that adds the events of a parameter that `eventsJson` made: for statements of higher modules that write something and
 * note it in one round trip.
 */
export const insertEvents = (parameter: string): string =>
  `INSERT INTO audit.events SELECT * FROM json_populate_recordset(NULL::audit.events, ${parameter})`

const written = rowsWriter<StoredEvent>(events)

export function eventsJson(tx: Tx, entries: readonly AuditEntry[]): string {
  const { actor } = tx
  return written(
    entries.map((entry) => ({
      timebankId: tx.timebankId,
      id: newId(),
      at: tx.now,
      actorPersonId: actor.personId,
      actorMembershipId: actor.membershipId,
      onBehalfOf: entry.onBehalfOf && entry.onBehalfOf !== actor.membershipId ? entry.onBehalfOf : null,
      source: actor.source,
      slipNumber: actor.slipNumber ?? null,
      action: entry.action,
      subjectType: entry.subject.type,
      subjectId: entry.subject.id,
      changes: entry.changes ?? {},
      reason: entry.reason ?? null,
      agencyId: actor.agency?.organisationId ?? null,
      agencyClientId: actor.agency?.clientId ?? null
    }))
  )
}

/** Writes down who did what, in the transaction that does it (R6). One statement for any number of entries. */
export async function audit(tx: Tx, ...entries: AuditEntry[]): Promise<void> {
  if (entries.length === 0) return
  await tx.client.query({ name: 'audit.insert', text: insertEvents('$1'), values: [eventsJson(tx, entries)] })
}

export type EventFilter = {
  subjectType?: string | undefined
  subjectId?: string | undefined
  onBehalfOf?: string | undefined
  /** organisation through whose system it was done */
  agency?: string | undefined
  agencyClient?: string | undefined
  since?: Date | undefined
  /** Id of the last one seen. */
  before: string | null
}

/** Newest first, without what is kept from the one who reads. Gives one more than `limit` where there are more. */
export async function listEvents(tx: Tx, filter: EventFilter, limit: number): Promise<StoredEvent[]> {
  const { subjectType, subjectId, onBehalfOf, agency, agencyClient, since, before } = filter
  return tx.db
    .select()
    .from(events)
    .where(
      and(
        eq(events.timebankId, tx.timebankId),
        subjectType === undefined ? undefined : eq(events.subjectType, subjectType),
        subjectId === undefined ? undefined : eq(events.subjectId, subjectId),
        onBehalfOf === undefined ? undefined : eq(events.onBehalfOf, onBehalfOf),
        agency === undefined ? undefined : eq(events.agencyId, agency),
        agencyClient === undefined ? undefined : eq(events.agencyClientId, agencyClient),
        since === undefined ? undefined : gte(events.at, since),
        before === null ? undefined : lt(events.id, before),
        tx.actor.membershipId === null ? undefined : or(not(inConfidence), ne(events.subjectId, tx.actor.membershipId)),
        unlessReported(tx)
      )
    )
    .orderBy(desc(events.id))
    .limit(limit + 1)
}

/** What was done to a membership, for it, or by it; newest first. Somebody's own view holds no screenings at all. */
export async function listEventsOf(
  tx: Tx,
  membershipId: string,
  before: string | null,
  limit: number
): Promise<StoredEvent[]> {
  const withheld = tx.actor.membershipId === membershipId ? not(inConfidence) : undefined
  // each branch reads the newest of its own index; an OR would read all that somebody ever did
  const newest = (condition: SQL | undefined) =>
    tx.db
      .select()
      .from(events)
      .where(
        and(
          eq(events.timebankId, tx.timebankId),
          condition,
          withheld,
          unlessReported(tx),
          before === null ? undefined : lt(events.id, before)
        )
      )
      .orderBy(desc(events.id))
      .limit(limit + 1)
  const branches = [
    await newest(and(eq(events.subjectType, 'membership'), eq(events.subjectId, membershipId))),
    await newest(eq(events.onBehalfOf, membershipId)),
    await newest(eq(events.actorMembershipId, membershipId))
  ]
  const byId = new Map(branches.flat().map((event) => [event.id, event]))
  return [...byId.values()].sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit + 1)
}

/** Whether something was ever done to a subject. */
export async function wasDone(tx: Tx, action: string, subject: AuditEntry['subject']): Promise<boolean> {
  const [found] = await tx.db
    .select({ id: events.id })
    .from(events)
    .where(
      and(
        eq(events.timebankId, tx.timebankId),
        eq(events.subjectType, subject.type),
        eq(events.subjectId, subject.id),
        eq(events.action, action)
      )
    )
    .limit(1)
  return found !== undefined
}
