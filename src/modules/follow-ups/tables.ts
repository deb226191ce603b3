import { sql } from 'drizzle-orm'
import { bigint, check, index, integer, pgSchema, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant, timebankId } from '../../db/columns.ts'

export const followUps = pgSchema('follow_ups')

/**
 * What came of a follow-up; it is closed by it. What is still open is not kept here: each kind knows where its own is. The
 * subject of a crossed limit is the transfer that crossed it first.
 */
export const outcomes = followUps.table(
  'outcomes',
  {
    timebankId: timebankId(),
    kind: text('kind').notNull(),
    subjectId: uuid('subject_id').notNull(),
    openedAt: instant('opened_at').notNull(),
    accountId: integer('account_id').notNull(),
    limitMinutes: bigint('limit_minutes', { mode: 'number' }).notNull(),
    balanceMinutes: bigint('balance_minutes', { mode: 'number' }).notNull(),
    /** how often the limit was crossed until it was closed */
    crossings: integer('crossings').notNull(),
    latestAt: instant('latest_at').notNull(),
    outcome: text('outcome').notNull(),
    /** free text about a person: blanked when they are erased */
    note: text('note'),
    /** Membership of who noted it. */
    notedBy: uuid('noted_by'),
    notedAt: instant('noted_at').notNull()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.kind, t.subjectId] }),
    index('outcomes_opened').on(t.timebankId, t.openedAt, t.subjectId, t.kind),
    index('outcomes_account').on(t.timebankId, t.accountId),
    check('outcomes_kind', sql`${t.kind} in ('floor_crossed', 'ceiling_crossed')`),
    check(
      'outcomes_known',
      sql`${t.outcome} in ('contacted', 'agreed_to_give', 'agreed_to_ask', 'limit_changed', 'grant_made', 'nothing_needed')`
    )
  ]
)
