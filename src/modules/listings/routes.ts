import {
  type Api,
  columnsOf,
  created,
  decodeCursor,
  edited,
  everyRole,
  expectedVersion,
  idCursor,
  pageOf,
  read,
  readers,
  sendList,
  setEtag,
  staff,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { DomainError } from '../../shared/errors.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { closeCategory, createCategory, getCategory, listCategories, updateCategory } from './categories.ts'
import { createListing, type MoveName, readListing, updateListing } from './listings.ts'
import { moveListing } from './moves.ts'
import {
  categoriesSchema,
  categoryChangeSchema,
  categoryParams,
  categorySchema,
  newCategorySchema,
  rankedCursor,
  reasonSchema,
  shapes
} from './schemas.ts'
import { isRanked, type ListingFilter, listListings, type Place } from './search.ts'
import { viewOf, viewsOf } from './views.ts'
import type { Kind, Slot } from './vocabulary.ts'

const tags = ['Listings']
const owners = { member: 'own', ...staff } as const

type Step = { path: string; name: MoveName; operationId: string; summary: string; description: string }

const opening = (kind: 'Offer' | 'Request', days: number): Step => ({
  path: 'opening',
  name: 'open',
  operationId: `open${kind}`,
  summary: `Show a draft to the other members`,
  description: `It stands for ${days} days unless it says otherwise; the owner must be active and the category in use.`
})

const steps: Record<Kind, Step[]> = {
  offer: [
    opening('Offer', 180),
    {
      path: 'pause',
      name: 'pause',
      operationId: 'pauseOffer',
      summary: 'Hide an open offer for a while',
      description: 'Only its owner and staff see it until it is resumed.'
    },
    {
      path: 'resumption',
      name: 'resume',
      operationId: 'resumeOffer',
      summary: 'Show a paused offer again',
      description: 'It stands for 180 days more where its last day has passed.'
    },
    {
      path: 'closure',
      name: 'close',
      operationId: 'closeOffer',
      summary: 'Close an offer for good',
      description: 'Also a draft. Exchanges that came of it go on.'
    }
  ],
  request: [
    opening('Request', 60),
    {
      path: 'withdrawal',
      name: 'withdraw',
      operationId: 'withdrawRequest',
      summary: 'Withdraw a request',
      description: 'While it is a draft, open or matched. It needs no reason.'
    },
    {
      path: 'fulfilment',
      name: 'fulfil',
      operationId: 'fulfilRequest',
      summary: 'Say that a request in progress is fulfilled',
      description: 'It is fulfilled by itself when as many exchanges are settled as it needs helpers.'
    }
  ]
}

export function listingRoutes(app: Api): void {
  categoryRoutes(app)
  routesOf(app, 'offer', 'Offer', { one: 'an offer', many: 'Offers' })
  routesOf(app, 'request', 'Request', { one: 'a request', many: 'Requests' })
}

function categoryRoutes(app: Api): void {
  const collection = '/v1/timebanks/:timebank/categories'

  app.get(
    collection,
    {
      config: { access: readers(everyRole) },
      schema: {
        operationId: 'listCategories',
        tags,
        summary: 'The whole tree of categories',
        description:
          'Flat, each branch after what it grows from. The flags are those in force: the highest risk of a category and all above it, and vetting, minors, home and closed wherever one of them says so.',
        params: timebankParams,
        response: { 200: categoriesSchema }
      }
    },
    async (request) => ({ items: await read(request, listCategories) })
  )

  app.post(
    collection,
    {
      config: { access: writers(staff) },
      schema: {
        operationId: 'createCategory',
        tags,
        summary: 'Add a category',
        description: 'At most four levels. The short name stays for good.',
        params: timebankParams,
        body: newCategorySchema,
        response: { 201: categorySchema }
      }
    },
    async (request, reply) => write(request, reply, 201, (tx) => createCategory(tx, request.body), created(request))
  )

  app.get(
    `${collection}/:category`,
    {
      config: { access: readers(everyRole) },
      schema: {
        operationId: 'getCategory',
        tags,
        summary: 'One category',
        params: categoryParams,
        response: { 200: categorySchema }
      }
    },
    async (request, reply) => {
      const category = await read(request, (tx) => getCategory(tx, request.params.category))
      setEtag(reply, category.rowVersion)
      return category
    }
  )

  app.patch(
    `${collection}/:category`,
    {
      config: { access: writers(staff), ifMatch: true },
      schema: {
        operationId: 'updateCategory',
        tags,
        summary: 'Change a category, or move it',
        description: 'Flags given here are its own. It cannot hang below itself, nor the tree grow beyond four levels.',
        params: categoryParams,
        body: categoryChangeSchema,
        response: { 200: categorySchema }
      }
    },
    async (request, reply) => {
      const expected = expectedVersion(request)
      return write(
        request,
        reply,
        200,
        (tx) => updateCategory(tx, request.params.category, request.body, expected),
        edited
      )
    }
  )

  app.post(
    `${collection}/:category/closure`,
    {
      config: { access: writers(staff) },
      schema: {
        operationId: 'closeCategory',
        tags,
        summary: 'Take a category out of use',
        description: 'With everything below it. What stands in it stays; nothing new is put into it.',
        params: categoryParams,
        body: reasonSchema,
        response: { 200: categorySchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        200,
        (tx) => closeCategory(tx, request.params.category, request.body?.reason ?? null),
        edited
      )
  )
}

/**
 * Offers and requests have the same addresses and rules. The shapes are typed as those of an offer here; at run time each
 * kind has its own.
 */
function routesOf(app: Api, kind: Kind, Name: 'Offer' | 'Request', { one, many }: { one: string; many: string }): void {
  const shape = shapes[kind] as (typeof shapes)['offer']
  const collection = `/v1/timebanks/:timebank/${kind}s`
  const item = `${collection}/:${kind}`
  const idOf = (params: unknown): string => (params as Record<Kind, string>)[kind]

  app.get(
    collection,
    {
      config: { access: readers(everyRole), csv: true },
      schema: {
        operationId: `list${Name}s`,
        tags,
        summary: `${many}, newest first; with words the best match first, near a place the nearest first`,
        description:
          'Members see open ones of active members, and their own in any state. With words, at most the newest 1,000 that have them as written are ranked; where there are fewer than 200 of these, up to 500 that have words like them follow.',
        params: timebankParams,
        querystring: shape.query,
        response: { 200: pageOf(shape.view) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, ...query } = request.query
      const filter = filterOf(query)
      const after = (from: string | undefined): Place | null => {
        if (isRanked(filter)) return decodeCursor(from, rankedCursor)
        const last = decodeCursor(from, idCursor)
        return last === null ? null : [0, last[0]]
      }
      return sendList(request, reply, {
        name: `${kind}s`,
        query: { limit, cursor },
        columns: columnsOf(shape.view),
        page: (from, size) =>
          read(request, async (tx) => {
            const found = await listListings(tx, kind, filter, after(from), size)
            const page = toPage(found, size, ({ score, id }) => (isRanked(filter) ? [score, id] : [id]))
            return { next: page.next, items: await viewsOf(tx, page.items) }
          })
      })
    }
  )

  app.post(
    collection,
    {
      config: { access: writers({ member: true, ...staff }) },
      schema: {
        operationId: `create${Name}`,
        tags,
        summary: `Write ${one}`,
        description: `A draft until it is opened. Staff write on behalf of a member with memberId; who acts for an organisation, for it with organisationId.`,
        params: timebankParams,
        body: shape.create,
        response: { 201: shape.view }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        201,
        async (tx) => viewOf(tx, await createListing(tx, kind, request.body)),
        created(request)
      )
  )

  app.get(
    item,
    {
      config: { access: readers(everyRole) },
      schema: {
        operationId: `get${Name}`,
        tags,
        summary: `One ${kind}`,
        description: 'Others than its owner and staff see it while it is open.',
        params: shape.params,
        response: { 200: shape.view }
      }
    },
    async (request, reply) => {
      const listing = await read(request, async (tx) => viewOf(tx, await readListing(tx, kind, idOf(request.params))))
      setEtag(reply, listing.rowVersion)
      return listing
    }
  )

  app.patch(
    item,
    {
      config: { access: writers(owners), ifMatch: true },
      schema: {
        operationId: `update${Name}`,
        tags,
        summary: `Change ${one}`,
        description: `What is left out stays as it is. Not once it has ended.`,
        params: shape.params,
        body: shape.change,
        response: { 200: shape.view }
      }
    },
    async (request, reply) => {
      const expected = expectedVersion(request)
      const change = async (tx: Parameters<typeof viewOf>[0]) =>
        viewOf(tx, await updateListing(tx, kind, idOf(request.params), request.body, expected))
      return write(request, reply, 200, change, edited)
    }
  )

  for (const { path, name, ...about } of steps[kind])
    app.post(
      `${item}/${path}`,
      {
        config: { access: writers(owners) },
        schema: { ...about, tags, params: shape.params, body: reasonSchema, response: { 200: shape.view } }
      },
      async (request, reply) => {
        const reason = request.body?.reason ?? null
        const move = async (tx: Parameters<typeof viewOf>[0]) =>
          viewOf(tx, await moveListing(tx, kind, idOf(request.params), name, reason))
        return write(request, reply, 200, move, edited)
      }
    )
}

type Query = Omit<(typeof shapes)['offer']['query']['_output'], 'limit' | 'cursor'>

function filterOf({ availability, mine, near, ...query }: Query): ListingFilter {
  if (query.withinKm !== undefined && near === undefined) {
    const detail = 'withinKm: goes with near.'
    throw new DomainError('validation-failed', detail, { errors: [{ parameter: 'withinKm', detail }] })
  }
  const [latitude, longitude] = near?.split(',').map(Number) ?? []
  return {
    ...query,
    mine: mine === 'true',
    availability: availability?.split(',') as Slot[] | undefined,
    near: latitude === undefined || longitude === undefined ? undefined : { latitude, longitude }
  }
}
