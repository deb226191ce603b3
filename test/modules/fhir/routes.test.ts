import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type Agency, clientToken } from '../../support/agency.ts'
import { type Answer, type Client, makeStage, ok } from '../../support/app.ts'
import { type Desk, makeDesk } from '../service-requests/support.ts'
import { faultsOf, goldens, type Json } from './support.ts'

let desk: Desk
let other: Agency
let person: Client

const base = 'http://commonhours.test/fhir/rivertown'
const root = 'http://commonhours.test/fhir'
const fhir = '/fhir/rivertown'
const json = { 'content-type': 'application/fhir+json' }

before(async () => {
  desk = await makeDesk('fhir_routes')
  other = await desk.anotherAgency('Council')
  person = await desk.member('Mair')
})
after(() => desk.close())

let made = 0
/** A ServiceRequest as an agency's system sends it, of one of the golden files. */
function sentOf(file: string, set: Record<string, unknown> = {}): Json {
  made += 1
  const text = JSON.stringify(goldens().find((golden) => golden.file === file)!.sent)
    .replaceAll('https://hours.example.org/fhir/rivertown', base)
    .replaceAll('https://hours.example.org/fhir', root)
    .replaceAll('019aa0c0-0000-7000-8000-00000000aff1', desk.agency.affiliationId)
    .replaceAll('019aa0c0-0000-7000-8000-000000000096', desk.agency.organisationId)
    .replaceAll('"value":"17"', `"value":"${person.number}"`)
  const sent = JSON.parse(text)
  if (sent.identifier) sent.identifier[0].value = `F-${made}`
  // budgets have tests of their own
  sent.extension = (sent.extension ?? []).filter(({ url }: Json) => !url.endsWith('hour-budget'))
  if (sent.extension.length === 0) delete sent.extension
  return { ...sent, ...set }
}
const referral = (set?: Record<string, unknown>) => sentOf('referral-by-member-number.json', set)

const post = (type: string, body: unknown, by: Client = desk.agency.client, headers: Record<string, string> = {}) =>
  by.call('POST', type === '' ? fhir : `${fhir}/${type}`, body, { ...json, ...headers })

const pathOf = ({ headers }: Answer): string => String(headers['location']).replace('http://commonhours.test', '')

const create = async (body: Json, by?: Client): Promise<{ id: string; path: string }> => {
  const answer = await post('ServiceRequest', body, by)
  assert.equal(answer.status, 201, answer.text)
  const path = pathOf(answer)
  return { id: path.split('/').at(-1)!, path }
}

/** A resource that is answered, after a look at it by the official schema. */
const got = async (path: string, by: Client = desk.agency.client): Promise<Json> => {
  const answer = await by.get(path.startsWith('/') ? path : `${fhir}/${path}`)
  const body = ok(answer)
  assert.match(answer.headers['content-type']!, /^application\/fhir\+json/)
  assert.deepEqual(faultsOf(body), [], answer.text)
  return body
}

/** The issues of an OperationOutcome, which it is, with that status. */
const refusedWith = (answer: Answer, status: number): Json[] => {
  assert.equal(answer.status, status, answer.text)
  assert.match(answer.headers['content-type'] ?? '', /^application\/fhir\+json/)
  assert.deepEqual(faultsOf(answer.body), [], answer.text)
  assert.equal(answer.body.resourceType, 'OperationOutcome')
  return answer.body.issue
}
const expressions = (issues: Json[]): string[] => issues.flatMap(({ expression = [] }) => expression).sort()

const patch = (id: string, body: unknown, headers: Record<string, string> = {}, by: Client = desk.agency.client) =>
  by.call('PATCH', `${fhir}/Task/${id}`, body, { 'content-type': 'application/json-patch+json', ...headers })

const reasonOf = (code: string) => ({ coding: [{ system: `${root}/CodeSystem/reason`, code }] })
const cancelling = [
  { op: 'replace', path: '/status', value: 'cancelled' },
  { op: 'add', path: '/statusReason', value: reasonOf('arranged_elsewhere') }
]

test('the CapabilityStatement says what there is: the routes, no more and no less', async () => {
  const statement = await got('metadata', desk.stage.anonymous)
  assert.equal(statement.implementation.url, base)
  const said = statement.rest[0].resource.flatMap(({ type, interaction }: Json) =>
    interaction.map(({ code }: Json) => `${code} ${type}`)
  )
  const named: Record<string, string> = { POST: 'create', PUT: 'update', PATCH: 'patch' }
  const there = desk.stage.app.declared
    .filter(({ url }) => /^\/fhir\/:timebank\/[A-Z]/.test(url))
    .map(({ method, url }) => {
      const [, , , type, id] = url.split('/')
      return `${named[method] ?? (id === undefined ? 'search-type' : 'read')} ${type}`
    })
  assert.deepEqual(said.sort(), there.sort())
  const document = ok(await desk.stage.anonymous.get('/openapi.json'))
  for (const { type, searchParam } of statement.rest[0].resource) {
    const parameters = document.paths[`/fhir/{timebank}/${type}`].get.parameters
      .filter((parameter: Json) => parameter.in === 'query')
      .map(({ name }: Json) => name)
    const names = searchParam.map(({ name }: Json) => name)
    assert.deepEqual([...names, '_count', '_after', '_format'].sort(), parameters.sort(), type)
  }
})

test('what is sent as FHIR is what REST tells of it, and is told as FHIR again', async () => {
  for (const { file, body } of goldens()) {
    const sent = sentOf(file)
    const answer = await post('ServiceRequest', sent)
    assert.equal(answer.status, 201, answer.text)
    assert.equal(answer.text, '')
    assert.equal(answer.headers['etag'], 'W/"1"')
    const id = pathOf(answer).split('/').at(-1)!
    const view = await desk.seen(id)
    const { person: named, occurrence = null } = body
    assert.equal(view.kind, body.kind)
    assert.equal(view.category.slug, body.category)
    assert.equal(view.title, body.title)
    assert.equal(view.whatMatters, body.whatMatters ?? null)
    assert.equal(view.knownRisks, body.knownRisks ?? null)
    assert.equal(view.area, body.area ?? null)
    assert.equal(view.helpersNeeded, body.helpersNeeded ?? 1)
    assert.equal(view.priority, body.priority)
    assert.deepEqual(view.occurrence, occurrence && { rrule: null, ...occurrence })
    assert.equal(view.contact?.name, named?.contact?.name)
    assert.deepEqual(view.consent?.scopes, body.consent?.scopes)
    const told = await got(`ServiceRequest/${id}`)
    assert.equal(told.status, 'active')
    assert.deepEqual(told.code.text, sent.code.text)
    assert.deepEqual(told.identifier?.[0].value, sent.identifier?.[0].value)
    const task = await got(`Task/${id}`)
    assert.equal(task.status, 'requested')
    assert.equal(task.focus.reference, `ServiceRequest/${id}`)
  }
})

test('one identifier is one request, however it is sent again', async () => {
  const sent = referral()
  const token = `${sent.identifier[0].system}|${sent.identifier[0].value}`
  const first = await create(sent)
  for (const headers of [{}, { 'if-none-exist': `identifier=${encodeURIComponent(token)}` }]) {
    const again = await post('ServiceRequest', { ...sent, code: { text: 'Something else' } }, undefined, headers)
    assert.equal(again.status, 200, again.text)
    assert.equal(pathOf(again), first.path)
  }
  const both = await Promise.all(
    [1, 2].map(() => post('ServiceRequest', { ...sent, identifier: [{ ...sent.identifier[0], value: 'at-once' }] }))
  )
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 201])
  assert.equal(pathOf(both[0]!), pathOf(both[1]!))
  const elsewhere = { 'if-none-exist': 'identifier=https://x|other' }
  assert.deepEqual(expressions(refusedWith(await post('ServiceRequest', sent, undefined, elsewhere), 400)), [
    'http.If-None-Exist'
  ])
  assert.equal((await got(`ServiceRequest?identifier=${encodeURIComponent(token)}`)).entry.length, 1)
})

test('an answer that is kept for a repeat holds no words of anybody', async () => {
  const key = { 'idempotency-key': randomUUID() }
  const sent = referral()
  const first = await post('ServiceRequest', sent, undefined, key)
  const again = await post('ServiceRequest', sent, undefined, key)
  assert.deepEqual([first.status, again.status], [201, 201])
  assert.equal(pathOf(first), pathOf(again))
  assert.equal(again.headers['idempotency-replayed'], 'true')
  const [kept] = await desk.rows('SELECT headers, body FROM platform.idempotency_keys WHERE key = $1', [
    key['idempotency-key']
  ])
  assert.equal(kept.body, '')
  const faulty = { 'idempotency-key': randomUUID() }
  const unknown = referral({ category: [{ coding: [{ system: `${base}/CodeSystem/category`, code: 'no-such' }] }] })
  const refusals = [
    await post('ServiceRequest', unknown, undefined, faulty),
    await post('ServiceRequest', unknown, undefined, faulty)
  ]
  for (const answer of refusals)
    assert.deepEqual(expressions(refusedWith(answer, 400)), ['ServiceRequest.category'], answer.text)
})

test('a referral is followed to its end by its Task', async () => {
  const { broker, step, yes, listing } = desk
  const { id } = await create(referral())
  const asked = await post('Task', {
    resourceType: 'Task',
    status: 'requested',
    intent: 'order',
    priority: 'urgent',
    code: { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] },
    focus: { reference: `ServiceRequest/${id}` },
    for: { identifier: { system: `${base}/NamingSystem/member-number`, value: String(person.number) } },
    authoredOn: '2026-11-22T10:00:00Z',
    requester: { identifier: { system: `${base}/NamingSystem/affiliation`, value: desk.agency.affiliationId } },
    owner: { identifier: { system: `${root}/NamingSystem/timebank`, value: 'rivertown' } }
  })
  assert.equal(asked.status, 201, asked.text)
  assert.equal(pathOf(asked), `${fhir}/Task/${id}`)
  const both = async () => {
    const task = await got(`Task/${id}`)
    return [task.status, task.statusReason?.text, (await got(`ServiceRequest/${id}`)).status]
  }
  assert.deepEqual(await both(), ['requested', undefined, 'active'])
  ok(await step(person, id, 'answer', yes()))
  ok(await step(broker, id, 'acceptance', { listing }))
  assert.deepEqual(await both(), ['accepted', undefined, 'active'])
  assert.equal((await got(`Task/${id}`)).businessStatus.text, 'looking for helper')
  ok(await step(broker, id, 'hold', { reason: 'away' }))
  assert.deepEqual(await both(), ['on-hold', 'away', 'on-hold'])
  ok(await step(broker, id, 'resumption', {}))
  assert.deepEqual(await both(), ['in-progress', undefined, 'active'])
  ok(await step(broker, id, 'completion', { outcome: 'needs_professional_service' }))
  assert.deepEqual(await both(), ['completed', undefined, 'completed'])
  const { output } = await got(`Task/${id}`)
  assert.deepEqual(
    output.map((each: Json) => each.valueCodeableConcept?.coding[0].code ?? each.valueQuantity.value),
    ['needs_professional_service', 0]
  )
})

test('a requester calls a request off, or says that it should never have been, and sets no other status', async () => {
  const { client } = desk.agency
  const { id } = await create(referral())
  const task = await got(`Task/${id}`)
  const put = (body: unknown, headers: Record<string, string> = {}, of = id) =>
    client.call('PUT', `${fhir}/Task/${of}`, body, { ...json, ...headers })
  assert.equal((await put(task)).status, 200, 'as it was read, it stays')
  for (const status of ['accepted', 'rejected', 'in-progress', 'on-hold', 'completed', 'failed'])
    assert.deepEqual(expressions(refusedWith(await put({ ...task, status }), 403)), ['Task.status'])
  for (const status of ['draft', 'received', 'ready', 'finished'])
    assert.deepEqual(expressions(refusedWith(await put({ ...task, status }), 400)), ['Task.status'])
  const off = { ...task, status: 'cancelled' }
  assert.deepEqual(expressions(refusedWith(await put(off), 400)), ['Task.statusReason'])
  const words = { ...off, statusReason: { text: 'canary words about a person' } }
  const [issue] = refusedWith(await put(words), 400)
  assert.ok(!JSON.stringify(issue).includes('canary'))
  assert.deepEqual(expressions(refusedWith(await put({ ...off, priority: 'routine', description: 'canary' }), 400)), [
    'Task.description',
    'Task.priority'
  ])
  refusedWith(await put({ ...off, statusReason: reasonOf('duplicate') }, { 'if-match': 'W/"7"' }), 412)
  refusedWith(await put({ ...off, id: randomUUID() }), 400)
  const done = await put({ ...off, statusReason: { text: 'No longer needed' } }, { 'if-match': 'W/"1"' })
  assert.equal(done.status, 200, done.text)
  assert.equal(done.text, '')
  const cancelled = await got(`Task/${id}`)
  assert.deepEqual([cancelled.status, cancelled.statusReason.coding[0].code], ['cancelled', 'no_longer_needed'])
  assert.equal(done.headers['etag'], `W/"${cancelled.meta.versionId}"`)
  assert.equal((await got(`ServiceRequest/${id}`)).status, 'revoked')
  // it has ended: not once more, nor with another reason
  refusedWith(await put({ ...cancelled, status: 'requested' }), 403)
  assert.equal((await patch(id, [{ op: 'replace', path: '/status', value: 'entered-in-error' }])).status, 200)
  const gone = await got(`ServiceRequest/${id}`)
  assert.equal(gone.status, 'entered-in-error')
  assert.ok(!JSON.stringify(gone).includes('news of the street'))
})

test('a patch is of the status and its reason, and of two at once one is done', async () => {
  const { id } = await create(referral())
  const wrong = [
    { op: 'replace', path: '/description', value: 'x' },
    { op: 'remove', path: '/status', value: 'x' }
  ]
  assert.deepEqual(expressions(refusedWith(await patch(id, wrong), 400)), ['Task[0].path', 'Task[1].op'])
  refusedWith(await patch(id, [{ op: 'test', path: '/status', value: 'accepted' }, ...cancelling]), 412)
  const answers = await Promise.all([patch(id, cancelling), patch(id, cancelling)])
  const statuses = answers.map(({ status }) => status).sort()
  assert.ok(statuses[0] === 200 && [200, 409].includes(statuses[1]!), String(statuses))
  const [{ steps }] = await desk.rows(
    "SELECT count(*)::int AS steps FROM service_requests.history WHERE service_request_id = $1 AND status = 'cancelled'",
    [id]
  )
  assert.equal(steps, 1)
})

test('of two updates of the same version at once one is done, whichever they are', async () => {
  const wrong = [{ op: 'replace', path: '/status', value: 'entered-in-error' }]
  for (let round = 0; round < 8; round += 1) {
    const { id } = await create(referral())
    const version = { 'if-match': 'W/"1"' }
    const answers = await Promise.all([patch(id, cancelling, version), patch(id, wrong, version)])
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412])
  }
})

test('a status that is not shared is unknown, masked, and found by asking for what is unknown alone', async () => {
  const { broker, step, yes, listing } = desk
  const quiet = await desk.member('Olwen')
  const number = { system: `${base}/NamingSystem/member-number`, value: String(quiet.number) }
  const sent = referral({ subject: { type: 'Patient', identifier: number } })
  sent.contained[0].patient = { identifier: number }
  const { id } = await create(sent)
  ok(await step(quiet, id, 'answer', yes(['contact'])))
  ok(await step(broker, id, 'acceptance', { listing }))
  assert.equal((await got(`ServiceRequest/${id}`)).status, 'unknown')
  const task = await got(`Task/${id}`)
  assert.equal(task.status, undefined)
  assert.equal(task._status.extension[0].valueCode, 'masked')
  assert.deepEqual([task.businessStatus, task.statusReason, task.output], [undefined, undefined, undefined])
  const found = async (query: string) =>
    ((await got(`${query}&_count=200`)).entry ?? []).map(({ resource }: Json) => resource.id)
  assert.ok(!(await found('ServiceRequest?status=active')).includes(id))
  assert.ok((await found('ServiceRequest?status=unknown')).includes(id))
  assert.deepEqual((await found('ServiceRequest?status=unknown')).length, 1)
  assert.ok((await found('ServiceRequest?status=active,unknown')).includes(id))
  assert.ok(!(await found('Task?status=accepted,requested')).includes(id))
  assert.deepEqual(await found(`Task?focus=ServiceRequest/${id}`), [id])
  assert.deepEqual(await found('Task?status=draft,ready'), [])
})

test('searches go on by their links, in the order of changes, and refuse what they do not know', async () => {
  const { client } = desk.agency
  const all = new Set<string>()
  let url: string | undefined = 'ServiceRequest?_count=2'
  for (let pages = 0; url !== undefined && pages < 50; pages += 1) {
    const bundle: Json = await got(url.replace('http://commonhours.test', ''))
    assert.equal(bundle.type, 'searchset')
    for (const { resource, fullUrl } of bundle.entry) {
      assert.ok(!all.has(resource.id))
      assert.equal(fullUrl, `${base}/ServiceRequest/${resource.id}`)
      all.add(resource.id)
    }
    url = bundle.link.find(({ relation }: Json) => relation === 'next')?.url
  }
  const rest = ok(await client.get('service-requests?limit=200')).items
  assert.deepEqual(
    [...all],
    rest.map(({ id }: Json) => id)
  )

  const changed: string[] = []
  url = 'Task?_lastUpdated=ge2020-01-01&_count=3'
  for (let pages = 0; url !== undefined && pages < 50; pages += 1) {
    const bundle: Json = await got(url.replace('http://commonhours.test', ''))
    changed.push(...bundle.entry.map(({ resource }: Json) => resource.meta.lastUpdated))
    url = bundle.link.find(({ relation }: Json) => relation === 'next')?.url
  }
  assert.equal(changed.length, all.size)
  assert.deepEqual(changed, [...changed].sort())
  const last = changed.at(-1)
  assert.equal((await got(`Task?_lastUpdated=ge${last}`)).entry.length, 1)
  assert.equal((await got(`Task?_lastUpdated=gt${last}`)).entry, undefined)

  const cases: [string, string][] = [
    ['ServiceRequest?surprise=1', 'http.surprise'],
    ['ServiceRequest?subject=Patient/1', 'http.subject'],
    ['ServiceRequest?status=finished', 'http.status'],
    ['ServiceRequest?identifier=R-1', 'http.identifier'],
    ['ServiceRequest?_lastUpdated=2026-01-01', 'http._lastUpdated'],
    ['ServiceRequest?_count=0', 'http._count'],
    ['ServiceRequest?_after=xx', 'http._after'],
    [
      `Task?_lastUpdated=ge2020-01-01&_after=${Buffer.from(JSON.stringify(['', randomUUID()])).toString('base64url')}`,
      'http._after'
    ],
    ['Consent?_after=xx', 'http._after'],
    ['Consent?patient=Patient/1', 'http.patient'],
    ['Consent?status=inactive', 'http.status'],
    ['Consent?patient:identifier=https://x|1', 'http.patient:identifier'],
    ['ServiceRequest?_format=xml', 'http._format'],
    ['Task?owner=x', 'http.owner'],
    [`ServiceRequest/${randomUUID()}?_summary=true`, 'http._summary']
  ]
  for (const [path, expression] of cases)
    assert.deepEqual(expressions(refusedWith(await client.get(`${fhir}/${path}`), 400)), [expression], path)
})

test('of another agency there is nothing', async () => {
  const { id } = await create(referral())
  const theirs = other.client
  refusedWith(await theirs.get(`${fhir}/ServiceRequest/${id}`), 404)
  refusedWith(await theirs.get(`${fhir}/Task/${id}`), 404)
  refusedWith(await patch(id, cancelling, {}, theirs), 404)
  const focus = { reference: `ServiceRequest/${id}` }
  const task = { resourceType: 'Task', status: 'requested', intent: 'order', focus }
  refusedWith(await post('Task', task, theirs), 404)
  for (const path of ['ServiceRequest', 'Task', `Task?focus=ServiceRequest/${id}`])
    assert.equal((await got(path, theirs)).entry, undefined)
  refusedWith(await desk.agency.client.get(`${fhir}/ServiceRequest/not-an-id`), 404)
  refusedWith(await desk.agency.client.get('/fhir/hilltown/ServiceRequest'), 404)
})

test('every refusal is an OperationOutcome, with the status that REST would give', async () => {
  const { client, clientId, clientSecret } = desk.agency
  const { stage } = desk
  const raw = (payload: string, headers: Record<string, string> = {}) =>
    stage.app
      .inject({
        method: 'POST',
        url: `${fhir}/ServiceRequest`,
        headers: { authorization: `Bearer ${client.token}`, ...json, ...headers },
        payload
      })
      .then((response) => ({
        status: response.statusCode,
        headers: response.headers as Record<string, string>,
        text: response.body,
        body: JSON.parse(response.body)
      }))
  assert.equal(refusedWith(await stage.anonymous.get(`${fhir}/ServiceRequest`), 401)[0].code, 'login')
  assert.equal(refusedWith(await raw('{}', { authorization: 'Bearer x.y.z' }), 401)[0].code, 'expired')
  assert.equal(refusedWith(await person.get(`${fhir}/ServiceRequest`), 403)[0].code, 'forbidden')
  assert.equal(refusedWith(await raw('{"resourceType": '), 400)[0].code, 'structure')
  assert.equal(refusedWith(await raw(''), 400)[0].severity, 'error')
  refusedWith(await raw(JSON.stringify({ x: 'x'.repeat(1_200_000) })), 413)
  refusedWith(await raw('<ServiceRequest/>', { 'content-type': 'application/fhir+xml' }), 415)
  refusedWith(await client.get(`${fhir}/ServiceRequest`, { accept: 'application/fhir+xml' }), 406)
  assert.equal(
    (await client.get(`${fhir}/ServiceRequest`, { accept: 'application/fhir+json;fhirVersion=4.0' })).status,
    200
  )
  assert.equal(refusedWith(await client.get(`${fhir}/Observation`), 404)[0].code, 'not-found')
  const token = await clientToken(stage, clientId, clientSecret)
  assert.ok(token)
  const faulty = { ...referral(), status: 'draft', intent: 'plan', reasonCode: [{ text: 'canary' }], 'a b': 1 }
  const issues = refusedWith(await post('ServiceRequest', faulty), 400)
  assert.deepEqual(expressions(issues), [
    'ServiceRequest.`a b`',
    'ServiceRequest.intent',
    'ServiceRequest.reasonCode',
    'ServiceRequest.status'
  ])
  assert.ok(!JSON.stringify(issues).includes('canary'))
  assert.ok(issues.some(({ diagnostics }) => /No diagnosis/.test(diagnostics)))
  const born = sentOf('referral-first-contact.json')
  born.contained[0].birthDate = '1940-02-03'
  const [date] = refusedWith(await post('ServiceRequest', born), 400)
  assert.deepEqual(date.expression, ['ServiceRequest.contained[0].birthDate'])
  assert.match(date.diagnostics, /Not needed for a first contact/)
  const long = referral({ code: { text: 'x'.repeat(190) } })
  assert.deepEqual(expressions(refusedWith(await post('ServiceRequest', long), 400)), ['ServiceRequest.code.text'])
})

/** A transaction of a referral by contact block, with its parts as entries of their own. */
function transaction(set: Json = {}): Json {
  const whole = sentOf('referral-first-contact.json')
  const [patient, consent] = whole.contained
  const [about, yes, request] = ['a', 'b', 'c'].map((one) => `urn:uuid:00000000-0000-4000-8000-00000000000${one}`)
  const { id: _p, ...asPatient } = patient
  const { id: _c, ...asConsent } = consent
  const entry = (fullUrl: string, resource: Json) => ({
    fullUrl,
    resource,
    request: { method: 'POST', url: resource.resourceType }
  })
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      entry(about!, { ...asPatient, ...set.patient }),
      entry(yes!, { ...asConsent, patient: { reference: about }, ...set.consent }),
      entry(request!, {
        ...whole,
        contained: undefined,
        requester: undefined,
        subject: { reference: about },
        supportingInfo: [{ reference: yes }],
        identifier: [{ system: 'https://health.example.org/referrals', value: `T-${++made}` }],
        ...set.request
      }),
      entry('urn:uuid:00000000-0000-4000-8000-00000000000d', {
        resourceType: 'Task',
        status: 'requested',
        intent: 'order',
        focus: { reference: request },
        for: { reference: about },
        ...set.task
      })
    ]
  }
}

test('a referral is taken as a transaction with its parts, or not at all', async () => {
  const bundle = JSON.parse(JSON.stringify(transaction()))
  assert.deepEqual(faultsOf(bundle), [])
  const answer = await post('', bundle)
  const body = ok(answer)
  assert.deepEqual(faultsOf(body), [])
  assert.ok(!answer.text.includes('Pritchard'))
  assert.deepEqual(
    body.entry.map(({ response }: Json) => [response.status, response.location.split('/').at(-2)]),
    [
      ['201 Created', 'ServiceRequest'],
      ['201 Created', 'ServiceRequest'],
      ['201 Created', 'ServiceRequest'],
      ['201 Created', 'Task']
    ]
  )
  const id = body.entry[2].response.location.split('/').at(-1)
  const told = await got(`ServiceRequest/${id}`)
  assert.equal(told.contained[0].name[0].text, 'Mrs Mair Ann Pritchard')
  assert.deepEqual((await desk.seen(id)).consent.scopes, ['contact'])
  const again = ok(await post('', bundle))
  assert.equal(again.entry[2].response.status, '200 OK')
  assert.equal(again.entry[2].response.location, body.entry[2].response.location)

  const count = async () => (await desk.rows('SELECT count(*)::int AS n FROM service_requests.requests'))[0].n
  const before = await count()
  const nobody = { reference: 'urn:uuid:00000000-0000-4000-8000-0000000000ff' }
  const cases: [Json, string[]][] = [
    [{ patient: { birthDate: '1940-01-01' } }, ['Bundle.entry[0].resource.birthDate']],
    [{ patient: { name: [{ text: 'x'.repeat(150) }] } }, ['Bundle.entry[0].resource.name']],
    [{ consent: { dateTime: '2199-01-01' } }, ['Bundle.entry[1].resource.dateTime']],
    [{ consent: { status: 'inactive' } }, ['Bundle.entry[1].resource.status']],
    [{ request: { reasonCode: [{ text: 'x' }] } }, ['Bundle.entry[2].resource.reasonCode']],
    [{ request: { code: { text: 'x' } } }, ['Bundle.entry[2].resource.code.text']],
    [{ request: { supportingInfo: undefined } }, ['Bundle.entry[1]']],
    [{ task: { priority: 'urgent' } }, ['Bundle.entry[3].resource.priority']],
    [{ task: { focus: nobody } }, ['Bundle.entry[3].resource.focus']]
  ]
  for (const [set, expected] of cases)
    assert.deepEqual(
      expressions(refusedWith(await post('', JSON.parse(JSON.stringify(transaction(set)))), 400)),
      expected
    )
  const [urgent] = refusedWith(await post('', transaction({ request: { priority: 'stat' } })), 422)
  assert.deepEqual(urgent.expression, ['Bundle.entry[2].resource.priority'])
  // one that is right is not taken where another is not
  const two = JSON.parse(JSON.stringify(transaction()))
  const wrong = sentOf('own-need.json', {
    category: [{ coding: [{ system: `${base}/CodeSystem/category`, code: 'none' }] }]
  })
  two.entry.push({ resource: wrong, request: { method: 'POST', url: 'ServiceRequest' } })
  assert.deepEqual(expressions(refusedWith(await post('', two), 400)), ['Bundle.entry[4].resource.category'])
  assert.equal(await count(), before)
  for (const body of [{}, { ...bundle, type: 'batch' }, { ...bundle, entry: [null] }, { ...bundle, entry: 7 }])
    refusedWith(await post('', body), 400)
})

test('what cannot wait is refused with the signpost, and nothing of it is kept', async () => {
  const count = async () => (await desk.rows('SELECT count(*)::int AS n FROM service_requests.requests'))[0].n
  const before = await count()
  for (const priority of ['asap', 'stat']) {
    const key = randomUUID()
    const answer = await post('ServiceRequest', referral({ priority }), undefined, { 'idempotency-key': key })
    const [issue] = refusedWith(answer, 422)
    assert.equal(issue.details.coding[0].code, 'not-for-emergencies')
    assert.deepEqual(issue.expression, ['ServiceRequest.priority'])
    assert.ok(issue.diagnostics.length > 20)
    assert.deepEqual(await desk.rows('SELECT 1 FROM platform.idempotency_keys WHERE key = $1', [key]), [])
  }
  assert.equal(await count(), before)
})

test('a consent that was given to the agency is read and found, with the scopes that hold now', async () => {
  const { step, yes } = desk
  const giver = await desk.member('Gwen')
  const number = `${base}/NamingSystem/member-number|${giver.number}`
  const of = async (by?: Client, more = '') =>
    (await got(`Consent?patient:identifier=${encodeURIComponent(number)}${more}`, by)).entry ?? []
  assert.deepEqual(await of(), [])
  const sent = referral({
    subject: { type: 'Patient', identifier: { system: number.split('|')[0], value: String(giver.number) } }
  })
  sent.contained[0].patient = sent.subject
  const { id } = await create(sent)
  ok(await step(giver, id, 'answer', yes(['contact', 'share_status'])))
  const [{ resource, fullUrl }] = await of()
  const scopesOf = ({ provision }: Json) => (provision.code ?? []).map(({ coding }: Json) => coding[0].code)
  assert.deepEqual([resource.status, scopesOf(resource)], ['active', ['contact', 'share_status']])
  assert.equal(resource.patient.identifier.value, String(giver.number))
  assert.ok(Buffer.from(resource.sourceAttachment.data, 'base64').toString('utf8').length > 20)
  const consent = fullUrl.replace('http://commonhours.test', '')
  assert.deepEqual(await got(consent), resource)
  assert.deepEqual(await of(other.client), [])
  refusedWith(await other.client.get(consent), 404)
  refusedWith(await desk.agency.client.get(`${fhir}/Consent/nothing`), 404)
  const [{ reads }] = await desk.rows(
    'SELECT count(*)::int AS reads FROM consents.disclosures WHERE subject_id = $1 AND membership_id = $2',
    [resource.id, giver.memberId]
  )
  assert.equal(reads, 2)

  ok(await giver.post(`members/me/consents/${resource.id}/withdrawal`, { scopes: ['share_status'] }))
  const less = await got(consent)
  assert.deepEqual([less.status, scopesOf(less)], ['active', ['contact']])
  assert.notEqual(less.meta.versionId, resource.meta.versionId)
  ok(await giver.post(`members/me/consents/${resource.id}/withdrawal`))
  assert.equal((await got(consent)).status, 'inactive')
  assert.deepEqual(await of(undefined, '&status=active'), [])
  assert.equal((await of()).length, 1)
})

test('every read of a referral is written down for the person', async () => {
  const { id } = await create(referral())
  const parts = async () =>
    (await desk.rows('SELECT parts FROM consents.disclosures WHERE subject_id = $1 ORDER BY id', [id])).map(
      (row: Json) => row.parts
    )
  assert.deepEqual(await parts(), [])
  await got(`ServiceRequest/${id}`)
  assert.ok((await parts())[0].includes('whatMatters'))
  await got(`Task/${id}`)
  const ofTask = (await parts()).slice(1).flat()
  assert.ok(ofTask.includes('status') && !ofTask.includes('whatMatters'))
  const before = (await parts()).length
  await got(`Task?focus=ServiceRequest/${id}`)
  assert.equal((await parts()).length, before + 1)
})

test('an update that is refused by how the Task stands is a read of it, and so is one with a key', async () => {
  const { id } = await create(referral())
  const reads = async () =>
    (await desk.rows('SELECT parts FROM consents.disclosures WHERE subject_id = $1', [id])).filter(({ parts }: Json) =>
      parts.includes('status')
    ).length
  refusedWith(await patch(id, [{ op: 'test', path: '/status', value: 'accepted' }, ...cancelling]), 412)
  assert.equal(await reads(), 1)
  const guess = [
    { op: 'test', path: '/status', value: 'requested' },
    { op: 'replace', path: '/status', value: 'completed' }
  ]
  refusedWith(await patch(id, guess, { 'idempotency-key': 'guess-0001' }), 403)
  assert.equal(await reads(), 2)
  refusedWith(await patch(id, guess, {}, other.client), 404)
  assert.equal(await reads(), 2)
})

test('whatever is sent, the service does not fail', async () => {
  const values: unknown[] = ['', '\0', '\ud800', 'x'.repeat(5000), -1, 1e308, null, [], {}, [[]], true, { a: 1 }]
  const walk = (node: Json, path: (string | number)[] = []): (string | number)[][] =>
    node && typeof node === 'object'
      ? [path, ...Object.keys(node).flatMap((key) => walk(node[key], [...path, key]))]
      : [path]
  const { id } = await create(referral())
  const focus = { reference: `ServiceRequest/${id}` }
  const task = await got(`Task/${id}`)
  const { client } = desk.agency
  const ways: [Json, (body: unknown) => Promise<Answer>][] = [
    [sentOf('referral-first-contact.json'), (body) => post('ServiceRequest', body)],
    [
      { resourceType: 'Task', status: 'requested', intent: 'order', focus, for: task.for },
      (body) => post('Task', body)
    ],
    [JSON.parse(JSON.stringify(transaction())), (body) => post('', body)],
    [{ ...task, status: 'accepted' }, (body) => client.call('PUT', `${fhir}/Task/${id}`, body, json)],
    [[{ op: 'test', path: '/status', value: 'accepted' }, ...cancelling], (body) => patch(id, body)]
  ]
  let turn = 0
  for (const [sent, send] of ways)
    for (const path of walk(sent).filter(({ length }) => length > 0)) {
      turn += 1
      const broken = structuredClone(sent)
      const at = path.slice(0, -1).reduce((node, key) => node[key], broken)
      at[path.at(-1)!] = values[turn % values.length]
      const answer = await send(broken)
      assert.ok(answer.status < 500, `${path.join('.')}: ${answer.text}`)
      if (answer.status >= 400) refusedWith(answer, answer.status)
    }
})

test('too many requests are told as an OperationOutcome too', async () => {
  const stage = await makeStage('fhir_limit', { rateLimit: 2 })
  try {
    const answers = []
    for (let i = 0; i < 3; i += 1) answers.push(await stage.anonymous.get(`${fhir}/metadata`))
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 429]
    )
    assert.equal(refusedWith(answers[2]!, 429)[0].code, 'throttled')
    assert.ok(Number(answers[2]!.headers['retry-after']) >= 1)
  } finally {
    await stage.close()
  }
})

test('a request whose end is not shared tells nothing of it when it is called off', async () => {
  const { broker, step, yes, listing } = desk
  const quiet = await desk.member('Nia')
  const identifier = { system: `${base}/NamingSystem/member-number`, value: String(quiet.number) }
  const sent = referral({ subject: { type: 'Patient', identifier } })
  sent.contained[0].patient = { identifier }
  const { id } = await create(sent)
  ok(await step(quiet, id, 'answer', yes(['contact'])))
  ok(await step(broker, id, 'acceptance', { listing }))
  ok(await step(broker, id, 'completion', { outcome: 'person_withdrew' }))
  const [issue] = refusedWith(await patch(id, cancelling), 409)
  assert.ok(!/completed|withdrew/.test(JSON.stringify(issue)), JSON.stringify(issue))
  const found = ok(await desk.agency.client.get(`${fhir}/Task?_id=${id},${randomUUID()},x`)).entry
  assert.deepEqual(
    found.map(({ resource }: Json) => [resource.id, resource.status]),
    [[id, undefined]]
  )
})
