import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  customType,
  foreignKey,
  index,
  jsonb,
  pgSchema,
  primaryKey,
  smallint,
  text,
  uuid
} from 'drizzle-orm/pg-core'
import { id, instant, rowVersion, timebankId } from '../../db/columns.ts'
import type { NoticeTopic } from '../../shared/notice-kinds.ts'
import { memberships } from '../members/tables.ts'

export const mailingsSchema = pgSchema('mailings')

/** How a member wants to be told by mail; what they have not chosen is as the timebank's policy says. */
export const preferences = mailingsSchema.table(
  'preferences',
  {
    timebankId: timebankId(),
    membershipId: uuid('membership_id').notNull(),
    /** by topic: `at_once`, `daily`, `weekly` or `never`; topics that are not here follow the policy */
    choices: jsonb('choices').$type<Partial<Record<NoticeTopic, string>>>().notNull(),
    /** ISO: 1 is Monday */
    digestDay: smallint('digest_day').notNull(),
    digestHour: smallint('digest_hour').notNull(),
    /** minutes of the day in the timebank's zone; both or none */
    quietFrom: smallint('quiet_from'),
    quietTo: smallint('quiet_to'),
    messageTexts: boolean('message_texts').notNull(),
    rowVersion: rowVersion()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.membershipId] }),
    foreignKey({ columns: [t.timebankId, t.membershipId], foreignColumns: [memberships.timebankId, memberships.id] }),
    check('preferences_digest', sql`${t.digestDay} between 1 and 7 and ${t.digestHour} between 0 and 23`),
    check(
      'preferences_quiet',
      sql`(${t.quietFrom} is null) = (${t.quietTo} is null) and ${t.quietFrom} between 0 and 1439 and ${t.quietTo} between 0 and 1439 and ${t.quietFrom} <> ${t.quietTo}`
    )
  ]
)

/**
 * Notices that are to be mailed and are in no mail yet. Without foreign keys, as notices are: rows are written by the statement
 * that writes the notice (`mailings.with_mail`).
 */
export const waiting = mailingsSchema.table(
  'waiting',
  {
    timebankId: timebankId(),
    membershipId: uuid('membership_id').notNull(),
    noticeId: uuid('notice_id').notNull(),
    topic: text('topic').notNull(),
    /** `at_once`, `daily` or `weekly` */
    how: text('how').notNull(),
    /** not before this instant */
    dueAt: instant('due_at').notNull()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.membershipId, t.noticeId] }),
    index('waiting_due').on(t.timebankId, t.dueAt, t.membershipId)
  ]
)

const uuids = customType<{ data: string[] }>({ dataType: () => 'uuid[]' })

/** Mails made of notices. A notice is in one mail at most: it leaves `waiting` in the statement that puts it into one. */
export const mails = mailingsSchema.table(
  'mails',
  {
    timebankId: timebankId(),
    /** also the mail's Message-ID, so that a repeat is recognisable as the same mail */
    id: id(),
    membershipId: uuid('membership_id').notNull(),
    noticeIds: uuids('notice_ids').notNull(),
    topics: text('topics').array().notNull(),
    madeAt: instant('made_at').notNull(),
    /** when the mail server took it */
    sentAt: instant('sent_at'),
    /** why it was given up: a code of the mail server, `late` or `unwanted` */
    refused: text('refused')
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    index('mails_of_member').on(t.timebankId, t.membershipId, t.madeAt),
    index('mails_age').using('brin', t.timebankId, t.madeAt),
    check('mails_one_end', sql`${t.sentAt} is null or ${t.refused} is null`)
  ]
)
