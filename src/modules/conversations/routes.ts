import type { FastifyReply, FastifyRequest } from 'fastify'
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
import type { About } from './about.ts'
import { getConversation, listConversations } from './conversations.ts'
import { listMessages, markReadUpTo, mute, postMessage } from './messages.ts'
import {
  conversationParams,
  conversationSchema,
  exchangeParams,
  listQuery,
  memberParams,
  messageInput,
  messageSchema,
  messagesQuery,
  muteInput,
  offerParams,
  readInput,
  requestParams
} from './schemas.ts'
import { startConversation } from './starting.ts'
import { messageViews, viewOf, viewsOf } from './views.ts'

const timebank = '/v1/timebanks/:timebank'
const collection = `${timebank}/conversations`
const item = `${collection}/:conversation`
const tags = ['Conversations']
/** Everybody reads what they take part in, and nobody what others write to each other, staff included. */
const own = { member: 'own' } as const
const here = ['active', 'paused', 'suspended'] as const
const conversationColumns = columnsOf(conversationSchema)
const messageColumns = columnsOf(messageSchema)

const started =
  'The text is the first message. Where the two already write to each other about it, it is one more message there, and the answer is 200 instead of 201.'

export function conversationRoutes(app: Api): void {
  const start = (request: FastifyRequest, reply: FastifyReply, about: About, text: string) => {
    let isNew = false
    return write(
      request,
      reply,
      () => (isNew ? 201 : 200),
      async (tx) => {
        const begun = await startConversation(tx, about, text)
        isNew = begun.started
        return viewOf(tx, begun.own)
      },
      ({ id }) => ({
        location: `/v1/timebanks/${(request.params as { timebank: string }).timebank}/conversations/${id}`
      })
    )
  }
  const answers = { 200: conversationSchema, 201: conversationSchema }

  app.post(
    `${timebank}/offers/:offer/conversations`,
    {
      config: { access: writers(own) },
      schema: {
        operationId: 'askAboutOffer',
        tags,
        summary: 'Write to whoever makes an offer',
        description: `${started} For an organisation's offer all who act for it take part. Not about your own.`,
        params: offerParams,
        body: messageInput,
        response: answers
      }
    },
    async (request, reply) => start(request, reply, { kind: 'offer', id: request.params.offer }, request.body.text)
  )

  app.post(
    `${timebank}/requests/:request/conversations`,
    {
      config: { access: writers(own) },
      schema: {
        operationId: 'askAboutRequest',
        tags,
        summary: 'Write to whoever makes a request',
        description: `${started} For an organisation's request all who act for it take part. Not about your own.`,
        params: requestParams,
        body: messageInput,
        response: answers
      }
    },
    async (request, reply) => start(request, reply, { kind: 'request', id: request.params.request }, request.body.text)
  )

  app.post(
    `${timebank}/exchanges/:exchange/conversations`,
    {
      config: { access: writers(own) },
      schema: {
        operationId: 'writeAboutExchange',
        tags,
        summary: 'Write to the other side of an exchange',
        description: `${started} For its sides only; there is one for each exchange.`,
        params: exchangeParams,
        body: messageInput,
        response: answers
      }
    },
    async (request, reply) =>
      start(request, reply, { kind: 'exchange', id: request.params.exchange }, request.body.text)
  )

  app.post(
    `${timebank}/members/:member/conversations`,
    {
      config: { access: writers(staff) },
      schema: {
        operationId: 'writeToMember',
        tags,
        summary: 'Write to a member, as their broker',
        description: `${started} One for each broker and member.`,
        params: memberParams,
        body: messageInput,
        response: answers
      }
    },
    async (request, reply) => start(request, reply, { kind: 'member', id: request.params.member }, request.body.text)
  )

  app.get(
    collection,
    {
      config: { access: readers(own), csv: true },
      schema: {
        operationId: 'listConversations',
        tags,
        summary: "The caller's conversations, newest activity first",
        description:
          'Those of an organisation while the caller acts for it; who has only just begun to finds its earlier ones by their id, and here once something new is said.',
        params: timebankParams,
        querystring: listQuery,
        response: { 200: pageOf(conversationSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, unread } = request.query
      return sendList(request, reply, {
        name: 'conversations',
        query: { limit, cursor },
        columns: conversationColumns,
        page: (from, size) =>
          read(request, async (tx) => {
            const filter = { unread: unread === 'true', heard: false, before: idFrom(from) }
            const page = toPage(await listConversations(tx, filter, size), size, ({ me }) => [me.activity])
            return { ...page, items: await viewsOf(tx, page.items) }
          })
      })
    }
  )

  app.get(
    item,
    {
      config: { access: readers(own) },
      schema: {
        operationId: 'getConversation',
        tags,
        summary: 'A conversation that the caller takes part in',
        params: conversationParams,
        response: { 200: conversationSchema }
      }
    },
    (request) => read(request, async (tx) => viewOf(tx, await getConversation(tx, request.params.conversation)))
  )

  app.get(
    `${item}/messages`,
    {
      config: { access: readers(own), csv: true },
      schema: {
        operationId: 'listMessages',
        tags,
        summary: 'What was written, newest first',
        description: 'Reading does not count as read: that is for `read` to say.',
        params: conversationParams,
        querystring: messagesQuery,
        response: { 200: pageOf(messageSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor } = request.query
      return sendList(request, reply, {
        name: 'messages',
        query: { limit, cursor },
        columns: messageColumns,
        page: (from, size) =>
          read(request, async (tx) => {
            const before = decodeCursor(from, numberCursor)?.[0] ?? null
            const { found } = await listMessages(tx, request.params.conversation, before, size)
            const page = toPage(found, size, ({ number }) => [number])
            return { ...page, items: await messageViews(tx, page.items) }
          })
      })
    }
  )

  app.post(
    `${item}/messages`,
    {
      // what was begun before somebody took a pause goes on
      config: { access: writers(own, ['active', 'paused']) },
      schema: {
        operationId: 'postMessage',
        tags,
        summary: 'Write one more message',
        description:
          "At most as many an hour as the policy's `messagesPerHour` says: then 429 with Retry-After; try again under another Idempotency-Key. Refused where nobody is left on the other side.",
        params: conversationParams,
        body: messageInput,
        response: { 201: messageSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 201, async (tx) => {
        const { message } = await postMessage(tx, request.params.conversation, request.body.text)
        const [view] = await messageViews(tx, [message])
        return view!
      })
  )

  app.put(
    `${item}/read`,
    {
      config: { access: writers(own, here) },
      schema: {
        operationId: 'readConversation',
        tags,
        summary: 'Note how far the caller has read',
        description:
          'A smaller number makes messages unread again; beyond the newest one it means all. When all is read, its notice counts as read too. Nobody else is told how far somebody has read.',
        params: conversationParams,
        body: readInput,
        response: { 200: conversationSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 200, async (tx) =>
        viewOf(tx, await markReadUpTo(tx, request.params.conversation, request.body.upTo))
      )
  )

  app.put(
    `${item}/mute`,
    {
      config: { access: writers(own, here) },
      schema: {
        operationId: 'muteConversation',
        tags,
        summary: 'Hear no more of a conversation, or again',
        description: 'No notices, and not in the inbox; it stays in the list. The others are not told.',
        params: conversationParams,
        body: muteInput,
        response: { 200: conversationSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 200, async (tx) =>
        viewOf(tx, await mute(tx, request.params.conversation, request.body.muted))
      )
  )
}
