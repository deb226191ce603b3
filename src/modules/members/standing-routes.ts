import { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import {
  type Access,
  type Api,
  columnsOf,
  expectedVersion,
  idFrom,
  pageOf,
  pageQuery,
  read,
  readers,
  sendList,
  staff,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { erase, leave } from './leaving.ts'
import { giveMemberLogin } from './login.ts'
import type { Membership } from './memberships.ts'
import { assignBroker, changeRoles } from './roles.ts'
import {
  brokerSchema,
  departureSchema,
  loginSchema,
  maybeReason,
  memberParams,
  memberSchema,
  newScreeningSchema,
  nothing,
  rolesSchema,
  screeningSchema,
  withReason
} from './schemas.ts'
import { listScreenings, noteScreening } from './screening.ts'
import { activate, decline, pause, reinstate, resume, startScreening, suspend, withdraw } from './status.ts'
import { memberFor, ownHeaders, ownView } from './views.ts'

const tags = ['Members']
const member = '/v1/timebanks/:timebank/members/:member'

type Body = { reason?: string | undefined } | null | undefined
type Step = {
  path: string
  operationId: string
  summary: string
  access: Access
  body: z.ZodType<Body>
  required?: boolean
  /** The hook of higher floors that follows in the same transaction. */
  hook?: keyof StandingOptions
  run(tx: Tx, membershipId: string, body: Body): Promise<Membership>
}

export type StandingOptions = {
  /** After somebody has left, or an application has come to nothing: what of theirs on higher floors has to end. */
  onDeparture?(tx: Tx, membershipId: string): Promise<void>
  /** After a membership was erased: what is personal of it there. */
  onErasure?(tx: Tx, membershipId: string): Promise<void>
}

const mine = { member: 'own', broker: true, admin: true } as const
const taking = ['active', 'paused'] as const

/** Every step of a membership through its states, as one address each. */
const steps: Step[] = [
  {
    path: 'screening',
    operationId: 'startScreening',
    summary: 'Begin to take references and to interview',
    access: writers(staff),
    body: nothing,
    run: (tx, id) => startScreening(tx, id)
  },
  {
    path: 'activation',
    operationId: 'activateMember',
    summary: 'Open a membership for exchange, with the joining credit of the policy',
    access: writers(staff),
    body: nothing,
    required: true,
    run: (tx, id) => activate(tx, id)
  },
  {
    path: 'decline',
    operationId: 'declineMember',
    summary: 'Decline an application',
    access: writers(staff),
    body: maybeReason,
    hook: 'onDeparture',
    run: (tx, id, body) => decline(tx, id, body?.reason ?? null)
  },
  {
    path: 'withdrawal',
    operationId: 'withdrawApplication',
    summary: 'Withdraw an application',
    access: writers(mine, ['applied', 'screening', 'active']),
    body: nothing,
    hook: 'onDeparture',
    run: (tx, id) => withdraw(tx, id)
  },
  {
    path: 'pause',
    operationId: 'pauseMember',
    summary: 'Take a break',
    access: writers(mine),
    body: maybeReason,
    run: (tx, id, body) => pause(tx, id, body?.reason ?? null)
  },
  {
    path: 'resumption',
    operationId: 'resumeMember',
    summary: 'Come back from a break',
    access: writers(mine, ['active', 'paused']),
    body: nothing,
    run: (tx, id) => resume(tx, id)
  },
  {
    path: 'suspension',
    operationId: 'suspendMember',
    summary: 'Suspend a membership: its account is frozen',
    access: writers(staff),
    body: withReason,
    run: (tx, id, body) => suspend(tx, id, body?.reason ?? '')
  },
  {
    path: 'reinstatement',
    operationId: 'reinstateMember',
    summary: 'Lift a suspension',
    access: writers(staff),
    body: withReason,
    run: (tx, id, body) => reinstate(tx, id, body?.reason ?? '')
  },
  {
    path: 'departure',
    operationId: 'leaveTimebank',
    summary: 'End a membership; its hours go where the policy says. That of a suspended member is for staff to end',
    access: writers(mine, taking),
    body: departureSchema,
    required: true,
    hook: 'onDeparture',
    run: (tx, id, body) => leave(tx, id, body ?? {})
  },
  {
    path: 'erasure',
    operationId: 'eraseMember',
    summary: 'Blank what is personal of a membership that has ended; the ledger stays as it is',
    access: writers({ admin: true }),
    body: maybeReason,
    hook: 'onErasure',
    run: (tx, id, body) => erase(tx, id, body?.reason ?? null)
  }
]

/** Screening, states, roles, brokers and logins of memberships. */
export function standingRoutes(app: Api, options: StandingOptions = {}): void {
  stepRoutes(app, options)
  screeningRoutes(app)
  roleRoutes(app)
  loginRoute(app)
}

function stepRoutes(app: Api, options: StandingOptions): void {
  for (const { path, operationId, summary, access, body, required, hook, run } of steps)
    app.post(
      `${member}/${path}`,
      {
        config: { access, idempotency: required ? 'required' : 'optional' },
        schema: {
          operationId,
          tags,
          summary,
          description: 'A step that the present state does not allow is a 409.',
          params: memberParams,
          body,
          response: { 200: memberSchema }
        }
      },
      async (request, reply) =>
        write(
          request,
          reply,
          200,
          async (tx) => {
            const { id } = await memberFor(tx, request, request.params.member)
            const moved = await run(tx, id, request.body)
            if (hook) await options[hook]?.(tx, id)
            return ownView(moved)
          },
          ownHeaders
        )
    )
}

function screeningRoutes(app: Api): void {
  app.post(
    `${member}/screenings`,
    {
      config: { access: writers(staff) },
      schema: {
        operationId: 'noteScreening',
        tags,
        summary: 'Note a reference, an interview or vetting',
        description:
          'Vetting holds until the day that is noted with it; categories may ask for it from who gives there. The one noted last counts.',
        params: memberParams,
        body: newScreeningSchema,
        response: { 201: screeningSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 201, async (tx) =>
        noteScreening(tx, (await memberFor(tx, request, request.params.member)).id, request.body)
      )
  )

  app.get(
    `${member}/screenings`,
    {
      config: { access: readers(staff), csv: true },
      schema: {
        operationId: 'listScreenings',
        tags,
        summary: 'References, interviews and vetting of a member, oldest first',
        params: memberParams,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(screeningSchema) }
      }
    },
    async (request, reply) => {
      return sendList(request, reply, {
        name: 'screenings',
        query: request.query,
        columns: columnsOf(screeningSchema),
        page: (from, size) =>
          read(request, async (tx) => {
            const { id } = await memberFor(tx, request, request.params.member)
            return toPage(await listScreenings(tx, id, idFrom(from), size), size, (row) => [row.id])
          })
      })
    }
  )
}

function roleRoutes(app: Api): void {
  app.put(
    `${member}/roles`,
    {
      config: { access: writers({ admin: true }), ifMatch: true },
      schema: {
        operationId: 'changeRoles',
        tags,
        summary: 'Set the roles of a member',
        description: 'The last admin cannot be dropped.',
        params: memberParams,
        body: rolesSchema,
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
          return ownView(await changeRoles(tx, id, request.body.roles, request.body.reason ?? null, expected))
        },
        ownHeaders
      )
    }
  )

  app.put(
    `${member}/broker`,
    {
      config: { access: writers(staff), ifMatch: true },
      schema: {
        operationId: 'assignBroker',
        tags,
        summary: 'Name the broker whom a member turns to',
        params: memberParams,
        body: brokerSchema,
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
          return ownView(await assignBroker(tx, id, request.body.brokerId, expected))
        },
        ownHeaders
      )
    }
  )
}

function loginRoute(app: Api): void {
  app.put(
    `${member}/login`,
    {
      config: { access: writers(staff) },
      schema: {
        operationId: 'giveMemberLogin',
        tags,
        summary: 'Give a member who has no login an address to sign in by',
        description:
          'They sign in by a link that is mailed there. Where somebody has this address and is no member here, the membership ' +
          'becomes theirs. A member who has a login keeps it (409). For a member with further roles, admins only.',
        params: memberParams,
        body: loginSchema,
        response: { 200: memberSchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        200,
        async (tx) => {
          const { id } = await memberFor(tx, request, request.params.member)
          return ownView(await giveMemberLogin(tx, id, request.body.email))
        },
        ownHeaders
      )
  )
}
