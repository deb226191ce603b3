import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  date,
  doublePrecision,
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
import { persons } from '../identity/tables.ts'
import { accounts } from '../ledger/tables.ts'
import { timebanks } from '../timebanks/tables.ts'

export const members = pgSchema('members')

/** Hands out member numbers of a timebank without gaps or doubles. */
export const numbers = members.table(
  'numbers',
  { timebankId: timebankId(), nextNumber: integer('next_number').notNull().default(1) },
  (t) => [primaryKey({ columns: [t.timebankId] })]
)

const texts = (name: string) => text(name).array().notNull().default(sql`'{}'::text[]`)

/** A person's membership in one timebank, with the profile that this timebank sees. */
export const memberships = members.table(
  'memberships',
  {
    timebankId: timebankId(),
    id: id(),
    personId: uuid('person_id').notNull(),
    number: integer('number').notNull(),
    accountId: integer('account_id').notNull(),
    status: text('status').notNull(),
    roles: texts('roles'),
    brokerId: uuid('broker_id'),
    supported: boolean('supported').notNull().default(false),
    /** The last day on which the vetting that was noted last holds; null: none does. */
    vettedUntil: date('vetted_until'),
    displayName: text('display_name').notNull(),
    // contact: staff, and others only as far as `contactVisibility` says
    email: text('email'),
    phone: text('phone'),
    otherPhone: text('other_phone'),
    postcode: text('postcode'),
    dateOfBirth: date('date_of_birth'),
    // profile: gifts first, and no field for a deficit
    about: text('about'),
    gifts: texts('gifts'),
    skills: texts('skills'),
    interests: texts('interests'),
    livedExperience: texts('lived_experience'),
    languages: texts('languages'),
    accessNotes: text('access_notes'),
    area: text('area'),
    latitude: doublePrecision('latitude'),
    longitude: doublePrecision('longitude'),
    profileVisibility: text('profile_visibility').notNull().default('members'),
    contactVisibility: text('contact_visibility').notNull().default('staff'),
    joinedOn: date('joined_on'),
    leftOn: date('left_on'),
    statusSince: instant('status_since').notNull(),
    externalSource: text('external_source'),
    externalId: text('external_id'),
    createdAt: createdAt(),
    rowVersion: rowVersion()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({ columns: [t.timebankId], foreignColumns: [timebanks.id] }),
    foreignKey({ columns: [t.personId], foreignColumns: [persons.id] }),
    foreignKey({ columns: [t.timebankId, t.accountId], foreignColumns: [accounts.timebankId, accounts.id] }),
    foreignKey({ columns: [t.timebankId, t.brokerId], foreignColumns: [t.timebankId, t.id] }),
    uniqueIndex('memberships_number').on(t.timebankId, t.number),
    uniqueIndex('memberships_person').on(t.timebankId, t.personId),
    uniqueIndex('memberships_account').on(t.timebankId, t.accountId),
    uniqueIndex('memberships_external').on(t.timebankId, t.externalSource, t.externalId),
    index('memberships_of_person').on(t.personId, t.timebankId),
    index('memberships_status').on(t.timebankId, t.status, t.number),
    index('memberships_broker').on(t.timebankId, t.brokerId, t.number),
    index('memberships_area').on(t.timebankId, t.area, t.number),
    // the few with a further role; the index for names and languages is beside members.find, in SQL
    index('memberships_with_role').on(t.timebankId, t.number).where(sql`roles <> '{member}'::text[]`),
    check(
      'memberships_status_known',
      sql`${t.status} in ('applied', 'screening', 'active', 'paused', 'suspended', 'declined', 'withdrawn', 'left', 'erased')`
    ),
    check('memberships_roles_known', sql`${t.roles} <@ '{member,broker,admin,auditor}'::text[]`),
    check(
      'memberships_visibility_known',
      sql`${t.profileVisibility} in ('members', 'staff') and ${t.contactVisibility} in ('members', 'staff')`
    )
  ]
)

/** References taken, interviews held and vetting noted. */
export const screenings = members.table(
  'screenings',
  {
    timebankId: timebankId(),
    id: id(),
    membershipId: uuid('membership_id').notNull(),
    kind: text('kind').notNull(),
    heldOn: date('held_on').notNull(),
    inPerson: boolean('in_person').notNull(),
    satisfactory: boolean('satisfactory').notNull(),
    /** Vetting: the last day on which it holds. */
    validUntil: date('valid_until'),
    note: text('note'),
    /** Membership of who noted it; null: the service itself. */
    recordedBy: uuid('recorded_by'),
    recordedAt: instant('recorded_at').notNull()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({ columns: [t.timebankId, t.membershipId], foreignColumns: [memberships.timebankId, memberships.id] }),
    index('screenings_membership').on(t.timebankId, t.membershipId, t.id),
    check('screenings_kind', sql`${t.kind} in ('reference', 'interview', 'vetting')`),
    check('screenings_valid_until', sql`(${t.kind} = 'vetting') = (${t.validUntil} is not null)`)
  ]
)

/** Who is family of whom: two rows for each pair, one from each side, so that either finds the other by the key. */
export const family = members.table(
  'family',
  {
    timebankId: timebankId(),
    membershipId: uuid('membership_id').notNull(),
    relativeId: uuid('relative_id').notNull(),
    /** Membership of who noted it. */
    notedBy: uuid('noted_by'),
    notedAt: instant('noted_at').notNull()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.membershipId, t.relativeId] }),
    foreignKey({ columns: [t.timebankId, t.membershipId], foreignColumns: [memberships.timebankId, memberships.id] }),
    foreignKey({ columns: [t.timebankId, t.relativeId], foreignColumns: [memberships.timebankId, memberships.id] }),
    check('family_two', sql`${t.membershipId} <> ${t.relativeId}`)
  ]
)

/** A body with an account and named people who act for it. */
export const organisations = members.table(
  'organisations',
  {
    timebankId: timebankId(),
    id: id(),
    accountId: integer('account_id').notNull(),
    name: text('name').notNull(),
    kind: text('kind').notNull(),
    about: text('about'),
    area: text('area'),
    email: text('email'),
    phone: text('phone'),
    website: text('website'),
    status: text('status').notNull().default('active'),
    externalSource: text('external_source'),
    externalId: text('external_id'),
    createdAt: createdAt(),
    rowVersion: rowVersion()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({ columns: [t.timebankId], foreignColumns: [timebanks.id] }),
    foreignKey({ columns: [t.timebankId, t.accountId], foreignColumns: [accounts.timebankId, accounts.id] }),
    uniqueIndex('organisations_account').on(t.timebankId, t.accountId),
    uniqueIndex('organisations_name').on(t.timebankId, sql`lower(${t.name})`),
    uniqueIndex('organisations_external').on(t.timebankId, t.externalSource, t.externalId),
    check(
      'organisations_kind',
      sql`${t.kind} in ('community_group', 'charity', 'council', 'health_board', 'school', 'social_enterprise', 'company', 'other')`
    ),
    check('organisations_status', sql`${t.status} in ('active', 'closed')`)
  ]
)

/** A member's role in an organisation, with dates. `professional` covers the professional capacity; `actsFor` lets them act for it. */
export const affiliations = members.table(
  'affiliations',
  {
    timebankId: timebankId(),
    id: id(),
    organisationId: uuid('organisation_id').notNull(),
    membershipId: uuid('membership_id').notNull(),
    title: text('title'),
    professional: boolean('professional').notNull(),
    actsFor: boolean('acts_for').notNull(),
    validFrom: date('valid_from').notNull(),
    /** The last day of it; null: until further notice. */
    validTo: date('valid_to'),
    /** `proposed` by somebody who acts for the organisation, until the member accepts; only `accepted` ones count. */
    status: text('status').notNull(),
    createdAt: createdAt(),
    rowVersion: rowVersion()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({
      columns: [t.timebankId, t.organisationId],
      foreignColumns: [organisations.timebankId, organisations.id]
    }),
    foreignKey({ columns: [t.timebankId, t.membershipId], foreignColumns: [memberships.timebankId, memberships.id] }),
    index('affiliations_organisation').on(t.timebankId, t.organisationId, t.id),
    index('affiliations_membership').on(t.timebankId, t.membershipId, t.id),
    check('affiliations_dates', sql`${t.validTo} >= ${t.validFrom}`),
    check('affiliations_status', sql`${t.status} in ('proposed', 'accepted', 'refused')`)
  ]
)
