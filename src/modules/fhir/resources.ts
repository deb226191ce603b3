import { z } from 'zod'

/**
 * What is taken of FHIR's resources: the elements that mean something here, strictly. Whatever else R4 knows is refused by its
 * place (outcome.ts says why for what is most likely to be sent), so that nothing about a person gets in where no field is
 * meant for it.
 */

const line = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => !value.includes('\0'), 'must not contain NUL')
    .refine((value) => !/\p{Surrogate}/u.test(value), 'must not contain half a surrogate pair')

const uri = line(500).min(1)
const code = line(100).min(1)
const id = z.string().regex(/^[A-Za-z0-9.-]{1,64}$/, 'letters, digits, - and ., at most 64')
const instant = z.iso.datetime({ offset: true })
const dateTime = z.union([instant, z.iso.date()])

const coding = z.strictObject({
  system: uri.optional(),
  version: line(100).optional(),
  code: code.optional(),
  display: line(200).optional().describe('Not kept: the code says it'),
  userSelected: z.boolean().optional()
})
/** A code, and no words. */
const coded = z.strictObject({ coding: z.array(coding).min(1).max(10) })
export type Coding = z.infer<typeof coding>

const identifier = z.strictObject({
  use: z.enum(['usual', 'official', 'temp', 'secondary', 'old']).optional(),
  system: uri,
  value: line(200).min(1)
})

const reference = z.strictObject({
  reference: line(300).min(1).optional(),
  type: line(100).optional(),
  identifier: identifier.optional(),
  display: line(200).optional()
})
export type Reference = z.infer<typeof reference>

/** Server-kept: taken, and stated anew. */
const meta = z.strictObject({
  profile: z.array(uri).max(10).optional(),
  versionId: line(64).optional(),
  lastUpdated: instant.optional()
})
const head = { id: id.optional().describe('Not kept: the service gives ids'), meta: meta.optional() }

const textExtension = z.strictObject({ url: uri, valueString: line(4000).min(1) })
const numberExtension = z.strictObject({ url: uri, valueInteger: z.int() })
const idExtension = z.strictObject({ url: uri, valueId: id })
const codeExtension = z.strictObject({ url: uri, valueCode: code })
const extension = z.union([textExtension, numberExtension, idExtension, codeExtension])
export type Extension = z.infer<typeof extension>

const language = code.optional()

export const patientIn = z.strictObject({
  resourceType: z.literal('Patient'),
  ...head,
  extension: z.array(textExtension).max(1).optional().describe('preferred-contact: how they like to be reached'),
  identifier: z.array(identifier).max(1).optional().describe("The timebank's member number, and no other"),
  name: z
    .array(
      z.strictObject({
        use: z.enum(['usual', 'official', 'temp', 'nickname', 'anonymous', 'old', 'maiden']).optional(),
        text: line(200).optional(),
        family: line(100).optional(),
        given: z.array(line(100)).max(5).optional(),
        prefix: z.array(line(30)).max(3).optional()
      })
    )
    .max(1)
    .optional(),
  telecom: z
    .array(
      z.strictObject({
        system: z.enum(['phone', 'sms', 'email']),
        value: line(254).min(1),
        use: z.enum(['home', 'work', 'temp', 'old', 'mobile']).optional(),
        rank: z.int().min(1).max(9).optional().describe('1: the way that the person prefers')
      })
    )
    .max(3)
    .optional()
})
export type PatientIn = z.infer<typeof patientIn>

export const consentIn = z.strictObject({
  resourceType: z.literal('Consent'),
  ...head,
  extension: z.array(codeExtension).max(5).optional(),
  status: z.enum(['active']).describe('What a request comes with is in force'),
  scope: coded,
  category: z.array(coded).min(1).max(3),
  patient: reference,
  dateTime,
  performer: z.array(reference).max(1).optional(),
  organization: z.array(reference).max(1).optional(),
  sourceAttachment: z
    .strictObject({
      contentType: z.literal('text/plain'),
      language,
      data: z.base64().max(20_000),
      title: line(200).optional()
    })
    .optional()
    .describe('The words that the person was shown'),
  policyRule: z.strictObject({ coding: z.array(coding).min(1).max(1) }).optional(),
  provision: z
    .strictObject({
      type: z.literal('permit'),
      purpose: z.array(coding).max(3).optional(),
      code: z.array(coded).min(1).max(10)
    })
    .describe('`code`: what is agreed to, of the code system consent-scope')
})
export type ConsentIn = z.infer<typeof consentIn>

const organisationIn = z.strictObject({
  resourceType: z.literal('Organization'),
  ...head,
  identifier: z.array(identifier).max(1).optional(),
  active: z.boolean().optional(),
  name: line(200).optional()
})
const roleIn = z.strictObject({
  resourceType: z.literal('PractitionerRole'),
  ...head,
  identifier: z.array(identifier).max(1).optional(),
  active: z.boolean().optional(),
  practitioner: reference.optional(),
  organization: reference.optional()
})

export const timingIn = z.strictObject({
  extension: z.array(textExtension).max(1).optional(),
  event: z.array(dateTime).max(1).optional().describe('The first time'),
  repeat: z
    .strictObject({
      boundsPeriod: z.strictObject({ start: dateTime.optional(), end: dateTime.optional() }).optional(),
      count: z.int().min(1).max(1000).optional(),
      frequency: z.int().min(1).max(7).optional(),
      period: z.number().positive().max(1000).optional(),
      periodUnit: code.optional(),
      dayOfWeek: z
        .array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']))
        .min(1)
        .max(7)
        .optional()
    })
    .optional()
})

export const priorities = ['routine', 'urgent', 'asap', 'stat'] as const

export const serviceRequestIn = z
  .strictObject({
    resourceType: z.literal('ServiceRequest'),
    ...head,
    language,
    contained: z
      .array(z.discriminatedUnion('resourceType', [patientIn, consentIn, organisationIn, roleIn]))
      .max(5)
      .optional(),
    extension: z.array(extension).max(10).optional(),
    identifier: z.array(identifier).max(1).optional().describe("The agency's own id of it: one id is one request"),
    status: z.enum(['active']).describe('A request is sent once it stands'),
    intent: z.enum(['order']),
    priority: z.enum(priorities).optional(),
    category: z
      .array(coded)
      .min(1)
      .max(4)
      .describe("One of the timebank's, or an SDOH category of the guide that stands for one, or both"),
    code: z
      .strictObject({
        coding: z.array(coding).max(3).optional(),
        text: line(200).min(1)
      })
      .describe('`text`: what is asked for, in a few words'),
    subject: reference.describe('The person by member number or contained; for a need of your own a Location or Group'),
    quantityQuantity: z
      .strictObject({
        value: z.number().positive().max(100_000),
        unit: line(20).optional(),
        system: z.literal('http://unitsofmeasure.org'),
        code: z.enum(['min', 'h'])
      })
      .optional()
      .describe('How long it takes each time'),
    occurrenceDateTime: dateTime.optional(),
    occurrenceTiming: timingIn.optional(),
    authoredOn: dateTime.optional().describe('Not kept: the service says when it took it'),
    requester: reference
      .optional()
      .describe('The professional, by affiliation; who is named in the request is who asks'),
    performer: z.array(reference).max(1).optional(),
    locationCode: z
      .array(z.strictObject({ coding: z.array(coding).max(1).optional(), text: line(200).optional() }))
      .max(1)
      .optional()
      .describe('`coding`: the setting; `text`: the area'),
    supportingInfo: z.array(reference).max(1).optional().describe('The consent, contained')
  })
  .meta({ id: 'FhirServiceRequestNew' })
export type ServiceRequestIn = z.infer<typeof serviceRequestIn>

const statusReason = z.strictObject({ coding: z.array(coding).max(1).optional(), text: line(200).optional() })
export type StatusReason = z.infer<typeof statusReason>

const taskHead = {
  resourceType: z.literal('Task'),
  ...head,
  language,
  identifier: z.array(identifier).max(1).optional(),
  basedOn: z.array(reference).max(1).optional(),
  intent: z.literal('order'),
  priority: z.enum(priorities).optional(),
  code: coded.optional(),
  focus: reference.describe('The ServiceRequest'),
  for: reference.optional(),
  authoredOn: dateTime.optional(),
  lastModified: dateTime.optional(),
  requester: reference.optional(),
  owner: reference.optional()
}

export const taskIn = z.strictObject({ ...taskHead, status: z.enum(['requested']) }).meta({ id: 'FhirTaskNew' })
export type TaskIn = z.infer<typeof taskIn>

/** A Task as it was read, with another status: what else it says is what is there. */
export const taskUpdateIn = z
  .strictObject({
    ...taskHead,
    description: line(200).optional(),
    status: z.string().max(40).optional(),
    _status: z.unknown().optional(),
    statusReason: statusReason.optional(),
    businessStatus: z.unknown().optional(),
    output: z.array(z.unknown()).max(20).optional()
  })
  .meta({ id: 'FhirTaskUpdate' })
export type TaskUpdateIn = z.infer<typeof taskUpdateIn>

/** JSON Patch (RFC 6902) of the status and its reason. */
export const taskPatchIn = z
  .array(
    z.strictObject({
      op: z.enum(['add', 'replace', 'test']),
      path: z.enum(['/status', '/statusReason']),
      value: z.union([z.string().max(40), statusReason])
    })
  )
  .min(1)
  .max(4)
export type TaskPatchIn = z.infer<typeof taskPatchIn>

/** The resources of one or more referrals, together or not at all. */
export const bundleIn = z
  .strictObject({
    resourceType: z.literal('Bundle'),
    id: id.optional(),
    type: z.literal('transaction'),
    entry: z
      .array(
        z.strictObject({
          fullUrl: line(200).min(1).optional().describe('urn:uuid:…, by which the others refer to it'),
          resource: z
            .looseObject({ resourceType: z.enum(['ServiceRequest', 'Task', 'Consent', 'Patient']) })
            .describe('As where it is posted by itself; Patient and Consent as where they are contained'),
          request: z.strictObject({
            method: z.literal('POST'),
            url: z.enum(['ServiceRequest', 'Task', 'Consent', 'Patient']),
            ifNoneExist: line(500).optional()
          })
        })
      )
      .min(1)
      .max(50)
  })
  .meta({ id: 'FhirBundleTransaction' })
export type BundleIn = z.infer<typeof bundleIn>
