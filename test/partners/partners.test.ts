/**
 * Two agencies with systems of their own, one speaking REST and one FHIR, and what becomes of the people whom they refer, by every
 * way that a referral can go. Each system keeps what it believes; at the end that is compared with what brokers see, as far as the
 * people share it, and the whole database is looked through for words that belong in one place.
 */
import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { pino } from 'pino'
import { serviceRequestsTasks } from '../../src/modules/service-requests/index.ts'
import { type Agency, makeAgency } from '../support/agency.ts'
import { type Answer, addMember, type Client, makeStage, ok, refused, type Stage, setUp } from '../support/app.ts'
import { tablesHolding } from '../support/holding.ts'
import { wakeWorkers } from '../support/jobs.ts'
import { type Case, type Json, type Language, openInbox, openSystem, Refused, type System } from './system.ts'

const publicUrl = 'http://commonhours.test'
const everything = ['contact', 'share_status', 'share_attendance', 'share_outcome']
const day = 24 * 60 * 60 * 1000

/** What must stand in its own field and nowhere else, by the field. */
const canaries = {
  title: 'zebracanary',
  whatMatters: 'heroncanary',
  canOffer: 'wrencanary',
  accessNeeds: 'ottercanary',
  knownRisks: 'badgercanary',
  contact: 'falconcanary',
  plan: 'lynxcanary'
}

let stage: Stage
let admin: Client
let broker: Client
let owner: pg.Client
const agencies = {} as Record<Language, Agency>
const systems = {} as Record<Language, System>
const inboxes = {} as Record<Language, Awaited<ReturnType<typeof openInbox>>>
const lines: string[] = []
/** what each case must have come to, as its agency may know it */
const expected = new Map<string, { status: string | null; outcome?: string; minutes?: number }>()

const rows = async (text: string, values: unknown[] = []): Promise<Json[]> => (await owner.query(text, values)).rows

before(async () => {
  const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
  stage = await makeStage('partners', {
    publicUrl,
    privateAddresses: '127.0.0.1/32',
    webhookLine: { timeoutMs: 300 },
    logger
  })
  admin = await setUp(stage)
  broker = await addMember(stage, admin, { name: 'Bron', roles: ['broker'] })
  owner = new pg.Client({ connectionString: stage.ownerUrl })
  await owner.connect()
  await stage.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = stage.app.server.address() as AddressInfo
  for (const speaks of ['rest', 'fhir'] as const) {
    const agency = await makeAgency(stage, admin, { name: `Agency that speaks ${speaks}` })
    const inbox = await openInbox((nth) => (['error', 'slow', 'hang up', 'redirect'] as const)[nth % 9] ?? 'no')
    const { clientId, clientSecret, organisationId, affiliationId } = agency
    const who = { clientId, clientSecret, organisationId, professionalId: affiliationId }
    const system = openSystem({ url: `http://127.0.0.1:${port}`, publicUrl, timebank: 'rivertown', speaks, ...who })
    Object.assign(agencies, { [speaks]: agency })
    Object.assign(systems, { [speaks]: system })
    Object.assign(inboxes, { [speaks]: inbox })
    const endpoint = ok(await agency.client.post('webhook-endpoints', { url: inbox.url }), 201)
    inbox.know(endpoint.secret)
  }
})

after(async () => {
  for (const inbox of Object.values(inboxes)) await inbox.close()
  await owner.end()
  await stage.close()
})

let made = 0
const caseOf = (who: Partial<Case>): Case => {
  made += 1
  return {
    externalId: `C-${made}`,
    title: `Company ${canaries.title}`,
    category: 'walking-together',
    whatMatters: `The river ${canaries.whatMatters}`,
    canOffer: `Knows birds ${canaries.canOffer}`,
    accessNeeds: `Step-free ${canaries.accessNeeds}`,
    knownRisks: `A lively dog ${canaries.knownRisks}`,
    minutes: 60,
    priority: 'routine',
    scopes: ['contact', 'share_status'],
    ...who
  }
}

const person = () => addMember(stage, admin)
const step = async (by: Client, id: string, path: string, body: unknown = {}): Promise<Json> =>
  ok(await by.post(`service-requests/${id}/${path}`, body))
const yes = (scopes: readonly string[]) => ({ answer: 'yes', scopes, wordingVersion: 1 })
const listing = { title: 'Company for a walk', mode: 'do', setting: 'outdoors' }
const today = () => new Date().toISOString().slice(0, 10)

/** The jobs that follow exchanges have been done. */
async function followed(): Promise<void> {
  for (let look = 0; look < 400; look += 1) {
    const [waiting] = await rows(
      "SELECT count(*)::int AS n FROM graphile_worker.jobs WHERE task_identifier = 'service-requests.follow'"
    )
    if (waiting.n === 0) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error('jobs of service requests are left')
}

/** Refers somebody who says yes; the broker takes it up. */
async function accepted(system: System, scopes: readonly string[] = everything) {
  const somebody = await person()
  const one = caseOf({ memberNumber: somebody.number })
  const id = await system.refer(one)
  await step(somebody, id, 'answer', yes(scopes))
  const { listingId } = await step(broker, id, 'acceptance', { listing })
  return { one, id, listingId, person: somebody }
}

/** Somebody helps by the ordinary ways of members. */
async function help(receiver: Client, listingId: string, minutes = 60, upTo: 'agreed' | 'settled' = 'settled') {
  const provider = await person()
  const { categoryId } = ok(await receiver.get(`requests/${listingId}`))
  const sides = { provider: { memberId: provider.memberId }, receiver: { memberId: receiver.memberId } }
  const begun = { ...sides, requestId: listingId, categoryId, minutes }
  const { id } = ok(await receiver.post('exchanges', begun), 201)
  ok(await provider.post(`exchanges/${id}/agreement`, {}))
  if (upTo === 'agreed') return { provider, id }
  ok(await provider.post(`exchanges/${id}/report`, { minutes, performedOn: today() }))
  ok(await receiver.post(`exchanges/${id}/confirmation`, {}))
  await followed()
  return { provider, id }
}

async function withdraw(by: Client, agency: Agency, scopes?: string[]): Promise<Answer> {
  const { items } = ok(await by.get(`members/${by.memberId}/consents?limit=200`))
  const consent = items.find((c: Json) => c.organisationId === agency.organisationId && c.status === 'given')
  return by.post(`members/${by.memberId}/consents/${consent.id}/withdrawal`, scopes ? { scopes } : {})
}

const expects = (one: Case, status: string | null, more: { outcome?: string; minutes?: number } = {}) =>
  expected.set(one.externalId, { status, ...more })

/** Every way that a referral can go; each brings one to where `expects` says. */
const ways: Record<string, (system: System) => Promise<void>> = {
  'somebody helps, and it is completed by itself': async (system) => {
    const { one, person: helped, listingId } = await accepted(system)
    await help(helped, listingId, 75)
    expects(one, 'completed', { outcome: 'goal_met', minutes: 75 })
  },
  'the broker rejects it with a reason': async (system) => {
    const one = caseOf({ memberNumber: (await person()).number })
    await step(broker, await system.refer(one), 'rejection', { reason: 'outside_area' })
    expects(one, 'rejected')
  },
  'the person says no': async (system) => {
    const somebody = await person()
    const one = caseOf({ memberNumber: somebody.number })
    await step(somebody, await system.refer(one), 'answer', { answer: 'no' })
    expects(one, 'rejected')
  },
  'the person is never reached': async (system) => {
    const one = caseOf({ memberNumber: (await person()).number })
    const id = await system.refer(one)
    await step(broker, id, 'contacts', { way: 'phone', result: 'not_reached' })
    await step(broker, id, 'rejection', { reason: 'not_taken_up' })
    expects(one, 'rejected')
  },
  'nobody has that member number': async (system) => {
    const one = caseOf({ memberNumber: 900_000 + made })
    await step(broker, await system.refer(one), 'rejection', { reason: 'not_suitable' })
    expects(one, 'rejected')
  },
  'the agency calls it off before it is decided': async (system) => {
    const one = caseOf({ memberNumber: (await person()).number })
    await system.refer(one)
    await system.cancel(one.externalId, 'arranged_elsewhere')
    expects(one, 'cancelled')
  },
  'the agency calls it off in the middle': async (system) => {
    const { one, person: helped, listingId } = await accepted(system)
    await help(helped, listingId, 60, 'agreed')
    await followed()
    await system.cancel(one.externalId, 'no_longer_needed')
    expects(one, 'cancelled')
  },
  'it is put off, goes on, and a professional service is needed': async (system) => {
    const { one, id } = await accepted(system)
    await step(broker, id, 'hold', { reason: 'away' })
    assert.equal((await system.look(one.externalId)).status, 'on_hold')
    await step(broker, id, 'resumption')
    await step(broker, id, 'completion', { outcome: 'needs_professional_service' })
    expects(one, 'completed', { outcome: 'needs_professional_service', minutes: 0 })
  },
  'nobody is found': async (system) => {
    const { one, id } = await accepted(system)
    await step(broker, id, 'failure', { reason: 'no_helper_found' })
    expects(one, 'failed')
  },
  'it should never have been': async (system) => {
    const { one } = await accepted(system)
    await system.enterInError(one.externalId)
    expects(one, 'entered_in_error')
  },
  'the person stops it': async (system) => {
    const { one, id, person: somebody } = await accepted(system)
    await step(somebody, id, 'stop')
    expects(one, 'cancelled')
  },
  'the person takes back the status in the middle': async (system) => {
    const { one, person: somebody, listingId } = await accepted(system)
    assert.equal((await system.look(one.externalId)).status, 'accepted')
    ok(await withdraw(somebody, agencies[system.speaks], ['share_status', 'share_outcome']))
    assert.equal((await system.look(one.externalId)).status, null)
    await help(somebody, listingId, 45)
    expects(one, null, { minutes: 45 })
  },
  'the person takes back all that they allowed, and it ends': async (system) => {
    const { one, id, person: somebody, listingId } = await accepted(system)
    const { provider } = await help(somebody, listingId, 60, 'agreed')
    ok(await withdraw(somebody, agencies[system.speaks]))
    assert.deepEqual(await system.look(one.externalId), { id, status: null, outcome: null, minutes: null })
    const ended = ok(await broker.get(`service-requests/${id}`))
    assert.equal(ended.status, 'cancelled')
    // what two members have agreed is theirs
    const { items } = ok(await provider.get('exchanges'))
    assert.equal(items[0].status, 'agreed')
    expects(one, null)
  },
  'a contact becomes a member, who says yes to the broker': async (system) => {
    const one = caseOf({ contact: { name: `Mair ${canaries.contact}`, phone: '01234 567890' } })
    const id = await system.refer(one)
    await step(broker, id, 'contacts', { way: 'phone', result: 'reached' })
    const member = await person()
    await step(broker, id, 'person', { member: member.number })
    await step(broker, id, 'answer', { ...yes(everything), how: 'phone' })
    const { listingId } = await step(broker, id, 'acceptance', { listing })
    await help(member, listingId, 30)
    expects(one, 'completed', { outcome: 'goal_met', minutes: 30 })
  }
}

const kept = () =>
  rows(
    'SELECT (SELECT count(*) FROM service_requests.requests) AS requests, (SELECT count(*) FROM service_requests.texts) AS texts'
  )

for (const speaks of ['rest', 'fhir'] as const) {
  for (const [name, go] of Object.entries(ways)) test(`by ${speaks}: ${name}`, () => go(systems[speaks]))

  test(`by ${speaks}: what cannot wait is refused with the signpost, and leaves nothing`, async () => {
    const before = await kept()
    for (const priority of ['asap', 'stat'] as const) {
      const urgent = caseOf({ memberNumber: admin.number, priority, whatMatters: 'kitecanary' })
      const refusal = await systems[speaks].refer(urgent).then(assert.fail, (error: unknown) => error)
      assert.ok(refusal instanceof Refused, String(refusal))
      assert.equal(refusal.status, 422)
      assert.match(JSON.stringify(refusal.body), /not an emergency service/)
    }
    assert.deepEqual(await kept(), before)
    assert.deepEqual(await tablesHolding(rows, 'kitecanary'), [])
    assert.ok(!lines.some((line) => line.includes('kitecanary')))
  })

  test(`by ${speaks}: one case is one request, however often and at how many moments it is sent`, async () => {
    const one = caseOf({ memberNumber: (await person()).number })
    const ids = await Promise.all(Array.from({ length: 12 }, () => systems[speaks].refer(one)))
    assert.equal(new Set(ids).size, 1)
    await systems[speaks].cancel(one.externalId, 'duplicate')
    expects(one, 'cancelled')
  })
}

test('what could not be arranged closes at the end of the day, all in one way', async () => {
  const now = stage.clock.now
  stage.clock.now = new Date(Date.now() + day)
  await serviceRequestsTasks(stage.database)['service-requests.hourly']!({})
  stage.clock.now = now
  const closed = await rows("SELECT id FROM service_requests.requests WHERE reason = 'not_taken_up'")
  assert.equal(closed.length, 4)
  const shown = await Promise.all(
    closed.map(async ({ id }) => {
      const answers = await Promise.all(
        Object.values(agencies).map(({ client }) => client.get(`service-requests/${id}`))
      )
      const seen = answers.find(({ status }) => status === 200)!.body
      const { status, reason, outcome, endedAt, withheld, attendance, contact, subStatus } = seen
      return { status, reason, outcome, endedAt, withheld, attendance, contact, subStatus, events: await historyOf(id) }
    })
  )
  for (const one of shown) assert.deepEqual(one, shown[0])
})

/** What the desk and the audit keep of it, without who and when. */
async function historyOf(id: string): Promise<Json> {
  const { items } = ok(await broker.get(`service-requests/${id}/history`))
  return items.map(({ status, reason, by }: Json) => [status, reason, by])
}

test('each system believes of its cases what came of them, as far as the people share it', async () => {
  for (const system of Object.values(systems)) {
    for (const externalId of system.believed.keys()) {
      const {
        status,
        outcome = null,
        minutes
      } = expected.get(externalId) ?? assert.fail(`${externalId} came to nothing`)
      const belief = await system.look(externalId)
      assert.deepEqual([belief.status, belief.outcome], [status, outcome], `${system.speaks} ${externalId}`)
      if (minutes !== undefined) assert.equal(belief.minutes ?? 0, minutes, `${system.speaks} ${externalId}`)
    }
  }
})

test('who polls is told of every case, and of none of the other agency', async () => {
  for (const system of Object.values(systems)) {
    const own = new Set([...system.believed.values()].map(({ id }) => id))
    const told = new Set(await system.poll())
    assert.deepEqual([...told].sort(), [...own].sort(), system.speaks)
    // from the last instant on: those of that instant, and nothing new
    assert.ok((await system.poll()).every((id) => told.has(id)))
  }
})

test('webhooks come to a receiver that fails, is slow, hangs up and redirects: each once by its id, signed, ids only', async () => {
  for (const speaks of ['rest', 'fhir'] as const) {
    const inbox = inboxes[speaks]
    const { organisationId } = agencies[speaks]
    const announced = await rows('SELECT id FROM webhooks.events WHERE organisation_id = $1', [organisationId])
    assert.ok(announced.length >= 20, `${announced.length} events`)
    for (let look = 0; inbox.told.size < announced.length && look < 300; look += 1) {
      // what waits for its next attempt is due now
      await rows("UPDATE webhooks.deliveries SET next_at = now() WHERE next_at > now() AND state = 'waiting'")
      await rows('UPDATE webhooks.endpoints SET probe_at = now() WHERE probe_at > now()')
      await rows(
        "UPDATE graphile_worker._private_jobs SET run_at = now() WHERE run_at > now() AND locked_at IS NULL AND task_id IN (SELECT id FROM graphile_worker._private_tasks WHERE identifier LIKE 'webhooks.%')"
      )
      await wakeWorkers(rows)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    assert.deepEqual([...inbox.told.keys()].sort(), announced.map(({ id }) => id).sort())
    assert.deepEqual(inbox.wrong, [])
    const ids = new Set([...systems[speaks].believed.values()].map(({ id }) => id))
    for (const { type, timestamp, data, ...more } of inbox.told.values()) {
      assert.deepEqual([Object.keys(data).sort(), more], [['id', 'timebankId'], {}])
      assert.ok(Number.isFinite(Date.parse(timestamp)))
      if (type === 'service_request.changed') assert.ok(ids.has(data.id), data.id)
    }
  }
})

test('two agencies about one person: she sees one page, and each agency of the other what she allows, as long as she does', async () => {
  const somebody = await person()
  const ids = {} as Record<Language, string>
  for (const speaks of ['rest', 'fhir'] as const) {
    const one = caseOf({ memberNumber: somebody.number })
    ids[speaks] = await systems[speaks].refer(one)
    await step(somebody, ids[speaks], 'answer', yes(everything))
    await step(broker, ids[speaks], 'acceptance', { listing })
    expects(one, 'accepted')
  }
  const page = ok(await somebody.get('members/me/joined-up'))
  assert.deepEqual(page.contributions.map(({ id }: Json) => id).sort(), Object.values(ids).sort())
  assert.deepEqual([page.figures.agencies, page.overlaps.length], [2, 1])
  const seen = async () => ok(await agencies.rest.client.get(`service-requests/${ids.rest}/joined-up`))
  const allow = (scopes: string[]) =>
    somebody.post(`members/${somebody.memberId}/consents`, {
      organisationId: agencies.rest.organisationId,
      purpose: 'joined_up',
      scopes,
      wordingVersion: 1
    })
  const alone = await seen()
  assert.deepEqual([alone.contributions.length, alone.others, alone.overlaps], [1, null, []])
  const { id } = ok(await allow(['see_others_involved']), 201)
  const together = await seen()
  assert.deepEqual(
    together.others.map(({ organisation, category }: Json) => [organisation, category.slug]),
    [['Agency that speaks fhir', 'walking-together']]
  )
  assert.equal(together.overlaps.length, 1)
  assert.ok(!JSON.stringify(together).includes(ids.fhir))
  ok(await somebody.post(`members/${somebody.memberId}/consents/${id}/withdrawal`, {}))
  const again = await seen()
  assert.deepEqual([again.others, again.overlaps], [null, []])
  const { items } = ok(await somebody.get('members/me/disclosures?limit=200'))
  const reads = items.filter(({ parts }: Json) => parts.includes('joined_up'))
  assert.equal(reads.length, 3)
  assert.equal(reads.filter(({ parts }: Json) => parts.includes('others_involved')).length, 1)
  const csv = await somebody.get('members/me/disclosures', { accept: 'text/csv' })
  assert.match(csv.text, /others_involved/)
})

test('of 200 agreements at once as many are paid from a budget as there is room for, and its figures add up all along', async () => {
  const { client, organisationId } = agencies.rest
  // whom the agency does not know by their own consent is not there
  const stranger = {
    kind: 'person',
    memberId: (await person()).memberId,
    holder: { mode: 'self' },
    intendedMinutes: 60
  }
  refused(await client.post('budgets', stranger), 404, 'not-found')
  const { person: somebody } = await accepted(systems.rest)
  const provider = await person()
  const proposed = {
    kind: 'person',
    memberId: somebody.memberId,
    holder: { mode: 'self' },
    intendedMinutes: 600,
    funderOrganisationId: organisationId
  }
  const { id } = ok(await client.post('budgets', proposed), 201)
  ok(await somebody.put(`budgets/${id}/plan`, { plan: `Out of doors again ${canaries.plan}` }))
  ok(await somebody.post(`budgets/${id}/agreement`, { intendedMinutes: 600 }))
  ok(await client.post(`budgets/${id}/agreement`, {}))
  ok(await client.post(`budgets/${id}/allocations`, { minutes: 600 }))
  const { id: categoryId } = ok(await somebody.get('categories/gardening'))
  const sides = { provider: { memberId: provider.memberId }, receiver: { memberId: somebody.memberId } }
  const begun: string[] = []
  for (let i = 0; i < 200; i += 1)
    begun.push(
      ok(await somebody.post('exchanges', { ...sides, categoryId, minutes: 15, budgetId: id }), 201).id as string
    )
  const sums: boolean[] = []
  let going = true
  const watching = (async () => {
    while (going) {
      const { allocated, spent, committed, returned, available } = ok(await client.get(`budgets/${id}`)).figures
      sums.push(allocated === spent + committed + returned + available && available >= 0)
    }
  })()
  const answers = await Promise.all(begun.map((exchange) => provider.post(`exchanges/${exchange}/agreement`, {})))
  going = false
  await watching
  const agreed = begun.filter((_, i) => answers[i]!.status === 200)
  assert.equal(agreed.length, 40)
  for (const { status, body } of answers.filter((answer) => answer.status !== 200))
    assert.deepEqual([status, body.code], [422, 'budget-exhausted'])
  assert.ok(sums.length > 2 && sums.every(Boolean))
  for (const exchange of agreed.slice(0, 10)) {
    ok(await provider.post(`exchanges/${exchange}/report`, { minutes: 10, performedOn: today() }))
    ok(await somebody.post(`exchanges/${exchange}/confirmation`, {}))
  }
  for (const exchange of agreed.slice(10)) ok(await somebody.post(`exchanges/${exchange}/cancellation`, {}))
  ok(await client.post(`budgets/${id}/returns`, { minutes: 60 }))
  const { figures } = ok(await client.get(`budgets/${id}`))
  assert.deepEqual(figures, { allocated: 600, spent: 150, committed: 0, returned: 60, available: 390 })
  assert.equal(ok(await admin.get('verify')).sound, true)
})

test('words about people stand in their own table, and in no other, no log, no mail and no webhook', async () => {
  for (const [field, canary] of Object.entries(canaries)) {
    // a contact is let go of once it is a member
    const own = field === 'contact' ? [] : [field === 'plan' ? 'budgets.plans' : 'service_requests.texts']
    assert.deepEqual(await tablesHolding(rows, canary), own, field)
    assert.ok(!lines.some((line) => line.includes(canary)), `${field} in a log`)
    for (const { raw } of Object.values(inboxes)) assert.ok(!raw.some((text) => text.includes(canary)), `${field} sent`)
  }
})

test('neither agency finds anything of the other, by any address that takes an id or gives a list', async () => {
  const known: Record<Language, { ids: string[]; names: string[] }> = {
    rest: { ids: [], names: [] },
    fhir: { ids: [], names: [] }
  }
  for (const speaks of ['rest', 'fhir'] as const) {
    known[speaks].ids = [...systems[speaks].believed.values()].map(({ id }) => id)
    known[speaks].names = [agencies[speaks].organisationId, agencies[speaks].affiliationId, agencies[speaks].clientId]
  }
  const routes = stage.app.declared.filter(({ access }) => access.who === 'timebank' && access.agency !== undefined)
  assert.ok(routes.length > 20, `${routes.length} routes`)
  for (const [mine, theirs] of [
    ['rest', 'fhir'],
    ['fhir', 'rest']
  ] as const) {
    const { client } = agencies[mine]
    const secrets = [...known[theirs].ids, ...known[theirs].names]
    for (const route of routes) {
      const names = [...route.url.matchAll(/:([A-Za-z]+)/g)].map((m) => m[1]!)
      const others = names.filter((name) => name !== 'timebank')
      const tried = others.length === 0 ? [''] : known[theirs].ids.slice(0, 3)
      for (const id of tried) {
        const url = route.url.replace(/:([A-Za-z]+)/g, (_, name: string) => (name === 'timebank' ? 'rivertown' : id))
        const body = route.method === 'GET' ? undefined : {}
        const answer = await client.call(route.method, url, body, { 'if-match': '"1"' })
        const what = `${route.method} ${url}: ${answer.status} ${answer.text.slice(0, 300)}`
        assert.ok(answer.status < 500, what)
        if (others.length > 0) assert.ok(answer.status >= 400, what)
        const told = answer.text.replaceAll(url, '')
        for (const secret of secrets) if (secret !== id) assert.ok(!told.includes(secret), what)
      }
    }
  }
})
