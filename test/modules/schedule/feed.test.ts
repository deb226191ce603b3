import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import ICAL from 'ical.js'
import { inTimebank } from '../../../src/db/client.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { addMember, type Client, foundAnother, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'
import { type Json, monday, moveClock } from './support.ts'

let stage: Stage
let admin: Client
let ann: Client
let bob: Client
let garden: string
let arrangement: Json

before(async () => {
  stage = await makeStage('feed')
  await moveClock(stage, monday.toISOString())
  admin = await setUp(stage)
  ann = await addMember(stage, admin, { name: 'Ann' })
  bob = await addMember(stage, admin, { name: 'Bob, the gardener' })
  garden = ok(await admin.get('categories/gardening')).id
  const proposal = {
    title: 'Roses; and more',
    categoryId: garden,
    provider: { memberId: ann.memberId },
    receiver: { memberId: bob.memberId },
    minutes: 90,
    startsAt: '2026-03-03T10:00',
    rrule: 'FREQ=WEEKLY;COUNT=6',
    place: 'Mill Lane, by the gate',
    onlineLink: 'https://meet.example.org/roses'
  }
  const { id } = ok(await ann.post('arrangements', proposal), 201)
  arrangement = ok(await bob.post(`arrangements/${id}/agreement`))
})

after(() => stage.close())

const linkOf = async (who: Client): Promise<string> =>
  new URL(ok(await who.post('members/me/calendar-feed'), 201).url).pathname

/** Read by another program than the one that wrote it. */
async function eventsAt(link: string): Promise<Map<string, ICAL.Event>> {
  const answer = await stage.anonymous.get(link)
  assert.equal(answer.status, 200, answer.text)
  assert.match(answer.headers['content-type']!, /^text\/calendar/)
  assert.ok(answer.text.split('\r\n').every((line) => Buffer.byteLength(line) <= 75))
  const calendar = new ICAL.Component(ICAL.parse(answer.text))
  assert.equal(calendar.getFirstPropertyValue('version'), '2.0')
  const events = calendar.getAllSubcomponents('vevent').map((component) => new ICAL.Event(component))
  return new Map(events.map((event) => [event.uid.split('@')[0]!, event]))
}

const sessions = async (): Promise<Json[]> => ok(await ann.get(`arrangements/${arrangement.id}/sessions`)).items

test('the feed tells sessions and appointments at their instants, with whom and where, through the change of the clocks', async () => {
  const exchange = ok(
    await bob.post('exchanges', {
      provider: { memberId: ann.memberId },
      receiver: { memberId: bob.memberId },
      categoryId: garden,
      minutes: 30
    }),
    201
  )
  ok(await bob.put(`exchanges/${exchange.id}/appointment`, { startsAt: '2026-03-05T08:15', minutes: 30 }))
  const events = await eventsAt(await linkOf(ann))
  assert.equal(events.size, 7)
  for (const session of await sessions()) {
    const event = events.get(session.id)!
    assert.equal(event.startDate.toJSDate().toISOString(), session.startsAtUtc)
    assert.equal(event.endDate.toJSDate().toISOString(), session.endsAtUtc)
    assert.equal(event.summary, 'Roses; and more – Bob, the gardener')
    assert.equal(event.location, 'Mill Lane, by the gate')
    assert.equal(event.component.getFirstPropertyValue('url'), 'https://meet.example.org/roses')
    assert.equal(event.component.getFirstPropertyValue('status'), 'CONFIRMED')
    assert.equal(event.sequence, 0)
  }
  assert.equal(events.get(exchange.id)!.summary, 'Gardening – Bob, the gardener')
  ok(await ann.post(`exchanges/${exchange.id}/decline`))
  const later = await eventsAt(await linkOf(ann))
  assert.equal(later.get(exchange.id)!.component.getFirstPropertyValue('status'), 'CANCELLED')
})

test('a session that is moved keeps its id and has a later sequence; one that is skipped is cancelled', async () => {
  const link = await linkOf(bob)
  const [first, second] = await sessions()
  const before = await eventsAt(link)
  ok(await ann.patch(`sessions/${first.id}`, { startsAt: '2026-03-04T12:00' }, 1))
  ok(await ann.post(`sessions/${second.id}/skip`))
  const events = await eventsAt(link)
  assert.deepEqual([...events.keys()].toSorted(), [...before.keys()].toSorted())
  assert.equal(events.get(first.id)!.startDate.toJSDate().toISOString(), '2026-03-04T12:00:00.000Z')
  assert.equal(events.get(first.id)!.sequence, 1)
  assert.equal(events.get(second.id)!.component.getFirstPropertyValue('status'), 'CANCELLED')
  assert.equal(events.get(second.id)!.sequence, 1)
})

test('what has not changed since it was read is not sent again', async () => {
  const link = await linkOf(ann)
  const first = await stage.anonymous.get(link)
  const again = await stage.anonymous.get(link, { 'if-none-match': first.headers['etag']! })
  assert.deepEqual([again.status, again.text], [304, ''])
  const [, , third] = await sessions()
  ok(await ann.patch(`sessions/${third.id}`, { place: 'The shed' }, third.rowVersion))
  const changed = await stage.anonymous.get(link, { 'if-none-match': first.headers['etag']! })
  assert.equal(changed.status, 200)
})

test('a new link makes the old one worthless, and so do revoking and leaving; all get the same answer', async () => {
  const leaver = await addMember(stage, admin, { name: 'Lea' })
  refused(await leaver.get('members/me/calendar-feed'), 404, 'not-found')
  const first = await linkOf(leaver)
  const second = await linkOf(leaver)
  assert.equal((await stage.anonymous.get(second)).status, 200)
  ok(await leaver.get('members/me/calendar-feed'))
  assert.equal((await leaver.call('DELETE', 'members/me/calendar-feed')).status, 204)
  refused(await leaver.call('DELETE', 'members/me/calendar-feed'), 404, 'not-found')
  const third = await linkOf(leaver)
  ok(await leaver.post('members/me/departure', {}))
  const unknown = `/v1/calendar/${randomBytes(40).toString('base64url')}.ics`
  const bodies = await Promise.all(
    [first, second, third, unknown, '/v1/calendar/short.ics'].map(async (link) => {
      const { instance, ...body } = refused(await stage.anonymous.get(link), 404, 'not-found')
      assert.ok(instance)
      return body
    })
  )
  for (const body of bodies) assert.deepEqual(body, bodies[0])
})

test('of the secret nothing is kept, neither with the link nor with the answer to a repeat', async () => {
  const key = { 'idempotency-key': 'the-same-key' }
  const first = ok(await ann.post('members/me/calendar-feed', {}, key), 201).url
  const second = ok(await ann.post('members/me/calendar-feed', {}, key), 201).url
  assert.notEqual(first, second)
  const token = new URL(second).pathname.split('/').at(-1)!.slice(0, -4)
  const { timebankId } = (await ann.get('/v1/me')).body.memberships[0]
  const kept = await inTimebank(stage.database, timebankId, systemActor, async (tx) => {
    const { rows } = await tx.client.query<{ answers: number; secrets: number }>(
      `SELECT (SELECT count(*) FROM platform.idempotency_keys WHERE body LIKE '%calendar/%') AS answers,
              (SELECT count(*) FROM schedule.feeds WHERE encode(secret_hash, 'hex') = $1) AS secrets`,
      [Buffer.from(token, 'base64url').subarray(16).toString('hex')]
    )
    return rows[0]
  })
  assert.deepEqual(kept, { answers: 0, secrets: 0 })
})

test('the same secret opens nothing in another timebank', async () => {
  const other = await foundAnother(stage, admin, 'hilltown')
  const here = await linkOf(ann)
  const there = await linkOf(other)
  const bytes = (link: string) => Buffer.from(link.split('/').at(-1)!.slice(0, -4), 'base64url')
  const mixed = Buffer.concat([bytes(there).subarray(0, 16), bytes(here).subarray(16)]).toString('base64url')
  refused(await stage.anonymous.get(`/v1/calendar/${mixed}.ics`), 404, 'not-found')
})
