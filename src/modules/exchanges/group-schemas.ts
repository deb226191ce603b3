import { z } from 'zod'
import { accountSchema, lineSchema, transferSchema } from '../ledger/schemas.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { groupRules } from './group-rules.ts'
import { exchangeSchema, reportNewSchema, sideOut, sideSchema } from './schemas.ts'

/** More would be hard to read aloud to anybody, and one account is locked for all of them. */
const atMost = 50

const beside = z.int().min(0).max(100_000).default(0)
const { categoryId, offerId, requestId, description, performedOn, minutes } = reportNewSchema.shape
const rule = z
  .enum(groupRules)
  .describe(
    'How several receivers are charged for the time of a provider; of several providers each by itself. `split_equal` shares the time among them, by how long each was there; `each_pays_surplus_to_pot` charges each for as long as they were there, and what the provider does not get is given to the community pot; `pot_pays` charges the community pot'
  )

export const newGroupSchema = z.strictObject({
  providers: z
    .array(
      sideSchema.extend({
        minutes,
        preparationMinutes: beside.describe(
          'What the provider needed to prepare. Credited and charged where the policy counts it (countPreparation)'
        ),
        travelMinutes: beside.describe('The same of travel (countTravel)')
      })
    )
    .min(1)
    .max(atMost)
    .describe('Who gave time, each with their own'),
  receivers: z
    .array(
      sideSchema.extend({
        attendedMinutes: minutes
          .optional()
          .describe('Contact minutes: for how long they were there; left out: for all of it')
      })
    )
    .min(1)
    .max(atMost)
    .describe(
      'Who was helped, in the order in which odd minutes are shared. Somebody may be both; what they gave is shared among the others. At most 200 pairs of provider and receiver'
    ),
  rule: rule.optional().describe('For several receivers; left out: that of the policy'),
  categoryId,
  offerId: offerId.describe('An open offer, of the one provider'),
  requestId: requestId.describe('An open request, of the one receiver'),
  description,
  performedOn
})

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
  rule: rule.nullable().describe('null: there is one receiver, who pays for all of it'),
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

export const groupSchema = z
  .object({
    id: z.uuid(),
    status: z.enum(['settled', 'reversed']),
    ...common,
    exchanges: z.array(exchangeSchema).describe('One for each provider and receiver, in the order given'),
    legs: z.array(
      z.object({
        transferId: z.uuid(),
        ...legFields,
        debitBalanceMinutes: sum('Balance of the debited account after it'),
        creditBalanceMinutes: sum('Balance of the credited account after it'),
        reversedBy: z.uuid().nullable()
      })
    ),
    reason: z.string().nullable().describe('Why it was taken back'),
    recordedAt: z.date(),
    reversedAt: z.date().nullable(),
    rowVersion: z.int()
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
