import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type Api, anyone, sendNamed } from '../../http/index.ts'
import { notFound } from '../../shared/errors.ts'
import { keptSeconds, offeredBy } from './publication.ts'
import {
  aboutSchema,
  fullField,
  fullServiceField,
  type HsdsService,
  hsdsPageOf,
  hsdsVersion,
  itemParams,
  linkFields,
  minimalField,
  organizationSchema,
  pageFields,
  publicParams,
  searchFields,
  serviceAtLocationSchema,
  serviceSchema,
  taxonomySchema,
  taxonomyTermSchema,
  termFields
} from './schemas.ts'
import {
  asHsds,
  briefService,
  minimalService,
  organizationWith,
  type Publication,
  servicesAtLocations
} from './views.ts'

const base = '/open-referral/:timebank'
const tags = ['Open Referral']
const config = { access: anyone }

type PageQuery = { page: number; per_page: number; format: 'json' | 'ndjson' }
type Searchable = { name: string; description?: string | undefined }

/** For directories of services: what a timebank as a whole offers, by the API reference of HSDS. */
export function openReferralRoutes(app: Api, { publicUrl }: { publicUrl: string }): void {
  const publicationOf = async (request: FastifyRequest): Promise<Publication> =>
    asHsds(await offeredBy(app.database, (request.params as { timebank: string }).timebank))

  app.get(
    base,
    {
      config,
      schema: {
        operationId: 'getOpenReferralApi',
        tags,
        summary: 'Which version of HSDS this is',
        description:
          'What a timebank as a whole offers, for directories of services (Open Referral HSDS). 404 unless its policy (`openReferral`) says that it is published. One service for each category in which enough members (`smallestPublishedCell`) have open offers of their own; fewer are added to the category above, or left out. No member, no offer and no number of them is told. All addresses give an ETag, and what they tell is at most five minutes old.',
        params: publicParams,
        response: { 200: aboutSchema }
      }
    },
    async (request, reply) => {
      await publicationOf(request)
      return send(request, reply, {
        version: hsdsVersion,
        profile: 'https://docs.openreferral.org/',
        openapi_url: new URL('/openapi.json', publicUrl).href
      })
    }
  )

  app.get(
    `${base}/services`,
    {
      config,
      schema: {
        operationId: 'listOpenReferralServices',
        tags,
        summary: 'What members offer, by category',
        description:
          '`full=true&format=ndjson` gives the whole publication. Times of change are not kept: `modified_after` is refused.',
        params: publicParams,
        querystring: z.strictObject({ ...searchFields, ...linkFields, ...minimalField, ...fullField, ...pageFields }),
        response: { 200: hsdsPageOf(serviceSchema) }
      }
    },
    async (request, reply) => {
      const { minimal, full, ...query } = request.query
      const publication = await publicationOf(request)
      const found = publication.services.filter((service) => matches(service, query) && isLinked(service, query))
      const shape = minimal === 'true' ? minimalService : full === 'true' ? (each: HsdsService) => each : briefService
      const page = minimal === 'true' ? { ...query, page: 1, per_page: Math.max(found.length, 1) } : query
      return sendPage(request, reply, serviceSchema, found.map(shape), page)
    }
  )

  app.get(
    `${base}/services/:id`,
    {
      config,
      schema: {
        operationId: 'getOpenReferralService',
        tags,
        summary: 'One of them, with all that belongs to it',
        params: itemParams,
        response: { 200: serviceSchema }
      }
    },
    async (request, reply) =>
      send(request, reply, byId((await publicationOf(request)).services, request.params.id, 'service'))
  )

  app.get(
    `${base}/organizations`,
    {
      config,
      schema: {
        operationId: 'listOpenReferralOrganizations',
        tags,
        summary: 'The timebank, the one organization',
        params: publicParams,
        querystring: z.strictObject({ ...searchFields, ...fullServiceField, ...fullField, ...pageFields }),
        response: { 200: hsdsPageOf(organizationSchema) }
      }
    },
    async (request, reply) => {
      const { full, full_service: fullService, ...query } = request.query
      const publication = await publicationOf(request)
      const whole = full === 'true'
      const services = fullService === 'true' ? 'full' : whole ? 'minimal' : 'none'
      const found = [organizationWith(publication, whole, services)].filter((each) => matches(each, query))
      return sendPage(request, reply, organizationSchema, found, query)
    }
  )

  app.get(
    `${base}/organizations/:id`,
    {
      config,
      schema: {
        operationId: 'getOpenReferralOrganization',
        tags,
        summary: 'The timebank, with its services',
        params: itemParams,
        querystring: z.strictObject(fullServiceField),
        response: { 200: organizationSchema }
      }
    },
    async (request, reply) => {
      const publication = await publicationOf(request)
      const services = request.query.full_service === 'true' ? 'full' : 'minimal'
      return send(
        request,
        reply,
        byId([organizationWith(publication, true, services)], request.params.id, 'organization')
      )
    }
  )

  app.get(
    `${base}/service_at_locations`,
    {
      config,
      schema: {
        operationId: 'listOpenReferralServicesAtLocations',
        tags,
        summary: "Where to ask for them: at the timebank's own place, where it has one",
        params: publicParams,
        querystring: z.strictObject({ ...searchFields, ...linkFields, ...fullField, ...pageFields }),
        response: { 200: hsdsPageOf(serviceAtLocationSchema) }
      }
    },
    async (request, reply) => {
      const { full, ...query } = request.query
      const publication = await publicationOf(request)
      const found = publication.services.filter((service) => matches(service, query) && isLinked(service, query))
      const places = servicesAtLocations({ ...publication, services: found }, full === 'true')
      return sendPage(request, reply, serviceAtLocationSchema, places, query)
    }
  )

  app.get(
    `${base}/service_at_locations/:id`,
    {
      config,
      schema: {
        operationId: 'getOpenReferralServiceAtLocation',
        tags,
        summary: 'One of them, with the service',
        params: itemParams,
        response: { 200: serviceAtLocationSchema }
      }
    },
    async (request, reply) => {
      const places = servicesAtLocations(await publicationOf(request), true)
      return send(request, reply, byId(places, request.params.id, 'service at a location'))
    }
  )

  app.get(
    `${base}/taxonomies`,
    {
      config,
      schema: {
        operationId: 'listOpenReferralTaxonomies',
        tags,
        summary: "The timebank's categories, the one taxonomy",
        params: publicParams,
        querystring: z.strictObject({ ...searchFields, ...pageFields }),
        response: { 200: hsdsPageOf(taxonomySchema) }
      }
    },
    async (request, reply) => {
      const { taxonomy } = await publicationOf(request)
      const found = [taxonomy].filter((each) => matches(each, request.query))
      return sendPage(request, reply, taxonomySchema, found, request.query)
    }
  )

  app.get(
    `${base}/taxonomies/:id`,
    {
      config,
      schema: {
        operationId: 'getOpenReferralTaxonomy',
        tags,
        summary: 'The taxonomy',
        params: itemParams,
        response: { 200: taxonomySchema }
      }
    },
    async (request, reply) =>
      send(request, reply, byId([(await publicationOf(request)).taxonomy], request.params.id, 'taxonomy'))
  )

  app.get(
    `${base}/taxonomy_terms`,
    {
      config,
      schema: {
        operationId: 'listOpenReferralTaxonomyTerms',
        tags,
        summary: 'The categories in use, in the order of their tree',
        description: 'All of them, whether or not somebody offers something there.',
        params: publicParams,
        querystring: z.strictObject({ ...searchFields, ...termFields, ...pageFields }),
        response: { 200: hsdsPageOf(taxonomyTermSchema) }
      }
    },
    async (request, reply) => {
      const query = request.query
      const { terms } = await publicationOf(request)
      const found = terms.filter(
        (term) =>
          matches(term, query) &&
          (query.taxonomy_id === undefined || query.taxonomy_id.toLowerCase() === term.taxonomy_id) &&
          (query.parent_id === undefined || query.parent_id.toLowerCase() === term.parent_id) &&
          (query.top_only !== 'true' || term.parent_id === undefined)
      )
      return sendPage(request, reply, taxonomyTermSchema, found, query)
    }
  )

  app.get(
    `${base}/taxonomy_terms/:id`,
    {
      config,
      schema: {
        operationId: 'getOpenReferralTaxonomyTerm',
        tags,
        summary: 'One category',
        params: itemParams,
        response: { 200: taxonomyTermSchema }
      }
    },
    async (request, reply) =>
      send(request, reply, byId((await publicationOf(request)).terms, request.params.id, 'taxonomy term'))
  )
}

function byId<T extends { id: string }>(items: readonly T[], id: string, what: string): T {
  const found = items.find((item) => item.id === id.toLowerCase())
  if (!found) throw notFound(what)
  return found
}

const plain = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()

function matches({ name, description = '' }: Searchable, { search }: { search?: string | undefined }): boolean {
  const text = plain(`${name} ${description}`)
  return plain(search ?? '')
    .split(/\s+/)
    .every((word) => text.includes(word))
}

type Links = { [K in keyof typeof linkFields]?: string | undefined }

/** Filters add up: a service has to fit all of them. */
function isLinked(service: HsdsService, query: Links): boolean {
  const term = service.attributes?.[0]?.taxonomy_term
  const fits = (wanted: string | undefined, is: string | undefined) =>
    wanted === undefined || wanted.toLowerCase() === is
  return (
    fits(query.taxonomy_term_id, term?.id) &&
    fits(query.taxonomy_id, term?.taxonomy_id) &&
    fits(query.organization_id, service.organization_id)
  )
}

function send(request: FastifyRequest, reply: FastifyReply, body: unknown): FastifyReply {
  return sendPublic(request, reply, 'application/json; charset=utf-8', String(reply.code(200).serialize(body)))
}

function sendPage<T>(
  request: FastifyRequest,
  reply: FastifyReply,
  item: z.ZodType<T>,
  found: T[],
  { page, per_page: perPage, format }: PageQuery
): FastifyReply {
  if (format === 'ndjson') {
    // only the terms of HSDS that are named here leave, as in a page
    const lines = found.map((each) => `${JSON.stringify(item.parse(each))}\n`)
    return sendPublic(request, reply, 'application/x-ndjson; charset=utf-8', lines.join(''))
  }
  const contents = found.slice((page - 1) * perPage, page * perPage)
  const pages = Math.ceil(found.length / perPage)
  return send(request, reply, {
    total_items: found.length,
    total_pages: pages,
    page_number: page,
    size: contents.length,
    first_page: page === 1,
    last_page: page >= pages,
    empty: contents.length === 0,
    contents
  })
}

const sendPublic = (request: FastifyRequest, reply: FastifyReply, type: string, text: string): FastifyReply =>
  sendNamed(request, reply.headers({ 'content-type': type, 'cache-control': `public, max-age=${keptSeconds}` }), text)
