import { z } from 'zod'
import { pageQuery } from '../../http/index.ts'
import { accountSchema, lineSchema } from '../ledger/schemas.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { followUpKinds, outcomeNames } from './follow-ups.ts'

const kind = z
  .enum(followUpKinds)
  .describe('floor_crossed: a balance went below its soft floor; ceiling_crossed: above its soft ceiling')

const minutes = (what: string) => z.int().describe(`${what}; minutes`)

export const followUpParams = z.object({
  ...timebankParams.shape,
  followUp: z
    .string()
    .max(100)
    .refine((ref) => refOf(ref) !== null, 'must be the id of a follow-up')
    .describe('Id of the follow-up')
})

/** `floor_crossed.<uuid>` */
export function refOf(id: string) {
  const [name, subjectId, ...rest] = id.split('.')
  const known = kind.safeParse(name)
  const subject = z.uuid().safeParse(subjectId)
  return known.success && subject.success && rest.length === 0
    ? { kind: known.data, subjectId: subject.data.toLowerCase() }
    : null
}

export const listQuery = z.strictObject({
  ...pageQuery,
  state: z.enum(['open', 'closed', 'all']).default('open').describe('Closed: what came of it has been noted')
})

export const cursorShape = z.tuple([z.iso.datetime({ precision: 6 }).refine((at) => at >= '1970'), z.uuid(), kind])

const outcome = z.enum(outcomeNames).describe('What came of it')

export const outcomeSchema = z.strictObject({
  outcome,
  note: z
    .string()
    .trim()
    .max(1000)
    .refine((value) => !value.includes('\0'), 'must not contain NUL')
    .optional()
    .describe('For staff only; blanked when the member is erased')
})

export const followUpSchema = z
  .object({
    id: z.string(),
    kind,
    state: z.enum(['open', 'closed']),
    openedAt: z.iso.datetime().describe('When it was crossed first, UTC'),
    account: accountSchema.shape.account,
    owner: lineSchema.shape.counterparty.describe('Whose account it is; without the name to those who may audit only'),
    limitMinutes: minutes('The soft limit that was crossed'),
    balanceMinutes: minutes('The balance after it'),
    crossings: z.int().describe('How often the limit was crossed from then on, while it was open'),
    latestAt: z.iso.datetime().describe('When last, UTC'),
    transfer: z.uuid().describe('The transfer that crossed it first'),
    now: z
      .object({
        balanceMinutes: minutes('Balance'),
        availableMinutes: minutes('Balance less what is set aside from it'),
        limitMinutes: minutes('The same limit as it is now, null: none').nullable(),
        outside: z.boolean().describe('The balance lies outside of it now')
      })
      .describe('The account as it is now'),
    outcome: outcome.nullable().describe('null: still open'),
    note: z.string().nullable().describe('Not shown to those who may audit only'),
    notedBy: z.uuid().nullable().describe('Membership'),
    notedAt: z.date().nullable()
  })
  .meta({ id: 'FollowUp', description: 'Something for a broker to look after until what came of it is noted' })
