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
import { id, instant, rowVersion, timebankId } from '../../db/columns.ts'
import { memberships, organisations } from '../members/tables.ts'

export const budgetsSchema = pgSchema('budgets')

/** Hours that an organisation sets aside for somebody or something. How many there are is for the ledger to say. */
export const budgets = budgetsSchema.table(
  'budgets',
  {
    timebankId: timebankId(),
    id: id(),
    kind: text('kind').notNull(),
    status: text('status').notNull(),
    /** Organisation from whose account it is allocated. */
    funderId: uuid('funder_id').notNull(),
    /** The person that it is for. */
    memberId: uuid('member_id'),
    /** The organisation that it is for; of an activity, the group that hosts it. */
    organisationId: uuid('organisation_id'),
    /** Of an activity. */
    title: text('title'),
    holderMode: text('holder_mode').notNull(),
    /** Where an organisation holds it; members who do are in `holders`. */
    holderOrganisationId: uuid('holder_organisation_id'),
    /** What the funder means to allocate. */
    intendedMinutes: integer('intended_minutes').notNull(),
    validFrom: date('valid_from').notNull(),
    /** The last day on which something may be agreed from it; null: until it is ended. */
    validTo: date('valid_to'),
    /** The holder's side was told, when it agreed, that the funder reads the plan. */
    planToFunder: boolean('plan_to_funder').notNull().default(false),
    /** In the ledger; from the first allocation on. */
    accountId: integer('account_id'),
    holderAgreedAt: instant('holder_agreed_at'),
    funderAgreedAt: instant('funder_agreed_at'),
    proposedAt: instant('proposed_at').notNull(),
    activatedAt: instant('activated_at'),
    endedAt: instant('ended_at'),
    reconciledAt: instant('reconciled_at'),
    updatedAt: instant('updated_at').notNull(),
    rowVersion: rowVersion()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({ columns: [t.timebankId, t.funderId], foreignColumns: [organisations.timebankId, organisations.id] }),
    foreignKey({ columns: [t.timebankId, t.memberId], foreignColumns: [memberships.timebankId, memberships.id] }),
    foreignKey({
      columns: [t.timebankId, t.organisationId],
      foreignColumns: [organisations.timebankId, organisations.id]
    }),
    foreignKey({
      columns: [t.timebankId, t.holderOrganisationId],
      foreignColumns: [organisations.timebankId, organisations.id]
    }),
    index('budgets_status').on(t.timebankId, t.status, t.id),
    index('budgets_funder').on(t.timebankId, t.funderId, t.id),
    index('budgets_member').on(t.timebankId, t.memberId, t.id).where(sql`member_id is not null`),
    index('budgets_organisation').on(t.timebankId, t.organisationId, t.id).where(sql`organisation_id is not null`),
    index('budgets_holder_organisation')
      .on(t.timebankId, t.holderOrganisationId, t.id)
      .where(sql`holder_organisation_id is not null`),
    uniqueIndex('budgets_account').on(t.timebankId, t.accountId).where(sql`account_id is not null`),
    check('budgets_kind', sql`${t.kind} in ('agency', 'person', 'activity')`),
    check('budgets_status_known', sql`${t.status} in ('proposed', 'agreed', 'active', 'ended', 'reconciled')`),
    check(
      'budgets_holder_mode',
      sql`${t.holderMode} in ('self', 'nominated_person', 'circle', 'provider_held', 'agency_held')`
    ),
    check('budgets_for_whom', sql`(${t.kind} = 'person') = (${t.memberId} is not null)`),
    check('budgets_for_what', sql`(${t.kind} = 'activity') = (${t.title} is not null)`),
    check('budgets_for_body', sql`${t.kind} <> 'agency' or ${t.organisationId} is not null`),
    check('budgets_self', sql`${t.holderMode} <> 'self' or ${t.kind} = 'person'`),
    check(
      'budgets_held_by_body',
      sql`(${t.holderMode} in ('provider_held', 'agency_held')) = (${t.holderOrganisationId} is not null)`
    ),
    check('budgets_active', sql`${t.status} <> 'active' or ${t.accountId} is not null`),
    check('budgets_dates', sql`${t.validTo} >= ${t.validFrom} and ${t.intendedMinutes} > 0`)
  ]
)

/** Members who hold a budget: the one who was nominated, or all of a circle. */
export const holders = budgetsSchema.table(
  'holders',
  {
    timebankId: timebankId(),
    budgetId: uuid('budget_id').notNull(),
    membershipId: uuid('membership_id').notNull()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.budgetId, t.membershipId] }),
    foreignKey({ columns: [t.timebankId, t.budgetId], foreignColumns: [budgets.timebankId, budgets.id] }),
    foreignKey({ columns: [t.timebankId, t.membershipId], foreignColumns: [memberships.timebankId, memberships.id] }),
    index('holders_member').on(t.timebankId, t.membershipId, t.budgetId)
  ]
)

/** What somebody means to do with their hours, in their own words: apart from all else, and blanked with the person. */
export const plans = budgetsSchema.table(
  'plans',
  {
    timebankId: timebankId(),
    budgetId: uuid('budget_id').notNull(),
    text: text('text').notNull(),
    /** Membership. */
    writtenBy: uuid('written_by'),
    writtenAt: instant('written_at').notNull(),
    rowVersion: rowVersion()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.budgetId] }),
    foreignKey({ columns: [t.timebankId, t.budgetId], foreignColumns: [budgets.timebankId, budgets.id] }),
    index('plans_written_by').on(t.timebankId, t.writtenBy)
  ]
)
