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
import { categories, requests as listingRequests } from '../listings/tables.ts'
import { affiliations, memberships, organisations } from '../members/tables.ts'
import { arrangements } from '../schedule/tables.ts'

export const serviceRequestsSchema = pgSchema('service_requests')

/** What an agency has asked for. The words about a person are apart (`texts`), and so is whom to contact. */
export const requests = serviceRequestsSchema.table(
  'requests',
  {
    timebankId: timebankId(),
    id: id(),
    /** The agency, its professional (affiliation and membership), and the API client; null: a broker wrote it down. */
    organisationId: uuid('organisation_id').notNull(),
    affiliationId: uuid('affiliation_id').notNull(),
    professionalId: uuid('professional_id').notNull(),
    clientId: text('client_id'),
    kind: text('kind').notNull(),
    status: text('status').notNull(),
    subStatus: text('sub_status'),
    reason: text('reason'),
    outcome: text('outcome'),
    /** Whether its status is the agency's to know whatever the person has agreed to: its own doing, or before a yes. */
    statusOpen: boolean('status_open').notNull().default(true),
    externalSystem: text('external_system'),
    externalValue: text('external_value'),
    /** As the agency says. Whether there is such a member is not for it to learn. */
    claimedNumber: integer('claimed_number'),
    /** Whom it is about, where that is known. */
    membershipId: uuid('membership_id'),
    categoryId: uuid('category_id').notNull(),
    helpersNeeded: integer('helpers_needed').notNull(),
    estimatedMinutes: integer('estimated_minutes'),
    firstOn: date('first_on'),
    /** RFC 5545; null: once */
    rrule: text('rrule'),
    setting: text('setting').notNull(),
    priority: text('priority').notNull(),
    budgetId: uuid('budget_id'),
    /** What the agency says that the person has agreed to. It opens nothing: the broker asks the person. */
    claimedScopes: text('claimed_scopes').array(),
    claimedAt: instant('claimed_at'),
    claimedHow: text('claimed_how'),
    claimedBy: text('claimed_by'),
    claimedWording: text('claimed_wording'),
    /** When and by whom (membership) what the agency says of the consent was looked into. */
    verifiedAt: instant('verified_at'),
    verifiedBy: uuid('verified_by'),
    /** The person's own yes, and the record of it. */
    consentedAt: instant('consented_at'),
    consentId: uuid('consent_id'),
    listingId: uuid('listing_id'),
    /** Membership of the broker who looks after it. */
    assigneeId: uuid('assignee_id'),
    /** It is on its way to its end and closed at the next moment for that; by whom or why is written nowhere. */
    closesAt: instant('closes_at'),
    createdAt: instant('created_at').notNull(),
    /** Of the last change, and of the last that the agency may know of: rising within a timebank in the order of commits. */
    updatedAt: instant('updated_at').notNull(),
    agencyAt: instant('agency_at').notNull(),
    /** Since when it is in this status. */
    statusAt: instant('status_at').notNull(),
    decidedAt: instant('decided_at'),
    endedAt: instant('ended_at'),
    rowVersion: rowVersion()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({
      columns: [t.timebankId, t.organisationId],
      foreignColumns: [organisations.timebankId, organisations.id]
    }),
    foreignKey({
      columns: [t.timebankId, t.affiliationId],
      foreignColumns: [affiliations.timebankId, affiliations.id]
    }),
    foreignKey({ columns: [t.timebankId, t.membershipId], foreignColumns: [memberships.timebankId, memberships.id] }),
    foreignKey({ columns: [t.timebankId, t.categoryId], foreignColumns: [categories.timebankId, categories.id] }),
    foreignKey({
      columns: [t.timebankId, t.listingId],
      foreignColumns: [listingRequests.timebankId, listingRequests.id]
    }),
    // one external id of an agency is one request (R5)
    uniqueIndex('requests_external')
      .on(t.timebankId, t.organisationId, t.externalSystem, t.externalValue)
      .where(sql`external_value is not null`),
    uniqueIndex('requests_listing').on(t.timebankId, t.listingId).where(sql`listing_id is not null`),
    index('requests_status').on(t.timebankId, t.status, t.id),
    index('requests_organisation').on(t.timebankId, t.organisationId, t.id),
    index('requests_member').on(t.timebankId, t.membershipId, t.id).where(sql`membership_id is not null`),
    index('requests_assignee').on(t.timebankId, t.assigneeId, t.id).where(sql`assignee_id is not null`),
    index('requests_professional').on(t.timebankId, t.professionalId, t.id),
    index('requests_updated').on(t.timebankId, t.updatedAt, t.id),
    index('requests_agency').on(t.timebankId, t.organisationId, t.agencyAt, t.id),
    index('requests_waiting').on(t.timebankId, t.createdAt, t.id).where(sql`status = 'requested'`),
    index('requests_closing').on(t.timebankId, t.closesAt).where(sql`closes_at is not null`),
    index('requests_created').on(t.timebankId, t.createdAt),
    check('requests_kind', sql`${t.kind} in ('own_need', 'referral')`),
    check(
      'requests_status_known',
      sql`${t.status} in ('requested', 'accepted', 'in_progress', 'on_hold', 'rejected', 'completed', 'failed', 'cancelled', 'entered_in_error')`
    ),
    // what is put off or comes to nothing has a reason, what is completed an outcome
    check(
      'requests_reason',
      sql`(${t.status} in ('rejected', 'cancelled', 'on_hold', 'failed')) = (${t.reason} is not null)`
    ),
    check('requests_outcome', sql`(${t.status} = 'completed') = (${t.outcome} is not null)`),
    check('requests_priority', sql`${t.priority} in ('routine', 'urgent')`),
    check('requests_external_whole', sql`(${t.externalSystem} is null) = (${t.externalValue} is null)`),
    check('requests_helpers', sql`${t.helpersNeeded} between 1 and 500`),
    check('requests_minutes', sql`${t.estimatedMinutes} between 1 and 100000`),
    check('requests_rule', sql`${t.rrule} is null or ${t.firstOn} is not null`),
    check(
      'requests_own_need',
      sql`${t.kind} = 'referral' or (${t.membershipId} is null and ${t.claimedNumber} is null)`
    ),
    check(
      'requests_claim',
      sql`(${t.kind} = 'referral') = (${t.claimedScopes} is not null and ${t.claimedAt} is not null and ${t.claimedHow} is not null and ${t.claimedBy} is not null)`
    ),
    // nothing is done for a person before they have said yes
    check(
      'requests_yes',
      sql`${t.kind} = 'own_need' or ${t.status} not in ('accepted', 'in_progress', 'on_hold', 'completed', 'failed') or (${t.membershipId} is not null and ${t.consentedAt} is not null)`
    )
  ]
)

/** All words about somebody, and whom to contact: read with one request only, and gone when they have to be. */
export const texts = serviceRequestsSchema.table(
  'texts',
  {
    timebankId: timebankId(),
    serviceRequestId: uuid('service_request_id').notNull(),
    title: text('title').notNull(),
    whatMatters: text('what_matters'),
    canOffer: text('can_offer'),
    area: text('area'),
    accessNeeds: text('access_needs'),
    knownRisks: text('known_risks'),
    /** The words of the agency that the person has been shown. */
    wording: text('wording'),
    contactName: text('contact_name'),
    contactPhone: text('contact_phone'),
    contactEmail: text('contact_email'),
    contactPreferred: text('contact_preferred')
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.serviceRequestId] }),
    foreignKey({ columns: [t.timebankId, t.serviceRequestId], foreignColumns: [requests.timebankId, requests.id] })
  ]
)

/** What it has been, and since when. Which steps lie between is not here: they would tell how a person was asked. */
export const history = serviceRequestsSchema.table(
  'history',
  {
    timebankId: timebankId(),
    serviceRequestId: uuid('service_request_id').notNull(),
    position: integer('position').notNull(),
    status: text('status').notNull(),
    reason: text('reason'),
    outcome: text('outcome'),
    at: instant('at').notNull(),
    part: text('part').notNull(),
    statusOpen: boolean('status_open').notNull()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.serviceRequestId, t.position] }),
    foreignKey({ columns: [t.timebankId, t.serviceRequestId], foreignColumns: [requests.timebankId, requests.id] }),
    check('history_part', sql`${t.part} in ('agency', 'person', 'broker', 'service')`)
  ]
)

/** Attempts to speak with the person, while it is not decided. */
export const contacts = serviceRequestsSchema.table(
  'contacts',
  {
    timebankId: timebankId(),
    id: id(),
    serviceRequestId: uuid('service_request_id').notNull(),
    at: instant('at').notNull(),
    way: text('way').notNull(),
    result: text('result').notNull(),
    /** Membership */
    notedBy: uuid('noted_by').notNull()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({ columns: [t.timebankId, t.serviceRequestId], foreignColumns: [requests.timebankId, requests.id] }),
    index('contacts_request').on(t.timebankId, t.serviceRequestId, t.id),
    check('contacts_way', sql`${t.way} in ('phone', 'letter', 'email', 'visit')`),
    check('contacts_result', sql`${t.result} in ('reached', 'not_reached', 'message_left')`)
  ]
)

/** Arrangements to meet that came of a request for help again and again. */
export const meetings = serviceRequestsSchema.table(
  'meetings',
  {
    timebankId: timebankId(),
    serviceRequestId: uuid('service_request_id').notNull(),
    arrangementId: uuid('arrangement_id').notNull()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.serviceRequestId, t.arrangementId] }),
    foreignKey({ columns: [t.timebankId, t.serviceRequestId], foreignColumns: [requests.timebankId, requests.id] }),
    foreignKey({
      columns: [t.timebankId, t.arrangementId],
      foreignColumns: [arrangements.timebankId, arrangements.id]
    }),
    uniqueIndex('meetings_arrangement').on(t.timebankId, t.arrangementId)
  ]
)

/** The instant of a timebank's last change: whoever makes the next one waits for it, so that instants rise as changes are committed. */
export const clocks = serviceRequestsSchema.table(
  'clocks',
  { timebankId: timebankId(), at: instant('at').notNull() },
  (t) => [primaryKey({ columns: [t.timebankId] })]
)
