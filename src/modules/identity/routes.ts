import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Api, anyone, expectedVersion, setEtag, signedIn } from '../../http/index.ts'
import { DomainError } from '../../shared/errors.ts'
import {
  askForLink,
  type Bearer,
  changePassword,
  getPerson,
  type Identity,
  jwks,
  type Person,
  redeemLink,
  refresh,
  sealKeys,
  signIn,
  signOut,
  signOutEverywhere,
  type Tokens,
  updatePerson
} from './index.ts'
import * as schemas from './schemas.ts'

export type IdentityRouteOptions = {
  identity: Identity
  /** Memberships are a matter of a higher floor. */
  membershipsOf(personId: string): Promise<schemas.MyMembership[]>
}

const tags = ['Identity']

/** Signing in and out, and the signed-in person. */
export function identityRoutes(app: Api, options: IdentityRouteOptions): void {
  signingInRoutes(app, options.identity)
  sessionRoutes(app, options.identity)
  meRoutes(app, options)
}

function signingInRoutes(app: Api, identity: Identity): void {
  const { database } = identity
  app.post(
    '/v1/auth/sign-in',
    {
      config: { access: anyone },
      schema: {
        operationId: 'signIn',
        tags,
        summary: 'Sign in by e-mail and password',
        description:
          'Accounts that are not there, have no password or another one are all refused alike (`credentials-wrong`). ' +
          'After 10 wrong guesses in 15 minutes the account waits (`too-many-guesses`, `Retry-After`), also for the right ' +
          'password; a mailed link lets its owner in meanwhile.',
        body: schemas.signInBody,
        response: { 200: schemas.tokens }
      }
    },
    async (request, reply) => sendTokens(reply, await signIn(identity, { ...request.body, address: request.ip }))
  )
  app.post(
    '/v1/auth/links',
    {
      config: { access: anyone },
      schema: {
        operationId: 'askForLink',
        tags,
        summary: 'Ask for a sign-in link by e-mail',
        description:
          'The answer is the same whether or not anybody has this address. The link works once, within 15 minutes. ' +
          'Who asks again within 2 minutes gets no second mail while the first link is unused. At most 5 an hour are mailed ' +
          'at the wish of one asker, 20 an hour in all.',
        body: schemas.linkBody,
        response: { 202: schemas.nothing.describe('If somebody has this address, a mail is on its way') }
      }
    },
    async (request, reply) => {
      await askForLink(database, { ...request.body, address: request.ip })
      return reply.code(202).send()
    }
  )
  app.post(
    '/v1/auth/links/redeem',
    {
      config: { access: anyone },
      schema: {
        operationId: 'redeemLink',
        tags,
        summary: 'Sign in by the code of a mailed link',
        body: schemas.redeemBody,
        response: { 200: schemas.tokens }
      }
    },
    async (request, reply) => sendTokens(reply, await redeemLink(identity, request.body.token))
  )
  app.post(
    '/v1/auth/refresh',
    {
      config: { access: anyone },
      schema: {
        operationId: 'refreshTokens',
        tags,
        summary: 'Take a refresh token for a new pair of tokens',
        description:
          'Each refresh token is good for one use; a second use ends the session, since two hold the token. A client ' +
          'that may lose the answer sends an `Idempotency-Key` and repeats the request with the same one.',
        headers: schemas.refreshHeaders,
        body: schemas.refreshBody,
        response: { 200: schemas.tokens }
      }
    },
    async (request, reply) => {
      const key = request.headers['idempotency-key']
      return sendTokens(reply, await refresh(identity, request.body.refreshToken, key === '' ? null : (key ?? null)))
    }
  )
  app.get(
    '/.well-known/jwks.json',
    {
      config: { access: anyone },
      schema: {
        operationId: 'jwks',
        tags,
        summary: 'Public keys by which access tokens are verified',
        response: { 200: schemas.jwksBody }
      }
    },
    async (_request, reply) => reply.header('cache-control', 'public, max-age=300').send(await jwks(database))
  )
  app.get(
    '/.well-known/seal-keys.json',
    {
      config: { access: anyone },
      schema: {
        operationId: 'sealKeys',
        tags,
        summary: 'Public keys by which signed checkpoints are verified',
        description: 'All that ever signed one, also those long retired. Not for access tokens.',
        response: { 200: schemas.sealKeysBody }
      }
    },
    async (_request, reply) =>
      reply.header('cache-control', 'public, max-age=300').send({
        keys: (await sealKeys(database)).map(({ kid, x, compromisedAt }) => ({
          kty: 'OKP' as const,
          crv: 'Ed25519' as const,
          x,
          kid,
          compromisedAt: compromisedAt?.toISOString() ?? null
        }))
      })
  )
}

function sessionRoutes(app: Api, { database }: Identity): void {
  app.post(
    '/v1/auth/sign-out',
    {
      config: { access: signedIn },
      schema: {
        operationId: 'signOut',
        tags,
        summary: 'End this session',
        description: 'Its access tokens are refused from the next request on, and its refresh token is void.',
        response: { 204: schemas.nothing }
      }
    },
    async (request, reply) => {
      await signOut(database, bearerOf(request).sessionId)
      return reply.code(204).send()
    }
  )
  app.post(
    '/v1/auth/sign-out-everywhere',
    {
      config: { access: signedIn },
      schema: {
        operationId: 'signOutEverywhere',
        tags,
        summary: 'End all sessions of mine, this one included',
        response: { 204: schemas.nothing }
      }
    },
    async (request, reply) => {
      await signOutEverywhere(database, bearerOf(request).personId)
      return reply.code(204).send()
    }
  )
}

function meRoutes(app: Api, { identity, membershipsOf }: IdentityRouteOptions): void {
  const { db } = identity.database
  const sendMe = async (reply: FastifyReply, person: Person) =>
    setEtag(reply, person.rowVersion)
      .header('cache-control', 'no-store')
      .send({ ...person, memberships: await membershipsOf(person.id) })
  app.get(
    '/v1/me',
    {
      config: { access: signedIn },
      schema: {
        operationId: 'getMe',
        tags,
        summary: 'The signed-in person and their memberships',
        response: { 200: schemas.me }
      }
    },
    async (request, reply) => sendMe(reply, await getPerson(db, bearerOf(request).personId))
  )
  app.patch(
    '/v1/me',
    {
      config: { access: signedIn, ifMatch: true },
      schema: {
        operationId: 'updateMe',
        tags,
        summary: 'Change my name or language',
        description: 'What a timebank shows of me is changed at the membership.',
        body: schemas.meChanges,
        response: { 200: schemas.me }
      }
    },
    async (request, reply) => {
      const { personId } = bearerOf(request)
      return sendMe(reply, await updatePerson(db, personId, expectedVersion(request), request.body))
    }
  )
  app.put(
    '/v1/me/password',
    {
      config: { access: signedIn },
      schema: {
        operationId: 'changePassword',
        tags,
        summary: 'Set or change my password',
        description:
          'Ends all my other sessions. A forgotten password is replaced by signing in by a mailed link and then setting ' +
          'a new one within 30 minutes, without the present one.',
        body: schemas.passwordBody,
        response: { 204: schemas.nothing }
      }
    },
    async (request, reply) => {
      const { password, currentPassword } = request.body
      const caller = { ...bearerOf(request), address: request.ip }
      await changePassword(identity, caller, { password, currentPassword })
      return reply.code(204).send()
    }
  )
}

/** Tokens stay in no cache on the way (RFC 6749, 5.1). */
const sendTokens = (reply: FastifyReply, tokens: Tokens): FastifyReply =>
  reply.code(200).header('cache-control', 'no-store').send(tokens)

function bearerOf(request: FastifyRequest): Bearer {
  if (!request.bearer) throw new DomainError('unauthenticated')
  return request.bearer
}
