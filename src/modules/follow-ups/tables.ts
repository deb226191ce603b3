import { sql } from 'drizzle-orm'
import { bigint, check, date, index, integer, pgSchema, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { instant, timebankId } from '../../db/columns.ts'

export const followUps = pgSchema('follow_ups')

/**
 * What a broker has to look after, open and closed. Without foreign keys: a row is written for what was just looked up, by a job
 * that must not lock members, requests or exchanges.
 */
export const items = followUps.table(
  'items',
  {
    timebankId: timebankId(),
    kind: text('kind').notNull(),
    /** Of a crossed limit the transfer that crossed it first; otherwise what it is about. */
    subjectId: uuid('subject_id').notNull(),
    /** Counts those of this kind about this subject, from 1. */
    round: integer('round').notNull(),
    /** Who is to be spoken with, and the other side where there is one. */
    memberId: uuid('member_id'),
    organisationId: uuid('organisation_id'),
    otherMemberId: uuid('other_member_id'),
    otherOrganisationId: uuid('other_organisation_id'),
    /** Of a crossed limit only, in minutes. */
    accountId: integer('account_id'),
    limitMinutes: bigint('limit_minutes', { mode: 'number' }),
    balanceMinutes: bigint('balance_minutes', { mode: 'number' }),
    /** When the cause began. */
    since: instant('since').notNull(),
    openedAt: instant('opened_at').notNull(),
    dueOn: date('due_on').notNull(),
    step: text('step').notNull(),
    assigneeId: uuid('assignee_id'),
    /** Back in the queue on that day. */
    snoozedUntil: date('snoozed_until'),
    closedAt: instant('closed_at'),
    outcome: text('outcome'),
    /** free text about a person: blanked when they are erased */
    note: text('note'),
    /** Membership of who noted it; null: it settled itself. */
    notedBy: uuid('noted_by'),
    /** How often the limit was crossed until it was closed, and when last. */
    crossings: integer('crossings'),
    latestAt: instant('latest_at')
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.kind, t.subjectId, t.round] }),
    uniqueIndex('items_open_once').on(t.timebankId, t.kind, t.subjectId).where(sql`closed_at is null`),
    uniqueIndex('items_open_account')
      .on(t.timebankId, t.kind, t.accountId)
      .where(sql`closed_at is null and account_id is not null`),
    index('items_open_due').on(t.timebankId, t.dueOn, t.kind, t.subjectId, t.round).where(sql`closed_at is null`),
    index('items_open_opened').on(t.timebankId, t.openedAt, t.kind, t.subjectId, t.round).where(sql`closed_at is null`),
    index('items_open_kind').on(t.timebankId, t.kind, t.dueOn, t.subjectId, t.round).where(sql`closed_at is null`),
    index('items_open_assignee')
      .on(t.timebankId, t.assigneeId, t.dueOn, t.kind, t.subjectId, t.round)
      .where(sql`closed_at is null`),
    index('items_snoozed')
      .on(t.timebankId, t.dueOn, t.kind, t.subjectId, t.round)
      .where(sql`closed_at is null and snoozed_until is not null`),
    index('items_closed_due').on(t.timebankId, t.dueOn, t.kind, t.subjectId, t.round).where(sql`closed_at is not null`),
    index('items_closed_opened')
      .on(t.timebankId, t.openedAt, t.kind, t.subjectId, t.round)
      .where(sql`closed_at is not null`),
    index('items_due').on(t.timebankId, t.dueOn, t.kind, t.subjectId, t.round),
    index('items_opened').on(t.timebankId, t.openedAt, t.kind, t.subjectId, t.round),
    index('items_member').on(t.timebankId, t.memberId).where(sql`member_id is not null`),
    index('items_other_member').on(t.timebankId, t.otherMemberId).where(sql`other_member_id is not null`),
    check('items_closed', sql`(${t.closedAt} is null) = (${t.outcome} is null)`)
  ]
)
