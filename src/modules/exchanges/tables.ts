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
import { createdAt, id, instant, rowVersion, timebankId } from '../../db/columns.ts'
import { budgets } from '../budgets/tables.ts'
import { offers, requests } from '../listings/tables.ts'
import { affiliations, memberships, organisations } from '../members/tables.ts'

export const exchangesSchema = pgSchema('exchanges')

/** Exchanges of several people that were recorded as one: they stand or fall together, and so do their transfers. */
export const groups = exchangesSchema.table(
  'groups',
  {
    timebankId: timebankId(),
    id: id(),
    shape: text('shape').notNull(),
    /** How several receivers were charged; null where there was one, who paid for all. */
    rule: text('rule'),
    status: text('status').notNull(),
    policyVersion: integer('policy_version').notNull(),
    performedOn: date('performed_on').notNull(),
    recordedAt: instant('recorded_at').notNull(),
    /** Membership of the provider who reported it; null: a broker has recorded it. */
    reportedBy: uuid('reported_by'),
    /** Whether it moves nothing before a broker has looked at it, whoever confirms. */
    needsBroker: boolean('needs_broker').notNull().default(false),
    settledAt: instant('settled_at'),
    /** Common to the transfers that took it back. */
    reversalGroupId: uuid('reversal_group_id'),
    reason: text('reason'),
    reversedAt: instant('reversed_at'),
    rowVersion: rowVersion()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    check('groups_shape', sql`${t.shape} in ('one_to_one', 'one_to_many', 'many_to_one', 'many_to_many')`),
    check('groups_rule', sql`(${t.shape} in ('one_to_many', 'many_to_many')) = (${t.rule} is not null)`),
    check('groups_status', sql`${t.status} in ('reported', 'disputed', 'settled', 'cancelled', 'reversed')`),
    index('groups_status_order').on(t.timebankId, t.status, t.id)
  ]
)

/** Those of a reported group who can say that it was so, or otherwise, and what they have said: each once. */
export const groupAnswers = exchangesSchema.table(
  'group_answers',
  {
    timebankId: timebankId(),
    groupId: uuid('group_id').notNull(),
    /** Membership, or organisation. */
    partyId: uuid('party_id').notNull(),
    /** Helped by somebody else than who reported: nothing moves without their word. */
    needed: boolean('needed').notNull(),
    answer: text('answer'),
    /** Membership: the party's own, or of who acts for the organisation. */
    answeredBy: uuid('answered_by'),
    answeredAt: instant('answered_at')
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.groupId, t.partyId] }),
    foreignKey({ columns: [t.timebankId, t.groupId], foreignColumns: [groups.timebankId, groups.id] }),
    check('group_answers_answer', sql`${t.answer} in ('confirmed', 'refused')`)
  ]
)

/**
 * The human event. Each side is a member, an organisation (with the member who acts for it), or, in imported
 * history only, an anonymous party. `serviceMinutes` is the real time given, `creditMinutes` what the ledger moved.
 */
export const exchanges = exchangesSchema.table(
  'exchanges',
  {
    timebankId: timebankId(),
    id: id(),
    status: text('status').notNull(),
    providerId: uuid('provider_id'),
    providerOrganisationId: uuid('provider_organisation_id'),
    providerCapacity: text('provider_capacity').notNull(),
    providerAffiliationId: uuid('provider_affiliation_id'),
    receiverId: uuid('receiver_id'),
    receiverOrganisationId: uuid('receiver_organisation_id'),
    receiverCapacity: text('receiver_capacity').notNull(),
    receiverAffiliationId: uuid('receiver_affiliation_id'),
    categoryId: uuid('category_id').notNull(),
    offerId: uuid('offer_id'),
    requestId: uuid('request_id'),
    description: text('description').notNull().default(''),
    performedOn: date('performed_on'),
    proposedMinutes: integer('proposed_minutes').notNull(),
    /** How often the proposal has been changed: an answer is to the proposal as it stands. */
    revision: integer('revision').notNull().default(0),
    agreedMinutes: integer('agreed_minutes'),
    /** What a broker has let go ahead, where the policy asks for that. */
    approvedMinutes: integer('approved_minutes'),
    /** How the guardians of those under 18 gave their consent. */
    guardianConsent: text('guardian_consent'),
    serviceMinutes: integer('service_minutes'),
    creditMinutes: integer('credit_minutes'),
    /** In a group: for how long the receiver was there, and the share of what the provider needed beside the service. */
    contactMinutes: integer('contact_minutes'),
    preparationMinutes: integer('preparation_minutes'),
    travelMinutes: integer('travel_minutes'),
    policyVersion: integer('policy_version').notNull(),
    proposedBy: text('proposed_by').notNull(),
    reportedBy: text('reported_by'),
    reportedByPerson: uuid('reported_by_person'),
    /** The side that says it was otherwise, and for how long it took place by them. */
    disputedBy: text('disputed_by'),
    disputedMinutes: integer('disputed_minutes'),
    /** The side that did not come. */
    noShow: text('no_show'),
    source: text('source').notNull(),
    slipNumber: text('slip_number'),
    /** Person. */
    recordedBy: uuid('recorded_by'),
    /** Their membership, and as what: a side, a broker, another member, the service. */
    recordedByMember: uuid('recorded_by_member'),
    recordedAs: text('recorded_as'),
    onBehalfOf: uuid('on_behalf_of'),
    /** Set where hours moved in the ledger; null while open, for imported history and for record-only time. */
    transferId: uuid('transfer_id'),
    /** Minutes set aside from agreement to settlement, where the policy says so. */
    holdId: uuid('hold_id'),
    reversalTransferId: uuid('reversal_transfer_id'),
    /** The budget that pays for it, instead of the receiver, and its account, which never changes. */
    budgetId: uuid('budget_id'),
    budgetAccountId: integer('budget_account_id'),
    /** For how many service minutes who holds the budget has given their word; null: not yet. */
    budgetMinutes: integer('budget_minutes'),
    /** The exchange that this one was recorded in place of, and the other way round. */
    correctsId: uuid('corrects_id'),
    correctedById: uuid('corrected_by_id'),
    groupId: uuid('group_id'),
    /** In its group, from 1, in the order given. */
    groupPosition: integer('group_position'),
    recordOnly: boolean('record_only').notNull().default(false),
    reason: text('reason'),
    agreedAt: instant('agreed_at'),
    reportedAt: instant('reported_at'),
    settledAt: instant('settled_at'),
    closedAt: instant('closed_at'),
    recordedAt: instant('recorded_at').notNull(),
    externalSource: text('external_source'),
    externalId: text('external_id'),
    createdAt: createdAt(),
    rowVersion: rowVersion()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    // none to policies and categories, which nobody can delete: all that is recorded at once would lock the same two rows
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
    foreignKey({
      columns: [t.timebankId, t.providerAffiliationId],
      foreignColumns: [affiliations.timebankId, affiliations.id]
    }),
    foreignKey({
      columns: [t.timebankId, t.receiverAffiliationId],
      foreignColumns: [affiliations.timebankId, affiliations.id]
    }),
    foreignKey({ columns: [t.timebankId, t.offerId], foreignColumns: [offers.timebankId, offers.id] }),
    foreignKey({ columns: [t.timebankId, t.requestId], foreignColumns: [requests.timebankId, requests.id] }),
    foreignKey({ columns: [t.timebankId, t.budgetId], foreignColumns: [budgets.timebankId, budgets.id] }),
    index('exchanges_budget').on(t.timebankId, t.budgetId, t.id).where(sql`budget_id is not null`),
    check('exchanges_budget_whole', sql`(${t.budgetId} is null) = (${t.budgetAccountId} is null)`),
    index('exchanges_status').on(t.timebankId, t.status, t.id),
    index('exchanges_provider').on(t.timebankId, t.providerId, t.id),
    index('exchanges_receiver').on(t.timebankId, t.receiverId, t.id),
    // who comes to somebody for their work: read by person, by state and by day, however long their history
    index('exchanges_receiver_professional')
      .on(t.timebankId, t.receiverId, t.status, t.performedOn)
      .where(sql`provider_capacity <> 'citizen'`),
    // most columns of these are empty for most exchanges, and every step writes a row anew into every index that holds it
    index('exchanges_provider_organisation')
      .on(t.timebankId, t.providerOrganisationId, t.id)
      .where(sql`provider_organisation_id is not null`),
    index('exchanges_receiver_organisation')
      .on(t.timebankId, t.receiverOrganisationId, t.id)
      .where(sql`receiver_organisation_id is not null`),
    index('exchanges_performed').on(t.timebankId, t.performedOn, t.id),
    index('exchanges_reported').on(t.timebankId, t.reportedAt).where(sql`status = 'reported'`),
    index('exchanges_category').on(t.timebankId, t.categoryId, t.id),
    index('exchanges_request').on(t.timebankId, t.requestId).where(sql`request_id is not null`),
    index('exchanges_offer').on(t.timebankId, t.offerId, t.id).where(sql`offer_id is not null`),
    uniqueIndex('exchanges_transfer').on(t.timebankId, t.transferId).where(sql`transfer_id is not null`),
    uniqueIndex('exchanges_external')
      .on(t.timebankId, t.externalSource, t.externalId)
      .where(sql`external_id is not null`),
    foreignKey({ columns: [t.timebankId, t.groupId], foreignColumns: [groups.timebankId, groups.id] }),
    // of one's own groups, newest first
    index('exchanges_provider_group').on(t.timebankId, t.providerId, t.groupId).where(sql`group_id is not null`),
    index('exchanges_receiver_group').on(t.timebankId, t.receiverId, t.groupId).where(sql`group_id is not null`),
    index('exchanges_provider_organisation_group')
      .on(t.timebankId, t.providerOrganisationId, t.groupId)
      .where(sql`group_id is not null and provider_organisation_id is not null`),
    index('exchanges_receiver_organisation_group')
      .on(t.timebankId, t.receiverOrganisationId, t.groupId)
      .where(sql`group_id is not null and receiver_organisation_id is not null`),
    uniqueIndex('exchanges_group').on(t.timebankId, t.groupId, t.groupPosition).where(sql`group_id is not null`),
    // a slip is recorded once, whether for one exchange or for a group
    uniqueIndex('exchanges_slip')
      .on(t.timebankId, t.slipNumber, sql`coalesce(group_position, 1)`)
      .where(sql`slip_number is not null and status not in ('cancelled', 'declined', 'reversed')`),
    // also of what was taken back since: for reconciling the slips of a book
    index('exchanges_slip_number').on(t.timebankId, t.slipNumber, t.id).where(sql`slip_number is not null`),
    check(
      'exchanges_status_known',
      sql`${t.status} in ('proposed', 'agreed', 'awaiting_risk', 'awaiting_vetting', 'awaiting_guardian', 'ready', 'reported', 'settled', 'disputed', 'declined', 'cancelled', 'reversed')`
    ),
    check(
      'exchanges_capacities',
      sql`${t.providerCapacity} in ('citizen', 'professional', 'organisation') and ${t.receiverCapacity} in ('citizen', 'professional', 'organisation')`
    ),
    foreignKey({ columns: [t.timebankId, t.correctsId], foreignColumns: [t.timebankId, t.id] }),
    // of two corrections of one exchange at once, one
    uniqueIndex('exchanges_corrects').on(t.timebankId, t.correctsId).where(sql`corrects_id is not null`),
    check(
      'exchanges_sides_named',
      sql`${t.disputedBy} in ('provider', 'receiver', 'broker') and ${t.noShow} in ('provider', 'receiver')`
    ),
    check('exchanges_guardian_consent', sql`${t.guardianConsent} in ('in_person', 'phone', 'writing')`),
    check('exchanges_recorded_as', sql`${t.recordedAs} in ('provider', 'receiver', 'broker', 'member', 'service')`),
    check('exchanges_disputed_minutes', sql`${t.disputedMinutes} > 0 and ${t.revision} >= 0`),
    check('exchanges_two_sides', sql`${t.providerId} <> ${t.receiverId}`),
    check('exchanges_minutes', sql`${t.proposedMinutes} > 0 and ${t.serviceMinutes} > 0 and ${t.creditMinutes} >= 0`),
    check(
      'exchanges_minutes_beside',
      sql`${t.contactMinutes} > 0 and ${t.preparationMinutes} >= 0 and ${t.travelMinutes} >= 0`
    )
  ]
)

/** Questions about an exchange, with their answers. They change nothing of it. */
export const queries = exchangesSchema.table(
  'queries',
  {
    timebankId: timebankId(),
    id: id(),
    exchangeId: uuid('exchange_id').notNull(),
    status: text('status').notNull(),
    askedBy: uuid('asked_by').notNull(),
    /** As what: a side, or a broker. */
    askedAs: text('asked_as').notNull(),
    text: text('text').notNull(),
    askedAt: instant('asked_at').notNull(),
    answeredBy: uuid('answered_by'),
    answeredAs: text('answered_as'),
    answer: text('answer'),
    answeredAt: instant('answered_at'),
    closedAt: instant('closed_at'),
    rowVersion: rowVersion()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({ columns: [t.timebankId, t.exchangeId], foreignColumns: [exchanges.timebankId, exchanges.id] }),
    foreignKey({ columns: [t.timebankId, t.askedBy], foreignColumns: [memberships.timebankId, memberships.id] }),
    foreignKey({ columns: [t.timebankId, t.answeredBy], foreignColumns: [memberships.timebankId, memberships.id] }),
    index('queries_exchange').on(t.timebankId, t.exchangeId, t.id),
    index('queries_status').on(t.timebankId, t.status, t.id),
    index('queries_asked_by').on(t.timebankId, t.askedBy),
    index('queries_answered_by').on(t.timebankId, t.answeredBy).where(sql`answered_by is not null`),
    check('queries_status_known', sql`${t.status} in ('open', 'answered', 'closed')`),
    check('queries_asked_as', sql`${t.askedAs} in ('provider', 'receiver', 'broker')`),
    check('queries_answered_as', sql`${t.answeredAs} in ('provider', 'receiver', 'broker')`)
  ]
)
