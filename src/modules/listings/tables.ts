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
import { createdAt, id, instant, rowVersion, timebankId, tsvector } from '../../db/columns.ts'
import { memberships, organisations } from '../members/tables.ts'
import { timebanks } from '../timebanks/tables.ts'

export const listings = pgSchema('listings')

/** A timebank's category tree. The flags say what an exchange in the category asks for. */
export const categories = listings.table(
  'categories',
  {
    timebankId: timebankId(),
    id: id(),
    parentId: uuid('parent_id'),
    slug: text('slug').notNull(),
    name: text('name').notNull(),
    description: text('description'),
    risk: text('risk').notNull().default('low'),
    vetting: boolean('vetting').notNull().default(false),
    minors: boolean('minors').notNull().default(false),
    home: boolean('home').notNull().default(false),
    closed: boolean('closed').notNull().default(false),
    position: integer('position').notNull().default(0),
    createdAt: createdAt(),
    rowVersion: rowVersion()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({ columns: [t.timebankId], foreignColumns: [timebanks.id] }),
    foreignKey({ columns: [t.timebankId, t.parentId], foreignColumns: [t.timebankId, t.id] }),
    uniqueIndex('categories_slug').on(t.timebankId, t.slug),
    index('categories_parent').on(t.timebankId, t.parentId, t.position, t.id),
    check('categories_risk', sql`${t.risk} in ('low', 'medium', 'high')`)
  ]
)

/**
 * The middle of the cell of a grid that a place lies in: all that the search knows of it for others. Cells are 1.5 km high
 * and at most as wide. The odd figures put both edges of the map (90 and 180 degrees) inside a cell.
 */
const cellLatitude = '(floor(latitude * 74.007) + 0.5) / 74.007'
const cellWidth = `(360.001 / ceil(26643 * cosd(${cellLatitude})))`
const cellLongitude = `(floor((longitude + 180) / ${cellWidth}) + 0.5) * ${cellWidth} - 180`

/** What offers and requests have in common. */
const listingColumns = () => ({
  timebankId: timebankId(),
  id: id(),
  membershipId: uuid('membership_id').notNull(),
  organisationId: uuid('organisation_id'),
  categoryId: uuid('category_id').notNull(),
  status: text('status').notNull(),
  title: text('title').notNull(),
  description: text('description').notNull().default(''),
  mode: text('mode').notNull(),
  setting: text('setting').notNull(),
  availability: text('availability').array().notNull().default(sql`'{}'::text[]`),
  languages: text('languages').array().notNull().default(sql`'{}'::text[]`),
  area: text('area'),
  latitude: doublePrecision('latitude'),
  longitude: doublePrecision('longitude'),
  coarseLatitude: doublePrecision('coarse_latitude').generatedAlwaysAs(sql.raw(cellLatitude)),
  coarseLongitude: doublePrecision('coarse_longitude').generatedAlwaysAs(sql.raw(cellLongitude)),
  estimatedMinutes: integer('estimated_minutes'),
  expiresOn: date('expires_on'),
  openedAt: instant('opened_at'),
  createdAt: createdAt(),
  rowVersion: rowVersion(),
  /** The `expiresOn` of which the owner has had notice: moving the date makes another notice due. */
  expiryNoticedFor: date('expiry_noticed_for'),
  search: tsvector('search').generatedAlwaysAs(
    sql`setweight(to_tsvector('simple', search.fold(title)), 'A') || setweight(to_tsvector('simple', search.fold(description)), 'B')`
  ),
  folded: text('folded').generatedAlwaysAs(sql`search.fold(title || ' ' || description)`)
})

const listingModes = sql`('do', 'teach', 'together')`
const listingSettings = sql`('provider_home', 'receiver_home', 'public_place', 'outdoors', 'online', 'phone', 'any')`

/** Somebody's standing offer to give time. */
export const offers = listings.table('offers', listingColumns(), (t) => [
  primaryKey({ columns: [t.timebankId, t.id] }),
  foreignKey({ columns: [t.timebankId, t.membershipId], foreignColumns: [memberships.timebankId, memberships.id] }),
  foreignKey({
    columns: [t.timebankId, t.organisationId],
    foreignColumns: [organisations.timebankId, organisations.id]
  }),
  foreignKey({ columns: [t.timebankId, t.categoryId], foreignColumns: [categories.timebankId, categories.id] }),
  index('offers_status').on(t.timebankId, t.status, t.id),
  index('offers_category').on(t.timebankId, t.categoryId, t.status, t.id),
  index('offers_member').on(t.timebankId, t.membershipId, t.id),
  index('offers_organisation').on(t.timebankId, t.organisationId, t.id).where(sql`organisation_id is not null`),
  index('offers_expiry').on(t.timebankId, t.expiresOn).where(sql`status = 'open'`),
  // within a band of latitude, then of longitude; the index of words leads with the timebank and needs an operator class: by hand
  index('offers_minutes').on(t.timebankId, t.estimatedMinutes, t.id).where(sql`status = 'open'`),
  // all that a search near a place asks of a row: those far off are never fetched (5 times quicker in a city)
  index('offers_place')
    .on(
      t.timebankId,
      t.coarseLatitude,
      t.coarseLongitude,
      t.id,
      t.membershipId,
      t.organisationId,
      t.latitude,
      t.longitude,
      t.status
    )
    .where(sql`status = 'open'`),
  check('offers_status_known', sql`${t.status} in ('draft', 'open', 'paused', 'closed', 'expired')`),
  check('offers_words', sql`${t.mode} in ${listingModes} and ${t.setting} in ${listingSettings}`)
])

/** Somebody's wish to receive time, with how many helpers it takes. */
export const requests = listings.table(
  'requests',
  {
    ...listingColumns(),
    helpersNeeded: integer('helpers_needed').notNull().default(1),
    /** Something above follows what becomes of it; see follow.ts. It is told to nobody. */
    followed: boolean('followed').notNull().default(false)
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({ columns: [t.timebankId, t.membershipId], foreignColumns: [memberships.timebankId, memberships.id] }),
    foreignKey({
      columns: [t.timebankId, t.organisationId],
      foreignColumns: [organisations.timebankId, organisations.id]
    }),
    foreignKey({ columns: [t.timebankId, t.categoryId], foreignColumns: [categories.timebankId, categories.id] }),
    index('requests_status').on(t.timebankId, t.status, t.id),
    index('requests_category').on(t.timebankId, t.categoryId, t.status, t.id),
    index('requests_member').on(t.timebankId, t.membershipId, t.id),
    index('requests_organisation').on(t.timebankId, t.organisationId, t.id).where(sql`organisation_id is not null`),
    index('requests_expiry').on(t.timebankId, t.expiresOn).where(sql`status in ('open', 'matched')`),
    index('requests_opened').on(t.timebankId, t.openedAt).where(sql`opened_at is not null`),
    // within a band of latitude, then of longitude; the index of words leads with the timebank and needs an operator class: by hand
    index('requests_minutes').on(t.timebankId, t.estimatedMinutes, t.id).where(sql`status = 'open'`),
    // all that a search near a place asks of a row: those far off are never fetched (5 times quicker in a city)
    index('requests_place')
      .on(
        t.timebankId,
        t.coarseLatitude,
        t.coarseLongitude,
        t.id,
        t.membershipId,
        t.organisationId,
        t.latitude,
        t.longitude,
        t.status
      )
      .where(sql`status = 'open'`),
    check(
      'requests_status_known',
      sql`${t.status} in ('draft', 'open', 'matched', 'in_progress', 'fulfilled', 'withdrawn', 'expired')`
    ),
    check('requests_words', sql`${t.mode} in ${listingModes} and ${t.setting} in ${listingSettings}`),
    check('requests_helpers', sql`${t.helpersNeeded} between 1 and 500`)
  ]
)

/**
 * Every word that stands in a timebank's offers and requests, folded. A mistyped word is looked up here, among some
 * thousand words, and not in all texts: likeness by trigrams over 200,000 texts takes half a second and more.
 */
export const words = listings.table('words', { timebankId: timebankId(), word: text('word').notNull() }, (t) => [
  primaryKey({ columns: [t.timebankId, t.word] }),
  foreignKey({ columns: [t.timebankId], foreignColumns: [timebanks.id] })
])
