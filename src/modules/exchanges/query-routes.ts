import { z } from 'zod'
import {
  type Api,
  columnsOf,
  edited,
  idFrom,
  pageOf,
  pageQuery,
  read,
  readers,
  sendList,
  staff,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { answer, ask, close, listQueries, type Query, queriesOf } from './queries.ts'
import { openQueriesQuery, queryParams, querySchema, queryTextSchema } from './query-schemas.ts'
import { emptySchema, exchangeParams } from './schemas.ts'

const timebank = '/v1/timebanks/:timebank'
const collection = `${timebank}/exchanges/:exchange/queries`
const tags = ['Exchanges']
const sides = { member: 'own', ...staff } as const
const columns = columnsOf(querySchema)

type QueryView = z.output<typeof querySchema>
const viewOf = ({ timebankId: _, ...query }: Query): QueryView => query as QueryView

/** Questions about an exchange: lighter than a dispute, they change nothing of it. */
export function exchangeQueryRoutes(app: Api): void {
  const access = writers(sides, ['active', 'paused'])

  app.get(
    `${timebank}/exchange-queries`,
    {
      config: { access: readers(staff), csv: true },
      schema: {
        operationId: 'listExchangeQueries',
        tags,
        summary: 'Questions about exchanges, newest first',
        params: timebankParams,
        querystring: openQueriesQuery,
        response: { 200: pageOf(querySchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, status } = request.query
      return sendList(request, reply, {
        name: 'exchange-queries',
        query: { limit, cursor },
        columns,
        page: (from, size) =>
          read(request, async (tx) => {
            const page = toPage(await listQueries(tx, status, idFrom(from), size), size, (query) => [query.id])
            return { ...page, items: page.items.map(viewOf) }
          })
      })
    }
  )

  app.get(
    collection,
    {
      config: { access: readers(sides), csv: true },
      schema: {
        operationId: 'listQueriesOfExchange',
        tags,
        summary: 'Questions about an exchange, in the order in which they were asked',
        description: 'For its sides and staff.',
        params: exchangeParams,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(querySchema) }
      }
    },
    async (request, reply) =>
      sendList(request, reply, {
        name: 'exchange-queries',
        query: request.query,
        columns,
        page: (from, size) =>
          read(request, async (tx) => {
            const found = await queriesOf(tx, request.params.exchange, idFrom(from), size)
            const page = toPage(found, size, (query) => [query.id])
            return { ...page, items: page.items.map(viewOf) }
          })
      })
  )

  app.post(
    collection,
    {
      config: { access },
      schema: {
        operationId: 'askAboutExchange',
        tags,
        summary: 'Ask something about an exchange',
        description:
          'By its sides and staff. It changes nothing of the exchange; the other side is told, and brokers see it. After settlement for as many days as the policy says (`disputeWithinDays`), for staff always.',
        params: exchangeParams,
        body: queryTextSchema,
        response: { 201: querySchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        201,
        async (tx) => viewOf(await ask(tx, request.params.exchange, request.body.text)),
        edited
      )
  )

  app.post(
    `${collection}/:query/answer`,
    {
      config: { access },
      schema: {
        operationId: 'answerExchangeQuery',
        tags,
        summary: 'Answer a question about an exchange',
        description: 'By the other side or by staff, once.',
        params: queryParams,
        body: queryTextSchema,
        response: { 200: querySchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        200,
        async (tx) => viewOf(await answer(tx, request.params.exchange, request.params.query, request.body.text)),
        edited
      )
  )

  app.post(
    `${collection}/:query/closure`,
    {
      config: { access },
      schema: {
        operationId: 'closeExchangeQuery',
        tags,
        summary: 'Close a question about an exchange',
        description: 'By who asked, or by staff, answered or not.',
        params: queryParams,
        body: emptySchema,
        response: { 200: querySchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        200,
        async (tx) => viewOf(await close(tx, request.params.exchange, request.params.query)),
        edited
      )
  )
}
