import { z } from 'zod'
import { line, lines, pageQuery } from '../../http/index.ts'
import { membershipStatuses, roles } from '../../shared/actor.ts'
import { isEmail } from '../identity/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'

import { organisationKinds } from './organisations.ts'

const email = z
  .string()
  .trim()
  .max(254)
  .refine((address) => isEmail(address), 'an e-mail address')
const phone = z
  .string()
  .trim()
  .max(40)
  .regex(/^[+()\d][\d ()./-]{2,}$/, 'a phone number')
const words = (what: string) => z.array(line(80).min(1)).max(50).describe(what)
const languageTag = z.string().regex(/^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,4}$/, 'a language tag such as en, cy or es-MX')
const visibility = z.enum(['members', 'staff'])
const externalId = line(100).min(1)
const reason = lines(500).min(1)

export const memberParams = z.object({
  ...timebankParams.shape,
  member: z.string().max(36).describe('Id or number of the member, or `me`')
})
export const organisationParams = z.object({ ...timebankParams.shape, organisation: z.uuid() })
export const affiliationParams = z.object({ ...timebankParams.shape, affiliation: z.uuid() })

/** Gifts first, and no field for a deficit. */
const profile = {
  email: email.nullable().optional().describe('Contact; seen by staff, and by members if contactVisibility says so'),
  phone: phone.nullable().optional(),
  otherPhone: phone.nullable().optional(),
  postcode: line(20).min(1).nullable().optional().describe('Seen by staff only'),
  dateOfBirth: z.iso.date().nullable().optional().describe('Seen by staff only'),
  about: lines(4000).min(1).nullable().optional(),
  gifts: words('What they like to give').optional(),
  skills: words('What they can do').optional(),
  interests: words('What they care about').optional(),
  livedExperience: words('What they know from living it, as expertise').optional(),
  languages: z.array(languageTag).max(20).optional(),
  accessNotes: lines(1000).min(1).nullable().optional().describe('What makes taking part easier; seen by staff only'),
  area: line(80).min(1).nullable().optional().describe('Coarse: a district or village'),
  latitude: z.number().min(-90).max(90).nullable().optional().describe('Seen by staff only'),
  longitude: z.number().min(-180).max(180).nullable().optional().describe('Seen by staff only'),
  profileVisibility: visibility.optional().describe('`staff`: other members do not find this profile'),
  contactVisibility: visibility.optional()
}

const displayName = line(120).min(1)

export const applicationSchema = z.strictObject({ displayName, ...profile }).meta({ id: 'MembershipApplication' })

export const addMemberSchema = z
  .strictObject({
    displayName,
    ...profile,
    signIn: z
      .boolean()
      .optional()
      .describe('Whether the e-mail address is also for signing in; false for a shared address. Default: true'),
    locale: languageTag.optional(),
    roles: z.array(z.enum(roles)).max(4).optional().describe('Beside member; for admins to give'),
    supported: z.boolean().optional(),
    brokerId: z.uuid().nullable().optional(),
    status: z
      .enum(['applied', 'active'])
      .optional()
      .describe('`active` only with what the policy asks for. Default: applied'),
    screeningDone: z
      .strictObject({ references: z.int().min(0).max(5), interview: z.enum(['none', 'any', 'in_person']) })
      .optional()
      .describe('What was done before the member was entered'),
    externalSource: externalId.nullable().optional(),
    externalId: externalId.nullable().optional()
  })
  .refine((member) => ((member.externalSource ?? null) === null) === ((member.externalId ?? null) === null), {
    path: ['externalId'],
    error: 'externalSource and externalId go together'
  })
  .meta({ id: 'NewMember' })

export const updateMemberSchema = z
  .strictObject({
    displayName: displayName.optional(),
    ...profile,
    supported: z.boolean().optional().describe('Whether somebody helps them with their account; for staff to say')
  })
  .meta({ id: 'MemberChange' })

/** One shape for all who look; what is not for them is left out. */
export const memberSchema = z
  .object({
    id: z.uuid(),
    number: z.int(),
    displayName: z.string().optional(),
    about: z.string().nullable().optional(),
    gifts: z.array(z.string()).optional(),
    skills: z.array(z.string()).optional(),
    interests: z.array(z.string()).optional(),
    livedExperience: z.array(z.string()).optional(),
    languages: z.array(z.string()).optional(),
    area: z.string().nullable().optional(),
    email: z.string().nullable().optional().describe('Own, staff, and members as far as contactVisibility says'),
    phone: z.string().nullable().optional(),
    otherPhone: z.string().nullable().optional(),
    status: z.enum(membershipStatuses).optional().describe('Own, staff and auditors'),
    statusSince: z.date().optional(),
    roles: z.array(z.enum(roles)).optional(),
    accountId: z.int().optional(),
    joinedOn: z.iso.date().nullable().optional(),
    leftOn: z.iso.date().nullable().optional(),
    createdAt: z.date().optional(),
    brokerId: z.uuid().nullable().optional().describe('Own and staff, as all that follows'),
    supported: z.boolean().optional(),
    vettedUntil: z.iso.date().nullable().optional().describe('Last day on which the vetting noted last holds'),
    postcode: z.string().nullable().optional(),
    dateOfBirth: z.iso.date().nullable().optional(),
    accessNotes: z.string().nullable().optional(),
    latitude: z.number().nullable().optional(),
    longitude: z.number().nullable().optional(),
    profileVisibility: visibility.optional(),
    contactVisibility: visibility.optional(),
    externalSource: z.string().nullable().optional(),
    externalId: z.string().nullable().optional(),
    rowVersion: z.int().optional()
  })
  .meta({ id: 'Member' })

export const memberQuery = z.strictObject({
  ...pageQuery,
  status: z.enum(membershipStatuses).optional().describe('For staff and auditors'),
  role: z.enum(roles).optional().describe('For staff and auditors'),
  broker: z.uuid().optional().describe('Members of this broker; for staff'),
  q: z
    .string()
    .trim()
    .min(1)
    .max(80)
    .regex(/^\P{Cc}*$/u, 'no control characters')
    .optional()
    .describe('A number, or part of a name'),
  language: languageTag.optional(),
  area: line(80).min(1).optional().describe('Exactly as in the profile')
})

export const loginSchema = z.strictObject({ email: email.describe('To sign in by; not shown to other members') })

/** For what needs no more than being asked. */
export const nothing = z.strictObject({}).nullish()
export const maybeReason = z.strictObject({ reason: reason.optional() }).nullish()
export const withReason = z.strictObject({
  reason: reason.min(3).describe('Kept in the audit; never shown to other members')
})

export const departureSchema = z
  .strictObject({
    reason: reason.optional(),
    balanceTo: z
      .string()
      .max(36)
      .optional()
      .describe('Id or number of the member who gets a positive balance, where the policy lets one be named')
  })
  .nullish()

export const rolesSchema = z.strictObject({
  roles: z.array(z.enum(roles)).max(4).describe('All of them; everybody stays a member'),
  reason: reason.optional()
})

export const brokerSchema = z.strictObject({
  brokerId: z.uuid().nullable().describe('Membership of the broker; null: nobody in particular')
})

export const newScreeningSchema = z
  .strictObject({
    kind: z.enum(['reference', 'interview', 'vetting']),
    heldOn: z.iso.date().describe('Calendar date in the time zone of the timebank; not in the future'),
    inPerson: z.boolean(),
    satisfactory: z.boolean().describe('False for `vetting`: what held before holds no longer'),
    validUntil: z.iso.date().optional().describe('For `vetting`, and needed there: the last day on which it holds'),
    note: lines(2000).min(1).nullable().optional().describe('Seen by staff only')
  })
  .meta({ id: 'NewScreening' })

export const screeningSchema = z
  .object({
    id: z.uuid(),
    kind: z.enum(['reference', 'interview', 'vetting']),
    heldOn: z.iso.date(),
    inPerson: z.boolean(),
    satisfactory: z.boolean(),
    validUntil: z.iso.date().nullable().describe('Of `vetting`: the last day on which it holds'),
    note: z.string().nullable(),
    recordedBy: z.uuid().nullable(),
    recordedAt: z.date()
  })
  .meta({ id: 'Screening' })

export const relativeParams = z.object({
  ...memberParams.shape,
  relative: z.string().max(36).describe('Id or number of the other member')
})

export const relativeSchema = z
  .object({
    memberId: z.uuid(),
    memberNumber: z.int(),
    name: z.string(),
    notedBy: z.uuid().nullable().describe('Membership of who noted it'),
    notedAt: z.date()
  })
  .meta({ id: 'Relative' })

const website = z.url({ protocol: /^https?$/ }).max(300)

const organisationFields = {
  about: lines(4000).min(1).nullable().optional(),
  area: line(80).min(1).nullable().optional(),
  email: email.nullable().optional(),
  phone: phone.nullable().optional(),
  website: website.nullable().optional()
}

export const newOrganisationSchema = z
  .strictObject({ name: line(120).min(1), kind: z.enum(organisationKinds), ...organisationFields })
  .meta({ id: 'NewOrganisation' })

export const organisationChangeSchema = z
  .strictObject({
    name: line(120).min(1).optional(),
    kind: z.enum(organisationKinds).optional(),
    ...organisationFields
  })
  .meta({ id: 'OrganisationChange' })

export const organisationSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    kind: z.enum(organisationKinds),
    about: z.string().nullable(),
    area: z.string().nullable(),
    email: z.string().nullable(),
    phone: z.string().nullable(),
    website: z.string().nullable(),
    status: z.enum(['active', 'closed']),
    accountId: z.int().optional().describe('For staff, auditors and those who act for it'),
    createdAt: z.date(),
    rowVersion: z.int()
  })
  .meta({ id: 'Organisation' })

export const organisationQuery = z.strictObject({ ...pageQuery, status: z.enum(['active', 'closed']).optional() })

export const newAffiliationSchema = z
  .strictObject({
    memberId: z.string().max(36).describe('Id or number'),
    title: line(120).min(1).nullable().optional(),
    professional: z.boolean().describe('Covers the professional capacity'),
    actsFor: z.boolean().describe('Lets the member act for the organisation'),
    validFrom: z.iso.date().optional().describe('Default: today. A day before today is for staff'),
    validTo: z.iso.date().nullable().optional().describe('The last day; null: until further notice')
  })
  .meta({ id: 'NewAffiliation' })

export const endAffiliationSchema = z.strictObject({
  validTo: z.iso.date().optional().describe('The last day. Default: today')
})

export const affiliationSchema = z
  .object({
    id: z.uuid(),
    organisationId: z.uuid(),
    organisationName: z.string(),
    memberId: z.uuid(),
    memberNumber: z.int(),
    memberName: z.string().optional(),
    title: z.string().nullable().optional(),
    professional: z.boolean(),
    actsFor: z.boolean(),
    validFrom: z.iso.date(),
    validTo: z.iso.date().nullable(),
    status: z.enum(['proposed', 'accepted']).describe('`proposed`: counts for nothing until the member accepts'),
    rowVersion: z.int()
  })
  .meta({ id: 'Affiliation' })
