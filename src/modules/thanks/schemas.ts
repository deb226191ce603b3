import { z } from 'zod'
import { pageQuery, text } from '../../http/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { visibilities } from './thanks.ts'

export const exchangeParams = z.object({ ...timebankParams.shape, exchange: z.uuid() })
export const memberParams = z.object({
  ...timebankParams.shape,
  member: z.string().max(36).describe('Id or number of the member, or `me`')
})

export const thanksInput = z.strictObject({
  text: text(1000).min(1).describe('1 to 1,000 characters'),
  visibility: z
    .enum(visibilities)
    .default('private')
    .describe(
      'private: for the other side alone; timebank: for other members too, where the other side says so as well'
    )
})

export const answerInput = z
  .strictObject({
    shared: z.boolean().describe('Other members may see it, where its author says so as well'),
    hidden: z.boolean().default(false).describe('You do not want to see it; goes with `shared: false` only')
  })
  .refine(({ shared, hidden }) => !(shared && hidden), { path: ['hidden'], error: 'what is hidden is not shared' })

const side = z.object({
  memberId: z.uuid().nullable(),
  memberNumber: z.int().nullable(),
  name: z.string().nullable(),
  organisation: z.object({ id: z.uuid(), name: z.string() }).nullable()
})

export const noteSchema = z
  .object({
    id: z.uuid(),
    exchangeId: z.uuid(),
    author: side,
    about: side.describe('Who is thanked'),
    text: z.string(),
    visibility: z.enum(visibilities),
    shared: z.boolean().describe('The one who is thanked lets others see this text'),
    hidden: z.boolean().nullable().describe('The one who is thanked has hidden it; null: not for the author to know'),
    givenAt: z.date(),
    changedAt: z.date()
  })
  .meta({ id: 'ThanksNote' })

export const exchangedSchema = z
  .object({
    given: noteSchema.nullable().describe('What your side has said'),
    received: noteSchema.nullable().describe('What the other side has said')
  })
  .meta({ id: 'ThanksOfExchange' })

export const openNoteSchema = z
  .object({
    id: z.uuid(),
    text: z.string(),
    author: side.nullable().describe('null: does not show their profile to members, or takes no part any more'),
    givenOn: z.iso.date().describe('Calendar date in the time zone of the timebank')
  })
  .meta({ id: 'OpenThanksNote', description: 'Nothing of the exchange: what it was about is for its sides' })

export const ownQuery = z
  .strictObject({
    ...pageQuery,
    about: z.literal('me').optional().describe('What was said to you'),
    from: z.literal('me').optional().describe('What you said'),
    hidden: z.enum(['true', 'false']).default('false').describe('With about: those that you have hidden, instead')
  })
  .refine(({ about, from }) => (about === undefined) !== (from === undefined), {
    path: ['about'],
    error: 'either about=me or from=me'
  })
  .refine(({ from, hidden }) => from === undefined || hidden === 'false', {
    path: ['hidden'],
    error: 'goes with about=me'
  })

export const openQuery = z.strictObject(pageQuery)
