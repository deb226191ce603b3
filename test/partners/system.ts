/**
 * The system of an agency, as somebody else would write it: it knows addresses and documents, calls over the network, keeps
 * what it has been told, and shares no code with the service.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'

// biome-ignore lint/suspicious/noExplicitAny: what comes over the wire
export type Json = any

/** What an agency has to say of a case of its own. */
export type Case = {
  externalId: string
  memberNumber?: number
  contact?: { name: string; phone: string }
  title: string
  category: string
  whatMatters: string
  canOffer: string
  accessNeeds: string
  knownRisks: string
  minutes: number
  priority: 'routine' | 'urgent' | 'asap' | 'stat'
  scopes: string[]
}

/** What the agency believes of a case, in its own words. */
export type Belief = { id: string; status: string | null; outcome: string | null; minutes: number | null }

export type Language = 'rest' | 'fhir'

type Options = {
  url: string
  publicUrl: string
  timebank: string
  clientId: string
  clientSecret: string
  organisationId: string
  professionalId: string
  speaks: Language
}

export class Refused extends Error {
  readonly status: number
  readonly body: Json

  constructor(status: number, body: Json) {
    super(`${status}: ${JSON.stringify(body)}`)
    this.status = status
    this.body = body
  }
}

const idSystem = 'https://records.example.org/cases'

export function openSystem(options: Options) {
  const { url, timebank, speaks } = options
  const below = speaks === 'rest' ? `${url}/v1/timebanks/${timebank}` : `${url}/fhir/${timebank}`
  const believed = new Map<string, Belief>()
  let token: string | undefined
  let since = '2000-01-01T00:00:00Z'

  async function signIn(): Promise<string> {
    const form = new URLSearchParams({ grant_type: 'client_credentials' })
    const basic = Buffer.from(`${options.clientId}:${options.clientSecret}`).toString('base64')
    const answer = await fetch(`${url}/oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}` },
      body: form
    })
    const { access_token: fresh } = (await answer.json()) as Json
    token = fresh
    return fresh
  }

  /** Signs in where it has to, and tries again what it was told to try again. */
  async function call(
    method: string,
    where: string,
    body?: unknown,
    type = 'application/json',
    tries = 0
  ): Promise<Json> {
    token ??= await signIn()
    const answer = await fetch(where.startsWith('http') ? where : `${below}/${where}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': type })
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const text = await answer.text()
    const read = text === '' ? null : JSON.parse(text)
    if (answer.status === 401 && tries === 0) {
      token = undefined
      return call(method, where, body, type, 1)
    }
    if (answer.status >= 400) throw new Refused(answer.status, read)
    return { body: read, location: answer.headers.get('location'), status: answer.status }
  }

  const believe = (externalId: string, belief: Belief): Belief => {
    believed.set(externalId, belief)
    return belief
  }

  const fromRest = (view: Json): Belief => ({
    id: view.id,
    status: view.status,
    outcome: view.outcome,
    minutes: view.attendance?.reduce((sum: number, one: Json) => sum + one.minutes, 0) ?? null
  })

  const fromTask = (task: Json): Belief => {
    const output = (code: string) =>
      task.output?.find(
        ({ type }: Json) => type.coding?.some((coding: Json) => coding.code === code) || type.text === code
      )
    return {
      id: task.id,
      status: task.status?.replace(/-/g, '_') ?? null,
      outcome: output('outcome')?.valueCodeableConcept?.coding?.[0]?.code ?? null,
      minutes: output('minutes-given')?.valueQuantity?.value ?? null
    }
  }

  const fhir = `${options.publicUrl}/fhir`
  const fhirExtension = (name: string, value: string) => ({
    url: `${fhir}/StructureDefinition/${name}`,
    valueString: value
  })
  const patientOf = ({ memberNumber }: Case) =>
    memberNumber === undefined
      ? { reference: '#person' }
      : {
          type: 'Patient',
          identifier: { system: `${fhir}/${timebank}/NamingSystem/member-number`, value: String(memberNumber) }
        }

  const asFhir = (one: Case) => ({
    resourceType: 'ServiceRequest',
    contained: [
      ...(one.contact
        ? [
            {
              resourceType: 'Patient',
              id: 'person',
              name: [{ text: one.contact.name }],
              telecom: [{ system: 'phone', value: one.contact.phone }]
            }
          ]
        : []),
      {
        resourceType: 'Consent',
        id: 'consent',
        status: 'active',
        extension: [
          { url: `${fhir}/StructureDefinition/consent-way`, valueCode: 'in_person' },
          { url: `${fhir}/StructureDefinition/consent-voice`, valueCode: 'self' }
        ],
        scope: {
          coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }]
        },
        category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'IDSCL' }] }],
        patient: patientOf(one),
        dateTime: '2026-11-01T09:00:00Z',
        policyRule: { coding: [{ system: `${fhir}/CodeSystem/consent-wording`, code: '1' }] },
        provision: {
          type: 'permit',
          code: one.scopes.map((code) => ({ coding: [{ system: `${fhir}/CodeSystem/consent-scope`, code }] }))
        }
      }
    ],
    extension: [
      fhirExtension('what-matters', one.whatMatters),
      fhirExtension('can-offer', one.canOffer),
      fhirExtension('access-needs', one.accessNeeds),
      fhirExtension('known-risks', one.knownRisks)
    ],
    identifier: [{ system: idSystem, value: one.externalId }],
    status: 'active',
    intent: 'order',
    category: [{ coding: [{ system: `${fhir}/${timebank}/CodeSystem/category`, code: one.category }] }],
    priority: one.priority,
    code: { text: one.title },
    subject: patientOf(one),
    quantityQuantity: { value: one.minutes, unit: 'min', system: 'http://unitsofmeasure.org', code: 'min' },
    requester: {
      identifier: { system: `${fhir}/${timebank}/NamingSystem/affiliation`, value: options.professionalId }
    },
    supportingInfo: [{ reference: '#consent' }]
  })

  const asRest = (one: Case) => ({
    kind: 'referral',
    person: one.contact ? { contact: one.contact } : { memberNumber: one.memberNumber },
    externalId: { system: idSystem, value: one.externalId },
    requester: { organisationId: options.organisationId, professionalId: options.professionalId },
    category: one.category,
    title: one.title,
    whatMatters: one.whatMatters,
    canOffer: one.canOffer,
    accessNeeds: one.accessNeeds,
    knownRisks: one.knownRisks,
    estimatedMinutes: one.minutes,
    priority: one.priority,
    consent: {
      scopes: one.scopes,
      wording: { version: '1' },
      givenAt: '2026-11-01T09:00:00Z',
      how: 'in_person',
      givenBy: 'self'
    }
  })

  return {
    speaks,
    believed,
    call,
    /** Refers somebody; the timebank's id of it. */
    async refer(one: Case): Promise<string> {
      const { body, location } =
        speaks === 'rest'
          ? await call('POST', 'service-requests', asRest(one))
          : await call('POST', 'ServiceRequest', asFhir(one), 'application/fhir+json')
      const id: string = speaks === 'rest' ? body.id : location.split('/').at(-1)
      believe(one.externalId, { id, status: 'requested', outcome: null, minutes: null })
      return id
    },
    /** Reads a case anew. */
    async look(externalId: string): Promise<Belief> {
      const { id } = believed.get(externalId)!
      const { body } = await call('GET', speaks === 'rest' ? `service-requests/${id}` : `Task/${id}`)
      return believe(externalId, speaks === 'rest' ? fromRest(body) : fromTask(body))
    },
    async cancel(externalId: string, reason: string): Promise<void> {
      const { id } = believed.get(externalId)!
      if (speaks === 'rest') await call('POST', `service-requests/${id}/cancellation`, { reason })
      else
        await call(
          'PATCH',
          `Task/${id}`,
          [
            { op: 'replace', path: '/status', value: 'cancelled' },
            {
              op: 'add',
              path: '/statusReason',
              value: { coding: [{ system: `${fhir}/CodeSystem/reason`, code: reason }] }
            }
          ],
          'application/json-patch+json'
        )
    },
    async enterInError(externalId: string): Promise<void> {
      const { id } = believed.get(externalId)!
      if (speaks === 'rest') await call('POST', `service-requests/${id}/error`, {})
      else
        await call(
          'PATCH',
          `Task/${id}`,
          [{ op: 'replace', path: '/status', value: 'entered-in-error' }],
          'application/json-patch+json'
        )
    },
    /** Asks for what has changed since it asked last, page by page; the ids that it was told of. */
    async poll(): Promise<string[]> {
      const changed: string[] = []
      let next: string | null =
        speaks === 'rest' ? `service-requests?limit=3&updatedSince=${since}` : `Task?_count=3&_lastUpdated=ge${since}`
      const from = next
      while (next !== null) {
        const { body }: Json = await call('GET', next)
        const items = speaks === 'rest' ? body.items : (body.entry ?? []).map((entry: Json) => entry.resource)
        for (const item of items) {
          changed.push(item.id)
          const at = speaks === 'rest' ? item.updatedAt : item.meta.lastUpdated
          if (at > since) since = at
        }
        if (speaks === 'rest') next = body.next === null ? null : `${from}&cursor=${body.next}`
        else
          next =
            body.link?.find(({ relation }: Json) => relation === 'next')?.url?.replace(options.publicUrl, url) ?? null
      }
      return changed
    }
  }
}

export type System = ReturnType<typeof openSystem>

/**
 * Where an agency is told of changes: it checks signatures by the specification, and fails now and then, as such systems do. A
 * delivery counts once, by its id.
 */
export async function openInbox(fails: (nth: number) => 'no' | 'error' | 'slow' | 'redirect' | 'hang up') {
  const told = new Map<string, Json>()
  const raw: string[] = []
  const wrong: string[] = []
  let secret: string | null = null
  let nth = 0
  const server = http.createServer(async (request, response) => {
    let text = ''
    for await (const part of request) text += part
    raw.push(text)
    const [id, at] = [String(request.headers['webhook-id']), String(request.headers['webhook-timestamp'])]
    const body = JSON.parse(text)
    if (secret !== null) {
      const mine = createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
        .update(`${id}.${at}.${text}`)
        .digest()
      const signed = String(request.headers['webhook-signature'])
        .split(' ')
        .map((signature) => Buffer.from(signature.replace(/^v1,/, ''), 'base64'))
      if (!signed.some((theirs) => theirs.length === mine.length && timingSafeEqual(theirs, mine))) wrong.push(id)
    }
    if (body.type === 'endpoint.verification') {
      response.end(JSON.stringify({ challenge: body.data.challenge }))
      return
    }
    nth += 1
    const how = fails(nth)
    if (how === 'error') response.writeHead(503).end()
    else if (how === 'redirect') response.writeHead(302, { location: 'http://127.0.0.1:1/elsewhere' }).end()
    else if (how === 'hang up') request.socket.destroy()
    else if (how === 'slow') setTimeout(() => response.writeHead(204).end(), 1000).unref()
    else {
      told.set(id, body)
      response.writeHead(204).end()
    }
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/told`,
    told,
    raw,
    wrong,
    know: (shared: string) => {
      secret = shared
    },
    close: () => {
      server.closeAllConnections()
      return new Promise<void>((done) => server.close(() => done()))
    }
  }
}
