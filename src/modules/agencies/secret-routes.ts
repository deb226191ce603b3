import type { FastifyReply, FastifyRequest } from 'fastify'
import { inTimebank, type Tx } from '../../db/client.ts'
import {
  type Api,
  agenciesOnly,
  columnsOf,
  idFrom,
  keyedId,
  pageOf,
  read,
  readers,
  sendList,
  timebankOf,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { DomainError } from '../../shared/errors.ts'
import { derivedId } from '../../shared/ids.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { type AgencyClient, getClient, lockClient, type OnClientChange } from './clients.ts'
import * as schemas from './schemas.ts'
import { endSecret, listSecrets, rotateSecret } from './secrets.ts'

const tags = ['Agencies']
const list = '/v1/timebanks/:timebank/organisations/:organisation/clients/:client/secrets'
const own = '/v1/timebanks/:timebank/agency/secrets'
const admins = { admin: true } as const
const columns = columnsOf(schemas.secretSchema)
const shownOnce =
  'The secret is shown this once, and no answer is kept: a repeat with the same Idempotency-Key puts another secret in the place of the first, where that has not been used; without one it is a further rotation. At most two are good at a time: a third ends the oldest at once. Tokens that were had by a secret are good until they expire, within 10 minutes.'

type Options = { onChange: OnClientChange }
type Which = { organisationId: string; clientId: string }

/** Secrets of API clients: a second one beside the first, so that systems change over without a gap. */
export function secretRoutes(app: Api, { onChange }: Options): void {
  app.post(
    list,
    {
      config: { access: writers(admins) },
      schema: {
        operationId: 'addAgencySecret',
        tags,
        summary: 'Give an API client a further secret; the one before ends after an overlap',
        description: shownOnce,
        params: schemas.clientParams,
        body: schemas.rotationSchema,
        response: { 201: schemas.madeSecretSchema }
      }
    },
    (request, reply) => rotate(request, reply, lockNamed(request.params), request.body, onChange)
  )

  app.get(
    list,
    {
      config: { access: readers(admins), csv: true },
      schema: {
        operationId: 'listAgencySecrets',
        tags,
        summary: 'When the secrets of an API client were made, used and ended; newest first',
        params: schemas.clientParams,
        querystring: schemas.secretsQuery,
        response: { 200: pageOf(schemas.secretSchema) }
      }
    },
    async (request, reply) => {
      const { organisation, client } = request.params
      const page = secretsOf(request, async (tx) => (await getClient(tx, organisation, client)).id)
      return sendList(request, reply, { name: 'agency-secrets', query: request.query, columns, page })
    }
  )

  app.delete(
    `${list}/:secret`,
    {
      config: { access: writers(admins) },
      schema: {
        operationId: 'endAgencySecret',
        tags,
        summary: 'End one secret of an API client at once',
        description: 'Not its last: revoke the client for that.',
        params: schemas.secretParams,
        response: { 204: schemas.nothing }
      }
    },
    (request, reply) => end(request, reply, lockNamed(request.params), request.params.secret, onChange)
  )

  app.post(
    own,
    {
      config: { access: agenciesOnly(true) },
      schema: {
        operationId: 'addOwnSecret',
        tags,
        summary: 'Give your own client a further secret; the one before ends after an overlap',
        description: `${shownOnce} Not with a token that was narrowed to some of the client's scopes.`,
        params: timebankParams,
        body: schemas.rotationSchema,
        response: { 201: schemas.madeSecretSchema }
      }
    },
    (request, reply) => rotate(request, reply, lockOwn, request.body, onChange)
  )

  app.get(
    own,
    {
      config: { access: agenciesOnly(true), csv: true },
      schema: {
        operationId: 'listOwnSecrets',
        tags,
        summary: 'When the secrets of your own client were made, used and ended; newest first',
        params: timebankParams,
        querystring: schemas.secretsQuery,
        response: { 200: pageOf(schemas.secretSchema) }
      }
    },
    async (request, reply) => {
      const page = secretsOf(request, async (tx) => tx.actor.agency!.clientId)
      return sendList(request, reply, { name: 'agency-secrets', query: request.query, columns, page })
    }
  )

  app.delete(
    `${own}/:secret`,
    {
      config: { access: agenciesOnly(true) },
      schema: {
        operationId: 'endOwnSecret',
        tags,
        summary: 'End one secret of your own client at once',
        description: "Not its last, and not with a token that was narrowed to some of the client's scopes.",
        params: schemas.ownSecretParams,
        response: { 204: schemas.nothing }
      }
    },
    (request, reply) => end(request, reply, lockOwn, request.params.secret, onChange)
  )
}

/** A page of the secrets of the client that `clientOf` finds. */
const secretsOf =
  (request: FastifyRequest, clientOf: (tx: Tx) => Promise<string>) =>
  (from: Parameters<typeof idFrom>[0], limit: number) =>
    read(request, async (tx) => {
      const found = await listSecrets(tx, await clientOf(tx), { before: idFrom(from), limit })
      return toPage(found, limit, (each) => [each.id])
    })

type Lock = (tx: Tx) => Promise<AgencyClient>

const lockNamed =
  ({ organisation, client }: { organisation: string; client: string }): Lock =>
  (tx) =>
    lockClient(tx, organisation, client)

/** Whoever was given a narrowed token shall not make of it a secret that is good for more. */
async function lockOwn(tx: Tx): Promise<AgencyClient> {
  const { organisationId, clientId, scopes } = tx.actor.agency!
  const client = await lockClient(tx, organisationId, clientId)
  const missing = client.scopes.find((scope) => !scopes.includes(scope))
  if (missing !== undefined)
    throw new DomainError('scope-missing', 'This needs a token with all scopes of the client.', {
      figures: { scope: missing }
    })
  return client
}

const told = ({ organisationId, id }: AgencyClient): Which => ({ organisationId, clientId: id })

const askedAs = ({ id, asked }: ReturnType<typeof keyedId>): string => derivedId(id, asked)

async function rotate(
  request: FastifyRequest,
  reply: FastifyReply,
  lock: Lock,
  body: { endsPreviousAfterSeconds: number } | null | undefined,
  onChange: OnClientChange
) {
  const { endsPreviousAfterSeconds } = schemas.rotationSchema.parse(body ?? {})!
  const askedBy = request.headers['idempotency-key'] ? askedAs(keyedId(request)) : null
  // not by write: it would keep the answer, and with it the secret
  const made = await inTimebank(request.server.database, timebankOf(request).id, request.actor, async (tx) => {
    const client = await lock(tx)
    const { seen, secret, previous } = await rotateSecret(tx, client.id, { endsPreviousAfterSeconds, askedBy })
    await onChange(tx, told(client))
    return { ...seen, clientId: client.id, clientSecret: secret, previous }
  })
  return reply.code(201).header('cache-control', 'no-store').send(made)
}

const end = (request: FastifyRequest, reply: FastifyReply, lock: Lock, secret: string, onChange: OnClientChange) =>
  write(request, reply, 204, async (tx) => {
    const client = await lock(tx)
    await endSecret(tx, client.id, secret)
    await onChange(tx, told(client))
  })
