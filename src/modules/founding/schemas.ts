import { z } from 'zod'
import { languages } from '../../shared/words/index.ts'
import { slugSchema, timebankNameSchema, timeZoneSchema } from '../timebanks/schemas.ts'

const newTimebank = {
  name: timebankNameSchema,
  slug: slugSchema,
  locale: z.enum(languages).default('en').describe('Language of the starter categories and of mails'),
  timeZone: timeZoneSchema.default('Europe/London')
}

const person = { name: z.string().trim().min(1).max(200), email: z.email().max(254) }

export const setupSchema = z.strictObject({
  code: z.string().min(1).max(100).describe('The one-time code that the first start printed'),
  timebank: z.strictObject(newTimebank),
  admin: z.strictObject({ ...person, password: z.string().min(10).max(200) })
})

export const foundSchema = z.strictObject({
  ...newTimebank,
  admin: z.strictObject(person).describe('Becomes the first admin; signs in by an e-mailed link')
})
