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
import { closeFollowUp, getFollowUp, listFollowUps } from './follow-ups.ts'
import { cursorShape, followUpParams, followUpSchema, listQuery, outcomeSchema, refOf } from './schemas.ts'
import { viewOf, viewsOf } from './views.ts'

const collection = '/v1/timebanks/:timebank/follow-ups'
const tags = ['Follow-ups']
const columns = columnsOf(followUpSchema)
const overseers = readers({ ...staff, auditor: true })

/** What a broker has to look after. Members neither see it nor are told of it: the broker speaks with them. */
export function followUpRoutes(app: Api): void {
  app.get(
    collection,
    {
      config: { access: overseers, csv: true },
      schema: {
        operationId: 'listFollowUps',
        tags,
        summary: 'Follow-ups, oldest first',
        description:
          'One for each account and soft limit that was crossed, however often, until what came of it is noted; also when the balance has come back inside since.',
        params: timebankParams,
        querystring: listQuery,
        response: { 200: pageOf(followUpSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, state } = request.query
      return sendList(request, reply, {
        name: 'follow-ups',
        query: { limit, cursor },
        columns,
        page: (from, size) =>
          read(request, async (tx) => {
            const last = decodeCursor(from, cursorShape)
            const after = last && { openedAt: last[0], subjectId: last[1], kind: last[2] }
            const found = await listFollowUps(tx, state, after, size)
            const page = toPage(found, size, ({ openedAt, subjectId, kind }) => [openedAt, subjectId, kind])
            return { ...page, items: await viewsOf(tx, page.items) }
          })
      })
    }
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
    (request) => read(request, async (tx) => viewOf(tx, await getFollowUp(tx, refOf(request.params.followUp)!)))
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
          'With it all crossings of the same limit since then are closed; the next one opens a new follow-up. Not for your own account.',
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
