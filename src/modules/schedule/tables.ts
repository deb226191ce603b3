import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  date,
  foreignKey,
  index,
  integer,
  pgSchema,
  primaryKey,
  text,
  uniqueIndex,
  uuid
} from 'drizzle-orm/pg-core'
import { bytes, createdAt, id, instant, rowVersion, timebankId } from '../../db/columns.ts'
import { exchanges } from '../exchanges/tables.ts'
import { memberships } from '../members/tables.ts'

export const schedule = pgSchema('schedule')

/** When and where, as it was agreed: local time stays the same through the summer. `startsAt` is the instant of it. */
const whenAndWhere = {
  localStart: text('local_start').notNull(),
  timeZone: text('time_zone').notNull(),
  minutes: integer('minutes').notNull(),
  place: text('place'),
  onlineLink: text('online_link')
}

/** When and where an exchange is to take place. Taken away it stays, so that calendars which know of it learn of that. */
export const appointments = schedule.table(
  'appointments',
  {
    timebankId: timebankId(),
    exchangeId: uuid('exchange_id').notNull(),
    ...whenAndWhere,
    startsAt: instant('starts_at').notNull(),
    removed: boolean('removed').notNull().default(false),
    /** Membership of who set it last. */
    setBy: uuid('set_by'),
    updatedAt: instant('updated_at').notNull(),
    rowVersion: rowVersion()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.exchangeId] }),
    foreignKey({ columns: [t.timebankId, t.exchangeId], foreignColumns: [exchanges.timebankId, exchanges.id] })
  ]
)

/**
 * An agreement to meet, once or again and again: of one provider with one receiver, or of a group, which has a leader (its
 * provider), no one receiver, and registrations.
 */
export const arrangements = schedule.table(
  'arrangements',
  {
    timebankId: timebankId(),
    id: id(),
    kind: text('kind').notNull(),
    status: text('status').notNull(),
    title: text('title').notNull(),
    description: text('description').notNull().default(''),
    categoryId: uuid('category_id').notNull(),
    providerId: uuid('provider_id'),
    providerOrganisationId: uuid('provider_organisation_id'),
    providerCapacity: text('provider_capacity').notNull(),
    receiverId: uuid('receiver_id'),
    receiverOrganisationId: uuid('receiver_organisation_id'),
    receiverCapacity: text('receiver_capacity').notNull(),
    ...whenAndWhere,
    /** RFC 5545; null: a single session */
    rrule: text('rrule'),
    /** Places for receivers of a group. */
    capacity: integer('capacity'),
    /** Minutes of a session that both sides have agreed to; later changes are told, and are no agreement. Null: to none of these days. */
    agreedMinutes: integer('agreed_minutes'),
    /** What a broker has let go ahead, where the policy asks for that. */
    approvedMinutes: integer('approved_minutes'),
    policyVersion: integer('policy_version').notNull(),
    proposedBy: text('proposed_by').notNull(),
    source: text('source').notNull(),
    /** Up to when its sessions have been made; null: none yet. */
    plannedThrough: instant('planned_through'),
    reason: text('reason'),
    agreedAt: instant('agreed_at'),
    closedAt: instant('closed_at'),
    createdAt: createdAt(),
    rowVersion: rowVersion()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({ columns: [t.timebankId, t.providerId], foreignColumns: [memberships.timebankId, memberships.id] }),
    foreignKey({ columns: [t.timebankId, t.receiverId], foreignColumns: [memberships.timebankId, memberships.id] }),
    index('arrangements_status').on(t.timebankId, t.status, t.id),
    index('arrangements_kind').on(t.timebankId, t.kind, t.status, t.id),
    index('arrangements_provider').on(t.timebankId, t.providerId, t.id),
    index('arrangements_receiver').on(t.timebankId, t.receiverId, t.id).where(sql`receiver_id is not null`),
    index('arrangements_provider_organisation')
      .on(t.timebankId, t.providerOrganisationId, t.id)
      .where(sql`provider_organisation_id is not null`),
    index('arrangements_receiver_organisation')
      .on(t.timebankId, t.receiverOrganisationId, t.id)
      .where(sql`receiver_organisation_id is not null`),
    index('arrangements_planned').on(t.timebankId, t.plannedThrough).where(sql`status = 'active'`),
    check(
      'arrangements_status_known',
      sql`${t.status} in ('proposed', 'awaiting_approval', 'active', 'ended', 'cancelled', 'declined')`
    ),
    check('arrangements_kind_known', sql`${t.kind} in ('pair', 'group')`),
    check('arrangements_places', sql`(${t.kind} = 'group') = (${t.capacity} is not null) and ${t.capacity} > 0`),
    check('arrangements_two_sides', sql`${t.providerId} <> ${t.receiverId}`),
    check('arrangements_minutes', sql`${t.minutes} between 1 and 1440`)
  ]
)

/** One dated meeting of an arrangement. It keeps the date of the rule that made it, wherever it is moved to. */
export const sessions = schedule.table(
  'sessions',
  {
    timebankId: timebankId(),
    id: id(),
    arrangementId: uuid('arrangement_id').notNull(),
    /** Local date by the rule; one session a day at most. */
    ruleDate: date('rule_date').notNull(),
    ...whenAndWhere,
    startsAt: instant('starts_at').notNull(),
    status: text('status').notNull(),
    /** By itself: changes of the arrangement pass it by. */
    changed: boolean('changed').notNull().default(false),
    reason: text('reason'),
    /** Which side did not come. */
    absent: text('absent'),
    exchangeId: uuid('exchange_id'),
    groupId: uuid('group_id'),
    closedAt: instant('closed_at'),
    updatedAt: instant('updated_at').notNull(),
    rowVersion: rowVersion()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({
      columns: [t.timebankId, t.arrangementId],
      foreignColumns: [arrangements.timebankId, arrangements.id]
    }),
    uniqueIndex('sessions_rule_date').on(t.timebankId, t.arrangementId, t.ruleDate),
    index('sessions_of_arrangement').on(t.timebankId, t.arrangementId, t.startsAt, t.id),
    index('sessions_starts').on(t.timebankId, t.startsAt, t.id),
    index('sessions_status').on(t.timebankId, t.status, t.startsAt, t.id),
    uniqueIndex('sessions_exchange').on(t.timebankId, t.exchangeId).where(sql`exchange_id is not null`),
    check('sessions_status_known', sql`${t.status} in ('planned', 'held', 'skipped', 'cancelled', 'no_show')`),
    check('sessions_minutes', sql`${t.minutes} between 1 and 1440`)
  ]
)

/** Who takes part in a group: in all its sessions, or in one. */
export const registrations = schedule.table(
  'registrations',
  {
    timebankId: timebankId(),
    id: id(),
    arrangementId: uuid('arrangement_id').notNull(),
    /** null: for all sessions */
    sessionId: uuid('session_id'),
    memberId: uuid('member_id').notNull(),
    role: text('role').notNull(),
    status: text('status').notNull(),
    registeredAt: instant('registered_at').notNull(),
    endedAt: instant('ended_at')
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({
      columns: [t.timebankId, t.arrangementId],
      foreignColumns: [arrangements.timebankId, arrangements.id]
    }),
    foreignKey({ columns: [t.timebankId, t.sessionId], foreignColumns: [sessions.timebankId, sessions.id] }),
    foreignKey({ columns: [t.timebankId, t.memberId], foreignColumns: [memberships.timebankId, memberships.id] }),
    // once for all sessions, and once for each
    uniqueIndex('registrations_whole')
      .on(t.timebankId, t.arrangementId, t.memberId)
      .where(sql`status <> 'ended' and session_id is null`),
    uniqueIndex('registrations_single')
      .on(t.timebankId, t.sessionId, t.memberId)
      .where(sql`status <> 'ended' and session_id is not null`),
    index('registrations_of_arrangement').on(t.timebankId, t.arrangementId, t.id),
    index('registrations_of_member').on(t.timebankId, t.memberId, t.id),
    check('registrations_role', sql`${t.role} in ('provider', 'receiver')`),
    check('registrations_status', sql`${t.status} in ('registered', 'waiting', 'ended')`)
  ]
)

/** Who came to a session of a group, and for how long. Minutes there are contact minutes until it is recorded. */
export const attendances = schedule.table(
  'attendances',
  {
    timebankId: timebankId(),
    sessionId: uuid('session_id').notNull(),
    memberId: uuid('member_id').notNull(),
    role: text('role').notNull(),
    minutes: integer('minutes').notNull(),
    preparationMinutes: integer('preparation_minutes').notNull().default(0),
    travelMinutes: integer('travel_minutes').notNull().default(0),
    /** In the order given, by which what cannot be shared evenly is shared. */
    position: integer('position').notNull(),
    /** Whether they had a place before. */
    registered: boolean('registered').notNull()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.sessionId, t.memberId] }),
    foreignKey({ columns: [t.timebankId, t.sessionId], foreignColumns: [sessions.timebankId, sessions.id] }),
    foreignKey({ columns: [t.timebankId, t.memberId], foreignColumns: [memberships.timebankId, memberships.id] }),
    index('attendances_member').on(t.timebankId, t.memberId, t.sessionId),
    check('attendances_role', sql`${t.role} in ('provider', 'receiver')`),
    check(
      'attendances_minutes',
      sql`${t.minutes} between 1 and 1440 and ${t.preparationMinutes} between 0 and 1440 and ${t.travelMinutes} between 0 and 1440`
    )
  ]
)

/**
 * Who is expected where and when: a row for each person and session or appointment. All that is asked for by person and time
 * (calendar, conflicts, reminders, feed) is answered from here. Off: called off, kept for calendars that know of it.
 */
export const slots = schedule.table(
  'slots',
  {
    timebankId: timebankId(),
    memberId: uuid('member_id').notNull(),
    subject: text('subject').notNull(),
    /** A session, or of an appointment the exchange. */
    subjectId: uuid('subject_id').notNull(),
    startsAt: instant('starts_at').notNull(),
    endsAt: instant('ends_at').notNull(),
    off: boolean('off').notNull().default(false),
    reminded: boolean('reminded').notNull().default(false)
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.subjectId, t.memberId] }),
    index('slots_of_member').on(t.timebankId, t.memberId, t.startsAt, t.subjectId),
    index('slots_to_remind').on(t.timebankId, t.startsAt).where(sql`not reminded and not off`),
    check('slots_subject', sql`${t.subject} in ('session', 'appointment')`)
  ]
)

/** A member's secret link to their calendar; of the secret its hash only. */
export const feeds = schedule.table(
  'feeds',
  {
    timebankId: timebankId(),
    memberId: uuid('member_id').notNull(),
    secretHash: bytes('secret_hash').notNull(),
    createdAt: instant('created_at').notNull()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.memberId] }),
    foreignKey({ columns: [t.timebankId, t.memberId], foreignColumns: [memberships.timebankId, memberships.id] }),
    uniqueIndex('feeds_secret').on(t.timebankId, t.secretHash)
  ]
)
