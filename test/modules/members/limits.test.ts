import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addMember, type Client, foundAnother, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'

let stage: Stage
let admin: Client
let broker: Client
let garden: string

before(async () => {
  stage = await makeStage('limits')
  admin = await setUp(stage)
  broker = await addMember(stage, admin, { name: 'Bron', roles: ['broker'] })
  garden = ok(await admin.get('categories/gardening')).id
})

after(() => stage.close())

const own = (floorHard: number | null, more: Record<string, unknown> = {}) => ({
  floorSoftMinutes: floorHard,
  floorHardMinutes: floorHard,
  ceilingSoftMinutes: 6000,
  ceilingHardMinutes: null,
  why: 'Agreed with the member',
  ...more
})

const limitsOf = async (account: number) => ok(await admin.get(`accounts/${account}/limits`))
const floorsOf = async ({ accountId }: { accountId: number }) => {
  const { floorSoftMinutes, floorHardMinutes, byHand } = await limitsOf(accountId)
  return [floorSoftMinutes, floorHardMinutes, byHand]
}

const put = async (by: Client, account: number, body: unknown, version?: number) =>
  by.put(`accounts/${account}/limits`, body, { 'if-match': `"${version ?? (await limitsOf(account)).version}"` })

const toPolicy = async (account: number) =>
  broker.post(
    `accounts/${account}/limits/policy`,
    { why: 'Like everybody again' },
    { 'if-match': `"${(await limitsOf(account)).version}"` }
  )

const changePolicy = async (rules: Record<string, unknown>) => {
  const { version } = ok(await admin.get('policy'))
  return admin.patch('policy', { rules, why: 'For one test' }, version)
}

const support = async (member: Client, supported: boolean) => {
  const { rowVersion } = ok(await admin.get(`members/${member.memberId}`))
  ok(await broker.patch(`members/${member.memberId}`, { supported }, rowVersion))
}

test('staff set limits by hand with a reason; every version tells who, when and why', async () => {
  const ann = await addMember(stage, admin)
  const first = await limitsOf(ann.accountId)
  assert.deepEqual([first.version, first.byHand, first.floorHardMinutes, first.kind], [1, false, -1200, 'member'])
  const answer = await put(broker, ann.accountId, own(-2400))
  assert.equal(answer.headers['etag'], '"2"')
  const set = ok(answer)
  assert.deepEqual([set.version, set.byHand, set.floorHardMinutes, set.changedBy], [2, true, -2400, broker.memberId])
  const { items, next } = ok(await broker.get(`accounts/${ann.accountId}/limits/versions?limit=1`))
  assert.equal(items[0].why, 'Agreed with the member')
  const rest = ok(await broker.get(`accounts/${ann.accountId}/limits/versions?limit=1&cursor=${next}`))
  assert.deepEqual(
    rest.items.map((v: { version: number; floorHardMinutes: number }) => [v.version, v.floorHardMinutes]),
    [[1, -1200]]
  )
  assert.equal(rest.next, null)
  const csv = await broker.get(`accounts/${ann.accountId}/limits/versions`, { accept: 'text/csv' })
  assert.match(csv.text, /^\ufeffversion,floorSoftMinutes/)
  assert.match(csv.text, /Agreed with the member/)
  // the limit is in force: the exchange that the policy would refuse goes through
  const between = {
    provider: { memberId: broker.memberId },
    receiver: { memberId: ann.memberId },
    categoryId: garden,
    minutes: 2000,
    performedOn: '2026-01-15'
  }
  ok(await admin.post('exchanges/records', between), 201)
  refused(await admin.post('exchanges/records', between), 422, 'below-floor')
  const audited = ok(await admin.get(`audit?subjectType=account&subjectId=${ann.accountId}`)).items[0]
  assert.deepEqual(
    [audited.action, audited.onBehalfOf, audited.reason],
    ['account.limits-changed', ann.memberId, 'Agreed with the member']
  )
  assert.deepEqual(audited.changes.limits[1].floorHard, -2400)
  assert.deepEqual(ok(await admin.get('verify')).problems, [])
})

test('a member sees their own limits and why they are so, not those of others, and sets none', async () => {
  const [ann, bev] = [await addMember(stage, admin), await addMember(stage, admin)]
  ok(await put(broker, ann.accountId, own(-900)))
  const seen = ok(await ann.get(`accounts/${ann.accountId}/limits`))
  assert.deepEqual([seen.floorHardMinutes, seen.byHand, seen.why], [-900, true, 'Agreed with the member'])
  assert.equal(ok(await ann.get(`accounts/${ann.accountId}/limits/versions`)).items.length, 2)
  refused(await bev.get(`accounts/${ann.accountId}/limits`), 404, 'not-found')
  refused(await bev.get(`accounts/${ann.accountId}/limits/versions`), 404, 'not-found')
  refused(await ann.put(`accounts/${ann.accountId}/limits`, own(-9000), { 'if-match': '"2"' }), 403, 'forbidden')
  const other = await foundAnother(stage, admin, 'limitstown')
  refused(await other.get(`accounts/${ann.accountId}/limits`), 404, 'not-found')
})

test('changes are made from the version that was read: without one, from an old one, and of two at once one is refused', async () => {
  const ann = await addMember(stage, admin)
  refused(await broker.put(`accounts/${ann.accountId}/limits`, own(-900)), 428, 'precondition-required')
  ok(await put(broker, ann.accountId, own(-900)))
  refused(await put(broker, ann.accountId, own(-800), 1), 412, 'precondition-failed')
  const answers = await Promise.all([1, 2, 3, 4].map((n) => put(broker, ann.accountId, own(-n), 2)))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412, 412, 412])
  assert.equal((await limitsOf(ann.accountId)).version, 3)
})

test('limits that contradict each other, or a change without a reason, are refused with every fault', async () => {
  const ann = await addMember(stage, admin)
  const wrong = { floorSoftMinutes: -900, floorHardMinutes: -800, ceilingSoftMinutes: 10, ceilingHardMinutes: -900 }
  const { errors } = refused(await put(broker, ann.accountId, own(0, wrong)), 400, 'validation-failed')
  assert.deepEqual(errors.map((e: { pointer: string }) => e.pointer).sort(), [
    '/ceilingSoftMinutes',
    '/floorHardMinutes',
    '/floorSoftMinutes'
  ])
  refused(await put(broker, ann.accountId, own(0, { why: undefined })), 400, 'validation-failed')
  refused(await put(broker, ann.accountId, own(0, { floorSoftMinutes: undefined })), 400, 'validation-failed')
  assert.equal((await limitsOf(ann.accountId)).version, 1)
})

test('nobody sets the limits of their own account, or of an organisation that they act for; those of the pot are an admin’s', async () => {
  refused(await put(broker, broker.accountId, own(-9000)), 403, 'forbidden')
  const body = ok(await admin.post('organisations', { name: 'Library', kind: 'council' }), 201)
  const { accountId } = ok(await admin.get(`organisations/${body.id}`))
  ok(await put(broker, accountId, own(-6000)))
  ok(
    await admin.post(`organisations/${body.id}/affiliations`, {
      memberId: broker.memberId,
      actsFor: true,
      professional: false,
      validFrom: '2026-01-01'
    }),
    201
  )
  refused(await put(broker, accountId, own(-9000)), 403, 'forbidden')
  ok(await put(admin, accountId, own(-9000)))
  refused(await put(broker, 1, own(-600)), 403, 'forbidden')
  ok(await put(admin, 1, own(-600)))
  assert.equal(
    ok(await admin.post('accounts/1/limits/policy', { why: 'As far as needed' }, { 'if-match': '"2"' }))
      .floorHardMinutes,
    null
  )
  refused(await put(admin, 2, own(-600)), 409, 'conflict')
})

test('an account with limits set by hand keeps them under a new policy, even where they equal the old one; one given back follows again', async () => {
  const [byHand, follower, back] = [
    await addMember(stage, admin),
    await addMember(stage, admin),
    await addMember(stage, admin)
  ]
  const same = own(-1200, { floorSoftMinutes: -600 })
  for (const { accountId } of [byHand, back]) ok(await put(broker, accountId, same))
  // a change of status does not make them limits by rule
  ok(await admin.post(`members/${byHand.memberId}/suspension`, { reason: 'For a while' }))
  ok(await admin.post(`members/${byHand.memberId}/reinstatement`, { reason: 'Cleared' }))
  ok(await toPolicy(back.accountId))
  ok(await changePolicy({ memberFloorHard: -1000 }))
  assert.deepEqual(await floorsOf(byHand), [-600, -1200, true])
  assert.deepEqual(await floorsOf(follower), [-600, -1000, false])
  assert.deepEqual(await floorsOf(back), [-600, -1000, false])
  assert.equal((await limitsOf(follower.accountId)).why, 'For one test')
  ok(await changePolicy({ memberFloorHard: -1200 }))
})

test('supported members have floors of their own by policy; becoming supported, or a new policy, moves who follows it', async () => {
  const [ann, bev, byHand] = [
    await addMember(stage, admin),
    await addMember(stage, admin),
    await addMember(stage, admin)
  ]
  await support(bev, true)
  assert.deepEqual(await floorsOf(bev), [-600, -1200, false], 'as for other members, where the policy says nothing')
  ok(await put(broker, byHand.accountId, own(-1500)))
  await support(byHand, true)
  ok(await changePolicy({ supportedFloorSoft: -1800, supportedFloorHard: -2400 }))
  assert.deepEqual(await floorsOf(ann), [-600, -1200, false])
  assert.deepEqual(await floorsOf(bev), [-1800, -2400, false])
  assert.deepEqual(await floorsOf(byHand), [-1500, -1500, true])
  await support(ann, true)
  assert.deepEqual(await floorsOf(ann), [-1800, -2400, false])
  assert.equal((await limitsOf(ann.accountId)).why, 'the member is supported')
  await support(bev, false)
  assert.deepEqual(await floorsOf(bev), [-600, -1200, false])
  // the ordinary floors become those of the supported: each still follows its own
  ok(await changePolicy({ memberFloorSoft: -1800, memberFloorHard: -2400 }))
  ok(await changePolicy({ supportedFloorSoft: -3000, supportedFloorHard: -3000 }))
  assert.deepEqual(await floorsOf(ann), [-3000, -3000, false])
  assert.deepEqual(await floorsOf(bev), [-1800, -2400, false])
  ok(await changePolicy({ memberFloorSoft: -600, memberFloorHard: -1200 }))
  ok(await toPolicy(byHand.accountId))
  assert.deepEqual(await floorsOf(byHand), [-3000, -3000, false])
  const fresh = await addMember(stage, admin, { profile: { supported: true } })
  assert.deepEqual(await floorsOf(fresh), [-3000, -3000, false])
  const contradictions: [Record<string, unknown>, string][] = [
    [{ supportedFloorSoft: -600, supportedFloorHard: -300 }, '/rules/supportedFloorHard'],
    [{ supportedFloorSoft: null, supportedFloorHard: -300 }, '/rules/supportedFloorHard'],
    [{ supportedFloorSoft: -1500, supportedFloorHard: null }, '/rules/supportedFloorSoft']
  ]
  for (const [rules, pointer] of contradictions)
    assert.equal(refused(await changePolicy(rules), 400, 'validation-failed').errors[0].pointer, pointer)
  ok(await changePolicy({ supportedFloorSoft: null, supportedFloorHard: null }))
  assert.deepEqual(ok(await admin.get('verify')).problems, [])
})

test('a new policy and a change by hand or of the flag at the same moment never leave an account with the limits of the wrong rule', async () => {
  for (let round = 1; round <= 12; round += 1) {
    const [ann, bev] = [
      await addMember(stage, admin, { login: false }),
      await addMember(stage, admin, { login: false })
    ]
    const floor = -2000 - round
    const [policy, set] = await Promise.all([
      changePolicy({ memberFloorHard: -1200 - round, supportedFloorSoft: floor, supportedFloorHard: floor }),
      put(broker, ann.accountId, own(-111), 1),
      support(bev, true)
    ])
    ok(policy)
    assert.deepEqual(await floorsOf(bev), [floor, floor, false])
    if (set.status === 200) assert.deepEqual(await floorsOf(ann), [-111, -111, true])
    else {
      assert.equal(set.status, 412)
      assert.deepEqual(await floorsOf(ann), [-600, -1200 - round, false])
    }
  }
  ok(await changePolicy({ memberFloorHard: -1200, supportedFloorSoft: null, supportedFloorHard: null }))
})

test('the limits of a closed account are not set', async () => {
  const gone = await addMember(stage, admin)
  ok(await admin.post(`members/${gone.memberId}/departure`, {}))
  refused(await put(broker, gone.accountId, own(-1)), 409, 'wrong-state')
})
