import { and, asc, desc, eq, gte, inArray, lt, lte, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { onDuplicate } from '../../db/errors.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import { memberParty, organisationParty } from '../members/index.ts'
import type { Policy } from '../timebanks/index.ts'
import { books, voids } from './tables.ts'

export type Book = typeof books.$inferSelect
export type Void = typeof voids.$inferSelect

export type NewBook = {
  prefix: string
  from: number
  to: number
  digits: number
  holderId?: string | undefined
  holderOrganisationId?: string | undefined
  note: string
}

/** The number as it is printed on the slip. */
export const slipText = ({ prefix, digits }: Pick<Book, 'prefix' | 'digits'>, number: number): string =>
  prefix + String(number).padStart(digits, '0')

/** What is printed, taken apart: `a-007` is number 7 of prefix `A-`. Null: it ends in no number. */
function parse(text: string): { prefix: string; number: number } | null {
  const [, prefix = '', digits] = /^(|.*[^0-9])([0-9]{1,9})$/.exec(text) ?? []
  return digits === undefined ? null : { prefix: prefix.toUpperCase(), number: Number(digits) }
}

/** A broker hands out a book. No number is in two books of a timebank, however it is written. */
export async function issueBook(tx: Tx, input: NewBook): Promise<Book> {
  const { from, to, digits, note, holderId, holderOrganisationId } = input
  const prefix = input.prefix.toUpperCase()
  if (holderId) await memberParty(tx, holderId)
  if (holderOrganisationId) await organisationParty(tx, holderOrganisationId)
  // of two who hand out at once the second sees the first's book
  await tx.client.query("SELECT pg_advisory_xact_lock(hashtextextended('slips.books ' || $1, 0))", [tx.timebankId])
  const [other] = await tx.db
    .select()
    .from(books)
    .where(and(ofPrefix(tx, prefix), lte(books.fromNumber, to), gte(books.toNumber, from)))
    .limit(1)
  if (other) {
    const detail = `Book ${slipText(other, other.fromNumber)} to ${slipText(other, other.toNumber)} has some of these numbers.`
    throw new DomainError('already-exists', detail, {
      errors: [{ pointer: '/from', detail }],
      figures: { book: other.id }
    })
  }
  const [book] = await tx.db
    .insert(books)
    .values({
      timebankId: tx.timebankId,
      id: newId(),
      prefix,
      digits,
      fromNumber: from,
      toNumber: to,
      holderId: holderId?.toLowerCase() ?? null,
      holderOrganisationId: holderOrganisationId?.toLowerCase() ?? null,
      note,
      status: 'issued',
      issuedAt: tx.now,
      issuedBy: tx.actor.membershipId
    })
    .returning()
  await noted(tx, book!, 'issued', { prefix, from, to })
  return book!
}

const ofPrefix = (tx: Tx, prefix: string) => and(eq(books.timebankId, tx.timebankId), eq(books.prefix, prefix))
const one = (tx: Tx, id: string) => and(eq(books.timebankId, tx.timebankId), eq(books.id, id))

const noted = (tx: Tx, book: Book, verb: string, changes: Record<string, unknown>, reason: string | null = null) =>
  audit(tx, {
    action: `slip-book.${verb}`,
    subject: { type: 'slip-book', id: book.id },
    onBehalfOf: book.holderId,
    changes,
    reason
  })

export async function getBook(tx: Tx, id: string): Promise<Book> {
  const [book] = await tx.db.select().from(books).where(one(tx, id))
  if (!book) throw notFound('book of slips')
  return book
}

/** Until the end of the transaction nobody records a slip of it: who does waits for what is done with the book here. */
export async function lockBook(tx: Tx, id: string): Promise<Book> {
  const [book] = await tx.db.select().from(books).where(one(tx, id)).for('update')
  if (!book) throw notFound('book of slips')
  return book
}

export type BookFilter = { status?: 'issued' | 'closed' | undefined; holderId?: string | undefined }

/** Newest first, keyset by id (uuid v7). One more than `limit` where there are more. */
export function listBooks(tx: Tx, filter: BookFilter, before: string | null, limit: number): Promise<Book[]> {
  return tx.db
    .select()
    .from(books)
    .where(
      and(
        eq(books.timebankId, tx.timebankId),
        filter.status === undefined ? undefined : eq(books.status, filter.status),
        filter.holderId === undefined ? undefined : eq(books.holderId, filter.holderId),
        before === null ? undefined : lt(books.id, before)
      )
    )
    .orderBy(desc(books.id))
    .limit(limit + 1)
}

/** In the order in which they were issued, from one on (inclusive). */
export function booksFrom(
  tx: Tx,
  status: 'issued' | 'closed' | undefined,
  from: string | null,
  limit: number
): Promise<Book[]> {
  return tx.db
    .select()
    .from(books)
    .where(
      and(
        eq(books.timebankId, tx.timebankId),
        status === undefined ? undefined : eq(books.status, status),
        from === null ? undefined : gte(books.id, from)
      )
    )
    .orderBy(asc(books.id))
    .limit(limit)
}

export function voidsOf(tx: Tx, bookIds: readonly string[]): Promise<Void[]> {
  if (bookIds.length === 0) return Promise.resolve([])
  return tx.db
    .select()
    .from(voids)
    .where(and(eq(voids.timebankId, tx.timebankId), inArray(voids.bookId, [...bookIds])))
}

/** Declares a slip of a book that is locked void; that it has not been recorded is for the caller to know. */
export async function voidSlip(tx: Tx, book: Book, number: number, reason: string): Promise<void> {
  const added = tx.db.insert(voids).values({
    timebankId: tx.timebankId,
    bookId: book.id,
    number,
    reason,
    voidedAt: tx.now,
    voidedBy: tx.actor.membershipId
  })
  await onDuplicate(
    'voids_timebank_id_book_id_number_pk',
    added.execute(),
    () => new DomainError('already-exists', 'The slip is void already.')
  )
  await noted(tx, book, 'slip-voided', { number }, reason)
}

/** The book is back, and what is missing is noted. A slip that turns up later is recorded all the same. */
export async function closeBook(
  tx: Tx,
  book: Book,
  closingNote: string | null,
  missing: readonly number[]
): Promise<Book> {
  if (book.status !== 'issued') throw new DomainError('wrong-state', 'The book is closed already.')
  const [closed] = await tx.db
    .update(books)
    .set({
      status: 'closed',
      closedAt: tx.now,
      closedBy: tx.actor.membershipId,
      closingNote,
      missingAtClose: [...missing],
      rowVersion: sql`${books.rowVersion} + 1`
    })
    .where(one(tx, book.id))
    .returning()
  await noted(tx, book, 'closed', { missing: missing.length })
  return closed!
}

/**
 * The number of the slip that a transaction is recorded from, as it is printed in its book; null where there is none. A void
 * one is refused, and, where the policy wants slips from books only, one of no book.
 */
export async function slipOf(tx: Tx, { slipsFromBooks }: Policy): Promise<string | null> {
  const sent = tx.actor.slipNumber
  if (sent === undefined) return null
  const parsed = parse(sent)
  // of books that do not overlap the last that begins before it; who declares a slip void waits until this one is recorded
  const { rows } = parsed
    ? await tx.client.query<{ id: string; digits: number; to_number: number }>({
        name: 'slips.book_of',
        text: `SELECT b.id, b.digits, b.to_number FROM slips.books b
                WHERE b.timebank_id = $1 AND b.prefix = $2 AND b.from_number <= $3
                ORDER BY b.from_number DESC LIMIT 1 FOR SHARE`,
        values: [tx.timebankId, parsed.prefix, parsed.number]
      })
    : { rows: [] }
  const book = rows[0] && rows[0].to_number >= parsed!.number ? rows[0] : null
  if (!book || !parsed) {
    if (slipsFromBooks) throw new DomainError('slip-not-issued')
    return sent
  }
  const [gone] = await tx.db
    .select({ number: voids.number })
    .from(voids)
    .where(and(eq(voids.timebankId, tx.timebankId), eq(voids.bookId, book.id), eq(voids.number, parsed.number)))
  if (gone) throw new DomainError('slip-void')
  return slipText({ prefix: parsed.prefix, digits: book.digits }, parsed.number)
}

/** When a member is erased: nothing is left of what was written about the books that they held. */
export async function blankBooksOf(tx: Tx, membershipId: string): Promise<void> {
  const heldBy = and(eq(books.timebankId, tx.timebankId), eq(books.holderId, membershipId))
  await tx.db.update(books).set({ note: '', closingNote: null }).where(heldBy)
  const held = tx.db.select({ id: books.id }).from(books).where(heldBy)
  await tx.db
    .update(voids)
    .set({ reason: '' })
    .where(and(eq(voids.timebankId, tx.timebankId), inArray(voids.bookId, held)))
}
