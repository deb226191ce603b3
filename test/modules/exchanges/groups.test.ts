import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { connect } from '../../../src/db/client.ts'
import { addMember, type Client, foundAnother, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'
import { seedOf } from '../ledger/support.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by the tests, which know their shape
type Json = any

const pot = 1
const performedOn = '2026-01-15'
let stage: Stage
let admin: Client
let broker: Client
let gwen: Client
let people: Client[]
let garden: string

before(async () => {
  stage = await makeStage('groups')
  admin = await setUp(stage)
  broker = await addMember(stage, admin, { name: 'Bron', roles: ['broker'] })
  gwen = await addMember(stage, admin, { name: 'Gwen' })
  people = []
  for (const name of ['Hal', 'Ida', 'Jon', 'Kay', 'Lin', 'Mei'])
    people.push(await addMember(stage, admin, { name, login: name === 'Hal' }))
  garden = ok(await admin.get('categories/gardening')).id
})

after(() => stage.close())

const side = ({ memberId }: Client) => ({ memberId })
const oneToMany = (receivers: Client[], minutes = 60, more: Record<string, unknown> = {}) => ({
  providers: [{ ...side(gwen), minutes }],
  receivers: receivers.map(side),
  categoryId: garden,
  performedOn,
  ...more
})
const manyToOne = (providers: [Client, number][], receiver: Client, more: Record<string, unknown> = {}) => ({
  providers: providers.map(([provider, minutes]) => ({ ...side(provider), minutes })),
  receivers: [side(receiver)],
  categoryId: garden,
  performedOn,
  ...more
})

const balance = async (account: number): Promise<number> => ok(await admin.get(`accounts/${account}`)).balanceMinutes
const balances = async () =>
  new Map(
    await Promise.all(
      [pot, gwen.accountId, ...people.map((p) => p.accountId)].map(async (id) => [id, await balance(id)] as const)
    )
  )
const moved = async (work: () => Promise<unknown>) => {
  const start = await balances()
  await work()
  const end = await balances()
  return Object.fromEntries([...end].map(([id, now]) => [id, now - start.get(id)!]).filter(([, d]) => d !== 0))
}
const sound = async () => assert.deepEqual(ok(await admin.get('verify')).problems, [])
const setFloor = async (account: number, floor: number | null) => {
  const { version } = ok(await admin.get(`accounts/${account}/limits`))
  ok(
    await admin.put(
      `accounts/${account}/limits`,
      {
        floorSoftMinutes: floor,
        floorHardMinutes: floor,
        ceilingSoftMinutes: null,
        ceilingHardMinutes: null,
        why: 'For one test'
      },
      { 'if-match': `"${version}"` }
    )
  )
}

async function behalfOf(groupId: string): Promise<(string | null)[]> {
  const owner = connect({ url: stage.ownerUrl, role: 'owner', max: 1 })
  try {
    const { rows } = await owner.pool.query(
      'SELECT on_behalf_of AS id FROM ledger.transfers WHERE group_id = $1 ORDER BY transfers.id',
      [groupId]
    )
    return rows.map(({ id }) => id)
  } finally {
    await owner.close()
  }
}

test('each pays, surplus to the pot: four receivers of one hour are debited 60 each, the provider has 60 and the pot 180', async () => {
  const four = people.slice(0, 4)
  let group: Json
  const change = await moved(async () => {
    group = ok(await broker.post('exchange-groups', oneToMany(four, 60, { rule: 'each_pays_surplus_to_pot' })), 201)
  })
  assert.deepEqual(change, {
    [pot]: 180,
    [gwen.accountId]: 60,
    ...Object.fromEntries(four.map(({ accountId }) => [accountId, -60]))
  })
  assert.deepEqual([group.serviceMinutes, group.creditMinutes, group.surplusMinutes], [60, 60, 180])
  assert.deepEqual(
    group.exchanges.map((x: Json) => [x.status, x.receiver.name, x.serviceMinutes, x.creditMinutes, x.groupId]),
    ['Hal', 'Ida', 'Jon', 'Kay'].map((name) => ['settled', name, 15, 15, group.id])
  )
  assert.deepEqual(
    group.legs.map((leg: Json) => [leg.kind, leg.debited.name, leg.credited.kind, leg.minutes]).slice(0, 2),
    [
      ['exchange', 'Hal', 'member', 15],
      ['surplus', 'Hal', 'community_pot', 45]
    ]
  )
  // each exchange is tied to what it moved, and all legs are one group in the ledger
  for (const x of group.exchanges) {
    const transfer = ok(await admin.get(`transfers/${x.transferId}`))
    assert.deepEqual([transfer.minutes, transfer.kind, transfer.groupId], [x.creditMinutes, 'exchange', group.id])
  }
  assert.deepEqual(
    await behalfOf(group.id),
    four.flatMap(({ memberId }) => [memberId, memberId]),
    'each receiver’s word moves their own hours'
  )
  const audited = ok(await admin.get(`audit?subjectType=exchange&limit=4`)).items
  assert.deepEqual(
    audited.map((e: Json) => [e.action, e.subjectId]).sort(),
    group.exchanges.map((x: Json) => ['exchange.recorded', x.id]).sort()
  )
  assert.deepEqual(ok(await admin.get(`exchange-groups/${group.id}`)), group)
  await sound()
})

test('split equally: odd minutes go to the first in the order given; the whole is rounded before it is shared', async () => {
  const three = people.slice(0, 3)
  const group = ok(await broker.post('exchange-groups', oneToMany(three, 100)), 201)
  assert.equal(group.rule, 'split_equal', 'that of the policy')
  assert.deepEqual(
    group.exchanges.map((x: Json) => [x.serviceMinutes, x.creditMinutes]),
    [
      [34, 35],
      [33, 35],
      [33, 35]
    ]
  )
  assert.equal(group.creditMinutes, 105, 'as one exchange of 100 minutes would be')
  await sound()
})

test('the pot pays: the receivers are recorded and not debited', async () => {
  const two = people.slice(0, 2)
  let group: Json
  const change = await moved(async () => {
    group = ok(await broker.post('exchange-groups', oneToMany(two, 60, { rule: 'pot_pays' })), 201)
  })
  assert.deepEqual(change, { [pot]: -60, [gwen.accountId]: 60 })
  assert.deepEqual(await behalfOf(group.id), [null, null])
  assert.deepEqual(
    group.exchanges.map((x: Json) => [x.serviceMinutes, x.creditMinutes]),
    [
      [30, 30],
      [30, 30]
    ]
  )
  await sound()
})

test('several for one: each has their own minutes, and the receiver pays for all', async () => {
  const [hal, ida, jon, kay] = people as [Client, Client, Client, Client]
  let group: Json
  const input = manyToOne(
    [
      [hal, 120],
      [ida, 120],
      [jon, 120]
    ],
    kay
  )
  const change = await moved(async () => {
    group = ok(await broker.post('exchange-groups', input), 201)
  })
  assert.deepEqual(change, {
    [hal.accountId]: 120,
    [ida.accountId]: 120,
    [jon.accountId]: 120,
    [kay.accountId]: -360
  })
  assert.deepEqual([group.shape, group.rule, group.serviceMinutes], ['many_to_one', null, 360])
  await sound()
})

test('many with many: the time of each provider is shared among those that they helped, and nobody helps themselves', async () => {
  const [hal, ida, jon] = people as [Client, Client, Client]
  const session = {
    providers: [
      { ...side(gwen), minutes: 60 },
      { ...side(hal), minutes: 90 }
    ],
    receivers: [hal, ida, jon].map(side),
    categoryId: garden,
    performedOn
  }
  let group: Json
  const change = await moved(async () => {
    group = ok(await broker.post('exchange-groups', session), 201)
  })
  assert.deepEqual(
    group.exchanges.map((x: Json) => [x.provider.name, x.receiver.name, x.serviceMinutes, x.contactMinutes]),
    [
      ['Gwen', 'Hal', 20, 60],
      ['Gwen', 'Ida', 20, 60],
      ['Gwen', 'Jon', 20, 60],
      ['Hal', 'Ida', 45, 90],
      ['Hal', 'Jon', 45, 90]
    ]
  )
  assert.deepEqual([group.shape, group.rule, group.serviceMinutes], ['many_to_many', 'split_equal', 150])
  assert.deepEqual(change, {
    [gwen.accountId]: 60,
    [hal.accountId]: 70,
    [ida.accountId]: -65,
    [jon.accountId]: -65
  })
  const back = await moved(async () => {
    ok(await broker.post(`exchange-groups/${group.id}/reversal`, { reason: 'It did not take place' }))
  })
  assert.equal(back[gwen.accountId], -60)
  const each = { ...session, rule: 'each_pays_surplus_to_pot' }
  const whole = await moved(async () => ok(await broker.post('exchange-groups', each), 201))
  assert.deepEqual(whole, {
    // of Gwen's hour three pay 60 each, of Hal's two pay 90 each
    [pot]: 2 * 60 + 90,
    [gwen.accountId]: 60,
    [hal.accountId]: 90 - 60,
    [ida.accountId]: -150,
    [jon.accountId]: -150
  })
  await sound()
})

test('who was there for a part only is charged by it, and contact minutes are kept apart from service and credits', async () => {
  const [hal, ida] = people as [Client, Client]
  const receivers = [side(hal), { ...side(ida), attendedMinutes: 20 }]
  const group = ok(await broker.post('exchange-groups', { ...oneToMany([], 60), receivers }), 201)
  assert.deepEqual(
    group.exchanges.map((x: Json) => [x.contactMinutes, x.serviceMinutes, x.creditMinutes]),
    [
      [60, 45, 45],
      [20, 15, 15]
    ]
  )
  const change = await moved(async () =>
    ok(
      await broker.post('exchange-groups', { ...oneToMany([], 60, { rule: 'each_pays_surplus_to_pot' }), receivers }),
      201
    )
  )
  assert.deepEqual(change, { [pot]: 15, [gwen.accountId]: 60, [hal.accountId]: -60, [ida.accountId]: -15 })
  await sound()
})

test('preparation counts and travel does not, as the policy says; both are on record, also for one with one', async () => {
  const [hal, ida] = people as [Client, Client]
  const providers = [{ ...side(gwen), minutes: 60, preparationMinutes: 30, travelMinutes: 20 }]
  let group: Json
  const change = await moved(async () => {
    group = ok(await broker.post('exchange-groups', { ...oneToMany([hal, ida]), providers }), 201)
  })
  assert.deepEqual(change, { [gwen.accountId]: 90, [hal.accountId]: -45, [ida.accountId]: -45 })
  assert.deepEqual(
    [group.serviceMinutes, group.creditMinutes, group.preparationCreditMinutes],
    [60, 60, 30],
    'hours of help are the service alone'
  )
  assert.deepEqual(
    group.legs.map((leg: Json) => [leg.kind, leg.minutes]),
    [
      ['exchange', 30],
      ['preparation', 15],
      ['exchange', 30],
      ['preparation', 15]
    ]
  )
  assert.deepEqual(
    group.exchanges.map((x: Json) => [x.preparationMinutes, x.travelMinutes]),
    [
      [15, 10],
      [15, 10]
    ]
  )
  const { version } = ok(await admin.get('policy'))
  const rules = { countPreparation: false, countTravel: true }
  ok(await admin.patch('policy', { rules, why: 'For one test' }, version))
  const one = { ...oneToMany([hal]), providers }
  const single = await moved(async () => {
    const { shape, rule, id } = ok(await broker.post('exchange-groups', one), 201)
    assert.deepEqual([shape, rule], ['one_to_one', null])
    const view = ok(await broker.get(`exchange-groups/${id}`))
    assert.deepEqual([view.exchanges[0].preparationMinutes, view.preparationCreditMinutes], [30, 15])
  })
  assert.deepEqual(single, { [gwen.accountId]: 75, [hal.accountId]: -75 })
  ok(
    await admin.patch(
      'policy',
      { rules: { countPreparation: true, countTravel: false }, why: 'As before' },
      version + 1
    )
  )
  const undone = await moved(async () => {
    ok(await broker.post(`exchange-groups/${group.id}/reversal`, { reason: 'Another day' }))
  })
  assert.deepEqual(undone, { [gwen.accountId]: -90, [hal.accountId]: 45, [ida.accountId]: 45 })
  await sound()
})

test('the rule is that of the policy where nothing else is said', async () => {
  const { version, explanations } = ok(await admin.get('policy'))
  assert.equal(explanations.groupRule.inForce, true)
  ok(await admin.patch('policy', { rules: { groupRule: 'pot_pays' }, why: 'For one test' }, version))
  assert.equal(ok(await broker.post('exchange-groups/preview', oneToMany(people.slice(0, 2)))).rule, 'pot_pays')
  ok(await admin.patch('policy', { rules: { groupRule: 'split_equal' }, why: 'As before' }, version + 1))
})

test('a preview shows every leg and saves nothing', async () => {
  const two = people.slice(0, 2)
  const everything = await snapshot()
  const preview = ok(await broker.post('exchange-groups/preview', oneToMany(two, 60)))
  assert.equal(preview.allowed, true)
  assert.deepEqual(
    preview.legs.map((leg: Json) => [leg.debited.name, leg.credited.name, leg.minutes, leg.refused]),
    [
      ['Hal', 'Gwen', 30, null],
      ['Ida', 'Gwen', 30, null]
    ]
  )
  for (const { account, changeMinutes, balanceBeforeMinutes, balanceAfterMinutes } of preview.accounts) {
    assert.equal(balanceBeforeMinutes, await balance(account))
    assert.equal(balanceAfterMinutes, balanceBeforeMinutes + changeMinutes)
  }
  assert.deepEqual(await snapshot(), everything)
})

test('a preview tells soft limits that would be crossed, and all legs that would be refused with their figures', async () => {
  const [hal, ida, jon] = people as [Client, Client, Client]
  await setFloor(hal.accountId, (await balance(hal.accountId)) - 10)
  await setFloor(jon.accountId, (await balance(jon.accountId)) - 20)
  const input = oneToMany([hal, ida, jon], 90)
  const preview = ok(await broker.post('exchange-groups/preview', input))
  assert.equal(preview.allowed, false)
  assert.deepEqual(
    preview.legs.map((leg: Json) => leg.refused?.code ?? null),
    ['below-floor', null, 'below-floor']
  )
  assert.equal(preview.legs[0].refused.account, hal.accountId)
  assert.equal(preview.legs[0].refused.limitMinutes, (await balance(hal.accountId)) - 10)
  const everything = await snapshot()
  const problem = refused(await broker.post('exchange-groups', input), 422, 'below-floor')
  assert.equal(problem.account, hal.accountId)
  assert.deepEqual(await snapshot(), everything, 'refused: every row is as it was')
  for (const { accountId } of [hal, jon]) await setFloor(accountId, null)
  const { version } = ok(await admin.get(`accounts/${ida.accountId}/limits`))
  const floorSoftMinutes = (await balance(ida.accountId)) - 10
  ok(
    await admin.put(
      `accounts/${ida.accountId}/limits`,
      {
        floorSoftMinutes,
        floorHardMinutes: null,
        ceilingSoftMinutes: null,
        ceilingHardMinutes: null,
        why: 'For one test'
      },
      { 'if-match': `"${version}"` }
    )
  )
  const soft = ok(await broker.post('exchange-groups/preview', input))
  assert.deepEqual(
    soft.legs.map((leg: Json) => leg.softLimitsCrossed),
    [[], ['debit_floor'], []]
  )
  assert.equal(soft.allowed, true)
  await setFloor(ida.accountId, null)
})

/** All rows that a group could touch, as they lie in the database. */
async function snapshot(): Promise<Json> {
  const owner = connect({ url: stage.ownerUrl, role: 'owner', max: 1 })
  try {
    const tables = [
      'ledger.accounts',
      'ledger.transfers',
      'ledger.limit_crossings',
      'exchanges.exchanges',
      'exchanges.groups',
      'audit.events',
      'listings.requests'
    ]
    const all: Record<string, unknown> = {}
    // xmin: also a row that was written again with the same content would show
    for (const table of tables)
      all[table] = (
        await owner.pool.query(`SELECT t::text AS row, t.xmin::text AS xmin FROM ${table} t ORDER BY 1`)
      ).rows
    return all
  } finally {
    await owner.close()
  }
}

test('what is previewed is what happens, whatever the rule, the people, the minutes and the limits; sums are kept', async () => {
  const scenario = fc.record({
    shape: fc.constantFrom('one_to_many', 'many_to_one', 'many_to_many'),
    who: fc.uniqueArray(fc.nat({ max: 5 }), { minLength: 2, maxLength: 6 }),
    minutes: fc.array(fc.integer({ min: 6, max: 400 }), { minLength: 6, maxLength: 6 }),
    rule: fc.constantFrom('split_equal', 'each_pays_surplus_to_pot', 'pot_pays'),
    floor: fc.option(fc.record({ of: fc.nat({ max: 5 }), room: fc.integer({ min: 0, max: 200 }) })),
    attended: fc.array(fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }), { minLength: 6, maxLength: 6 }),
    preparationMinutes: fc.integer({ min: 0, max: 60 }),
    travelMinutes: fc.integer({ min: 0, max: 60 })
  })
  let [went, stopped] = [0, 0]
  await fc.assert(
    fc.asyncProperty(scenario, async ({ shape, who, minutes, rule, floor, attended, ...beside }) => {
      for (const { accountId } of people) await setFloor(accountId, null)
      if (floor) {
        const { accountId } = people[floor.of]!
        await setFloor(accountId, (await balance(accountId)) - floor.room)
      }
      const chosen = who.map((i) => people[i]!)
      const here = chosen.map((person, i) => ({ ...side(person), attendedMinutes: attended[i] }))
      const two = chosen.slice(0, 2)
      // in the last one those who give are among those who are helped
      const input = {
        one_to_many: () => ({
          ...oneToMany([], minutes[0], { rule, receivers: here }),
          providers: [{ ...side(gwen), minutes: minutes[0], ...beside }]
        }),
        many_to_one: () =>
          manyToOne(
            chosen.map((provider, i) => [provider, minutes[i]!]),
            gwen
          ),
        many_to_many: () => ({
          ...manyToOne(
            two.map((provider, i) => [provider, minutes[i]!]),
            gwen
          ),
          receivers: here,
          rule
        })
      }[shape]!()
      const preview = ok(await broker.post('exchange-groups/preview', input))
      const start = await balances()
      const answer = await broker.post('exchange-groups', input)
      const end = await balances()
      if (!preview.allowed) {
        stopped += 1
        const first = preview.legs.find((leg: Json) => leg.refused)
        assert.equal(refused(answer, 422, first.refused.code).account, first.refused.account)
        assert.deepEqual(end, start)
        return
      }
      went += 1
      const group = ok(answer, 201)
      const sums = ['serviceMinutes', 'creditMinutes', 'preparationCreditMinutes', 'surplusMinutes']
      const fields = ['shape', 'rule', 'policyVersion', ...sums]
      assert.equal(group.shape, shape)
      for (const field of fields) assert.deepEqual(group[field], preview[field], field)
      const legs = group.legs.map(({ transferId: _id, reversedBy: _by, ...leg }: Json) => ({ ...leg, refused: null }))
      assert.deepEqual(legs, preview.legs)
      assert.deepEqual(
        group.exchanges.map((x: Json) => [x.provider, x.receiver, x.serviceMinutes, x.creditMinutes, x.recordOnly]),
        preview.exchanges.map((x: Json) => [x.provider, x.receiver, x.serviceMinutes, x.creditMinutes, x.recordOnly])
      )
      for (const { account, balanceAfterMinutes } of preview.accounts)
        assert.equal(end.get(account), balanceAfterMinutes)
      const total = (all: Map<number, number>) => [...all.values()].reduce((sum, minutes) => sum + minutes, 0)
      assert.equal(total(end), total(start))
      const givers = { one_to_many: 1, many_to_one: who.length, many_to_many: 2 }[shape]!
      assert.equal(
        group.serviceMinutes,
        minutes.slice(0, givers).reduce((sum, each) => sum + each, 0)
      )
    }),
    { seed: seedOf('groups'), numRuns: 40 }
  )
  assert.ok(went > 5 && stopped > 2, `${went} recorded, ${stopped} refused`)
  for (const { accountId } of people) await setFloor(accountId, null)
  await sound()
})

test('a group is recorded once under its key, and a slip once, whether for a group or for one exchange', async () => {
  const two = people.slice(0, 2)
  const key = { 'idempotency-key': crypto.randomUUID() }
  const first = ok(await broker.post('exchange-groups', oneToMany(two), key), 201)
  const again = await broker.post('exchange-groups', oneToMany(two), key)
  assert.equal(again.headers['idempotency-replayed'], 'true')
  assert.equal(ok(again, 201).id, first.id)
  refused(await broker.post('exchange-groups', oneToMany(two, 75), key), 422, 'idempotency-key-reused')
  assert.equal((await broker.call('POST', 'exchange-groups', oneToMany(two))).body.code, 'idempotency-key-required')
  const slip = { 'commonhours-source': 'paper_slip', 'commonhours-slip': 'G-17' }
  const slipped = ok(await broker.post('exchange-groups', oneToMany(two), slip), 201)
  assert.deepEqual(
    slipped.exchanges.map((x: Json) => [x.source, x.slipNumber]),
    [
      ['paper_slip', 'G-17'],
      ['paper_slip', 'G-17']
    ]
  )
  refused(await broker.post('exchange-groups', oneToMany(two), slip), 409, 'already-exists')
  const single = {
    provider: side(gwen),
    receiver: side(two[0]!),
    categoryId: garden,
    minutes: 30,
    performedOn
  }
  refused(await broker.post('exchanges/records', single, slip), 409, 'already-exists')
  await sound()
})

test('a group is taken back as a whole, with a reason, once; its exchanges are not reversed one by one', async () => {
  const four = people.slice(0, 4)
  let group: Json
  const change = await moved(async () => {
    group = ok(await broker.post('exchange-groups', oneToMany(four, 60, { rule: 'each_pays_surplus_to_pot' })), 201)
    const [x] = group.exchanges
    refused(await broker.post(`exchanges/${x.id}/reversal`, { reason: 'One only' }), 409, 'conflict')
    refused(await broker.post(`exchange-groups/${group.id}/reversal`, {}), 400, 'validation-failed')
    const answers = await Promise.all(
      [1, 2, 3].map(() => broker.post(`exchange-groups/${group.id}/reversal`, { reason: 'Another day' }))
    )
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409])
  })
  assert.deepEqual(change, {})
  const reversed = ok(await broker.get(`exchange-groups/${group.id}`))
  assert.deepEqual([reversed.status, reversed.reason], ['reversed', 'Another day'])
  assert.ok(reversed.legs.every((leg: Json) => leg.reversedBy !== null))
  assert.ok(
    reversed.exchanges.every((x: Json) => x.status === 'reversed' && x.reversalTransferId && x.reason === 'Another day')
  )
  await sound()
})

test('what a reversal brings to somebody who has left goes to the pot', async () => {
  const leaver = await addMember(stage, admin, { login: false })
  const group = ok(await broker.post('exchange-groups', oneToMany([leaver, people[0]!], 60)), 201)
  ok(await admin.post(`members/${leaver.memberId}/departure`, {}))
  const change = await moved(async () =>
    ok(await broker.post(`exchange-groups/${group.id}/reversal`, { reason: 'It did not take place' }))
  )
  assert.deepEqual(change, { [pot]: 30, [gwen.accountId]: -60, [people[0]!.accountId]: 30 })
  assert.equal(await balance(leaver.accountId), 0)
  await sound()
})

test('who is no broker, or one of these people, records no group and takes none back', async () => {
  const [hal, ida] = people as [Client, Client]
  for (const where of ['exchange-groups', 'exchange-groups/preview']) {
    const problem = refused(await gwen.post(where, oneToMany([hal, ida])), 403, 'forbidden')
    assert.match(problem.detail, /broker/)
    refused(await broker.post(where, oneToMany([hal, broker])), 403, 'own-confirmation')
    refused(
      await broker.post(
        where,
        manyToOne(
          [
            [hal, 30],
            [ida, 30]
          ],
          broker
        )
      ),
      403,
      'own-confirmation'
    )
  }
  const group = ok(await admin.post('exchange-groups', oneToMany([hal, broker])), 201)
  refused(await broker.post(`exchange-groups/${group.id}/reversal`, { reason: 'Not mine' }), 403, 'forbidden')
  refused(await gwen.post(`exchange-groups/${group.id}/reversal`, { reason: 'Not mine' }), 403, 'forbidden')
  refused(await people[4]!.get(`exchange-groups/${group.id}`), 401, 'unauthenticated')
  assert.equal(ok(await gwen.get(`exchange-groups/${group.id}`)).exchanges.length, 2, 'she gave time in both')
  assert.ok(
    ok(await gwen.get('exchanges')).items.some((x: Json) => x.groupId === group.id),
    'a side sees its exchanges'
  )
  const other = await foundAnother(stage, admin, 'groupstown')
  refused(await other.get(`exchange-groups/${group.id}`), 404, 'not-found')
  refused(await other.post(`exchange-groups/${group.id}/reversal`, { reason: 'Elsewhere' }), 404, 'not-found')
  const auditor = await addMember(stage, admin, { roles: ['auditor'] })
  const seen = ok(await auditor.get(`exchange-groups/${group.id}`))
  assert.deepEqual([seen.legs[0].debited.name, seen.exchanges[0].receiver.name], [null, null])
})

test('what cannot be a group is refused with every fault and its place', async () => {
  const [hal, ida, jon] = people as [Client, Client, Client]
  const pointers = async (body: unknown, status = 400, code = 'validation-failed') =>
    refused(await broker.post('exchange-groups', body), status, code).errors.map((e: Json) => e.pointer)
  assert.deepEqual(
    await pointers({
      ...oneToMany([hal, ida]),
      providers: [gwen, jon, gwen].map((p) => ({ ...side(p), minutes: 30 })),
      receivers: [side(hal), { ...side(ida), attendedMinutes: 31 }, side(hal)],
      offerId: crypto.randomUUID(),
      requestId: crypto.randomUUID()
    }),
    ['/offerId', '/requestId', '/providers/2', '/receivers/2', '/receivers/1/attendedMinutes']
  )
  const many = (count: number) => Array.from({ length: count }, () => ({ memberId: crypto.randomUUID() }))
  assert.deepEqual(
    await pointers({
      ...oneToMany([]),
      providers: many(15).map((p) => ({ ...p, minutes: 60 })),
      receivers: many(14)
    }),
    ['/receivers'],
    '210 exchanges'
  )
  assert.deepEqual(await pointers(oneToMany([hal])), ['/receivers'])
  assert.deepEqual(await pointers(oneToMany([hal, ida, hal])), ['/receivers/2'])
  const again = { ...hal, memberId: hal.memberId.toUpperCase() }
  assert.deepEqual(await pointers(oneToMany([hal, ida, again])), ['/receivers/2'])
  assert.deepEqual(await pointers(oneToMany([hal, ida, jon], 2)), ['/providers/0/minutes'])
  assert.deepEqual(
    await pointers(
      manyToOne(
        [
          [hal, 30],
          [ida, 30],
          [hal, 30]
        ],
        jon,
        { rule: 'pot_pays', offerId: crypto.randomUUID() }
      )
    ),
    ['/rule', '/offerId', '/providers/2']
  )
  const { pointer } = refused(
    await broker.post('exchange-groups', {
      ...oneToMany([hal, ida]),
      receivers: [side(hal), { capacity: 'citizen' }]
    }),
    400,
    'validation-failed'
  ).errors[0]
  assert.equal(pointer, '/receivers/1/memberId')
  refused(await broker.post('exchange-groups', oneToMany([hal, gwen])), 422, 'same-party')
  refused(
    await broker.post('exchange-groups', oneToMany([hal, ida], 60, { performedOn: '2099-01-01' })),
    422,
    'future-service-date'
  )
  const gone = await addMember(stage, admin, { login: false })
  ok(await admin.post(`members/${gone.memberId}/pause`, {}))
  assert.deepEqual(await pointers(oneToMany([hal, gone]), 422, 'party-not-active'), ['/receivers/1'])
})

test('several who help with one request fulfil it together', async () => {
  const [hal, ida, jon] = people as [Client, Client, Client]
  const request = ok(
    await hal.post('requests', {
      categoryId: garden,
      title: 'Hedge',
      mode: 'do',
      setting: 'outdoors',
      open: true,
      helpersNeeded: 2
    }),
    201
  )
  const input = manyToOne(
    [
      [ida, 30],
      [jon, 45]
    ],
    hal,
    { requestId: request.id }
  )
  const before = await snapshot()
  ok(await broker.post('exchange-groups/preview', input))
  assert.deepEqual(await snapshot(), before)
  ok(await broker.post('exchange-groups', input), 201)
  assert.equal(ok(await hal.get(`requests/${request.id}`)).status, 'fulfilled')
})

test('time that is recorded only stays so in a group: paid time by policy', async () => {
  const { version } = ok(await admin.get('policy'))
  ok(await admin.patch('policy', { rules: { professionalPaidTime: 'record_only' }, why: 'For one test' }, version))
  const school = ok(await admin.post('organisations', { name: 'School', kind: 'school' }), 201)
  ok(
    await admin.post(`organisations/${school.id}/affiliations`, {
      memberId: gwen.memberId,
      professional: true,
      actsFor: false,
      validFrom: '2026-01-01'
    }),
    201
  )
  let group: Json
  const change = await moved(async () => {
    group = ok(
      await broker.post('exchange-groups', {
        ...oneToMany(people.slice(0, 2)),
        providers: [{ capacity: 'professional', memberId: gwen.memberId, organisationId: school.id, minutes: 60 }]
      }),
      201
    )
  })
  assert.deepEqual(change, {})
  assert.deepEqual(
    group.exchanges.map((x: Json) => [x.recordOnly, x.serviceMinutes, x.creditMinutes, x.transferId]),
    [
      [true, 30, 0, null],
      [true, 30, 0, null]
    ]
  )
  assert.equal(ok(await broker.post(`exchange-groups/${group.id}/reversal`, { reason: 'Not held' })).status, 'reversed')
  ok(await admin.patch('policy', { rules: { professionalPaidTime: 'credit_employer' }, why: 'As before' }, version + 1))
})
