import { z } from 'zod'
import type { Tx } from '../../db/client.ts'
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
import type { Seen } from './exchanges.ts'
import { type ExchangePlace, isByDate, listExchanges } from './listing.ts'
import { getExchange } from './read.ts'
import {
  agreeSchema,
  cancelSchema,
  emptySchema,
  exchangeParams,
  exchangeSchema,
  listQuery,
  proposeSchema,
  reasonSchema,
  reportNewSchema,
  reportSchema
} from './schemas.ts'
import { reverse } from './settle.ts'
import { agree, approve, cancel, confirm, decline, dispute, propose, record, report, reportNew } from './steps.ts'
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
          'Members see those in which they, or an organisation that they act for, are a side. With `from` or `to` by service date, otherwise in the order in which they were begun.',
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
        description: 'Moves nothing. The other side agrees or declines; declining needs no reason.',
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
    `${collection}/reports`,
    {
      config: { access: writers(sides), idempotency: 'required' },
      schema: {
        operationId: 'reportNewExchange',
        tags,
        summary: 'Report an exchange that was not proposed here',
        description:
          'Who may report and who confirms is for the policy; nobody confirms their own report for the other side.',
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
        body: reportNewSchema,
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

  /** One step of an exchange's life: `POST …/exchanges/:exchange/<name>`, answered with the exchange after it. */
  const stepRoute = <Body extends z.ZodType>(
    name: string,
    operationId: string,
    summary: string,
    body: Body,
    take: (tx: Tx, id: string, body: z.output<Body>) => Promise<Seen>,
    options: { staffOnly?: boolean; movesHours?: boolean } = {}
  ) =>
    app.post(
      `${collection}/:exchange/${name}`,
      {
        config: {
          // what was agreed before somebody took a pause is still answered
          access: writers(options.staffOnly ? staff : sides, ['active', 'paused']),
          idempotency: options.movesHours ? 'required' : 'optional'
        },
        schema: { operationId, tags, summary, params: exchangeParams, body, response: { 200: exchangeSchema } }
      },
      async (request, reply) => {
        // the framework's types lose what belongs to a generic body
        const { params, body: sent } = request as unknown as { params: { exchange: string }; body: z.output<Body> }
        return write(request, reply, 200, async (tx) => viewOf(tx.actor, await take(tx, params.exchange, sent)), edited)
      }
    )
  const moves = { movesHours: true }
  stepRoute(
    'agreement',
    'agreeExchange',
    'The other side agrees',
    agreeSchema,
    (tx, id, body) => agree(tx, id, body?.minutes),
    moves
  )
  stepRoute('approval', 'approveExchange', 'A broker lets it go ahead', emptySchema, approve, { staffOnly: true })
  stepRoute('decline', 'declineExchange', 'The other side declines; no reason is asked for', emptySchema, decline)
  stepRoute(
    'cancellation',
    'cancelExchange',
    'Call it off before it is reported',
    cancelSchema,
    (tx, id, body) => cancel(tx, id, body?.reason ?? null),
    moves
  )
  stepRoute('report', 'reportExchange', 'Report that it has taken place', reportSchema, report, moves)
  stepRoute('confirmation', 'confirmExchange', 'Confirm the report: hours move', emptySchema, confirm, moves)
  stepRoute(
    'dispute',
    'disputeExchange',
    'It was otherwise than reported; a broker decides',
    reasonSchema,
    (tx, id, { reason }) => dispute(tx, id, reason)
  )
  stepRoute(
    'reversal',
    'reverseExchange',
    'Take a settled exchange back: the opposite transfer, with a reason',
    reasonSchema,
    (tx, id, { reason }) => reverse(tx, id, reason),
    { staffOnly: true, movesHours: true }
  )
}

const at = (timebank: string) => (exchange: ExchangeView) => ({
  location: `/v1/timebanks/${timebank}/exchanges/${exchange.id}`,
  ...edited(exchange)
})
