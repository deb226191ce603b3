import { z } from 'zod'
import { inTimebank } from '../../db/client.ts'
import { type Api, anyone, read, readers, sendNamed, timebankOf, write, writers } from '../../http/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { calendarBehind, getFeed, makeFeed, revokeFeed } from './feed.ts'
import { emptyInput } from './schemas.ts'

const item = '/v1/timebanks/:timebank/members/me/calendar-feed'
const tags = ['Schedule']
/** Everybody their own. */
const own = { member: 'own' } as const

const feedSchema = z.object({ createdAt: z.date() }).meta({ id: 'CalendarFeed' })
const madeSchema = feedSchema
  .extend({ url: z.url().describe('Secret: whoever has it reads your calendar. Shown this once') })
  .meta({ id: 'CalendarFeedMade' })

export function feedRoutes(app: Api, { publicUrl }: { publicUrl: string }): void {
  app.post(
    item,
    {
      config: { access: writers(own, ['active', 'paused', 'suspended']) },
      schema: {
        operationId: 'makeCalendarFeed',
        tags,
        summary: 'Make a secret link to your calendar, for the calendar on your telephone',
        description:
          'iCalendar (RFC 5545). The link that was there before is no longer good. It is shown this once: a repeat makes another one, also with an Idempotency-Key, since answers that are kept would keep the secret.',
        params: timebankParams,
        body: emptyInput,
        response: { 201: madeSchema }
      }
    },
    async (request, reply) => {
      const { token, createdAt } = await inTimebank(
        request.server.database,
        timebankOf(request).id,
        request.actor,
        makeFeed
      )
      const url = new URL(`/v1/calendar/${token}.ics`, publicUrl).href
      return reply.code(201).header('cache-control', 'no-store').send({ url, createdAt })
    }
  )

  app.get(
    item,
    {
      config: { access: readers(own) },
      schema: {
        operationId: 'getCalendarFeed',
        tags,
        summary: 'Whether there is a secret link to your calendar, and since when',
        params: timebankParams,
        response: { 200: feedSchema }
      }
    },
    (request) => read(request, getFeed)
  )

  app.delete(
    item,
    {
      config: { access: writers(own, ['active', 'paused', 'suspended']) },
      schema: {
        operationId: 'revokeCalendarFeed',
        tags,
        summary: 'Revoke the secret link to your calendar',
        params: timebankParams
      }
    },
    async (request, reply) => write(request, reply, 204, revokeFeed)
  )

  app.get(
    '/v1/calendar/:token.ics',
    {
      config: { access: anyone },
      schema: {
        operationId: 'readCalendarFeed',
        tags,
        summary: 'A calendar, for whoever has its secret link',
        description:
          'iCalendar: sessions and appointments from a month ago on; what was called off as cancelled. With If-None-Match 304. One answer, 404, to a link that is wrong or revoked.',
        params: z.object({ token: z.string().max(100) })
      }
    },
    async (request, reply) => {
      const text = await calendarBehind(request.server.database, request.params.token)
      // whoever revokes it means it: no copy stands in between
      reply.headers({ 'cache-control': 'private, no-cache', 'content-type': 'text/calendar; charset=utf-8' })
      return sendNamed(request, reply, text)
    }
  )
}
