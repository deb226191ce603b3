import { sql } from 'drizzle-orm'
import { check, foreignKey, index, pgSchema, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { createdAt, id, instant, timebankId } from '../../db/columns.ts'
import { exchanges } from '../exchanges/tables.ts'
import { offers, requests } from '../listings/tables.ts'
import { memberships, organisations } from '../members/tables.ts'

export const matching = pgSchema('matching')

/**
 * Somebody who could help with a request, from a broker's suggestion or one side's proposal to an exchange. Ids and times only.
 * `declined` stands only until the row would have expired anyway, and becomes `expired` then: nothing says any more who said no.
 */
export const matches = matching.table(
  'matches',
  {
    timebankId: timebankId(),
    id: id(),
    status: text('status').notNull(),
    requestId: uuid('request_id').notNull(),
    /** null: a member without an offer */
    offerId: uuid('offer_id'),
    /** Who would give: a member, or the one who stands for the organisation whose offer it is. */
    providerId: uuid('provider_id').notNull(),
    providerOrganisationId: uuid('provider_organisation_id'),
    receiverId: uuid('receiver_id').notNull(),
    receiverOrganisationId: uuid('receiver_organisation_id'),
    /** Membership of the broker who suggested it, if one did. */
    suggestedBy: uuid('suggested_by'),
    /** The side that proposed it to the other; null: only suggested so far. */
    proposedBy: text('proposed_by'),
    proposedAt: instant('proposed_at'),
    expiresAt: instant('expires_at').notNull(),
    closedAt: instant('closed_at'),
    exchangeId: uuid('exchange_id'),
    createdAt: createdAt()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({ columns: [t.timebankId, t.requestId], foreignColumns: [requests.timebankId, requests.id] }),
    foreignKey({ columns: [t.timebankId, t.offerId], foreignColumns: [offers.timebankId, offers.id] }),
    foreignKey({ columns: [t.timebankId, t.providerId], foreignColumns: [memberships.timebankId, memberships.id] }),
    foreignKey({ columns: [t.timebankId, t.receiverId], foreignColumns: [memberships.timebankId, memberships.id] }),
    foreignKey({
      columns: [t.timebankId, t.providerOrganisationId],
      foreignColumns: [organisations.timebankId, organisations.id]
    }),
    foreignKey({
      columns: [t.timebankId, t.receiverOrganisationId],
      foreignColumns: [organisations.timebankId, organisations.id]
    }),
    foreignKey({ columns: [t.timebankId, t.exchangeId], foreignColumns: [exchanges.timebankId, exchanges.id] }),
    // each side asks the other once for each request: nobody is asked again who may have said no
    uniqueIndex('matches_asked_once')
      .on(t.timebankId, t.requestId, sql`coalesce(provider_organisation_id, provider_id)`, t.proposedBy)
      .where(sql`proposed_by is not null`),
    uniqueIndex('matches_open_once')
      .on(t.timebankId, t.requestId, sql`coalesce(provider_organisation_id, provider_id)`)
      .where(sql`status in ('suggested', 'proposed', 'declined')`),
    index('matches_provider').on(t.timebankId, t.providerId, t.id),
    index('matches_receiver').on(t.timebankId, t.receiverId, t.id),
    index('matches_provider_organisation')
      .on(t.timebankId, t.providerOrganisationId, t.id)
      .where(sql`provider_organisation_id is not null`),
    index('matches_receiver_organisation')
      .on(t.timebankId, t.receiverOrganisationId, t.id)
      .where(sql`receiver_organisation_id is not null`),
    index('matches_request').on(t.timebankId, t.requestId, t.id),
    index('matches_offer').on(t.timebankId, t.offerId, t.id).where(sql`offer_id is not null`),
    index('matches_open').on(t.timebankId, t.id).where(sql`status in ('suggested', 'proposed', 'declined')`),
    index('matches_expiry').on(t.timebankId, t.expiresAt).where(sql`status in ('suggested', 'proposed', 'declined')`),
    uniqueIndex('matches_exchange').on(t.timebankId, t.exchangeId).where(sql`exchange_id is not null`),
    check(
      'matches_status_known',
      sql`${t.status} in ('suggested', 'proposed', 'accepted', 'declined', 'withdrawn', 'expired')`
    ),
    check('matches_proposed_by', sql`${t.proposedBy} in ('provider', 'receiver')`),
    check('matches_exchange_when_accepted', sql`(${t.status} = 'accepted') = (${t.exchangeId} is not null)`),
    check('matches_two_sides', sql`${t.providerId} <> ${t.receiverId}`)
  ]
)
