import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import Ajv, { type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'

/**
 * The terms of HSDS 3.0 that the publication uses: `!` must be there, `[]` lists. A name with a capital is one of these shapes.
 * Closed, unlike the published schemas: a term that HSDS does not have is a fault here.
 */
const shapes: Record<string, Record<string, string>> = {
  Api: { version: 'text!', profile: 'uri!', openapi_url: 'uri!' },
  Language: { id: 'uuid!', service_id: 'uuid', name: 'text', code: 'text' },
  Phone: {
    id: 'uuid!',
    number: 'text!',
    organization_id: 'uuid',
    service_id: 'uuid',
    location_id: 'uuid',
    contact_id: 'uuid'
  },
  Contact: {
    id: 'uuid!',
    organization_id: 'uuid',
    service_id: 'uuid',
    name: 'text',
    email: 'email',
    phones: 'Phone[]'
  },
  Address: {
    id: 'uuid!',
    location_id: 'uuid',
    address_1: 'text!',
    address_2: 'text',
    city: 'text!',
    state_province: 'text!',
    postal_code: 'text!',
    country: 'text!',
    address_type: 'physical|postal|virtual!'
  },
  Accessibility: { id: 'uuid!', location_id: 'uuid', description: 'text' },
  Location: {
    id: 'uuid!',
    location_type: 'physical|postal|virtual!',
    organization_id: 'uuid',
    name: 'text',
    description: 'text',
    addresses: 'Address[]',
    phones: 'Phone[]',
    accessibility: 'Accessibility[]'
  },
  Taxonomy: { id: 'uuid!', name: 'text!', description: 'text!' },
  TaxonomyTerm: {
    id: 'uuid!',
    code: 'text',
    name: 'text!',
    description: 'text!',
    parent_id: 'uuid',
    taxonomy: 'text',
    taxonomy_detail: 'Taxonomy',
    taxonomy_id: 'uuid',
    language: 'text'
  },
  Attribute: {
    id: 'uuid!',
    link_id: 'uuid',
    link_entity: 'text',
    taxonomy_term_id: 'uuid',
    taxonomy_term: 'TaxonomyTerm'
  },
  Schedule: { id: 'uuid!', service_id: 'uuid', freq: 'WEEKLY|MONTHLY', byday: 'text', description: 'text' },
  ServiceArea: { id: 'uuid!', service_id: 'uuid', name: 'text' },
  Organization: {
    id: 'uuid!',
    name: 'text!',
    description: 'text!',
    email: 'email',
    website: 'uri',
    phones: 'Phone[]',
    contacts: 'Contact[]',
    locations: 'Location[]',
    services: 'Service[]'
  },
  Service: {
    id: 'uuid!',
    organization_id: 'uuid',
    name: 'text!',
    description: 'text',
    url: 'uri',
    email: 'email',
    status: 'active|inactive|defunct|temporarily closed!',
    application_process: 'text',
    fees_description: 'text',
    eligibility_description: 'text',
    organization: 'Organization',
    phones: 'Phone[]',
    schedules: 'Schedule[]',
    service_areas: 'ServiceArea[]',
    service_at_locations: 'ServiceAtLocation[]',
    languages: 'Language[]',
    contacts: 'Contact[]',
    attributes: 'Attribute[]'
  },
  ServiceAtLocation: {
    id: 'uuid!',
    service_id: 'uuid',
    location_id: 'uuid',
    description: 'text',
    location: 'Location',
    service: 'Service'
  }
}

function schemaOf(type: string): object {
  if (type.endsWith('[]')) return { type: 'array', items: schemaOf(type.slice(0, -2)) }
  if (type in shapes) return { $ref: `#/definitions/${type}` }
  if (type.includes('|')) return { enum: type.split('|') }
  return type === 'text' ? { type: 'string', minLength: 1 } : { type: 'string', format: type }
}

const definitions = Object.fromEntries(
  Object.entries(shapes).map(([name, fields]) => [
    name,
    {
      type: 'object',
      additionalProperties: false,
      required: Object.keys(fields).filter((field) => fields[field]!.endsWith('!')),
      properties: Object.fromEntries(
        Object.entries(fields).map(([field, type]) => [field, schemaOf(type.replace(/!$/, ''))])
      )
    }
  ])
)

const page = (item: string) => ({
  type: 'object',
  additionalProperties: false,
  required: ['total_items', 'total_pages', 'page_number', 'size', 'first_page', 'last_page', 'empty', 'contents'],
  properties: {
    total_items: { type: 'integer' },
    total_pages: { type: 'integer' },
    page_number: { type: 'integer' },
    size: { type: 'integer' },
    first_page: { type: 'boolean' },
    last_page: { type: 'boolean' },
    empty: { type: 'boolean' },
    contents: { type: 'array', items: { $ref: `#/definitions/${item}` } }
  }
})

const ajv = new Ajv.default({ allErrors: true, strict: false })
addFormats.default(ajv)

const hold = (validate: ValidateFunction, value: unknown, why: string): void =>
  assert.ok(validate(value), `${why}: ${JSON.stringify(validate.errors?.slice(0, 5))}`)

export const isShape = (name: string, value: unknown): void =>
  hold(ajv.compile({ definitions, $ref: `#/definitions/${name}` }), value, name)

export const isPageOf = (name: string, value: unknown): void =>
  hold(ajv.compile({ definitions, ...page(name) }), value, `page of ${name}`)

/** The published schemas, of a checkout of openreferral/specification that HSDS_SCHEMA names (its folder `schema`). */
export const publishedSchemas = process.env['HSDS_SCHEMA']

/** Whether something is as the published schemas ask for; those of single entities refer to each other by file name. */
export function publishedValidator(folder: string): (file: string, value: unknown) => void {
  const published = new Ajv.default({ allErrors: true, strict: false })
  addFormats.default(published)
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json') && name !== 'openapi.json')) {
    const schema = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Record<string, unknown>
    delete schema['$schema']
    published.addSchema({ ...schema, $id: `https://hsds.test/${file}` })
  }
  return (file, value) => {
    assert.ok(existsSync(path.join(folder, file)), file)
    const compiled = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Record<string, unknown>
    delete compiled['$schema']
    hold(published.getSchema(`https://hsds.test/${file}`) ?? published.compile(compiled), value, file)
  }
}
