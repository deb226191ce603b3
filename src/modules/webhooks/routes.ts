import type { FastifyReply, FastifyRequest } from 'fastify'
import { inTimebank, type Tx } from '../../db/client.ts'
import {
  type Api,
  agenciesOnly,
  alsoAgencies,
  columnsOf,
  created,
  edited,
  expectedVersion,
  idFrom,
  pageOf,
  read,
  readers,
  sendList,
  setEtag,
  staff,
  timebankOf,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { newId } from '../../shared/ids.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import type { AddressRule } from './addresses.ts'
import {
  addEndpoint,
  changeEndpoint,
  disableEndpoint,
  type Endpoint,
  enableEndpoint,
  endPreviousSecret,
  getEndpoint,
  listEndpoints,
  removeEndpoint,
  requestVerification,
  rotateSecret
} from './endpoints.ts'
import {
  emptySchema,
  endpointChangeSchema,
  endpointParams,
  endpointSchema,
  listQuery,
  madeEndpointSchema,
  newEndpointSchema,
  rotationSchema
} from './schemas.ts'
import { newSecret, seal, secretText } from './secrets.ts'
import { checkedUrl } from './url.ts'
import { endpointView } from './views.ts'

const collection = '/v1/timebanks/:timebank/webhook-endpoints'
const item = `${collection}/:endpoint`
const tags = ['Webhooks']
const columns = columnsOf(endpointSchema)

export function webhookRoutes(app: Api, { rule }: { rule: AddressRule }): void {
  app.post(
    collection,
    {
      config: { access: agenciesOnly('webhooks') },
      schema: {
        operationId: 'addWebhookEndpoint',
        tags,
        summary: 'Be told of events at an address of your own',
        description:
          'By [Standard Webhooks](https://www.standardwebhooks.com): `webhook-id`, `webhook-timestamp` (seconds) and `webhook-signature`, which is `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`; several, separated by spaces, while secrets are rotated. The body is `{ type, timestamp, data: { timebankId, id } }` and names the subject by id, nothing else: read it for what it is now. At once a challenge is sent (`endpoint.verification`, with `data.challenge`); answer with 2xx and `{ "challenge": … }`, or the challenge alone. Events wait for that, up to three days. Any 2xx within 10 s is success; anything else is tried again after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h (each up to a fifth longer) and at the end of three days, or as `Retry-After` asks, up to a day. While an endpoint fails it gets one request at a time, at least 5 s, 30 s, 2 min, 10 min, 30 min, then an hour apart; after three days, or at 410, it is disabled. Order is not promised, and an event can come twice, under the same `webhook-id`. Names are looked up by DNS. The secret is shown this once: with an Idempotency-Key too a repeat is refused (the address is taken), since answers that are kept would keep the secret.',
        params: timebankParams,
        body: newEndpointSchema,
        response: { 201: madeEndpointSchema }
      }
    },
    async (request, reply) => {
      const { database } = request.server
      const [id, secret] = [newId(), newSecret()]
      const input = { ...request.body, url: checkedUrl(request.body.url, rule) }
      const sealed = await seal(database, id, secret)
      const endpoint = await inTimebank(database, timebankOf(request).id, request.actor, async (tx) =>
        endpointView(tx, await addEndpoint(tx, { ...input, id, secret: sealed }))
      )
      return withSecret(reply.code(201).headers(created(request)(endpoint)), endpoint, secret)
    }
  )

  app.get(
    collection,
    {
      config: { access: alsoAgencies('webhooks', readers(staff)), csv: true },
      schema: {
        operationId: 'listWebhookEndpoints',
        tags,
        summary: 'Endpoints, in the order in which they were made',
        description: 'Agencies see their own, staff all.',
        params: timebankParams,
        querystring: listQuery,
        response: { 200: pageOf(endpointSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, ...filter } = request.query
      return sendList(request, reply, {
        name: 'webhook-endpoints',
        query: { limit, cursor },
        columns,
        page: (from, size) =>
          read(request, async (tx) => {
            const rows = await listEndpoints(tx, { ...filter, after: idFrom(from) }, size)
            const page = toPage(rows, size, ({ id }) => [id])
            return { ...page, items: page.items.map((endpoint) => endpointView(tx, endpoint)) }
          })
      })
    }
  )

  app.get(
    item,
    {
      config: { access: alsoAgencies('webhooks', readers(staff)) },
      schema: {
        operationId: 'getWebhookEndpoint',
        tags,
        summary: 'An endpoint',
        params: endpointParams,
        response: { 200: endpointSchema }
      }
    },
    async (request, reply) => {
      const endpoint = await read(request, async (tx) =>
        endpointView(tx, await getEndpoint(tx, request.params.endpoint))
      )
      setEtag(reply, endpoint.rowVersion)
      return endpoint
    }
  )

  app.patch(
    item,
    {
      config: { access: agenciesOnly('webhooks'), ifMatch: true },
      schema: {
        operationId: 'changeWebhookEndpoint',
        tags,
        summary: 'Change an endpoint',
        description: 'At another address it is unverified again, and a challenge is sent there. Events wait meanwhile.',
        params: endpointParams,
        body: endpointChangeSchema,
        response: { 200: endpointSchema }
      }
    },
    async (request, reply) => {
      const { url, ...change } = request.body
      const given = { ...change, ...(url === undefined ? {} : { url: checkedUrl(url, rule) }) }
      const version = expectedVersion(request)
      return step(request, reply, 200, (tx) => changeEndpoint(tx, request.params.endpoint, given, version))
    }
  )

  app.delete(
    item,
    {
      config: { access: agenciesOnly('webhooks') },
      schema: {
        operationId: 'removeWebhookEndpoint',
        tags,
        summary: 'Remove an endpoint, with all deliveries to it',
        params: endpointParams
      }
    },
    async (request, reply) => write(request, reply, 204, (tx) => removeEndpoint(tx, request.params.endpoint))
  )

  app.post(
    `${item}/verification`,
    {
      config: { access: agenciesOnly('webhooks') },
      schema: {
        operationId: 'verifyWebhookEndpoint',
        tags,
        summary: 'Send the challenge again',
        description:
          'What came of it is in `verification` a little later. An active endpoint stays active whatever comes of it.',
        params: endpointParams,
        body: emptySchema,
        response: { 202: endpointSchema }
      }
    },
    async (request, reply) => step(request, reply, 202, (tx) => requestVerification(tx, request.params.endpoint))
  )

  app.post(
    `${item}/disabling`,
    {
      config: { access: alsoAgencies('webhooks', writers(staff)) },
      schema: {
        operationId: 'disableWebhookEndpoint',
        tags,
        summary: 'Send nothing there any more',
        description: 'What waits is dead; it can be sent again once the endpoint is enabled. Again it changes nothing.',
        params: endpointParams,
        body: emptySchema,
        response: { 200: endpointSchema }
      }
    },
    async (request, reply) => step(request, reply, 200, (tx) => disableEndpoint(tx, request.params.endpoint))
  )

  app.post(
    `${item}/enabling`,
    {
      config: { access: alsoAgencies('webhooks', writers(staff)) },
      schema: {
        operationId: 'enableWebhookEndpoint',
        tags,
        summary: 'Enable a disabled endpoint',
        description:
          'It is verified anew. What staff have disabled only staff can enable. Nothing that came meanwhile is sent by itself: ask for a replay.',
        params: endpointParams,
        body: emptySchema,
        response: { 200: endpointSchema }
      }
    },
    async (request, reply) => step(request, reply, 200, (tx) => enableEndpoint(tx, request.params.endpoint))
  )

  app.post(
    `${item}/secret`,
    {
      config: { access: agenciesOnly('webhooks') },
      schema: {
        operationId: 'rotateWebhookSecret',
        tags,
        summary: 'Make a new secret',
        description:
          'Both sign for 24 hours, unless the old one is to end at once. The new one is shown this once: a repeat makes another one, also with an Idempotency-Key, since answers that are kept would keep the secret.',
        params: endpointParams,
        body: rotationSchema,
        response: { 201: madeEndpointSchema }
      }
    },
    async (request, reply) => {
      const { database } = request.server
      const id = request.params.endpoint
      const secret = newSecret()
      const change = { secret: await seal(database, id, secret), keepOld: request.body?.keepOld ?? true }
      const endpoint = await inTimebank(database, timebankOf(request).id, request.actor, async (tx) =>
        endpointView(tx, await rotateSecret(tx, id, change))
      )
      return withSecret(reply.code(201).headers(edited(endpoint)), endpoint, secret)
    }
  )

  app.delete(
    `${item}/previous-secret`,
    {
      config: { access: agenciesOnly('webhooks') },
      schema: {
        operationId: 'endPreviousWebhookSecret',
        tags,
        summary: 'End the old secret before its time',
        description: 'Again it changes nothing.',
        params: endpointParams,
        response: { 200: endpointSchema }
      }
    },
    async (request, reply) => step(request, reply, 200, (tx) => endPreviousSecret(tx, request.params.endpoint))
  )
}

const step = (
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  work: (tx: Tx) => Promise<Endpoint>
): Promise<FastifyReply> => write(request, reply, status, async (tx) => endpointView(tx, await work(tx)), edited)

const withSecret = (reply: FastifyReply, endpoint: ReturnType<typeof endpointView>, secret: Buffer): FastifyReply =>
  reply.header('cache-control', 'no-store').send({ ...endpoint, secret: secretText(secret) })
