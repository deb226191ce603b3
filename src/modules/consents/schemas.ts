import { z } from 'zod'
import { lines, pageQuery } from '../../http/index.ts'
import { languages } from '../../shared/words/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { consentPurposes, consentScopes, consentStatuses, consentVoices, consentWays } from './vocabulary.ts'

export const memberParams = z.object({
  ...timebankParams.shape,
  member: z.string().max(36).describe('Id or number of the member, or `me`')
})
export const consentParams = z.object({ ...memberParams.shape, consent: z.uuid() })

const purpose = z
  .enum(consentPurposes)
  .describe(
    'referral: what an organisation has asked for on behalf of the member; joined_up: the page of all that goes on around them, with the scope see_others_involved alone'
  )
const scopes = z
  .array(z.enum(consentScopes))
  .min(1)
  .max(consentScopes.length)
  .describe(
    'contact: the timebank may get in touch about it; share_status: the organisation learns how far it has come; share_attendance: on which days and for how long; share_outcome: what came of it; see_others_involved: which other organisations are involved, by name and category'
  )
const language = z.string().regex(/^[a-z]{2,3}$/, 'a language such as en or cy')
const version = z.int().min(1).max(1_000_000)

export const givingSchema = z.strictObject({
  organisationId: z.uuid().describe('Who is allowed something: the controller'),
  purpose,
  scopes,
  wordingVersion: version.describe('Of the words that were shown; see consent-wordings'),
  language: language.optional().describe("In which they were shown; default: the timebank's, where the version has it"),
  how: z
    .enum(consentWays)
    .optional()
    .describe('For staff: how they were told, in_person, phone or writing. What one gives oneself is given online'),
  givenBy: z
    .uuid()
    .optional()
    .describe('For staff: membership of who said it, the member (default) or who supports them in the scope consents'),
  validTo: z.iso
    .date()
    .nullable()
    .optional()
    .describe('Last day of it, in the time zone of the timebank; null or left out: until it is withdrawn')
})

export const withdrawalSchema = z
  .strictObject({
    scopes: scopes.optional().describe('Only these; left out: all of it'),
    how: z
      .enum(consentWays)
      .optional()
      .describe('For staff and agencies: how they were told, in_person, phone or writing'),
    voice: z
      .enum(consentVoices)
      .optional()
      .describe('For staff and agencies: who told them, the member (default), a supporter or a guardian')
  })
  .nullish()

const listed = { ...pageQuery, purpose: purpose.optional(), status: z.enum(consentStatuses).optional() }
export const ofMemberQuery = z.strictObject({
  ...listed,
  organisationId: z.uuid().optional().describe('Given to this one')
})
export const allQuery = z.strictObject({
  ...listed,
  organisationId: z
    .uuid()
    .optional()
    .describe('Given to this one; agencies see those given to them, whatever is asked'),
  memberId: z.uuid().optional().describe('Given by this member')
})

export const consentSchema = z
  .object({
    id: z.uuid(),
    memberId: z.uuid().describe('Who has given it, or for whom it was given'),
    organisationId: z.uuid(),
    organisationName: z.string(),
    purpose,
    status: z
      .enum(consentStatuses)
      .describe('superseded: a later one to the same organisation for the same purpose has taken its place'),
    scopes: z.array(z.enum(consentScopes)).describe('As they were given'),
    standing: z.array(z.enum(consentScopes)).describe('Those of them that hold now'),
    wordingVersion: z.int().describe('Of the words that were shown'),
    language: z.string().describe('In which they were shown'),
    voice: z.enum(consentVoices).describe('In whose words it was given'),
    givenBy: z.uuid().nullable().describe('Membership of who gave it; null: not for agencies'),
    how: z.enum(consentWays),
    givenAt: z.date(),
    recordedBy: z.uuid().nullable().describe('Membership of who wrote it down; null: the service, or not for agencies'),
    validTo: z.iso.date().nullable(),
    subjectType: z.string().nullable().describe('What it came with, such as service_request'),
    subjectId: z.uuid().nullable(),
    closedAt: z.date().nullable().describe('When it was withdrawn as a whole, superseded or expired'),
    supersededBy: z.uuid().nullable().describe('The consent that has taken its place'),
    withdrawals: z
      .array(
        z.object({
          scope: z.enum(consentScopes),
          at: z.date(),
          voice: z.enum(consentVoices).nullable().describe('In whose words; null: not for agencies'),
          how: z
            .enum([...consentWays, 'leaving'])
            .nullable()
            .describe('leaving: with the membership; null: not for agencies'),
          recordedBy: z.uuid().nullable()
        })
      )
      .describe('Scopes that were taken back')
  })
  .meta({ id: 'Consent', description: 'What a person allows an organisation for one purpose' })

export const wordingQuery = z.strictObject({ purpose: purpose.optional() })
export const newWordingSchema = z.strictObject({
  purpose,
  texts: z
    .array(
      z.strictObject({
        language,
        text: lines(5000).min(1).describe('What people are shown who are asked; 1 to 5,000 characters')
      })
    )
    .min(1)
    .max(20)
    .refine((texts) => new Set(texts.map((one) => one.language)).size === texts.length, 'each language once')
    .describe('One text for each language')
})
export const wordingSchema = z
  .object({
    purpose,
    version: z.int().describe(`1: built in, in ${languages.join(', ')}; later ones are the timebank's own`),
    language: z.string(),
    text: z.string(),
    addedBy: z.uuid().nullable().describe('Membership; null: built in'),
    addedAt: z.date().nullable()
  })
  .meta({ id: 'ConsentWording', description: 'The words that somebody is shown who is asked for consent' })
export const wordingsSchema = z.object({ items: z.array(wordingSchema) }).meta({ id: 'ConsentWordings' })

export const disclosureQuery = z
  .strictObject({
    ...pageQuery,
    organisationId: z.uuid().optional().describe('Read by this organisation'),
    from: z.iso.date().optional().describe('Not before this day, in the time zone of the timebank'),
    to: z.iso.date().optional().describe('Not after this day')
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    path: ['to'],
    error: 'must not be before from'
  })

export const disclosureSchema = z
  .object({
    id: z.uuid(),
    at: z.date(),
    organisationId: z.uuid(),
    organisationName: z.string(),
    professionalName: z.string().nullable().describe('Who was named as reading; null: was erased since'),
    professionalTitle: z.string().nullable(),
    subjectType: z.string().describe('What was read, such as service_request'),
    subjectId: z.uuid(),
    parts: z.array(z.string()).describe('Which parts of it')
  })
  .meta({ id: 'Disclosure', description: 'That an agency has read something of a person' })
