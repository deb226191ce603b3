import { z } from 'zod'
import { pageQuery } from '../../http/index.ts'
import { claimableSources } from '../../shared/actor.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { groupRules } from './group-rules.ts'
import { capacities, sideNames } from './sides.ts'

const text = (max: number) =>
  z
    .string()
    .trim()
    .max(max)
    .refine((value) => !value.includes('\0'), 'must not contain NUL')
    // what the database would write otherwise than it was sent: answers are made from what was sent
    .refine((value) => !/\p{Surrogate}/u.test(value), 'must not contain half a surrogate pair')

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
  description: text(2000).default(''),
  minutes
}

export const proposeSchema = z.strictObject({
  ...begin,
  performedOn: date.optional().describe('Planned service date'),
  proposedBy: z.enum(sideNames).optional().describe('For which side a broker proposes; members propose for their own')
})

export const reportNewSchema = z.strictObject({ ...begin, performedOn: date })

/** More would be hard to read aloud to anybody, and one account is locked for all of them. */
const atMost = 50

const beside = z.int().min(0).max(100_000).default(0)
export const groupRule = z
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
  rule: groupRule.optional().describe('For several receivers; left out: that of the policy'),
  categoryId: begin.categoryId,
  offerId: begin.offerId.describe('An open offer, of the one provider'),
  requestId: begin.requestId.describe('An open request, of the one receiver'),
  description: begin.description,
  performedOn: date
})

export const reportSchema = z.strictObject({ minutes, performedOn: date })

export const agreeSchema = z
  .strictObject({ minutes: minutes.optional().describe('What you agree to; refused when the proposal says otherwise') })
  .nullish()

const reason = text(1000).min(3)
export const reasonSchema = z.strictObject({ reason })
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

export const exchangeSchema = z
  .object({
    id: z.uuid(),
    status: z.enum(exchangeStatuses),
    provider: sideOut,
    receiver: sideOut,
    categoryId: z.uuid(),
    offerId: z.uuid().nullable(),
    requestId: z.uuid().nullable(),
    description: z.string(),
    performedOn: z.string().nullable().describe('Service date; planned until it is reported'),
    proposedMinutes: z.int(),
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
    source: z.enum([...claimableSources, 'import', 'system']),
    slipNumber: z.string().nullable(),
    recordedBy: z
      .uuid()
      .nullable()
      .describe('Membership of who began or recorded it; null: the service itself, or an older record'),
    onBehalfOf: z.uuid().nullable().describe('Membership for whom staff did so; null: for themselves'),
    reason: z.string().nullable(),
    transferId: z.uuid().nullable(),
    reversalTransferId: z.uuid().nullable(),
    groupId: z.uuid().nullable().describe('Of those recorded together with it: they are reversed as one'),
    recordedAt: z.date(),
    agreedAt: z.date().nullable(),
    reportedAt: z.date().nullable(),
    settledAt: z.date().nullable(),
    rowVersion: z.int()
  })
  .meta({ id: 'Exchange' })

export const exchangeParams = z.object({ ...timebankParams.shape, exchange: z.uuid() })

export const listQuery = z.strictObject({
  ...pageQuery,
  status: z.enum(exchangeStatuses).optional(),
  memberId: z.uuid().optional().describe('One of the sides'),
  organisationId: z.uuid().optional().describe('One of the sides'),
  side: z.enum(sideNames).optional().describe('Which side memberId or organisationId is'),
  categoryId: z.uuid().optional(),
  offerId: z.uuid().optional(),
  requestId: z.uuid().optional(),
  from: z.iso.date().optional().describe('Service date from, inclusive'),
  to: z.iso.date().optional().describe('Service date to, inclusive')
})
