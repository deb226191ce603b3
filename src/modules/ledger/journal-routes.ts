import { z } from 'zod'
import {
  type Api,
  columnsOf,
  decodeCursor,
  encodeCursor,
  pageOf,
  read,
  readers,
  sendList,
  staff
} from '../../http/index.ts'
import { notFound } from '../../shared/errors.ts'
import { trialBalanceAt } from './as-of.ts'
import { findTransfer, type JournalPlace, journal } from './journal.ts'
import { trialBalance } from './read.ts'
import {
  journalQuery,
  timebankParams,
  transferParams,
  transferSchema,
  transferView,
  trialBalanceQuery,
  trialBalanceSchema,
  trialBalanceView
} from './schemas.ts'
import { type LedgerRoutesOptions, momentOf, refusePeriod } from './views.ts'

const books = readers({ ...staff, auditor: true })

const transferColumns = columnsOf(transferSchema)

/** Reading the books of a whole timebank: for staff and auditors. */
export function journalRoutes(app: Api, { dayEnd }: Pick<LedgerRoutesOptions, 'dayEnd'>): void {
  app.get(
    '/v1/timebanks/:timebank/transfers',
    {
      config: { access: books, csv: true },
      schema: {
        operationId: 'listTransfers',
        tags: ['Ledger'],
        summary: 'The journal',
        description:
          'Who moved what, and on whose behalf, in the order of recording; as JSON by page, or all from the cursor on as CSV. A page looks at some 20,000 transfers at most: where few of them are asked for, it may have fewer than `limit` items, even none, and still a `next`. What is being recorded at this moment may turn up behind the newest that one has seen: whoever keeps a copy asks for what was recorded up to a minute ago (`recordedTo`).',
        params: timebankParams,
        querystring: journalQuery,
        response: { 200: pageOf(transferSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, order, recordedFrom, recordedTo, ...filter } = request.query
      refusePeriod(filter)
      // order and sort of place belong to the cursor, so that one of another list is refused
      const placeShape =
        filter.account === undefined
          ? z.tuple([z.literal(order), z.iso.datetime({ precision: 6 }), z.union([z.uuid(), z.literal('')])])
          : z.tuple([z.literal(order), z.int()])
      const bounds = {
        recordedFrom: recordedFrom === undefined ? undefined : new Date(recordedFrom),
        recordedBefore: recordedTo === undefined ? undefined : new Date(recordedTo)
      }
      const page = async (at: string | undefined, size: number) => {
        const place = placeOf(decodeCursor<readonly (string | number)[]>(at, placeShape))
        const { items, next } = await read(request, (tx) => journal(tx, { ...filter, ...bounds }, order, place, size))
        return { items: items.map(transferView), next: next === null ? null : encodeCursor([order, ...keysOf(next)]) }
      }
      return sendList(request, reply, { name: 'transfers', query: { limit, cursor }, columns: transferColumns, page })
    }
  )

  app.get(
    '/v1/timebanks/:timebank/transfers/:transfer',
    {
      config: { access: books },
      schema: {
        operationId: 'getTransfer',
        tags: ['Ledger'],
        summary: 'A transfer',
        description: 'One movement in the ledger with both accounts, and what settled, released or reversed it.',
        params: transferParams,
        response: { 200: transferSchema }
      }
    },
    (request) =>
      read(request, async (tx) => {
        const transfer = await findTransfer(tx, request.params.transfer)
        if (transfer === null) throw notFound('transfer')
        return transferView(transfer)
      })
  )

  app.get(
    '/v1/timebanks/:timebank/trial-balance',
    {
      config: { access: books },
      schema: {
        operationId: 'getTrialBalance',
        tags: ['Ledger'],
        summary: 'Trial balance',
        description:
          "Totals of all accounts by kind: now, at an instant (`at`), or at the end of a calendar date in the timebank's time zone (`asOf`), by service date unless `by=recording`. The sum of balances is 0 at every instant and on every date.",
        params: timebankParams,
        querystring: trialBalanceQuery,
        response: { 200: trialBalanceSchema }
      }
    },
    (request) =>
      read(request, async (tx) => {
        const moment = await momentOf(tx, request.query, dayEnd)
        return trialBalanceView(moment === null ? await trialBalance(tx) : await trialBalanceAt(tx, moment))
      })
  )
}

/** As the parts of a cursor behind its order; an id that is not there is an empty text. */
const keysOf = (place: JournalPlace): (string | number)[] =>
  'version' in place ? [place.version] : [place.at, place.id ?? '']

function placeOf(keys: readonly (string | number)[] | null): JournalPlace | null {
  if (keys === null) return null
  const [, at, id] = keys
  return typeof at === 'number' ? { version: at } : { at: String(at), id: id === '' ? null : String(id) }
}
