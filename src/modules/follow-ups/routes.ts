import type { FastifyRequest } from 'fastify'
import {
  type Api,
  columnsOf,
  decodeCursor,
  pageOf,
  read,
  readers,
  sendList,
  staff,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { assignFollowUp, closeFollowUp, snoozeFollowUp } from './changes.ts'
import { firstReplyFigures } from './first-replies.ts'
import { countFollowUps, type Filter, getFollowUp, listFollowUps, placeOf } from './follow-ups.ts'
import { lookPromptly } from './look.ts'
import {
  assigneeSchema,
  cursorShapes,
  firstRepliesQuery,
  firstRepliesSchema,
  followUpParams,
  followUpSchema,
  listQuery,
  outcomeSchema,
  refOf,
  snoozeSchema,
  summarySchema
} from './schemas.ts'
import { summaryOf, viewOf, viewsOf } from './views.ts'

const collection = '/v1/timebanks/:timebank/follow-ups'
const tags = ['Follow-ups']
const columns = columnsOf(followUpSchema)
const overseers = readers({ ...staff, auditor: true })

/** What a broker has to look after. Members neither see it nor are told of it: the broker speaks with them. */
export function followUpRoutes(app: Api): void {
  const lookFirst = ({ timebank }: FastifyRequest) => lookPromptly(app.database, timebank!.id)

  app.get(
    collection,
    {
      config: { access: overseers, csv: true },
      schema: {
        operationId: 'listFollowUps',
        tags,
        summary: 'Follow-ups, what is due first or was opened first',
        description:
          'The queue of the brokers: one for each thing that somebody has to look after, with a suggested next step, until what came of it is noted or its cause has gone. Crossed limits, disputes and what waits for approval are there at once, the other kinds within the hour. A crossed limit stays, also when the balance has come back inside since.',
        params: timebankParams,
        querystring: listQuery,
        response: { 200: pageOf(followUpSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, assignee, sort, ...rest } = request.query
      if (cursor === undefined) await lookFirst(request)
      return sendList(request, reply, {
        name: 'follow-ups',
        query: { limit, cursor },
        columns,
        page: (from, size) =>
          read(request, async (tx) => {
            const assigneeId = assignee === 'me' ? tx.actor.membershipId : assignee === 'none' ? null : assignee
            const filter: Filter = { ...rest, assigneeId }
            const last = decodeCursor<readonly [string, Filter['kind'] & string, string, number]>(
              from,
              cursorShapes[sort]
            )
            const after = last && { at: last[0], kind: last[1], subjectId: last[2], round: last[3] }
            const found = await listFollowUps(tx, filter, sort, after, size)
            const page = toPage(found, size, (followUp) => {
              const { at, kind, subjectId, round } = placeOf(followUp, sort)
              return [at, kind, subjectId, round]
            })
            return { ...page, items: await viewsOf(tx, page.items) }
          })
      })
    }
  )

  app.get(
    `${collection}/summary`,
    {
      config: { access: overseers },
      schema: {
        operationId: 'summariseFollowUps',
        tags,
        summary: 'How many follow-ups there are, by kind and by who looks after them',
        description: 'Of those that are not closed. Snoozed ones are counted apart from open ones.',
        params: timebankParams,
        response: { 200: summarySchema }
      }
    },
    async (request) => {
      await lookFirst(request)
      return read(request, async (tx) => summaryOf(tx, await countFollowUps(tx)))
    }
  )

  app.get(
    `${collection}/first-replies`,
    {
      config: { access: overseers },
      schema: {
        operationId: 'getFirstReplies',
        tags,
        summary: 'How soon requests and first messages are answered',
        description:
          'Of the requests opened in the days from `from` on and before `to`: how many somebody else has answered by now, and after how many minutes. An answer is the first of a message about it, a proposal by somebody else, or an exchange that somebody else began or agreed to. The same of first messages: the first of a message back, or an exchange between the two.',
        params: timebankParams,
        querystring: firstRepliesQuery,
        response: { 200: firstRepliesSchema }
      }
    },
    (request) => read(request, async (tx) => ({ ...request.query, ...(await firstReplyFigures(tx, request.query)) }))
  )

  app.get(
    `${collection}/:followUp`,
    {
      config: { access: overseers },
      schema: {
        operationId: 'getFollowUp',
        tags,
        summary: 'A follow-up',
        params: followUpParams,
        response: { 200: followUpSchema }
      }
    },
    async (request) => {
      await lookFirst(request)
      return read(request, async (tx) => viewOf(tx, await getFollowUp(tx, refOf(request.params.followUp)!)))
    }
  )

  app.put(
    `${collection}/:followUp/assignee`,
    {
      config: { access: writers(staff) },
      schema: {
        operationId: 'assignFollowUp',
        tags,
        summary: 'Name who looks after a follow-up',
        description: 'Of one that is closed it is refused (409).',
        params: followUpParams,
        body: assigneeSchema,
        response: { 200: followUpSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 200, async (tx) =>
        viewOf(tx, await assignFollowUp(tx, refOf(request.params.followUp)!, request.body.memberId))
      )
  )

  app.put(
    `${collection}/:followUp/snooze`,
    {
      config: { access: writers(staff) },
      schema: {
        operationId: 'snoozeFollowUp',
        tags,
        summary: 'Put a follow-up off until a day, or take it back',
        description:
          'On that day it is open again by itself; earlier when the same thing happens anew. Of one that is closed it is refused (409).',
        params: followUpParams,
        body: snoozeSchema,
        response: { 200: followUpSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 200, async (tx) =>
        viewOf(tx, await snoozeFollowUp(tx, refOf(request.params.followUp)!, request.body.until))
      )
  )

  app.post(
    `${collection}/:followUp/outcome`,
    {
      config: { access: writers(staff) },
      schema: {
        operationId: 'closeFollowUp',
        tags,
        summary: 'Note what came of a follow-up, which closes it',
        description:
          'Of two at once the second is refused (409). Of a crossed limit all crossings since then are closed with it. When the same thing happens anew, a new follow-up is opened. Not for what is about you, or about an organisation for which you act.',
        params: followUpParams,
        body: outcomeSchema,
        response: { 200: followUpSchema }
      }
    },
    async (request, reply) => {
      const { outcome, note } = request.body
      const ref = refOf(request.params.followUp)!
      return write(request, reply, 200, async (tx) =>
        viewOf(tx, await closeFollowUp(tx, ref, { outcome, note: note || null }))
      )
    }
  )
}
