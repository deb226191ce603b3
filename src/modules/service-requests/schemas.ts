import { z } from 'zod'
import { line, lines, pageQuery, staff } from '../../http/index.ts'
import { consentScopes } from '../consents/index.ts'
import { shapes } from '../listings/schemas.ts'
import { parseRule } from '../schedule/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { parts } from './moves.ts'
import { withholdable } from './seeing.ts'
import {
  claimedVoices,
  claimedWays,
  contactResults,
  contactWays,
  everyReason,
  kinds,
  outcomes,
  priorities,
  reasons,
  statuses,
  subStatuses
} from './vocabulary.ts'

export const collection = '/v1/timebanks/:timebank/service-requests'
export const item = `${collection}/:serviceRequest`
export const tags = ['Service requests']
/** Whom it is about, who supports them in what they agree to, and staff. */
export const concerned = { member: 'own', ...staff } as const

const instantIn = z.iso
  .datetime({ offset: true })
  .refine((at) => at >= '1970' && at < '2200', 'must lie between 1970 and 2200')

export const serviceRequestParams = z.object({ ...timebankParams.shape, serviceRequest: z.uuid() })

const rrule = z
  .string()
  .trim()
  .min(1)
  .max(300)
  .superRefine((rule, context) => {
    for (const message of parseRule(rule).faults) context.addIssue({ code: 'custom', message })
  })
  .describe('Recurrence rule of RFC 5545, of whole days, such as FREQ=WEEKLY;BYDAY=TU')

const minutes = z.int().min(1).max(100_000).describe('How long each time, as far as can be said; minutes')

const contents = {
  categoryId: z.uuid().optional().describe('Of the timebank; or else `category`'),
  category: z.string().min(1).max(100).optional().describe('The same by its short name, such as `walking-together`'),
  title: line(120).min(3).describe('In a few words, for the broker. Members never see it of a referral'),
  whatMatters: lines(2000).min(1).nullable().optional().describe('What matters to the person, in their own words'),
  canOffer: lines(2000).min(1).nullable().optional().describe('What the person would like to give: everybody can'),
  helpersNeeded: z.int().min(1).max(500).optional().describe('How many it takes; default 1'),
  estimatedMinutes: minutes.nullable().optional(),
  occurrence: z
    .strictObject({
      firstOn: z.iso
        .date()
        .refine((day) => day >= '2000' && day < '2200', 'must lie between 2000 and 2200')
        .describe('Date of the first time, in the time zone of the timebank'),
      rrule: rrule.nullable().optional().describe('Left out: once')
    })
    .nullable()
    .optional()
    .describe('When, and how often. Left out: to be arranged'),
  setting: shapes.request.create.shape.setting.optional().describe('Default: any'),
  area: line(100).min(1).nullable().optional().describe('Where about, in words'),
  priority: z
    .enum(priorities)
    .optional()
    .describe(
      'Default routine. `asap` and `stat` are refused, and nothing of the request is kept: see `not-for-emergencies`'
    ),
  accessNeeds: lines(2000).min(1).nullable().optional().describe('What makes it possible for the person to take part'),
  knownRisks: lines(2000)
    .min(1)
    .nullable()
    .optional()
    .describe('What somebody who comes should know, in plain words; no diagnoses')
}

const contact = z
  .strictObject({
    name: line(120).min(1),
    phone: line(40).min(1).nullable().optional(),
    email: z.email().max(254).nullable().optional(),
    preferredContact: line(200).min(1).nullable().optional().describe('How and when they like to be reached')
  })
  .describe('Whom to contact, once: gone when it is decided against or has ended')

const scope = z.enum(consentScopes)

const claim = z
  .strictObject({
    scopes: z.array(scope).min(1).max(consentScopes.length),
    wording: z.strictObject({
      version: line(50).min(1).optional().describe("Of the timebank's own wording that was shown"),
      text: lines(5000).min(1).optional().describe("Or the agency's own words that were shown")
    }),
    givenAt: instantIn.transform((at) => new Date(at)).describe('When the person agreed to be referred'),
    how: z.enum(claimedWays),
    givenBy: z.enum(claimedVoices)
  })
  .describe('What the person has agreed to, as the agency says. The broker asks them again: it opens nothing')

const uuid = z.uuid()

/** What goes with what is told together with what is wrong by itself. */
export const newServiceRequestSchema = z.strictObject({
  kind: z.enum(kinds).describe("own_need: the agency's own, such as readers for a library; referral: for a person"),
  person: z
    .strictObject({
      memberNumber: z.int().min(1).max(999_999_999).optional(),
      contact: contact.optional()
    })
    .optional()
    .describe('Of a referral: a member by number, or whom to contact. Whether there is such a member is not told'),
  externalId: z
    .strictObject({ system: line(200).min(1), value: line(200).min(1) })
    .optional()
    .describe("Of the agency's own system; whoever repeats it gets the first answer"),
  requester: z
    .strictObject({ organisationId: uuid, professionalId: uuid.describe('Id of the affiliation') })
    .optional()
    .describe('Default: the agency and the professional who calls. Brokers say it'),
  ...contents,
  budgetId: uuid.optional().describe('An open budget that the agency funds, from which the help is to be paid'),
  consent: claim.optional()
})

export const serviceRequestChangeSchema = z
  .strictObject({ ...contents, title: contents.title.optional() })
  .refine((body) => Object.keys(body).length > 0, 'nothing to change')

const status = z.enum(statuses)
const shown = {
  status: status.nullable().describe('null: withheld'),
  subStatus: z
    .enum(subStatuses)
    .nullable()
    .describe(
      'Where it stands within its status; null: nothing, or withheld. Of a referral that waits only where it is read, not in the answers of steps'
    ),
  reason: z.enum(everyReason).nullable().describe('Of what is rejected, cancelled, on hold or has failed'),
  outcome: z.enum(outcomes).nullable().describe('Of what is completed'),
  withheld: z
    .array(z.enum(withholdable))
    .describe('What the person does not share with the agency at this moment, whether or not there is anything'),
  decidedAt: z.date().nullable(),
  endedAt: z.date().nullable()
}

const externalId = z.object({ system: z.string(), value: z.string() }).nullable()
const instants = {
  createdAt: z.date(),
  updatedAt: z.date().describe('Of the last change that you may know of'),
  rowVersion: z.int().describe('Counts what the agency may know of')
}

/** The first answer, and that to whoever asks the same again. */
export const receiptSchema = z
  .object({
    id: uuid,
    kind: z.enum(kinds),
    status: z.literal('requested').describe('As it was when it came in'),
    externalId,
    requester: z.object({ organisationId: uuid, professionalId: uuid }),
    createdAt: z.date(),
    rowVersion: z.int()
  })
  .meta({ id: 'ServiceRequestReceipt' })

/** What every step answers: no words of anybody. */
export const stateSchema = z
  .object({
    id: uuid,
    kind: z.enum(kinds),
    ...shown,
    memberId: uuid.nullable().describe('Whom it is about; null to the agency'),
    consentedAt: z.date().nullable().describe('When the person said yes; null to the agency'),
    listingId: uuid.nullable().describe('The request that members see; null to the agency'),
    assigneeId: uuid.nullable().describe('The broker who looks after it; for staff'),
    ...instants
  })
  .meta({ id: 'ServiceRequestState' })

export const listedSchema = stateSchema.extend({
  organisation: z.object({ id: uuid, name: z.string() }),
  professional: z.object({ affiliationId: uuid, name: z.string() }),
  externalId,
  title: z.string(),
  category: z.object({ id: uuid, slug: z.string(), name: z.string() }),
  helpersNeeded: z.int(),
  estimatedMinutes: z.int().nullable().describe('minutes'),
  occurrence: z.object({ firstOn: z.string(), rrule: z.string().nullable() }).nullable(),
  setting: shapes.request.create.shape.setting,
  priority: z.enum(priorities),
  budgetId: uuid.nullable(),
  person: z
    .object({
      memberNumber: z.int().nullable().describe('To the agency: as it has said'),
      name: z.string().nullable().describe('null to the agency, and where nobody has been found yet')
    })
    .nullable()
    .describe('null: the need is the agency’s own')
})

export const serviceRequestSchema = listedSchema
  .extend({
    whatMatters: z.string().nullable(),
    canOffer: z.string().nullable(),
    area: z.string().nullable(),
    accessNeeds: z.string().nullable(),
    knownRisks: z.string().nullable(),
    contact: z
      .object({
        name: z.string(),
        phone: z.string().nullable(),
        email: z.string().nullable(),
        preferredContact: z.string().nullable()
      })
      .nullable()
      .describe('Gone when it is decided against or has ended'),
    consent: z
      .object({
        scopes: z.array(scope),
        wording: z.object({ version: z.string().nullable(), text: z.string().nullable() }),
        givenAt: z.date(),
        how: z.enum(claimedWays),
        givenBy: z.enum(claimedVoices),
        verifiedAt: z.date().nullable().describe('When a broker looked into it; null to the agency')
      })
      .nullable()
      .describe('As the agency has said'),
    attendance: z
      .array(z.object({ performedOn: z.string(), minutes: z.int().describe('minutes of help') }))
      .nullable()
      .describe('When somebody helped and for how long, once it is settled; never who. null: withheld'),
    contacts: z
      .array(
        z.object({
          at: z.date(),
          way: z.enum(contactWays),
          result: z.enum(contactResults),
          notedBy: uuid.describe('Membership')
        })
      )
      .nullable()
      .describe('Attempts to speak with the person, until it is decided; for staff')
  })
  .meta({ id: 'ServiceRequest' })

export const historySchema = z.object({
  items: z.array(
    z.object({
      status,
      reason: z.enum(everyReason).nullable(),
      outcome: z.enum(outcomes).nullable(),
      at: z.date(),
      by: z.enum(parts).nullable().describe('As what somebody did it; null to the agency')
    })
  ),
  withheld: z.boolean().describe('Whether what the person does not share at this moment is left out')
})

export const listQuery = z.strictObject({
  ...pageQuery,
  status: status.optional().describe('To an agency only those whose status is shared with it'),
  subStatus: z.enum(subStatuses).optional(),
  kind: z.enum(kinds).optional(),
  priority: z.enum(priorities).optional(),
  organisation: z.uuid().optional().describe('Of this agency'),
  member: z
    .union([z.literal('me'), z.uuid()])
    .optional()
    .describe('About this member; for staff, members, and who supports them'),
  assignee: z
    .union([z.literal('me'), z.literal('none'), z.uuid()])
    .optional()
    .describe('Who looks after it: `me`, `none`, or the id of a membership; for staff'),
  waitingSince: instantIn.optional().describe('Asked for before this instant and not decided yet'),
  updatedSince: instantIn
    .optional()
    .describe(
      'Changed at this instant or later, in the order of the changes. Go on with the greatest `updatedAt` that you have seen: nothing is missed, however late it was committed'
    ),
  externalSystem: z.string().min(1).max(200).optional().describe("Of the agency's own system"),
  externalValue: z.string().min(1).max(200).optional()
})

/** In the order of changes by instant and id. */
export const changeCursor = z.tuple([z.iso.datetime(), z.uuid()])

const requestFields = shapes.request.create.shape

export const acceptanceSchema = z.strictObject({
  listing: z
    .strictObject({
      title: requestFields.title,
      description: requestFields.description,
      categoryId: requestFields.categoryId.optional(),
      mode: requestFields.mode.optional(),
      setting: requestFields.setting.optional(),
      availability: requestFields.availability,
      languages: requestFields.languages,
      area: requestFields.area,
      estimatedMinutes: requestFields.estimatedMinutes,
      helpersNeeded: requestFields.helpersNeeded,
      expiresOn: requestFields.expiresOn
    })
    .optional()
    .describe('What members see. Of a referral in words that the person has agreed to, without the agency'),
  memberId: uuid.optional().describe('Of an own need: the member who stands for the organisation')
})

export const answerSchema = z.strictObject({
  answer: z.enum(['yes', 'no']),
  scopes: z
    .array(scope)
    .min(1)
    .max(consentScopes.length)
    .optional()
    .describe('With a yes: what the person really allows the agency; `contact` among it'),
  wordingVersion: z.int().min(1).optional().describe('With a yes: of the wording that was shown or read out'),
  language: z
    .string()
    .regex(/^[a-z]{2}(-[A-Z]{2})?$/, 'must be a language tag such as en or cy-GB')
    .optional(),
  how: z.enum(claimedWays).optional().describe('How staff were told; what you say yourself is said online'),
  givenBy: uuid
    .optional()
    .describe('Who said it, where staff write it down: the membership of who supports the person'),
  validTo: z.iso.date().nullable().optional().describe('The last day of the consent; default: until it is withdrawn')
})

export const contactSchema = z.strictObject({
  way: z.enum(contactWays),
  result: z.enum(contactResults),
  at: instantIn
    .transform((at) => new Date(at))
    .optional()
    .describe('Default: now')
})

export const personSchema = z.strictObject({
  member: z.union([z.uuid(), z.int().min(1).max(999_999_999)]).describe('Id or number of the member whom it is about')
})
export const assignmentSchema = z.strictObject({
  memberId: uuid.nullable().describe('A broker; null: nobody in particular')
})
export const arrangementSchema = z.strictObject({ arrangementId: uuid })
export const rejectionSchema = z.strictObject({
  reason: z
    .enum(reasons.rejected)
    .describe(
      'not_taken_up: could not be arranged, for whatever reason; of a referral it takes effect at the end of the day'
    )
})
export const holdSchema = z.strictObject({ reason: z.enum(reasons.on_hold) })
export const failureSchema = z.strictObject({ reason: z.enum(reasons.failed) })
export const cancellationSchema = z.strictObject({ reason: z.enum(reasons.cancelled) })
export const completionSchema = z.strictObject({
  outcome: z.enum(outcomes).describe('needs_professional_service is a good outcome')
})
export const emptySchema = z.strictObject({}).nullish()

const month = z.string().regex(/^(19|20|21)\d\d-(0[1-9]|1[0-2])$/, 'a month such as 2026-03')
export const figuresQuery = z.strictObject({
  from: month.describe('First month'),
  to: month.describe('Last month')
})
const ratio = (what: string) =>
  z
    .object({
      value: z.number().nullable().describe('n / d to 4 decimals; null where d is 0 or it is suppressed'),
      n: z.int().nullable(),
      d: z.int().nullable(),
      suppressed: z.boolean()
    })
    .describe(what)
export const figuresSchema = z
  .object({
    received: z.int().describe('Referrals asked for in these months'),
    acceptance: ratio('Ever accepted, of these and the rejected ones'),
    completion: ratio('Completed, of these and the failed ones'),
    open: z
      .object({ value: z.int().nullable(), suppressed: z.boolean() })
      .describe('Waiting for a decision, accepted, in progress or on hold')
  })
  .meta({ id: 'ReferralFigures' })
