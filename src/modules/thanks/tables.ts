import { sql } from 'drizzle-orm'
import { boolean, check, foreignKey, index, pgSchema, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { id, instant, timebankId } from '../../db/columns.ts'
import { exchanges } from '../exchanges/tables.ts'
import { memberships, organisations } from '../members/tables.ts'

export const thanksSchema = pgSchema('thanks')

/** What one side of an exchange says to the other afterwards. A note without a text was removed, or its people were erased. */
export const notes = thanksSchema.table(
  'notes',
  {
    timebankId: timebankId(),
    exchangeId: uuid('exchange_id').notNull(),
    /** the author's side */
    side: text('side').notNull(),
    id: id(),
    authorId: uuid('author_id').notNull(),
    authorOrganisationId: uuid('author_organisation_id'),
    /** who is thanked: a member, or an organisation */
    aboutId: uuid('about_id'),
    aboutOrganisationId: uuid('about_organisation_id'),
    text: text('text').notNull(),
    /** How far the author goes. */
    visibility: text('visibility').notNull(),
    /** The one who is thanked lets others see this text. */
    shared: boolean('shared').notNull().default(false),
    /** The one who is thanked does not want to see it any more. */
    hidden: boolean('hidden').notNull().default(false),
    givenAt: instant('given_at').notNull(),
    changedAt: instant('changed_at').notNull()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.exchangeId, t.side] }),
    foreignKey({ columns: [t.timebankId, t.exchangeId], foreignColumns: [exchanges.timebankId, exchanges.id] }),
    foreignKey({ columns: [t.timebankId, t.authorId], foreignColumns: [memberships.timebankId, memberships.id] }),
    foreignKey({ columns: [t.timebankId, t.aboutId], foreignColumns: [memberships.timebankId, memberships.id] }),
    foreignKey({
      columns: [t.timebankId, t.authorOrganisationId],
      foreignColumns: [organisations.timebankId, organisations.id]
    }),
    foreignKey({
      columns: [t.timebankId, t.aboutOrganisationId],
      foreignColumns: [organisations.timebankId, organisations.id]
    }),
    index('notes_about').on(t.timebankId, t.aboutId, t.id),
    index('notes_about_organisation')
      .on(t.timebankId, t.aboutOrganisationId, t.id)
      .where(sql`about_organisation_id is not null`),
    index('notes_author').on(t.timebankId, t.authorId, t.id),
    index('notes_author_organisation')
      .on(t.timebankId, t.authorOrganisationId, t.id)
      .where(sql`author_organisation_id is not null`),
    // of most people few notes are for everybody, of some many are not
    index('notes_open')
      .on(t.timebankId, t.aboutId, t.id)
      .where(sql`visibility = 'timebank' and shared and not hidden and text <> ''`),
    check('notes_side', sql`${t.side} in ('provider', 'receiver')`),
    check('notes_visibility', sql`${t.visibility} in ('private', 'timebank')`),
    check('notes_about_one', sql`num_nonnulls(${t.aboutId}, ${t.aboutOrganisationId}) = 1`),
    check('notes_hidden', sql`not (${t.shared} and ${t.hidden})`)
  ]
)
