import { z } from 'zod'
import { timebankParams } from '../timebanks/schemas.ts'

/** The version of HSDS whose terms these are. None is used that it does not have; what is not known is left out. */
export const hsdsVersion = '3.0'

const id = z.uuid()
const text = z.string().optional()

const languageSchema = z.object({
  id,
  service_id: id.optional(),
  name: z.string(),
  code: z.string().describe('ISO 639')
})
const phoneSchema = z.object({
  id,
  organization_id: id.optional(),
  service_id: id.optional(),
  location_id: id.optional(),
  contact_id: id.optional(),
  number: z.string()
})
const contactSchema = z.object({
  id,
  organization_id: id.optional(),
  service_id: id.optional(),
  name: z.string().describe('Of the timebank; no person is named'),
  email: text,
  phones: z.array(phoneSchema).optional()
})
const locationSchema = z.object({
  id,
  location_type: z.enum(['physical', 'postal', 'virtual']),
  organization_id: id,
  name: z.string(),
  description: text,
  addresses: z.array(
    z.object({
      id,
      location_id: id,
      address_1: z.string(),
      address_2: text,
      city: z.string(),
      state_province: z.string(),
      postal_code: z.string(),
      country: z.string(),
      address_type: z.enum(['physical', 'postal', 'virtual'])
    })
  ),
  phones: z.array(phoneSchema),
  accessibility: z.array(z.object({ id, location_id: id, description: z.string() }))
})

export const taxonomySchema = z
  .object({ id, name: z.string(), description: z.string() })
  .meta({ id: 'OpenReferralTaxonomy' })
export const taxonomyTermSchema = z
  .object({
    id: id.describe('Of the category'),
    code: z.string().describe('Short name of the category; stays for good'),
    name: z.string(),
    description: z.string(),
    parent_id: id.optional(),
    taxonomy: z.string(),
    taxonomy_detail: taxonomySchema,
    taxonomy_id: id,
    language: z.string().describe('ISO 639')
  })
  .meta({ id: 'OpenReferralTaxonomyTerm' })

const organizationFields = {
  id: id.describe('Of the timebank'),
  name: z.string(),
  description: z.string(),
  email: text,
  website: text
}
const briefOrganization = z.object(organizationFields)
const nestedOrganization = z.object({
  ...organizationFields,
  phones: z.array(phoneSchema).optional(),
  contacts: z.array(contactSchema).optional(),
  locations: z.array(locationSchema).optional()
})

const serviceAtLocationFields = {
  id,
  service_id: id.optional(),
  location_id: id.optional(),
  description: text,
  location: locationSchema.optional()
}

const serviceFields = {
  id: id.describe('Follows from timebank and category: it stays as long as the category does'),
  organization_id: id.optional(),
  name: z.string(),
  description: text,
  url: text,
  email: text,
  status: z.enum(['active', 'inactive', 'defunct', 'temporarily closed']),
  application_process: text,
  fees_description: text,
  eligibility_description: text
}
const serviceLists = {
  phones: z.array(phoneSchema).optional(),
  schedules: z
    .array(
      z.object({
        id,
        service_id: id,
        freq: z.enum(['WEEKLY', 'MONTHLY']),
        byday: z.string(),
        description: z.string()
      })
    )
    .optional()
    .describe('Parts of the week in which enough members are free'),
  service_areas: z
    .array(z.object({ id, service_id: id, name: z.string() }))
    .optional()
    .describe('Areas, in words, of enough members'),
  service_at_locations: z
    .array(z.object(serviceAtLocationFields))
    .optional()
    .describe('The place of the timebank, where it has one; never that of a member'),
  languages: z.array(languageSchema).optional().describe('Spoken by enough members'),
  contacts: z.array(contactSchema).optional(),
  attributes: z
    .array(
      z.object({
        id,
        link_id: id,
        link_entity: z.string(),
        taxonomy_term_id: id,
        taxonomy_term: taxonomyTermSchema
      })
    )
    .optional()
}
export const serviceSchema = z
  .object({ ...serviceFields, organization: nestedOrganization.optional(), ...serviceLists })
  .meta({ id: 'OpenReferralService' })
const serviceOfOrganization = z.object({ ...serviceFields, ...serviceLists })

export const organizationSchema = z
  .object({ ...nestedOrganization.shape, services: z.array(serviceOfOrganization).optional() })
  .meta({ id: 'OpenReferralOrganization' })

export const serviceAtLocationSchema = z
  .object({
    ...serviceAtLocationFields,
    service: z.object({ ...serviceFields, organization: briefOrganization.optional(), ...serviceLists }).optional()
  })
  .meta({ id: 'OpenReferralServiceAtLocation' })

export type HsdsService = z.output<typeof serviceSchema>
export type HsdsOrganization = z.output<typeof organizationSchema>
export type HsdsLocation = z.output<typeof locationSchema>
export type HsdsTaxonomy = z.output<typeof taxonomySchema>
export type HsdsTaxonomyTerm = z.output<typeof taxonomyTermSchema>

export const aboutSchema = z
  .object({
    version: z.string().describe('Of HSDS'),
    profile: z.url().describe('HSDS itself, without a profile beside it'),
    openapi_url: z.url()
  })
  .meta({ id: 'OpenReferralApi' })

export const hsdsPageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    total_items: z.int().describe('On all pages'),
    total_pages: z.int(),
    page_number: z.int(),
    size: z.int().describe('Items on this page'),
    first_page: z.boolean(),
    last_page: z.boolean(),
    empty: z.boolean(),
    contents: z.array(item)
  })

const flag = z.enum(['true', 'false'])
export const pageFields = {
  page: z.coerce.number().int().min(1).max(100_000).default(1),
  per_page: z.coerce.number().int().min(1).max(500).default(50).describe('Items on a page, 1 to 500'),
  format: z
    .enum(['json', 'ndjson'])
    .default('json')
    .describe('`ndjson`: all of them, whatever the page, one to a line (application/x-ndjson)')
}
export const searchFields = {
  search: z.string().trim().min(1).max(200).optional().describe('Words in name or description, all of them')
}
export const linkFields = {
  taxonomy_term_id: id.optional().describe('Only those of this term'),
  taxonomy_id: id.optional(),
  organization_id: id.optional()
}
export const fullField = { full: flag.optional().describe('With all that belongs to each') }
export const fullServiceField = {
  full_service: flag.optional().describe('With its services, and all that belongs to these')
}
export const minimalField = {
  minimal: flag.optional().describe('Id, name and status only, all on one page')
}
export const termFields = {
  taxonomy_id: id.optional(),
  top_only: flag.optional().describe('Those without a term above'),
  parent_id: id.optional()
}

export const publicParams = timebankParams
export const itemParams = z.object({ ...timebankParams.shape, id })
