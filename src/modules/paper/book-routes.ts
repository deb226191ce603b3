import type { z } from 'zod'
import {
  type Api,
  columnsOf,
  created,
  decodeCursor,
  edited,
  encodeCursor,
  idFrom,
  numberCursor,
  pageOf,
  read,
  readers,
  sendList,
  setEtag,
  staff,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { type Book, issueBook, listBooks } from '../slips/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import {
  bookListQuery,
  bookParams,
  bookSchema,
  closingSchema,
  missingCursor,
  missingQuery,
  newBookSchema,
  reconciledSchema,
  slipListQuery,
  slipSchema,
  voidSchema
} from './book-schemas.ts'
import { bookSlips, declareVoid, missingSlips, type Reconciled, reconcileBook, type Slip, takeBack } from './books.ts'

const books = '/v1/timebanks/:timebank/slip-books'
const tags = ['Paper']
const overseers = readers({ ...staff, auditor: true })
const keepers = writers(staff)
const bookColumns = columnsOf(bookSchema)
const slipColumns = columnsOf(slipSchema)

/** Books of paper slips, and what became of each slip. */
export function bookRoutes(app: Api): void {
  app.get(
    books,
    {
      config: { access: overseers, csv: true },
      schema: {
        operationId: 'listSlipBooks',
        tags,
        summary: 'Books of slips, newest first',
        params: timebankParams,
        querystring: bookListQuery,
        response: { 200: pageOf(bookSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, ...filter } = request.query
      return sendList(request, reply, {
        name: 'slip-books',
        query: { limit, cursor },
        columns: bookColumns,
        page: (from, size) =>
          read(request, async (tx) => {
            const page = toPage(await listBooks(tx, filter, idFrom(from), size), size, ({ id }) => [id])
            return { ...page, items: page.items.map(bookView) }
          })
      })
    }
  )

  app.post(
    books,
    {
      config: { access: keepers },
      schema: {
        operationId: 'issueSlipBook',
        tags,
        summary: 'Hand out a book of numbered slips',
        description:
          'A number is in one book of the timebank at most. What is recorded with Commonhours-Source: paper_slip and a number of a book is reconciled with it, however it is written: a-7 is A-007.',
        params: timebankParams,
        body: newBookSchema,
        response: { 201: bookSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 201, async (tx) => bookView(await issueBook(tx, request.body)), created(request))
  )

  app.get(
    `${books}/:book`,
    {
      config: { access: overseers },
      schema: {
        operationId: 'getSlipBook',
        tags,
        summary: 'A book, with how many of its slips are where',
        params: bookParams,
        response: { 200: reconciledSchema }
      }
    },
    async (request, reply) => {
      const view = await read(request, async (tx) => reconciledView(await reconcileBook(tx, request.params.book)))
      setEtag(reply, view.rowVersion)
      return view
    }
  )

  const slipList = (path: string, operationId: string, summary: string, only?: 'missing') =>
    app.get(
      `${books}/:book/${path}`,
      {
        config: { access: overseers, csv: true },
        schema: {
          operationId,
          tags,
          summary,
          params: bookParams,
          querystring: slipListQuery,
          response: { 200: pageOf(slipSchema) }
        }
      },
      async (request, reply) => {
        const { limit, cursor, state } = request.query
        return sendList(request, reply, {
          name: `slips-${path}`,
          query: { limit, cursor },
          columns: slipColumns,
          page: (from, size) =>
            read(request, async (tx) => {
              const after = decodeCursor(from, numberCursor)?.[0] ?? null
              const found = await bookSlips(tx, request.params.book, only ?? state, after, size)
              const page = toPage(found, size, ({ number }) => [number])
              return { ...page, items: page.items.map(slipView) }
            })
        })
      }
    )
  slipList('slips', 'listSlips', 'What became of each slip of a book, by number')
  slipList('missing', 'listMissingSlipsOfBook', 'Slips of a book that should have come back', 'missing')

  app.get(
    '/v1/timebanks/:timebank/slips/missing',
    {
      config: { access: overseers, csv: true },
      schema: {
        operationId: 'listMissingSlips',
        tags,
        summary: 'Slips that should have come back, over all books',
        description:
          'In the order in which the books were issued, by number. A page may be short, also empty, with more to come: go on while there is a `next`.',
        params: timebankParams,
        querystring: missingQuery,
        response: { 200: pageOf(slipSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, books: which } = request.query
      return sendList(request, reply, {
        name: 'missing-slips',
        query: { limit, cursor },
        columns: slipColumns,
        page: (from, size) =>
          read(request, async (tx) => {
            const [book, number] = decodeCursor(from, missingCursor) ?? []
            const after = book === undefined || number === undefined ? null : { book, number }
            const { slips, next } = await missingSlips(tx, which === 'all' ? undefined : which, after, size)
            return { items: slips.map(slipView), next: next && encodeCursor([next.book, next.number]) }
          })
      })
    }
  )

  app.post(
    `${books}/:book/void`,
    {
      config: { access: keepers },
      schema: {
        operationId: 'voidSlip',
        tags,
        summary: 'Declare a slip void: spoilt, torn out, lost',
        description: 'It cannot be recorded any more. One that has been recorded cannot be void.',
        params: bookParams,
        body: voidSchema,
        response: { 200: reconciledSchema }
      }
    },
    async (request, reply) => {
      const { number, reason } = request.body
      return write(
        request,
        reply,
        200,
        async (tx) => reconciledView(await declareVoid(tx, request.params.book, number, reason)),
        edited
      )
    }
  )

  app.post(
    `${books}/:book/closing`,
    {
      config: { access: keepers },
      schema: {
        operationId: 'closeSlipBook',
        tags,
        summary: 'Take a book back: what has not come back is noted as missing',
        description: 'A slip that turns up later is recorded all the same, and shown as late.',
        params: bookParams,
        body: closingSchema,
        response: { 200: reconciledSchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        200,
        async (tx) => reconciledView(await takeBack(tx, request.params.book, request.body?.note || null)),
        edited
      )
  )
}

const bookView = ({ fromNumber, toNumber, timebankId: _, ...book }: Book): z.output<typeof bookSchema> => ({
  ...book,
  status: book.status as 'issued',
  from: fromNumber,
  to: toNumber
})

const reconciledView = ({ book, counts: { taken_back: takenBack, ...counts } }: Reconciled) => ({
  ...bookView(book),
  counts: { ...counts, takenBack }
})

const slipView = ({ book, number, text, state, use, late, voided }: Slip): z.output<typeof slipSchema> => ({
  bookId: book.id,
  number,
  slipNumber: text,
  state,
  exchangeId: use?.exchangeId ?? null,
  groupId: use?.groupId ?? null,
  recordedAt: use?.recordedAt ?? null,
  late,
  voidReason: voided?.reason ?? null,
  voidedAt: voided?.at ?? null
})
