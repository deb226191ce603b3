import { z } from 'zod'
import { policyChangeSchema, policySchema } from './policy.ts'

export { mailWays, timeZoneSchema } from './policy.ts'

export const timebankParams = z.object({ timebank: z.string().max(100).describe('Id or short name of the timebank') })

export const slugSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,48}[a-z0-9]$/, 'lower-case letters, digits and hyphens, 3 to 50, beginning with a letter')
  .describe('Short name, in addresses')

export const timebankNameSchema = z.string().trim().min(1).max(120)

export const timebankSchema = z
  .object({
    id: z.uuid(),
    slug: slugSchema,
    name: z.string(),
    sandbox: z.boolean().describe('Made up, for integrators to try against'),
    createdAt: z.date()
  })
  .meta({ id: 'Timebank' })

export const renameSchema = z.strictObject({ name: timebankNameSchema })

export const policyVersionSchema = z
  .object({
    version: z.int(),
    rules: policySchema,
    changedAt: z.date(),
    changedBy: z.uuid().nullable().describe('Person who changed it'),
    why: z.string()
  })
  .meta({ id: 'PolicyVersion' })

export const policySchemaOut = z
  .object({
    ...policyVersionSchema.shape,
    explanations: z
      .record(
        z.string(),
        z.object({
          explanation: z.string(),
          default: z.unknown(),
          inForce: z
            .boolean()
            .describe('false: kept and versioned, but this version of the service does not act on it yet')
        })
      )
      .describe('What each rule means and its default')
  })
  .meta({ id: 'Policy' })

export const changePolicySchema = z.strictObject({
  rules: policyChangeSchema.describe('The rules to change; others stay'),
  why: z.string().trim().min(3).max(500).describe('Kept with the version')
})
