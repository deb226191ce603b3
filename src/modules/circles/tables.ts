import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  foreignKey,
  index,
  integer,
  pgSchema,
  primaryKey,
  real,
  text,
  uniqueIndex,
  uuid
} from 'drizzle-orm/pg-core'
import { id, instant, timebankId } from '../../db/columns.ts'
import { exchanges } from '../exchanges/tables.ts'
import { offers, requests } from '../listings/tables.ts'
import { memberships } from '../members/tables.ts'

export const circlesSchema = pgSchema('circles')

/** A search for circles: when, over what, and whether it could look at everything. */
export const searches = circlesSchema.table(
  'searches',
  {
    timebankId: timebankId(),
    id: id(),
    state: text('state').notNull(),
    budgetMs: integer('budget_ms').notNull(),
    /** Membership; null: the service by itself */
    requestedBy: uuid('requested_by'),
    requestedAt: instant('requested_at').notNull(),
    finishedAt: instant('finished_at'),
    members: integer('members'),
    offers: integer('offers'),
    requests: integer('requests'),
    circles: integer('circles'),
    membersHelped: integer('members_helped'),
    bound: text('bound'),
    milliseconds: integer('milliseconds')
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    uniqueIndex('searches_one_at_a_time').on(t.timebankId).where(sql`state in ('waiting', 'running')`),
    check('searches_state', sql`${t.state} in ('waiting', 'running', 'done', 'failed')`),
    check('searches_bound', sql`${t.bound} in ('time', 'rings', 'listings')`)
  ]
)

export const circles = circlesSchema.table(
  'circles',
  {
    timebankId: timebankId(),
    id: id(),
    searchId: uuid('search_id').notNull(),
    status: text('status').notNull(),
    /** of every link, so that no balance changes */
    minutes: integer('minutes').notNull(),
    size: integer('size').notNull(),
    createdAt: instant('created_at').notNull(),
    proposedAt: instant('proposed_at'),
    expiresAt: instant('expires_at'),
    closedAt: instant('closed_at'),
    /** What stood in the way when all had agreed. */
    obstacle: text('obstacle')
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({ columns: [t.timebankId, t.searchId], foreignColumns: [searches.timebankId, searches.id] }),
    index('circles_status').on(t.timebankId, t.status, t.id),
    index('circles_search').on(t.timebankId, t.searchId, t.id),
    index('circles_expiry').on(t.timebankId, t.expiresAt).where(sql`status = 'proposed'`),
    index('circles_closed').on(t.timebankId, t.closedAt).where(sql`status = 'not_going_ahead'`),
    check('circles_status_known', sql`${t.status} in ('suggested', 'proposed', 'going_ahead', 'not_going_ahead')`),
    check('circles_obstacle', sql`${t.obstacle} in ('limit', 'listing', 'member', 'other')`),
    check('circles_whole', sql`${t.size} between 2 and 5 and ${t.minutes} > 0`),
    check('circles_proposed', sql`(${t.status} = 'suggested') = (${t.proposedAt} is null)`)
  ]
)

/** Who gives what to whom in a circle. Every member of it gives once, so that the provider's answer stands here too. */
export const links = circlesSchema.table(
  'links',
  {
    timebankId: timebankId(),
    circleId: uuid('circle_id').notNull(),
    /** from 0; the receiver of each is the provider of the next */
    position: integer('position').notNull(),
    providerId: uuid('provider_id').notNull(),
    receiverId: uuid('receiver_id').notNull(),
    offerId: uuid('offer_id').notNull(),
    requestId: uuid('request_id').notNull(),
    /** 0 to 1 */
    fit: real('fit').notNull(),
    /** The circle waits for its members: its offers and requests are in no other that does. */
    standing: boolean('standing').notNull().default(false),
    /** The provider has agreed. Blank again when the circle does not go ahead. */
    agreedAt: instant('agreed_at'),
    agreedByPerson: uuid('agreed_by_person'),
    agreedByMembership: uuid('agreed_by_membership'),
    agreedSource: text('agreed_source'),
    agreedSlip: text('agreed_slip'),
    exchangeId: uuid('exchange_id')
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.circleId, t.position] }),
    foreignKey({ columns: [t.timebankId, t.circleId], foreignColumns: [circles.timebankId, circles.id] }),
    foreignKey({ columns: [t.timebankId, t.providerId], foreignColumns: [memberships.timebankId, memberships.id] }),
    foreignKey({ columns: [t.timebankId, t.receiverId], foreignColumns: [memberships.timebankId, memberships.id] }),
    foreignKey({ columns: [t.timebankId, t.offerId], foreignColumns: [offers.timebankId, offers.id] }),
    foreignKey({ columns: [t.timebankId, t.requestId], foreignColumns: [requests.timebankId, requests.id] }),
    foreignKey({ columns: [t.timebankId, t.exchangeId], foreignColumns: [exchanges.timebankId, exchanges.id] }),
    uniqueIndex('links_provider').on(t.timebankId, t.providerId, t.circleId),
    uniqueIndex('links_receiver').on(t.timebankId, t.receiverId, t.circleId),
    uniqueIndex('links_standing_offer').on(t.timebankId, t.offerId).where(sql`standing`),
    uniqueIndex('links_standing_request').on(t.timebankId, t.requestId).where(sql`standing`),
    uniqueIndex('links_exchange').on(t.timebankId, t.exchangeId).where(sql`exchange_id is not null`),
    check('links_two_members', sql`${t.providerId} <> ${t.receiverId}`),
    check('links_fit', sql`${t.fit} between 0 and 1`)
  ]
)
