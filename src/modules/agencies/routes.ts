import { inTimebank } from '../../db/client.ts'
import {
  type Api,
  agenciesOnly,
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
  timebankOf,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import {
  type AgencyClient,
  addClient,
  changeClient,
  getClient,
  listClients,
  type OnClientChange,
  ownClient,
  revokeClient
} from './clients.ts'
import * as schemas from './schemas.ts'

const tags = ['Agencies']
const list = '/v1/timebanks/:timebank/organisations/:organisation/clients'
const admins = { admin: true } as const
const columns = columnsOf(schemas.clientSchema)

const clientView = ({ timebankId: _, createdBy: _by, ...client }: AgencyClient) => client

/** The API clients of organisations, which make agencies of them. */
export function agencyRoutes(app: Api, { onChange }: { onChange: OnClientChange }): void {
  app.post(
    list,
    {
      config: { access: writers(admins) },
      schema: {
        operationId: 'addAgencyClient',
        tags,
        summary: 'Give an organisation an API client',
        description:
          'The secret is shown this once: a repeat makes another client, also with an Idempotency-Key, since answers that are kept would keep the secret.',
        params: schemas.organisationParams,
        body: schemas.newClientSchema,
        response: { 201: schemas.madeClientSchema }
      }
    },
    async (request, reply) => {
      const { client, secret } = await inTimebank(
        request.server.database,
        timebankOf(request).id,
        request.actor,
        (tx) => addClient(tx, request.params.organisation, request.body)
      )
      const body = { ...clientView(client), clientSecret: secret }
      return reply
        .code(201)
        .headers({ ...created(request)(body), 'cache-control': 'no-store' })
        .send(body)
    }
  )

  app.get(
    list,
    {
      config: { access: readers(admins), csv: true },
      schema: {
        operationId: 'listAgencyClients',
        tags,
        summary: 'The API clients of an organisation, also revoked ones, in the order in which they were made',
        params: schemas.organisationParams,
        querystring: schemas.clientsQuery,
        response: { 200: pageOf(schemas.clientSchema) }
      }
    },
    async (request, reply) =>
      sendList(request, reply, {
        name: 'agency-clients',
        query: request.query,
        columns,
        page: (from, limit) =>
          read(request, async (tx) => {
            const rows = await listClients(tx, request.params.organisation, { after: idFrom(from), limit })
            const page = toPage(rows, limit, ({ id }) => [id])
            return { ...page, items: page.items.map(clientView) }
          })
      })
  )

  app.get(
    `${list}/:client`,
    {
      config: { access: readers(admins) },
      schema: {
        operationId: 'getAgencyClient',
        tags,
        summary: 'One API client of an organisation',
        params: schemas.clientParams,
        response: { 200: schemas.clientSchema }
      }
    },
    async (request, reply) => {
      const { organisation, client } = request.params
      const found = clientView(await read(request, (tx) => getClient(tx, organisation, client)))
      setEtag(reply, found.rowVersion)
      return found
    }
  )

  app.patch(
    `${list}/:client`,
    {
      config: { access: writers(admins), ifMatch: true },
      schema: {
        operationId: 'changeAgencyClient',
        tags,
        summary: 'Change what an API client may do',
        description:
          'Scopes and the professional hold from its next request on, the quota from its next token, within 10 minutes. A token that was had before has no scope that was added since.',
        params: schemas.clientParams,
        body: schemas.clientChangeSchema,
        response: { 200: schemas.clientSchema }
      }
    },
    async (request, reply) => {
      const expected = expectedVersion(request)
      const { organisation: organisationId, client: clientId } = request.params
      return write(
        request,
        reply,
        200,
        async (tx) => {
          const changed = await changeClient(tx, organisationId, clientId, request.body, expected)
          if (changed.rowVersion !== expected) await onChange(tx, { organisationId, clientId })
          return clientView(changed)
        },
        edited
      )
    }
  )

  app.get(
    '/v1/timebanks/:timebank/agency',
    {
      config: { access: agenciesOnly(true) },
      schema: {
        operationId: 'getOwnAgency',
        tags,
        summary: 'Who you are here: the agency, its client, and the professionals whom requests may name',
        params: timebankParams,
        response: { 200: schemas.ownAgencySchema }
      }
    },
    (request) =>
      read(request, async (tx) => {
        const { client, organisation, affiliationId, professionals, secrets } = await ownClient(tx)
        return {
          organisation: { id: organisation.organisationId, name: organisation.name },
          client: clientView(client),
          secrets,
          professionalId: affiliationId,
          professionals
        }
      })
  )

  app.delete(
    `${list}/:client`,
    {
      config: { access: writers(admins) },
      schema: {
        operationId: 'revokeAgencyClient',
        tags,
        summary: 'End an API client for good',
        description: 'Its tokens are refused from the next request on.',
        params: schemas.clientParams,
        response: { 204: schemas.nothing }
      }
    },
    (request, reply) =>
      write(request, reply, 204, async (tx) => {
        const { organisation: organisationId, client: clientId } = request.params
        await revokeClient(tx, organisationId, clientId)
        await onChange(tx, { organisationId, clientId })
      })
  )
}
