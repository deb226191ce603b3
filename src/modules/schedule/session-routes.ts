import type { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import { type Api, edited, expectedVersion, read, readers, setEtag, staff, write, writers } from '../../http/index.ts'
import type { Session } from './planning.ts'
import {
  emptyInput,
  noShowInput,
  reasonInput,
  reportInput,
  sessionChange,
  sessionParams,
  sessionSchema
} from './schemas.ts'
import { changeSession, getSession, noShow, reportSession, restoreSession, skipSession } from './sessions.ts'
import { sessionView } from './views.ts'

const item = '/v1/timebanks/:timebank/sessions/:session'
const tags = ['Schedule']
const sides = { member: 'own', ...staff } as const

const viewOf = async (tx: Tx, { id }: Session) => {
  const { session, arrangement } = await getSession(tx, id)
  return sessionView(tx, session, arrangement)
}

export function sessionRoutes(app: Api): void {
  app.get(
    item,
    {
      config: { access: readers({ ...sides, auditor: true }) },
      schema: {
        operationId: 'getSession',
        tags,
        summary: 'One session',
        params: sessionParams,
        response: { 200: sessionSchema }
      }
    },
    async (request, reply) => {
      const view = await read(request, async (tx) => {
        const { session, arrangement } = await getSession(tx, request.params.session)
        return sessionView(tx, session, arrangement)
      })
      setEtag(reply, view.rowVersion)
      return view
    }
  )

  app.patch(
    item,
    {
      config: { access: writers(sides, ['active', 'paused']), ifMatch: true },
      schema: {
        operationId: 'changeSession',
        tags,
        summary: 'Move one session, or change its place',
        description: 'The others stay as they are, and later changes of the arrangement pass this one by.',
        params: sessionParams,
        body: sessionChange,
        response: { 200: sessionSchema }
      }
    },
    async (request, reply) => {
      const expected = expectedVersion(request)
      return write(
        request,
        reply,
        200,
        async (tx) => viewOf(tx, await changeSession(tx, request.params.session, request.body, expected)),
        edited
      )
    }
  )

  const step = <Body extends z.ZodType>(
    name: string,
    about: { operationId: string; summary: string; description?: string; movesHours?: true },
    body: Body,
    take: (tx: Tx, id: string, body: z.output<Body>) => Promise<Session>
  ) => {
    const { movesHours, ...schema } = about
    app.post(
      `${item}/${name}`,
      {
        config: {
          access: writers(sides, ['active', 'paused']),
          idempotency: movesHours ? 'required' : 'optional'
        },
        schema: { ...schema, tags, params: sessionParams, body, response: { 200: sessionSchema } }
      },
      async (request, reply) => {
        // the framework's types lose what belongs to a generic body
        const { params, body: sent } = request as unknown as { params: { session: string }; body: z.output<Body> }
        return write(request, reply, 200, async (tx) => viewOf(tx, await take(tx, params.session, sent)), edited)
      }
    )
  }
  step(
    'skip',
    { operationId: 'skipSession', summary: 'It does not take place; the next ones do. No reason is asked for' },
    reasonInput,
    (tx, id, body) => skipSession(tx, id, body?.reason || null)
  )
  step(
    'restoration',
    { operationId: 'restoreSession', summary: 'It takes place after all, or they had come after all' },
    emptyInput,
    restoreSession
  )
  step(
    'report',
    {
      operationId: 'reportSession',
      summary: 'Report that a session between two took place',
      description:
        'Makes an exchange of it (exchangeId), which the other side confirms, or as the policy says. Not before it has begun.',
      movesHours: true
    },
    reportInput,
    (tx, id, body) => reportSession(tx, id, body ?? {})
  )
  step(
    'no-show',
    {
      operationId: 'noteSessionNoShow',
      summary: 'Note that one side did not come',
      description: 'No hours move. Between two, and not before it has begun.'
    },
    noShowInput,
    (tx, id, { side }) => noShow(tx, id, side)
  )
}
