import { sql } from 'drizzle-orm'
import { check, date, foreignKey, index, pgSchema, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { id, instant, rowVersion, timebankId } from '../../db/columns.ts'
import { memberships } from '../members/tables.ts'

export const supportersSchema = pgSchema('supporters')

/** Who stands by whom, how, and what they may do in the other's name. */
export const supports = supportersSchema.table(
  'supports',
  {
    timebankId: timebankId(),
    id: id(),
    /** who is supported */
    membershipId: uuid('membership_id').notNull(),
    supporterId: uuid('supporter_id').notNull(),
    kind: text('kind').notNull(),
    status: text('status').notNull(),
    scopes: text('scopes').array().notNull(),
    /** the last day of it, and the instant at which that day ends; null: until further notice */
    validTo: date('valid_to'),
    expiresAt: instant('expires_at'),
    /** Guardians: from where the authority comes, how it was seen and when. */
    authority: text('authority'),
    authoritySeen: text('authority_seen'),
    authoritySeenOn: date('authority_seen_on'),
    /** Membership of who proposed or entered it; null: the service, or somebody who was erased. */
    proposedBy: uuid('proposed_by'),
    proposedAt: instant('proposed_at').notNull(),
    activeSince: instant('active_since'),
    closedAt: instant('closed_at'),
    rowVersion: rowVersion()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({ columns: [t.timebankId, t.membershipId], foreignColumns: [memberships.timebankId, memberships.id] }),
    foreignKey({ columns: [t.timebankId, t.supporterId], foreignColumns: [memberships.timebankId, memberships.id] }),
    uniqueIndex('supports_one_open')
      .on(t.timebankId, t.membershipId, t.supporterId)
      .where(sql`status in ('proposed', 'active')`),
    index('supports_member').on(t.timebankId, t.membershipId, t.id),
    index('supports_supporter').on(t.timebankId, t.supporterId, t.id),
    index('supports_due').on(t.timebankId, t.expiresAt).where(sql`status in ('proposed', 'active')`),
    check('supports_two', sql`${t.membershipId} <> ${t.supporterId}`),
    check('supports_kind', sql`${t.kind} in ('supporter', 'advocate', 'guardian')`),
    check('supports_status', sql`${t.status} in ('proposed', 'active', 'ended', 'revoked', 'expired')`),
    check('supports_scopes', sql`${t.scopes} <@ '{view,consents,budget}'::text[]`),
    check('supports_expiry', sql`(${t.validTo} is null) = (${t.expiresAt} is null)`),
    check('supports_closed', sql`(${t.status} in ('proposed', 'active')) = (${t.closedAt} is null)`),
    check(
      'supports_authority',
      sql`num_nonnulls(${t.authority}, ${t.authoritySeen}, ${t.authoritySeenOn}) = CASE WHEN ${t.kind} = 'guardian' THEN 3 ELSE 0 END`
    ),
    check(
      'supports_authority_known',
      sql`${t.authority} in ('parental_responsibility', 'court_appointment', 'power_of_attorney', 'statutory_appointment') and ${t.authoritySeen} in ('document_in_person', 'document_copy', 'confirmed_by_authority')`
    )
  ]
)
