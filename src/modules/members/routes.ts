import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import {
  type Api,
  columnsOf,
  created,
  decodeCursor,
  everyRole,
  expectedVersion,
  idFrom,
  numberCursor,
  pageOf,
  pageQuery,
  read,
  readers,
  sendList,
  setEtag,
  signedIn,
  staff,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { hasRole, isStaff } from '../../shared/actor.ts'
import { DomainError, type Fault, notFound } from '../../shared/errors.ts'
import { listEventsOf } from '../audit/index.ts'
import { eventSchema } from '../audit/schemas.ts'
import { findTimebank } from '../timebanks/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { addMember, applyForMembership } from './adding.ts'
import { listMembers, type MemberFilter } from './listing.ts'
import { updateProfile } from './profile.ts'
import {
  addMemberSchema,
  applicationSchema,
  memberParams,
  memberQuery,
  memberSchema,
  updateMemberSchema
} from './schemas.ts'
import { eventView, eyeOf, memberFor, ownHeaders, ownView, view, viewOrNothing } from './views.ts'

const tags = ['Members']
const members = '/v1/timebanks/:timebank/members'
const member = `${members}/:member`

export function memberRoutes(app: Api): void {
  joining(app)
  lists(app)
  profiles(app)
}

function joining(app: Api): void {
  app.post(
    '/v1/timebanks/:timebank/applications',
    {
      config: { access: signedIn },
      schema: {
        operationId: 'applyForMembership',
        tags,
        summary: 'Ask to become a member',
        description: 'For a signed-in person who is not a member here yet. A broker takes it from there.',
        params: timebankParams,
        body: applicationSchema,
        response: { 201: memberSchema }
      }
    },
    async (request, reply) => {
      const timebank = await findTimebank(app.database.db, request.params.timebank)
      if (!timebank) throw notFound('timebank')
      request.timebank = { id: timebank.id, slug: timebank.slug, policyVersion: null }
      const { personId } = request.actor
      const address = `/v1/timebanks/${timebank.slug}/members/me`
      return write(
        request,
        reply,
        201,
        async (tx) => ownView(await applyForMembership(tx, personId!, request.body)),
        (body) => ({ location: address, ...ownHeaders(body) })
      )
    }
  )

  app.post(
    members,
    {
      config: { access: writers(staff), idempotency: 'required' },
      schema: {
        operationId: 'addMember',
        tags,
        summary: 'Enter a member, with or without an e-mail address',
        description:
          'Nobody needs an e-mail address or a phone to be a member; none is ever invented. `active` gives the joining credit of the policy.',
        params: timebankParams,
        body: addMemberSchema,
        response: { 201: memberSchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        201,
        async (tx) => ownView(await addMember(tx, request.body)),
        (body) => ({ ...created(request)({ id: body.id }), ...ownHeaders(body) })
      )
  )
}

const columns = columnsOf(memberSchema)

/** Looking by what one may not see would tell it; such a filter is refused, never ignored. */
function refuseFilters(request: FastifyRequest, query: z.output<typeof memberQuery>): void {
  if (isStaff(request.actor)) return
  const auditor = hasRole(request.actor, 'auditor')
  const reserved = auditor ? (['broker', 'language', 'area'] as const) : (['status', 'role', 'broker'] as const)
  const faults: Fault[] = reserved
    .filter((name) => query[name] !== undefined)
    .map((name) => ({ parameter: name, detail: `${name}: is not for you to look by.` }))
  if (auditor && query.q !== undefined && !/^\d+$/.test(query.q))
    faults.push({ parameter: 'q', detail: 'q: auditors look by number.' })
  if (faults.length > 0) throw new DomainError('forbidden', undefined, { errors: faults })
}

function lists(app: Api): void {
  app.get(
    members,
    {
      config: { access: readers(everyRole), csv: true },
      schema: {
        operationId: 'listMembers',
        tags,
        summary: 'Members by number',
        description:
          'Members see those who take part and let themselves be seen; staff and auditors see all. CSV is for staff and auditors.',
        params: timebankParams,
        querystring: memberQuery,
        response: { 200: pageOf(memberSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, status, role, broker, q, language, area } = request.query
      refuseFilters(request, request.query)
      const { actor } = request
      const seesAll = isStaff(actor) || hasRole(actor, 'auditor')
      const filter: Omit<MemberFilter, 'after'> = {
        ...{ role, q, language, area, brokerId: broker },
        statuses: status === undefined ? undefined : [status],
        visibleTo: seesAll ? undefined : (actor.membershipId ?? undefined)
      }
      return sendList(request, reply, {
        name: 'members',
        query: { limit, cursor },
        columns,
        page: async (from, size) => {
          const after = decodeCursor(from, numberCursor)?.[0] ?? null
          const rows = await read(request, (tx) => listMembers(tx, { ...filter, after }, size))
          const page = toPage(rows, size, (row) => [row.number])
          return { ...page, items: page.items.flatMap((row) => view(actor, row) ?? []) }
        }
      })
    }
  )
}

function profiles(app: Api): void {
  app.get(
    member,
    {
      config: { access: readers(everyRole, 'any') },
      schema: {
        operationId: 'getMember',
        tags,
        summary: 'One member, as far as the caller may see them',
        params: memberParams,
        response: { 200: memberSchema }
      }
    },
    async (request, reply) => {
      const body = await read(request, async (tx) =>
        viewOrNothing(tx.actor, await memberFor(tx, request, request.params.member))
      )
      if (body.rowVersion !== undefined) setEtag(reply, body.rowVersion)
      return body
    }
  )

  app.patch(
    member,
    {
      config: {
        access: writers({ member: 'own', broker: true, admin: true }, ['applied', 'screening', 'active', 'paused']),
        ifMatch: true
      },
      schema: {
        operationId: 'updateMember',
        tags,
        summary: 'Change a profile: one’s own, or as staff for a member',
        params: memberParams,
        body: updateMemberSchema,
        response: { 200: memberSchema }
      }
    },
    async (request, reply) => {
      const expected = expectedVersion(request)
      return write(
        request,
        reply,
        200,
        async (tx) => {
          const { id } = await memberFor(tx, request, request.params.member)
          return ownView(await updateProfile(tx, id, request.body, expected))
        },
        ownHeaders
      )
    }
  )

  app.get(
    `${member}/audit`,
    {
      config: { access: readers({ member: 'own', broker: true, admin: true }, 'any') },
      schema: {
        operationId: 'listMemberAuditEvents',
        tags,
        summary: 'What was done to, for and by a member; newest first',
        params: memberParams,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(eventSchema) }
      }
    },
    async (request, reply) => {
      return sendList(request, reply, {
        name: 'audit',
        query: request.query,
        columns: columnsOf(eventSchema),
        page: (from, size) =>
          read(request, async (tx) => {
            const { id } = await memberFor(tx, request, request.params.member)
            if (eyeOf(tx.actor, id) !== 'own' && !isStaff(tx.actor)) throw notFound('member')
            const page = toPage(await listEventsOf(tx, id, idFrom(from), size), size, (event) => [event.id])
            return { ...page, items: page.items.map((event) => eventView(request.actor, event)) }
          })
      })
    }
  )
}
