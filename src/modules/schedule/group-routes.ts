import type { Tx } from '../../db/client.ts'
import {
  type Api,
  columnsOf,
  created,
  edited,
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
import { attendanceOf, noteAttendance, recordSession } from './attendance.ts'
import { listRegistrations, register, unregister } from './registrations.ts'
import {
  arrangementParams,
  attendanceInput,
  attendanceSchema,
  recordInput,
  registrationInput,
  registrationParams,
  registrationSchema,
  registrationsQuery,
  sessionParams,
  sessionSchema
} from './schemas.ts'
import { attendanceView, registrationViews, sessionView } from './views.ts'

const places = '/v1/timebanks/:timebank/arrangements/:arrangement/registrations'
const session = '/v1/timebanks/:timebank/sessions/:session'
const tags = ['Schedule']
const own = { member: 'own', ...staff } as const
const here = ['active', 'paused'] as const

/** Groups: who takes part, who came, and what is recorded of it. */
export function groupSessionRoutes(app: Api): void {
  app.get(
    places,
    {
      config: { access: readers(own), csv: true },
      schema: {
        operationId: 'listRegistrations',
        tags,
        summary: 'Who takes part in a group, or waits for a place, in their order',
        description: 'All of them for its leader and staff; others see their own.',
        params: arrangementParams,
        querystring: registrationsQuery,
        response: { 200: pageOf(registrationSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor } = request.query
      return sendList(request, reply, {
        name: 'registrations',
        query: { limit, cursor },
        columns: columnsOf(registrationSchema),
        page: (from, size) =>
          read(request, async (tx) => {
            const found = await listRegistrations(tx, request.params.arrangement, idFrom(from), size)
            const page = toPage(found, size, ({ id }) => [id])
            return { ...page, items: await registrationViews(tx, page.items) }
          })
      })
    }
  )

  app.post(
    places,
    {
      config: { access: writers(own) },
      schema: {
        operationId: 'registerInGroup',
        tags,
        summary: 'Take part in a group, in all its sessions or in one',
        description:
          'To give or to receive. Places (capacity) are for receivers; where none is left, status is `waiting`, and the place comes by itself when one becomes free. A broker enters others by `memberId`.',
        params: arrangementParams,
        body: registrationInput,
        response: { 201: registrationSchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        201,
        async (tx) => {
          const [view] = await registrationViews(tx, [await register(tx, request.params.arrangement, request.body)])
          return view!
        },
        created(request)
      )
  )

  app.delete(
    `${places}/:registration`,
    {
      config: { access: writers(own, here) },
      schema: {
        operationId: 'unregisterFromGroup',
        tags,
        summary: 'Give up a place in a group, or no longer wait for one',
        description: 'It goes to the first of those who wait.',
        params: registrationParams
      }
    },
    async (request, reply) =>
      write(request, reply, 204, async (tx) => {
        await unregister(tx, request.params.arrangement, request.params.registration)
      })
  )

  const attendance = async (tx: Tx, id: string) => attendanceView(tx, await attendanceOf(tx, id))
  app.get(
    `${session}/attendance`,
    {
      config: { access: readers(own) },
      schema: {
        operationId: 'getAttendance',
        tags,
        summary: 'Who came to a session of a group',
        description:
          'With `recording`, which can be sent to exchange-groups/preview as it is: every transfer that recording it would make. For its leader and staff.',
        params: sessionParams,
        response: { 200: attendanceSchema }
      }
    },
    (request) => read(request, (tx) => attendance(tx, request.params.session))
  )

  app.put(
    `${session}/attendance`,
    {
      config: { access: writers(own, here) },
      schema: {
        operationId: 'noteAttendance',
        tags,
        summary: 'Note who came to a session of a group',
        description:
          'All of them, in the place of what was noted before; who had no place can be among them. By its leader or staff, once it has begun, until it is recorded. No hours move by it.',
        params: sessionParams,
        body: attendanceInput,
        response: { 200: attendanceSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 200, async (tx) => {
        await noteAttendance(tx, request.params.session, request.body.people)
        return attendance(tx, request.params.session)
      })
  )

  app.post(
    `${session}/record`,
    {
      config: { access: writers(staff), idempotency: 'required' },
      schema: {
        operationId: 'recordSession',
        tags,
        summary: 'Record a session of a group by who came: hours move',
        description:
          'By a broker, on behalf of all of them. Makes a group of exchanges (groupId), which is reversed as one. Look at exchange-groups/preview first.',
        params: sessionParams,
        body: recordInput,
        response: { 200: sessionSchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        200,
        async (tx) => {
          const held = await recordSession(tx, request.params.session, request.body ?? {})
          return sessionView(tx, held.session, held.arrangement)
        },
        edited
      )
  )
}
