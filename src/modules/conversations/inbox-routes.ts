import { z } from 'zod'
import { type Api, columnsOf, idFrom, pageOf, pageQuery, read, readers, sendList, toPage } from '../../http/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { inboxSummary, listInbox } from './inbox.ts'
import { inboxItemSchema, inboxSummarySchema } from './schemas.ts'
import { inboxViews } from './views.ts'

const collection = '/v1/timebanks/:timebank/inbox'
const tags = ['Inbox']
const own = { member: 'own' } as const
const columns = columnsOf(inboxItemSchema)

export function inboxRoutes(app: Api): void {
  app.get(
    collection,
    {
      config: { access: readers(own), csv: true },
      schema: {
        operationId: 'listInbox',
        tags,
        summary: 'What is new for the caller, newest first',
        description:
          'Conversations with unread messages, and unread notices of anything else. It goes from here by reading: `PUT conversations/{conversation}/read`, `PUT notices/{notice}/read`.',
        params: timebankParams,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(inboxItemSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor } = request.query
      return sendList(request, reply, {
        name: 'inbox',
        query: { limit, cursor },
        columns,
        page: (from, size) =>
          read(request, async (tx) => {
            const page = toPage(await listInbox(tx, idFrom(from), size), size, ({ key }) => [key])
            return { ...page, items: await inboxViews(tx, page.items) }
          })
      })
    }
  )

  app.get(
    `${collection}/summary`,
    {
      config: { access: readers(own) },
      schema: {
        operationId: 'getInboxSummary',
        tags,
        summary: 'How much is new for the caller',
        description: 'Cheap enough to be asked for every now and then.',
        params: timebankParams,
        response: { 200: inboxSummarySchema }
      }
    },
    (request) => read(request, inboxSummary)
  )
}
