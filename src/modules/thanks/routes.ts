import { z } from 'zod'
import {
  type Api,
  columnsOf,
  everyRole,
  idFrom,
  pageOf,
  read,
  readers,
  sendList,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import {
  answerInput,
  exchangedSchema,
  exchangeParams,
  memberParams,
  noteSchema,
  openNoteSchema,
  openQuery,
  ownQuery,
  thanksInput
} from './schemas.ts'
import { answerThanks, giveThanks, listOpenThanks, listOwnThanks, removeThanks, thanksOn } from './thanks.ts'
import { exchangedView, noteView, noteViews, openViews } from './views.ts'

const timebank = '/v1/timebanks/:timebank'
const ofExchange = `${timebank}/exchanges/:exchange/thanks`
const tags = ['Thanks']
/** The sides of an exchange, and nobody of the staff for them. */
const own = { member: 'own' } as const
const here = ['active', 'paused', 'suspended'] as const
const columns = columnsOf(noteSchema)
const openColumns = columnsOf(openNoteSchema)

/** Words of thanks: no stars, no scores, no counts, no order but that of time. */
export function thanksRoutes(app: Api): void {
  app.get(
    ofExchange,
    {
      config: { access: readers(own) },
      schema: {
        operationId: 'getThanksOfExchange',
        tags,
        summary: 'What the two sides of an exchange have said to each other',
        params: exchangeParams,
        response: { 200: exchangedSchema }
      }
    },
    (request) => read(request, async (tx) => exchangedView(tx, await thanksOn(tx, request.params.exchange)))
  )

  app.put(
    ofExchange,
    {
      config: { access: writers(own, ['active', 'paused']) },
      schema: {
        operationId: 'giveThanks',
        tags,
        summary: 'Thank the other side of a settled exchange, or say it otherwise',
        description:
          'One note from each side. It is private unless both sides open it; after another text the other side has to open it again.',
        params: exchangeParams,
        body: thanksInput,
        response: { 200: noteSchema, 201: noteSchema }
      }
    },
    async (request, reply) => {
      let isFirst = false
      return write(
        request,
        reply,
        () => (isFirst ? 201 : 200),
        async (tx) => {
          const { note, first } = await giveThanks(tx, request.params.exchange, request.body)
          isFirst = first
          return noteView(tx, note, true)
        }
      )
    }
  )

  app.delete(
    ofExchange,
    {
      config: { access: writers(own, here) },
      schema: {
        operationId: 'removeThanks',
        tags,
        summary: 'Take a note of thanks back',
        description: 'By its author, also when the exchange has been reversed. Nothing of it stays.',
        params: exchangeParams,
        response: { 204: z.undefined() }
      }
    },
    async (request, reply) => write(request, reply, 204, (tx) => removeThanks(tx, request.params.exchange))
  )

  app.put(
    `${ofExchange}/received`,
    {
      config: { access: writers(own, here) },
      schema: {
        operationId: 'answerThanks',
        tags,
        summary: 'Let other members see what somebody thanked you for, or hide it',
        description:
          'Shown on your profile where the author says `timebank` as well. Hidden, it is on no list but your own of hidden ones. The author is not told.',
        params: exchangeParams,
        body: answerInput,
        response: { 200: noteSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 200, async (tx) =>
        noteView(tx, await answerThanks(tx, request.params.exchange, request.body), false)
      )
  )

  app.get(
    `${timebank}/thanks`,
    {
      config: { access: readers(own), csv: true },
      schema: {
        operationId: 'listThanks',
        tags,
        summary: 'What was said to the caller, or by them, newest first',
        description: 'With that of organisations for which the caller acts. Either `about=me` or `from=me`.',
        params: timebankParams,
        querystring: ownQuery,
        response: { 200: pageOf(noteSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, from: fromMe, hidden } = request.query
      const from = fromMe !== undefined
      return sendList(request, reply, {
        name: 'thanks',
        query: { limit, cursor },
        columns,
        page: (at, size) =>
          read(request, async (tx) => {
            const filter = { whose: from ? 'from' : 'about', hidden: hidden === 'true', before: idFrom(at) } as const
            const page = toPage(await listOwnThanks(tx, filter, size), size, ({ id }) => [id])
            return {
              ...page,
              items: await noteViews(
                tx,
                page.items.map((note) => ({ note, from }))
              )
            }
          })
      })
    }
  )

  app.get(
    `${timebank}/members/:member/thanks`,
    {
      config: { access: readers(everyRole), csv: true },
      schema: {
        operationId: 'listThanksOfMember',
        tags,
        summary: 'What a member was thanked for, as far as both sides have opened it, newest first',
        description:
          'Never a count, and nothing of the exchange. Notes on exchanges that were reversed are not among it.',
        params: memberParams,
        querystring: openQuery,
        response: { 200: pageOf(openNoteSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor } = request.query
      return sendList(request, reply, {
        name: 'thanks',
        query: { limit, cursor },
        columns: openColumns,
        page: (from, size) =>
          read(request, async (tx) => {
            const found = await listOpenThanks(tx, request.params.member, idFrom(from), size)
            const page = toPage(found, size, ({ id }) => [id])
            return { ...page, items: await openViews(tx, page.items) }
          })
      })
    }
  )
}
