import { z } from 'zod'
import { timebankParams } from '../timebanks/schemas.ts'

export { bundleIn, serviceRequestIn, taskIn, taskPatchIn, taskUpdateIn } from './resources.ts'

const id = z.string().max(64)
export const fhirParams = timebankParams
export const serviceRequestParams = z.object({ ...timebankParams.shape, serviceRequest: id.describe('Its id') })
export const taskParams = z.object({ ...timebankParams.shape, task: id.describe('Its id: that of its ServiceRequest') })
export const consentParams = z.object({ ...timebankParams.shape, consent: id.describe('Its id') })

/** What every address takes: the one format there is. */
const format = {
  _format: z
    .enum(['json', 'application/json', 'application/fhir+json'])
    .optional()
    .describe('JSON only; a plus sign is written %2B')
}
const paged = {
  ...format,
  _count: z.coerce.number().int().min(1).max(200).default(50).describe('Resources per page, 1 to 200'),
  _after: z.string().max(500).optional().describe('As the link `next` has it; opaque')
}
const token = z.string().min(3).max(420)
const status = z.string().min(1).max(200)
const lastUpdated = z
  .string()
  .max(60)
  .optional()
  .describe('`ge` or `gt` and an instant: what you may know of has changed since; in the order of the changes')

export const formatQuery = z.strictObject(format)
const ids = z.string().min(1).max(2000).optional().describe('Ids, with commas between')
export const serviceRequestQuery = z.strictObject({
  _id: ids,
  identifier: token.optional().describe('Your own id of it: system|value'),
  status: status
    .optional()
    .describe('Codes of request-status, with commas between; `unknown`: those whose person does not share it'),
  _lastUpdated: lastUpdated,
  ...paged
})
export const taskQuery = z.strictObject({
  _id: ids,
  focus: z.string().min(1).max(500).optional().describe('Of this ServiceRequest'),
  status: status.optional().describe('Codes of task-status, with commas between; only where it is shared'),
  _lastUpdated: lastUpdated,
  ...paged
})
export const consentQuery = z.strictObject({
  'patient:identifier': token.optional().describe('Given by this member: system|value, the value a member number'),
  status: z.literal('active').optional().describe('Only those that are in force'),
  ...paged
})

const fhir = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/fhir+json': { schema } }
})

const resource = (type: string) =>
  z.looseObject({ resourceType: z.literal(type), id: z.string() }).meta({ id: `Fhir${type}` })

const serviceRequestOut = resource('ServiceRequest').describe(
  'ServiceRequest of FHIR R4, profile SDOHCC-ServiceRequest'
)
const taskOut = resource('Task').describe('Task of FHIR R4, profile SDOHCC-TaskForReferralManagement')
const consentOut = resource('Consent').describe('Consent of FHIR R4, profile SDOHCC-Consent')
const capabilityOut = z
  .looseObject({ resourceType: z.literal('CapabilityStatement'), fhirVersion: z.literal('4.0.1') })
  .meta({ id: 'FhirCapabilityStatement' })
const bundleOut = z
  .looseObject({
    resourceType: z.literal('Bundle'),
    type: z.enum(['searchset', 'transaction-response']),
    link: z.array(z.object({ relation: z.string(), url: z.string() })).optional(),
    entry: z.array(z.looseObject({})).optional()
  })
  .meta({ id: 'FhirBundle' })
const outcomeOut = z
  .looseObject({
    resourceType: z.literal('OperationOutcome'),
    issue: z.array(
      z.looseObject({
        severity: z.string(),
        code: z.string(),
        details: z.looseObject({}).describe('`coding`: the code of the problem, as at /problems'),
        diagnostics: z.string(),
        expression: z.array(z.string()).optional().describe('FHIRPath of the element, or http. and the parameter')
      })
    )
  })
  .meta({ id: 'FhirOperationOutcome' })

const refused = fhir(outcomeOut, 'Refused: one issue for every fault')
const failed = fhir(outcomeOut, 'The service could not answer')
const refusals = { '4xx': refused, '5xx': failed }

const none = (description: string) => z.undefined().describe(description)

export const responses = {
  serviceRequest: { 200: fhir(serviceRequestOut, 'The ServiceRequest'), ...refusals },
  task: { 200: fhir(taskOut, 'The Task'), ...refusals },
  consent: { 200: fhir(consentOut, 'The Consent'), ...refusals },
  capability: { 200: fhir(capabilityOut, 'What there is'), ...refusals },
  found: { 200: fhir(bundleOut, 'A page of what was found; go on with the link `next`'), ...refusals },
  done: { 200: fhir(bundleOut, 'What has come of each entry, in their order'), ...refusals },
  made: {
    200: none('It was there already: see Location'),
    201: none('Taken: see Location and ETag'),
    ...refusals
  },
  changed: { 200: none('Changed: see ETag'), ...refusals }
}
