import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addMember, type Client, foundAnother, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by the tests, which know their shape
type Json = any

let stage: Stage
let admin: Client
let broker: Client
let people: Client[]
let garden: string
let common: Json

before(async () => {
  stage = await makeStage('sheets')
  admin = await setUp(stage)
  broker = await addMember(stage, admin, { name: 'Bron', roles: ['broker'] })
  people = []
  for (const name of ['Gwen', 'Hal', 'Ida', 'Jon', 'Kay'])
    people.push(await addMember(stage, admin, { name, login: name === 'Gwen' }))
  garden = ok(await admin.get('categories/gardening')).id
  common = { categoryId: garden, performedOn: '2026-01-15', description: 'Spring fair' }
})

after(() => stage.close())

const side = (i: number) => ({ memberId: people[i]!.memberId })
const pair = (provider: number, receiver: number, minutes = 30, more: Record<string, unknown> = {}) => ({
  provider: side(provider),
  receiver: side(receiver),
  minutes,
  ...more
})
const balances = async () =>
  Promise.all(people.map(async ({ accountId }) => ok(await admin.get(`accounts/${accountId}`)).balanceMinutes))
const moved = async (work: () => Promise<unknown>): Promise<number[]> => {
  const start = await balances()
  await work()
  return (await balances()).map((now, i) => now - start[i]!)
}
const count = async () => ok(await admin.get('exchanges?limit=200')).items.length
const statuses = (sheet: Json) => sheet.lines.map((line: Json) => line.status)

test('a sheet records exchanges and sessions, with source and slip, by whom and for whom on each', async () => {
  let sheet: Json
  const change = await moved(async () => {
    sheet = ok(
      await broker.post(
        'event-sheets',
        {
          title: 'Spring fair',
          common,
          lines: [
            pair(0, 1, 60, { slipNumber: 'F-1' }),
            pair(1, 2, 30, { description: 'Cakes' }),
            {
              slipNumber: 'F-2',
              providers: [{ ...side(3), minutes: 60 }],
              receivers: [side(0), side(4)]
            }
          ]
        },
        { 'commonhours-source': 'phone' }
      )
    )
  })
  assert.deepEqual(change, [60 - 30, -60 + 30, -30, 60, -30])
  assert.deepEqual([sheet.saved, sheet.sheet.recorded, sheet.sheet.refused], [true, 3, 0])
  const [first, second] = await Promise.all(
    sheet.lines.slice(0, 2).map(async (line: Json) => ok(await admin.get(`exchanges/${line.exchangeId}`)))
  )
  assert.deepEqual(
    [first.source, first.slipNumber, first.description, first.onBehalfOf, first.recordedBy],
    ['paper_slip', 'F-1', 'Spring fair', people[1]!.memberId, broker.memberId]
  )
  assert.deepEqual([second.source, second.slipNumber, second.description], ['phone', null, 'Cakes'])
  const group = ok(await admin.get(`exchange-groups/${sheet.lines[2].groupId}`))
  assert.deepEqual(
    group.exchanges.map((x: Json) => [x.source, x.slipNumber]),
    [
      ['paper_slip', 'F-2'],
      ['paper_slip', 'F-2']
    ]
  )
  assert.deepEqual(ok(await broker.get(`event-sheets/${sheet.id}`)), sheet)
  const [listed] = ok(await broker.get('event-sheets')).items
  assert.deepEqual([listed.id, listed.title, listed.recorded], [sheet.id, 'Spring fair', 3])
  const back = await moved(async () => {
    ok(await broker.post(`exchanges/${first.id}/reversal`, { reason: 'Line 1 was wrong' }))
    ok(await broker.post(`exchange-groups/${group.id}/reversal`, { reason: 'Line 3 was wrong' }))
  })
  assert.deepEqual(back, [-60 + 30, 60, 0, -60, 30])
  assert.deepEqual(ok(await admin.get('verify')).problems, [])
})

test('every line gets its answer: what is refused takes nothing of the others with it, and is kept with its reason', async () => {
  const before = await count()
  const lines = [
    pair(0, 1),
    pair(1, 1),
    pair(0, 2, 30, { slipNumber: 'X-1' }),
    pair(0, 3, 30, { slipNumber: 'X-1' }),
    pair(0, 1, 30, { performedOn: '2099-01-01' }),
    pair(0, 1, 30, { receiver: { memberId: crypto.randomUUID() } }),
    pair(0, 1, 30, { receiver: { capacity: 'organisation' } }),
    { providers: [{ ...side(3), minutes: 60 }], receivers: [side(0), side(0)] },
    pair(0, 1, 30, { receiver: { memberId: broker.memberId } }),
    pair(3, 4)
  ]
  const sheet = ok(await broker.post('event-sheets', { common, lines }))
  assert.deepEqual(
    sheet.lines.map((line: Json) => line.problem?.code ?? line.status),
    [
      'recorded',
      'same-party',
      'recorded',
      'already-exists',
      'future-service-date',
      'not-found',
      'validation-failed',
      'validation-failed',
      'own-confirmation',
      'recorded'
    ]
  )
  assert.equal(sheet.lines[6].problem.errors[0].pointer, '/receiver/organisationId')
  assert.equal(sheet.lines[7].problem.errors[0].pointer, '/receivers/1')
  assert.equal(await count(), before + 3)
  assert.deepEqual(ok(await broker.get(`event-sheets/${sheet.id}`)), sheet)
  assert.deepEqual([sheet.sheet.recorded, sheet.sheet.refused], [3, 7])
  assert.deepEqual(sheet.lines[1].given.provider, { capacity: 'citizen', ...side(1) })
  assert.deepEqual(ok(await admin.get('verify')).problems, [])
})

test('an atomic sheet with a faulty line records nothing; a dry run saves nothing and says what would be refused', async () => {
  const before = [await count(), ok(await broker.get('event-sheets')).items.length]
  const lines = [pair(0, 1), pair(1, 1), pair(3, 4)]
  const change = await moved(async () => {
    for (const how of [{ atomic: true }, { dryRun: true }]) {
      const sheet = ok(await broker.post('event-sheets', { common, lines, ...how }))
      assert.deepEqual([sheet.saved, sheet.id, sheet.lines[0].exchangeId], [false, null, null])
      assert.deepEqual(statuses(sheet), ['would_record', 'refused', 'would_record'])
    }
    const good = ok(await broker.post('event-sheets', { common, lines: [pair(0, 1)], dryRun: true }))
    assert.deepEqual(statuses(good), ['would_record'])
  })
  assert.deepEqual(change, [0, 0, 0, 0, 0])
  assert.deepEqual([await count(), ok(await broker.get('event-sheets')).items.length], before)
  const sheet = ok(await broker.post('event-sheets', { common, lines: [pair(0, 1), pair(3, 4)], atomic: true }))
  assert.deepEqual(statuses(sheet), ['recorded', 'recorded'])
})

test('what is common to the sheet stands for lines that do not say otherwise; what is wanting is told for every line', async () => {
  const both = { ...common, receiver: side(1), minutes: 45 }
  const sheet = ok(
    await broker.post('event-sheets', {
      common: both,
      lines: [
        { provider: side(0) },
        { provider: side(2), minutes: 60 },
        { providers: [{ ...side(3), minutes: 60 }], receivers: [side(0), side(4)] }
      ]
    })
  )
  assert.deepEqual(statuses(sheet), ['recorded', 'recorded', 'recorded'])
  assert.deepEqual(
    [sheet.lines[0].given.minutes, sheet.lines[1].given.minutes, sheet.lines[2].given.minutes],
    [45, 60, undefined]
  )
  const faulty = await broker.post('event-sheets', {
    lines: [
      { provider: side(0) },
      { ...pair(0, 1), categoryId: garden, performedOn: '2026-01-15', rule: 'pot_pays' },
      { providers: [{ ...side(0), minutes: 30 }], minutes: 3, categoryId: garden }
    ]
  })
  assert.deepEqual(
    refused(faulty, 400, 'validation-failed').errors.map((e: Json) => e.pointer),
    [
      '/lines/0/categoryId',
      '/lines/0/performedOn',
      '/lines/0/receiver',
      '/lines/0/minutes',
      '/lines/1/rule',
      '/lines/2/performedOn',
      '/lines/2/receivers',
      '/lines/2/minutes'
    ]
  )
  const tooMany = { common, lines: Array.from({ length: 201 }, () => pair(0, 1)) }
  refused(await broker.post('event-sheets', tooMany), 400, 'validation-failed')
})

test('a sheet is recorded once under its key', async () => {
  const key = { 'idempotency-key': crypto.randomUUID() }
  const body = { common, lines: [pair(0, 1), pair(1, 1)] }
  const change = await moved(async () => {
    const first = ok(await broker.post('event-sheets', body, key))
    const again = await broker.post('event-sheets', body, key)
    assert.equal(again.headers['idempotency-replayed'], 'true')
    assert.deepEqual(ok(again), first)
    refused(await broker.call('POST', 'event-sheets', body), 400, 'idempotency-key-required')
  })
  assert.deepEqual(change, [30, -30, 0, 0, 0])
})

test('a limit that one line meets counts what the lines before it have moved', async () => {
  const { accountId } = people[1]!
  const { version } = ok(await admin.get(`accounts/${accountId}/limits`))
  const limits = { floorSoftMinutes: null, ceilingSoftMinutes: null, ceilingHardMinutes: null, why: 'For a test' }
  const balance = ok(await admin.get(`accounts/${accountId}`)).balanceMinutes
  const set = (floorHardMinutes: number | null, at: number) =>
    admin.put(`accounts/${accountId}/limits`, { ...limits, floorHardMinutes }, { 'if-match': `"${at}"` })
  ok(await set(balance - 60, version))
  const sheet = ok(
    await broker.post('event-sheets', { common, lines: [pair(0, 1), pair(2, 1), pair(3, 1), pair(3, 4)] })
  )
  assert.deepEqual(statuses(sheet), ['recorded', 'recorded', 'refused', 'recorded'])
  const { code, figures } = sheet.lines[2].problem
  assert.deepEqual([code, figures.account, figures.floor], ['below-floor', accountId, balance - 60])
  ok(await set(null, version + 1))
})

test('two sheets at once over the same accounts, in opposite order, are both recorded whole', async () => {
  const there = Array.from({ length: 20 }, (_, i) => pair(i % 5, (i + 1) % 5))
  const sheets = await Promise.all(
    [there, there.toReversed(), there].map((lines) => broker.post('event-sheets', { common, lines, atomic: true }))
  )
  for (const sheet of sheets) assert.equal(ok(sheet).sheet.recorded, 20)
  assert.deepEqual(ok(await admin.get('verify')).problems, [])
})

test('two hundred lines are answered in seconds', async (t) => {
  const lines = Array.from({ length: 200 }, (_, i) => pair(i % 5, (i + 2) % 5, 15 + (i % 3)))
  const start = performance.now()
  const sheet = ok(await broker.post('event-sheets', { common, lines }))
  const took = performance.now() - start
  t.diagnostic(`200 lines in ${Math.round(took)} ms`)
  assert.equal(sheet.sheet.recorded, 200)
  assert.ok(took < 20_000, `${took} ms`)
})

test('only staff hand in and read sheets, each timebank its own, and a sheet has no slip number itself', async () => {
  const [gwen] = people as [Client]
  const body = { common, lines: [pair(1, 2)] }
  refused(await gwen.post('event-sheets', body), 403, 'forbidden')
  refused(await gwen.get('event-sheets'), 403, 'forbidden')
  const slip = { 'commonhours-source': 'paper_slip', 'commonhours-slip': '17' }
  refused(await broker.post('event-sheets', body, slip), 400, 'validation-failed')
  const { id } = ok(await broker.post('event-sheets', body))
  const other = await foundAnother(stage, admin, 'sheetstown')
  refused(await other.get(`event-sheets/${id}`), 404, 'not-found')
  assert.deepEqual(ok(await other.get('event-sheets')).items, [])
})

test('when one of the people is erased, what was written about the line goes', async () => {
  const leaver = await addMember(stage, admin, { login: false })
  const lines = [{ ...pair(0, 1), receiver: { memberId: leaver.memberId.toUpperCase() } }, pair(2, 3)]
  const { id } = ok(await broker.post('event-sheets', { common, lines }))
  ok(await admin.post(`members/${leaver.memberId}/departure`, {}))
  ok(await admin.post(`members/${leaver.memberId}/erasure`, {}))
  const sheet = ok(await broker.get(`event-sheets/${id}`))
  assert.deepEqual(
    sheet.lines.map((line: Json) => line.given.description),
    ['', 'Spring fair']
  )
})

test('what was told by phone is written down by staff, with for whom and by whom on it; members cannot claim it', async () => {
  const phone = { 'commonhours-source': 'phone' }
  const body = { ...common, ...pair(0, 1) }
  const told = ok(await broker.post('exchanges/records', body, phone), 201)
  assert.deepEqual(
    [told.source, told.onBehalfOf, told.recordedBy, told.reportedBy],
    ['phone', people[1]!.memberId, broker.memberId, 'broker']
  )
  const proposed = ok(await broker.post('exchanges', { ...body, proposedBy: 'receiver' }, phone), 201)
  assert.deepEqual([proposed.source, proposed.onBehalfOf], ['phone', people[1]!.memberId])
  refused(await broker.post('exchanges', body, phone), 400, 'validation-failed')
  refused(await people[0]!.post('exchanges', body, phone), 403, 'forbidden')
  const seen = ok(await people[0]!.get(`exchanges/${told.id}`))
  assert.deepEqual([seen.source, seen.onBehalfOf, seen.recordedBy], ['phone', people[1]!.memberId, broker.memberId])
  const [event] = ok(await admin.get(`audit?subjectType=exchange&subjectId=${told.id}`)).items
  assert.deepEqual(
    [event.source, event.onBehalfOf, event.actorMembershipId],
    ['phone', people[1]!.memberId, broker.memberId]
  )
})

test('a line with somebody under 18 says how their guardians have consented, by itself or for all', async () => {
  const { version } = ok(await admin.get('policy'))
  ok(await admin.patch('policy', { rules: { minorsAllowed: true }, why: 'For one test' }, version))
  const young = await addMember(stage, admin, { login: false, profile: { dateOfBirth: '2012-05-05' } })
  const line = { ...pair(0, 1), receiver: { memberId: young.memberId } }
  const lines = [line, { ...line, guardianConsent: 'in_person' }]
  assert.deepEqual(statuses(ok(await broker.post('event-sheets', { common, lines, dryRun: true }))), [
    'refused',
    'would_record'
  ])
  const whole = { common: { ...common, guardianConsent: 'in_person' }, lines: [line] }
  assert.deepEqual(statuses(ok(await broker.post('event-sheets', whole))), ['recorded'])
})
