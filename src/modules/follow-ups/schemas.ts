import { z } from 'zod'
import { pageQuery, text } from '../../http/index.ts'
import { followUpSteps } from '../../shared/follow-up-steps.ts'
import { accountSchema, lineSchema } from '../ledger/schemas.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { followUpStates } from './follow-ups.ts'
import { type FollowUpRef, followUpKinds, kinds, outcomeNames, settledItself, subjectTypes } from './kinds.ts'

const kind = z
  .enum(followUpKinds)
  .describe(
    'unanswered_request: open for some days and nobody has answered; unanswered_message: a first message that nobody has answered, without its text; expiring_offer, expiring_request: ends within 7 days; new_member: joined a week ago, no contact noted and no exchange yet; floor_crossed, ceiling_crossed: a balance went past its soft limit; unconfirmed_exchange: reported and not confirmed; disputed_exchange: the two sides disagree; queried_exchange: a question about an exchange has no answer yet; awaiting_approval: waits for a broker; inactive_member: no exchange for long; reported_conversation: somebody who takes part lets brokers read it; uncontacted_referral: nobody has tried to speak with the person; undecided_service_request: waits for a decision; service_request_on_hold: put off for 28 days; service_request_without_help: taken up, and no exchange for 28 days'
  )

const minutes = (what: string) => z.int().describe(`${what}; minutes`)
const date = z.iso.date().describe('Calendar date in the time zone of the timebank')
const askedDate = z.iso.date().refine((day) => day >= '1900' && day < '2200', 'must lie between 1900 and 2200')

export const followUpParams = z.object({
  ...timebankParams.shape,
  followUp: z
    .string()
    .max(100)
    .refine((id) => refOf(id) !== null, 'must be the id of a follow-up')
    .describe('Id of the follow-up')
})

/** `floor_crossed.<uuid>`, or with `.2` and so on at its end. */
export function refOf(id: string): FollowUpRef | null {
  const [name, subjectId, round = '1', ...rest] = id.split('.')
  const known = kind.safeParse(name)
  const subject = z.uuid().safeParse(subjectId)
  if (!known.success || !subject.success || rest.length > 0 || !/^[1-9]\d{0,8}$/.test(round)) return null
  return { kind: known.data, subjectId: subject.data.toLowerCase(), round: Number(round) }
}

export const listQuery = z.strictObject({
  ...pageQuery,
  state: z
    .enum([...followUpStates, 'all'])
    .default('open')
    .describe('Snoozed: put off until a later day. Closed: what came of it has been noted, or it settled itself'),
  kind: kind.optional(),
  assignee: z
    .union([z.literal('me'), z.literal('none'), z.uuid()])
    .optional()
    .describe('Who looks after it: `me`, `none`, or the id of a membership'),
  memberId: z.uuid().optional().describe('One of those whom it is about'),
  dueBefore: askedDate.optional().describe('Due before this day'),
  sort: z.enum(['due', 'opened']).default('due').describe('By which the first come first')
})

const place = [kind, z.uuid(), z.int().min(1)] as const
const sane = (at: string) => at >= '1970'
export const cursorShapes = {
  due: z.tuple([z.iso.date().refine(sane), ...place]),
  opened: z.tuple([z.iso.datetime({ precision: 6 }).refine(sane), ...place])
}

export const assigneeSchema = z.strictObject({
  memberId: z.uuid().nullable().describe('An active broker or admin of this timebank; null: nobody in particular')
})

export const snoozeSchema = z.strictObject({
  until: z.iso
    .date()
    .nullable()
    .describe('The day on which it is back in the queue, after today and at most 366 days away; null: it is back now')
})

const outcomesOf = followUpKinds.map((name) => `${name}: ${kinds[name].outcomes.join(', ')}`).join('; ')

export const outcomeSchema = z.strictObject({
  outcome: z.enum(outcomeNames).describe(`What came of it. Of ${outcomesOf}`),
  note: text(1000).optional().describe('For staff only; blanked when the member is erased')
})

const party = z.object({
  memberId: z.uuid().nullable(),
  memberNumber: z.int().nullable(),
  organisationId: z.uuid().nullable(),
  name: z.string().nullable().describe('Not shown to those who may audit only')
})

const person = z.object({
  memberId: z.uuid(),
  memberNumber: z.int().nullable(),
  name: z.string().nullable().describe('Not shown to those who may audit only')
})

export const followUpSchema = z
  .object({
    id: z.string(),
    kind,
    state: z.enum(followUpStates),
    subject: z
      .object({ type: z.enum(subjectTypes), id: z.uuid() })
      .describe('What it is about; of a crossed limit the transfer that crossed it first'),
    member: party.nullable().describe('Who is to be spoken with; null: an account of nobody, or an anonymous party'),
    other: party.nullable().describe('The other side, where there is one'),
    suggestedStep: z.object({
      code: z.enum(followUpSteps),
      text: z.string().describe('In the language of who asks')
    }),
    since: z.iso.datetime().describe('When its cause began, UTC'),
    openedAt: z.iso.datetime().describe('When it came into the queue, UTC'),
    dueOn: date,
    assignee: person.nullable().describe('Who looks after it; at first the broker of the member'),
    snoozedUntil: date.nullable().describe('The day on which it is back in the queue'),
    crossing: z
      .object({
        account: accountSchema.shape.account,
        owner: lineSchema.shape.counterparty.describe(
          'Whose account it is; without the name to those who may audit only'
        ),
        limitMinutes: minutes('The soft limit that was crossed'),
        balanceMinutes: minutes('The balance after it'),
        times: z.int().describe('How often the limit was crossed from then on, while it was open'),
        latestAt: z.iso.datetime().describe('When last, UTC'),
        now: z
          .object({
            balanceMinutes: minutes('Balance'),
            availableMinutes: minutes('Balance less what is set aside from it'),
            limitMinutes: minutes('The same limit as it is now, null: none').nullable(),
            outside: z.boolean().describe('The balance lies outside of it now')
          })
          .describe('The account as it is now')
      })
      .nullable()
      .describe('Of a crossed limit; null otherwise'),
    outcome: z
      .enum([...outcomeNames, settledItself])
      .nullable()
      .describe('What came of it; settled_itself: its cause had gone. null: not closed'),
    note: z.string().nullable().describe('Not shown to those who may audit only'),
    notedBy: z.uuid().nullable().describe('Membership; null: it settled itself'),
    closedAt: z.date().nullable(),
    round: z.int().describe('Counts those of this kind about this subject, from 1'),
    previousId: z.string().nullable().describe('The one before it of this kind about this subject')
  })
  .meta({ id: 'FollowUp', description: 'Something for a broker to look after until what came of it is noted' })

export const summarySchema = z
  .object({
    items: z.array(
      z.object({
        kind,
        assignee: person.nullable().describe('null: nobody in particular'),
        open: z.int(),
        overdue: z.int().describe('Open, and due before today'),
        snoozed: z.int()
      })
    ),
    open: z.int(),
    overdue: z.int(),
    snoozed: z.int()
  })
  .meta({
    id: 'FollowUpSummary',
    description: 'How many follow-ups are not closed, by kind and by who looks after them'
  })

export const firstRepliesQuery = z.strictObject({
  from: askedDate.describe('First day of the window, in the time zone of the timebank'),
  to: askedDate.describe('The day after its last')
})

const replyTimes = z.object({
  replied: z
    .object({
      value: z.number().nullable().describe('n/d to 4 decimals, half up; null when d is 0'),
      n: z.int().describe('Of these, answered by now'),
      d: z.int().describe('Opened, or begun, in the window')
    })
    .describe('Share of those that have had an answer by now'),
  unanswered: z.int(),
  medianMinutes: z.int().nullable().describe('Of the answered ones, by nearest rank; whole minutes; null: none'),
  p90Minutes: z.int().nullable().describe('By nearest rank; whole minutes; null: none')
})

export const firstRepliesSchema = z
  .object({
    from: z.iso.date(),
    to: z.iso.date(),
    requests: replyTimes.describe('Of requests opened in the window'),
    messages: replyTimes.describe('Of first messages written in the window about an offer, a request or an exchange')
  })
  .meta({ id: 'FirstReplies', description: 'How soon requests and first messages are answered' })
