import type { FastifyRequest } from 'fastify'
import type { Tx } from '../../db/client.ts'
import {
  type Api,
  alsoAgencies,
  columnsOf,
  created,
  idFrom,
  pageOf,
  readers,
  readLogged,
  sendList,
  staff,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { disclose } from './disclosures.ts'
import { type Consent, type ConsentFilter, listConsents } from './given.ts'
import { giveConsent } from './giving.ts'
import { consentOf, personFor, readingOf } from './persons.ts'
import {
  allQuery,
  consentParams,
  consentSchema,
  givingSchema,
  memberParams,
  ofMemberQuery,
  withdrawalSchema
} from './schemas.ts'
import { consentView } from './views.ts'
import type { OnWithdrawal } from './withdrawal-hook.ts'
import { withdrawConsent } from './withdrawing.ts'

export type ConsentRoutesOptions = {
  /** What rests on consents follows: called in the transaction in which less is allowed than before. */
  onWithdrawal?: OnWithdrawal
}

const timebank = '/v1/timebanks/:timebank'
const collection = `${timebank}/members/:member/consents`
const one = `${collection}/:consent`
const tags = ['Consents']
const columns = columnsOf(consentSchema)
const parties = { member: 'own', ...staff } as const
/** From the first talk on, and for who takes a break or may do nothing else. */
const everywhere = ['applied', 'screening', 'active', 'paused', 'suspended'] as const

async function shown(tx: Tx, consents: readonly Consent[]) {
  await disclose(
    tx,
    consents.map(({ id, membershipId }) => ({ membershipId, subject: { type: 'consent', id }, parts: ['consent'] }))
  )
  return consents.map((consent) => consentView(tx, consent))
}

/** One page of those that `filterOf` says. */
const pageFor =
  (request: FastifyRequest, filterOf: (tx: Tx) => Promise<Omit<ConsentFilter, 'before'>>) =>
  (from: string | undefined, size: number) =>
    readLogged(request, async (tx) => {
      const found = await listConsents(tx, { ...(await filterOf(tx)), before: idFrom(from) }, size)
      const page = toPage(found, size, ({ id }) => [id])
      return { ...page, items: await shown(tx, page.items) }
    })

export function consentRoutes(app: Api, { onWithdrawal }: ConsentRoutesOptions = {}): void {
  app.get(
    `${timebank}/consents`,
    {
      config: { access: alsoAgencies('consents.read', readers(staff)), csv: true },
      schema: {
        operationId: 'listAllConsents',
        tags,
        summary: 'Consents of everybody, newest first',
        description: 'For staff; agencies see those given to them, and each is noted as read.',
        params: timebankParams,
        querystring: allQuery,
        response: { 200: pageOf(consentSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, memberId, organisationId, ...filter } = request.query
      const own = request.actor.agency?.organisationId
      return sendList(request, reply, {
        name: 'consents',
        query: { limit, cursor },
        columns,
        page: pageFor(request, async () => ({
          ...filter,
          membershipId: memberId,
          organisationId: own ?? organisationId
        }))
      })
    }
  )

  app.get(
    collection,
    {
      config: { access: alsoAgencies('consents.read', readers(parties, 'any')), csv: true },
      schema: {
        operationId: 'listConsents',
        tags,
        summary: 'What a member allows organisations, and has allowed; newest first',
        description:
          'For the member, who supports them in the scope view or consents, and staff. An agency sees what is given to it, and each is noted as read.',
        params: memberParams,
        querystring: ofMemberQuery,
        response: { 200: pageOf(consentSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, organisationId, ...filter } = request.query
      return sendList(request, reply, {
        name: 'consents',
        query: { limit, cursor },
        columns,
        page: pageFor(request, async (tx) => ({
          ...filter,
          ...(await readingOf(tx, request.params.member, organisationId))
        }))
      })
    }
  )

  app.post(
    collection,
    {
      config: { access: writers(parties, everywhere) },
      schema: {
        operationId: 'giveConsent',
        tags,
        summary: 'Allow an organisation something',
        description:
          'By the member or who supports them in the scope consents; staff write down what they were told, with how and by whom. For a member under 18 a guardian gives it. It takes the place of what was given to the same organisation for the same purpose.',
        params: memberParams,
        body: givingSchema,
        response: { 201: consentSchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        201,
        async (tx) => {
          const { id } = await personFor(tx, request.params.member, 'consents')
          return consentView(tx, await giveConsent(tx, { ...request.body, membershipId: id }, onWithdrawal))
        },
        created(request)
      )
  )

  app.get(
    one,
    {
      config: { access: alsoAgencies('consents.read', readers(parties, 'any')) },
      schema: {
        operationId: 'getConsent',
        tags,
        summary: 'A consent',
        params: consentParams,
        response: { 200: consentSchema }
      }
    },
    (request) =>
      readLogged(request, async (tx) => {
        const { member, consent } = request.params
        return (await shown(tx, [await consentOf(tx, member, consent)]))[0]!
      })
  )

  app.post(
    `${one}/withdrawal`,
    {
      config: { access: alsoAgencies('consents.write', writers(parties, everywhere)) },
      schema: {
        operationId: 'withdrawConsent',
        tags,
        summary: 'Take a consent back, as a whole or in part',
        description:
          'Without a reason, by the member, who supports them in the scope consents, or by staff or the agency that were told. It holds from the next request on. What was taken back before, or has expired, stays as it was; one that was superseded is refused (409), with the one that took its place.',
        params: consentParams,
        body: withdrawalSchema,
        response: { 200: consentSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 200, async (tx) => {
        const { id } = await consentOf(tx, request.params.member, request.params.consent)
        return (await shown(tx, [await withdrawConsent(tx, { consentId: id, ...request.body }, onWithdrawal)]))[0]!
      })
  )
}
