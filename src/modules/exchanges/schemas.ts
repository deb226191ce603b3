import { z } from 'zod'
import { pageQuery, text } from '../../http/index.ts'
import { claimableSources } from '../../shared/actor.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { consentWays } from './exchanges.ts'
import { groupRules } from './group-rules.ts'
import { capacities, sideNames } from './sides.ts'

const minutes = z.int().min(1).max(100_000).describe('Service minutes: the real time given')
const date = z.iso.date().describe('Calendar date in the time zone of the timebank')

export const sideSchema = z.strictObject({
  capacity: z
    .enum(capacities)
    .default('citizen')
    .describe(
      'Belongs to this side of this exchange, not to the person. `professional` needs an affiliation on the service date'
    ),
  memberId: z
    .uuid()
    .optional()
    .describe('The member who gave or received; for an organisation, optionally who acts for it'),
  organisationId: z.uuid().optional().describe('The organisation; for a professional, the one that they work for')
})

const begin = {
  provider: sideSchema.describe('Who gives the time'),
  receiver: sideSchema.describe('Who is helped'),
  categoryId: z.uuid(),
  offerId: z.uuid().optional().describe("An open offer of the provider's"),
  requestId: z.uuid().optional().describe("An open request of the receiver's"),
  budgetId: z
    .uuid()
    .optional()
    .describe(
      'The budget that pays for it, instead of the receiver. Who holds it, or a broker, has to say yes to it; what is agreed is set aside in it'
    ),
  description: text(2000).default(''),
  minutes
}

const creditMinutes = z.int().min(0).max(1_000_000)
const revision = z.int().min(0).max(1_000_000)
const guardianConsent = z.enum(consentWays)
const forSide = z.enum(sideNames).optional().describe('For which side a broker proposes; members propose for their own')

const proposal = { ...begin, performedOn: date.optional().describe('Planned service date') }

export const proposeSchema = z.strictObject({
  ...proposal,
  proposedBy: forSide,
  quote: z
    .strictObject({ creditMinutes: creditMinutes.optional(), policyVersion: z.int().min(1).optional() })
    .optional()
    .describe('What a quote said that the proposal rests on; refused with stale-quote where something else holds now')
})

export const quoteBodySchema = z.strictObject(proposal)

export const changeProposalSchema = z
  .strictObject({
    revision: revision.describe('Of the proposal that you change; stale-quote where it was changed meanwhile'),
    minutes: minutes.optional(),
    performedOn: date.optional().describe('Planned service date'),
    description: text(2000).optional(),
    proposedBy: forSide
  })
  .refine((change) => [change.minutes, change.performedOn, change.description].some((value) => value !== undefined), {
    error: 'minutes, performedOn or description: one of them at least'
  })

export const reportNewSchema = z.strictObject({ ...begin, performedOn: date })

export const recordSchema = z.strictObject({
  ...begin,
  performedOn: date,
  guardianConsent: guardianConsent
    .optional()
    .describe('How the guardians of those under 18 gave their consent; needed where one of the sides is')
})

/** More would be hard to read aloud to anybody, and one account is locked for all of them. */
const atMost = 50

const beside = z.int().min(0).max(100_000).default(0)
export const groupRule = z
  .enum(groupRules)
  .describe(
    'How several receivers are charged for the time of a provider; of several providers each by itself. `split_equal` shares the time among them, by how long each was there; `each_pays_surplus_to_pot` charges each for as long as they were there, and what the provider does not get is given to the community pot; `pot_pays` charges the community pot; `budget_pays` charges the budget that is named'
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
  rule: groupRule.optional().describe('For several receivers; left out: that of the policy'),
  categoryId: begin.categoryId,
  offerId: begin.offerId.describe('An open offer, of the one provider'),
  requestId: begin.requestId.describe('An open request, of the one receiver'),
  budgetId: begin.budgetId.describe(
    'The budget that pays for all of it: with the rule `budget_pays`, or where there is one receiver'
  ),
  description: begin.description,
  performedOn: date,
  guardianConsent: recordSchema.shape.guardianConsent
})

export const payingSchema = z.strictObject({ budgetId: z.uuid() })

export const reportSchema = z.strictObject({ minutes, performedOn: date })

export const agreeSchema = z
  .strictObject({
    minutes: minutes.optional().describe('What you agree to; stale-quote when the proposal says otherwise'),
    creditMinutes: creditMinutes.optional().describe('What the quote said; stale-quote when it is something else'),
    revision: revision
      .optional()
      .describe('Of the proposal that you agree to. Once a proposal was changed, minutes or revision is needed')
  })
  .nullish()

const reason = text(1000).min(3)
export const reasonSchema = z.strictObject({ reason })
export const disputeSchema = z.strictObject({
  reason,
  minutes: minutes.optional().describe('Service minutes as you saw it; who reported may accept them')
})
export const guardianSchema = z.strictObject({ how: guardianConsent })
export const noShowSchema = z.strictObject({
  side: z.enum(sideNames).describe('The side that did not come'),
  reason: reason.optional()
})
export const decisionSchema = z.discriminatedUnion('decision', [
  z.strictObject({ decision: z.literal('keep'), reason }),
  z.strictObject({ decision: z.literal('reverse'), reason }),
  z.strictObject({
    decision: z.literal('correct'),
    reason,
    minutes: minutes.optional(),
    performedOn: date.optional(),
    provider: sideSchema.optional(),
    receiver: sideSchema.optional(),
    guardianConsent: guardianConsent.optional()
  })
])
export const cancelSchema = z.strictObject({ reason: reason.optional() }).nullish()

/** Steps that need nothing said: an empty object or no body at all. */
export const emptySchema = z.strictObject({}).nullish()

export const exchangeStatuses = [
  'proposed',
  'agreed',
  'awaiting_risk',
  'awaiting_vetting',
  'awaiting_guardian',
  'ready',
  'reported',
  'settled',
  'disputed',
  'declined',
  'cancelled',
  'reversed'
] as const

export const sideOut = z.object({
  capacity: z.enum(capacities),
  memberId: z.uuid().nullable(),
  memberNumber: z.int().nullable(),
  organisationId: z.uuid().nullable(),
  name: z.string().nullable().describe('Display name; null: an anonymous party of imported history')
})

export const quoteSchema = z
  .object({
    serviceMinutes: z.int().describe('The time that it is for'),
    creditMinutes: z.int().describe('What the ledger will move: service minutes after rounding; 0 where recordOnly'),
    recordOnly: z.boolean().describe('Recorded, and by its nature not moved in the ledger'),
    granularityMinutes: z.int().describe('Credits are rounded to whole steps of so many minutes'),
    rounding: z.enum(['nearest', 'up', 'down', 'none']),
    policyVersion: z.int(),
    brokerApproval: z.object({
      needed: z.boolean(),
      because: z.array(z.enum(['risk', 'length'])).describe('Of the category, or of the time')
    }),
    vetting: z
      .enum(['not_needed', 'needed', 'noted', 'missing'])
      .describe('`needed`: the category asks for it; whether it is noted is told to who gives and to staff'),
    guardian: z
      .enum(['not_needed', 'if_minor', 'needed', 'given'])
      .describe("A guardian's consent. `if_minor`: where the other side is under 18, which is told to them and staff"),
    heldMinutes: z.int().describe("Set aside on the receiver's account at agreement; 0: none"),
    confirmedBy: z.enum(['other_side', 'receiver', 'broker', 'nobody']).describe('Who confirms a report'),
    silenceDays: z
      .int()
      .nullable()
      .describe(
        'After so many days a report that nobody answers counts as confirmed; null: never. Never for minors and supported members, whatever is told here to the other side'
      )
  })
  .meta({ id: 'ExchangeQuote' })

export const exchangeSchema = z
  .object({
    id: z.uuid(),
    status: z.enum(exchangeStatuses),
    provider: sideOut,
    receiver: sideOut,
    categoryId: z.uuid(),
    offerId: z.uuid().nullable(),
    requestId: z.uuid().nullable(),
    budgetId: z
      .uuid()
      .nullable()
      .describe('The budget that pays for it; told to who is helped and to staff, not to who gives'),
    description: z.string(),
    performedOn: z.string().nullable().describe('Service date; planned until it is reported'),
    proposedMinutes: z.int(),
    revision: z.int().describe('How often the proposal has been changed before it was agreed to'),
    agreedMinutes: z.int().nullable(),
    serviceMinutes: z.int().nullable().describe('The real time given; all reports of hours use it'),
    creditMinutes: z.int().nullable().describe('What the ledger moved, after rounding by the policy'),
    contactMinutes: z.int().nullable().describe('In a group: for how long the receiver was there; null: not kept'),
    preparationMinutes: z
      .int()
      .nullable()
      .describe("In a group: the receiver's share of what the provider needed to prepare; null: not kept"),
    travelMinutes: z.int().nullable().describe('The same of travel'),
    recordOnly: z.boolean().describe('Recorded, and by its nature not moved in the ledger'),
    policyVersion: z.int().describe('The policy that it was made under'),
    proposedBy: z.enum([...sideNames, 'broker']),
    reportedBy: z.enum([...sideNames, 'broker']).nullable(),
    disputedBy: z
      .enum([...sideNames, 'broker'])
      .nullable()
      .describe('Who said last that it was otherwise'),
    disputedMinutes: z.int().nullable().describe('Service minutes as that side saw it'),
    noShow: z.enum(sideNames).nullable().describe('The side that did not come; for its sides and staff'),
    guardianConsent: z.enum(consentWays).nullable().describe('How guardians of those under 18 gave their consent'),
    source: z.enum([...claimableSources, 'import', 'system']),
    slipNumber: z.string().nullable(),
    recordedBy: z
      .uuid()
      .nullable()
      .describe('Membership of who began or recorded it; null: the service itself, or an older record'),
    recordedAs: z
      .enum([...sideNames, 'broker', 'member', 'service'])
      .nullable()
      .describe('As what they did so; null: brought in, or an older record'),
    onBehalfOf: z.uuid().nullable().describe('Membership for whom staff did so; null: for themselves'),
    reason: z.string().nullable(),
    transferId: z.uuid().nullable(),
    reversalTransferId: z.uuid().nullable(),
    correctsExchangeId: z.uuid().nullable().describe('The reversed exchange that this one stands for'),
    correctedByExchangeId: z.uuid().nullable().describe('The exchange that stands for this one, which was reversed'),
    groupId: z.uuid().nullable().describe('Of those recorded together with it: they are reversed as one'),
    recordedAt: z.date(),
    agreedAt: z.date().nullable(),
    reportedAt: z.date().nullable(),
    settledAt: z
      .date()
      .nullable()
      .describe('When the hours moved, or the time was recorded; kept while it is disputed'),
    quote: quoteSchema.nullable().describe('What it will cost and has to pass; null once it is settled or closed'),
    rowVersion: z.int()
  })
  .meta({ id: 'Exchange' })

export const exchangeParams = z.object({ ...timebankParams.shape, exchange: z.uuid() })

export const listQuery = z.strictObject({
  ...pageQuery,
  status: z.enum(exchangeStatuses).optional(),
  memberId: z.uuid().optional().describe('One of the sides'),
  organisationId: z.uuid().optional().describe('One of the sides'),
  side: z
    .enum(sideNames)
    .optional()
    .describe("Which side memberId or organisationId is; a member's own without either"),
  categoryId: z.uuid().optional(),
  offerId: z.uuid().optional(),
  requestId: z.uuid().optional(),
  budgetId: z.uuid().optional().describe('Paid from this budget'),
  from: z.iso.date().optional().describe('Service date from, inclusive; the list is in order of service dates then'),
  to: z.iso.date().optional().describe('Service date to, inclusive; the list is in order of service dates then')
})
