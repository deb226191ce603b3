import type { FastifyRequest } from 'fastify'
import {
  type Api,
  alsoAgencies,
  columnsOf,
  created,
  decodeCursor,
  edited,
  expectedVersion,
  idFrom,
  pageOf,
  read,
  readers,
  readLogged,
  sendList,
  setEtag,
  staff,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { isStaff } from '../../shared/actor.ts'
import { type Fault, refuseFaults } from '../../shared/errors.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { updateServiceRequest } from './editing.ts'
import { emergencyRefusal, isEmergency } from './emergencies.ts'
import { referralFigures } from './figures.ts'
import { createServiceRequest } from './posting.ts'
import {
  cancellationSchema,
  changeCursor,
  collection,
  concerned,
  emptySchema,
  figuresQuery,
  figuresSchema,
  historySchema,
  item,
  listedSchema,
  listQuery,
  newServiceRequestSchema,
  receiptSchema,
  serviceRequestChangeSchema,
  serviceRequestParams,
  serviceRequestSchema,
  stateSchema,
  tags
} from './schemas.ts'
import { changedAt, type Filter, listServiceRequests, type Place, readServiceRequest } from './service-requests.ts'
import { cancel, enterInError } from './steps.ts'
import { historyView, listedViews, receiptOf, stateOf, viewOf } from './views.ts'

const columns = columnsOf(listedSchema)

const readable = alsoAgencies('service_requests.read', readers(concerned))
const writable = alsoAgencies('service_requests.write', writers(staff))

/** Before anything is checked or kept. */
async function refuseEmergency(request: FastifyRequest): Promise<void> {
  const { priority } = (request.body ?? {}) as { priority?: unknown }
  if (isEmergency(priority)) throw await read(request, emergencyRefusal)
}

/** What agencies ask for and follow; the broker's desk is in desk-routes.ts. */
export function serviceRequestRoutes(app: Api): void {
  app.post(
    collection,
    {
      config: { access: writable },
      preValidation: refuseEmergency,
      schema: {
        operationId: 'createServiceRequest',
        tags,
        summary: 'Ask for something: a need of your own, or for a person',
        description:
          'Strict: unknown fields are refused by name. A referral is seen by brokers and by the person alone, until the person has said yes. One external id of an agency is one request: named again it gives the first answer (200, `Idempotency-Replayed: true`), whatever else is said. `asap` and `stat` are refused (`not-for-emergencies`) and nothing of the request is kept. The answer repeats no words of anybody. Brokers write down what an agency without a system asks for.',
        params: timebankParams,
        body: newServiceRequestSchema,
        response: { 200: receiptSchema, 201: receiptSchema }
      }
    },
    async (request, reply) => {
      const place = created(request)
      return write<ReturnType<typeof receiptOf>>(
        request,
        reply,
        ({ replayed }) => (replayed ? 200 : 201),
        async (tx) => receiptOf(await createServiceRequest(tx, request.body)),
        (body) => ({ ...place(body), ...(body.replayed ? { 'idempotency-replayed': 'true' } : {}) })
      )
    }
  )

  app.get(
    collection,
    {
      config: { access: readable, csv: true },
      schema: {
        operationId: 'listServiceRequests',
        tags,
        summary: 'Service requests, newest first; with `updatedSince` in the order of their changes',
        description:
          'Staff see all, an agency its own, members what is about them or about whom they support in the scope `consents`. What a person does not share with the agency at this moment is null and named in `withheld`; each read of a referral by an agency is written down for the person.',
        params: timebankParams,
        querystring: listQuery,
        response: { 200: pageOf(listedSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor } = request.query
      refuseFaults(foreignFaults(request))
      const filter = filterOf(request)
      return sendList(request, reply, {
        name: 'service-requests',
        query: { limit, cursor },
        columns,
        page: (from, size) =>
          readLogged(request, async (tx) => {
            const byChange = filter.updatedSince !== undefined
            const found = await listServiceRequests(tx, filter, placeFrom(from, byChange), size)
            const page = toPage(found, size, (one) =>
              byChange ? [changedAt(tx, one).toISOString(), one.id] : [one.id]
            )
            return { next: page.next, items: await listedViews(tx, page.items) }
          })
      })
    }
  )

  app.get(
    `${collection}/figures`,
    {
      config: { access: alsoAgencies('service_requests.read', readers({ ...staff, auditor: true })) },
      schema: {
        operationId: 'getReferralFigures',
        tags,
        summary: 'Figures of referrals of whole months',
        description:
          'By when they were asked for, as they stand now. Acceptance: ever accepted / (ever accepted + rejected). Completion: completed / (completed + failed). Staff and auditors see those of the timebank; an agency its own, without what fewer than `smallestPublishedCell` of the policy make up.',
        params: timebankParams,
        querystring: figuresQuery,
        response: { 200: figuresSchema }
      }
    },
    (request) => read(request, (tx) => referralFigures(tx, request.query))
  )

  app.get(
    item,
    {
      config: { access: readable },
      schema: {
        operationId: 'getServiceRequest',
        tags,
        summary: 'One service request, with all that was written',
        description:
          'The only place where words about a person are read. For staff, the agency that asked, and the person; to others it is not there.',
        params: serviceRequestParams,
        response: { 200: serviceRequestSchema }
      }
    },
    async (request, reply) => {
      const view = await readLogged(request, async (tx) =>
        viewOf(tx, await readServiceRequest(tx, request.params.serviceRequest))
      )
      setEtag(reply, view.rowVersion)
      return view
    }
  )

  app.get(
    `${item}/history`,
    {
      config: { access: readable },
      schema: {
        operationId: 'getServiceRequestHistory',
        tags,
        summary: 'What it has been, with reasons and times',
        description: 'To an agency without what the person does not share with it at this moment.',
        params: serviceRequestParams,
        response: { 200: historySchema }
      }
    },
    (request) =>
      readLogged(request, async (tx) => historyView(tx, await readServiceRequest(tx, request.params.serviceRequest)))
  )

  app.patch(
    item,
    {
      config: { access: writable, ifMatch: true },
      preValidation: refuseEmergency,
      schema: {
        operationId: 'updateServiceRequest',
        tags,
        summary: 'Change what was asked for, until it is decided',
        description:
          'What is left out stays as it is. Whom it is about and what they have agreed to cannot be changed.',
        params: serviceRequestParams,
        body: serviceRequestChangeSchema,
        response: { 200: stateSchema }
      }
    },
    async (request, reply) => {
      const expected = expectedVersion(request)
      return write(
        request,
        reply,
        200,
        async (tx) =>
          stateOf(tx, await updateServiceRequest(tx, request.params.serviceRequest, request.body, expected)),
        edited
      )
    }
  )

  app.post(
    `${item}/cancellation`,
    {
      config: { access: writable },
      schema: {
        operationId: 'cancelServiceRequest',
        tags,
        summary: 'Call it off, with a reason',
        description:
          'By the agency that asked, or a broker, until it has ended. What members see of it is withdrawn; what is agreed with helpers stays with those who have agreed.',
        params: serviceRequestParams,
        body: cancellationSchema,
        response: { 200: stateSchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        200,
        async (tx) => stateOf(tx, await cancel(tx, request.params.serviceRequest, request.body.reason)),
        edited
      )
  )

  app.post(
    `${item}/error`,
    {
      config: { access: writable },
      schema: {
        operationId: 'enterServiceRequestInError',
        tags,
        summary: 'Say that it should never have been',
        description: 'By the agency that asked, or a broker, in any state. Its words are removed for good.',
        params: serviceRequestParams,
        body: emptySchema,
        response: { 200: stateSchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        200,
        async (tx) => stateOf(tx, await enterInError(tx, request.params.serviceRequest)),
        edited
      )
  )
}

function placeFrom(cursor: string | undefined, byChange: boolean): Place | null {
  if (byChange) {
    const place = decodeCursor(cursor, changeCursor)
    return place && { at: place[0], id: place[1] }
  }
  const id = idFrom(cursor)
  return id === null ? null : { at: null, id }
}

type Query = { actor: FastifyRequest['actor']; query: (typeof listQuery)['_output'] }

/** By whom it is about, and by who looks after it, nobody searches to whom that is not told. */
function foreignFaults({ actor, query }: Query): Fault[] {
  const refused = (['member', 'assignee'] as const).filter(
    (name) => query[name] !== undefined && (actor.agency !== undefined || (name === 'assignee' && !isStaff(actor)))
  )
  return refused.map((parameter) => ({ parameter, detail: `${parameter}: is not for you to search by.` }))
}

function filterOf({ actor, query }: Query): Filter {
  const { status, subStatus, kind, priority, organisation, member, assignee, waitingSince, updatedSince } = query
  const me = actor.membershipId ?? undefined
  return {
    status,
    subStatus,
    kind,
    priority,
    organisationId: organisation,
    memberId: member === 'me' ? me : member,
    assigneeId: assignee === 'none' ? null : assignee === 'me' ? me : assignee,
    waitingSince: waitingSince === undefined ? undefined : new Date(waitingSince),
    updatedSince: updatedSince === undefined ? undefined : new Date(updatedSince),
    external: { system: query.externalSystem, value: query.externalValue }
  }
}
