import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { exchangesTasks } from '../../../src/modules/exchanges/index.ts'
import { addMember, ok, refused } from '../../support/app.ts'
import { tablesHolding } from '../../support/holding.ts'
import { moveClock } from '../schedule/support.ts'
import { type Client, type Fund, makeFund, today } from './support.ts'

let fund: Fund
let ann: Client
let bev: Client
let cai: Client

before(async () => {
  fund = await makeFund('budgets')
  ann = await fund.member({ name: 'Ann' })
  bev = await fund.member({ name: 'Bev' })
  cai = await fund.member({ name: 'Cai' })
})
after(() => fund?.stage.close())

test('from proposal to reconciliation, as in the worked example: 600 = 90 + 0 + 60 + 450', async () => {
  const { officer, broker, between, figures } = fund
  const before = await fund.house.balanceOf({ ...officer, accountId: fund.funder.accountId })
  const proposed = await fund.propose(officer, { memberId: ann.memberId })
  const { id } = proposed
  assert.deepEqual(
    [proposed.status, proposed.intendedMinutes, proposed.hasPlan, proposed.figures.allocated],
    ['proposed', 600, false, 0]
  )
  assert.equal(ok(await ann.get(`budgets/${id}`)).intendedMinutes, 600)
  refused(await ann.post(`budgets/${id}/agreement`, {}), 409, 'budget-needs-plan')
  const planned = ok(await ann.put(`budgets/${id}/plan`, { plan: 'Walks with somebody who knows birds.' }))
  assert.equal(planned.hasPlan, true)
  assert.ok(!JSON.stringify(planned).includes('birds'))
  refused(await officer.post(`budgets/${id}/allocations`, { minutes: 600 }), 409, 'wrong-state')
  assert.equal(ok(await ann.post(`budgets/${id}/agreement`, { intendedMinutes: 600 })).status, 'proposed')
  assert.equal(ok(await officer.post(`budgets/${id}/agreement`, {})).status, 'agreed')
  const active = ok(await officer.post(`budgets/${id}/allocations`, { minutes: 600 }))
  assert.deepEqual([active.status, active.figures.available], ['active', 600])

  const exchange = ok(await ann.post('exchanges', between(bev, ann, { minutes: 120, budgetId: id })), 201)
  assert.equal(exchange.budgetId, id)
  assert.equal(exchange.quote.heldMinutes, 120)
  assert.equal((await figures(id)).committed, 0)
  assert.equal(ok(await bev.post(`exchanges/${exchange.id}/agreement`, {})).budgetId, null, 'not for who gives to know')
  assert.deepEqual(await figures(id), { allocated: 600, spent: 0, committed: 120, returned: 0, available: 480 })
  ok(await bev.post(`exchanges/${exchange.id}/report`, { minutes: 90, performedOn: today }))
  ok(await ann.post(`exchanges/${exchange.id}/confirmation`, {}))
  assert.deepEqual(await figures(id), { allocated: 600, spent: 90, committed: 0, returned: 0, available: 510 })
  ok(await officer.post(`budgets/${id}/returns`, { minutes: 60 }))
  assert.deepEqual(await figures(id), { allocated: 600, spent: 90, committed: 0, returned: 60, available: 450 })
  assert.deepEqual(
    [await fund.balanceOf(ann), await fund.balanceOf(bev)],
    [0, 90],
    'who is helped is not debited, and who gives is credited'
  )

  const [line] = ok(await bev.get(`accounts/${bev.accountId}/statement`)).items
  assert.deepEqual([line.minutes, line.counterparty], [90, { kind: 'budget', number: null, name: null }])
  const { items } = ok(await ann.get(`budgets/${id}/statement`))
  assert.deepEqual(
    items.map((x: Record<string, unknown>) => [
      x['line'],
      x['operation'],
      x['kind'],
      x['minutes'],
      x['committedMinutes'],
      x['available']
    ]),
    [
      [4, 'transfer', 'budget_return', -60, 0, 450],
      [3, 'settle', 'exchange', -90, -120, 510],
      [2, 'hold', 'exchange', 0, 120, 480],
      [1, 'transfer', 'budget_allocation', 600, 0, 600]
    ]
  )
  const page = ok(await ann.get(`budgets/${id}/statement?limit=2`))
  const rest = ok(await ann.get(`budgets/${id}/statement?limit=2&cursor=${page.next}`))
  assert.deepEqual([...page.items, ...rest.items], items)
  const csv = (await ann.get(`budgets/${id}/statement`, { accept: 'text/csv' })).text.split('\r\n')
  assert.match(
    csv[0]!,
    /line,transferId,operation,kind,performedOn,recordedAt,counterAccount,minutes,committedMinutes,committed,available/
  )
  assert.equal(csv.filter(Boolean).length, 5)

  refused(await broker.post(`budgets/${id}/reconciliation`, { statementSeen: true }), 409, 'wrong-state')
  const ended = ok(await ann.post(`budgets/${id}/end`, {}))
  assert.deepEqual(
    [ended.status, ended.figures],
    ['ended', { allocated: 600, spent: 90, committed: 0, returned: 510, available: 0 }]
  )
  refused(await ann.post(`budgets/${id}/reconciliation`, { statementSeen: true }), 403, 'forbidden')
  refused(await broker.post(`budgets/${id}/reconciliation`, {}), 400, 'validation-failed')
  assert.equal(ok(await broker.post(`budgets/${id}/reconciliation`, { statementSeen: true })).status, 'reconciled')
  assert.equal(await fund.house.balanceOf({ ...officer, accountId: fund.funder.accountId }), before - 90)
  await fund.sound()
})

test('what is reversed after reconciliation goes on to the funder, and the figures go on to agree', async () => {
  const { broker, between, figures } = fund
  const id = await fund.funded(ann, 300)
  const exchange = ok(
    await broker.post('exchanges/records', between(bev, ann, { minutes: 60, budgetId: id, performedOn: today })),
    201
  )
  ok(await broker.post(`budgets/${id}/end`, {}))
  ok(await broker.post(`budgets/${id}/reconciliation`, { statementSeen: true }))
  const funder = { ...ann, accountId: fund.funder.accountId }
  const before = await fund.balanceOf(funder)
  ok(await broker.post(`exchanges/${exchange.id}/reversal`, { reason: 'It was somebody else' }))
  assert.deepEqual(await figures(id), { allocated: 300, spent: 0, committed: 0, returned: 300, available: 0 })
  assert.equal(await fund.balanceOf(funder), before + 60)
  await fund.sound()
})

test('what is reversed while it is active or ended goes back to the budget', async () => {
  const { broker, between, figures } = fund
  const id = await fund.funded(ann, 300)
  const record = async (minutes: number) =>
    ok(await broker.post('exchanges/records', between(bev, ann, { minutes, budgetId: id, performedOn: today })), 201).id
  const [one, two] = [await record(60), await record(30)]
  ok(await broker.post(`exchanges/${one}/reversal`, { reason: 'A mistake' }))
  assert.deepEqual(await figures(id), { allocated: 300, spent: 30, committed: 0, returned: 0, available: 270 })
  ok(await broker.post(`budgets/${id}/end`, {}))
  ok(await broker.post(`exchanges/${two}/reversal`, { reason: 'Another' }))
  assert.deepEqual(await figures(id), { allocated: 300, spent: 0, committed: 0, returned: 270, available: 30 })
  const refusal = refused(
    await broker.post(`budgets/${id}/reconciliation`, { statementSeen: true }),
    409,
    'budget-not-settled'
  )
  assert.equal(refusal.available, 30)
  ok(await fund.officer.post(`budgets/${id}/returns`, { minutes: 30 }))
  ok(await broker.post(`budgets/${id}/reconciliation`, { statementSeen: true }))
})

test('a correction of minutes moves the difference on the budget', async () => {
  const { broker, between, figures } = fund
  const id = await fund.funded(ann, 120)
  const { id: wrong } = ok(
    await broker.post('exchanges/records', between(bev, ann, { minutes: 60, budgetId: id, performedOn: today })),
    201
  )
  const corrected = ok(
    await broker.post(`exchanges/${wrong}/decision`, { decision: 'correct', reason: 'It was longer', minutes: 90 })
  )
  assert.deepEqual(await figures(id), { allocated: 120, spent: 90, committed: 0, returned: 0, available: 30 })
  const right = ok(await broker.get(`exchanges/${corrected.correctedByExchangeId}`))
  assert.equal(right.budgetId, id)
  const more = { decision: 'correct', reason: 'Longer still', minutes: 150 }
  refused(await broker.post(`exchanges/${right.id}/decision`, more), 422, 'budget-exhausted')
  assert.equal((await figures(id)).spent, 90)
})

test('an ended budget settles and releases what is committed, and nothing more', async () => {
  const { between, figures, officer } = fund
  const id = await fund.funded(ann, 300)
  const agreed = async (minutes: number): Promise<string> => {
    const { id: exchange } = ok(await ann.post('exchanges', between(bev, ann, { minutes, budgetId: id })), 201)
    ok(await bev.post(`exchanges/${exchange}/agreement`, {}))
    return exchange
  }
  const [one, two, three] = [await agreed(60), await agreed(90), await agreed(30)]
  const open = ok(await ann.post('exchanges', between(bev, ann, { minutes: 30, budgetId: id })), 201).id
  ok(await officer.post(`budgets/${id}/end`, {}))
  assert.deepEqual(await figures(id), { allocated: 300, spent: 0, committed: 180, returned: 120, available: 0 })
  refused(await bev.post(`exchanges/${open}/agreement`, {}), 422, 'budget-not-active')
  refused(await ann.post('exchanges', between(bev, ann, { budgetId: id })), 422, 'budget-not-active')
  refused(await officer.post(`budgets/${id}/allocations`, { minutes: 30 }), 409, 'wrong-state')
  ok(await bev.post(`exchanges/${one}/report`, { minutes: 60, performedOn: today }))
  ok(await ann.post(`exchanges/${one}/confirmation`, {}))
  ok(await ann.post(`exchanges/${two}/cancellation`, {}))
  assert.deepEqual(await figures(id), { allocated: 300, spent: 60, committed: 30, returned: 120, available: 90 })
  // more than was set aside would be agreed anew
  ok(await bev.post(`exchanges/${three}/report`, { minutes: 60, performedOn: today }))
  refused(await ann.post(`exchanges/${three}/confirmation`, {}), 422, 'budget-not-active')
  assert.equal((await figures(id)).committed, 30)
})

test('more than was set aside is taken from what is available, or refused as a whole', async () => {
  const { between, figures } = fund
  const id = await fund.funded(ann, 120)
  const agreed = async (minutes: number): Promise<string> => {
    const { id: exchange } = ok(await ann.post('exchanges', between(bev, ann, { minutes, budgetId: id })), 201)
    ok(await bev.post(`exchanges/${exchange}/agreement`, {}))
    return exchange
  }
  const one = await agreed(60)
  ok(await bev.post(`exchanges/${one}/report`, { minutes: 90, performedOn: today }))
  ok(await ann.post(`exchanges/${one}/confirmation`, {}))
  assert.deepEqual(await figures(id), { allocated: 120, spent: 90, committed: 0, returned: 0, available: 30 })
  const two = await agreed(30)
  ok(await bev.post(`exchanges/${two}/report`, { minutes: 45, performedOn: today }))
  refused(await ann.post(`exchanges/${two}/confirmation`, {}), 422, 'budget-exhausted')
  assert.deepEqual(await figures(id), { allocated: 120, spent: 90, committed: 30, returned: 0, available: 0 })
  refused(await ann.post(`budgets/${id}/returns`, { minutes: 15 }), 422, 'budget-exhausted')
})

test("a person's budget pays for nobody else, nor outside of its days", async () => {
  const { between, officer } = fund
  const id = await fund.funded(ann, 120)
  refused(await ann.post('exchanges', between(ann, bev, { budgetId: id })), 422, 'budget-not-for-receiver')
  refused(await cai.post('exchanges', between(bev, cai, { budgetId: id })), 404, 'not-found')
  refused(
    await ann.post('exchanges', between(bev, ann, { budgetId: id, performedOn: '2025-12-31' })),
    422,
    'budget-not-active'
  )
  refused(await ann.post('exchanges', between(bev, ann, { budgetId: officer.memberId })), 404, 'not-found')
})

test('the funder allocates within the limits of its own account, which nobody else is told of', async () => {
  const { broker } = fund
  const poor = await fund.organisation('Small Charity', 'charity')
  const eve = await fund.member({ name: 'Eve' })
  await fund.acting(eve, poor.id)
  ok(
    await fund.admin.put(
      `accounts/${poor.accountId}/limits`,
      {
        floorSoftMinutes: null,
        floorHardMinutes: -100,
        ceilingSoftMinutes: null,
        ceilingHardMinutes: null,
        why: 'small'
      },
      { 'if-match': '"1"' }
    )
  )
  const { id } = await fund.propose(eve, { funderOrganisationId: poor.id, memberId: ann.memberId })
  ok(await ann.put(`budgets/${id}/plan`, { plan: 'Rest' }))
  ok(await ann.post(`budgets/${id}/agreement`, {}))
  ok(await broker.post(`budgets/${id}/agreement`, { side: 'funder' }))
  refused(await ann.post(`budgets/${id}/allocations`, { minutes: 60 }), 403, 'forbidden')
  refused(await eve.post(`budgets/${id}/allocations`, { minutes: 120 }), 422, 'below-floor')
  assert.equal(ok(await broker.get(`budgets/${id}`)).status, 'agreed')
  ok(await broker.post(`budgets/${id}/allocations`, { minutes: 60 }))
  ok(await eve.post(`budgets/${id}/allocations`, { minutes: 40 }))
  assert.equal((await fund.figures(id)).allocated, 100)
})

test('who holds it says yes to what it pays for; the sides alone do not', async () => {
  const { between, officer, broker, figures } = fund
  const dai = await fund.member({ name: 'Dai' })
  const { id } = await fund.propose(broker, {
    memberId: ann.memberId,
    holder: { mode: 'nominated_person', memberId: dai.memberId }
  })
  ok(await dai.put(`budgets/${id}/plan`, { plan: 'As Ann told me' }))
  ok(await dai.post(`budgets/${id}/agreement`, {}))
  ok(await officer.post(`budgets/${id}/agreement`, {}))
  ok(await officer.post(`budgets/${id}/allocations`, { minutes: 240 }))
  const proposed = async () => ok(await ann.post('exchanges', between(bev, ann, { budgetId: id })), 201).id
  const one = await proposed()
  refused(await bev.post(`exchanges/${one}/agreement`, {}), 403, 'budget-word-needed')
  refused(await cai.post(`exchanges/${one}/budget`, { budgetId: id }), 404, 'not-found')
  refused(await ann.post(`exchanges/${one}/budget`, { budgetId: id }), 403, 'budget-word-needed')
  ok(await dai.post(`exchanges/${one}/budget`, { budgetId: id }))
  ok(await bev.post(`exchanges/${one}/agreement`, {}))
  assert.equal((await figures(id)).committed, 60)
  // who holds it lets it pay for what was proposed without
  const plain = ok(await bev.post('exchanges', between(bev, ann)), 201).id
  ok(await dai.post(`exchanges/${plain}/budget`, { budgetId: id }))
  ok(await ann.post(`exchanges/${plain}/agreement`, {}))
  assert.equal((await figures(id)).committed, 120)
  // their yes was to sixty minutes
  const longer = await proposed()
  ok(await dai.post(`exchanges/${longer}/budget`, { budgetId: id }))
  ok(await bev.post(`exchanges/${longer}/proposal`, { revision: 0, minutes: 90 }))
  refused(await ann.post(`exchanges/${longer}/agreement`, { revision: 1 }), 403, 'budget-word-needed')
  // and not to a longer report, whoever confirms it
  ok(await bev.post(`exchanges/${one}/report`, { minutes: 90, performedOn: today }))
  refused(await ann.post(`exchanges/${one}/confirmation`, {}), 403, 'budget-word-needed')
  ok(await broker.post(`exchanges/${one}/confirmation`, {}))
  assert.deepEqual(await figures(id), { allocated: 240, spent: 90, committed: 60, returned: 0, available: 90 })
})

test('any of a circle may commit; an organisation that holds it does so by who acts for it, and no side alone', async () => {
  const { between, officer, broker } = fund
  const [dot, eli] = [await fund.member({ name: 'Dot' }), await fund.member({ name: 'Eli' })]
  const { id } = await fund.propose(broker, {
    kind: 'activity',
    memberId: undefined,
    title: 'Community garden',
    holder: { mode: 'circle', memberIds: [dot.memberId, eli.memberId] }
  })
  ok(await eli.post(`budgets/${id}/agreement`, {}))
  ok(await officer.post(`budgets/${id}/agreement`, {}))
  ok(await officer.post(`budgets/${id}/allocations`, { minutes: 120 }))
  const first = ok(await cai.post('exchanges', between(bev, cai, { budgetId: id })), 201).id
  refused(await bev.post(`exchanges/${first}/agreement`, {}), 403, 'budget-word-needed')
  ok(await dot.post(`exchanges/${first}/budget`, { budgetId: id }))
  ok(await bev.post(`exchanges/${first}/agreement`, {}))

  const group = await fund.organisation('Garden Group', 'community_group')
  await fund.acting(dot, group.id)
  const held = await fund.propose(officer, {
    memberId: ann.memberId,
    holder: { mode: 'provider_held', organisationId: group.id }
  })
  ok(await ann.put(`budgets/${held.id}/plan`, { plan: 'The garden people know me' }))
  refused(await dot.post(`budgets/${held.id}/agreement`, { side: 'holder' }), 403, 'forbidden')
  ok(await ann.post(`budgets/${held.id}/agreement`, {}))
  ok(await officer.post(`budgets/${held.id}/agreement`, {}))
  ok(await officer.post(`budgets/${held.id}/allocations`, { minutes: 120 }))
  const byGroup = { provider: { capacity: 'organisation', organisationId: group.id }, budgetId: held.id }
  const offered = ok(await dot.post('exchanges', { ...between(dot, ann), ...byGroup }), 201).id
  refused(await dot.post(`exchanges/${offered}/agreement`, {}), 403, 'own-confirmation')
  ok(await ann.post(`exchanges/${offered}/agreement`, {}))
  // a report that nobody has agreed to is confirmed by who was helped, however long they are silent
  const reported = ok(
    await dot.post('exchanges/reports', { ...between(dot, ann), ...byGroup, performedOn: today }),
    201
  )
  assert.equal(reported.status, 'reported')
  assert.equal((await fund.figures(held.id)).spent, 0)
  ok(await ann.post(`exchanges/${reported.id}/confirmation`, {}))
  assert.equal((await fund.figures(held.id)).spent, 60)
})

test('the plan is read by whom it is for and who acts by it; the funder only where the person was told so', async () => {
  const { officer, broker } = fund
  const id = (await fund.propose(officer, { memberId: ann.memberId })).id
  const canary = 'a canary of my own words'
  refused(await ann.get(`budgets/${id}/plan`), 404, 'not-found')
  refused(await officer.put(`budgets/${id}/plan`, { plan: 'What we want' }), 403, 'forbidden')
  ok(await ann.put(`budgets/${id}/plan`, { plan: canary }))
  assert.equal(ok(await ann.get(`budgets/${id}/plan`)).plan, canary)
  assert.equal(ok(await broker.get(`budgets/${id}/plan`)).plan, canary)
  refused(await officer.get(`budgets/${id}/plan`), 404, 'not-found')
  refused(await cai.get(`budgets/${id}/plan`), 404, 'not-found')
  refused(await cai.get(`budgets/${id}`), 404, 'not-found')
  refused(await officer.post(`budgets/${id}/agreement`, { planToFunder: true }), 400, 'validation-failed')
  ok(await officer.post(`budgets/${id}/agreement`, {}))
  ok(await ann.post(`budgets/${id}/agreement`, { planToFunder: true }))
  assert.equal(ok(await officer.get(`budgets/${id}/plan`)).plan, canary)
  const owner = new pg.Client({ connectionString: fund.stage.ownerUrl })
  await owner.connect()
  const holding = await tablesHolding(async (text, values) => (await owner.query(text, values)).rows, canary)
  await owner.end()
  assert.deepEqual(holding, ['budgets.plans'])
})

test('who says no to a proposed budget is written down nowhere', async () => {
  const { officer } = fund
  const fay = await fund.member({ name: 'Fay' })
  const { id } = await fund.propose(officer, { memberId: fay.memberId })
  const seen = ok(await fay.post(`budgets/${id}/end`, {}))
  assert.equal(seen.status, 'ended')
  const { items } = ok(await fund.admin.get(`audit?subjectType=budget&subjectId=${id}`))
  const ended = items.find((x: { action: string }) => x.action === 'budget.ended')
  assert.deepEqual([ended.actorMembershipId, ended.source], [null, 'system'])
  assert.ok(!JSON.stringify(ok(await officer.get(`budgets/${id}`))).includes('declined'))
})

test('the list is filtered by funder, person and state, by page, and shows to each what is theirs', async () => {
  const { officer, admin, funder } = fund
  const gil = await fund.member({ name: 'Gil' })
  const ids = []
  for (let i = 0; i < 3; i += 1) ids.unshift((await fund.propose(officer, { memberId: gil.memberId })).id)
  const listed = async (by: Client, query: string) =>
    ok(await by.get(`budgets?${query}`)).items.map(({ id }: { id: string }) => id)
  assert.deepEqual(await listed(gil, ''), ids)
  assert.deepEqual(await listed(admin, `memberId=${gil.memberId}&status=proposed`), ids)
  assert.deepEqual(await listed(officer, `memberId=${gil.memberId}&funderOrganisationId=${funder.id}`), ids)
  assert.deepEqual(await listed(admin, `memberId=${gil.memberId}&status=active`), [])
  assert.deepEqual(await listed(cai, `memberId=${gil.memberId}`), [])
  const first = ok(await gil.get('budgets?limit=2'))
  const second = ok(await gil.get(`budgets?limit=2&cursor=${first.next}`))
  assert.deepEqual(
    [...first.items, ...second.items].map(({ id }: { id: string }) => id),
    ids
  )
  const own = ok(await officer.get(`budgets/${ids[0]}`))
  assert.deepEqual([own.memberName, own.accountId, own.holder.memberIds], [null, null, null])
  assert.equal(ok(await gil.get(`budgets/${ids[0]}`)).memberName, 'Gil')
})

test('the person says who holds it; while it is proposed, both sides agree anew', async () => {
  const { officer } = fund
  const { id } = await fund.propose(officer, { memberId: ann.memberId })
  ok(await ann.put(`budgets/${id}/plan`, { plan: 'Let Bev decide' }))
  const agreed = ok(await ann.post(`budgets/${id}/agreement`, {}))
  assert.ok(agreed.holderAgreedAt)
  const holder = { mode: 'nominated_person', memberId: bev.memberId }
  refused(await ann.put(`budgets/${id}/holder`, holder), 428, 'precondition-required')
  refused(await officer.put(`budgets/${id}/holder`, holder, { 'if-match': `"${agreed.rowVersion}"` }), 403, 'forbidden')
  const held = ok(await ann.put(`budgets/${id}/holder`, holder, { 'if-match': `"${agreed.rowVersion}"` }))
  assert.deepEqual([held.holder.memberIds, held.holderAgreedAt], [[bev.memberId], null])
  const { items } = ok(await bev.get('notices'))
  assert.ok(items.some((x: { kind: string; subjectId: string }) => x.kind === 'budget.held' && x.subjectId === id))
  refused(
    await officer.post('budgets', {
      ...{ funderOrganisationId: fund.funder.id, kind: 'person', memberId: ann.memberId, intendedMinutes: 60 },
      holder
    }),
    403,
    'forbidden'
  )
})

test('every fault of a proposal is named', async () => {
  const { broker, funder } = fund
  const faults = refused(
    await broker.post('budgets', {
      ...{ kind: 'activity', funderOrganisationId: funder.id, memberId: ann.memberId, intendedMinutes: 60 },
      ...{ holder: { mode: 'self' }, validFrom: '2026-02-01', validTo: '2026-01-01' }
    }),
    400,
    'validation-failed'
  )
  assert.deepEqual(faults.errors.map(({ pointer }: { pointer: string }) => pointer).sort(), [
    '/holder/mode',
    '/memberId',
    '/title',
    '/validTo'
  ])
  refused(
    await cai.post('budgets', {
      kind: 'agency',
      funderOrganisationId: funder.id,
      holder: { mode: 'agency_held' },
      intendedMinutes: 60
    }),
    403,
    'forbidden'
  )
})

test('when the person leaves, what was committed is let go and all goes back; erased, the plan is gone', async () => {
  const { admin, between, figures } = fund
  const hal = await addMember(fund.stage, admin, { name: 'Hal' })
  const id = await fund.funded(hal, 300)
  const { id: exchange } = ok(await hal.post('exchanges', between(bev, hal, { budgetId: id })), 201)
  ok(await bev.post(`exchanges/${exchange}/agreement`, {}))
  assert.equal((await figures(id)).committed, 60)
  ok(await admin.post(`members/${hal.memberId}/departure`, {}))
  assert.deepEqual(await figures(id), { allocated: 300, spent: 0, committed: 0, returned: 300, available: 0 })
  assert.equal(ok(await admin.get(`budgets/${id}`)).status, 'ended')
  ok(await admin.get(`budgets/${id}/plan`))
  ok(await admin.post(`members/${hal.memberId}/erasure`, {}))
  refused(await admin.get(`budgets/${id}/plan`), 404, 'not-found')
  await fund.sound()
})

test('of two ends, and of two first allocations at once, one is made', async () => {
  const { officer } = fund
  const { id } = await fund.propose(officer, { memberId: ann.memberId })
  ok(await ann.put(`budgets/${id}/plan`, { plan: 'Both at once' }))
  ok(await ann.post(`budgets/${id}/agreement`, {}))
  ok(await officer.post(`budgets/${id}/agreement`, {}))
  const both = await Promise.all([1, 2].map(() => officer.post(`budgets/${id}/allocations`, { minutes: 60 })))
  assert.deepEqual(
    both.map(({ status }) => status),
    [200, 200]
  )
  assert.equal((await fund.figures(id)).allocated, 120)
  const ends = await Promise.all([1, 2].map(() => officer.post(`budgets/${id}/end`, {})))
  assert.deepEqual(ends.map(({ status }) => status).sort(), [200, 409])
  assert.deepEqual(await fund.figures(id), { allocated: 120, spent: 0, committed: 0, returned: 120, available: 0 })
})

test('a budget pays for a session of several people, as one, and its reversal gives all of it back', async () => {
  const { broker, officer, category } = fund
  const { id } = await fund.propose(broker, {
    ...{ kind: 'activity', memberId: undefined, title: 'Lunch club' },
    holder: { mode: 'circle', memberIds: [ann.memberId, cai.memberId] }
  })
  ok(await ann.post(`budgets/${id}/agreement`, {}))
  ok(await officer.post(`budgets/${id}/agreement`, {}))
  ok(await officer.post(`budgets/${id}/allocations`, { minutes: 150 }))
  const session = (minutes: number, more: Record<string, unknown> = {}) => ({
    providers: [{ memberId: bev.memberId, minutes }],
    receivers: [{ memberId: ann.memberId }, { memberId: cai.memberId }],
    ...{ categoryId: category, performedOn: today, rule: 'budget_pays', budgetId: id, ...more }
  })
  refused(await broker.post('exchange-groups', session(60, { budgetId: undefined })), 400, 'validation-failed')
  refused(await broker.post('exchange-groups', session(60, { rule: 'split_equal' })), 400, 'validation-failed')
  const [mine, theirs] = [await fund.balanceOf(ann), await fund.balanceOf(bev)]
  const group = ok(await broker.post('exchange-groups', session(90)), 201)
  assert.deepEqual(await fund.figures(id), { allocated: 150, spent: 90, committed: 0, returned: 0, available: 60 })
  assert.deepEqual([await fund.balanceOf(ann), await fund.balanceOf(bev)], [mine, theirs + 90])
  const seen = ok(await ann.get(`exchange-groups/${group.id}`))
  assert.deepEqual(seen.legs, [], 'the movements of a budget are for its statement')
  refused(await broker.post('exchange-groups', session(75)), 422, 'budget-exhausted')
  // one of the providers reports it: a broker says yes for the budget
  const reported = ok(await bev.post('exchange-groups/reports', session(60)), 201)
  for (const client of [ann, cai]) ok(await client.post(`exchange-groups/${reported.id}/confirmation`, {}))
  assert.equal((await fund.figures(id)).spent, 90)
  ok(await broker.post(`exchange-groups/${reported.id}/confirmation`, {}))
  assert.equal((await fund.figures(id)).available, 0)
  ok(await broker.post(`exchange-groups/${group.id}/reversal`, { reason: 'Another day' }))
  assert.deepEqual(await fund.figures(id), { allocated: 150, spent: 60, committed: 0, returned: 0, available: 90 })
  const paid = ok(await broker.get(`exchanges?budgetId=${id}`)).items
  assert.equal(paid.length, 4)
  await fund.sound()
})

test('silence settles what was agreed from a budget, and nothing beyond it', async () => {
  const { between } = fund
  const id = await fund.funded(ann, 300)
  const agreedAndReported = async (minutes: number): Promise<string> => {
    const { id: exchange } = ok(await ann.post('exchanges', between(bev, ann, { budgetId: id })), 201)
    ok(await bev.post(`exchanges/${exchange}/agreement`, {}))
    ok(await bev.post(`exchanges/${exchange}/report`, { minutes, performedOn: today }))
    return exchange
  }
  const ids = [
    await agreedAndReported(60),
    await agreedAndReported(90),
    ok(await bev.post('exchanges/reports', between(bev, ann, { budgetId: id, performedOn: today })), 201).id
  ]
  const clock = () => new Date(Date.now() + 15 * 86_400_000)
  await exchangesTasks({ ...fund.stage.database, clock })['exchanges.auto_confirm']!({})
  const states = await Promise.all(ids.map(async (exchange) => ok(await ann.get(`exchanges/${exchange}`)).status))
  assert.deepEqual(states, ['settled', 'reported', 'reported'])
  assert.deepEqual(await fund.figures(id), { allocated: 300, spent: 60, committed: 60, returned: 0, available: 180 })
})

test('a session of an arrangement, and a line of an event sheet, are paid from a budget', async () => {
  const { broker, category } = fund
  const id = await fund.funded(ann, 180)
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)
  const sheet = ok(
    await broker.post('event-sheets', {
      common: { categoryId: category, performedOn: today },
      lines: [
        { provider: { memberId: bev.memberId }, receiver: { memberId: ann.memberId }, minutes: 60, budgetId: id },
        { provider: { memberId: bev.memberId }, receiver: { memberId: cai.memberId }, minutes: 60, budgetId: id }
      ]
    })
  )
  assert.deepEqual(
    sheet.lines.map((line: { status: string; problem?: { code: string } }) => line.problem?.code ?? line.status),
    ['recorded', 'budget-not-for-receiver']
  )
  assert.equal((await fund.figures(id)).spent, 60, 'for nobody else')
  const arrangement = ok(
    await ann.post('arrangements', {
      provider: { memberId: bev.memberId },
      receiver: { memberId: ann.memberId },
      categoryId: category,
      title: 'Walk',
      startsAt: `${tomorrow}T10:00`,
      minutes: 45
    }),
    201
  )
  ok(await bev.post(`arrangements/${arrangement.id}/agreement`, {}))
  await moveClock(fund.stage, `${tomorrow}T12:00:00Z`, ann, bev, fund.admin)
  const [session] = ok(await bev.get(`arrangements/${arrangement.id}/sessions`)).items
  const held = ok(await bev.post(`sessions/${session.id}/report`, { budgetId: id }))
  assert.equal((await fund.figures(id)).spent, 60, 'the word of who holds it is wanting')
  ok(await ann.post(`exchanges/${held.exchangeId}/confirmation`, {}))
  assert.deepEqual(await fund.figures(id), { allocated: 180, spent: 105, committed: 0, returned: 0, available: 75 })
})
