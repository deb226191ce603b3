import {
  type Api,
  agenciesOnly,
  alsoAgencies,
  columnsOf,
  idFrom,
  pageOf,
  read,
  readers,
  sendList,
  staff,
  toPage,
  write
} from '../../http/index.ts'
import { listDeliveries, replay, resendDead, resendDelivery, sendPing } from './deliveries.ts'
import {
  deliveryParams,
  deliveryQuery,
  deliverySchema,
  emptySchema,
  endpointParams,
  resentSchema,
  sinceSchema
} from './schemas.ts'
import { deliveryView } from './views.ts'

const item = '/v1/timebanks/:timebank/webhook-endpoints/:endpoint'
const tags = ['Webhooks']
const columns = columnsOf(deliverySchema)

/** Within what a database knows; nothing was sent before, and nothing will be after. */
const instantOf = (text: string): Date =>
  new Date(Math.min(Math.max(Date.parse(text), 0), Date.parse('9000-01-01T00:00:00Z')))

export function webhookDeliveryRoutes(app: Api): void {
  app.get(
    `${item}/deliveries`,
    {
      config: { access: alsoAgencies('webhooks', readers(staff)), csv: true },
      schema: {
        operationId: 'listWebhookDeliveries',
        tags,
        summary: 'What was sent to an endpoint and what waits, newest event first',
        description:
          '`state=dead`: what was given up. Of an answer nothing is kept but its status. After 30 days they are removed.',
        params: endpointParams,
        querystring: deliveryQuery,
        response: { 200: pageOf(deliverySchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, state } = request.query
      return sendList(request, reply, {
        name: 'webhook-deliveries',
        query: { limit, cursor },
        columns,
        page: (from, size) =>
          read(request, async (tx) => {
            const rows = await listDeliveries(tx, request.params.endpoint, { state, before: idFrom(from) }, size)
            const page = toPage(rows, size, ({ id }) => [id])
            return { ...page, items: page.items.map(deliveryView) }
          })
      })
    }
  )

  app.post(
    `${item}/deliveries/:delivery/resending`,
    {
      config: { access: agenciesOnly('webhooks') },
      schema: {
        operationId: 'resendWebhookDelivery',
        tags,
        summary: 'Send again what is dead, or now what waits for its next attempt',
        description: 'Its attempts and its three days begin anew. 409 for what was delivered.',
        params: deliveryParams,
        body: emptySchema,
        response: { 202: deliverySchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 202, async (tx) =>
        deliveryView(await resendDelivery(tx, request.params.endpoint, request.params.delivery))
      )
  )

  app.post(
    `${item}/resending`,
    {
      config: { access: agenciesOnly('webhooks') },
      schema: {
        operationId: 'resendDeadWebhookDeliveries',
        tags,
        summary: 'Send again all that is dead since an instant',
        description: 'Their attempts and three days begin anew. `deliveries` says how many.',
        params: endpointParams,
        body: sinceSchema,
        response: { 202: resentSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 202, async (tx) => ({
        deliveries: await resendDead(tx, request.params.endpoint, instantOf(request.body.since))
      }))
  )

  app.post(
    `${item}/replay`,
    {
      config: { access: agenciesOnly('webhooks') },
      schema: {
        operationId: 'replayWebhookEvents',
        tags,
        summary: 'Send all events again since an instant',
        description:
          'Whatever became of them, and also those that came while the endpoint was disabled; of the types that it takes now, under the ids that they had. `deliveries` says how many.',
        params: endpointParams,
        body: sinceSchema,
        response: { 202: resentSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 202, async (tx) => ({
        deliveries: await replay(tx, request.params.endpoint, instantOf(request.body.since))
      }))
  )

  app.post(
    `${item}/test`,
    {
      config: { access: agenciesOnly('webhooks') },
      schema: {
        operationId: 'testWebhookEndpoint',
        tags,
        summary: 'Send a `ping`',
        description:
          "Of the type `ping`, whatever types the endpoint takes; `data.id` is the endpoint's. For active ones.",
        params: endpointParams,
        body: emptySchema,
        response: { 202: deliverySchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 202, async (tx) => deliveryView(await sendPing(tx, request.params.endpoint)))
  )
}
