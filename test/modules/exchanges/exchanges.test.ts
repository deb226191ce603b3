import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { exchangesTasks } from '../../../src/modules/exchanges/index.ts'
import { addMember, type Client, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'

let stage: Stage
let admin: Client
let broker: Client
let ann: Client
let bev: Client
let cai: Client
let garden: string

before(async () => {
  stage = await makeStage('exchanges')
  admin = await setUp(stage)
  broker = await addMember(stage, admin, { name: 'Bron the broker', roles: ['broker'] })
  ann = await addMember(stage, admin, { name: 'Ann' })
  bev = await addMember(stage, admin, { name: 'Bev' })
  cai = await addMember(stage, admin, { name: 'Cai' })
  garden = (await admin.get('categories/gardening')).body.id
  // what Bev has earned lasts for all the help that she receives here
  for (const helped of [await addMember(stage, admin), await addMember(stage, admin), await addMember(stage, admin)])
    ok(await broker.post('exchanges/records', between(bev, helped, { performedOn, minutes: 1200 })), 201)
})

after(() => stage.close())

const between = (provider: Client, receiver: Client, more: Record<string, unknown> = {}) => ({
  provider: { memberId: provider.memberId },
  receiver: { memberId: receiver.memberId },
  categoryId: garden,
  minutes: 60,
  ...more
})

const performedOn = '2026-01-15'

const balanceOf = async (client: Client): Promise<number> => {
  const { balanceMinutes } = ok(await admin.get(`accounts/${client.accountId}`))
  assert.ok(Number.isInteger(balanceMinutes))
  return balanceMinutes
}

const change = async (rules: Record<string, unknown>) => {
  const { version } = ok(await admin.get('policy'))
  ok(await admin.patch('policy', { rules, why: 'For one test' }, version))
}

const sound = async () => {
  assert.deepEqual(ok(await admin.get('verify')).problems, [])
}

async function reported(minutes = 60): Promise<string> {
  const { id } = ok(await ann.post('exchanges', between(ann, bev)), 201)
  ok(await bev.post(`exchanges/${id}/agreement`, {}))
  ok(await ann.post(`exchanges/${id}/report`, { minutes, performedOn }))
  return id
}

test('two sides: proposed, agreed, reported, settled; the receiver is debited and the provider credited', async () => {
  const [annBefore, bevBefore] = [await balanceOf(ann), await balanceOf(bev)]
  const proposed = ok(await ann.post('exchanges', between(ann, bev)), 201)
  assert.equal(proposed.status, 'proposed')
  assert.equal(proposed.proposedBy, 'provider')
  assert.equal(proposed.provider.name, 'Ann')
  const at = `exchanges/${proposed.id}`
  assert.equal(ok(await bev.post(`${at}/agreement`, { minutes: 60 })).status, 'agreed')
  const report = ok(await ann.post(`${at}/report`, { minutes: 70, performedOn }))
  assert.equal(report.status, 'reported')
  assert.equal(await balanceOf(ann), annBefore)
  const settled = ok(await bev.post(`${at}/confirmation`))
  assert.equal(settled.status, 'settled')
  assert.equal(settled.serviceMinutes, 70)
  assert.equal(settled.creditMinutes, 75, 'rounded to the nearest quarter of an hour')
  assert.equal(settled.performedOn, performedOn)
  assert.ok(settled.settledAt)
  assert.equal(await balanceOf(ann), annBefore + 75)
  assert.equal(await balanceOf(bev), bevBefore - 75)
  const line = ok(await ann.get(`accounts/${ann.accountId}/statement`)).items[0]
  assert.equal(line.performedOn, performedOn)
  assert.equal(line.minutes, 75)
  await sound()
})

test('the other side declines without a reason; afterwards nothing more can be done', async () => {
  const { id } = ok(await ann.post('exchanges', between(ann, bev)), 201)
  assert.equal(ok(await bev.post(`exchanges/${id}/decline`)).status, 'declined')
  for (const step of ['agreement', 'decline', 'cancellation', 'confirmation'])
    refused(await bev.post(`exchanges/${id}/${step}`, {}), 409, 'wrong-state')
  refused(await ann.post(`exchanges/${id}/report`, { minutes: 60, performedOn }), 409, 'wrong-state')
  refused(await broker.post(`exchanges/${id}/reversal`, { reason: 'no reason' }), 409, 'wrong-state')
})

test('either side calls it off before it is reported, not after', async () => {
  const { id } = ok(await ann.post('exchanges', between(ann, bev)), 201)
  ok(await bev.post(`exchanges/${id}/agreement`, {}))
  assert.equal(ok(await bev.post(`exchanges/${id}/cancellation`, { reason: 'It rains' })).status, 'cancelled')
  refused(await ann.post(`exchanges/${await reported()}/cancellation`, {}), 409, 'wrong-state')
})

test('who proposes cannot agree, and who reports cannot confirm, for the other side (R2)', async () => {
  const { id } = ok(await ann.post('exchanges', between(ann, bev)), 201)
  refused(await ann.post(`exchanges/${id}/agreement`, {}), 403, 'own-confirmation')
  refused(await ann.post(`exchanges/${await reported()}/confirmation`), 403, 'own-confirmation')
})

test('a broker who reported cannot confirm either; another can', async () => {
  const { id } = ok(await ann.post('exchanges', between(ann, bev)), 201)
  ok(await bev.post(`exchanges/${id}/agreement`, {}))
  ok(await broker.post(`exchanges/${id}/report`, { minutes: 60, performedOn }))
  refused(await broker.post(`exchanges/${id}/confirmation`), 403, 'own-confirmation')
  assert.equal(ok(await admin.post(`exchanges/${id}/confirmation`)).status, 'settled')
})

test('somebody who is no side sees nothing of it and can do nothing', async () => {
  const { id } = ok(await ann.post('exchanges', between(ann, bev)), 201)
  refused(await cai.get(`exchanges/${id}`), 404, 'not-found')
  refused(await cai.post(`exchanges/${id}/agreement`, {}), 404, 'not-found')
  refused(await cai.post('exchanges', between(ann, bev)), 403, 'forbidden')
  assert.ok(!ok(await cai.get('exchanges')).items.some((x: { id: string }) => x.id === id))
  assert.ok(ok(await bev.get('exchanges')).items.some((x: { id: string }) => x.id === id))
})

test('provider and receiver are different (R1)', async () => {
  refused(await ann.post('exchanges', between(ann, ann)), 422, 'same-party')
})

test('a service date in the future cannot be reported (R3), in the time zone of the timebank', async () => {
  const { id } = ok(await ann.post('exchanges', between(ann, bev)), 201)
  ok(await bev.post(`exchanges/${id}/agreement`, {}))
  refused(
    await ann.post(`exchanges/${id}/report`, { minutes: 60, performedOn: '2099-01-01' }),
    422,
    'future-service-date'
  )
  refused(
    await ann.post('exchanges/reports', between(ann, bev, { performedOn: '2099-01-01' })),
    422,
    'future-service-date'
  )
})

test('agreeing to other minutes than those proposed is refused', async () => {
  const { id } = ok(await ann.post('exchanges', between(ann, bev)), 201)
  refused(await bev.post(`exchanges/${id}/agreement`, { minutes: 90 }), 409, 'stale-quote')
})

test('an exchange needs no offer or request, but a category that is in use (R9)', async () => {
  assert.equal((await ann.post('exchanges', between(ann, bev, { categoryId: undefined }))).status, 400)
  refused(await ann.post('exchanges', between(ann, bev, { categoryId: crypto.randomUUID() })), 404, 'not-found')
  const closed = ok(await admin.post('categories', { name: 'Old', slug: 'old' }), 201)
  ok(await admin.post(`categories/${closed.id}/closure`, {}))
  refused(await ann.post('exchanges', between(ann, bev, { categoryId: closed.id })), 422, 'category-closed')
})

test('an offer is its provider’s and a request its receiver’s; a request is fulfilled by as many exchanges as it asked for helpers', async () => {
  const listing = { categoryId: garden, title: 'Hedge', mode: 'do', setting: 'outdoors' }
  const offer = ok(await ann.post('offers', { ...listing, open: true }), 201)
  const request = ok(await bev.post('requests', { ...listing, open: true, helpersNeeded: 2 }), 201)
  for (const [x, kind] of [
    [offer, 'offers'],
    [request, 'requests']
  ] as const)
    if (x.status === 'draft') ok(await (kind === 'offers' ? ann : bev).post(`${kind}/${x.id}/opening`, {}))
  refused(await cai.post('exchanges', between(cai, bev, { offerId: offer.id })), 409, 'conflict')
  refused(await ann.post('exchanges', between(ann, cai, { requestId: request.id })), 409, 'conflict')
  const state = async () => ok(await bev.get(`requests/${request.id}`)).status
  const help = async (helper: Client) => {
    const { id } = ok(await helper.post('exchanges', between(helper, bev, { requestId: request.id })), 201)
    ok(await bev.post(`exchanges/${id}/agreement`, {}))
    ok(await helper.post(`exchanges/${id}/report`, { minutes: 30, performedOn }))
    ok(await bev.post(`exchanges/${id}/confirmation`))
  }
  await help(ann)
  assert.equal(await state(), 'in_progress')
  await help(cai)
  assert.equal(await state(), 'fulfilled')
})

test('one side reports what was not proposed here; the other confirms', async () => {
  const before = await balanceOf(ann)
  const report = ok(await ann.post('exchanges/reports', between(ann, bev, { performedOn })), 201)
  assert.equal(report.status, 'reported')
  refused(await ann.post(`exchanges/${report.id}/confirmation`), 403, 'own-confirmation')
  assert.equal(ok(await bev.post(`exchanges/${report.id}/confirmation`)).status, 'settled')
  assert.equal(await balanceOf(ann), before + 60)
})

test('the policy says who may report and who confirms; an exchange keeps the version that it was made under', async () => {
  const old = ok(await ann.post('exchanges', between(ann, bev)), 201)
  ok(await bev.post(`exchanges/${old.id}/agreement`, {}))
  await change({ whoMayRecord: ['receiver'], whoConfirms: 'receiver' })
  try {
    refused(await ann.post('exchanges/reports', between(ann, bev, { performedOn })), 403, 'recording-not-allowed')
    refused(await broker.post('exchanges/records', between(ann, bev, { performedOn })), 403, 'recording-not-allowed')
    const bySettled = ok(await bev.post('exchanges/reports', between(ann, bev, { performedOn })), 201)
    assert.equal(bySettled.status, 'settled', 'the receiver reported, and the receiver is who confirms')
    assert.equal(ok(await ann.post(`exchanges/${old.id}/report`, { minutes: 60, performedOn })).status, 'reported')
    assert.equal(old.policyVersion + 1, bySettled.policyVersion)
  } finally {
    await change({ whoMayRecord: ['provider', 'receiver', 'broker'], whoConfirms: 'other_side' })
  }
})

test('where nobody confirms, a report settles at once only if the receiver has agreed', async () => {
  await change({ whoConfirms: 'nobody' })
  try {
    assert.equal(ok(await ann.post('exchanges/reports', between(ann, bev, { performedOn })), 201).status, 'reported')
    const { id } = ok(await ann.post('exchanges', between(ann, bev)), 201)
    ok(await bev.post(`exchanges/${id}/agreement`, {}))
    assert.equal(ok(await ann.post(`exchanges/${id}/report`, { minutes: 60, performedOn })).status, 'settled')
  } finally {
    await change({ whoConfirms: 'other_side' })
  }
})

test('a broker records at once for both, with source and slip number, which counts once', async () => {
  const before = await balanceOf(ann)
  const slip = { 'commonhours-source': 'paper_slip', 'commonhours-slip': 'A-0017' }
  const recorded = ok(await broker.post('exchanges/records', between(ann, bev, { performedOn }), slip), 201)
  assert.equal(recorded.status, 'settled')
  assert.equal(recorded.source, 'paper_slip')
  assert.equal(recorded.slipNumber, 'A-0017')
  assert.equal(await balanceOf(ann), before + 60)
  refused(await broker.post('exchanges/records', between(ann, bev, { performedOn }), slip), 409, 'already-exists')
  assert.equal(await balanceOf(ann), before + 60)
  const [event] = ok(await admin.get(`audit?subjectType=exchange&subjectId=${recorded.id}`)).items
  assert.equal(event.actorMembershipId, broker.memberId)
  assert.equal(event.onBehalfOf, bev.memberId)
  assert.equal(event.slipNumber, 'A-0017')
  refused(await ann.post('exchanges/records', between(ann, bev, { performedOn })), 403, 'forbidden')
})

test('a broker cannot record, approve or reverse an exchange of their own', async () => {
  refused(await broker.post('exchanges/records', between(broker, bev, { performedOn })), 403, 'own-confirmation')
  const { id } = ok(await admin.post('exchanges/records', between(broker, bev, { performedOn })), 201)
  refused(await broker.post(`exchanges/${id}/reversal`, { reason: 'My own' }), 403, 'forbidden')
})

test('a reversal is the opposite transfer, once, with a reason; it may pass limits', async () => {
  const [annBefore, bevBefore] = [await balanceOf(ann), await balanceOf(bev)]
  const { id, transferId } = ok(await broker.post('exchanges/records', between(ann, bev, { performedOn })), 201)
  assert.equal((await broker.post(`exchanges/${id}/reversal`, {})).status, 400)
  const reversed = ok(await broker.post(`exchanges/${id}/reversal`, { reason: 'Entered twice' }))
  assert.equal(reversed.status, 'reversed')
  assert.equal(reversed.reason, 'Entered twice')
  assert.deepEqual([await balanceOf(ann), await balanceOf(bev)], [annBefore, bevBefore])
  const transfer = ok(await admin.get(`transfers/${reversed.reversalTransferId}`))
  assert.equal(transfer.ref, transferId)
  refused(await broker.post(`exchanges/${id}/reversal`, { reason: 'Again' }), 409, 'wrong-state')
  await sound()
})

test('the other side disputes a report; a broker reverses it or it is confirmed after all', async () => {
  const id = await reported()
  refused(await ann.post(`exchanges/${id}/dispute`, { reason: 'No' }), 400, 'validation-failed')
  refused(await ann.post(`exchanges/${id}/dispute`, { reason: 'It was longer' }), 403, 'own-confirmation')
  assert.equal(ok(await bev.post(`exchanges/${id}/dispute`, { reason: 'It was shorter' })).status, 'disputed')
  const before = await balanceOf(ann)
  assert.equal(
    ok(await broker.post(`exchanges/${id}/reversal`, { reason: 'They agreed to start anew' })).status,
    'reversed'
  )
  assert.equal(await balanceOf(ann), before)
})

test('a hard floor refuses with the figures, and nothing of the step remains', async () => {
  const dai = await addMember(stage, admin)
  const { id } = ok(await ann.post('exchanges', between(ann, dai, { minutes: 1500 })), 201)
  ok(await dai.post(`exchanges/${id}/agreement`, {}))
  ok(await ann.post(`exchanges/${id}/report`, { minutes: 1500, performedOn }))
  const answer = await dai.post(`exchanges/${id}/confirmation`)
  refused(answer, 422, 'below-floor')
  assert.equal(answer.body.floor, -1200)
  assert.equal(ok(await dai.get(`exchanges/${id}`)).status, 'reported')
  assert.equal(await balanceOf(dai), 0)
})

test('the provider who confirms does not learn the receiver’s balance from a refusal', async () => {
  const dai = await addMember(stage, admin)
  const { id } = ok(await dai.post('exchanges/reports', between(ann, dai, { minutes: 1500, performedOn })), 201)
  const answer = await ann.post(`exchanges/${id}/confirmation`)
  refused(answer, 422, 'below-floor')
  for (const figure of ['balance', 'floor', 'held', 'account']) assert.ok(!(figure in answer.body), figure)
})

test('medium and high risk wait for a broker', async () => {
  const risky = ok(await admin.post('categories', { name: 'Roofs', slug: 'roofs', risk: 'high' }), 201)
  const { id } = ok(await ann.post('exchanges', between(ann, bev, { categoryId: risky.id })), 201)
  assert.equal(ok(await bev.post(`exchanges/${id}/agreement`, {})).status, 'awaiting_risk')
  refused(await ann.post(`exchanges/${id}/report`, { minutes: 60, performedOn }), 409, 'wrong-state')
  refused(await ann.post(`exchanges/${id}/approval`), 403, 'forbidden')
  assert.equal(ok(await broker.post(`exchanges/${id}/approval`)).status, 'ready')
  assert.equal(ok(await ann.post(`exchanges/${id}/report`, { minutes: 60, performedOn })).status, 'reported')
})

test('where the policy holds at agreement, the minutes are set aside until settlement or cancellation', async () => {
  await change({ holdAtAgreement: true })
  try {
    const held = async () => ok(await admin.get(`accounts/${bev.accountId}`)).heldOutMinutes
    const first = ok(await ann.post('exchanges', between(ann, bev)), 201)
    ok(await bev.post(`exchanges/${first.id}/agreement`, {}))
    assert.equal(await held(), 60)
    ok(await bev.post(`exchanges/${first.id}/cancellation`, {}))
    assert.equal(await held(), 0)
    const second = ok(await ann.post('exchanges', between(ann, bev)), 201)
    ok(await bev.post(`exchanges/${second.id}/agreement`, {}))
    ok(await ann.post(`exchanges/${second.id}/report`, { minutes: 90, performedOn }))
    ok(await bev.post(`exchanges/${second.id}/confirmation`))
    assert.equal(await held(), 0)
    await sound()
  } finally {
    await change({ holdAtAgreement: false })
  }
})

test('a disputed exchange that is reversed gives back what was held', async () => {
  await change({ holdAtAgreement: true })
  try {
    const id = await reported()
    ok(await bev.post(`exchanges/${id}/dispute`, { reason: 'It was shorter' }))
    ok(await broker.post(`exchanges/${id}/reversal`, { reason: 'Agreed with both' }))
    assert.equal(ok(await admin.get(`accounts/${bev.accountId}`)).heldOutMinutes, 0)
  } finally {
    await change({ holdAtAgreement: false })
  }
})

test('what was held before somebody is suspended can still be settled', async () => {
  const dai = await addMember(stage, admin)
  await change({ holdAtAgreement: true })
  try {
    const { id } = ok(await ann.post('exchanges', between(ann, dai)), 201)
    ok(await dai.post(`exchanges/${id}/agreement`, {}))
    ok(await ann.post(`exchanges/${id}/report`, { minutes: 45, performedOn }))
    ok(await admin.post(`members/${dai.memberId}/suspension`, { reason: 'For the test' }))
    assert.equal(ok(await broker.post(`exchanges/${id}/confirmation`)).creditMinutes, 45)
    const account = ok(await admin.get(`accounts/${dai.accountId}`))
    assert.deepEqual([account.balanceMinutes, account.heldOutMinutes], [-45, 0])
  } finally {
    await change({ holdAtAgreement: false })
  }
})

test('nobody confirming, a report of more than was agreed still waits for who is debited', async () => {
  await change({ whoConfirms: 'nobody' })
  try {
    const { id } = ok(await ann.post('exchanges', between(ann, bev)), 201)
    ok(await bev.post(`exchanges/${id}/agreement`, {}))
    assert.equal(ok(await ann.post(`exchanges/${id}/report`, { minutes: 720, performedOn })).status, 'reported')
  } finally {
    await change({ whoConfirms: 'other_side' })
  }
})

test('a report of high risk that no broker has approved is confirmed by a broker, not by the other side', async () => {
  const risky = ok(await admin.post('categories', { name: 'Ladders', slug: 'ladders', risk: 'high' }), 201)
  const { id } = ok(await ann.post('exchanges/reports', between(ann, bev, { categoryId: risky.id, performedOn })), 201)
  refused(await bev.post(`exchanges/${id}/confirmation`), 422, 'broker-approval-needed')
  assert.equal(ok(await broker.post(`exchanges/${id}/confirmation`)).status, 'settled')
})

test('longer than a broker has approved needs the broker again', async () => {
  await change({ brokerApprovalAboveMinutes: 120 })
  try {
    const { id } = ok(await ann.post('exchanges', between(ann, bev, { minutes: 180 })), 201)
    assert.equal(ok(await bev.post(`exchanges/${id}/agreement`, {})).status, 'awaiting_risk')
    ok(await broker.post(`exchanges/${id}/approval`))
    ok(await ann.post(`exchanges/${id}/report`, { minutes: 240, performedOn }))
    refused(await bev.post(`exchanges/${id}/confirmation`), 422, 'broker-approval-needed')
  } finally {
    await change({ brokerApprovalAboveMinutes: null })
  }
})

test('where a broker confirms, a report by one broker is confirmed by another', async () => {
  await change({ whoConfirms: 'broker' })
  try {
    const { id } = ok(await ann.post('exchanges', between(ann, bev)), 201)
    ok(await bev.post(`exchanges/${id}/agreement`, {}))
    ok(await broker.post(`exchanges/${id}/report`, { minutes: 60, performedOn }))
    refused(await broker.post(`exchanges/${id}/confirmation`), 403, 'own-confirmation')
    refused(await bev.post(`exchanges/${id}/confirmation`), 403, 'own-confirmation')
    assert.equal(ok(await admin.post(`exchanges/${id}/confirmation`)).status, 'settled')
  } finally {
    await change({ whoConfirms: 'other_side' })
  }
})

test('what was agreed before somebody takes a pause is still reported and confirmed', async () => {
  const dai = await addMember(stage, admin)
  const { id } = ok(await ann.post('exchanges', between(ann, dai)), 201)
  ok(await dai.post(`exchanges/${id}/agreement`, {}))
  ok(await dai.post('members/me/pause', {}))
  ok(await ann.post(`exchanges/${id}/report`, { minutes: 60, performedOn }))
  assert.equal(ok(await dai.post(`exchanges/${id}/confirmation`)).status, 'settled')
})

test('after somebody has left, a reversal leaves their closed account empty', async () => {
  const dai = await addMember(stage, admin)
  const { id } = ok(await broker.post('exchanges/records', between(dai, bev, { performedOn })), 201)
  ok(await dai.post('members/me/departure', {}))
  ok(await broker.post(`exchanges/${id}/reversal`, { reason: 'It was another day' }))
  const account = ok(await admin.get(`accounts/${dai.accountId}`))
  assert.deepEqual([account.status, account.balanceMinutes], ['closed', 0])
  await sound()
})

test('the number of a slip whose exchange was reversed may be used again; only staff name slips', async () => {
  const slip = { 'commonhours-source': 'paper_slip', 'commonhours-slip': 'B-0001' }
  const { id } = ok(await broker.post('exchanges/records', between(ann, bev, { performedOn }), slip), 201)
  ok(await broker.post(`exchanges/${id}/reversal`, { reason: 'Wrong day' }))
  ok(await broker.post('exchanges/records', between(ann, bev, { performedOn, minutes: 45 }), slip), 201)
  refused(await ann.post('exchanges', between(ann, bev), { ...slip, 'commonhours-slip': 'B-0002' }), 403, 'forbidden')
})

test('an auditor sees numbers and minutes, not names or what was written', async () => {
  const auditor = await addMember(stage, admin, { roles: ['auditor'] })
  const { id } = ok(
    await broker.post('exchanges/records', between(ann, bev, { performedOn, description: 'Something private' })),
    201
  )
  const seen = ok(await auditor.get(`exchanges/${id}`))
  assert.deepEqual([seen.provider.name, seen.receiver.name, seen.description], [null, null, ''])
  assert.equal(seen.provider.memberNumber, ann.number)
})

test('who no longer acts for an organisation does not bind it, and who works for it does not spend its hours', async () => {
  const group = ok(await admin.post('organisations', { name: 'Workers', kind: 'charity' }), 201)
  const dai = await addMember(stage, admin)
  const affiliate = (professional: boolean, actsFor: boolean) =>
    admin.post(`organisations/${group.id}/affiliations`, {
      memberId: dai.memberId,
      professional,
      actsFor,
      validFrom: '2026-01-01'
    })
  const acting = ok(await affiliate(false, true), 201)
  const named = { memberId: dai.memberId, organisationId: group.id }
  const { id } = ok(
    await ann.post('exchanges', { ...between(ann, dai), receiver: { ...named, capacity: 'organisation' } }),
    201
  )
  ok(await admin.patch(`affiliations/${acting.id}`, { validTo: '2026-02-01' }, acting.rowVersion))
  refused(await dai.post(`exchanges/${id}/agreement`, {}), 404, 'not-found')
  ok(await affiliate(true, false), 201)
  const spending = {
    ...between(ann, dai, { performedOn: '2026-03-01' }),
    receiver: { ...named, capacity: 'professional' }
  }
  refused(await dai.post('exchanges/reports', spending), 422, 'capacity-not-covered')
})

test('a broker who acts for an organisation is not staff where its account moves', async () => {
  const group = ok(await admin.post('organisations', { name: 'Own Interest', kind: 'charity' }), 201)
  const eve = await addMember(stage, admin)
  for (const [member, professional] of [
    [broker, false],
    [eve, true]
  ] as const)
    ok(
      await admin.post(`organisations/${group.id}/affiliations`, {
        memberId: member.memberId,
        professional,
        actsFor: !professional,
        validFrom: '2026-01-01'
      }),
      201
    )
  const provider = { memberId: eve.memberId, organisationId: group.id, capacity: 'professional' }
  refused(await broker.post('exchanges/records', { ...between(eve, bev, { performedOn }), provider }), 403, 'forbidden')
})

test('the capacity is asked for again when it is reported, also for the day that was planned', async () => {
  const eve = await addMember(stage, admin)
  const board = ok(await admin.post('organisations', { name: 'Second Board', kind: 'health_board' }), 201)
  const wanted = { memberId: eve.memberId, professional: true, actsFor: false, validFrom: '2026-01-01' }
  const affiliation = ok(await admin.post(`organisations/${board.id}/affiliations`, wanted), 201)
  const { id } = ok(
    await eve.post('exchanges', {
      ...between(eve, bev, { performedOn }),
      provider: { memberId: eve.memberId, organisationId: board.id, capacity: 'professional' }
    }),
    201
  )
  ok(await bev.post(`exchanges/${id}/agreement`, {}))
  ok(await admin.patch(`affiliations/${affiliation.id}`, { validTo: '2026-01-10' }, affiliation.rowVersion))
  refused(await eve.post(`exchanges/${id}/report`, { minutes: 60, performedOn }), 422, 'capacity-not-covered')
})

test('a request stands open again only when nothing else has come of it; helpers at once all count', async () => {
  const listing = { categoryId: garden, title: 'Wall', mode: 'do', setting: 'outdoors', open: true, helpersNeeded: 3 }
  const request = ok(await bev.post('requests', listing), 201)
  const state = async () => ok(await bev.get(`requests/${request.id}`)).status
  const helped = (helper: Client) =>
    broker.post('exchanges/records', between(helper, bev, { performedOn, minutes: 15, requestId: request.id }))
  const { id } = ok(await ann.post('exchanges', between(ann, bev, { requestId: request.id })), 201)
  ok(await bev.post(`exchanges/${id}/agreement`, {}))
  ok(await helped(cai), 201)
  ok(await ann.post(`exchanges/${id}/cancellation`, {}))
  assert.equal(await state(), 'in_progress')
  for (const answer of await Promise.all([helped(ann), helped(cai)])) ok(answer, 201)
  assert.equal(await state(), 'fulfilled')
})

test('nobody agrees with somebody who is suspended; who leaves has no report open and takes back what is under way', async () => {
  const dai = await addMember(stage, admin)
  const { id } = ok(await dai.post('exchanges', between(dai, bev)), 201)
  ok(await admin.post(`members/${dai.memberId}/suspension`, { reason: 'For the test' }))
  refused(await bev.post(`exchanges/${id}/agreement`, {}), 422, 'party-not-active')
  ok(await admin.post(`members/${dai.memberId}/reinstatement`, { reason: 'For the test' }))
  const reported = ok(await dai.post('exchanges/reports', between(dai, bev, { performedOn })), 201)
  refused(await dai.post('members/me/departure', {}), 409, 'conflict')
  ok(await bev.post(`exchanges/${reported.id}/confirmation`))
  ok(await dai.post('members/me/departure', {}))
  assert.equal(ok(await bev.get(`exchanges/${id}`)).status, 'cancelled')
})

test('a body that is not needed may be left out, whatever type is named for it', async () => {
  const { id } = ok(await ann.post('exchanges', between(ann, bev)), 201)
  const { statusCode } = await stage.app.inject({
    method: 'POST',
    url: `/v1/timebanks/rivertown/exchanges/${id}/decline`,
    headers: { authorization: `Bearer ${bev.token}`, 'content-type': 'application/json' }
  })
  assert.equal(statusCode, 200)
})

/** The nightly task as it would run so many days from now. */
const runLater = (days: number) => {
  const later = () => new Date(Date.now() + days * 24 * 60 * 60 * 1000)
  return exchangesTasks({ ...stage.database, clock: later })['exchanges.auto_confirm']!({})
}

test('a report that nobody answers counts as confirmed after the days of the policy, not before', async () => {
  const before = await balanceOf(ann)
  const dai = await addMember(stage, admin)
  const { id } = ok(await ann.post('exchanges/reports', between(ann, dai, { performedOn })), 201)
  await runLater(13)
  assert.equal(ok(await ann.get(`exchanges/${id}`)).status, 'reported')
  await Promise.all([runLater(15), runLater(15)])
  const settled = ok(await ann.get(`exchanges/${id}`))
  assert.equal(settled.status, 'settled')
  assert.ok((await balanceOf(ann)) >= before + 60)
  assert.equal(await balanceOf(dai), -60)
  const [event] = ok(await admin.get(`audit?subjectType=exchange&subjectId=${id}`)).items
  assert.deepEqual([event.action, event.source, event.onBehalfOf], ['exchange.auto-confirmed', 'system', dai.memberId])
})

test('silence never confirms for supported members, minors or high risk, nor past a limit; a refusal holds up no other', async () => {
  const dai = await addMember(stage, admin)
  const supported = await addMember(stage, admin)
  const { rowVersion } = ok(await admin.get(`members/${supported.memberId}`))
  ok(await admin.patch(`members/${supported.memberId}`, { supported: true }, rowVersion))
  const risky = ok(await admin.post('categories', { name: 'Chimneys', slug: 'chimneys', risk: 'high' }), 201)
  const report = async (more: object) =>
    ok(await ann.post('exchanges/reports', { ...between(ann, dai, { performedOn }), ...more }), 201).id
  const waiting = [
    await report({ minutes: 1500 }),
    await report({ receiver: { memberId: supported.memberId } }),
    await report({ categoryId: risky.id })
  ]
  const due = await report({})
  await runLater(20)
  for (const id of waiting) assert.equal(ok(await ann.get(`exchanges/${id}`)).status, 'reported')
  assert.equal(ok(await ann.get(`exchanges/${due}`)).status, 'settled')
})

test('a professional needs an affiliation on the service date; paid time goes where the policy says', async () => {
  const eve = await addMember(stage, admin, { name: 'Eve' })
  const board = ok(await admin.post('organisations', { name: 'Health Board', kind: 'health_board' }), 201)
  const asProfessional = (on: string) => ({
    ...between(eve, ann, { performedOn: on }),
    provider: { memberId: eve.memberId, organisationId: board.id, capacity: 'professional' }
  })
  refused(await broker.post('exchanges/records', asProfessional(performedOn)), 422, 'capacity-not-covered')
  ok(
    await admin.post(`organisations/${board.id}/affiliations`, {
      memberId: eve.memberId,
      professional: true,
      actsFor: false,
      validFrom: '2026-01-10'
    }),
    201
  )
  refused(await broker.post('exchanges/records', asProfessional('2026-01-09')), 422, 'capacity-not-covered')
  const account = async () => {
    const { kinds } = ok(await admin.get('trial-balance'))
    return kinds.find((row: { kind: string }) => row.kind === 'organisation')?.balanceMinutes ?? 0
  }
  const before = await account()
  const recorded = ok(await broker.post('exchanges/records', asProfessional(performedOn)), 201)
  assert.equal(recorded.provider.capacity, 'professional')
  assert.equal(await account(), before + 60)
  assert.equal(await balanceOf(eve), 0)
  await change({ professionalPaidTime: 'record_only' })
  const only = ok(await broker.post('exchanges/records', asProfessional(performedOn)), 201)
  assert.equal(only.recordOnly, true)
  assert.equal(only.creditMinutes, 0)
  assert.equal(await account(), before + 60)
  await change({ professionalPaidTime: 'credit_employer' })
})

test('several people act for one organisation, each only while they are affiliated', async () => {
  const group = ok(await admin.post('organisations', { name: 'Story Group', kind: 'community_group' }), 201)
  const act = (client: Client) =>
    admin.post(`organisations/${group.id}/affiliations`, {
      memberId: client.memberId,
      professional: false,
      actsFor: true,
      validFrom: '2026-01-01'
    })
  ok(await act(bev), 201)
  const affiliation = ok(await act(cai), 201)
  const asked = { ...between(ann, bev), receiver: { organisationId: group.id, capacity: 'organisation' } }
  const { id } = ok(await ann.post('exchanges', asked), 201)
  ok(await cai.post(`exchanges/${id}/agreement`, {}))
  ok(await ann.post(`exchanges/${id}/report`, { minutes: 60, performedOn }))
  ok(await admin.patch(`affiliations/${affiliation.id}`, { validTo: '2026-01-31' }, affiliation.rowVersion))
  refused(await cai.post(`exchanges/${id}/confirmation`), 404, 'not-found')
  assert.equal(ok(await bev.post(`exchanges/${id}/confirmation`)).status, 'settled')
})

test('somebody who stands on both sides cannot agree or confirm with themselves', async () => {
  const group = ok(await admin.post('organisations', { name: 'Ann’s Group', kind: 'community_group' }), 201)
  ok(
    await admin.post(`organisations/${group.id}/affiliations`, {
      memberId: ann.memberId,
      professional: false,
      actsFor: true,
      validFrom: '2026-01-01'
    }),
    201
  )
  const { id } = ok(
    await ann.post('exchanges', {
      ...between(ann, bev),
      receiver: { organisationId: group.id, capacity: 'organisation' }
    }),
    201
  )
  refused(await ann.post(`exchanges/${id}/agreement`, {}), 403, 'own-confirmation')
})

test('32 confirmations of one exchange at once: hours move once', async () => {
  const before = await balanceOf(ann)
  const id = await reported()
  const answers = await Promise.all(Array.from({ length: 32 }, () => bev.post(`exchanges/${id}/confirmation`)))
  assert.equal(answers.filter((a) => a.status === 200).length, 1)
  assert.ok(answers.every((a) => a.status === 200 || a.body.code === 'wrong-state'))
  assert.equal(await balanceOf(ann), before + 60)
})

test('confirmation and dispute at once: hours move once at most, and the books are sound', async () => {
  for (let round = 0; round < 5; round++) {
    const id = await reported()
    const [confirmed, disputed] = await Promise.all([
      bev.post(`exchanges/${id}/confirmation`),
      bev.post(`exchanges/${id}/dispute`, { reason: 'At the same moment' })
    ])
    // the hours move with the confirmation or not at all; what is settled may be disputed, and what is disputed confirmed
    const { status, transferId, settledAt } = ok(await bev.get(`exchanges/${id}`))
    assert.equal(settledAt !== null && transferId !== null, confirmed.status === 200)
    assert.equal(disputed.status, 200)
    assert.ok(status === 'settled' || status === 'disputed')
  }
  await sound()
})

test('16 reversals of one exchange at once: one wins', async () => {
  const before = await balanceOf(ann)
  const dai = await addMember(stage, admin)
  const { id } = ok(await broker.post('exchanges/records', between(ann, dai, { performedOn })), 201)
  const answers = await Promise.all(
    Array.from({ length: 16 }, () => broker.post(`exchanges/${id}/reversal`, { reason: 'Entered twice' }))
  )
  assert.equal(answers.filter((a) => a.status === 200).length, 1)
  assert.equal(await balanceOf(ann), before)
})

test('lists filter by state, side, member, category and service date', async () => {
  const dai = await addMember(stage, admin)
  const old = ok(await broker.post('exchanges/records', between(dai, ann, { performedOn: '2025-12-31' })), 201)
  const young = ok(await broker.post('exchanges/records', between(ann, dai, { performedOn })), 201)
  const ids = async (query: string) =>
    ok(await admin.get(`exchanges?memberId=${dai.memberId}&${query}`)).items.map((x: { id: string }) => x.id)
  assert.deepEqual(await ids(''), [young.id, old.id])
  assert.deepEqual(await ids('side=provider'), [old.id])
  assert.deepEqual(await ids('from=2026-01-01'), [young.id])
  assert.deepEqual(await ids('to=2025-12-31'), [old.id])
  assert.deepEqual(await ids('status=reversed'), [])
  assert.deepEqual(await ids(`categoryId=${garden}`), [young.id, old.id])
})

test('what the database could not keep as it was sent is refused', async () => {
  const id = await reported()
  refused(await bev.post(`exchanges/${id}/dispute`, { reason: 'It was \ud800 shorter' }), 400, 'validation-failed')
  const kept = ok(await bev.post(`exchanges/${id}/dispute`, { reason: 'It was shorter 🌱' }))
  assert.equal(ok(await bev.get(`exchanges/${id}`)).reason, kept.reason)
})

test('what a step answers is what is read afterwards, whatever the ids were written like', async () => {
  const input = between(ann, bev, { performedOn, categoryId: garden.toUpperCase() })
  const shouted = { ...input, provider: { memberId: ann.memberId.toUpperCase() } }
  const { id } = ok(await ann.post('exchanges/reports', shouted), 201)
  const read = async () => ok(await bev.get(`exchanges/${id}`))
  assert.equal((await read()).provider.memberId, ann.memberId)
  const disputed = ok(await bev.post(`exchanges/${id}/dispute`, { reason: 'It was shorter' }))
  assert.deepEqual(await read(), disputed)
  const settled = ok(await broker.post(`exchanges/${id}/confirmation`))
  assert.deepEqual(await read(), settled)
  const recorded = ok(await broker.post('exchanges/records', between(ann, bev, { performedOn })), 201)
  assert.deepEqual(ok(await broker.get(`exchanges/${recorded.id}`)), recorded)
})

test('a category deep down is under what is said above it', async () => {
  let parentId: string | undefined
  for (const [depth, risk] of ['low', 'high', 'low', 'low'].entries()) {
    const input = { name: `Level ${depth}`, slug: `level-${depth}`, risk, ...(parentId ? { parentId } : {}) }
    parentId = ok(await admin.post('categories', input), 201).id
  }
  const { id } = ok(await ann.post('exchanges', between(ann, bev, { categoryId: parentId })), 201)
  assert.equal(ok(await bev.post(`exchanges/${id}/agreement`, {})).status, 'awaiting_risk')
  const top = ok(await admin.get('categories/level-0'))
  ok(await admin.post(`categories/${top.id}/closure`, {}))
  refused(await ann.post('exchanges', between(ann, bev, { categoryId: parentId })), 422, 'category-closed')
})
