import type { Tx } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { type SlipUse, slipUses } from '../exchanges/index.ts'
import { type Book, booksFrom, closeBook, getBook, lockBook, slipText, voidSlip, voidsOf } from '../slips/index.ts'

/**
 * What became of a slip. `taken_back`: recorded, and cancelled or reversed since, so that it may be recorded again. `missing`:
 * not come back, though a later one of the book has, or the book itself. `unused`: not come back, and nothing says it should.
 */
export type SlipState = 'used' | 'taken_back' | 'void' | 'missing' | 'unused'

export type Slip = {
  book: Book
  number: number
  /** as printed */
  text: string
  state: SlipState
  use: SlipUse | null
  /** recorded after the book was closed */
  late: boolean
  voided: { reason: string; at: Date } | null
}

/** All slips of some books, in their order; at most as many as fit one look-up. */
async function slipsOfAll(tx: Tx, books: readonly Book[]): Promise<Slip[]> {
  const numbers = books.flatMap((book) => numbersOf(book).map((number) => slipText(book, number)))
  const uses = await slipUses(tx, numbers)
  const gone = await voidsOf(
    tx,
    books.map(({ id }) => id)
  )
  return books.flatMap((book) => {
    const voids = new Map(gone.flatMap((each) => (each.bookId === book.id ? [[each.number, each]] : [])))
    const found = numbersOf(book).map((number) => {
      const text = slipText(book, number)
      return { number, text, use: uses.get(text) ?? null, voided: voids.get(number) ?? null }
    })
    const last = found.findLast(({ use, voided }) => use !== null || voided !== null)?.number ?? 0
    return found.map(({ number, text, use, voided }): Slip => {
      const gap = book.status === 'closed' || number < last ? 'missing' : 'unused'
      const state = voided ? 'void' : use ? (use.takenBack ? 'taken_back' : 'used') : gap
      const late = use !== null && book.closedAt !== null && use.recordedAt > book.closedAt
      return { book, number, text, state, use, late, voided: voided && { reason: voided.reason, at: voided.voidedAt } }
    })
  })
}

const sizeOf = ({ fromNumber, toNumber }: Book): number => toNumber - fromNumber + 1
const numbersOf = (book: Book): number[] => Array.from({ length: sizeOf(book) }, (_, i) => book.fromNumber + i)

export type Counts = Record<SlipState, number>
export type Reconciled = { book: Book; counts: Counts }

/** A book and how many of its slips are where. */
export async function reconcileBook(tx: Tx, id: string): Promise<Reconciled> {
  const book = await getBook(tx, id)
  return { book, counts: countsOf(await slipsOfAll(tx, [book])) }
}

function countsOf(slips: readonly Slip[]): Counts {
  const counts: Counts = { used: 0, taken_back: 0, void: 0, missing: 0, unused: 0 }
  for (const { state } of slips) counts[state] += 1
  return counts
}

/** Slips of one book in their order, after a number. One more than `limit` where there are more. */
export async function bookSlips(
  tx: Tx,
  id: string,
  state: SlipState | undefined,
  after: number | null,
  limit: number
): Promise<Slip[]> {
  const slips = await slipsOfAll(tx, [await getBook(tx, id)])
  return slips
    .filter((slip) => (state === undefined || slip.state === state) && slip.number > (after ?? 0))
    .slice(0, limit + 1)
}

/** In one look-up each. */
const booksAtATime = 100
const slipsAtATime = 1000

export type Place = { book: string; number: number }

/**
 * Missing slips of all books, in the order in which the books were issued. Most slips are not missing, and so a page ends after so
 * many were looked at, whatever was found: it may be short, or empty, with more to come. `next`: null where there is no more.
 */
export async function missingSlips(
  tx: Tx,
  status: 'issued' | 'closed' | undefined,
  after: Place | null,
  limit: number
): Promise<{ slips: Slip[]; next: Place | null }> {
  const page = await booksFrom(tx, status, after?.book ?? null, booksAtATime)
  const open = page.filter(({ id, toNumber }) => id !== after?.book || toNumber > after.number)
  let size = 0
  const books = open.filter((book, i) => {
    size += sizeOf(book)
    return i === 0 || size <= slipsAtATime
  })
  const found = (await slipsOfAll(tx, books)).filter(
    ({ state, book, number }) => state === 'missing' && !(book.id === after?.book && number <= after.number)
  )
  const slips = found.slice(0, limit)
  if (found.length > limit) return { slips, next: { book: slips.at(-1)!.book.id, number: slips.at(-1)!.number } }
  const last = books.at(-1)
  const more = books.length < open.length || page.length === booksAtATime
  return { slips, next: last && more ? { book: last.id, number: last.toNumber } : null }
}

/** A slip that will never be used. What has been recorded from it must be reversed first. */
export async function declareVoid(tx: Tx, id: string, number: number, reason: string): Promise<Reconciled> {
  const book = await lockBook(tx, id)
  if (number < book.fromNumber || number > book.toNumber) {
    const detail = `The book has numbers ${book.fromNumber} to ${book.toNumber}.`
    throw new DomainError('validation-failed', detail, { errors: [{ pointer: '/number', detail }] })
  }
  const text = slipText(book, number)
  const use = (await slipUses(tx, [text])).get(text)
  if (use && !use.takenBack)
    throw new DomainError('conflict', 'The slip has been recorded.', {
      figures: { exchange: use.exchangeId, group: use.groupId }
    })
  await voidSlip(tx, book, number, reason)
  return reconcileBook(tx, id)
}

/** The book is back: what of it is neither recorded nor void is noted as missing. */
export async function takeBack(tx: Tx, id: string, note: string | null): Promise<Reconciled> {
  const book = await lockBook(tx, id)
  const open = (await slipsOfAll(tx, [book])).filter(({ state }) => state === 'missing' || state === 'unused')
  await closeBook(
    tx,
    book,
    note,
    open.map(({ number }) => number)
  )
  return reconcileBook(tx, id)
}
