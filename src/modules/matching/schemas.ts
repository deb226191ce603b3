import { z } from 'zod'
import { maxLimit, pageQuery } from '../../http/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'

import { reasonCodes } from './reasons.ts'
import { sideNames } from './standing.ts'

export const candidatesParams = {
  request: z.object({ ...timebankParams.shape, request: z.uuid() }),
  offer: z.object({ ...timebankParams.shape, offer: z.uuid() })
}

export const candidatesQuery = z.strictObject({
  // one alone would be no choice
  limit: z.coerce
    .number()
    .int()
    .min(2)
    .max(maxLimit)
    .default(10)
    .describe(`Candidates per page, 2 to ${maxLimit}: nobody is shown one alone where there are two`),
  cursor: z
    .string()
    .max(500)
    .optional()
    .describe('The `next` of the page before; opaque. Its order is that of the day it began on'),
  peerFirst: z
    .enum(['true', 'false'])
    .optional()
    .describe(
      "Citizens before organisations at about equal fit; default: the policy's rule. Organisations are never left out"
    )
})

const int4 = z.int().min(-2_147_483_648).max(2_147_483_647)
export const placeShape = z.tuple([z.iso.date(), int4, int4, z.uuid(), z.uuid()])

export const partySchema = z.object({
  memberId: z.uuid(),
  memberNumber: z.int(),
  displayName: z.string()
})

export const organisationOut = z.object({ id: z.uuid(), name: z.string() })

const reason = z.object({
  code: z.enum(reasonCodes),
  text: z.string().describe("In the caller's language"),
  part: z
    .int()
    .optional()
    .describe('How well the two fit in this, 0 to 100 in coarse steps; for staff. It says nothing about a person')
})

export const candidateSchema = z
  .object({
    kind: z.enum(['offer', 'request', 'member']).describe('member: by the profile, without an offer or a request'),
    listing: z
      .object({
        id: z.uuid(),
        title: z.string(),
        categoryId: z.uuid(),
        mode: z.string(),
        setting: z.string(),
        area: z.string().nullable(),
        estimatedMinutes: z.int().nullable().describe('minutes')
      })
      .nullable()
      .describe('The offer or request that fits best of those of its owner; null for a member'),
    owner: partySchema.nullable().describe('Null: does not show their profile'),
    organisation: organisationOut
      .nullable()
      .describe('Whose it is; it is given by their people, professionals among them'),
    reasons: z
      .array(reason)
      .describe('What speaks for it, in words. There is no score: only the order says which fits better')
  })
  .meta({ id: 'Candidate' })

export const candidatesSchema = z
  .object({
    items: z.array(candidateSchema),
    next: z.string().nullable().describe('Cursor of the next page; null: this was the last'),
    total: z
      .int()
      .describe('How many were compared and fit; of very many only the nearest by category, words and place are'),
    professionals: z.int().describe('How many of them are organisations’. The best of these is on the first page')
  })
  .meta({ id: 'Candidates' })

export const matchParams = z.object({ ...timebankParams.shape, match: z.uuid() })

const pair = {
  requestId: z.uuid(),
  offerId: z.uuid().optional().describe('The offer that fits; its owner would give'),
  memberId: z.uuid().optional().describe('A member who would give, without an offer')
}

export const suggestSchema = z.strictObject(pair)

export const proposeSchema = z.strictObject({
  ...pair,
  memberId: pair.memberId.describe('A member who would give, without an offer; without either: yourself'),
  proposedBy: z
    .enum(sideNames)
    .optional()
    .describe(
      "For which side staff propose: provider (who would give) or receiver (the request's owner); members propose for their own"
    )
})

export const acceptSchema = z
  .strictObject({
    minutes: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .describe('Service minutes that you propose; default: as the request estimates, or the offer'),
    performedOn: z.iso.date().optional().describe('Planned service date, in the time zone of the timebank')
  })
  .nullish()

export const emptySchema = z.strictObject({}).nullish()

export const matchesQuery = z.strictObject({
  ...pageQuery,
  state: z.enum(['open', 'all']).default('open').describe('open: waits for an answer'),
  requestId: z.uuid().optional(),
  offerId: z.uuid().optional(),
  exchangeId: z.uuid().optional().describe('With state=all: the match that an exchange came of')
})

const title = z.object({ id: z.uuid(), title: z.string(), categoryId: z.uuid(), estimatedMinutes: z.int().nullable() })

const sideSchema = z.object({
  member: partySchema.nullable().describe('Null: an organisation, or somebody who does not show their profile'),
  organisation: organisationOut.nullable()
})

export const matchSchema = z
  .object({
    id: z.uuid(),
    status: z
      .enum(['suggested', 'proposed', 'accepted', 'declined', 'withdrawn', 'expired'])
      .describe(
        'declined: seen only by the side that has said no, until its time is over. To everybody else it stands as before and has expired then, like one that nobody answered'
      ),
    request: title,
    offer: title.nullable().describe('Null: a member without an offer'),
    provider: sideSchema.describe('Who would give'),
    receiver: sideSchema.describe("The request's owner"),
    suggested: z.boolean().describe('A broker has suggested it'),
    proposedBy: z.enum(sideNames).nullable().describe('The other side answers; null: only suggested so far'),
    own: z.enum(sideNames).nullable().describe('The side that you speak for'),
    proposedAt: z.date().nullable(),
    expiresAt: z.date().describe('Until then an answer is waited for'),
    exchangeId: z.uuid().nullable().describe('What came of it: an exchange that the accepting side has proposed'),
    createdAt: z.date()
  })
  .meta({ id: 'Match' })

export const waitingSchema = z
  .object({
    requestId: z.uuid(),
    title: z.string(),
    categoryId: z.uuid(),
    owner: partySchema,
    organisation: organisationOut.nullable(),
    status: z.enum(['open', 'matched', 'in_progress']),
    openedAt: z.date().nullable(),
    expiresOn: z.string().nullable(),
    helpersNeeded: z.int(),
    placesTaken: z.int().describe('Filled by exchanges that are agreed, or proposed by who has accepted'),
    asked: z.int().describe('Proposals that wait for an answer')
  })
  .meta({ id: 'WaitingRequest' })

export const waitingQuery = z.strictObject(pageQuery)
