import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import {
  type Api,
  agenciesOnly,
  anyone,
  decodeCursor,
  encodeCursor,
  expectedVersion,
  idFrom,
  read,
  readLogged,
  timebankOf,
  write
} from '../../http/index.ts'
import { DomainError } from '../../shared/errors.ts'
import { emergencyRefusal, isEmergency, type Place } from '../service-requests/index.ts'
import { capabilityOf } from './capability.ts'
import { type Names, namesOf } from './codes.ts'
import { readConsentTold, searchConsents } from './consents.ts'
import { fhirJson, refusedAs, sendOutcome } from './outcome-views.ts'
import {
  checkTask,
  createAll,
  createAsked,
  type Done,
  readFollowed,
  readWhole,
  search,
  updateTask
} from './requests.ts'
import {
  bundleIn,
  consentParams,
  consentQuery,
  fhirParams,
  formatQuery,
  responses,
  serviceRequestIn,
  serviceRequestParams,
  serviceRequestQuery,
  taskIn,
  taskParams,
  taskPatchIn,
  taskQuery,
  taskUpdateIn
} from './schemas.ts'
import { idOf, searchset, sinceOf, statusesOf, tokenOf } from './search.ts'
import { consentOf, type Resource, serviceRequestOf, type Told, taskOf } from './to-fhir.ts'
import { readPatch, readUpdate } from './updates.ts'

export type FhirOptions = { publicUrl: string; version: string }

const tags = ['FHIR']
const consumes = ['application/fhir+json', 'application/json']
const reading = agenciesOnly('service_requests.read')
const writing = agenciesOnly('service_requests.write')
const ofServiceRequest = { problem: refusedAs('ServiceRequest') }
const ofTask = { problem: refusedAs('Task') }

/** Service requests as agencies' systems speak of them: HL7 FHIR R4, by the SDOH Clinical Care guide. */
export function fhirRoutes(app: Api, { publicUrl, version }: FhirOptions): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  const namesFor = (request: FastifyRequest): Names => namesOf(publicUrl, timebankOf(request).slug)

  app.register(
    async (scope: Api) => {
      scope.addContentTypeParser(
        ['application/fhir+json', 'application/json-patch+json'],
        { parseAs: 'string' },
        (request, body, done) => (body === '' ? done(null, undefined) : parse(request, String(body), done))
      )
      scope.setNotFoundHandler((request, reply) => sendOutcome(request, reply, new DomainError('route-not-found')))
      scope.addHook('preValidation', refuseOtherFormats)

      scope.get(
        '/:timebank/metadata',
        {
          config: { access: anyone, problem: refusedAs('') },
          schema: {
            operationId: 'fhirMetadata',
            tags,
            summary: 'What there is for systems that speak FHIR R4 (CapabilityStatement)',
            params: fhirParams,
            querystring: formatQuery,
            response: responses.capability
          }
        },
        async (request, reply) => {
          const { timebank } = request.params
          if (!/^[a-z0-9-]{1,50}$/i.test(timebank)) throw new DomainError('not-found')
          return send(reply, capabilityOf(namesOf(publicUrl, timebank), version))
        }
      )

      scope.post(
        '/:timebank/ServiceRequest',
        {
          config: { access: writing, ...ofServiceRequest },
          preValidation: refuseEmergency,
          schema: {
            operationId: 'fhirCreateServiceRequest',
            tags,
            summary: 'Ask for something, as a ServiceRequest',
            description:
              'The same as POST service-requests. Answers without a body (`Prefer: return=minimal`), by Location and ETag. One identifier of an agency is one request: sent again, or with If-None-Exist, it is answered 200 with the first. What is not taken is refused by its path: no diagnoses, no national identifiers, no narrative.',
            consumes,
            params: fhirParams,
            body: serviceRequestIn,
            response: responses.made
          }
        },
        async (request, reply) => {
          const names = namesFor(request)
          const { body } = request
          checkIfNoneExist(request.headers['if-none-exist'], body)
          let made = { id: '', replayed: false }
          return write(
            request,
            reply,
            () => (made.replayed ? 200 : 201),
            async (tx) => {
              made = await createAsked(tx, body, names)
            },
            () => madeHeaders(`${names.base}/ServiceRequest/${made.id}`, made.replayed ? null : 1)
          )
        }
      )

      scope.post(
        '/:timebank',
        {
          config: { access: writing, problem: refusedAs('Bundle') },
          preValidation: refuseEmergency,
          schema: {
            operationId: 'fhirTransaction',
            tags,
            summary: 'Several resources of one or more referrals, all or none (transaction Bundle)',
            description:
              'ServiceRequests with the Patient and the Consent that they refer to by fullUrl, and the Tasks whose focus they are. Each is as where it is posted by itself; Patient and Consent are taken into the ServiceRequest, whose address they are answered with. Answers without resources.',
            consumes,
            params: fhirParams,
            body: bundleIn,
            response: responses.done
          }
        },
        async (request, reply) => {
          const names = namesFor(request)
          const { entry } = request.body
          for (const { resource, request: asked } of entry) checkIfNoneExist(asked.ifNoneExist, resource)
          // the framework finds no writer by type for an answer that is kept
          reply.serializer((body) => (typeof body === 'string' ? body : JSON.stringify(body)))
          return write(
            request,
            reply,
            200,
            async (tx) => transactionResponse(await createAll(tx, request.body, names)),
            () => ({ 'content-type': fhirJson })
          )
        }
      )

      scope.get(
        '/:timebank/ServiceRequest/:serviceRequest',
        {
          config: { access: reading, ...ofServiceRequest },
          schema: {
            operationId: 'fhirReadServiceRequest',
            tags,
            summary: 'One ServiceRequest of your own, with all that you have written',
            description:
              'A status that the person does not share is `unknown`. The read is written down for the person.',
            params: serviceRequestParams,
            querystring: formatQuery,
            response: responses.serviceRequest
          }
        },
        async (request, reply) => {
          const told = await readLogged(request, (tx) =>
            readWhole(tx, request.params.serviceRequest, timebankOf(request).slug)
          )
          return send(reply, serviceRequestOf(told, namesFor(request)))
        }
      )

      scope.get(
        '/:timebank/ServiceRequest',
        {
          config: { access: reading, ...ofServiceRequest },
          schema: {
            operationId: 'fhirSearchServiceRequests',
            tags,
            summary: 'Search your own ServiceRequests',
            description:
              'Newest first; with `_lastUpdated` in the order of the changes. Without words about a person but the title (tagged SUBSETTED). Other parameters are refused.',
            params: fhirParams,
            querystring: serviceRequestQuery,
            response: responses.found
          }
        },
        async (request, reply) => {
          const { _id, identifier, status, ...paged } = request.query
          const wanted = {
            ids: _id?.split(','),
            identifier: identifier === undefined ? undefined : tokenOf('identifier', identifier),
            status: status === undefined ? undefined : statusesOf('ServiceRequest', status)
          }
          return answerSearch(request, reply, namesFor(request), wanted, paged, (told, names) =>
            serviceRequestOf(told, names, false)
          )
        }
      )

      scope.post(
        '/:timebank/Task',
        {
          config: { access: writing, ...ofTask },
          preValidation: refuseEmergency,
          schema: {
            operationId: 'fhirCreateTask',
            tags,
            summary: 'Ask for a ServiceRequest of your own to be fulfilled, as a Task',
            description:
              'Every ServiceRequest is asked to be fulfilled as it is taken: it has one Task from the beginning, with its id, and this answers with that. What the Task says must be what the ServiceRequest says.',
            consumes,
            params: fhirParams,
            body: taskIn,
            response: responses.made
          }
        },
        async (request, reply) => {
          const names = namesFor(request)
          const id = idOf(request.body.focus.reference ?? '', names.base)
          if (id === null)
            throw new DomainError('validation-failed', 'focus: a ServiceRequest of this timebank.', {
              errors: [{ pointer: '/focus/reference', detail: 'ServiceRequest/ and the id of one of your own.' }]
            })
          const version = await read(request, (tx) => checkTask(tx, id, request.body, names))
          return reply
            .code(201)
            .headers(madeHeaders(`${names.base}/Task/${id}`, version))
            .send(undefined)
        }
      )

      scope.get(
        '/:timebank/Task/:task',
        {
          config: { access: reading, ...ofTask },
          schema: {
            operationId: 'fhirReadTask',
            tags,
            summary: 'How one ServiceRequest of your own goes on, as a Task',
            description:
              'A status that the person does not share is absent, with the data-absent-reason `masked`. `output`: what came of it, and the minutes of help, where they are shared. The read is written down for the person.',
            params: taskParams,
            querystring: formatQuery,
            response: responses.task
          }
        },
        async (request, reply) => {
          const told = await readLogged(request, (tx) =>
            readFollowed(tx, request.params.task, timebankOf(request).slug)
          )
          return send(reply, taskOf(told, namesFor(request)))
        }
      )

      scope.get(
        '/:timebank/Task',
        {
          config: { access: reading, ...ofTask },
          schema: {
            operationId: 'fhirSearchTasks',
            tags,
            summary: 'Search the Tasks of your own ServiceRequests',
            description:
              'Newest first; with `_lastUpdated` in the order of the changes. Other parameters are refused. A Task whose status is not shared is found by no status.',
            params: fhirParams,
            querystring: taskQuery,
            response: responses.found
          }
        },
        async (request, reply) => {
          const names = namesFor(request)
          const { _id, focus, status, ...paged } = request.query
          // what is not here is as what is nobody's
          const focal = focus === undefined ? undefined : [idOf(focus, names.base) ?? '-']
          const ids = _id?.split(',')
          const wanted = {
            ids: focal && ids ? focal.filter((id) => ids.includes(id)) : (focal ?? ids),
            status: status === undefined ? undefined : statusesOf('Task', status)
          }
          return answerSearch(request, reply, names, wanted, paged, taskOf)
        }
      )

      scope.put(
        '/:timebank/Task/:task',
        {
          config: { access: writing, ...ofTask },
          schema: {
            operationId: 'fhirUpdateTask',
            tags,
            summary: 'Call a request off, or say that it should never have been',
            description:
              'The Task as it was read, with the status `cancelled` and a statusReason of the code system `reason`, or with `entered-in-error`. All other statuses are set by the timebank (403). If-Match is honoured. Answers without a body.',
            consumes,
            params: taskParams,
            body: taskUpdateIn,
            response: responses.changed
          }
        },
        async (request, reply) => {
          const { body, params } = request
          if (body.id !== params.task)
            throw new DomainError('validation-failed', 'id: is not that of the address.', {
              errors: [{ pointer: '/id', detail: 'The id of the address is needed.' }]
            })
          return change(request, reply, params.task, namesFor(request), (now, names, reasons) =>
            readUpdate(body, now, names, reasons)
          )
        }
      )

      scope.patch(
        '/:timebank/Task/:task',
        {
          config: { access: writing, ...ofTask },
          schema: {
            operationId: 'fhirPatchTask',
            tags,
            summary: 'The same by JSON Patch',
            description: 'RFC 6902, of /status and /statusReason; `test` is honoured. Answers without a body.',
            consumes: ['application/json-patch+json', 'application/json'],
            params: taskParams,
            body: taskPatchIn,
            response: responses.changed
          }
        },
        async (request, reply) =>
          change(request, reply, request.params.task, namesFor(request), (now, names, reasons) =>
            readPatch(request.body, now, names, reasons)
          )
      )

      scope.get(
        '/:timebank/Consent/:consent',
        {
          config: { access: agenciesOnly('consents.read'), problem: refusedAs('Consent') },
          schema: {
            operationId: 'fhirReadConsent',
            tags,
            summary: 'One Consent that was given to your organisation',
            description: 'With the scopes that hold now. The read is written down for the person.',
            params: consentParams,
            querystring: formatQuery,
            response: responses.consent
          }
        },
        async (request, reply) =>
          send(
            reply,
            consentOf(await readLogged(request, (tx) => readConsentTold(tx, request.params.consent)), namesFor(request))
          )
      )

      scope.get(
        '/:timebank/Consent',
        {
          config: { access: agenciesOnly('consents.read'), problem: refusedAs('Consent') },
          schema: {
            operationId: 'fhirSearchConsents',
            tags,
            summary: 'Search the Consents that were given to your organisation, newest first',
            description: 'Other parameters are refused. Each is written down as read for the person.',
            params: fhirParams,
            querystring: consentQuery,
            response: responses.found
          }
        },
        async (request, reply) => {
          const names = namesFor(request)
          const { 'patient:identifier': patient, status, _after, _count } = request.query
          const number = patient === undefined ? undefined : numberOf(patient, names)
          const { found, next } = await readLogged(request, (tx) =>
            searchConsents(
              tx,
              { number, status: status && 'given' },
              goingOn(() => idFrom(_after)),
              _count
            )
          )
          const resources = found.map((told) => consentOf(told, names))
          return send(reply, searchset(names.base, selfOf(request, names), next && encodeCursor([next]), resources))
        }
      )
    },
    { prefix: '/fhir' }
  )
}

/** The member number of a token. */
function numberOf(token: string, names: Names): number {
  const { system, value } = tokenOf('patient:identifier', token)
  if (system === names.memberNumber && /^[1-9]\d{0,8}$/.test(value)) return Number(value)
  throw new DomainError('validation-failed', 'patient:identifier: a member number.', {
    errors: [{ parameter: 'patient:identifier', detail: `A member number: ${names.memberNumber}| and the number.` }]
  })
}

/** The address that was asked for, with its query, as it is known outside. */
const selfOf = ({ url }: FastifyRequest, { base }: Names): string =>
  `${base}${url.slice(url.indexOf('/', '/fhir/'.length))}`

/** A resource as it goes out, with its version where it has one. */
function send(reply: FastifyReply, resource: Resource): FastifyReply {
  const meta = resource['meta'] as { versionId?: string; lastUpdated?: string } | undefined
  if (meta?.versionId !== undefined) reply.header('etag', `W/"${meta.versionId}"`)
  if (meta?.lastUpdated !== undefined) reply.header('last-modified', new Date(meta.lastUpdated).toUTCString())
  return reply.type(fhirJson).send(JSON.stringify(resource))
}

const madeHeaders = (location: string, version: number | null): Record<string, string> => ({
  location,
  ...(version === null ? {} : { etag: `W/"${version}"` }),
  'preference-applied': 'return=minimal'
})

type Paged = { _lastUpdated?: string | undefined; _count: number; _after?: string | undefined }

async function answerSearch(
  request: FastifyRequest,
  reply: FastifyReply,
  names: Names,
  wanted: Parameters<typeof search>[1],
  { _lastUpdated, _count, _after }: Paged,
  shown: (told: Told, names: Names) => Resource
): Promise<FastifyReply> {
  const since = _lastUpdated === undefined ? undefined : sinceOf(_lastUpdated)
  const { slug } = timebankOf(request)
  const { found, next } = await readLogged(request, (tx) =>
    search(tx, { ...wanted, since }, placeFrom(_after, since !== undefined), _count, slug)
  )
  const self = selfOf(request, names)
  const resources = found.map((told) => shown(told, names))
  return send(reply, searchset(names.base, self, next && encodeCursor([next.at ?? '', next.id]), resources))
}

/** Of a search by changes an instant and an id, of any other an id. */
const place = z.tuple([z.union([z.iso.datetime(), z.literal('')]), z.uuid()])

function placeFrom(after: string | undefined, byChange: boolean): Place | null {
  const found = goingOn(() => decodeCursor(after, place))
  if (found === null) return null
  if ((found[0] !== '') !== byChange) throw notOurs()
  return { at: found[0] === '' ? null : found[0], id: found[1] }
}

const notOurs = (): DomainError =>
  new DomainError('validation-failed', '_after: is not one that this search gave.', {
    errors: [{ parameter: '_after', detail: 'Is not one that this search gave.' }]
  })

/** Where a list goes on is called otherwise in REST. */
function goingOn<T>(read: () => T): T {
  try {
    return read()
  } catch {
    throw notOurs()
  }
}

async function change(
  request: FastifyRequest,
  reply: FastifyReply,
  id: string,
  names: Names,
  readIt: (now: Resource, names: Names, reasons: readonly string[]) => ReturnType<typeof readUpdate>
): Promise<FastifyReply> {
  const expected = request.headers['if-match'] === undefined ? undefined : expectedVersion(request)
  // by itself: it stays written down where the update is refused, and by that tells how the Task stands
  await readLogged(request, (tx) => readFollowed(tx, id, timebankOf(request).slug))
  let version = 0
  return write(
    request,
    reply,
    200,
    async (tx) => {
      const after = await updateTask(tx, id, names, timebankOf(request).slug, expected, (now, reasons) =>
        readIt(now, names, reasons)
      )
      version = after.version
    },
    () => ({ etag: `W/"${version}"`, 'preference-applied': 'return=minimal' })
  )
}

const transactionResponse = (done: readonly Done[]) => ({
  resourceType: 'Bundle' as const,
  type: 'transaction-response' as const,
  entry: done.map(({ location, status, version }) => ({
    response: { status, location, ...(version === null ? {} : { etag: `W/"${version}"` }) }
  }))
})

/** Before anything is checked or kept; of a transaction all of it. */
async function refuseEmergency(request: FastifyRequest): Promise<void> {
  const body = (request.body ?? {}) as { priority?: unknown; entry?: unknown }
  const entries: unknown[] = Array.isArray(body.entry) ? body.entry : []
  const i = entries.findIndex((entry) => isEmergency((entry as Entry)?.resource?.priority))
  if (isEmergency(body.priority)) throw await read(request, emergencyRefusal)
  if (i === -1) return
  const { code, message, errors, figures } = await read(request, emergencyRefusal)
  throw new DomainError(code, message, {
    errors: errors.map((fault) => ({ ...fault, pointer: `/entry/${i}/resource${fault.pointer ?? ''}` })),
    figures
  })
}
type Entry = { resource?: { priority?: unknown } } | null | undefined

const taken = ['*/*', 'application/*', 'application/json', 'application/fhir+json', 'text/json']

async function refuseOtherFormats({ headers }: FastifyRequest): Promise<void> {
  const types = headers.accept?.split(',').map((part) => (part.split(';')[0] ?? '').trim().toLowerCase())
  if (types && !types.some((type) => taken.includes(type) || type === '')) throw new DomainError('not-acceptable')
}

type Identified = { system: string; value: string }

/** A conditional create is by one's own identifier, which is what makes two the same here anyway. */
function checkIfNoneExist(header: unknown, resource: Record<string, unknown>): void {
  if (header === undefined) return
  const query = new URLSearchParams(String(header).replace(/^\?/, ''))
  const identifiers = resource['identifier']
  const identifier = (Array.isArray(identifiers) ? identifiers[0] : undefined) as Partial<Identified> | null | undefined
  const token = query.get('identifier')
  if ([...query.keys()].length !== 1 || !identifier || token !== `${identifier.system}|${identifier.value}`)
    throw new DomainError('validation-failed', 'If-None-Exist: identifier=system|value, that of the resource.', {
      errors: [{ parameter: 'If-None-Exist', detail: 'identifier=system|value, that of the resource.' }]
    })
}
