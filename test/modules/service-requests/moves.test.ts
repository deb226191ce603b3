import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { type ConsentScope, consentScopes } from '../../../src/modules/consents/index.ts'
import { type MoveName, moves, type Part } from '../../../src/modules/service-requests/moves.ts'
import { seenByAgency } from '../../../src/modules/service-requests/seeing.ts'
import type { ServiceRequest } from '../../../src/modules/service-requests/service-requests.ts'
import {
  outcomes,
  reasons,
  type Status,
  statuses,
  subStatuses
} from '../../../src/modules/service-requests/vocabulary.ts'
import { type Client, ok } from '../../support/app.ts'
import { type Desk, makeDesk } from './support.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
let desk: Desk

before(async () => {
  desk = await makeDesk('service_requests_moves')
})

after(() => desk.close())

/** The steps of the API, each with the move that it makes. */
const steps: Record<string, { move: MoveName; body: () => unknown }> = {
  acceptance: { move: 'accept', body: () => ({ listing: desk.listing }) },
  rejection: { move: 'reject', body: () => ({ reason: 'no_capacity' }) },
  hold: { move: 'hold', body: () => ({ reason: 'away' }) },
  resumption: { move: 'resume', body: () => ({}) },
  completion: { move: 'complete', body: () => ({ outcome: 'partly_met' }) },
  failure: { move: 'fail', body: () => ({ reason: 'lost_contact' }) },
  cancellation: { move: 'cancel', body: () => ({ reason: 'no_longer_needed' }) },
  error: { move: 'enterInError', body: () => ({}) },
  stop: { move: 'stop', body: () => ({}) }
}

/** The shortest way to each status, by those who may. */
const ways: Record<Status, [Part, string][]> = {
  requested: [],
  accepted: [['broker', 'acceptance']],
  on_hold: [
    ['broker', 'acceptance'],
    ['broker', 'hold']
  ],
  in_progress: [
    ['broker', 'acceptance'],
    ['broker', 'hold'],
    ['broker', 'resumption']
  ],
  rejected: [['broker', 'rejection']],
  completed: [
    ['broker', 'acceptance'],
    ['broker', 'completion']
  ],
  failed: [
    ['broker', 'acceptance'],
    ['broker', 'failure']
  ],
  cancelled: [['agency', 'cancellation']],
  entered_in_error: [['agency', 'error']]
}

test('every step from every status by everybody does what the table says, or is refused', async () => {
  const { agency, broker, member, referral, post, step, yes } = desk
  const [person, stranger] = [await member(), await member()]
  const callers: Record<Part | 'stranger', Client> = {
    agency: agency.client,
    broker,
    person,
    service: stranger,
    stranger
  }
  const make = async (status: Status): Promise<string> => {
    const { id } = await post(referral(person))
    ok(await step(person, id, 'answer', yes(['contact', 'share_status'])))
    for (const [part, name] of ways[status]) ok(await step(callers[part], id, name, steps[name]!.body()))
    return id
  }
  let refusals = 0
  for (const status of statuses) {
    let id = await make(status)
    for (const [name, { move, body }] of Object.entries(steps))
      for (const part of ['agency', 'broker', 'person', 'stranger'] as const) {
        const { from, to, by } = moves[move]
        const may = part !== 'stranger' && (by as readonly Part[]).includes(part)
        const answer = await step(callers[part], id, name, body())
        const about = `${part} takes ${name} of one that is ${status}: ${answer.text}`
        if (may && (from as readonly Status[]).includes(status)) {
          assert.equal(answer.status, 200, about)
          assert.equal(answer.body.status, to, about)
          id = await make(status)
        } else {
          refusals += 1
          assert.ok([403, 404, 409].includes(answer.status), about)
          if (may && status !== 'entered_in_error') assert.equal(answer.body.code, 'wrong-state', about)
          assert.equal(ok(await broker.get(`service-requests/${id}`)).status, status, about)
        }
      }
  }
  assert.ok(refusals > 200)
})

test('whatever it is, an agency reads what the person shares and nothing else', () => {
  const base = { kind: 'referral', statusOpen: false, decidedAt: new Date(1), endedAt: new Date(2) }
  fc.assert(
    fc.property(
      fc.constantFrom(...statuses),
      fc.constantFrom(null, ...subStatuses),
      fc.constantFrom(null, ...Object.values(reasons).flat()),
      fc.constantFrom(null, ...outcomes),
      fc.uniqueArray(fc.constantFrom<ConsentScope>(...consentScopes)),
      fc.boolean(),
      (status, subStatus, reason, outcome, given, statusOpen) => {
        const scopes = new Set(given)
        const request = { ...base, status, subStatus, reason, outcome, statusOpen } as unknown as ServiceRequest
        const seen = seenByAgency(request, scopes)
        if (!scopes.has('share_outcome')) assert.equal(seen.outcome, null)
        if (!scopes.has('share_status')) assert.equal(seen.subStatus, null)
        if (!scopes.has('share_status') && !statusOpen)
          assert.deepEqual([seen.status, seen.reason, seen.decidedAt, seen.endedAt], [null, null, null, null])
        assert.equal(seen.withheld.includes('attendance'), !scopes.has('share_attendance'))
        // what is withheld does not hang on what there is
        const other = { ...request, outcome: null, reason: null, subStatus: null } as ServiceRequest
        assert.deepEqual(seenByAgency(other, scopes).withheld, seen.withheld)
        const own = seenByAgency({ ...request, kind: 'own_need' }, new Set())
        assert.deepEqual([own.status, own.outcome, own.withheld], [status, outcome, []])
      }
    ),
    { seed, numRuns: 500 }
  )
})

test('who polls from the greatest instant they have seen misses nothing, however many write at once', async () => {
  const { agency, post, own, step, broker } = desk
  const made: string[] = []
  const seen = new Map<string, string>()
  let since = new Date(0).toISOString()
  since = '1970-01-01T00:00:00.000Z'
  const poll = async () => {
    let cursor = ''
    do {
      const page = ok(
        await agency.client.get(
          `service-requests?kind=own_need&limit=7&updatedSince=${since}${cursor && `&cursor=${cursor}`}`
        )
      )
      for (const { id, status, updatedAt } of page.items) {
        seen.set(id, status)
        if (updatedAt > since) since = updatedAt
      }
      cursor = page.next
    } while (cursor)
  }
  let writing = true
  const writer = async () => {
    for (let n = 0; n < 6; n += 1) {
      const { id } = await post(own())
      made.push(id)
      if (n % 2 === 0) ok(await step(broker, id, 'rejection', { reason: 'no_capacity' }))
    }
  }
  const poller = async () => {
    while (writing) await poll()
  }
  const polling = poller()
  await Promise.all([writer(), writer(), writer(), writer(), writer()])
  writing = false
  await polling
  await poll()
  assert.equal(made.length, 30)
  for (const [at, id] of made.entries()) assert.ok(seen.has(id), `${at} of 30 was missed`)
  assert.equal([...seen.values()].filter((status) => status === 'rejected').length, 15)
  // and the external id finds one by itself
  const named = await post(own({ externalId: { system: 'urn:one', value: 'A 1' } }))
  const { items } = ok(await agency.client.get('service-requests?externalSystem=urn:one&externalValue=A%201'))
  assert.deepEqual(
    items.map(({ id }: { id: string }) => id),
    [named.id]
  )
})
