import { sql } from 'drizzle-orm'
import {
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
import { id, instant, timebankId } from '../../db/columns.ts'
import { memberships, organisations } from '../members/tables.ts'

export const consentsSchema = pgSchema('consents')

/** Words that people are shown when they are asked: later versions than the first, which is built in. Only ever added. */
export const wordings = consentsSchema.table(
  'wordings',
  {
    timebankId: timebankId(),
    purpose: text('purpose').notNull(),
    version: integer('version').notNull(),
    language: text('language').notNull(),
    text: text('text').notNull(),
    /** Membership */
    addedBy: uuid('added_by'),
    addedAt: instant('added_at').notNull()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.purpose, t.version, t.language] }),
    check('wordings_purpose', sql`${t.purpose} in ('referral', 'joined_up')`),
    check('wordings_version', sql`${t.version} >= 2`)
  ]
)

/** What was given, as it was given. Only how it ended is added, once. */
export const consents = consentsSchema.table(
  'consents',
  {
    timebankId: timebankId(),
    id: id(),
    membershipId: uuid('membership_id').notNull(),
    /** the controller */
    organisationId: uuid('organisation_id').notNull(),
    purpose: text('purpose').notNull(),
    scopes: text('scopes').array().notNull(),
    wordingVersion: integer('wording_version').notNull(),
    wordingLanguage: text('wording_language').notNull(),
    /** in whose name, who that was (membership), and how */
    voice: text('voice').notNull(),
    givenBy: uuid('given_by').notNull(),
    how: text('how').notNull(),
    givenAt: instant('given_at').notNull(),
    /** Membership of who wrote it down. */
    recordedBy: uuid('recorded_by'),
    /** the last day of it, and the instant at which that day ends; null: until it is withdrawn */
    validTo: date('valid_to'),
    expiresAt: instant('expires_at'),
    /** What it came with, such as a service request. */
    subjectType: text('subject_type'),
    subjectId: uuid('subject_id'),
    status: text('status').notNull(),
    closedAt: instant('closed_at'),
    supersededBy: uuid('superseded_by')
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({ columns: [t.timebankId, t.membershipId], foreignColumns: [memberships.timebankId, memberships.id] }),
    foreignKey({
      columns: [t.timebankId, t.organisationId],
      foreignColumns: [organisations.timebankId, organisations.id]
    }),
    uniqueIndex('consents_one_in_force')
      .on(t.timebankId, t.membershipId, t.organisationId, t.purpose)
      .where(sql`status = 'given'`),
    index('consents_member').on(t.timebankId, t.membershipId, t.id),
    index('consents_status').on(t.timebankId, t.status, t.id),
    index('consents_of_purpose').on(t.timebankId, t.purpose, t.id),
    index('consents_to').on(t.timebankId, t.organisationId, t.id),
    index('consents_organisation').on(t.timebankId, t.organisationId, t.membershipId, t.id),
    index('consents_due').on(t.timebankId, t.expiresAt).where(sql`status = 'given' and expires_at is not null`),
    check('consents_purpose', sql`${t.purpose} in ('referral', 'joined_up')`),
    check(
      'consents_scopes',
      sql`${t.scopes} <@ '{contact,share_status,share_attendance,share_outcome,see_others_involved}'::text[] and cardinality(${t.scopes}) > 0`
    ),
    check(
      'consents_scopes_of_purpose',
      sql`${t.purpose} <> 'joined_up' or ${t.scopes} = '{see_others_involved}'::text[]`
    ),
    check('consents_voice', sql`${t.voice} in ('self', 'supporter', 'guardian')`),
    check('consents_voice_own', sql`(${t.voice} = 'self') = (${t.givenBy} = ${t.membershipId})`),
    check('consents_how', sql`${t.how} in ('in_person', 'phone', 'writing', 'online')`),
    check('consents_status', sql`${t.status} in ('given', 'withdrawn', 'expired', 'superseded')`),
    check('consents_closed', sql`(${t.status} = 'given') = (${t.closedAt} is null)`),
    check('consents_superseded', sql`(${t.status} = 'superseded') = (${t.supersededBy} is not null)`),
    check('consents_expiry', sql`(${t.validTo} is null) = (${t.expiresAt} is null)`),
    check('consents_subject', sql`(${t.subjectType} is null) = (${t.subjectId} is null)`)
  ]
)

/** One scope of one consent that holds no more. Only ever added. */
export const withdrawals = consentsSchema.table(
  'withdrawals',
  {
    timebankId: timebankId(),
    consentId: uuid('consent_id').notNull(),
    scope: text('scope').notNull(),
    at: instant('at').notNull(),
    /** who said so: also the agency itself, where it was told */
    voice: text('voice').notNull(),
    how: text('how').notNull(),
    /** Membership of who wrote it down. */
    recordedBy: uuid('recorded_by')
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.consentId, t.scope] }),
    foreignKey({ columns: [t.timebankId, t.consentId], foreignColumns: [consents.timebankId, consents.id] }),
    check('withdrawals_voice', sql`${t.voice} in ('self', 'supporter', 'guardian')`),
    check('withdrawals_how', sql`${t.how} in ('in_person', 'phone', 'writing', 'online', 'leaving')`)
  ]
)

/** Every read by an agency of a person's data (R7). Only ever added; of whom it was may be filled in later, and forgotten. */
export const disclosures = consentsSchema.table(
  'disclosures',
  {
    timebankId: timebankId(),
    id: id(),
    at: instant('at').notNull(),
    organisationId: uuid('organisation_id').notNull(),
    clientId: uuid('client_id').notNull(),
    /** The professional who is named in the request. */
    affiliationId: uuid('affiliation_id').notNull(),
    /** Whose data; null: of somebody who is no member yet, or who was erased. */
    membershipId: uuid('membership_id'),
    subjectType: text('subject_type').notNull(),
    subjectId: uuid('subject_id').notNull(),
    parts: text('parts').array().notNull()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    index('disclosures_member').on(t.timebankId, t.membershipId, t.id),
    index('disclosures_member_organisation').on(t.timebankId, t.membershipId, t.organisationId, t.id),
    index('disclosures_subject').on(t.timebankId, t.subjectType, t.subjectId).where(sql`membership_id is null`)
  ]
)
