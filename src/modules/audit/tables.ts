import { sql } from 'drizzle-orm'
import { index, jsonb, pgSchema, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { id, instant, timebankId } from '../../db/columns.ts'

export const audit = pgSchema('audit')

/** Append-only: who did what, on whose behalf, through which source. Values of personal fields are not kept, only their names. */
export const events = audit.table(
  'events',
  {
    timebankId: timebankId(),
    id: id(),
    at: instant('at').notNull(),
    actorPersonId: uuid('actor_person_id'),
    actorMembershipId: uuid('actor_membership_id'),
    onBehalfOf: uuid('on_behalf_of'),
    source: text('source').notNull(),
    slipNumber: text('slip_number'),
    action: text('action').notNull(),
    subjectType: text('subject_type').notNull(),
    subjectId: text('subject_id').notNull(),
    changes: jsonb('changes').$type<Record<string, unknown>>().notNull().default({}),
    reason: text('reason'),
    /** Organisation and API client, where the actor was at the system of an agency. */
    agencyId: uuid('agency_id'),
    agencyClientId: uuid('agency_client_id')
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    index('events_subject').on(t.timebankId, t.subjectType, t.subjectId, t.id),
    index('events_on_behalf').on(t.timebankId, t.onBehalfOf, t.id).where(sql`on_behalf_of is not null`),
    index('events_agency').on(t.timebankId, t.agencyId, t.id).where(sql`agency_id is not null`),
    index('events_agency_client').on(t.timebankId, t.agencyClientId, t.id).where(sql`agency_client_id is not null`),
    index('events_at').on(t.timebankId, t.at),
    index('events_actor').on(t.timebankId, t.actorMembershipId, t.id)
  ]
)
