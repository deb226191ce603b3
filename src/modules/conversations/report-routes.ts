import {
  type Api,
  columnsOf,
  decodeCursor,
  idFrom,
  numberCursor,
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
import { addBroker } from './brokers.ts'
import { closeReport, getReport, listReports, openReport, reportConversation, reportedMessages } from './reports.ts'
import {
  brokerInput,
  closureInput,
  conversationParams,
  conversationSchema,
  emptyInput,
  messageSchema,
  messagesQuery,
  ownReportSchema,
  reportInput,
  reportParams,
  reportSchema,
  reportsQuery
} from './schemas.ts'
import { messageViews, ownReportView, reportView, reportViews, viewOf } from './views.ts'

const timebank = '/v1/timebanks/:timebank'
const item = `${timebank}/conversations/:conversation`
const collection = `${timebank}/conversation-reports`
const tags = ['Conversations']
const own = { member: 'own' } as const
const columns = columnsOf(reportSchema)
const messageColumns = columnsOf(messageSchema)

/** The two ways in which a broker comes to read what people wrote, both by the wish of one of them. */
export function conversationReportRoutes(app: Api): void {
  app.post(
    `${item}/brokers`,
    {
      config: { access: writers(own, ['active', 'paused']) },
      schema: {
        operationId: 'addBrokerToConversation',
        tags,
        summary: 'Let a broker take part from the next message on',
        description: 'What was written before stays unseen by them. All who take part are told.',
        params: conversationParams,
        body: brokerInput,
        response: { 200: conversationSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 200, async (tx) =>
        viewOf(tx, await addBroker(tx, request.params.conversation, request.body.memberId))
      )
  )

  app.post(
    `${item}/report`,
    {
      config: { access: writers(own, ['active', 'paused', 'suspended']) },
      schema: {
        operationId: 'reportConversation',
        tags,
        summary: 'Show a conversation to brokers, because something is wrong',
        description:
          'With this brokers may read it from the first message that you see to the newest one of now, until the report is closed. The others are told when a broker has dealt with it.',
        params: conversationParams,
        body: reportInput,
        response: { 201: ownReportSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 201, async (tx) =>
        ownReportView(await reportConversation(tx, request.params.conversation, request.body.reason))
      )
  )

  app.get(
    collection,
    {
      config: { access: readers(staff), csv: true },
      schema: {
        operationId: 'listConversationReports',
        tags,
        summary: 'Conversations that participants have reported, newest first',
        description: 'Without those of conversations in which the caller takes part.',
        params: timebankParams,
        querystring: reportsQuery,
        response: { 200: pageOf(reportSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, state } = request.query
      return sendList(request, reply, {
        name: 'conversation-reports',
        query: { limit, cursor },
        columns,
        page: (from, size) =>
          read(request, async (tx) => {
            const page = toPage(await listReports(tx, state, idFrom(from), size), size, ({ report }) => [report.id])
            return { ...page, items: await reportViews(tx, page.items) }
          })
      })
    }
  )

  app.get(
    `${collection}/:report`,
    {
      config: { access: readers(staff) },
      schema: {
        operationId: 'getConversationReport',
        tags,
        summary: 'A report of a conversation',
        params: reportParams,
        response: { 200: reportSchema }
      }
    },
    (request) => read(request, async (tx) => reportView(tx, await getReport(tx, request.params.report)))
  )

  app.post(
    `${collection}/:report/opening`,
    {
      config: { access: writers(staff) },
      schema: {
        operationId: 'openConversationReport',
        tags,
        summary: 'Open a report, to read what it shows',
        description: 'It is noted who opened it, and when. Again it changes nothing.',
        params: reportParams,
        body: emptyInput,
        response: { 200: reportSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 200, async (tx) => reportView(tx, await openReport(tx, request.params.report)))
  )

  app.get(
    `${collection}/:report/messages`,
    {
      config: { access: readers(staff), csv: true },
      schema: {
        operationId: 'listReportedMessages',
        tags,
        summary: 'The messages that a report shows, newest first',
        description: 'For who has opened it, until it is closed: else 409.',
        params: reportParams,
        querystring: messagesQuery,
        response: { 200: pageOf(messageSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor } = request.query
      return sendList(request, reply, {
        name: 'reported-messages',
        query: { limit, cursor },
        columns: messageColumns,
        page: (from, size) =>
          read(request, async (tx) => {
            const before = decodeCursor(from, numberCursor)?.[0] ?? null
            const found = await reportedMessages(tx, request.params.report, before, size)
            const page = toPage(found, size, ({ number }) => [number])
            return { ...page, items: await messageViews(tx, page.items) }
          })
      })
    }
  )

  app.post(
    `${collection}/:report/closure`,
    {
      config: { access: writers(staff) },
      schema: {
        operationId: 'closeConversationReport',
        tags,
        summary: 'Note what came of a report, which closes it',
        description: 'By who has opened it. The reporter is told, and the others learn which messages were shown.',
        params: reportParams,
        body: closureInput,
        response: { 200: reportSchema }
      }
    },
    async (request, reply) => {
      const { outcome, note = null } = request.body
      return write(request, reply, 200, async (tx) =>
        reportView(tx, await closeReport(tx, request.params.report, { outcome, note }))
      )
    }
  )
}
