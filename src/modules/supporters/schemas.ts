import { z } from 'zod'
import { pageQuery } from '../../http/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { authorities, sightings, supportKinds, supportScopes, supportStatuses } from './vocabulary.ts'

export const memberParams = z.object({
  ...timebankParams.shape,
  member: z.string().max(36).describe('Id or number of the member, or `me`')
})
export const supportParams = z.object({ ...timebankParams.shape, support: z.uuid() })

const scopes = z
  .array(z.enum(supportScopes))
  .max(supportScopes.length)
  .describe(
    'What the supporter may do in the name of the member: view (read what the member may read of what organisations do and see), consents (give and take back consents), budget (plan and agree hour budgets)'
  )
const validTo = z.iso
  .date()
  .nullable()
  .describe('Last day of it, in the time zone of the timebank; null: until further notice')

export const proposalSchema = z.strictObject({
  supporter: z.string().max(36).describe('Id or number of the member who is asked'),
  kind: z.enum(supportKinds).default('supporter').describe('`guardian`: for staff only, who have seen the authority'),
  scopes: scopes.default([]),
  validTo: validTo.optional(),
  authority: z
    .strictObject({
      from: z.enum(authorities).describe('Where the authority of a guardian comes from'),
      seen: z.enum(sightings).describe('How it was seen'),
      seenOn: z.iso.date()
    })
    .optional()
    .describe('Of guardians, and of them always')
})

export const changeSchema = z
  .strictObject({
    scopes: scopes.optional().describe('All of them: what is left out is taken back'),
    validTo: validTo.optional()
  })
  .refine((change) => Object.keys(change).length > 0, { error: 'says nothing to change' })

/** Steps that need nothing said: an empty object or no body at all. */
export const emptySchema = z.strictObject({}).nullish()

export const listQuery = z.strictObject({ ...pageQuery, status: z.enum(supportStatuses).optional() })

const party = z.object({ id: z.uuid(), number: z.int(), name: z.string() })

export const supportSchema = z
  .object({
    id: z.uuid(),
    member: party.describe('Who is supported'),
    supporter: party,
    kind: z.enum(supportKinds),
    status: z
      .enum(supportStatuses)
      .describe(
        'proposed: waits for the supporter, 28 days at most; revoked: taken back by the member, or for a guardian by staff; ended: by the supporter, or because one of the two has left; expired: its time is over'
      ),
    scopes: z.array(z.enum(supportScopes)),
    validTo: z.iso.date().nullable(),
    authority: z
      .object({ from: z.enum(authorities), seen: z.enum(sightings), seenOn: z.iso.date() })
      .nullable()
      .describe('Of guardians'),
    proposedAt: z.date(),
    proposedBy: z.uuid().nullable().describe('Membership of who proposed or entered it'),
    activeSince: z.date().nullable(),
    closedAt: z.date().nullable(),
    rowVersion: z.int()
  })
  .meta({ id: 'Support', description: 'Who stands by a member, and what they may do in the name of the member' })
