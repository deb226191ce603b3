import { sql } from 'drizzle-orm'
import { index, pgSchema, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { id, instant, timebankId } from '../../db/columns.ts'

export const noticesSchema = pgSchema('notices')

/**
 * What a member should know of and has not done themselves: ids only, so that there is nothing to keep from anybody else.
 * Without foreign keys, as the audit is: each would lock a row of the member's for every notice, and whoever writes one has
 * just looked the member up.
 */
export const notices = noticesSchema.table(
  'notices',
  {
    timebankId: timebankId(),
    id: id(),
    /** Who is told. */
    membershipId: uuid('membership_id').notNull(),
    /** `subject.verb`, such as `exchange.confirmed`; the same words as the audit's */
    kind: text('kind').notNull(),
    subjectId: uuid('subject_id').notNull(),
    createdAt: instant('created_at').notNull(),
    readAt: instant('read_at')
  },
  (t) => [
    // a member's own notices, in order of time: there is no other way to ask for them
    primaryKey({ columns: [t.timebankId, t.membershipId, t.id] }),
    index('notices_unread').on(t.timebankId, t.membershipId, t.id).where(sql`read_at is null`),
    index('notices_age').using('brin', t.timebankId, t.createdAt)
  ]
)
