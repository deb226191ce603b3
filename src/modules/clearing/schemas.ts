import { z } from 'zod'
import { pageQuery, text } from '../../http/index.ts'
import { slugSchema, timebankParams } from '../timebanks/schemas.ts'
import { agreementStatuses, stances } from './agreements.ts'
import { refusalReasons } from './delivery.ts'

const why = text(500).min(3).describe('Kept with the version in this timebank; the other one does not see it')
const limit = (what: string) => z.int().min(0).max(10_000_000).describe(`${what}; minutes`)
const owing = limit('The most that this timebank may owe the other')
const owed = limit('The most that the other timebank may owe this one')

const timebankName = z.object({ slug: slugSchema, name: z.string() })

export const partnerParams = z.object({
  ...timebankParams.shape,
  partner: z.string().max(100).describe('Short name of the other timebank')
})

export const proposeSchema = z.strictObject({
  timebank: z.string().max(100).describe('Short name of the other timebank'),
  owingLimitMinutes: owing,
  owedLimitMinutes: owed,
  why
})

export const acceptSchema = z.strictObject({
  owingLimitMinutes: owing.optional(),
  owedLimitMinutes: owed.optional(),
  why
})

export const whySchema = z.strictObject({ why })

export const changeSchema = z
  .strictObject({ owingLimitMinutes: owing.optional(), owedLimitMinutes: owed.optional(), why })
  .refine(({ owingLimitMinutes, owedLimitMinutes }) => (owingLimitMinutes ?? owedLimitMinutes) !== undefined, {
    error: 'name at least one limit'
  })

const word = z.object({
  stance: z.enum(stances).nullable().describe('null: has not answered yet'),
  owingLimitMinutes: z.int().describe('The most that the one who says it may owe the other'),
  owedLimitMinutes: z.int().describe('The most that the other may owe the one who says it')
})

export const agreementSchema = z
  .object({
    timebank: timebankName.describe('The other timebank'),
    status: z
      .enum(agreementStatuses)
      .describe('proposed: the other side has not answered; asked: we have not answered; active: hours can move'),
    owingLimitMinutes: z.int().describe('In force: the lower of both words'),
    owedLimitMinutes: z.int().describe('In force: the lower of both words'),
    ours: word.describe('What this timebank says'),
    theirs: word.describe('What the other timebank says, as far as it has been told here'),
    accountId: z.int().nullable().describe('Account for hours between the two; null: never in force yet'),
    told: z.boolean().describe('Our last word has reached the other side'),
    updatedAt: z.date(),
    rowVersion: z.int()
  })
  .meta({ id: 'ClearingAgreement' })

export const agreementVersionSchema = z
  .object({
    version: z.int(),
    stance: z.enum(stances),
    owingLimitMinutes: z.int(),
    owedLimitMinutes: z.int(),
    changedBy: z.uuid().nullable().describe('Person who said it'),
    changedAt: z.date(),
    why: z.string()
  })
  .meta({ id: 'ClearingAgreementVersion', description: "One of this timebank's own words about an agreement" })

export const partnersSchema = z
  .object({ items: z.array(timebankName) })
  .meta({ id: 'ClearingPartners', description: 'Timebanks with which members can exchange hours' })

export const sendSchema = z.strictObject({
  to: z.strictObject({
    timebank: z.string().max(100).describe('Short name of the other timebank'),
    memberNumber: z.int().min(1).max(999_999_999).describe('Number of the member there')
  }),
  from: z.strictObject({ memberId: z.uuid() }).optional().describe('For whom staff do it; your own account by default'),
  minutes: z.int().min(1).max(100_000),
  performedOn: z.iso.date().optional().describe('Today by default')
})

export const reasonSchema = z.strictObject({ reason: text(1000).min(3) })

const statuses = ['held', 'settled', 'refused', 'reversed'] as const
const directions = ['out', 'in'] as const

export const clearingTransferSchema = z
  .object({
    id: z.uuid(),
    direction: z.enum(directions).describe('out: our member gave; in: our member got'),
    status: z
      .enum(statuses)
      .describe('held: set aside and on its way; settled: moved; refused: let go again; reversed: taken back'),
    timebank: timebankName.describe('The other timebank'),
    memberId: z.uuid().nullable().describe('Our own member; null: there is none with the number'),
    memberNumber: z.int().describe('Number of our own member'),
    partnerMemberNumber: z.int().describe('Number of the member of the other timebank. Their name is not told'),
    minutes: z.int(),
    performedOn: z.iso.date(),
    refusal: z
      .enum(refusalReasons)
      .nullable()
      .describe(
        'Why it was not taken. recipient: nobody there can take it, for whatever reason; limit: more than one may owe the other; agreement: none is in force; repeated: the id is used there'
      ),
    transferId: z.uuid().nullable().describe('The transfer in the ledger that moved the hours here'),
    reversalTransferId: z.uuid().nullable(),
    reversedBy: z.enum(['us', 'partner']).nullable(),
    reason: z.string().nullable().describe('Of a reversal by our own staff'),
    recordedAt: z.date(),
    updatedAt: z.date()
  })
  .meta({ id: 'ClearingTransfer', description: 'Hours between two timebanks, as one of them sees it' })

export const clearingTransferParams = z.object({ ...timebankParams.shape, clearingTransfer: z.uuid() })

export const transferQuery = z.strictObject({
  ...pageQuery,
  direction: z.enum(directions).optional(),
  status: z.enum(statuses).optional(),
  partner: z.string().max(100).optional().describe('Short name of the other timebank'),
  memberId: z.uuid().optional().describe('Our own member')
})

export const partnerBalanceSchema = z
  .object({
    timebank: timebankName.describe('The other timebank'),
    status: z.enum(agreementStatuses),
    accountId: z.int(),
    balanceMinutes: z.int().describe('Above 0: this timebank owes the other; below 0: the other owes this one'),
    owingMinutes: z.int().describe('What this timebank owes the other'),
    owedMinutes: z.int().describe('What the other owes this timebank'),
    inTransitMinutes: z.int().describe('Set aside here, on its way to the other'),
    owingLimitMinutes: z.int(),
    owedLimitMinutes: z.int(),
    canSendMinutes: z.int().describe('How much can be sent before the limit is met'),
    canReceiveMinutes: z.int().describe('How much can be received before the limit is met')
  })
  .meta({ id: 'ClearingBalance' })

const pairSide = z.object({
  slug: slugSchema,
  name: z.string(),
  balanceMinutes: z.int().describe('Its account for the other: above 0 is what it owes, below 0 what it is owed'),
  heldMinutes: z.int().describe('Set aside there, on its way to the other')
})

export const pairSchema = z
  .object({
    timebank: pairSide,
    partner: pairSide,
    pendingTransfers: z.int().describe('Waiting for a step on one of the two sides'),
    inTransitMinutes: z
      .int()
      .describe('What both balances must add up to: moved or taken back on one side and not yet on the other'),
    agrees: z.boolean()
  })
  .meta({ id: 'ClearingPair', description: 'What two timebanks owe each other, by the books of both' })
