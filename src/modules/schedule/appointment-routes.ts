import type { Tx } from '../../db/client.ts'
import {
  type Api,
  columnsOf,
  decodeCursor,
  edited,
  expectedVersion,
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
import { isStaff } from '../../shared/actor.ts'
import { DomainError } from '../../shared/errors.ts'
import { getExchange } from '../exchanges/index.ts'
import { memberParty } from '../members/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { type Appointment, getAppointment, removeAppointment, setAppointment } from './appointments.ts'
import { calendarOf, instantsOf } from './reading.ts'
import {
  appointmentInput,
  appointmentParams,
  appointmentSchema,
  calendarQuery,
  entrySchema,
  timeCursor
} from './schemas.ts'
import { appointmentView, entryViews } from './views.ts'

const item = '/v1/timebanks/:timebank/exchanges/:exchange/appointment'
const tags = ['Schedule']
/** The sides of an exchange, each for what is theirs, and staff. */
const sides = { member: 'own', ...staff } as const

const viewOf = async (tx: Tx, appointment: Appointment) => {
  const { providerId, receiverId } = await getExchange(tx, appointment.exchangeId)
  return appointmentView(tx, appointment, [providerId, receiverId])
}

export function appointmentRoutes(app: Api): void {
  app.get(
    item,
    {
      config: { access: readers({ ...sides, auditor: true }) },
      schema: {
        operationId: 'getAppointment',
        tags,
        summary: 'When and where an exchange is to take place',
        description: 'Not found where none is set, or the exchange has been called off.',
        params: appointmentParams,
        response: { 200: appointmentSchema }
      }
    },
    async (request, reply) => {
      const view = await read(request, async (tx) => viewOf(tx, await getAppointment(tx, request.params.exchange)))
      setEtag(reply, view.rowVersion)
      return view
    }
  )

  app.put(
    item,
    {
      config: { access: writers(sides, ['active', 'paused']) },
      schema: {
        operationId: 'setAppointment',
        tags,
        summary: 'Say when and where an exchange is to take place',
        description:
          'By either side, or staff, until it is reported; the others are told. To change one that is there, send its ETag as If-Match. Overlaps with what else you are expected at are told, and never refused.',
        params: appointmentParams,
        body: appointmentInput,
        response: { 200: appointmentSchema }
      }
    },
    async (request, reply) => {
      const expected = request.headers['if-match'] === undefined ? null : expectedVersion(request)
      return write(
        request,
        reply,
        200,
        async (tx) => viewOf(tx, await setAppointment(tx, request.params.exchange, request.body, expected)),
        edited
      )
    }
  )

  app.delete(
    item,
    {
      config: { access: writers(sides, ['active', 'paused']), ifMatch: true },
      schema: {
        operationId: 'removeAppointment',
        tags,
        summary: 'Take an appointment away',
        description: 'The exchange itself stays as it is. The others are told.',
        params: appointmentParams
      }
    },
    async (request, reply) => {
      const expected = expectedVersion(request)
      return write(request, reply, 204, (tx) => removeAppointment(tx, request.params.exchange, expected))
    }
  )

  app.get(
    '/v1/timebanks/:timebank/calendar',
    {
      config: { access: readers(sides), csv: true },
      schema: {
        operationId: 'getCalendar',
        tags,
        summary: 'Where somebody is expected, in order of time',
        description:
          'Sessions of arrangements and appointments of exchanges: your own, or for staff those of `memberId`. What is called off is left out.',
        params: timebankParams,
        querystring: calendarQuery,
        response: { 200: pageOf(entrySchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, from, to, memberId } = request.query
      return sendList(request, reply, {
        name: 'calendar',
        query: { limit, cursor },
        columns: columnsOf(entrySchema),
        page: (at, size) =>
          read(request, async (tx) => {
            const me = tx.actor.membershipId!
            if (memberId !== undefined && memberId.toLowerCase() !== me && !isStaff(tx.actor))
              throw new DomainError('forbidden', 'Staff see the calendars of others.')
            const whose = memberId === undefined ? me : (await memberParty(tx, memberId)).membershipId
            const span = await instantsOf(tx, from, to)
            const last = decodeCursor(at, timeCursor)
            const after = last && { startsAt: last[0], id: last[1] }
            const found = await calendarOf(tx, whose, { from: span.from ?? tx.now, to: span.to ?? null }, after, size)
            const page = toPage(found, size, ({ startsAt, id }) => [startsAt.toISOString(), id])
            return { ...page, items: await entryViews(tx, whose, page.items) }
          })
      })
    }
  )
}
