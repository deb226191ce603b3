import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { circlesTasks } from '../../../src/modules/circles/index.ts'
import { newId } from '../../../src/shared/ids.ts'
import { addMember, type Client, foundAnother, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'
import { clear, done, type Json, makeRing, type Proposed, proposedRing, proposedRings, search } from './support.ts'

let stage: Stage
let admin: Client
let broker: Client

before(async () => {
  stage = await makeStage('circles')
  admin = await setUp(stage)
  broker = await addMember(stage, admin, { name: 'Bron', roles: ['broker'] })
})

after(() => stage.close())

const change = async (rules: Record<string, unknown>) => {
  const { version } = ok(await admin.get('policy'))
  ok(await admin.patch('policy', { rules, why: 'For one test' }, version))
}

/** The hourly job, so many days from now. */
const hourly = async (days = 0) => {
  stage.clock.now = new Date(Date.now() + days * 24 * 60 * 60 * 1000)
  await circlesTasks(stage.database)['circles.close']!({}).finally(() => {
    stage.clock.now = null
  })
}

const asOwner = async (text: string, values: unknown[]): Promise<Json[]> => {
  const client = new pg.Client({ connectionString: stage.ownerUrl })
  await client.connect()
  return client
    .query(text, values)
    .then(({ rows }) => rows)
    .finally(() => client.end())
}

const exchangesOf = async (client: Client): Promise<Json[]> => ok(await client.get('exchanges?limit=200')).items

const told = async (client: Client, id: string): Promise<string[]> =>
  ok(await client.get('notices?limit=200'))
    .items.filter((notice: Json) => notice.subjectId === id)
    .map(({ kind }: Json) => kind)
    .reverse()

test('three members, each of whom has what the next one asks for: searched, proposed, agreed to by all, and begun', async () => {
  const { members, offers, requests } = await makeRing(stage, admin, 3)
  const [a, b, c] = members as [Client, Client, Client]
  const found = await search(broker)
  assert.equal(found.circles, 1)
  assert.equal(found.membersHelped, 3)
  assert.equal(found.bound, null)
  assert.equal(found.requestedBy, broker.memberId)
  const [suggested] = ok(await broker.get(`circles?search=${found.id}`)).items
  assert.equal(suggested.status, 'suggested')
  assert.equal(suggested.minutes, 60)
  assert.equal(suggested.links.length, 3)
  // nobody but staff knows of it
  assert.deepEqual(ok(await a.get('circles')).items, [])
  refused(await a.get(`circles/${suggested.id}`), 404, 'not-found')
  refused(await a.post(`circles/${suggested.id}/agreement`), 404, 'not-found')
  refused(await broker.post(`circles/${suggested.id}/agreement`, { memberId: a.memberId }), 409, 'wrong-state')

  const proposed = ok(await broker.post(`circles/${suggested.id}/proposal`))
  assert.equal(proposed.status, 'proposed')
  refused(await broker.post(`circles/${suggested.id}/proposal`), 409, 'wrong-state')
  const days = (Date.parse(proposed.expiresAt) - Date.parse(proposed.proposedAt)) / (24 * 60 * 60 * 1000)
  assert.equal(days, 14)
  const [mine] = ok(await a.get('circles?status=proposed')).items
  assert.equal(mine.id, suggested.id)
  assert.equal(mine.gives.receiver.memberId, b.memberId)
  assert.equal(mine.gives.requestTitle, requests[0].title)
  assert.equal(mine.receives.provider.memberId, c.memberId)
  assert.equal(mine.receives.offerTitle, offers[2].title)
  assert.equal(mine.links, null, 'what the others give each other is not theirs')
  assert.equal(mine.agreed, null)
  assert.deepEqual(await told(a, mine.id), ['circle.proposed'])

  refused(await a.post(`circles/${mine.id}/agreement`, { minutes: 90 }), 409, 'conflict')
  assert.equal(ok(await a.post(`circles/${mine.id}/agreement`, { minutes: 60 })).haveAgreed, true)
  assert.equal(ok(await a.post(`circles/${mine.id}/agreement`)).status, 'proposed', 'again it changes nothing')
  assert.equal(ok(await broker.get(`circles/${mine.id}`)).agreed, 1)
  ok(await c.post(`circles/${mine.id}/agreement`, {}))
  assert.deepEqual(await exchangesOf(a), [])
  const going = ok(await b.post(`circles/${mine.id}/agreement`, {}))
  assert.equal(going.status, 'going_ahead')

  const whole = ok(await broker.get(`circles/${mine.id}`))
  for (const [i, member] of members.entries()) {
    const given = (await exchangesOf(member)).find((x) => x.provider.memberId === member.memberId)
    assert.equal(given.status, 'agreed')
    assert.equal(given.agreedMinutes, 60)
    assert.equal(given.offerId, offers[i].id)
    assert.equal(given.requestId, requests[i].id)
    assert.equal(given.receiver.memberId, members[(i + 1) % 3]!.memberId)
    assert.ok(whole.links.some((link: Json) => link.exchangeId === given.id))
    assert.equal(ok(await member.get(`circles?exchange=${given.id}`)).items[0].gives.exchangeId, given.id)
    assert.equal(ok(await broker.get(`circles?exchange=${given.id}`)).items.length, 1)
  }
  assert.deepEqual(await told(a, mine.id), ['circle.proposed', 'circle.going-ahead'])
  assert.deepEqual(await told(b, mine.id), ['circle.proposed'], 'who agreed last has seen it')
  refused(await a.post(`circles/${mine.id}/decline`), 409, 'wrong-state')
  // who said yes to what can be shown
  const events = ok(await admin.get(`audit?subjectType=circle&subjectId=${mine.id}`)).items
  const agreed = events.filter(({ action }: Json) => action === 'circle.agreed')
  assert.deepEqual(
    agreed.map(({ actorMembershipId }: Json) => actorMembershipId).sort(),
    members.map(({ memberId }) => memberId).sort()
  )
  // every balance is what it was when all have given
  for (const member of members) {
    const given = (await exchangesOf(member)).find((x) => x.provider.memberId === member.memberId)
    const performedOn = new Date().toISOString().slice(0, 10)
    ok(await member.post(`exchanges/${given.id}/report`, { minutes: 60, performedOn }))
    const receiver = members.find(({ memberId }) => memberId === given.receiver.memberId)!
    assert.equal(ok(await receiver.post(`exchanges/${given.id}/confirmation`)).status, 'settled')
  }
  for (const { accountId } of members) assert.equal(ok(await admin.get(`accounts/${accountId}`)).balanceMinutes, 0)
  assert.deepEqual(ok(await admin.get('verify')).problems, [])
  await clear({ members, offers, requests })
})

test('who declines cannot be told from a time that is over, by anybody, staff included', async () => {
  const [declined, expired] = (await proposedRings(stage, admin, 3, 3)) as [Proposed, Proposed]
  for (const { members, id } of [declined, expired]) {
    ok(await members[0]!.post(`circles/${id}/agreement`))
    ok(await members[1]!.post(`circles/${id}/agreement`))
  }
  ok(await declined.members[2]!.post(`circles/${declined.id}/decline`))
  assert.deepEqual(await told(declined.members[2]!, declined.id), ['circle.proposed'])
  await asOwner('UPDATE circles.circles SET expires_at = now() WHERE id = $1', [expired.id])
  refused(await expired.members[2]!.post(`circles/${expired.id}/agreement`), 409, 'wrong-state')
  await hourly()
  const ids = (text: string) =>
    text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id').replace(/of \w+|(Offer|Request) \w+/g, 'x')
  const plain = ({ proposedAt: _, expiresAt: __, ...rest }: Json) => ids(JSON.stringify(rest))
  for (const at of [0, 1, 2]) {
    const [one, other] = [declined, expired].map(({ members, id }) => [members[at]!, id] as const) as [
      readonly [Client, string],
      readonly [Client, string]
    ]
    const [a, b] = [ok(await one[0].get(`circles/${one[1]}`)), ok(await other[0].get(`circles/${other[1]}`))]
    assert.equal(a.status, 'not_going_ahead')
    assert.equal(a.haveAgreed, false)
    assert.equal(a.agreed, null)
    assert.equal(plain(a), plain(b))
    if (at < 2) assert.deepEqual(await told(one[0], one[1]), await told(other[0], other[1]))
  }
  for (const staff of [admin, broker]) {
    const [a, b] = [ok(await staff.get(`circles/${declined.id}`)), ok(await staff.get(`circles/${expired.id}`))]
    assert.equal(a.obstacle, null)
    const byPosition = (x: Json) => ({ ...x, links: x.links.length })
    assert.equal(plain(byPosition(a)), plain(byPosition(b)))
  }
  const trail = async (id: string) =>
    ok(await admin.get(`audit?subjectType=circle&subjectId=${id}`)).items.map(
      ({ action, actorMembershipId, actorPersonId, onBehalfOf, source, changes, reason }: Json) => ({
        action,
        actorMembershipId,
        actorPersonId,
        onBehalfOf,
        source,
        changes,
        reason
      })
    )
  assert.deepEqual(await trail(declined.id), await trail(expired.id))
  assert.deepEqual(
    (await trail(declined.id)).map(({ action, actorMembershipId }: Json) => [action, actorMembershipId]),
    [
      ['circle.closed', null],
      ['circle.proposed', admin.memberId]
    ]
  )
  // not even in the database is who had agreed, or who had not
  const rows = await asOwner('SELECT * FROM circles.links WHERE circle_id = $1', [declined.id])
  assert.equal(rows.length, 3)
  for (const row of rows) assert.equal(row.agreed_at ?? row.agreed_by_membership ?? row.agreed_by_person, null)
  await clear(declined)
  await clear(expired)
})

test('members of one family are in no ring where one would help the other, unless the policy has exchanges between them', async () => {
  const ring = await makeRing(stage, admin, 2)
  const [one, other] = ring.members as [Client, Client]
  ok(await admin.put(`members/${one.memberId}/family/${other.memberId}`))
  assert.equal((await search(broker)).circles, 0)
  await change({ familyExchanges: 'allowed' })
  assert.equal((await search(broker)).circles, 1)
  await change({ familyExchanges: 'unofficial_only' })
  await clear(ring)
})

test('the links of a circle that came to nothing rest, and after that it is forgotten', async () => {
  const ring = await proposedRing(stage, admin, 2)
  ok(await ring.members[0]!.post(`circles/${ring.id}/decline`))
  assert.equal((await search(admin)).circles, 0)
  await hourly(59)
  assert.equal(ok(await ring.members[1]!.get(`circles/${ring.id}`)).status, 'not_going_ahead')
  await hourly(61)
  refused(await ring.members[1]!.get(`circles/${ring.id}`), 404, 'not-found')
  refused(await admin.get(`circles/${ring.id}`), 404, 'not-found')
  assert.equal((await search(admin)).circles, 1)
  await clear(ring)
})

test('staff agree on behalf of members who are offline, which is written down; nobody else does, nor in a circle of their own', async () => {
  const ring = await proposedRing(stage, admin, 2)
  const [a, b] = ring.members as [Client, Client]
  const at = `circles/${ring.id}`
  const phone = { 'commonhours-source': 'phone' }
  refused(await a.post(`${at}/agreement`, { memberId: b.memberId }), 403, 'forbidden')
  refused(await a.post(`${at}/decline`, { memberId: b.memberId }), 403, 'forbidden')
  refused(await broker.post(`${at}/agreement`, {}), 400, 'validation-failed')
  refused(await broker.post(`${at}/agreement`, { memberId: admin.memberId }), 404, 'not-found')
  ok(await broker.post(`${at}/agreement`, { memberId: a.memberId }, phone))
  const [event] = ok(await admin.get(`audit?subjectType=circle&subjectId=${ring.id}`)).items
  assert.deepEqual(
    [event.action, event.onBehalfOf, event.actorMembershipId, event.source],
    ['circle.agreed', a.memberId, broker.memberId, 'phone']
  )
  // a broker who is in it is like anybody else
  const { rowVersion } = ok(await admin.get(`members/${b.memberId}`))
  ok(await admin.put(`members/${b.memberId}/roles`, { roles: ['broker'] }, { 'if-match': `"${rowVersion}"` }))
  refused(await b.post(`${at}/decline`, { memberId: a.memberId }), 403, 'own-confirmation')
  assert.equal(ok(await b.get(at)).agreed, null, 'the number would tell them of the other one')
  assert.equal(ok(await b.post(`${at}/agreement`)).status, 'going_ahead')
  await clear(ring)
})

test('to others a circle is not there; an answer for nobody is refused', async () => {
  const ring = await proposedRing(stage, admin, 2)
  const other = await addMember(stage, admin)
  const foreign = await foundAnother(stage, admin, 'hilltown')
  const foreigner = { ...foreign, timebank: 'rivertown' }
  for (const client of [other, foreigner]) {
    refused(await client.get(`circles/${ring.id}`), 404, 'not-found')
    refused(await client.post(`circles/${ring.id}/agreement`), 404, 'not-found')
    refused(await client.post(`circles/${ring.id}/decline`), 404, 'not-found')
  }
  assert.deepEqual(ok(await other.get('circles')).items, [])
  refused(await other.post('circle-searches', {}), 403, 'forbidden')
  refused(await foreign.get(`circles/${ring.id}`), 404, 'not-found')
  assert.deepEqual(ok(await foreign.get('circles')).items, [])
  ok(await ring.members[0]!.post(`circles/${ring.id}/decline`))
  await clear(ring)
})

test('two last agreements at once begin the exchanges once', async () => {
  for (const ring of await proposedRings(stage, admin, 2, 2, 3)) {
    for (const member of ring.members.slice(2)) ok(await member.post(`circles/${ring.id}/agreement`))
    const answers = await Promise.all(
      ring.members.slice(0, 2).map((member) => member.post(`circles/${ring.id}/agreement`))
    )
    for (const answer of answers) ok(answer)
    assert.equal(ok(await admin.get(`circles/${ring.id}`)).status, 'going_ahead')
    for (const member of ring.members) assert.equal((await exchangesOf(member)).length, 2)
    await clear(ring)
  }
})

test('an agreement against a decline at once: either all exchanges begin or none', async () => {
  for (const [round, ring] of (await proposedRings(stage, admin, 2, 2, 2, 2)).entries()) {
    const [a, b] = ring.members as [Client, Client]
    ok(await a.post(`circles/${ring.id}/agreement`))
    const steps = [b.post(`circles/${ring.id}/agreement`), a.post(`circles/${ring.id}/decline`)]
    const [agreed, declined] = await Promise.all(round % 2 === 0 ? steps : steps.reverse()).then((both) =>
      round % 2 === 0 ? both : both.reverse()
    )
    const { status } = ok(await admin.get(`circles/${ring.id}`))
    assert.deepEqual([agreed!.status, declined!.status].sort(), [200, 409])
    assert.equal(status, agreed!.status === 200 ? 'going_ahead' : 'not_going_ahead')
    assert.equal((await exchangesOf(a)).length, status === 'going_ahead' ? 2 : 0)
    await clear(ring)
  }
})

test('a circle of which one exchange cannot begin begins none, and staff learn in general terms why', async () => {
  // a hold that the balance does not bear
  await change({ holdAtAgreement: true, memberFloorSoft: -15, memberFloorHard: -30 })
  try {
    const ring = await proposedRing(stage, admin, 3)
    for (const member of ring.members) ok(await member.post(`circles/${ring.id}/agreement`))
    const closed = ok(await broker.get(`circles/${ring.id}`))
    assert.equal(closed.status, 'not_going_ahead')
    assert.equal(closed.obstacle, 'limit')
    const seen = ok(await ring.members[0]!.get(`circles/${ring.id}`))
    assert.equal(seen.obstacle, null)
    for (const member of ring.members) {
      assert.deepEqual(await exchangesOf(member), [])
      assert.equal(ok(await admin.get(`accounts/${member.accountId}`)).availableMinutes, 0)
    }
    for (const { id } of ring.requests) assert.equal(ok(await admin.get(`requests/${id}`)).status, 'open')
    assert.deepEqual(ok(await admin.get('verify')).problems, [])
    await clear(ring)
  } finally {
    await change({ holdAtAgreement: false, memberFloorSoft: -600, memberFloorHard: -1200 })
  }
})

test('where the policy sets hours aside, all of a circle are set aside together', async () => {
  await change({ holdAtAgreement: true })
  try {
    const ring = await proposedRing(stage, admin, 4)
    const [a] = ring.members as [Client]
    ok(await a.post(`circles/${ring.id}/agreement`))
    assert.equal(ok(await a.get(`circles/${ring.id}`)).agreed, 1, 'of four, the number tells nobody who')
    for (const member of ring.members.slice(1)) ok(await member.post(`circles/${ring.id}/agreement`))
    for (const { accountId } of ring.members)
      assert.equal(ok(await admin.get(`accounts/${accountId}`)).availableMinutes, -60)
    await clear(ring)
  } finally {
    await change({ holdAtAgreement: false })
  }
})

test('an offer that is closed or a member who pauses ends the circle at the next hour, and an agreement before that begins nothing', async () => {
  const [gone, paused, last] = (await proposedRings(stage, admin, 2, 2, 2)) as [Proposed, Proposed, Proposed]
  ok(await gone.members[0]!.post(`offers/${gone.offers[0].id}/closure`, {}))
  ok(await paused.members[0]!.post('members/me/pause', {}))
  ok(await last.members[0]!.post(`circles/${last.id}/agreement`))
  ok(await last.members[0]!.post(`offers/${last.offers[0].id}/closure`, {}))
  assert.equal(ok(await last.members[1]!.post(`circles/${last.id}/agreement`)).status, 'not_going_ahead')
  assert.equal(ok(await broker.get(`circles/${last.id}`)).obstacle, 'listing')
  assert.deepEqual(await exchangesOf(last.members[0]!), [])
  await hourly()
  for (const { id } of [gone, paused]) assert.equal(ok(await broker.get(`circles/${id}`)).status, 'not_going_ahead')
  for (const ring of [gone, paused, last]) await clear(ring)
})

test('somebody who leaves takes the circle with them, and what a circle has begun ends as all exchanges do', async () => {
  const [waiting, begun] = (await proposedRings(stage, admin, 2, 2)) as [Proposed, Proposed]
  for (const member of begun.members) ok(await member.post(`circles/${begun.id}/agreement`))
  for (const ring of [waiting, begun])
    ok(await admin.post(`members/${ring.members[0]!.memberId}/departure`, { reason: 'Moves away' }))
  assert.equal(ok(await waiting.members[1]!.get(`circles/${waiting.id}`)).status, 'not_going_ahead')
  assert.deepEqual(await told(waiting.members[1]!, waiting.id), ['circle.proposed', 'circle.closed'])
  for (const { status } of await exchangesOf(begun.members[1]!)) assert.equal(status, 'cancelled')
  assert.equal(ok(await begun.members[1]!.get(`circles/${begun.id}`)).status, 'going_ahead')
  ok(await admin.post(`members/${waiting.members[0]!.memberId}/erasure`, { reason: 'Asked for' }))
  refused(await admin.get(`circles/${waiting.id}`), 404, 'not-found')
  await clear(waiting)
  await clear(begun)
})

test('leaving while the last one agrees leaves no exchange open', async () => {
  const ring = await proposedRing(stage, admin, 2)
  const [a, b] = ring.members as [Client, Client]
  ok(await a.post(`circles/${ring.id}/agreement`))
  const [, left] = await Promise.all([
    b.post(`circles/${ring.id}/agreement`),
    admin.post(`members/${a.memberId}/departure`, { reason: 'Moves away' })
  ])
  ok(left!)
  for (const { status } of await exchangesOf(b)) assert.equal(status, 'cancelled')
  await clear(ring)
})

test('an exchange that is called off takes no other with it', async () => {
  const ring = await proposedRing(stage, admin, 3)
  for (const member of ring.members) ok(await member.post(`circles/${ring.id}/agreement`))
  const [first] = ok(await admin.get(`circles/${ring.id}`)).links
  ok(await ring.members[0]!.post(`exchanges/${first.exchangeId}/cancellation`, {}))
  const statuses = new Set<string>()
  for (const member of ring.members)
    for (const { id, status } of await exchangesOf(member)) statuses.add(`${id} ${status}`)
  assert.deepEqual([...statuses].map((x) => x.split(' ')[1]).sort(), ['agreed', 'agreed', 'cancelled'])
  assert.equal(ok(await admin.get(`circles/${ring.id}`)).status, 'going_ahead')
  await clear(ring)
})

test('an offer or request stands in one proposed circle at a time; a search proposes all that still hold', async () => {
  const one = await makeRing(stage, admin, 2)
  const two = await makeRing(stage, admin, 3)
  const first = await search(broker)
  assert.equal(first.circles, 2)
  ok(await two.members[0]!.post(`offers/${two.offers[0].id}/pause`, {}))
  assert.deepEqual(ok(await broker.post(`circle-searches/${first.id}/proposal`)), { proposed: 1, left: 1 })
  ok(await two.members[0]!.post(`offers/${two.offers[0].id}/resumption`, {}))
  // who is in a proposed circle is left alone until it is decided; what was suggested before is replaced
  const second = await search(broker)
  assert.equal(second.circles, 1)
  assert.equal(ok(await broker.get(`circles?search=${first.id}&status=suggested`)).items.length, 0)
  const [again] = ok(await broker.get(`circles?search=${second.id}`)).items
  ok(await two.members[0]!.post(`offers/${two.offers[0].id}/closure`, {}))
  refused(await broker.post(`circles/${again.id}/proposal`), 409, 'conflict')
  const [proposed] = ok(await one.members[0]!.get('circles?status=proposed')).items
  ok(await one.members[0]!.post(`circles/${proposed.id}/decline`))
  refused(await broker.post('circle-searches/018f0000-0000-7000-8000-000000000000/proposal'), 404, 'not-found')
  await clear(one)
  await clear(two)
})

test('two who propose circles that share an offer at once: one of them is refused', async () => {
  const ring = await makeRing(stage, admin, 2)
  const found = await search(broker)
  const [circle] = ok(await broker.get(`circles?search=${found.id}`)).items
  const answers = await Promise.all([
    broker.post(`circles/${circle.id}/proposal`),
    admin.post(`circles/${circle.id}/proposal`)
  ])
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409])
  assert.deepEqual(await told(ring.members[0]!, circle.id), ['circle.proposed'])
  ok(await ring.members[0]!.post(`circles/${circle.id}/decline`))
  await clear(ring)
})

test('one search at a time in a timebank', async () => {
  const answers = await Promise.all([1, 2, 3].map(() => broker.post('circle-searches', {})))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [202, 409, 409])
  await done(broker, ok(await broker.get('circle-searches?limit=1')).items[0].id)
  const pages = ok(await broker.get('circle-searches?limit=2'))
  assert.equal(pages.items.length, 2)
  assert.ok(pages.items[0].id > pages.items[1].id)
  const next = ok(await broker.get(`circle-searches?limit=2&cursor=${pages.next}`))
  assert.ok(next.items[0].id < pages.items[1].id)
})

test('a search at which the service ends waits for the next one, which does it', async () => {
  const { timebankId } = ok(await admin.get('/v1/me')).memberships[0]
  const id = newId()
  await asOwner(
    `INSERT INTO circles.searches (timebank_id, id, state, budget_ms, requested_at) VALUES ($1, $2, 'waiting', 5000, now())`,
    [timebankId, id]
  )
  const payload = { timebank: timebankId, search: id }
  const ended = new Error('the service ends')
  await assert.rejects(circlesTasks(stage.database, AbortSignal.abort(ended))['circles.search']!(payload), ended)
  assert.equal(ok(await broker.get(`circle-searches/${id}`)).state, 'waiting')
  await circlesTasks(stage.database)['circles.search']!(payload)
  assert.equal(ok(await broker.get(`circle-searches/${id}`)).state, 'done')
})

test('the service searches by itself once a week where the policy says so', async () => {
  const weekly = () => circlesTasks(stage.database)['circles.weekly']!({})
  const newest = async () => ok(await broker.get('circle-searches?limit=1')).items[0]
  const before = await newest()
  await weekly()
  assert.equal((await newest()).id, before.id)
  await change({ circleSearch: 'weekly' })
  try {
    await weekly()
    const search = await newest()
    assert.notEqual(search.id, before.id)
    assert.equal(search.requestedBy, null)
    await weekly()
    assert.equal((await newest()).id, search.id, 'one is under way')
    await done(broker, search.id)
  } finally {
    await change({ circleSearch: 'off' })
  }
})

test('a name that is kept to staff is shown only when the circle goes ahead', async () => {
  const ring = await proposedRing(stage, admin, 2, { profile: { profileVisibility: 'staff' } })
  const [hidden, other] = ring.members as [Client, Client]
  const before = ok(await other.get(`circles/${ring.id}`))
  assert.deepEqual(before.receives.provider, { memberId: null, name: null })
  assert.equal(ok(await hidden.get(`circles/${ring.id}`)).receives.provider.memberId, other.memberId)
  for (const member of ring.members) ok(await member.post(`circles/${ring.id}/agreement`))
  assert.equal(ok(await other.get(`circles/${ring.id}`)).receives.provider.memberId, hidden.memberId)
  await clear(ring)
})

test('the minutes of a ring are the smallest that somebody has said, in whole steps of the policy', async () => {
  const ring = await makeRing(stage, admin, 3, { minutes: [50, null, 120] })
  const found = await search(admin)
  const [circle] = ok(await admin.get(`circles?search=${found.id}`)).items
  assert.equal(circle.minutes, 45)
  await clear(ring)
})

test('lists of circles are turned page by page', async () => {
  const rings = await proposedRings(stage, admin, 2, 2)
  const { items } = ok(await broker.get('circles?status=proposed'))
  assert.equal(items.length, 2)
  const first = ok(await broker.get('circles?status=proposed&limit=1'))
  const second = ok(await broker.get(`circles?status=proposed&limit=1&cursor=${first.next}`))
  assert.deepEqual([first.items[0].id, second.items[0].id], [items[0].id, items[1].id])
  assert.equal(second.next, null)
  assert.deepEqual(ok(await broker.get('circles?mine=true')).items, [])
  assert.equal((await broker.get('circles?status=nothing')).status, 400)
  const csv = await broker.get('circles?status=proposed', { accept: 'text/csv' })
  assert.match(csv.text, /minutes/)
  for (const ring of rings) await clear(ring)
})
