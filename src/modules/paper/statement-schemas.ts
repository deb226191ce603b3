import { z } from 'zod'
import { pageQuery } from '../../http/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { mostStatements } from './statements.ts'

const day = z.iso.date()

export const newRunSchema = z.strictObject({
  from: day.describe('First service date'),
  to: day.describe('Last service date; not in the future'),
  memberIds: z
    .array(z.uuid())
    .min(1)
    .max(mostStatements)
    .refine((ids) => new Set(ids.map((id) => id.toLowerCase())).size === ids.length, 'must not name anybody twice')
    .optional()
    .describe('Left out: everybody here who has no e-mail, or has asked for post')
})

export const runSchema = z
  .object({
    id: z.uuid(),
    from: day,
    to: day,
    statements: z.int().describe('How many'),
    madeBy: z.uuid().nullable().describe('Membership'),
    madeAt: z.date(),
    postedOn: day.nullable().describe('null: not yet'),
    postedBy: z.uuid().nullable().describe('Membership'),
    rowVersion: z.int()
  })
  .meta({ id: 'StatementRun', description: 'Statements that are made together to be posted' })

export const wholeRunSchema = runSchema
  .extend({ memberIds: z.array(z.uuid()).describe('Whose they are, in the order of their numbers') })
  .meta({ id: 'StatementRunWithMembers' })

export const runParams = z.object({ ...timebankParams.shape, run: z.uuid() })
export const runListQuery = z.strictObject(pageQuery)
export const postingSchema = z.strictObject({ postedOn: day.describe('The day that it went to the post') })

export const choiceParams = z.object({
  ...timebankParams.shape,
  member: z.string().max(100).describe('Id or number of a member, or `me`')
})
export const choiceSchema = z.strictObject({ wanted: z.boolean().describe('Statements by post, also with e-mail') })
