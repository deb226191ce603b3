import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import {
  type Api,
  type CsvColumns,
  created,
  decodeCursor,
  everyRole,
  expectedVersion,
  idCursor,
  linkNext,
  maxLimit,
  numberCursor,
  pageOf,
  pageQuery,
  read,
  readers,
  sendCsv,
  setEtag,
  signedIn,
  staff,
  toPage,
  wantsCsv,
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
import { eventView, eyeOf, type MemberView, memberFor, ownHeaders, ownView, view, viewOrNothing } from './views.ts'

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
      request.timebank = timebank
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

const columns: CsvColumns<MemberView> = {
  number: (m) => m.number,
  id: (m) => m.id,
  displayName: (m) => m.displayName,
  status: (m) => m.status,
  roles: (m) => m.roles?.join(' '),
  accountId: (m) => m.accountId,
  joinedOn: (m) => m.joinedOn,
  leftOn: (m) => m.leftOn,
  brokerId: (m) => m.brokerId,
  email: (m) => m.email,
  phone: (m) => m.phone,
  area: (m) => m.area,
  languages: (m) => m.languages?.join(' ')
}

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
      const pageFrom = async (from: string | undefined, size: number) => {
        const after = decodeCursor(from, numberCursor)?.[0] ?? null
        const page = toPage(await read(request, (tx) => listMembers(tx, { ...filter, after }, size)), size, (row) => [
          row.number
        ])
        return { ...page, items: page.items.flatMap((row) => view(actor, row) ?? []) }
      }
      if (wantsCsv(request)) {
        if (!seesAll) throw new DomainError('forbidden', 'The list as CSV is for staff and auditors.')
        return sendCsv(reply, 'members', columns, (next) => pageFrom(next, maxLimit), cursor)
      }
      const page = await pageFrom(cursor, limit)
      linkNext(request, reply, page.next)
      return page
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
      const { limit, cursor } = request.query
      const before = decodeCursor(cursor, idCursor)?.[0] ?? null
      const rows = await read(request, async (tx) => {
        const { id } = await memberFor(tx, request, request.params.member)
        if (eyeOf(tx.actor, id) !== 'own' && !isStaff(tx.actor)) throw notFound('member')
        return listEventsOf(tx, id, before, limit)
      })
      const page = toPage(rows, limit, (event) => [event.id])
      linkNext(request, reply, page.next)
      return { ...page, items: page.items.map((event) => eventView(request.actor, event)) }
    }
  )
}
