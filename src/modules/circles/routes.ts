import {
  type Api,
  columnsOf,
  created,
  idFrom,
  pageOf,
  read,
  readers,
  sendList,
  staff,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { agree, decline } from './answers.ts'
import { getCircle, listCircles } from './circles.ts'
import { proposeCircle, proposeSearch } from './proposing.ts'
import {
  agreementSchema,
  answerSchema,
  circleParams,
  circleSchema,
  emptySchema,
  listQuery,
  proposedSchema,
  searchListQuery,
  searchParams,
  searchRequestSchema,
  searchSchema
} from './schemas.ts'
import { getSearch, listSearches, requestSearch } from './searches.ts'
import { searchView, viewOf, viewsOf } from './views.ts'

const collection = '/v1/timebanks/:timebank/circles'
const searches = '/v1/timebanks/:timebank/circle-searches'
const tags = ['Circles']
const columns = columnsOf(circleSchema)
const searchColumns = columnsOf(searchSchema)
/** Who is in it, each for themselves, and staff. */
const parties = { member: 'own', ...staff } as const

export function circleRoutes(app: Api): void {
  app.post(
    searches,
    {
      config: { access: writers(staff) },
      schema: {
        operationId: 'searchCircles',
        tags,
        summary: 'Search for circles',
        description:
          'Looks in all open offers and requests for rings of 2 to 5 members in which each gives to the next as long as they receive, and chooses the set that helps most members. Runs beside the request: read the search until it is done, then its circles, which are suggested to staff only. They take the place of those that an earlier search has suggested. One search at a time: 409 otherwise.',
        params: timebankParams,
        body: searchRequestSchema,
        response: { 202: searchSchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        202,
        async (tx) => searchView(await requestSearch(tx, (request.body?.seconds ?? 5) * 1000)),
        created(request)
      )
  )

  app.get(
    searches,
    {
      config: { access: readers(staff), csv: true },
      schema: {
        operationId: 'listCircleSearches',
        tags,
        summary: 'Searches for circles, newest first',
        params: timebankParams,
        querystring: searchListQuery,
        response: { 200: pageOf(searchSchema) }
      }
    },
    async (request, reply) =>
      sendList(request, reply, {
        name: 'circle-searches',
        query: request.query,
        columns: searchColumns,
        page: (from, size) =>
          read(request, async (tx) => {
            const page = toPage(await listSearches(tx, idFrom(from), size), size, ({ id }) => [id])
            return { ...page, items: page.items.map(searchView) }
          })
      })
  )

  app.get(
    `${searches}/:search`,
    {
      config: { access: readers(staff) },
      schema: {
        operationId: 'getCircleSearch',
        tags,
        summary: 'A search for circles',
        params: searchParams,
        response: { 200: searchSchema }
      }
    },
    (request) => read(request, async (tx) => searchView(await getSearch(tx, request.params.search)))
  )

  app.post(
    `${searches}/:search/proposal`,
    {
      config: { access: writers(staff) },
      schema: {
        operationId: 'proposeCircles',
        tags,
        summary: 'Propose all circles that a search has suggested',
        description: 'Those that no longer hold are left as they are.',
        params: searchParams,
        body: emptySchema,
        response: { 200: proposedSchema }
      }
    },
    async (request, reply) => write(request, reply, 200, (tx) => proposeSearch(tx, request.params.search))
  )

  app.get(
    collection,
    {
      config: { access: readers(parties), csv: true },
      schema: {
        operationId: 'listCircles',
        tags,
        summary: 'Circles, newest first',
        description: 'Members see those that have been proposed to them, staff all.',
        params: timebankParams,
        querystring: listQuery,
        response: { 200: pageOf(circleSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, mine, ...filter } = request.query
      return sendList(request, reply, {
        name: 'circles',
        query: { limit, cursor },
        columns,
        page: (from, size) =>
          read(request, async (tx) => {
            const found = await listCircles(tx, { ...filter, mine: mine === 'true' }, idFrom(from), size)
            const page = toPage(found, size, ({ id }) => [id])
            return { ...page, items: await viewsOf(tx, page.items) }
          })
      })
    }
  )

  app.get(
    `${collection}/:circle`,
    {
      config: { access: readers(parties) },
      schema: {
        operationId: 'getCircle',
        tags,
        summary: 'A circle',
        description:
          'Who is in it sees what they would give to whom and what they would receive from whom; staff see the whole ring. Nobody sees who has agreed or declined.',
        params: circleParams,
        response: { 200: circleSchema }
      }
    },
    (request) => read(request, async (tx) => viewOf(tx, await getCircle(tx, request.params.circle)))
  )

  app.post(
    `${collection}/:circle/proposal`,
    {
      config: { access: writers(staff) },
      schema: {
        operationId: 'proposeCircle',
        tags,
        summary: 'Propose a suggested circle to all its members',
        description:
          'It waits for their answers as many days as the policy says (`circleExpiresDays`). 409 when an offer or request in it is no longer open or stands in another proposed circle.',
        params: circleParams,
        body: emptySchema,
        response: { 200: circleSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 200, async (tx) => viewOf(tx, await proposeCircle(tx, request.params.circle)))
  )

  app.post(
    `${collection}/:circle/agreement`,
    {
      config: { access: writers(parties) },
      schema: {
        operationId: 'agreeToCircle',
        tags,
        summary: 'Agree to what you would give and receive',
        description:
          'When the last one agrees, all exchanges of the ring begin in the same transaction, as agreed ones (or waiting for what the policy asks for). If one of them cannot, none does, and the answer is a circle that does not go ahead. Again it changes nothing.',
        params: circleParams,
        body: agreementSchema,
        response: { 200: circleSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 200, async (tx) => viewOf(tx, await agree(tx, request.params.circle, request.body ?? {})))
  )

  app.post(
    `${collection}/:circle/decline`,
    {
      config: { access: writers(parties) },
      schema: {
        operationId: 'declineCircle',
        tags,
        summary: 'Decline, without a reason',
        description:
          'The circle does not go ahead. Others, staff included, learn that and nothing else: neither who nor why, as when its time is over or an offer in it is closed. Possible until all have agreed, also after having agreed.',
        params: circleParams,
        body: answerSchema,
        response: { 200: circleSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 200, async (tx) => viewOf(tx, await decline(tx, request.params.circle, request.body ?? {})))
  )
}
