import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
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
import { exchanges } from '../exchanges/tables.ts'
import { offers, requests } from '../listings/tables.ts'
import { memberships, organisations } from '../members/tables.ts'

export const conversationsSchema = pgSchema('conversations')

/** What people say to each other about one offer, request or exchange, or a broker to a member. */
export const conversations = conversationsSchema.table(
  'conversations',
  {
    timebankId: timebankId(),
    id: id(),
    /** exactly one of the four: what it is about */
    offerId: uuid('offer_id'),
    requestId: uuid('request_id'),
    exchangeId: uuid('exchange_id'),
    memberId: uuid('member_id'),
    /** Who wrote first; of an exchange perhaps for an organisation. */
    askerId: uuid('asker_id').notNull(),
    askerOrganisationId: uuid('asker_organisation_id'),
    /** Whom they asked: a member, or whoever acts for an organisation. */
    askedId: uuid('asked_id'),
    askedOrganisationId: uuid('asked_organisation_id'),
    startedAt: instant('started_at').notNull(),
    /** When the side that was asked wrote first, or an exchange between the two began; null: not yet. */
    firstReplyAt: instant('first_reply_at'),
    lastMessageAt: instant('last_message_at').notNull(),
    /** Number of its newest message; they are numbered from 1 without a gap. */
    messages: integer('messages').notNull()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({ columns: [t.timebankId, t.offerId], foreignColumns: [offers.timebankId, offers.id] }),
    foreignKey({ columns: [t.timebankId, t.requestId], foreignColumns: [requests.timebankId, requests.id] }),
    foreignKey({ columns: [t.timebankId, t.exchangeId], foreignColumns: [exchanges.timebankId, exchanges.id] }),
    foreignKey({ columns: [t.timebankId, t.memberId], foreignColumns: [memberships.timebankId, memberships.id] }),
    foreignKey({ columns: [t.timebankId, t.askerId], foreignColumns: [memberships.timebankId, memberships.id] }),
    foreignKey({ columns: [t.timebankId, t.askedId], foreignColumns: [memberships.timebankId, memberships.id] }),
    foreignKey({
      columns: [t.timebankId, t.askerOrganisationId],
      foreignColumns: [organisations.timebankId, organisations.id]
    }),
    foreignKey({
      columns: [t.timebankId, t.askedOrganisationId],
      foreignColumns: [organisations.timebankId, organisations.id]
    }),
    // one for each listing and asker, one for each exchange; the rest of two who begin at once finds it
    uniqueIndex('conversations_offer').on(t.timebankId, t.offerId, t.askerId).where(sql`offer_id is not null`),
    uniqueIndex('conversations_request').on(t.timebankId, t.requestId, t.askerId).where(sql`request_id is not null`),
    uniqueIndex('conversations_exchange').on(t.timebankId, t.exchangeId).where(sql`exchange_id is not null`),
    uniqueIndex('conversations_member').on(t.timebankId, t.memberId, t.askerId).where(sql`member_id is not null`),
    index('conversations_started').on(t.timebankId, t.startedAt, t.id).where(sql`member_id is null`),
    index('conversations_unanswered')
      .on(t.timebankId, t.startedAt, t.id)
      .where(sql`first_reply_at is null and member_id is null`),
    check('conversations_about', sql`num_nonnulls(${t.offerId}, ${t.requestId}, ${t.exchangeId}, ${t.memberId}) = 1`),
    check('conversations_asked', sql`num_nonnulls(${t.askedId}, ${t.askedOrganisationId}) = 1`),
    check('conversations_two', sql`${t.askerId} <> ${t.askedId}`)
  ]
)

/** Who takes part, and how far they have read. */
export const participants = conversationsSchema.table(
  'participants',
  {
    timebankId: timebankId(),
    conversationId: uuid('conversation_id').notNull(),
    membershipId: uuid('membership_id').notNull(),
    side: text('side').notNull(),
    /** For whom they take part; it is theirs while they act for it. */
    organisationId: uuid('organisation_id'),
    /** First message that they may see. */
    fromNumber: integer('from_number').notNull(),
    readUpTo: integer('read_up_to').notNull(),
    /** Messages of others after that. */
    unread: integer('unread').notNull(),
    muted: boolean('muted').notNull().default(false),
    /** Whether they have written: from then on the others see their name. */
    wrote: boolean('wrote').notNull().default(false),
    /** The notice of what is unread, where there was one. */
    noticeId: uuid('notice_id'),
    /** A uuid v7 made with the newest message: by it the newest comes first, and pages go on. */
    activity: uuid('activity').notNull()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.conversationId, t.membershipId] }),
    foreignKey({
      columns: [t.timebankId, t.conversationId],
      foreignColumns: [conversations.timebankId, conversations.id]
    }).onDelete('cascade'),
    foreignKey({ columns: [t.timebankId, t.membershipId], foreignColumns: [memberships.timebankId, memberships.id] }),
    index('participants_newest').on(t.timebankId, t.membershipId, t.activity),
    index('participants_unread').on(t.timebankId, t.membershipId, t.activity).where(sql`unread > 0`),
    check('participants_side', sql`${t.side} in ('asker', 'asked', 'broker')`),
    check('participants_counts', sql`${t.fromNumber} > 0 and ${t.readUpTo} >= 0 and ${t.unread} >= 0`)
  ]
)

export const messages = conversationsSchema.table(
  'messages',
  {
    timebankId: timebankId(),
    conversationId: uuid('conversation_id').notNull(),
    number: integer('number').notNull(),
    authorId: uuid('author_id').notNull(),
    text: text('text').notNull(),
    /** The author has been erased, and the text with them. */
    erased: boolean('erased').notNull().default(false),
    source: text('source').notNull(),
    createdAt: instant('created_at').notNull()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.conversationId, t.number] }),
    foreignKey({
      columns: [t.timebankId, t.conversationId],
      foreignColumns: [conversations.timebankId, conversations.id]
    }).onDelete('cascade'),
    // only who takes part writes
    foreignKey({
      columns: [t.timebankId, t.conversationId, t.authorId],
      foreignColumns: [participants.timebankId, participants.conversationId, participants.membershipId]
    }).onDelete('cascade'),
    index('messages_author').on(t.timebankId, t.authorId, t.createdAt)
  ]
)

/** A participant lets brokers read a conversation, as far as it had come by then. */
export const reports = conversationsSchema.table(
  'reports',
  {
    timebankId: timebankId(),
    id: id(),
    conversationId: uuid('conversation_id').notNull(),
    reportedBy: uuid('reported_by').notNull(),
    /** free text: blanked when the one who wrote it is erased */
    reason: text('reason').notNull(),
    fromNumber: integer('from_number').notNull(),
    toNumber: integer('to_number').notNull(),
    reportedAt: instant('reported_at').notNull(),
    closedAt: instant('closed_at'),
    closedBy: uuid('closed_by'),
    outcome: text('outcome'),
    note: text('note')
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({
      columns: [t.timebankId, t.conversationId],
      foreignColumns: [conversations.timebankId, conversations.id]
    }).onDelete('cascade'),
    index('reports_conversation').on(t.timebankId, t.conversationId, t.id),
    index('reports_by').on(t.timebankId, t.reportedBy),
    // one open report of each reporter: further words go into a new one when it is closed
    uniqueIndex('reports_open_once').on(t.timebankId, t.conversationId, t.reportedBy).where(sql`closed_at is null`),
    index('reports_open').on(t.timebankId, t.id).where(sql`closed_at is null`),
    check('reports_range', sql`${t.fromNumber} <= ${t.toNumber}`),
    check('reports_closed', sql`num_nonnulls(${t.closedAt}, ${t.outcome}) in (0, 2)`),
    check('reports_outcome', sql`${t.outcome} in ('nothing_needed', 'spoken_with', 'measures_taken', 'passed_on')`)
  ]
)

/** Which broker has opened a report to read what it shows. */
export const openings = conversationsSchema.table(
  'openings',
  {
    timebankId: timebankId(),
    reportId: uuid('report_id').notNull(),
    membershipId: uuid('membership_id').notNull(),
    openedAt: instant('opened_at').notNull()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.reportId, t.membershipId] }),
    foreignKey({
      columns: [t.timebankId, t.reportId],
      foreignColumns: [reports.timebankId, reports.id]
    }).onDelete('cascade')
  ]
)
