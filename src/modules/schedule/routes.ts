import type { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import {
  type Api,
  columnsOf,
  created,
  decodeCursor,
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
import { hasRole, isStaff } from '../../shared/actor.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import {
  agreeArrangement,
  approveArrangement,
  changeArrangement,
  declineArrangement,
  endArrangement,
  getArrangement,
  proposeArrangement
} from './arrangements.ts'
import type { Arrangement } from './planning.ts'
import { instantsOf, listArrangements, listSessions, type SessionFilter } from './reading.ts'
import { fillPlaces } from './registrations.ts'
import {
  arrangementChange,
  arrangementInput,
  arrangementListed,
  arrangementParams,
  arrangementSchema,
  arrangementsQuery,
  emptyInput,
  reasonInput,
  sessionSchema,
  sessionsQuery,
  timeCursor
} from './schemas.ts'
import { arrangementView, arrangementViews, sessionViews } from './views.ts'

const collection = '/v1/timebanks/:timebank/arrangements'
const item = `${collection}/:arrangement`
const tags = ['Schedule']
const sides = { member: 'own', ...staff } as const

export function arrangementRoutes(app: Api): void {
  app.get(
    collection,
    {
      config: { access: readers({ ...sides, auditor: true }), csv: true },
      schema: {
        operationId: 'listArrangements',
        tags,
        summary: 'Arrangements, newest first',
        description: 'Members see their own, and the groups that they may join.',
        params: timebankParams,
        querystring: arrangementsQuery,
        response: { 200: pageOf(arrangementListed) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, of, ...filter } = request.query
      return sendList(request, reply, {
        name: 'arrangements',
        query: { limit, cursor },
        columns: columnsOf(arrangementListed),
        page: (from, size) =>
          read(request, async (tx) => {
            const overseeing = isStaff(tx.actor) || hasRole(tx.actor, 'auditor')
            const found = await listArrangements(
              tx,
              { of: of ?? (overseeing ? 'all' : 'own'), ...filter },
              idFrom(from),
              size
            )
            const page = toPage(found, size, ({ id }) => [id])
            return { ...page, items: await arrangementViews(tx, page.items) }
          })
      })
    }
  )

  app.get(
    item,
    {
      config: { access: readers({ ...sides, auditor: true }) },
      schema: {
        operationId: 'getArrangement',
        tags,
        summary: 'An arrangement',
        description:
          'Between two: for its sides and staff. Groups are for everybody, their online link for who takes part.',
        params: arrangementParams,
        response: { 200: arrangementSchema }
      }
    },
    async (request, reply) => {
      const view = await read(request, async (tx) =>
        arrangementView(tx, (await getArrangement(tx, request.params.arrangement)).arrangement)
      )
      setEtag(reply, view.rowVersion)
      return view
    }
  )

  app.post(
    collection,
    {
      config: { access: writers(sides) },
      schema: {
        operationId: 'proposeArrangement',
        tags,
        summary: 'Propose to meet, once or again and again; or begin a group',
        description:
          'Between two: the other side agrees, then its sessions are there. Without a receiver it is a group, which is there at once, or after a broker has let it go ahead where the policy asks for that. Local time stays the same through the summer.',
        params: timebankParams,
        body: arrangementInput,
        response: { 201: arrangementSchema }
      }
    },
    async (request, reply) => {
      const { proposedBy, ...input } = request.body
      return write(
        request,
        reply,
        201,
        async (tx) => arrangementView(tx, await proposeArrangement(tx, input, proposedBy)),
        created(request)
      )
    }
  )

  app.patch(
    item,
    {
      config: { access: writers(sides, ['active', 'paused']), ifMatch: true },
      schema: {
        operationId: 'changeArrangement',
        tags,
        summary: 'Change what was arranged',
        description:
          'Sessions that lie ahead follow it, but for those that were changed or skipped by themselves. The others are told. Before it is agreed to, the side that proposed changes it.',
        params: arrangementParams,
        body: arrangementChange,
        response: { 200: arrangementSchema }
      }
    },
    async (request, reply) => {
      const expected = expectedVersion(request)
      return write(
        request,
        reply,
        200,
        async (tx) => {
          const arrangement = await changeArrangement(tx, request.params.arrangement, request.body, expected)
          await fillPlaces(tx, arrangement)
          return arrangementView(tx, arrangement)
        },
        edited
      )
    }
  )

  const step = <Body extends z.ZodType>(
    name: string,
    operationId: string,
    summary: string,
    body: Body,
    take: (tx: Tx, id: string, body: z.output<Body>, expected: number | null) => Promise<Arrangement>,
    staffOnly = false
  ) =>
    app.post(
      `${item}/${name}`,
      {
        config: { access: writers(staffOnly ? staff : sides, ['active', 'paused']) },
        schema: { operationId, tags, summary, params: arrangementParams, body, response: { 200: arrangementSchema } }
      },
      async (request, reply) => {
        // the framework's types lose what belongs to a generic body
        const { params, body: sent } = request as unknown as {
          params: { arrangement: string }
          body: z.output<Body>
        }
        const expected = request.headers['if-match'] === undefined ? null : expectedVersion(request)
        return write(
          request,
          reply,
          200,
          async (tx) => arrangementView(tx, await take(tx, params.arrangement, sent, expected)),
          edited
        )
      }
    )
  step(
    'agreement',
    'agreeArrangement',
    'The other side agrees to all dates; with If-Match to the version that they read, which is needed once it was changed',
    emptyInput,
    (tx, id, _, expected) => agreeArrangement(tx, id, expected)
  )
  step('approval', 'approveArrangement', 'A broker lets it go ahead', emptyInput, approveArrangement, true)
  step(
    'decline',
    'declineArrangement',
    'The other side declines; no reason is asked for',
    emptyInput,
    declineArrangement
  )
  step(
    'ending',
    'endArrangement',
    'Call it off, or end it: sessions that lie ahead are cancelled',
    reasonInput,
    (tx, id, body) => endArrangement(tx, id, body?.reason || null)
  )

  const sessionList = (where: string, operationId: string, access: ReturnType<typeof readers>, params: z.ZodObject) =>
    app.get(
      where,
      {
        config: { access, csv: true },
        schema: {
          operationId,
          tags,
          summary: 'Sessions in order of time',
          description: 'Those of a rule are there for eight weeks ahead.',
          params,
          querystring: sessionsQuery,
          response: { 200: pageOf(sessionSchema) }
        }
      },
      async (request, reply) => {
        const { limit, cursor, status, from, to } = request.query
        const { arrangement: arrangementId } = request.params as { arrangement?: string }
        return sendList(request, reply, {
          name: 'sessions',
          query: { limit, cursor },
          columns: columnsOf(sessionSchema),
          page: (at, size) =>
            read(request, async (tx) => {
              const arrangement =
                arrangementId === undefined ? undefined : (await getArrangement(tx, arrangementId)).arrangement
              const filter: SessionFilter = { arrangementId, status, ...(await instantsOf(tx, from, to)) }
              const last = decodeCursor(at, timeCursor)
              const after = last && { startsAt: last[0], id: last[1] }
              const found = await listSessions(tx, filter, after, size)
              const page = toPage(found, size, ({ startsAt, id }) => [startsAt.toISOString(), id])
              return { ...page, items: await sessionViews(tx, page.items, arrangement) }
            })
        })
      }
    )
  sessionList(`${item}/sessions`, 'listSessionsOf', readers({ ...sides, auditor: true }), arrangementParams)
  sessionList('/v1/timebanks/:timebank/sessions', 'listSessions', readers({ ...staff, auditor: true }), timebankParams)
}
