import { z } from 'zod'
import { pageQuery } from '../../http/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { circleStatuses, obstacles } from './circles.ts'

export const circleParams = z.object({ ...timebankParams.shape, circle: z.uuid() })
export const searchParams = z.object({ ...timebankParams.shape, search: z.uuid() })

export const searchListQuery = z.strictObject(pageQuery)

export const searchRequestSchema = z
  .strictObject({
    seconds: z
      .int()
      .min(1)
      .max(20)
      .default(5)
      .describe('After this long the best that has been found is taken; seconds')
  })
  .nullish()

const count = (what: string) => z.int().nullable().describe(`${what}; null: not yet done`)

export const searchSchema = z
  .object({
    id: z.uuid(),
    state: z.enum(['waiting', 'running', 'done', 'failed']),
    requestedBy: z.uuid().nullable().describe('Membership; null: the service by itself, as the policy says'),
    requestedAt: z.date(),
    finishedAt: z.date().nullable(),
    seconds: z.number().nullable().describe('How long the search itself took'),
    budgetSeconds: z.number().describe('How long it was allowed to take'),
    members: count('Members with both an open offer and an open request'),
    offers: count('Open offers'),
    requests: count('Open requests'),
    circles: count('Circles suggested'),
    membersHelped: count('Members in these circles'),
    bound: z
      .enum(['time', 'rings', 'listings'])
      .nullable()
      .describe(
        'null: everything was looked at. time, rings: the best that was found within the time, or among as many rings as are looked at. listings: there were more offers or requests than are taken'
      )
  })
  .meta({ id: 'CircleSearch', description: 'A search for circles and what came of it' })

export const listQuery = z.strictObject({
  ...pageQuery,
  status: z.enum(circleStatuses).optional(),
  search: z.uuid().optional().describe('Of this search'),
  exchange: z.uuid().optional().describe('The one that this exchange is part of'),
  mine: z.enum(['true', 'false']).default('false').describe('`true`: staff too see only those that they are in')
})

export const answerSchema = z
  .strictObject({
    memberId: z
      .uuid()
      .optional()
      .describe('On behalf of this member, who is offline; for staff who are not in the circle themselves')
  })
  .nullish()

export const agreementSchema = z
  .strictObject({
    memberId: z
      .uuid()
      .optional()
      .describe('On behalf of this member, who is offline; for staff who are not in the circle'),
    minutes: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .describe('What you agree to, in minutes; refused when the circle says otherwise')
  })
  .nullish()

const person = z.object({
  memberId: z.uuid().nullable().describe('null: keeps their profile to staff, until the circle goes ahead'),
  name: z.string().nullable()
})

const linkSchema = z.object({
  provider: person.describe('Who gives'),
  receiver: person.describe('Who is helped'),
  offerId: z.uuid(),
  offerTitle: z.string(),
  requestId: z.uuid(),
  requestTitle: z.string(),
  categoryId: z.uuid().describe("The request's, and the exchange's"),
  exchangeId: z.uuid().nullable().describe('null: the circle has not gone ahead')
})

export const circleSchema = z
  .object({
    id: z.uuid(),
    status: z
      .enum(circleStatuses)
      .describe(
        'suggested: seen by staff only; proposed: waits for all its members; not_going_ahead: not all have agreed in time, whatever the reason'
      ),
    minutes: z.int().describe('That each gives and each receives; minutes'),
    size: z.int().describe('Members in it'),
    proposedAt: z.date().nullable(),
    expiresAt: z.date().nullable().describe('Until then answers are taken'),
    agreed: z
      .int()
      .nullable()
      .describe(
        'How many have agreed; null where that could tell who has not: once it is decided, and to members of circles of fewer than four'
      ),
    gives: linkSchema.nullable().describe('What the caller would give; null: the caller is not in it'),
    receives: linkSchema.nullable().describe('What the caller would receive; null: the caller is not in it'),
    haveAgreed: z.boolean().describe('Whether the caller has agreed'),
    links: z.array(linkSchema).nullable().describe('The whole ring, in its order; for staff'),
    searchId: z.uuid().nullable().describe('For staff'),
    obstacle: z
      .enum(obstacles)
      .nullable()
      .describe('For staff: what stood in the way after all had agreed, in general terms')
  })
  .meta({ id: 'Circle', description: 'A ring in which everybody gives as long as they receive' })

export const proposedSchema = z
  .object({
    proposed: z.int().describe('Circles'),
    left: z.int().describe('Circles that no longer hold: a listing or a member in them is not to be had')
  })
  .meta({ id: 'CirclesProposed' })

/** Steps that need nothing said: an empty object or no body at all. */
export const emptySchema = z.strictObject({}).nullish()
