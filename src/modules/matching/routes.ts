import type { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import {
  type Api,
  columnsOf,
  decodeCursor,
  encodeCursor,
  idFrom,
  pageOf,
  read,
  readers,
  sendList,
  staff,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { candidatesFor, type Kind } from './candidates.ts'
import { openCursor, sealCursor } from './cursors.ts'
import { accept, declineMatch, proposeMatch, seen, suggest, takeUp, withdrawMatch } from './matches.ts'
import { asSeen, listMatches, requestsWithoutHelp } from './read.ts'
import {
  acceptSchema,
  candidatesParams,
  candidatesQuery,
  candidatesSchema,
  emptySchema,
  matchesQuery,
  matchParams,
  matchSchema,
  placeShape,
  proposeSchema,
  suggestSchema,
  waitingQuery,
  waitingSchema
} from './schemas.ts'
import { standingOf } from './standing.ts'
import { candidateViews, type MatchView, matchViews, waitingViews } from './views.ts'
import { findMatch, type Match } from './writing.ts'

const tags = ['Matching']
const owners = { member: 'own', ...staff } as const

export function matchingRoutes(app: Api): void {
  candidateRoutes(app, 'request', {
    operationId: 'listRequestCandidates',
    summary: 'Who could help with a request: offers, and members whose profile fits, the best first',
    description:
      "For the request's owner, who acts for its organisation, and staff. One for each member or organisation, with the reasons in words. About equal ones take turns from day to day. Nobody who has been asked, or with whom something is under way for it."
  })
  candidateRoutes(app, 'offer', {
    operationId: 'listOfferCandidates',
    summary: 'Who could do with an offer: requests, and members who are interested, the best first',
    description:
      "For the offer's owner, who acts for its organisation, and staff. Members without a request are looked for where something is taught or done together."
  })
  matchRoutes(app)
}

function candidateRoutes(
  app: Api,
  kind: Kind,
  about: { operationId: string; summary: string; description: string }
): void {
  app.get(
    `/v1/timebanks/:timebank/${kind}s/:${kind}/candidates`,
    {
      config: { access: readers(owners) },
      schema: {
        ...about,
        tags,
        // typed as those of a request; at run time each kind has its own
        params: candidatesParams[kind] as (typeof candidatesParams)['request'],
        querystring: candidatesQuery,
        response: { 200: candidatesSchema }
      }
    },
    async (request) => {
      const { limit, cursor, peerFirst } = request.query
      const id = (request.params as unknown as Record<Kind, string>)[kind]
      const after = decodeCursor(cursor && (await openCursor(app.database, id, cursor)), placeShape)
      return read(request, async (tx) => {
        const found = await candidatesFor(tx, kind, id, after, limit, peerFirst && peerFirst === 'true')
        return {
          items: await candidateViews(tx, kind, found),
          next: found.next && (await sealCursor(app.database, id, encodeCursor(found.next))),
          total: found.total,
          professionals: found.professionals
        }
      })
    }
  )
}

const collection = '/v1/timebanks/:timebank/matches'

async function viewOf(tx: Tx, match: Match): Promise<MatchView> {
  const [view] = await matchViews(tx, [asSeen(match, (await standingOf(tx, match)).own)])
  return view!
}

function matchRoutes(app: Api): void {
  app.get(
    collection,
    {
      config: { access: readers(owners), csv: true },
      schema: {
        operationId: 'listMatches',
        tags,
        summary: 'Matches, newest first',
        description:
          'Members see those in which they, or an organisation that they act for, are a side; suggestions only those for their own requests. Staff see all, and of none that somebody has said no.',
        params: timebankParams,
        querystring: matchesQuery,
        response: { 200: pageOf(matchSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, ...filter } = request.query
      return sendList(request, reply, {
        name: 'matches',
        query: { limit, cursor },
        columns: columnsOf(matchSchema),
        page: (from, size) =>
          read(request, async (tx) => {
            const page = toPage(await listMatches(tx, filter, idFrom(from), size), size, ({ id }) => [id])
            return { next: page.next, items: await matchViews(tx, page.items) }
          })
      })
    }
  )

  app.get(
    `${collection}/:match`,
    {
      config: { access: readers(owners) },
      schema: {
        operationId: 'getMatch',
        tags,
        summary: 'One match',
        params: matchParams,
        response: { 200: matchSchema }
      }
    },
    (request) =>
      read(request, async (tx) => viewOf(tx, (await seen(tx, await findMatch(tx, request.params.match))).match))
  )

  app.post(
    `${collection}/suggestions`,
    {
      config: { access: writers(staff) },
      schema: {
        operationId: 'suggestMatch',
        tags,
        summary: "Suggest somebody to a request's owner",
        description: 'An offer, or a member without one. The owner may propose it to them; they hear nothing before.',
        params: timebankParams,
        body: suggestSchema,
        response: { 201: matchSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 201, async (tx) => viewOf(tx, await suggest(tx, request.body)), at(request.params.timebank))
  )

  app.post(
    collection,
    {
      config: { access: writers(owners) },
      schema: {
        operationId: 'proposeMatch',
        tags,
        summary: 'Propose to the other side that you come together',
        description:
          'The owner of a request to who would give, or who would give to the owner of a request. Each side asks the other once for each request. At most four more are asked at one time than it needs.',
        params: timebankParams,
        body: proposeSchema,
        response: { 201: matchSchema }
      }
    },
    async (request, reply) => {
      const { proposedBy, ...pair } = request.body
      const work = async (tx: Tx) => viewOf(tx, await proposeMatch(tx, pair, proposedBy))
      return write(request, reply, 201, work, at(request.params.timebank))
    }
  )

  const step = <Body extends z.ZodType>(
    name: string,
    about: { operationId: string; summary: string; description: string },
    body: Body,
    take: (tx: Tx, id: string, body: z.output<Body>) => Promise<Match>
  ) =>
    app.post(
      `${collection}/:match/${name}`,
      {
        config: { access: writers(owners) },
        schema: { ...about, tags, params: matchParams, body, response: { 200: matchSchema } }
      },
      async (request, reply) => {
        // the framework's types lose what belongs to a generic body
        const { params, body: sent } = request as unknown as { params: { match: string }; body: z.output<Body> }
        return write(request, reply, 200, async (tx) => viewOf(tx, await take(tx, params.match, sent)))
      }
    )
  step(
    'proposal',
    {
      operationId: 'takeUpSuggestion',
      summary: 'Propose what a broker has suggested',
      description: "By the request's owner, to the one who is suggested."
    },
    emptySchema,
    takeUp
  )
  step(
    'acceptance',
    {
      operationId: 'acceptMatch',
      summary: 'Say yes: an exchange is proposed to the other side',
      description:
        'By the side that was asked, which with it agrees to the minutes; the other agrees in the exchange (`exchangeId`). Refused while the request has all whom it needs.'
    },
    acceptSchema,
    (tx, id, body) => accept(tx, id, body ?? {})
  )
  step(
    'decline',
    {
      operationId: 'declineMatch',
      summary: 'Say no; no reason is asked for',
      description:
        'By the side that was asked, or by the owner of a request about a suggestion. Nobody else can see it: the match stands as before until its time is over, and has expired then. Until then you may still accept.'
    },
    emptySchema,
    declineMatch
  )
  step(
    'withdrawal',
    {
      operationId: 'withdrawMatch',
      summary: 'Take a proposal back, or a suggestion',
      description: 'By the side that proposed it; a suggestion by staff.'
    },
    emptySchema,
    withdrawMatch
  )

  app.get(
    '/v1/timebanks/:timebank/matching/requests',
    {
      config: { access: readers(staff), csv: true },
      schema: {
        operationId: 'listWaitingRequests',
        tags,
        summary: 'Requests that need more helpers than have said yes, oldest first',
        params: timebankParams,
        querystring: waitingQuery,
        response: { 200: pageOf(waitingSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor } = request.query
      return sendList(request, reply, {
        name: 'waiting-requests',
        query: { limit, cursor },
        columns: columnsOf(waitingSchema),
        page: (from, size) =>
          read(request, async (tx) => {
            const page = toPage(await requestsWithoutHelp(tx, idFrom(from), size), size, ({ id }) => [id])
            return { next: page.next, items: await waitingViews(tx, page.items) }
          })
      })
    }
  )
}

const at = (timebank: string) => (match: MatchView) => ({ location: `/v1/timebanks/${timebank}/matches/${match.id}` })
