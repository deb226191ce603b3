import { type Names, profiles } from './codes.ts'
import type { Resource } from './to-fhir.ts'

/** What a system may do with a resource type here, and what it may search by. */
type Offered = {
  interactions: readonly ('create' | 'read' | 'update' | 'patch' | 'search-type')[]
  search: readonly { name: string; type: 'token' | 'date' | 'reference' | 'number'; documentation?: string }[]
  documentation: string
}

const lastUpdated = {
  name: '_lastUpdated',
  type: 'date',
  documentation: 'With `ge`: what has changed since, in the order of changes'
} as const

/** All that there is; the routes are compared with it. */
export const offered: Record<'ServiceRequest' | 'Task' | 'Consent', Offered> = {
  ServiceRequest: {
    interactions: ['create', 'read', 'search-type'],
    search: [
      { name: '_id', type: 'token' },
      { name: 'identifier', type: 'token', documentation: 'Your own id: system|value' },
      { name: 'status', type: 'token' },
      lastUpdated
    ],
    documentation:
      'A need of your own (subject: a Location or Group) or a referral about a person (subject: a Patient by member number, or contained for a first contact; a Consent contained). No diagnoses, no national identifiers, no narrative: what is not taken is refused by its path. `asap` and `stat` are refused. A create answers without a body; one identifier is one request. `unknown` is the status of a request whose person does not share it.'
  },
  Task: {
    interactions: ['create', 'read', 'update', 'patch', 'search-type'],
    search: [
      { name: '_id', type: 'token' },
      { name: 'focus', type: 'reference' },
      { name: 'status', type: 'token' },
      lastUpdated
    ],
    documentation:
      'By which a ServiceRequest is followed: each has one, with its id, from the beginning. An update sets the status cancelled (with a statusReason) or entered-in-error; all other statuses are set by the timebank. A status that the person does not share is absent, with the data-absent-reason masked.'
  },
  Consent: {
    interactions: ['read', 'search-type'],
    search: [
      { name: 'patient:identifier', type: 'token', documentation: 'By member number: system|value' },
      { name: 'status', type: 'token', documentation: 'active' }
    ],
    documentation:
      'What people allow your organisation, as the timebank has it in their own words; scopes that were withdrawn are left out. What your own request says of a consent stands contained in it.'
  }
}

/** The CapabilityStatement of a timebank's FHIR interface. */
export function capabilityOf(names: Names, version: string): Resource {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: '2026-11-22',
    kind: 'instance',
    software: { name: 'Commonhours', version },
    implementation: { description: 'Service requests of partner agencies to a timebank', url: names.base },
    fhirVersion: '4.0.1',
    format: ['json'],
    patchFormat: ['application/json-patch+json'],
    implementationGuide: ['http://hl7.org/fhir/us/sdoh-clinicalcare/ImplementationGuide/hl7.fhir.us.sdoh-clinicalcare'],
    rest: [
      {
        mode: 'server',
        documentation: [
          'Search parameters that are not named here are refused, whatever is preferred. `_count` (1 to 200) and `_format` (json) go with every search; go on with the link `next`.',
          `Systems of this timebank: categories ${names.category}, member numbers ${names.memberNumber}, affiliations of professionals ${names.affiliation}.`
        ].join(' '),
        security: {
          cors: false,
          service: [
            {
              coding: [{ system: 'http://terminology.hl7.org/CodeSystem/restful-security-service', code: 'OAuth' }]
            }
          ],
          description: 'OAuth 2.0 client credentials at /oauth/token, with the scopes of the REST interface'
        },
        resource: Object.entries(offered).map(([type, { interactions, search, documentation }]) => ({
          type,
          supportedProfile: [profiles[type as keyof typeof profiles]],
          documentation,
          interaction: interactions.map((code) => ({ code })),
          versioning: 'versioned',
          readHistory: false,
          updateCreate: false,
          ...(type === 'ServiceRequest' ? { conditionalCreate: true } : {}),
          searchParam: search
        })),
        interaction: [{ code: 'transaction' }]
      }
    ]
  }
}
