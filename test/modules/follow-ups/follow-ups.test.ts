import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addMember, type Client, foundAnother, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'
import { asOwner } from '../ledger/support.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by the tests, which know their shape
type Json = any

const performedOn = '2026-01-15'
let stage: Stage
let admin: Client
let broker: Client
let gwen: Client
let garden: string

before(async () => {
  stage = await makeStage('follow_ups')
  admin = await setUp(stage)
  broker = await addMember(stage, admin, { name: 'Bron', roles: ['broker'] })
  gwen = await addMember(stage, admin, { name: 'Gwen', login: false })
  garden = ok(await admin.get('categories/gardening')).id
  // no ceiling, however much she gives
  await limits(gwen, { ceilingSoftMinutes: null })
})

after(() => stage.close())

const limits = async ({ accountId }: Client, change: Record<string, number | null>) => {
  const { version, floorSoftMinutes, floorHardMinutes, ceilingSoftMinutes, ceilingHardMinutes } = ok(
    await admin.get(`accounts/${accountId}/limits`)
  )
  const all = { floorSoftMinutes, floorHardMinutes, ceilingSoftMinutes, ceilingHardMinutes, ...change }
  ok(await admin.put(`accounts/${accountId}/limits`, { ...all, why: 'For one test' }, { 'if-match': `"${version}"` }))
}

const help = async (provider: Client, receiver: Client, minutes: number): Promise<Json> =>
  ok(
    await admin.post('exchanges/records', {
      provider: { memberId: provider.memberId },
      receiver: { memberId: receiver.memberId },
      categoryId: garden,
      minutes,
      performedOn
    }),
    201
  )

const listed = async (query = '', by = broker): Promise<Json[]> =>
  ok(await by.get(`follow-ups?limit=200&sort=opened${query}`)).items
const openOf = async ({ accountId }: Client) => (await listed()).filter((f) => f.crossing?.account === accountId)
const note = (id: string, body: unknown, by = broker) => by.post(`follow-ups/${id}/outcome`, body)

test('a posting that crosses a soft limit opens a follow-up with the figures; further crossings are counted, not piled up', async () => {
  const ann = await addMember(stage, admin, { name: 'Ann' })
  await help(gwen, ann, 600)
  assert.deepEqual(await openOf(ann), [], 'at the limit')
  const crossing = await help(gwen, ann, 60)
  const [followUp, ...more] = await openOf(ann)
  assert.deepEqual(more, [])
  assert.equal(followUp.kind, 'floor_crossed')
  assert.equal(followUp.id, `floor_crossed.${crossing.transferId}`)
  const { limitMinutes, balanceMinutes, times, latestAt, owner, now } = followUp.crossing
  assert.deepEqual([limitMinutes, balanceMinutes, times], [-600, -660, 1])
  assert.deepEqual(owner, { kind: 'member', number: ann.number, name: 'Ann' })
  assert.deepEqual(followUp.member, {
    memberId: ann.memberId,
    memberNumber: ann.number,
    organisationId: null,
    name: 'Ann'
  })
  assert.equal(followUp.suggestedStep.code, 'talk_about_giving')
  assert.deepEqual(now, { balanceMinutes: -660, availableMinutes: -660, limitMinutes: -600, outside: true })
  assert.equal(followUp.openedAt, latestAt)
  // back inside: it stays; out again: it is the same one
  await help(ann, gwen, 120)
  assert.deepEqual((await openOf(ann))[0].crossing.now.outside, false)
  await help(gwen, ann, 120)
  const [again, ...others] = await openOf(ann)
  assert.deepEqual(others, [])
  assert.deepEqual([again.id, again.crossing.times, again.crossing.now.outside], [followUp.id, 2, true])
  assert.ok(again.crossing.latestAt > again.openedAt)
  assert.deepEqual(ok(await broker.get(`follow-ups/${again.id}`)), again)
})

test('noting what came of it closes it with all its crossings; the next crossing opens a new one', async () => {
  const bev = await addMember(stage, admin, { name: 'Bev' })
  await help(gwen, bev, 660)
  await help(bev, gwen, 120)
  await help(gwen, bev, 120)
  const [{ id }] = await openOf(bev)
  const closed = ok(await note(id, { outcome: 'agreed_to_give', note: ' Will bake for the fair ' }))
  assert.deepEqual(
    [closed.id, closed.state, closed.outcome, closed.note, closed.notedBy, closed.crossing.times],
    [id, 'closed', 'agreed_to_give', 'Will bake for the fair', broker.memberId, 2]
  )
  assert.deepEqual(await openOf(bev), [])
  assert.deepEqual(ok(await broker.get(`follow-ups/${id}`)), closed)
  assert.deepEqual(
    (await listed('&state=closed')).filter((f) => f.crossing?.account === bev.accountId),
    [closed]
  )
  refused(await note(id, { outcome: 'contacted' }), 409, 'wrong-state')
  await help(bev, gwen, 120)
  const { transferId } = await help(gwen, bev, 120)
  const [next] = await openOf(bev)
  assert.equal(next.id, `floor_crossed.${transferId}`)
  assert.equal(next.crossing.times, 1)
  const event = ok(await admin.get('audit?subjectType=follow-up')).items[0]
  assert.deepEqual([event.action, event.subjectId, event.onBehalfOf], ['follow-up.closed', id, bev.memberId])
  assert.deepEqual(event.changes, { outcome: 'agreed_to_give', account: bev.accountId, crossings: 2, fields: ['note'] })
  assert.deepEqual(ok(await admin.get('verify')).problems, [])
})

test('the id of a later crossing is none of a follow-up, open or closed', async () => {
  const cai = await addMember(stage, admin)
  await help(gwen, cai, 660)
  await help(cai, gwen, 120)
  const { transferId } = await help(gwen, cai, 120)
  const [{ id }] = await openOf(cai)
  const later = `floor_crossed.${transferId}`
  refused(await broker.get(`follow-ups/${later}`), 404, 'not-found')
  refused(await note(later, { outcome: 'contacted' }), 404, 'not-found')
  ok(await note(id, { outcome: 'contacted' }))
  refused(await note(later, { outcome: 'contacted' }), 404, 'not-found')
  refused(await note(`ceiling_crossed.${transferId}`, { outcome: 'contacted' }), 404, 'not-found')
})

test('of two who note an outcome at once one is refused; a transfer may cross two limits', async () => {
  const [dai, eve] = [await addMember(stage, admin), await addMember(stage, admin)]
  await limits(eve, { ceilingSoftMinutes: 300 })
  const { transferId } = await help(eve, dai, 660)
  const ids = [`floor_crossed.${transferId}`, `ceiling_crossed.${transferId}`]
  const both = (await listed()).filter((f) => f.subject.id === transferId)
  assert.deepEqual(both.map((f) => [f.id, f.crossing.account]).sort(), [
    [ids[1], eve.accountId],
    [ids[0], dai.accountId]
  ])
  for (const id of ids) {
    const answers = await Promise.all(
      ['contacted', 'grant_made', 'limit_changed'].map((outcome) => note(id, { outcome }))
    )
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409])
  }
})

test('crossings that come while an outcome is noted are closed with it or open a new follow-up; none is lost', async () => {
  const fay = await addMember(stage, admin, { login: false })
  await limits(fay, { floorSoftMinutes: -10, floorHardMinutes: null })
  await help(gwen, fay, 15)
  for (let round = 0; round < 8; round += 1) {
    const [open] = await openOf(fay)
    await help(fay, gwen, 30)
    const [closed] = await Promise.all([note(open.id, { outcome: 'contacted' }), help(gwen, fay, 30)])
    ok(closed)
    if ((await openOf(fay)).length === 0) {
      await help(fay, gwen, 30)
      await help(gwen, fay, 30)
    }
    assert.equal((await openOf(fay)).length, 1)
  }
  const counted = (await listed('&state=all')).filter((f) => f.crossing?.account === fay.accountId)
  const owner = asOwner(stage.ownerUrl, 1)
  const { rows } = await owner.pool.query(
    'SELECT count(*) AS n FROM ledger.limit_crossings WHERE account_id = $1 AND timebank_id = (SELECT id FROM timebanks.timebanks WHERE slug = $2)',
    [fay.accountId, 'rivertown']
  )
  await owner.close()
  assert.equal(
    counted.reduce((sum, f) => sum + f.crossing.times, 0),
    rows[0].n
  )
})

test('lists go oldest first, page by page, open, closed and all; CSV has all of them', async () => {
  const all = await listed('&state=all')
  const places = all.map((f) => `${f.openedAt} ${f.kind} ${f.subject.id}`)
  assert.deepEqual(places, places.toSorted())
  assert.ok(all.some((f) => f.state === 'open') && all.some((f) => f.state === 'closed'))
  for (const state of ['open', 'closed', 'all']) {
    const whole = await listed(`&state=${state}`)
    const paged: Json[] = []
    for (let next: string | null = ''; next !== null; ) {
      const page: Json = ok(
        await broker.get(`follow-ups?limit=2&sort=opened&state=${state}${next && `&cursor=${next}`}`)
      )
      paged.push(...page.items)
      next = page.next
    }
    assert.deepEqual(paged, whole, state)
    assert.deepEqual(
      whole.map((f) => f.id),
      all.filter((f) => state === 'all' || f.state === state).map((f) => f.id)
    )
  }
  const csv = await broker.get('follow-ups?state=all', { accept: 'text/csv' })
  assert.equal(csv.text.trim().split('\r\n').length, all.length + 1)
  assert.match(
    csv.text,
    /^\ufeffid,kind,state,subjectType,subjectId,memberMemberId,memberMemberNumber,memberOrganisationId,memberName/
  )
  refused(await broker.get('follow-ups?state=some'), 400, 'validation-failed')
  const forged = Buffer.from(JSON.stringify(['0000-00-00T00:00:00.000000Z', 'floor_crossed', crypto.randomUUID(), 1]))
  refused(await broker.get(`follow-ups?sort=opened&cursor=${forged.toString('base64url')}`), 400, 'validation-failed')
})

test('for staff; an auditor sees neither names nor notes, a member nothing; each timebank its own', async () => {
  const [closed] = await listed('&state=closed')
  const auditor = await addMember(stage, admin, { roles: ['auditor'] })
  const seen = ok(await auditor.get(`follow-ups/${closed.id}`))
  assert.deepEqual(
    [seen.crossing.owner.name, seen.member.name, seen.note, seen.outcome],
    [null, null, null, closed.outcome]
  )
  refused(await note(closed.id, { outcome: 'contacted' }, auditor), 403, 'forbidden')
  const member = await addMember(stage, admin)
  refused(await member.get('follow-ups'), 403, 'forbidden')
  refused(await member.get(`follow-ups/${closed.id}`), 403, 'forbidden')
  const other = await foundAnother(stage, admin, 'followtown')
  assert.deepEqual(await listed('&state=all', other), [])
  refused(await other.get(`follow-ups/${closed.id}`), 404, 'not-found')
  const [open] = await listed()
  refused(await note(open.id, { outcome: 'contacted' }, other), 404, 'not-found')
  refused(await broker.get('follow-ups/something'), 400, 'validation-failed')
  refused(await note(open.id, { outcome: 'resolved' }), 400, 'validation-failed')
  refused(await note(open.id, { outcome: 'contacted', note: 'x'.repeat(1001) }), 400, 'validation-failed')
})

test('a broker does not close that of their own account, or of an organisation for which they act', async () => {
  await help(gwen, broker, 660)
  const [own] = await openOf(broker)
  refused(await note(own.id, { outcome: 'nothing_needed' }), 403, 'forbidden')
  ok(await note(own.id, { outcome: 'contacted' }, admin))
  const hall = ok(await admin.post('organisations', { name: 'Hall', kind: 'community_group' }), 201)
  ok(
    await admin.post(`organisations/${hall.id}/affiliations`, {
      memberId: broker.memberId,
      actsFor: true,
      professional: false,
      validFrom: '2026-01-01'
    }),
    201
  )
  ok(
    await admin.post('exchanges/records', {
      provider: { memberId: gwen.memberId },
      receiver: { capacity: 'organisation', organisationId: hall.id },
      categoryId: garden,
      minutes: 3600,
      performedOn
    }),
    201
  )
  const open = (await listed()).find((f) => f.crossing.owner.name === 'Hall')
  assert.deepEqual([open.crossing.owner.kind, open.crossing.limitMinutes], ['organisation', -3000])
  refused(await note(open.id, { outcome: 'nothing_needed' }), 403, 'forbidden')
  ok(await note(open.id, { outcome: 'nothing_needed' }, admin))
})

test('what was written about somebody is blanked when they are erased; what came of it stays', async () => {
  const hal = await addMember(stage, admin)
  await help(gwen, hal, 660)
  const [{ id }] = await openOf(hal)
  ok(await note(id, { outcome: 'grant_made', note: 'Hal was ill' }))
  ok(await admin.post(`members/${hal.memberId}/departure`, {}))
  ok(await admin.post(`members/${hal.memberId}/erasure`, { reason: 'Asked for it' }))
  const { note: left, outcome, crossing } = ok(await broker.get(`follow-ups/${id}`))
  assert.deepEqual([left, outcome, crossing.owner.name], [null, 'grant_made', `Former member ${hal.number}`])
  const everything = await listed('&state=all')
  assert.ok(!JSON.stringify(everything).includes('Hal was ill'))
})
