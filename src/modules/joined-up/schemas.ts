import { z } from 'zod'
import { staff } from '../../http/index.ts'
import { joinedUpKinds, joinedUpStates } from '../../shared/joined-up.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { attentions } from './states.ts'

export const tags = ['Joined-up view']
/** Whom it is about, who supports them in the scope `view`, and staff. */
export const concerned = { member: 'own', ...staff } as const

export const memberParams = z.object({
  ...timebankParams.shape,
  member: z.string().max(36).describe('Id or number of the member, or `me`')
})

const kind = z
  .enum(joinedUpKinds)
  .describe(
    'service_request: what an agency has asked for; exchange: given for somebody’s work or by an organisation, or come of a referral; arrangement: meetings once or again and again; budget: hours set aside'
  )
const category = z.object({ id: z.uuid(), slug: z.string(), name: z.string() })
const next = z
  .object({
    on: z.iso.date().describe('Calendar date there'),
    startsAt: z.date().nullable().describe('null: no time is set yet')
  })
  .nullable()
  .describe('When next, of it or of what belongs to it; null: nothing is planned')
const partOf = z
  .uuid()
  .nullable()
  .describe('The contribution that it came of and is counted with; null: it counts by itself')
const overlap = z.boolean().describe('Another contribution is open in the same category')
const count = (what: string) => z.int().min(0).describe(what)

export const joinedUpSchema = z
  .object({
    memberId: z.uuid(),
    asOf: z.date(),
    contributions: z
      .array(
        z.object({
          kind,
          kindText: z.string().describe('The same in words, in the language of who asks'),
          id: z.uuid().describe('Of the service request, exchange, arrangement or budget'),
          partOf,
          organisation: z
            .object({ id: z.uuid(), name: z.string() })
            .nullable()
            .describe('Whose contribution it is; null: no organisation’s'),
          category: category.nullable().describe('null: a budget'),
          title: z.string().nullable(),
          state: z.enum(joinedUpStates),
          stateText: z.string().describe('The same in words, in the language of who asks'),
          since: z.date().describe('When it was asked for or proposed'),
          next,
          until: z.iso.date().nullable().describe('The last day; null: none is set'),
          people: z
            .array(
              z.object({
                part: z.enum(['asks', 'gives']),
                name: z.string(),
                capacity: z.enum(['citizen', 'professional', 'organisation'])
              })
            )
            .describe('Who asked for it, who gives'),
          overlap,
          overlapsWith: z.array(z.uuid()).describe('Ids of the others in the same category')
        })
      )
      .describe('The oldest first'),
    overlaps: z
      .array(z.object({ category, contributions: z.array(z.uuid()), organisations: z.array(z.string()) }))
      .describe('Categories in which two or more contributions are open'),
    attention: z
      .array(
        z.object({
          code: z.enum(attentions),
          text: z.string().describe('In the language of who asks'),
          contributions: z.array(z.uuid())
        })
      )
      .describe(
        'answer_wanted: something waits for the person; overlap: see overlaps; many_people: four or more different people come'
      ),
    figures: z.object({
      agencies: count('Different organisations'),
      contributions: count('Without those that belong to another'),
      people: count('Different people who have asked or give'),
      peopleWhoCome: count('Different people who give'),
      visits: z
        .object({ value: z.int().min(0), from: z.iso.date(), to: z.iso.date() })
        .describe(
          'How often somebody came for their work or for an organisation within 28 days, today the last: settled, or planned and not called off'
        ),
      categoriesWithOverlap: count('Length of overlaps')
    })
  })
  .meta({ id: 'JoinedUpView', description: 'All that is open around one person' })
export type JoinedUpView = z.output<typeof joinedUpSchema>

export const agencyViewSchema = z
  .object({
    serviceRequestId: z.uuid(),
    asOf: z.date(),
    contributions: z
      .array(
        z.object({
          kind,
          id: z.uuid(),
          partOf,
          category: category.nullable().describe('null: a budget'),
          title: z.string().nullable().describe('Your own words, of a service request; null of all else'),
          status: z.string().nullable().describe('Of the kind; null: not shared with you (share_status)'),
          since: z.date(),
          next,
          withheld: z
            .array(z.enum(['status', 'next']))
            .describe('What the person does not share with you at this moment: share_status, share_attendance'),
          overlap
        })
      )
      .describe('Your own'),
    others: z
      .array(
        z.object({
          organisation: z.string().describe('Name'),
          category: category.nullable().describe('null: hours set aside, which have none'),
          overlap
        })
      )
      .nullable()
      .describe('Other organisations that are involved, each with each category once; null: not shared with you'),
    overlaps: z
      .array(category)
      .describe('Categories in which two or more contributions are open, of those that you see here'),
    withheld: z.array(z.literal('others')).describe('others: the person has not given you see_others_involved')
  })
  .meta({ id: 'AgencyJoinedUpView', description: 'What an agency sees of what is open around a person' })
export type AgencyView = z.output<typeof agencyViewSchema>

const ratio = z.object({
  value: z.number().nullable().describe('n / d to 4 decimals, half up; null where d is 0'),
  n: z.int(),
  d: z.int()
})

export const figuresSchema = z
  .object({
    asOf: z.date(),
    people: count('People with at least one open contribution'),
    severalAgencies: ratio.describe('n: of these with two or more agencies; d: people'),
    withOverlap: ratio.describe('n: of these with two or more contributions in one category; d: people'),
    meanAgencies: ratio.describe('n: different organisations around each, summed; d: people'),
    meanPeopleInvolved: ratio.describe('n: different people who ask or give around each, summed; d: people'),
    combinations: z
      .array(
        z.object({
          category: z.string(),
          organisations: z.array(z.string()).describe('By name'),
          people: z.int().describe('Around whom they overlap')
        })
      )
      .describe('Organisations that overlap in a category, the ten most frequent'),
    suppressedCombinations: count('Combinations left out: fewer people than smallestPublishedCell of the policy')
  })
  .meta({ id: 'JoinedUpFigures', description: 'How many agencies and people are around people, as things stand now' })
export type FiguresView = z.output<typeof figuresSchema>
