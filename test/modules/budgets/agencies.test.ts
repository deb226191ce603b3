import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { type Agency, makeAgency } from '../../support/agency.ts'
import { ok, refused } from '../../support/app.ts'
import { type Client, type Fund, makeFund, today } from './support.ts'

let fund: Fund
let board: Agency
let council: Agency
let ann: Client
let bev: Client

before(async () => {
  fund = await makeFund('budget-agencies')
  board = await makeAgency(fund.stage, fund.admin, { name: 'Health Board' })
  council = await makeAgency(fund.stage, fund.admin, { name: 'Other Council' })
  ann = await fund.member({ name: 'Ann' })
  bev = await fund.member({ name: 'Bev' })
})
after(() => fund?.stage.close())

const asked = (more: Record<string, unknown> = {}) => ({
  ...{ kind: 'person', memberNumber: ann.number, holder: { mode: 'self' }, intendedMinutes: 600 },
  ...more
})

const consent = async (organisationId: string) =>
  ok(
    await ann.post('members/me/consents', {
      organisationId,
      purpose: 'referral',
      scopes: ['contact'],
      wordingVersion: 1
    }),
    201
  )

test('an agency proposes, allocates and takes back, and sees the figures and nobody who gives', async () => {
  const { client, organisationId } = board
  refused(await client.post('budgets', asked()), 404, 'not-found')
  await consent(organisationId)
  const { id, memberName, holder } = ok(await client.post('budgets', asked()), 201)
  assert.deepEqual([memberName, holder.memberIds], [null, null])
  ok(await ann.put(`budgets/${id}/plan`, { plan: 'To sing again, a canary of Ann' }))
  refused(await client.put(`budgets/${id}/plan`, { plan: 'What we want' }), 403, 'forbidden')
  refused(await client.post(`budgets/${id}/agreement`, { side: 'holder' }), 403, 'forbidden')
  ok(await client.post(`budgets/${id}/agreement`, {}))
  assert.equal(ok(await ann.post(`budgets/${id}/agreement`, {})).status, 'agreed')
  ok(await client.post(`budgets/${id}/allocations`, { minutes: 600 }))
  const exchange = ok(
    await fund.broker.post(
      'exchanges/records',
      fund.between(bev, ann, { minutes: 90, budgetId: id, performedOn: today })
    ),
    201
  )
  ok(await client.post(`budgets/${id}/returns`, { minutes: 60 }))
  const seen = ok(await client.get(`budgets/${id}`))
  assert.deepEqual(seen.figures, { allocated: 600, spent: 90, committed: 0, returned: 60, available: 450 })
  refused(await client.get(`budgets/${id}/plan`), 404, 'not-found')
  const statement = ok(await client.get(`budgets/${id}/statement`))
  assert.equal(statement.items.length, 3)
  const all = JSON.stringify([seen, statement, ok(await client.get('budgets'))])
  for (const hidden of ['Bev', bev.memberId, exchange.id, 'canary', `"counterAccount":${bev.accountId}`])
    assert.ok(!all.includes(hidden), hidden)
  refused(await client.get(`exchanges/${exchange.id}`), 403, 'forbidden')
  refused(await client.post(`budgets/${id}/reconciliation`, { statementSeen: true }), 403, 'forbidden')
  // told so, it reads the plan
  ok(await ann.put(`budgets/${id}/plan`, { plan: 'To sing again', planToFunder: true }))
  assert.equal(ok(await client.get(`budgets/${id}/plan`)).plan, 'To sing again')
  ok(await ann.put(`budgets/${id}/plan`, { plan: 'To sing again', planToFunder: false }))
  refused(await client.get(`budgets/${id}/plan`), 404, 'not-found')
})

test('what an agency read of a budget for somebody is in that person’s log', async () => {
  const { items } = ok(await ann.get('members/me/disclosures'))
  const parts = new Set(
    items.flatMap((x: { subjectType: string; parts: string[] }) => (x.subjectType === 'budget' ? x.parts : []))
  )
  assert.deepEqual([...parts].sort(), ['budget', 'plan', 'statement'])
})

test('to another agency there is no such budget, and nobody funds from an account that is not theirs', async () => {
  const { items } = ok(await board.client.get('budgets'))
  assert.equal(items.length, 1)
  const { id } = items[0]
  const { client } = council
  assert.deepEqual(ok(await client.get('budgets')).items, [])
  for (const answer of [
    await client.get(`budgets/${id}`),
    await client.get(`budgets/${id}/statement`),
    await client.get(`budgets/${id}/plan`),
    await client.post(`budgets/${id}/allocations`, { minutes: 1 }),
    await client.post(`budgets/${id}/end`, {}),
    await client.post(
      'budgets',
      asked({
        kind: 'agency',
        memberNumber: undefined,
        holder: { mode: 'agency_held' },
        funderOrganisationId: board.organisationId
      })
    )
  ])
    refused(answer, 404, 'not-found')
  const reader = await makeAgency(fund.stage, fund.admin, { scopes: ['budgets.read'] })
  ok(await reader.client.get('budgets'))
  refused(await reader.client.post('budgets', asked()), 403, 'scope-missing')
})

test('a budget that the agency holds for itself needs its own word only, and pays for its own help', async () => {
  const { client, organisationId } = board
  const { id } = ok(
    await client.post('budgets', { kind: 'agency', holder: { mode: 'agency_held' }, intendedMinutes: 120 }),
    201
  )
  assert.equal(ok(await client.post(`budgets/${id}/agreement`, {})).status, 'agreed')
  ok(await client.post(`budgets/${id}/allocations`, { minutes: 120 }))
  const receiver = { capacity: 'organisation', organisationId }
  const { id: exchange } = ok(await bev.post('exchanges', { ...fund.between(bev, ann), receiver, budgetId: id }), 201)
  ok(await board.professional.post(`exchanges/${exchange}/agreement`, {}))
  assert.equal((await fund.figures(id)).committed, 60)
  // for somebody whom the agency helps so, a broker begins it
  refused(await ann.post('exchanges', fund.between(bev, ann, { budgetId: id })), 404, 'not-found')
  ok(
    await fund.broker.post(
      'exchanges/records',
      fund.between(bev, ann, { minutes: 30, budgetId: id, performedOn: today })
    ),
    201
  )
  assert.deepEqual(await fund.figures(id), { allocated: 120, spent: 30, committed: 60, returned: 0, available: 30 })
})

test('who supports somebody in their budgets plans, agrees and commits for them; who looks on reads', async () => {
  const sue = await fund.member({ name: 'Sue' })
  const vic = await fund.member({ name: 'Vic' })
  for (const [supporter, scope] of [
    [sue, 'budget'],
    [vic, 'view']
  ] as const) {
    const proposed = ok(
      await ann.post('members/me/supporters', { supporter: supporter.memberId, scopes: [scope] }),
      201
    )
    ok(await supporter.post(`supports/${proposed.id}/acceptance`, {}))
  }
  const { id } = await fund.propose(fund.broker, { memberId: ann.memberId })
  assert.ok(ok(await sue.get('budgets')).items.some((x: { id: string }) => x.id === id))
  assert.ok(ok(await vic.get('budgets')).items.some((x: { id: string }) => x.id === id))
  refused(await vic.put(`budgets/${id}/plan`, { plan: 'Not for me to say' }), 403, 'forbidden')
  ok(await sue.put(`budgets/${id}/plan`, { plan: 'As Ann has told me' }))
  assert.equal(ok(await vic.get(`budgets/${id}/plan`)).plan, 'As Ann has told me')
  refused(await vic.post(`budgets/${id}/agreement`, {}), 403, 'forbidden')
  ok(await sue.post(`budgets/${id}/agreement`, {}))
  ok(await fund.officer.post(`budgets/${id}/agreement`, {}))
  ok(await fund.officer.post(`budgets/${id}/allocations`, { minutes: 60 }))
  const { id: exchange } = ok(await bev.post('exchanges', fund.between(bev, ann)), 201)
  refused(await vic.post(`exchanges/${exchange}/budget`, { budgetId: id }), 404, 'not-found')
  ok(await sue.post(`exchanges/${exchange}/budget`, { budgetId: id }))
  ok(await ann.post(`exchanges/${exchange}/agreement`, {}))
  assert.equal((await fund.figures(id)).committed, 60)
})

test('a service request names a budget of the agency that asks, and no other', async () => {
  const { client } = board
  const { id } = ok(
    await client.post('budgets', { kind: 'agency', holder: { mode: 'agency_held' }, intendedMinutes: 60 }),
    201
  )
  const request = {
    ...{ kind: 'own_need', categoryId: fund.category, title: 'Six readers for the library', priority: 'routine' },
    budgetId: id
  }
  const foreign = refused(await council.client.post('service-requests', request), 400, 'validation-failed')
  assert.deepEqual(
    foreign.errors.map(({ pointer }: { pointer: string }) => pointer),
    ['/budgetId']
  )
  ok(await client.post('service-requests', request), 201)
})

test('each change of a budget is an event for its funder, with ids only, and for nobody else', async () => {
  const owner = new pg.Client({ connectionString: fund.stage.ownerUrl })
  await owner.connect()
  for (const { organisationId } of [board, council])
    await owner.query(
      `INSERT INTO webhooks.endpoints (timebank_id, id, organisation_id, url, state, secret, disabled_at, disabled_by)
       SELECT timebank_id, gen_random_uuid(), id, 'https://' || id || '.example.org/', 'disabled', '\\x00', now(), 'agency'
         FROM members.organisations WHERE id = $1`,
      [organisationId]
    )
  const { client } = board
  const { id } = ok(
    await client.post('budgets', { kind: 'agency', holder: { mode: 'agency_held' }, intendedMinutes: 60 }),
    201
  )
  ok(await client.post(`budgets/${id}/agreement`, {}))
  ok(await client.post(`budgets/${id}/allocations`, { minutes: 60 }))
  ok(await client.post(`budgets/${id}/returns`, { minutes: 15 }))
  ok(await client.post(`budgets/${id}/end`, {}))
  ok(await fund.broker.post(`budgets/${id}/reconciliation`, { statementSeen: true }))
  const { rows } = await owner.query(
    "SELECT organisation_id, subject_id FROM webhooks.events WHERE type = 'budget.changed'"
  )
  await owner.end()
  assert.deepEqual(
    rows,
    Array.from({ length: 6 }, () => ({ organisation_id: board.organisationId, subject_id: id }))
  )
})

test('an agency does not learn by naming members as holders whether they are there', async () => {
  const member = await fund.member({ name: 'Cei' })
  const nominating = (memberId: string) =>
    board.client.post('budgets', {
      ...asked(),
      holder: { mode: 'nominated_person', memberId }
    })
  await consent(board.organisationId)
  refused(await nominating(member.memberId), 403, 'forbidden')
  ok(await fund.broker.post(`members/${member.memberId}/suspension`, { reason: 'as discussed' }))
  refused(await nominating(member.memberId), 403, 'forbidden')
  refused(await nominating('019aa0c0-0000-7000-8000-000000000042'), 403, 'forbidden')
})

test('a supporter who is suspended reads neither budgets nor plans, and a funder no plan of a budget that has ended', async () => {
  const supporter = await fund.member({ name: 'Sue' })
  const support = ok(
    await ann.post(`members/${ann.memberId}/supporters`, { supporter: supporter.memberId, scopes: ['view', 'budget'] }),
    201
  )
  ok(await supporter.post(`supports/${support.id}/acceptance`))
  await consent(board.organisationId)
  const { id } = ok(await board.client.post('budgets', asked()), 201)
  ok(await ann.put(`budgets/${id}/plan`, { plan: 'To sing', planToFunder: true }))
  ok(await supporter.get(`budgets/${id}/plan`))
  ok(await board.client.get(`budgets/${id}/plan`))
  ok(await fund.broker.post(`members/${supporter.memberId}/suspension`, { reason: 'as discussed' }))
  refused(await supporter.get(`budgets/${id}/plan`), 404, 'not-found')
  refused(await supporter.get(`budgets/${id}`), 404, 'not-found')
  assert.deepEqual(ok(await supporter.get('budgets')).items, [])
  ok(await ann.post(`budgets/${id}/end`))
  refused(await board.client.get(`budgets/${id}/plan`), 404, 'not-found')
  ok(await ann.get(`budgets/${id}/plan`))
})
