import { sql } from 'drizzle-orm'
import { check, foreignKey, index, integer, pgSchema, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { id, instant, rowVersion, timebankId } from '../../db/columns.ts'
import { memberships, organisations } from '../members/tables.ts'

export const slipsSchema = pgSchema('slips')

/** A book of numbered paper slips, as it was handed out. Which of them have come back is known by the exchanges. */
export const books = slipsSchema.table(
  'books',
  {
    timebankId: timebankId(),
    id: id(),
    /** What stands before each number, in capitals. */
    prefix: text('prefix').notNull(),
    /** How many digits are printed, with leading zeros; 1: as many as the number has. */
    digits: integer('digits').notNull(),
    fromNumber: integer('from_number').notNull(),
    toNumber: integer('to_number').notNull(),
    holderId: uuid('holder_id'),
    holderOrganisationId: uuid('holder_organisation_id'),
    note: text('note').notNull(),
    status: text('status').notNull(),
    issuedAt: instant('issued_at').notNull(),
    /** Membership, as are the others. */
    issuedBy: uuid('issued_by'),
    closedAt: instant('closed_at'),
    closedBy: uuid('closed_by'),
    closingNote: text('closing_note'),
    /** Numbers that had not come back when it was closed. */
    missingAtClose: integer('missing_at_close').array(),
    rowVersion: rowVersion()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({ columns: [t.timebankId, t.holderId], foreignColumns: [memberships.timebankId, memberships.id] }),
    foreignKey({
      columns: [t.timebankId, t.holderOrganisationId],
      foreignColumns: [organisations.timebankId, organisations.id]
    }),
    index('books_number').on(t.timebankId, t.prefix, t.fromNumber),
    index('books_status').on(t.timebankId, t.status, t.id),
    index('books_holder').on(t.timebankId, t.holderId, t.id),
    check('books_range', sql`${t.fromNumber} > 0 and ${t.toNumber} between ${t.fromNumber} and ${t.fromNumber} + 9999`),
    check('books_prefix', sql`${t.prefix} !~ '[0-9]$' and ${t.digits} between 1 and 9`),
    check('books_one_holder', sql`${t.holderId} is null or ${t.holderOrganisationId} is null`),
    check('books_status_known', sql`${t.status} in ('issued', 'closed')`)
  ]
)

/** Slips that will never be used: spoilt, torn out, lost. */
export const voids = slipsSchema.table(
  'voids',
  {
    timebankId: timebankId(),
    bookId: uuid('book_id').notNull(),
    number: integer('number').notNull(),
    reason: text('reason').notNull(),
    voidedAt: instant('voided_at').notNull(),
    voidedBy: uuid('voided_by')
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.bookId, t.number] }),
    foreignKey({ columns: [t.timebankId, t.bookId], foreignColumns: [books.timebankId, books.id] })
  ]
)
