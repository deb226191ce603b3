import { z } from 'zod'
import {
  type Api,
  columnsOf,
  created,
  decodeCursor,
  edited,
  idFrom,
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
import { timebankParams } from '../timebanks/schemas.ts'
import { type ExchangePlace, isByDate, listExchanges } from './listing.ts'
import { propose, quote } from './proposals.ts'
import { getExchange } from './read.ts'
import {
  exchangeParams,
  exchangeSchema,
  listQuery,
  proposeSchema,
  quoteBodySchema,
  quoteSchema,
  recordSchema,
  reportNewSchema
} from './schemas.ts'
import { record, reportNew } from './steps.ts'
import { type ExchangeView, viewOf } from './views.ts'

const collection = '/v1/timebanks/:timebank/exchanges'
const tags = ['Exchanges']
const columns = columnsOf(exchangeSchema)
/** Its sides, each for what is theirs, and staff. */
const sides = { member: 'own', ...staff } as const

const dateCursor = z.tuple([z.iso.date(), z.uuid()])

const placeFrom = (cursor: string | undefined, byDate: boolean): ExchangePlace | null => {
  if (byDate) return decodeCursor(cursor, dateCursor)
  const id = idFrom(cursor)
  return id === null ? null : [null, id]
}

export function exchangeRoutes(app: Api): void {
  app.get(
    collection,
    {
      config: { access: readers({ ...sides, auditor: true }), csv: true },
      schema: {
        operationId: 'listExchanges',
        tags,
        summary: 'Exchanges, newest first',
        description:
          'Members see those in which they, or an organisation that they act for, are a side. With `from` or `to` in order of service dates, latest first; a cursor belongs to the order that it was given in.',
        params: timebankParams,
        querystring: listQuery,
        response: { 200: pageOf(exchangeSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, ...filter } = request.query
      return sendList(request, reply, {
        name: 'exchanges',
        query: { limit, cursor },
        columns,
        page: (from, size) =>
          read(request, async (tx) => {
            const byDate = isByDate(filter)
            const found = await listExchanges(tx, filter, placeFrom(from, byDate), size)
            const page = toPage(found, size, (x) => (byDate ? [x.performedOn!, x.id] : [x.id]))
            return { ...page, items: page.items.map((exchange) => viewOf(tx.actor, exchange)) }
          })
      })
    }
  )

  app.get(
    `${collection}/:exchange`,
    {
      config: { access: readers({ ...sides, auditor: true }) },
      schema: {
        operationId: 'getExchange',
        tags,
        summary: 'One exchange',
        params: exchangeParams,
        response: { 200: exchangeSchema }
      }
    },
    async (request, reply) => {
      const exchange = await read(request, async (tx) =>
        viewOf(tx.actor, await getExchange(tx, request.params.exchange))
      )
      setEtag(reply, exchange.rowVersion)
      return exchange
    }
  )

  app.post(
    collection,
    {
      config: { access: writers(sides) },
      schema: {
        operationId: 'proposeExchange',
        tags,
        summary: 'Propose an exchange to the other side',
        description:
          'Moves nothing. The other side agrees or declines, or either side changes the proposal; declining needs no reason. `quote` holds it to figures that were quoted.',
        params: timebankParams,
        body: proposeSchema,
        response: { 201: exchangeSchema }
      }
    },
    async (request, reply) => {
      const { proposedBy, ...input } = request.body
      return write(
        request,
        reply,
        201,
        async (tx) => viewOf(tx.actor, await propose(tx, input, proposedBy)),
        created(request)
      )
    }
  )

  app.post(
    `${collection}/quote`,
    {
      config: { access: writers(sides) },
      schema: {
        operationId: 'quoteExchange',
        tags,
        summary: 'What an exchange would cost and have to pass, without proposing it',
        description:
          'Takes what a proposal takes and is refused as one would be. Saves nothing and tells nobody. A proposal may carry what was quoted, and is refused with `stale-quote` where something else holds then.',
        params: timebankParams,
        body: quoteBodySchema,
        response: { 200: quoteSchema }
      }
    },
    // a slip's book is locked while it is looked at, which a transaction that only reads may not
    async (request, reply) => write(request, reply, 200, (tx) => quote(tx, request.body))
  )

  app.post(
    `${collection}/reports`,
    {
      config: { access: writers(sides), idempotency: 'required' },
      schema: {
        operationId: 'reportNewExchange',
        tags,
        summary: 'Report an exchange that was not proposed here',
        description:
          "Who may report and who confirms is for the policy; nobody confirms their own report for the other side. Where vetting or a guardian's consent is missing it is refused: propose it, or ask a broker.",
        params: timebankParams,
        body: reportNewSchema,
        response: { 201: exchangeSchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        201,
        async (tx) => viewOf(tx.actor, await reportNew(tx, request.body)),
        at(request.params.timebank)
      )
  )

  app.post(
    `${collection}/records`,
    {
      config: { access: writers(staff), idempotency: 'required' },
      schema: {
        operationId: 'recordExchange',
        tags,
        summary: 'Record an exchange at once, on behalf of both sides',
        description:
          'For what both sides have told a broker and agreed to, by phone or on a paper slip: say so in Commonhours-Source and Commonhours-Slip. Settles and moves the hours in one transaction. Not for an exchange of your own.',
        params: timebankParams,
        body: recordSchema,
        response: { 201: exchangeSchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        201,
        async (tx) => viewOf(tx.actor, await record(tx, request.body)),
        at(request.params.timebank)
      )
  )
}

const at = (timebank: string) => (exchange: ExchangeView) => ({
  location: `/v1/timebanks/${timebank}/exchanges/${exchange.id}`,
  ...edited(exchange)
})
