import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import {
  type Api,
  columnsOf,
  idFrom,
  pageOf,
  pageQuery,
  read,
  readers,
  sendList,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { isStaff } from '../../shared/actor.ts'
import { notFound } from '../../shared/errors.ts'
import { listFamily, noteFamily, removeFamily } from './family.ts'
import { type Membership, resolveMember } from './memberships.ts'
import { memberParams, relativeParams, relativeSchema } from './schemas.ts'
import { eyeOf, memberFor } from './views.ts'

const collection = '/v1/timebanks/:timebank/members/:member/family'
const tags = ['Members']
const mine = { member: 'own', broker: true, admin: true } as const

/** Oneself, or anybody for staff; for others nobody has a family here. */
async function ownOrStaff(tx: Tx, request: FastifyRequest, ref: string): Promise<Membership> {
  const found = await memberFor(tx, request, ref)
  if (eyeOf(tx.actor, found.id) !== 'own' && !isStaff(tx.actor)) throw notFound('member')
  return found
}

export function familyRoutes(app: Api): void {
  app.get(
    collection,
    {
      config: { access: readers(mine), csv: true },
      schema: {
        operationId: 'listFamily',
        tags,
        summary: 'Who is noted as family of a member',
        description: 'Seen by the two of each pair and by staff.',
        params: memberParams,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(relativeSchema) }
      }
    },
    async (request, reply) =>
      sendList(request, reply, {
        name: 'family',
        query: request.query,
        columns: columnsOf(relativeSchema),
        page: (from, size) =>
          read(request, async (tx) => {
            const { id } = await ownOrStaff(tx, request, request.params.member)
            return toPage(await listFamily(tx, id, idFrom(from), size), size, (row) => [row.memberId])
          })
      })
  )

  app.put(
    `${collection}/:relative`,
    {
      config: { access: writers(mine) },
      schema: {
        operationId: 'noteFamily',
        tags,
        summary: 'Note that two members are family of one another',
        description:
          'By either of the two or by staff. Where the policy says `unofficial_only`, the two have no brokered exchanges as citizens. Again it changes nothing.',
        params: relativeParams,
        response: { 200: relativeSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 200, async (tx) =>
        noteFamily(
          tx,
          await ownOrStaff(tx, request, request.params.member),
          await memberFor(tx, request, request.params.relative)
        )
      )
  )

  app.delete(
    `${collection}/:relative`,
    {
      config: { access: writers(mine) },
      schema: {
        operationId: 'removeFamily',
        tags,
        summary: 'Take back that two members are family',
        description: 'By either of the two or by staff.',
        params: relativeParams,
        response: { 204: z.undefined() }
      }
    },
    async (request, reply) =>
      write(request, reply, 204, async (tx) => {
        const { id } = await ownOrStaff(tx, request, request.params.member)
        // one who is not seen any more, having left, can be taken back all the same
        await removeFamily(tx, id, (await resolveMember(tx, request.params.relative)).id)
      })
  )
}
