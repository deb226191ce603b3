import type { z } from 'zod'
import { type Api, edited, expectedVersion, read, readers, setEtag, write, writers } from '../../http/index.ts'
import type { MembershipStatus } from '../../shared/actor.ts'
import { noticeTopics } from '../../shared/notice-kinds.ts'
import { memberParams } from '../members/schemas.ts'
import { choosePreferences, getPreferences, type Preferences } from './preferences.ts'
import { preferencesSchema, preferencesView, weekDays } from './schemas.ts'
import { preferencesViewOf } from './views.ts'

const address = '/v1/timebanks/:timebank/members/:member/notice-preferences'
const tags = ['Notices']
const ownOrStaff = { member: 'own', broker: true, admin: true } as const
const here: readonly MembershipStatus[] = ['active', 'paused', 'suspended']

/** How a member is told by mail; `me`, or for staff any member who asks them to. */
export function preferenceRoutes(app: Api): void {
  app.get(
    address,
    {
      config: { access: readers(ownOrStaff) },
      schema: {
        operationId: 'getNoticePreferences',
        tags,
        summary: 'How a member is told by mail of what is in their inbox',
        params: memberParams,
        response: { 200: preferencesView }
      }
    },
    async (request, reply) => {
      const body = await read(request, async (tx) =>
        preferencesViewOf(tx, await getPreferences(tx, request.params.member))
      )
      setEtag(reply, body.rowVersion)
      return body
    }
  )

  app.put(
    address,
    {
      config: { access: writers(ownOrStaff, here), ifMatch: true },
      schema: {
        operationId: 'chooseNoticePreferences',
        tags,
        summary: 'Choose how a member is told by mail',
        description:
          'Replaces what was chosen before; as staff for a member who asks for it. What waits to be mailed goes by the new choice. `at_once` gathers what comes within two minutes; no more mails come than `mailsPerWeek` of the policy.',
        params: memberParams,
        body: preferencesSchema,
        response: { 200: preferencesView }
      }
    },
    async (request, reply) => {
      const expected = expectedVersion(request)
      const chosen = chosenIn(request.body)
      return write(
        request,
        reply,
        200,
        async (tx) => preferencesViewOf(tx, await choosePreferences(tx, request.params.member, chosen, expected)),
        edited
      )
    }
  )
}

function chosenIn(body: z.output<typeof preferencesSchema>): Preferences {
  const { topics, digestDay, digestHour, quietHours, messageTexts } = body
  return {
    choices: Object.fromEntries(noticeTopics.flatMap((topic) => (topics[topic] ? [[topic, topics[topic]]] : []))),
    digestDay: weekDays.indexOf(digestDay) + 1,
    digestHour,
    quiet: quietHours && { from: minuteOf(quietHours.from), to: minuteOf(quietHours.to) },
    messageTexts
  }
}

const minuteOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
