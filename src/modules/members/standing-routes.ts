import { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import {
  type Access,
  type Api,
  decodeCursor,
  idCursor,
  linkNext,
  pageOf,
  pageQuery,
  read,
  readers,
  staff,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { erase, leave } from './leaving.ts'
import type { Membership } from './memberships.ts'
import { assignBroker, changeRoles } from './roles.ts'
import {
  brokerSchema,
  departureSchema,
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
  run(tx: Tx, membershipId: string, body: Body): Promise<Membership>
}

const mine = { member: 'own', broker: true, admin: true } as const
const taking = ['active', 'paused', 'suspended'] as const

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
    run: (tx, id, body) => decline(tx, id, body?.reason ?? null)
  },
  {
    path: 'withdrawal',
    operationId: 'withdrawApplication',
    summary: 'Withdraw an application',
    access: writers(mine, ['applied', 'screening', 'active']),
    body: nothing,
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
    summary: 'End a membership; its hours go where the policy says',
    access: writers(mine, taking),
    body: departureSchema,
    required: true,
    run: (tx, id, body) => leave(tx, id, body ?? {})
  },
  {
    path: 'erasure',
    operationId: 'eraseMember',
    summary: 'Blank what is personal of a membership that has ended; the ledger stays as it is',
    access: writers({ admin: true }),
    body: maybeReason,
    run: (tx, id, body) => erase(tx, id, body?.reason ?? null)
  }
]

/** Screening, states, roles and brokers of memberships. */
export function standingRoutes(app: Api): void {
  stepRoutes(app)
  screeningRoutes(app)
  roleRoutes(app)
}

function stepRoutes(app: Api): void {
  for (const { path, operationId, summary, access, body, required, run } of steps)
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
          async (tx) => ownView(await run(tx, (await memberFor(tx, request, request.params.member)).id, request.body)),
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
        summary: 'Note a reference or an interview',
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
      config: { access: readers(staff) },
      schema: {
        operationId: 'listScreenings',
        tags,
        summary: 'References and interviews of a member, oldest first',
        params: memberParams,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(screeningSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor } = request.query
      const after = decodeCursor(cursor, idCursor)?.[0] ?? null
      const rows = await read(request, async (tx) =>
        listScreenings(tx, (await memberFor(tx, request, request.params.member)).id, after, limit)
      )
      const page = toPage(rows, limit, (row) => [row.id])
      linkNext(request, reply, page.next)
      return page
    }
  )
}

function roleRoutes(app: Api): void {
  app.put(
    `${member}/roles`,
    {
      config: { access: writers({ admin: true }) },
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
    async (request, reply) =>
      write(
        request,
        reply,
        200,
        async (tx) => {
          const { id } = await memberFor(tx, request, request.params.member)
          return ownView(await changeRoles(tx, id, request.body.roles, request.body.reason ?? null))
        },
        ownHeaders
      )
  )

  app.put(
    `${member}/broker`,
    {
      config: { access: writers(staff) },
      schema: {
        operationId: 'assignBroker',
        tags,
        summary: 'Name the broker whom a member turns to',
        params: memberParams,
        body: brokerSchema,
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
          return ownView(await assignBroker(tx, id, request.body.brokerId))
        },
        ownHeaders
      )
  )
}
