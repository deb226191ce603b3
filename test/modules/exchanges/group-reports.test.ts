import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import { addMember, type Client, foundAnother, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'
import { seedOf } from '../ledger/support.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by the tests, which know their shape
type Json = any

const performedOn = '2026-01-15'
let stage: Stage
let admin: Client
let broker: Client
let gwen: Client
let hal: Client
let ida: Client
let jon: Client
let outsider: Client
let garden: string

before(async () => {
  stage = await makeStage('group-reports')
  admin = await setUp(stage)
  broker = await addMember(stage, admin, { name: 'Bron', roles: ['broker'] })
  ;[gwen, hal, ida, jon, outsider] = (await Promise.all(
    ['Gwen', 'Hal', 'Ida', 'Jon', 'Olga'].map((name) => addMember(stage, admin, { name }))
  )) as [Client, Client, Client, Client, Client]
  garden = ok(await admin.get('categories/gardening')).id
  await setPolicy({ brokerApprovalRisks: [] })
})

after(() => stage.close())

let report: Json
beforeEach(async () => {
  report = ok(await gwen.post('exchange-groups/reports', session()), 201)
})

const setPolicy = async (rules: Record<string, unknown>) => {
  const { version } = ok(await admin.get('policy'))
  ok(await admin.patch('policy', { rules, why: 'For a test' }, version))
}
const side = ({ memberId }: Client) => ({ memberId })
const session = (more: Record<string, unknown> = {}) => ({
  providers: [{ ...side(gwen), minutes: 60, preparationMinutes: 30 }],
  receivers: [hal, ida].map(side),
  categoryId: garden,
  description: 'Pruning roses',
  performedOn,
  ...more
})
const balances = async () =>
  Promise.all(
    [gwen, hal, ida, jon].map(async ({ accountId }) => ok(await admin.get(`accounts/${accountId}`)).balanceMinutes)
  )
const moved = async (work: () => Promise<unknown>): Promise<number[]> => {
  const start = await balances()
  await work()
  return (await balances()).map((now, i) => now - start[i]!)
}
const confirm = (who: Client, id = report.id) => who.post(`exchange-groups/${id}/confirmation`)
const statusOf = async (id = report.id): Promise<string> => ok(await admin.get(`exchange-groups/${id}`)).status

test('a report moves nothing; with the last confirmation everything moves as one', async () => {
  assert.deepEqual([report.status, report.reportedBy, report.needsBroker], ['reported', gwen.memberId, false])
  assert.deepEqual(
    report.legs.map((leg: Json) => [leg.kind, leg.debited.name, leg.minutes, leg.transferId]),
    [
      ['exchange', 'Hal', 30, null],
      ['preparation', 'Hal', 15, null],
      ['exchange', 'Ida', 30, null],
      ['preparation', 'Ida', 15, null]
    ]
  )
  const first = await moved(async () => {
    const after = ok(await confirm(hal))
    assert.equal(after.status, 'reported')
    assert.deepEqual(
      after.answers.map((a: Json) => [a.partyId, a.answer]),
      [[hal.memberId, 'confirmed']]
    )
  })
  assert.deepEqual(first, [0, 0, 0, 0])
  refused(await confirm(hal), 409, 'wrong-state')
  const last = await moved(async () => ok(await confirm(ida)))
  assert.deepEqual(last, [90, -45, -45, 0])
  const group = ok(await admin.get(`exchange-groups/${report.id}`))
  assert.equal(group.status, 'settled')
  assert.deepEqual(
    group.exchanges.map((x: Json) => [x.status, x.reportedBy, x.serviceMinutes, x.creditMinutes, x.recordedBy]),
    [
      ['settled', 'provider', 30, 30, gwen.memberId],
      ['settled', 'provider', 30, 30, gwen.memberId]
    ]
  )
  for (const x of group.exchanges) assert.equal(ok(await admin.get(`transfers/${x.transferId}`)).groupId, report.id)
  refused(await confirm(hal), 409, 'wrong-state')
  const back = await moved(async () =>
    ok(await broker.post(`exchange-groups/${report.id}/reversal`, { reason: 'Another day' }))
  )
  assert.deepEqual(back, [-90, 45, 45, 0])
  assert.deepEqual(ok(await admin.get('verify')).problems, [])
})

test('of two who confirm at once the last one moves the hours, once', async () => {
  const change = await moved(async () => {
    const answers = await Promise.all([confirm(hal), confirm(ida), confirm(hal), confirm(ida)])
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 409, 409])
  })
  assert.deepEqual(change, [90, -45, -45, 0])
  assert.equal(await statusOf(), 'settled')
})

test('a confirmation and a refusal at once: one of them wins, and nothing is in between', async () => {
  ok(await confirm(hal))
  const [confirmed, declined] = await Promise.all([
    confirm(ida),
    ida.post(`exchange-groups/${report.id}/refusal`, { reason: 'I was not there' })
  ])
  assert.deepEqual([confirmed!.status, declined!.status].sort(), [200, 409])
  assert.equal(await statusOf(), confirmed!.status === 200 ? 'settled' : 'disputed')
})

test('who was not helped does not confirm, nor who reports; its exchanges are not answered one by one', async () => {
  refused(await confirm(gwen), 403, 'own-confirmation')
  refused(await confirm(outsider), 404, 'not-found')
  refused(await outsider.post(`exchange-groups/${report.id}/refusal`, { reason: 'No' }), 400, 'validation-failed')
  refused(await outsider.post(`exchange-groups/${report.id}/refusal`, { reason: 'None' }), 404, 'not-found')
  refused(await hal.post(`exchange-groups/${report.id}/cancellation`), 403, 'forbidden')
  refused(await hal.get(`exchange-groups/${crypto.randomUUID()}`), 404, 'not-found')
  const elsewhere = await foundAnother(stage, admin, `town${Date.now()}`)
  for (const step of ['confirmation', 'cancellation'])
    refused(await elsewhere.post(`exchange-groups/${report.id}/${step}`), 404, 'not-found')
  const [first] = report.exchanges
  for (const [step, body] of [
    ['confirmation', {}],
    ['dispute', { reason: 'Otherwise' }]
  ] as const)
    assert.equal(refused(await hal.post(`exchanges/${first.id}/${step}`, body), 409, 'conflict').group, report.id)
  assert.equal(refused(await broker.post(`exchanges/${first.id}/confirmation`), 409, 'conflict').group, report.id)
})

test('silence is no word for others: a reported group never confirms itself', async () => {
  stage.clock.now = new Date(Date.now() + 40 * 24 * 60 * 60 * 1000)
  try {
    const { exchangesTasks } = await import('../../../src/modules/exchanges/index.ts')
    const [task] = Object.values(exchangesTasks(stage.database))
    await task!(undefined as never)
  } finally {
    stage.clock.now = null
  }
  assert.equal(await statusOf(), 'reported')
})

test('where somebody says that it was otherwise a broker decides: settles it, or cancels it', async () => {
  ok(await confirm(hal))
  const disputed = ok(await ida.post(`exchange-groups/${report.id}/refusal`, { reason: 'I was not there' }))
  assert.deepEqual([disputed.status, disputed.reason], ['disputed', null])
  refused(await confirm(ida), 409, 'wrong-state')
  refused(await gwen.post(`exchange-groups/${report.id}/cancellation`), 409, 'wrong-state')
  const seen = ok(await broker.get(`exchange-groups/${report.id}`))
  assert.equal(seen.reason, 'I was not there')
  const byGwen = ok(await gwen.get(`exchange-groups/${report.id}`))
  assert.deepEqual([byGwen.reason, byGwen.answers.length], [null, 1], 'nothing of what others said')
  const settled = await moved(async () => assert.equal(ok(await confirm(broker)).status, 'settled'))
  assert.deepEqual(settled, [90, -45, -45, 0])

  const other = ok(await gwen.post('exchange-groups/reports', session()), 201)
  ok(await hal.post(`exchange-groups/${other.id}/refusal`, { reason: 'Another day' }))
  const cancelled = await moved(async () => ok(await broker.post(`exchange-groups/${other.id}/cancellation`)))
  assert.deepEqual(cancelled, [0, 0, 0, 0])
  const view = ok(await broker.get(`exchange-groups/${other.id}`))
  assert.deepEqual([view.status, view.reason, view.legs], ['cancelled', 'Another day', []])
  assert.ok(view.exchanges.every((x: Json) => x.status === 'cancelled'))
  refused(await confirm(broker, other.id), 409, 'wrong-state')
})

test('who reported takes it back before anybody refuses it', async () => {
  assert.equal(ok(await gwen.post(`exchange-groups/${report.id}/cancellation`)).status, 'cancelled')
  refused(await confirm(hal), 409, 'wrong-state')
})

test('many with many: the word of who reports is theirs as a receiver too; the other provider is asked as well', async () => {
  const both = session({
    providers: [
      { ...side(gwen), minutes: 60 },
      { ...side(hal), minutes: 60 }
    ],
    receivers: [gwen, hal, ida].map(side)
  })
  const { id } = ok(await gwen.post('exchange-groups/reports', both), 201)
  refused(await confirm(gwen, id), 403, 'own-confirmation')
  const change = await moved(async () => {
    ok(await confirm(ida, id))
    ok(await confirm(hal, id))
  })
  assert.deepEqual(change, [30, 30, -60, 0])
  assert.equal(await statusOf(id), 'settled')
})

test('only who gave time reports, and as far as the policy lets providers', async () => {
  refused(await outsider.post('exchange-groups/reports', session()), 403, 'forbidden')
  refused(await hal.post('exchange-groups/reports', session()), 403, 'forbidden')
  refused(await broker.post('exchange-groups/reports', session()), 403, 'forbidden')
  refused(await gwen.post('exchange-groups', session()), 403, 'forbidden')
  await setPolicy({ whoMayRecord: ['receiver', 'broker'] })
  refused(await gwen.post('exchange-groups/reports', session()), 403, 'recording-not-allowed')
  await setPolicy({ whoMayRecord: ['provider', 'receiver', 'broker'] })
  refused(
    await gwen.post('exchange-groups/reports', session({ performedOn: '2099-01-01' })),
    422,
    'future-service-date'
  )
})

test('where the pot would pay, or the policy wants it, a broker makes the last step', async () => {
  const potPays = ok(await gwen.post('exchange-groups/reports', session({ rule: 'pot_pays' })), 201)
  assert.equal(potPays.needsBroker, true)
  await setPolicy({ brokerApprovalAboveMinutes: 45 })
  const long = ok(await gwen.post('exchange-groups/reports', session()), 201)
  await setPolicy({ brokerApprovalAboveMinutes: null })
  for (const { id } of [potPays, long]) {
    for (const who of [hal, ida]) assert.equal(ok(await confirm(who, id)).status, 'reported')
    assert.equal(ok(await confirm(broker, id)).status, 'settled')
  }
})

test('the policy is that of the report, and a limit that refuses tells nobody the balance of another', async () => {
  await setPolicy({ countPreparation: false })
  const { version } = ok(await admin.get(`accounts/${hal.accountId}/limits`))
  const limits = { floorSoftMinutes: null, ceilingSoftMinutes: null, ceilingHardMinutes: null, why: 'For a test' }
  const balance = ok(await admin.get(`accounts/${hal.accountId}`)).balanceMinutes
  const setFloor = (floorHardMinutes: number | null, at: number) =>
    admin.put(`accounts/${hal.accountId}/limits`, { ...limits, floorHardMinutes }, { 'if-match': `"${at}"` })
  ok(await setFloor(balance - 20, version))
  ok(await confirm(hal))
  const problem = refused(await confirm(ida), 422, 'below-floor')
  assert.ok(!('balance' in problem) && !('account' in problem), JSON.stringify(problem))
  assert.equal(refused(await confirm(broker), 422, 'below-floor').account, hal.accountId)
  ok(await setFloor(null, version + 1))
  assert.deepEqual(await moved(async () => ok(await confirm(ida))), [90, -45, -45, 0])
  await setPolicy({ countPreparation: true })
})

test('members see their own part of a group, newest first; staff and auditors all', async () => {
  const other = ok(
    await broker.post(
      'exchange-groups',
      session({ providers: [{ ...side(jon), minutes: 40 }], receivers: [hal, ida].map(side) })
    ),
    201
  )
  const mine = ok(await hal.get('exchange-groups?limit=2')).items
  assert.deepEqual(
    mine.map((g: Json) => [g.id, g.status, g.exchanges, g.serviceMinutes, g.waitingFor]),
    [
      [other.id, 'settled', 2, 40, 0],
      [report.id, 'reported', 2, 60, 2]
    ]
  )
  const pages: string[] = []
  for (let cursor = ''; ; ) {
    const page = ok(await hal.get(`exchange-groups?limit=3${cursor}`))
    pages.push(...page.items.map((g: Json) => g.id))
    if (page.next === null) break
    cursor = `&cursor=${page.next}`
  }
  assert.deepEqual(pages, pages.toSorted().reverse())
  assert.equal(new Set(pages).size, pages.length)
  assert.ok(ok(await hal.get('exchange-groups?status=reported')).items.every((g: Json) => g.status === 'reported'))
  assert.equal(
    ok(await gwen.get('exchange-groups')).items.some((g: Json) => g.id === other.id),
    false
  )
  assert.deepEqual(ok(await outsider.get('exchange-groups')).items, [])
  assert.equal(ok(await admin.get('exchange-groups?limit=1')).items[0].id, other.id)
  const view = ok(await hal.get(`exchange-groups/${other.id}`))
  assert.deepEqual(
    view.exchanges.map((x: Json) => x.receiver.name),
    ['Hal']
  )
  assert.deepEqual(
    view.legs.map((leg: Json) => [leg.debited.name, typeof leg.debitBalanceMinutes, leg.creditBalanceMinutes]),
    [['Hal', 'number', null]]
  )
  refused(await gwen.get(`exchange-groups/${other.id}`), 404, 'not-found')
  assert.match((await admin.get('exchange-groups', { accept: 'text/csv' })).text, /^\uFEFFid,status,shape/)
})

test('somebody whom a report waits for cannot leave before it is answered', async () => {
  const leaver = await addMember(stage, admin, { login: false })
  const { id } = ok(await gwen.post('exchange-groups/reports', session({ receivers: [hal, leaver].map(side) })), 201)
  refused(await admin.post(`members/${leaver.memberId}/departure`, {}), 409, 'conflict')
  ok(await gwen.post(`exchange-groups/${id}/cancellation`))
  ok(await admin.post(`members/${leaver.memberId}/departure`, {}))
})

test('what a report says will move is what a broker would record of it, and what moves when all have confirmed', async () => {
  const minutes = fc.integer({ min: 3, max: 200 })
  const scenario = fc.record({
    own: minutes,
    other: fc.option(minutes, { nil: undefined }),
    attended: fc.tuple(...[1, 2, 3].map(() => fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }))),
    rule: fc.constantFrom('split_equal', 'each_pays_surplus_to_pot'),
    preparationMinutes: fc.integer({ min: 0, max: 60 }),
    travelMinutes: fc.integer({ min: 0, max: 60 })
  })
  for (const { accountId } of [hal, ida, jon])
    ok(
      await admin.put(
        `accounts/${accountId}/limits`,
        {
          floorSoftMinutes: null,
          floorHardMinutes: null,
          ceilingSoftMinutes: null,
          ceilingHardMinutes: null,
          why: 'For a test'
        },
        { 'if-match': `"${ok(await admin.get(`accounts/${accountId}/limits`)).version}"` }
      )
    )
  const shown = ({ legs }: Json) =>
    legs.map((leg: Json) => [leg.kind, leg.debitAccount, leg.creditAccount, leg.minutes].join()).sort()
  await fc.assert(
    fc.asyncProperty(scenario, async ({ own, other, attended, rule, ...beside }) => {
      const input = session({
        providers: [
          { ...side(gwen), minutes: own, ...beside },
          ...(other === undefined ? [] : [{ ...side(jon), minutes: other }])
        ],
        receivers: [hal, ida, jon].map((who, i) => ({ ...side(who), attendedMinutes: attended[i] })),
        rule
      })
      const preview = ok(await broker.post('exchange-groups/preview', input))
      const { id } = ok(await gwen.post('exchange-groups/reports', input), 201)
      const reported = ok(await admin.get(`exchange-groups/${id}`))
      assert.deepEqual(shown(reported), shown(preview))
      for (const who of [hal, jon, ida]) ok(await confirm(who, id))
      const settled = ok(await admin.get(`exchange-groups/${id}`))
      assert.equal(settled.status, 'settled')
      assert.deepEqual(shown(settled), shown(preview))
      for (const field of ['serviceMinutes', 'creditMinutes', 'preparationCreditMinutes', 'surplusMinutes'])
        assert.equal(settled[field], preview[field], field)
    }),
    { seed: seedOf('reports'), numRuns: 12 }
  )
  assert.deepEqual(ok(await admin.get('verify')).problems, [])
})

test('for an organisation that was helped confirms who acts for it, but not who reported', async () => {
  const choir = ok(await admin.post('organisations', { name: 'Choir', kind: 'community_group' }), 201)
  for (const { memberId } of [jon, gwen])
    ok(
      await admin.post(`organisations/${choir.id}/affiliations`, {
        memberId,
        professional: false,
        actsFor: true,
        validFrom: '2026-01-01'
      }),
      201
    )
  const input = session({ receivers: [side(hal), { capacity: 'organisation', organisationId: choir.id }] })
  const { id } = ok(await gwen.post('exchange-groups/reports', input), 201)
  ok(await confirm(hal, id))
  refused(await confirm(gwen, id), 403, 'own-confirmation')
  refused(await confirm(ida, id), 404, 'not-found')
  assert.ok(ok(await jon.get('exchange-groups')).items.some((g: Json) => g.id === id && g.waitingFor === 1))
  const view = ok(await jon.get(`exchange-groups/${id}`))
  assert.deepEqual(
    view.exchanges.map((x: Json) => x.receiver.name),
    ['Choir']
  )
  assert.equal(ok(await confirm(jon, id)).status, 'settled')
})

test('only those whose word is needed are asked to confirm; other providers hear of it when it settles', async () => {
  const kinds = async (who: Client, ids: string[]): Promise<string[]> =>
    ok(await who.get('notices?limit=200'))
      .items.filter(({ subjectId, subject }: Json) => ids.includes(subjectId ?? subject?.id))
      .map(({ kind }: Json) => kind)
  const providers = [gwen, jon].map((who) => ({ ...side(who), minutes: 60 }))
  const { id } = ok(await gwen.post('exchange-groups/reports', session({ providers, receivers: [side(hal)] })), 201)
  const ids = ok(await admin.get(`exchange-groups/${id}`)).exchanges.map((x: Json) => x.id)
  assert.deepEqual(await kinds(hal, ids), ['exchange.reported', 'exchange.reported'])
  assert.deepEqual(await kinds(jon, ids), [])
  ok(await confirm(hal, id))
  assert.deepEqual(await kinds(jon, ids), ['exchange.settled'])
})

test('who has reported for a body and does not act for it any more does not confirm as a broker', async () => {
  const choir = ok(await admin.post('organisations', { name: 'Band', kind: 'community_group' }), 201)
  const at = `organisations/${choir.id}/affiliations`
  const acting = { memberId: broker.memberId, professional: false, actsFor: true, validFrom: '2026-01-01' }
  const affiliation = ok(await admin.post(at, acting), 201)
  const providers = [{ capacity: 'organisation', organisationId: choir.id, minutes: 60 }]
  const { id } = ok(await broker.post('exchange-groups/reports', session({ providers })), 201)
  ok(await admin.patch(`affiliations/${affiliation.id}`, { validTo: '2026-01-31' }, affiliation.rowVersion))
  refused(await confirm(broker, id), 403, 'own-confirmation')
  assert.equal(ok(await confirm(admin, id)).status, 'settled')
})

test('why somebody said that it was otherwise goes when one of the people is erased', async () => {
  const kim = await addMember(stage, admin, { name: 'Kim' })
  const { id } = ok(await gwen.post('exchange-groups/reports', session({ receivers: [hal, kim].map(side) })), 201)
  ok(await kim.post(`exchange-groups/${id}/refusal`, { reason: 'Kim was in hospital' }))
  ok(await admin.post(`exchange-groups/${id}/cancellation`, {}))
  assert.equal(ok(await admin.get(`exchange-groups/${id}`)).reason, 'Kim was in hospital')
  ok(await kim.post('members/me/departure', {}))
  ok(await admin.post(`members/${kim.memberId}/erasure`, {}))
  assert.equal(ok(await admin.get(`exchange-groups/${id}`)).reason, null)
})
