import { z } from 'zod'
import { noticeTopics } from '../../shared/notice-kinds.ts'
import { mailWays } from '../timebanks/schemas.ts'

export const weekDays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const

const way = z.enum(mailWays)
const byTopic = <T extends z.ZodType>(shape: T) =>
  Object.fromEntries(noticeTopics.map((topic) => [topic, shape])) as Record<(typeof noticeTopics)[number], T>

const minuteOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 21:30')
  .describe('HH:MM in the time zone of the timebank')
const quietHours = z
  .strictObject({ from: minuteOfDay, to: minuteOfDay })
  .refine(({ from, to }) => from !== to, { error: 'must end at another time than they begin' })
  .describe('From and to; across midnight where `to` is before `from`. What is to be told at once waits for their end')

export const preferencesSchema = z.strictObject({
  topics: z
    .strictObject(byTopic(way.optional()))
    .describe('By topic; what is left out is as the policy of the timebank says (`mailDefaults`)'),
  digestDay: z.enum(weekDays).default('monday').describe('Day of weekly mails'),
  digestHour: z
    .int()
    .min(0)
    .max(23)
    .default(8)
    .describe('Hour of daily and weekly mails, in the time zone of the timebank'),
  quietHours: quietHours.nullable().default(null),
  messageTexts: z
    .boolean()
    .default(false)
    .describe('Whether the text of a message stands in the mail; otherwise only from whom there is one')
})

export const preferencesView = z
  .object({
    topics: z
      .object(byTopic(z.object({ way, chosen: z.boolean().describe('false: by the policy of the timebank') })))
      .describe('How each topic is told by mail; everything is in the inbox anyway'),
    digestDay: z.enum(weekDays),
    digestHour: z.int(),
    quietHours: z.object({ from: z.string(), to: z.string() }).nullable(),
    messageTexts: z.boolean(),
    undelivered: z
      .object({ at: z.date(), code: z.int().describe('Of the mail server (SMTP), 500 to 599') })
      .nullable()
      .describe(
        'The newest mail to them was refused for good: the address is wrong, or takes no mail. null: it was not'
      ),
    rowVersion: z.int().describe('0: nothing has been chosen yet')
  })
  .meta({ id: 'NoticePreferences', description: 'How a member is told by mail of what is in their inbox' })

export const tokenParams = z.object({ token: z.string().max(200).describe('As it stands in the mail') })
