import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Tx } from '../../db/client.ts'
import {
  type Api,
  columnsOf,
  edited,
  expectedVersion,
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
import { isStaff } from '../../shared/actor.ts'
import { notFound } from '../../shared/errors.ts'
import { type Membership, resolveMember } from '../members/index.ts'
import { propose } from './proposing.ts'
import {
  changeSchema,
  emptySchema,
  listQuery,
  memberParams,
  proposalSchema,
  supportParams,
  supportSchema
} from './schemas.ts'
import { accept, change, end, revoke } from './steps.ts'
import { getSupport, listSupports, type Support, type SupportFilter } from './supports.ts'
import { supportView } from './views.ts'

const member = '/v1/timebanks/:timebank/members/:member'
const collection = '/v1/timebanks/:timebank/supports'
const one = `${collection}/:support`
const tags = ['Supporters']
const columns = columnsOf(supportSchema)
const parties = { member: 'own', ...staff } as const
/** Who takes a break, or may do nothing else, can still take back what others may do in their name. */
const here = ['active', 'paused', 'suspended'] as const

/** Oneself, or anybody for staff; for others nobody has supporters here. */
async function ownOrStaff(tx: Tx, ref: string): Promise<Membership> {
  const found = await resolveMember(tx, ref)
  if (found.id !== tx.actor.membershipId && !isStaff(tx.actor)) throw notFound('member')
  return found
}

type ListRequest = FastifyRequest<{ Params: { member: string }; Querystring: (typeof listQuery)['_output'] }>

const sendSupports = (
  request: ListRequest,
  reply: FastifyReply,
  name: string,
  of: (id: string) => SupportFilter['of']
) => {
  const { limit, cursor, status } = request.query
  return sendList(request, reply, {
    name,
    query: { limit, cursor },
    columns,
    page: (from, size) =>
      read(request, async (tx) => {
        const { id } = await ownOrStaff(tx, request.params.member)
        const found = await listSupports(tx, { of: of(id), status, before: idFrom(from) }, size)
        const page = toPage(found, size, (support) => [support.id])
        return { ...page, items: page.items.map(supportView) }
      })
  })
}

export function supporterRoutes(app: Api): void {
  app.get(
    `${member}/supporters`,
    {
      config: { access: readers(parties), csv: true },
      schema: {
        operationId: 'listSupporters',
        tags,
        summary: 'Who supports a member, and in what; newest first',
        params: memberParams,
        querystring: listQuery,
        response: { 200: pageOf(supportSchema) }
      }
    },
    async (request, reply) => sendSupports(request, reply, 'supporters', (membershipId) => ({ membershipId }))
  )

  app.get(
    `${member}/supporting`,
    {
      config: { access: readers(parties), csv: true },
      schema: {
        operationId: 'listSupported',
        tags,
        summary: 'Whom a member supports, and in what; newest first',
        params: memberParams,
        querystring: listQuery,
        response: { 200: pageOf(supportSchema) }
      }
    },
    async (request, reply) => sendSupports(request, reply, 'supporting', (supporterId) => ({ supporterId }))
  )

  app.post(
    `${member}/supporters`,
    {
      config: { access: writers(parties) },
      schema: {
        operationId: 'proposeSupporter',
        tags,
        summary: 'Ask a member to support one, or enter a guardian',
        description:
          'By the member, or by staff on their behalf (with `Commonhours-Source: phone` where it was told by phone). It counts once the supporter has accepted. A guardian is entered by staff, with how the authority was seen, and counts at once; the member and the guardian are told. The authority of a parent ends on the day before the 18th birthday. Between the same two there is one at a time (409).',
        params: memberParams,
        body: proposalSchema,
        response: { 201: supportSchema }
      }
    },
    async (request, reply) => {
      const { supporter, ...input } = request.body
      return write(
        request,
        reply,
        201,
        async (tx) => {
          const of = await ownOrStaff(tx, request.params.member)
          return supportView(await propose(tx, of, await resolveMember(tx, supporter), input))
        },
        (body) => ({ location: `/v1/timebanks/${request.timebank!.slug}/supports/${body.id}`, ...edited(body) })
      )
    }
  )

  app.get(
    one,
    {
      config: { access: readers(parties) },
      schema: {
        operationId: 'getSupport',
        tags,
        summary: 'A support, for the two of it and staff',
        params: supportParams,
        response: { 200: supportSchema }
      }
    },
    async (request, reply) => {
      const body = await read(request, async (tx) => supportView(await getSupport(tx, request.params.support)))
      setEtag(reply, body.rowVersion)
      return body
    }
  )

  app.patch(
    one,
    {
      config: { access: writers(parties, here), ifMatch: true },
      schema: {
        operationId: 'changeSupport',
        tags,
        summary: 'Narrow or widen what a supporter may do',
        description:
          'By the member alone, or by staff on their behalf; of a guardian by staff. It holds from the next request on, and the supporter is told.',
        params: supportParams,
        body: changeSchema,
        response: { 200: supportSchema }
      }
    },
    async (request, reply) => {
      const expected = expectedVersion(request)
      return write(
        request,
        reply,
        200,
        async (tx) => supportView(await change(tx, request.params.support, request.body, expected)),
        edited
      )
    }
  )

  const steps: [
    path: string,
    operationId: string,
    work: (tx: Tx, id: string) => Promise<Support>,
    summary: string,
    text: string
  ][] = [
    [
      'acceptance',
      'acceptSupport',
      accept,
      'Say yes to supporting a member',
      'By the supporter, or by staff whom they told. Again it changes nothing.'
    ],
    [
      'revocation',
      'revokeSupport',
      revoke,
      'Take back that somebody supports you',
      'By the member alone, at once and without a reason, or by staff on their behalf; of a guardian by staff. What is over already stays as it is.'
    ],
    [
      'end',
      'endSupport',
      end,
      'End that you support somebody',
      'By the supporter, without a reason, or by staff whom they told. A proposal that is not taken up reads afterwards as one whose time was over.'
    ]
  ]
  for (const [path, operationId, work, summary, description] of steps)
    app.post(
      `${one}/${path}`,
      {
        config: { access: writers(parties, here) },
        schema: {
          operationId,
          tags,
          summary,
          description,
          params: supportParams,
          body: emptySchema,
          response: { 200: supportSchema }
        }
      },
      async (request, reply) =>
        write(request, reply, 200, async (tx) => supportView(await work(tx, request.params.support)), edited)
    )
}
