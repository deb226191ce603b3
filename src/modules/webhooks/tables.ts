import { sql } from 'drizzle-orm'
import { check, foreignKey, index, integer, pgSchema, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { bytes, createdAt, id, instant, rowVersion, timebankId } from '../../db/columns.ts'
import { organisations } from '../members/tables.ts'

export const webhooks = pgSchema('webhooks')

/** Where an organisation's own system is told of events. */
export const endpoints = webhooks.table(
  'endpoints',
  {
    timebankId: timebankId(),
    id: id(),
    organisationId: uuid('organisation_id').notNull(),
    url: text('url').notNull(),
    description: text('description'),
    /** Of these types only; null: of all, also those that there will be. */
    types: text('types').array(),
    state: text('state').notNull(),
    /** Sealed; see secrets.ts. */
    secret: bytes('secret').notNull(),
    previousSecret: bytes('previous_secret'),
    /** Until then both sign. */
    previousUntil: instant('previous_until'),
    /** Since when it waits for its verification. */
    unverifiedSince: instant('unverified_since'),
    verifiedAt: instant('verified_at'),
    /** The latest verification. */
    triedAt: instant('tried_at'),
    triedOutcome: text('tried_outcome'),
    disabledAt: instant('disabled_at'),
    disabledBy: text('disabled_by'),
    disabledWhy: text('disabled_why'),
    /** Of the failures since the latest success. */
    failingSince: instant('failing_since'),
    failures: integer('failures').notNull().default(0),
    /** While it is failing: nothing is sent before this instant. */
    probeAt: instant('probe_at'),
    deliveredAt: instant('delivered_at'),
    /** Who sends to it at present, and until when they are believed to be alive. */
    turn: uuid('turn'),
    turnUntil: instant('turn_until'),
    createdAt: createdAt(),
    rowVersion: rowVersion()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({
      columns: [t.timebankId, t.organisationId],
      foreignColumns: [organisations.timebankId, organisations.id]
    }),
    uniqueIndex('endpoints_url').on(t.timebankId, t.organisationId, t.url),
    check('endpoints_state', sql`${t.state} in ('unverified', 'active', 'disabled')`),
    check('endpoints_unverified', sql`(${t.state} = 'unverified') = (${t.unverifiedSince} is not null)`),
    check('endpoints_disabled', sql`(${t.state} = 'disabled') = (${t.disabledAt} is not null)`),
    check('endpoints_disabled_by', sql`(${t.disabledAt} is null) = (${t.disabledBy} is null)`),
    check('endpoints_previous', sql`(${t.previousSecret} is null) = (${t.previousUntil} is null)`)
  ]
)

/** What happened, by id only. Kept for who wants it again, whatever became of its deliveries. */
export const events = webhooks.table(
  'events',
  {
    timebankId: timebankId(),
    /** also the `webhook-id`, so that a repeat is recognisable as the same */
    id: id(),
    organisationId: uuid('organisation_id').notNull(),
    type: text('type').notNull(),
    subjectType: text('subject_type').notNull(),
    subjectId: uuid('subject_id').notNull(),
    at: instant('at').notNull()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    index('events_of_organisation').on(t.timebankId, t.organisationId, t.at),
    index('events_age').using('brin', t.timebankId, t.at)
  ]
)

/** An event on its way to an endpoint, and what came of it: one row however often it is sent. */
export const deliveries = webhooks.table(
  'deliveries',
  {
    timebankId: timebankId(),
    endpointId: uuid('endpoint_id').notNull(),
    eventId: uuid('event_id').notNull(),
    state: text('state').notNull(),
    /** Since `startedAt`: when the event came, or was asked for again. */
    attempts: integer('attempts').notNull().default(0),
    startedAt: instant('started_at').notNull(),
    nextAt: instant('next_at').notNull(),
    lastAt: instant('last_at'),
    lastOutcome: text('last_outcome'),
    /** The HTTP status of the latest answer; null: there was none. */
    lastStatus: integer('last_status')
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.endpointId, t.eventId] }),
    foreignKey({
      columns: [t.timebankId, t.endpointId],
      foreignColumns: [endpoints.timebankId, endpoints.id]
    }).onDelete('cascade'),
    foreignKey({ columns: [t.timebankId, t.eventId], foreignColumns: [events.timebankId, events.id] }).onDelete(
      'cascade'
    ),
    index('deliveries_event').on(t.timebankId, t.eventId),
    index('deliveries_state').on(t.timebankId, t.endpointId, t.state, t.eventId),
    index('deliveries_due').on(t.timebankId, t.endpointId, t.nextAt).where(sql`state = 'waiting'`),
    index('deliveries_waiting').on(t.timebankId, t.startedAt).where(sql`state = 'waiting'`),
    check('deliveries_state_known', sql`${t.state} in ('waiting', 'delivered', 'dead')`)
  ]
)
