import { z } from 'zod'
import { pageQuery } from '../../http/index.ts'
import { accountSchema, lineSchema, transferSchema } from '../ledger/schemas.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { exchangeSchema, groupRule, reasonSchema, sideOut } from './schemas.ts'

export const groupParams = z.object({ ...timebankParams.shape, group: z.uuid() })

const shape = z
  .enum(['one_to_one', 'one_to_many', 'many_to_one', 'many_to_many'])
  .describe('Providers to receivers; one_to_one: with preparation or travel')
const sum = (what: string) => z.int().describe(`${what}; minutes`)
const softLimits = z
  .array(z.enum(['debit_floor', 'credit_ceiling']))
  .describe(
    'Soft limits that it crosses: the debited account’s floor, the credited one’s ceiling. The broker follows up'
  )

const common = {
  shape,
  rule: groupRule.nullable().describe('null: there is one receiver, who pays for all of it'),
  policyVersion: z.int().describe('The policy that it was made under'),
  performedOn: z.iso.date().describe('Service date'),
  serviceMinutes: sum('Hours of help, over all exchanges'),
  creditMinutes: sum('What the providers get for the help'),
  preparationCreditMinutes: sum('What they get for preparation and travel, as far as the policy counts them'),
  surplusMinutes: sum('What is given to the community pot beyond it')
}

const legFields = {
  kind: z
    .enum(['exchange', 'preparation', 'surplus'])
    .describe('exchange: for the help; preparation: for preparation and travel; surplus: a gift to the community pot'),
  debitAccount: transferSchema.shape.debitAccount,
  debited: lineSchema.shape.counterparty.describe('Whose account is debited'),
  creditAccount: transferSchema.shape.creditAccount,
  credited: lineSchema.shape.counterparty.describe('Whose account is credited'),
  minutes: sum('Moved'),
  softLimitsCrossed: softLimits
}

export const groupStatuses = ['reported', 'disputed', 'settled', 'cancelled', 'reversed'] as const

const listed = {
  id: z.uuid(),
  status: z
    .enum(groupStatuses)
    .describe(
      'reported: waits for those who were helped, or a broker; disputed: somebody says that it was otherwise, and a broker decides; cancelled: nothing has moved'
    ),
  shape,
  rule: common.rule,
  policyVersion: common.policyVersion,
  performedOn: common.performedOn,
  reportedBy: z
    .uuid()
    .nullable()
    .describe('Membership of the provider who reported it; null: a broker has recorded it'),
  needsBroker: z.boolean().describe('It is settled by a broker only: by the policy, or since the pot would pay'),
  recordedAt: z.date(),
  settledAt: z.date().nullable(),
  reversedAt: z.date().nullable(),
  rowVersion: z.int()
}

export const listedGroupSchema = z
  .object({
    ...listed,
    exchanges: z.int().describe('How many it has'),
    serviceMinutes: common.serviceMinutes,
    waitingFor: z.int().describe('How many of those who were helped have not answered a report yet')
  })
  .meta({ id: 'ListedExchangeGroup' })

export const groupListQuery = z.strictObject({ ...pageQuery, status: z.enum(groupStatuses).optional() })

export const cancelGroupSchema = z.strictObject({ reason: reasonSchema.shape.reason.optional() }).nullish()

export const groupSchema = z
  .object({
    ...listed,
    ...common,
    exchanges: z
      .array(exchangeSchema)
      .describe('One for each provider and receiver, in the order given. Members see those in which they are a side'),
    legs: z
      .array(
        z.object({
          transferId: z.uuid().nullable().describe('null: not moved yet'),
          ...legFields,
          debitBalanceMinutes: sum(
            'Balance of the debited account after it; null: not moved yet, or not yours'
          ).nullable(),
          creditBalanceMinutes: sum('Balance of the credited account after it; the same').nullable(),
          reversedBy: z.uuid().nullable()
        })
      )
      .describe('What has moved, or will. Members see those of their own accounts'),
    answers: z
      .array(
        z.object({
          partyId: z.uuid().describe('Membership or organisation'),
          needed: z.boolean().describe('Nothing moves without their word, or that of a broker'),
          answer: z.enum(['confirmed', 'refused']).nullable(),
          answeredBy: z.uuid().nullable().describe('Membership'),
          answeredAt: z.date().nullable()
        })
      )
      .describe('Of a report. Members see their own'),
    reason: z.string().nullable().describe('Why it was taken back; to staff also why it was refused')
  })
  .meta({ id: 'ExchangeGroup', description: 'Exchanges of several people that stand or fall together' })

export const groupPreviewSchema = z
  .object({
    allowed: z.boolean().describe('Nothing would refuse it as the accounts are now'),
    ...common,
    exchanges: z
      .array(
        z.object({
          provider: sideOut,
          receiver: sideOut,
          serviceMinutes: sum('Time given'),
          creditMinutes: sum('What the provider gets for it'),
          contactMinutes: sum('For how long the receiver was there'),
          preparationMinutes: sum('Share of the preparation, whether it counts or not'),
          travelMinutes: sum('Share of the travel, whether it counts or not'),
          recordOnly: exchangeSchema.shape.recordOnly
        })
      )
      .describe('One for each provider and receiver, in the order given'),
    legs: z.array(
      z.object({
        ...legFields,
        debitBalanceMinutes: sum('Balance of the debited account after it').nullable(),
        creditBalanceMinutes: sum('Balance of the credited account after it').nullable(),
        refused: z
          .object({
            code: z.string().describe('The problem that it would be refused with, such as below-floor'),
            account: accountSchema.shape.account.nullable().describe('The account at fault'),
            balanceMinutes: sum('Its balance').nullable(),
            heldMinutes: sum('What of it is set aside').nullable(),
            limitMinutes: sum('The limit that it would pass').nullable()
          })
          .nullable()
      })
    ),
    accounts: z
      .array(
        z.object({
          account: accountSchema.shape.account,
          owner: lineSchema.shape.counterparty.describe('Whose it is'),
          changeMinutes: sum('What all of it does to the balance'),
          balanceBeforeMinutes: sum('Balance before'),
          balanceAfterMinutes: sum('Balance after all of it, were it not refused')
        })
      )
      .describe('Every account that it moves')
  })
  .meta({ id: 'ExchangeGroupPreview', description: 'What recording a group would do; nothing is saved' })
