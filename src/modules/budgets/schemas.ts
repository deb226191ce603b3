import { z } from 'zod'
import { pageQuery, text } from '../../http/index.ts'
import { operationNames, transferKinds } from '../ledger/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { budgetKinds, budgetStatuses, holderModes } from './budgets.ts'

const minutes = z.int().min(1).max(1_000_000)
const date = z.iso.date().describe('Calendar date in the time zone of the timebank')

export const holderSchema = z
  .discriminatedUnion('mode', [
    z.strictObject({ mode: z.literal('self') }),
    z.strictObject({ mode: z.literal('nominated_person'), memberId: z.uuid() }),
    z.strictObject({ mode: z.literal('circle'), memberIds: z.array(z.uuid()).min(2).max(12) }),
    z.strictObject({ mode: z.literal('provider_held'), organisationId: z.uuid() }),
    z.strictObject({ mode: z.literal('agency_held') })
  ])
  .describe(
    'Who says what is agreed from it. `self`: the person; `nominated_person`: a member; `circle`: 2 to 12 members, of whom each may; `provider_held`: an organisation other than the funder; `agency_held`: the funder'
  )

export const newBudgetSchema = z.strictObject({
  kind: z
    .enum(budgetKinds)
    .describe(
      'Whom or what it is for: an organisation (`agency`), a member (`person`), something people do (`activity`)'
    ),
  funderOrganisationId: z
    .uuid()
    .optional()
    .describe("The organisation from whose account it is allocated; an agency's client may leave it out"),
  memberId: z.uuid().optional().describe('Of a budget for a person: the member; or memberNumber'),
  memberNumber: z.int().min(1).max(999_999_999).optional(),
  organisationId: z
    .uuid()
    .optional()
    .describe('The organisation that it is for (default: the funder); of an activity, the group that hosts it'),
  title: text(200).min(1).optional().describe('Of the activity; nothing about a person'),
  holder: holderSchema,
  intendedMinutes: minutes.describe('What the funder means to allocate; told before anybody agrees. Minutes'),
  validFrom: date.optional().describe('First service date that may be paid from it; default: today'),
  validTo: date.nullable().optional().describe('Last one; null: until it is ended')
})

export const planSchema = z.strictObject({
  plan: text(10_000)
    .min(1)
    .describe("In the person's own words. Kept apart, read only by GET …/plan, blanked when the person is erased"),
  planToFunder: z.boolean().optional().describe('Whether the funder may read it. Left out: it stays as it is')
})

export const agreementSchema = z
  .strictObject({
    side: z.enum(['holder', 'funder']).optional().describe('For which side; a broker always says'),
    intendedMinutes: minutes.optional().describe('What you agree to; stale-quote where the budget says otherwise'),
    planToFunder: z
      .boolean()
      .optional()
      .describe("For the holder's side: whether the funder may read the plan. Left out: it stays as it is, at first no")
  })
  .nullish()

export const minutesSchema = z.strictObject({ minutes })
export const reconciliationSchema = z.strictObject({
  statementSeen: z.literal(true).describe('You have looked at the statement')
})

/** Steps that need nothing said: an empty object or no body at all. */
export const emptySchema = z.strictObject({}).nullish()

const figure = (what: string) => z.int().min(0).describe(`Minutes ${what}`)

export const figuresSchema = z
  .object({
    allocated: figure('that came in from the funder'),
    spent: figure('that exchanges have taken, without those taken back'),
    committed: figure('set aside by agreed exchanges'),
    returned: figure('that went back to the funder'),
    available: figure('that may be committed, or returned')
  })
  .meta({
    id: 'BudgetFigures',
    description:
      'allocated = spent + committed + returned + available, at every instant; read from the ledger by one statement'
  })

const organisation = z.object({ organisationId: z.uuid(), name: z.string() })

export const budgetSchema = z
  .object({
    id: z.uuid(),
    kind: z.enum(budgetKinds),
    status: z
      .enum(budgetStatuses)
      .describe(
        'proposed → agreed (both sides) → active (something was allocated) → ended (nothing more is agreed from it) → reconciled (empty, and its statement looked at)'
      ),
    funder: organisation,
    memberId: z.uuid().nullable().describe('The person that it is for'),
    memberNumber: z.int().nullable(),
    memberName: z.string().nullable().describe('Not told to the funder, nor to who may audit only'),
    organisation: organisation.nullable().describe('That it is for, or that hosts the activity'),
    title: z.string().nullable().describe('Of the activity'),
    holder: z.object({
      mode: z.enum(holderModes),
      memberIds: z.array(z.uuid()).nullable().describe('Members who hold it; null: not for the caller to know'),
      organisation: organisation.nullable()
    }),
    intendedMinutes: z.int().describe('What the funder means to allocate. Minutes'),
    validFrom: z.string(),
    validTo: z.string().nullable(),
    figures: figuresSchema,
    accountId: z.int().nullable().describe('In the ledger, from the first allocation on; for staff and auditors'),
    hasPlan: z.boolean(),
    planToFunder: z.boolean().describe("The holder's side lets the funder read the plan"),
    holderAgreedAt: z.date().nullable(),
    funderAgreedAt: z.date().nullable(),
    proposedAt: z.date(),
    activatedAt: z.date().nullable(),
    endedAt: z.date().nullable(),
    reconciledAt: z.date().nullable(),
    rowVersion: z.int()
  })
  .meta({ id: 'Budget', description: 'Hours that an organisation sets aside for somebody or something' })

export const planOut = z
  .object({
    plan: z.string(),
    writtenBy: z.uuid().nullable().describe('Membership; null: not for the caller to know'),
    writtenAt: z.date(),
    rowVersion: z.int()
  })
  .meta({ id: 'BudgetPlan' })

export const movementSchema = z
  .object({
    line: z.int().describe('Counts from 1, in the order of recording'),
    transferId: z.uuid(),
    operation: z.enum(operationNames),
    kind: z.enum(Object.keys(transferKinds) as [keyof typeof transferKinds]),
    performedOn: z.string().describe('Service date, or the day of the allocation or return'),
    recordedAt: z.date(),
    counterAccount: z.int().nullable().describe('The other account; null: not for the caller to know'),
    minutes: z.int().describe('Came in, or went out (negative)'),
    committedMinutes: z.int().describe('Was set aside, or let go of (negative)'),
    committed: z.int().describe('Minutes set aside after the line'),
    available: z.int().describe('Minutes available after the line')
  })
  .meta({ id: 'BudgetMovement' })

export const budgetParams = z.object({ ...timebankParams.shape, budget: z.uuid() })

export const listQuery = z.strictObject({
  ...pageQuery,
  funderOrganisationId: z.uuid().optional(),
  memberId: z.uuid().optional().describe('The person that it is for, or a member who holds it'),
  organisationId: z.uuid().optional().describe('The organisation that it is for'),
  kind: z.enum(budgetKinds).optional(),
  status: z.enum(budgetStatuses).optional()
})

export const statementQuery = z.strictObject({ ...pageQuery })
