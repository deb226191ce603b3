import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { addMember, type Client, foundAnother, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'
import { type Json, monday, moveClock, planAhead } from './support.ts'

let stage: Stage
let admin: Client
let broker: Client
let lena: Client
let ann: Client
let bob: Client
let garden: string

before(async () => {
  stage = await makeStage('schedule_groups')
  await moveClock(stage, monday.toISOString())
  admin = await setUp(stage)
  broker = await addMember(stage, admin, { name: 'Bron', roles: ['broker'] })
  garden = ok(await admin.get('categories/gardening')).id
})

beforeEach(async () => {
  await moveClock(stage, monday.toISOString(), admin, broker)
  lena = await addMember(stage, admin, { name: 'Lena' })
  ann = await addMember(stage, admin, { name: 'Ann' })
  bob = await addMember(stage, admin, { name: 'Bob' })
})

after(() => stage.close())

const at = (instant: string) => moveClock(stage, instant, admin, broker, lena, ann, bob)
const begin = async (more: Record<string, unknown> = {}, by = lena): Promise<Json> =>
  ok(
    await by.post('arrangements', {
      title: 'Pruning together',
      categoryId: garden,
      provider: { memberId: lena.memberId },
      minutes: 60,
      startsAt: '2026-03-03T10:00',
      rrule: 'FREQ=WEEKLY',
      onlineLink: 'https://meet.example.org/prune',
      capacity: 2,
      ...more
    }),
    201
  )
const sessionsOf = async ({ id }: Json, by = lena): Promise<Json[]> =>
  ok(await by.get(`arrangements/${id}/sessions`)).items
const join = (group: Json, who: Client, more: Record<string, unknown> = {}, by = who) =>
  by.post(`arrangements/${group.id}/registrations`, {
    as: 'receiver',
    ...(by === who ? {} : { memberId: who.memberId }),
    ...more
  })
const calendarOf = async (who: Client): Promise<Json[]> => ok(await who.get('calendar')).items

test('a group is there when its leader makes it; everybody sees it, and who takes part where it meets online', async () => {
  const group = await begin()
  assert.deepEqual([group.status, group.kind, group.receiver], ['active', 'group', null])
  assert.equal((await sessionsOf(group)).length, 8)
  assert.equal(ok(await ann.get(`arrangements/${group.id}`)).onlineLink, null)
  const { items } = ok(await ann.get('arrangements?of=groups&limit=200'))
  assert.ok(items.some(({ id }: Json) => id === group.id))
  ok(await join(group, ann), 201)
  assert.equal(ok(await ann.get(`arrangements/${group.id}`)).onlineLink, 'https://meet.example.org/prune')
  assert.deepEqual(
    ok(await ann.get('arrangements?of=registered')).items.map(({ id }: Json) => id),
    [group.id]
  )
  refused(await ann.post(`arrangements/${group.id}/ending`), 403, 'forbidden')
  refused(
    await ann.post('arrangements', {
      title: 'x',
      categoryId: garden,
      provider: { memberId: lena.memberId },
      minutes: 60,
      startsAt: '2026-03-03T10:00'
    }),
    403,
    'forbidden'
  )
})

test('a group in a risky category waits for a broker', async () => {
  const risky = ok(await admin.post('categories', { name: `Roofs ${lena.number}`, risk: 'high' }), 201).id
  const group = await begin({ categoryId: risky })
  assert.equal(group.status, 'awaiting_approval')
  refused(await ann.get(`arrangements/${group.id}`), 404, 'not-found')
  refused(await join(group, ann), 409, 'wrong-state')
  ok(await broker.post(`arrangements/${group.id}/approval`))
  ok(await join(group, ann), 201)
})

test('of many who want the last place at once one gets it, the others wait in their order', async () => {
  const group = await begin({ capacity: 1 })
  const crowd = await Promise.all(['C', 'D', 'E', 'F'].map((name) => addMember(stage, admin, { name })))
  const answers = (await Promise.all(crowd.map((who) => join(group, who)))).map((answer) => ok(answer, 201))
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), ['registered', 'waiting', 'waiting', 'waiting'])
  refused(await join(group, crowd[0]!), 409, 'already-exists')
  assert.equal(ok(await join(group, ann, { as: 'provider' }), 201).status, 'registered', 'places are for receivers')

  const first = answers.find(({ status }) => status === 'registered')
  const owner = crowd.find(({ memberId }) => memberId === first.memberId)!
  assert.equal((await calendarOf(owner)).length, 8)
  const other = crowd.find((who) => who !== owner)!
  const there = `arrangements/${group.id}/registrations/${first.id}`
  refused(await other.call('DELETE', there), 404, 'not-found')
  assert.equal((await owner.call('DELETE', there)).status, 204)
  refused(await owner.call('DELETE', there), 409, 'wrong-state')
  assert.deepEqual(await calendarOf(owner), [])
  const { items } = ok(await lena.get(`arrangements/${group.id}/registrations`))
  const [next] = answers.filter(({ status }) => status === 'waiting').sort((a, b) => (a.id < b.id ? -1 : 1))
  const given = items.filter((r: Json) => r.as === 'receiver' && r.status === 'registered')
  assert.deepEqual(
    given.map(({ id }: Json) => id),
    [next.id]
  )
  const lucky = crowd.find(({ memberId }) => memberId === next.memberId)!
  assert.equal((await calendarOf(lucky)).length, 8)
  assert.ok(ok(await lucky.get('notices')).items.some(({ kind }: Json) => kind === 'arrangement.place-given'))
  assert.equal(ok(await lucky.get(`arrangements/${group.id}/registrations`)).items.length, 1, 'others see their own')
})

test('places in one session count with those in all', async () => {
  const group = await begin({ capacity: 2 })
  const [first, second] = await sessionsOf(group)
  assert.equal(ok(await join(group, ann, { sessionId: first.id }), 201).status, 'registered')
  assert.equal(ok(await join(group, bob), 201).status, 'registered')
  const carl = await addMember(stage, admin, { name: 'Carl' })
  assert.equal(ok(await join(group, carl, { sessionId: first.id }), 201).status, 'waiting')
  assert.equal(ok(await join(group, carl, { sessionId: second.id }), 201).status, 'registered')
  assert.equal((await calendarOf(ann)).length, 1)
  const wider = ok(await lena.get(`arrangements/${group.id}`))
  ok(await lena.patch(`arrangements/${group.id}`, { capacity: 3 }, wider.rowVersion))
  assert.equal((await calendarOf(carl)).length, 2, 'who waited has a place')
  refused(await join(group, ann, { sessionId: crypto.randomUUID() }), 400, 'validation-failed')
})

test('a broker enters others; sessions made later have those who take part in all', async () => {
  const group = await begin()
  refused(await join(group, bob, {}, ann), 403, 'forbidden')
  ok(await join(group, bob, {}, broker), 201)
  assert.ok(ok(await bob.get('notices')).items.some(({ kind }: Json) => kind === 'arrangement.registered'))
  await at('2026-03-09T01:13:00Z')
  await planAhead(stage)
  const later = (await calendarOf(bob)).at(-1)
  assert.equal(later.startsAt, '2026-04-28T10:00')
  ok(await lena.post(`sessions/${later.id}/skip`))
  assert.ok(!(await calendarOf(bob)).some(({ id }) => id === later.id))
})

test('who came is noted by the leader and recorded by a broker, as one group of exchanges that moves the hours', async () => {
  const group = await begin({ capacity: 5 })
  ok(await join(group, ann), 201)
  const [first] = await sessionsOf(group)
  const people = [
    { memberId: lena.memberId, as: 'provider', minutes: 60 },
    { memberId: ann.memberId, as: 'receiver' },
    { memberId: bob.memberId, as: 'receiver' }
  ]
  refused(await lena.put(`sessions/${first.id}/attendance`, { people }), 422, 'future-service-date')
  await at('2026-03-03T11:30:00Z')
  refused(await ann.put(`sessions/${first.id}/attendance`, { people }), 403, 'forbidden')
  refused(await ann.get(`sessions/${first.id}/attendance`), 403, 'forbidden')
  const twice = [...people, { memberId: bob.memberId, as: 'receiver' }]
  const faults = refused(await lena.put(`sessions/${first.id}/attendance`, { people: twice }), 400, 'validation-failed')
  assert.deepEqual(faults.errors, [{ pointer: '/people/3', detail: 'Comes twice.' }])
  refused(await broker.post(`sessions/${first.id}/record`, {}), 409, 'wrong-state')
  refused(await lena.post(`sessions/${first.id}/report`, {}), 409, 'wrong-state')

  const noted = ok(await lena.put(`sessions/${first.id}/attendance`, { people }))
  assert.deepEqual(
    noted.people.map((p: Json) => [p.name, p.as, p.minutes, p.registered]),
    [
      ['Lena', 'provider', 60, true],
      ['Ann', 'receiver', 60, true],
      ['Bob', 'receiver', 60, false]
    ]
  )
  assert.equal(noted.contactMinutes, 120)
  const preview = ok(await broker.post('exchange-groups/preview', noted.recording))
  assert.equal(preview.allowed, true)
  refused(await lena.post(`sessions/${first.id}/record`, {}), 403, 'forbidden')
  const both = await Promise.all([1, 2].map(() => broker.post(`sessions/${first.id}/record`, {})))
  assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 409])
  const held = ok(await lena.get(`sessions/${first.id}`))
  assert.equal(held.status, 'held')
  const recorded = ok(await broker.get(`exchange-groups/${held.groupId}`))
  assert.equal(recorded.serviceMinutes, preview.serviceMinutes)
  assert.equal(recorded.performedOn, '2026-03-03')
  const mine = ok(await ann.get('exchanges')).items
  assert.deepEqual(
    mine.map((x: Json) => [x.status, x.serviceMinutes, x.groupId]),
    [['settled', 30, held.groupId]]
  )
  refused(await lena.put(`sessions/${first.id}/attendance`, { people }), 409, 'wrong-state')
})

test('who leaves gives up their place to who waits; a group whose leader leaves ends', async () => {
  const group = await begin({ capacity: 1 })
  ok(await join(group, ann), 201)
  assert.equal(ok(await join(group, bob), 201).status, 'waiting')
  ok(await ann.post('members/me/departure', {}))
  assert.equal((await calendarOf(bob)).length, 8)
  ok(await lena.post('members/me/departure', {}))
  assert.equal(ok(await bob.get(`arrangements/${group.id}`)).status, 'ended')
  assert.deepEqual(await calendarOf(bob), [])
  assert.ok(ok(await bob.get('notices')).items.some(({ kind }: Json) => kind === 'arrangement.ended'))
})

test('another timebank knows nothing of it', async () => {
  const group = await begin()
  const [first] = await sessionsOf(group)
  const other = { ...(await foundAnother(stage, admin, 'hilltown')) }
  for (const path of [`arrangements/${group.id}`, `sessions/${first.id}`, `arrangements/${group.id}/sessions`])
    refused(await other.get(path), 404, 'not-found')
  refused(await other.post(`sessions/${first.id}/skip`), 404, 'not-found')
  assert.deepEqual(ok(await other.get('sessions')).items, [])
})

test('a session at which nobody gave, or nobody was helped, cannot be recorded', async () => {
  const group = await begin()
  const [first] = await sessionsOf(group)
  await at('2026-03-03T11:30:00Z')
  for (const as of ['receiver', 'provider'] as const) {
    const people = [ann, bob].map(({ memberId }) => ({ memberId, as }))
    ok(await lena.put(`sessions/${first.id}/attendance`, { people }))
    refused(await broker.post(`sessions/${first.id}/record`, {}), 409, 'wrong-state')
  }
  assert.equal(ok(await lena.get(`sessions/${first.id}`)).status, 'planned')
})

test('who registers while a session is skipped is expected at it once it takes place after all', async () => {
  const group = await begin()
  const [first] = await sessionsOf(group)
  ok(await lena.post(`sessions/${first.id}/skip`))
  ok(await join(group, ann), 201)
  ok(await join(group, bob, { sessionId: first.id }), 201)
  assert.ok(!(await calendarOf(ann)).some(({ id }) => id === first.id))
  ok(await lena.post(`sessions/${first.id}/restoration`))
  for (const who of [ann, bob, lena]) assert.ok((await calendarOf(who)).some(({ id }) => id === first.id))
})

test('who registers while the rule leaves a date out is expected at it once the rule gives it again', async () => {
  const group = await begin()
  const [first] = await sessionsOf(group)
  const [, second] = await sessionsOf(group)
  const later = { startsAt: '2026-03-10T10:00' }
  const changed = ok(await lena.patch(`arrangements/${group.id}`, later, group.rowVersion))
  ok(await join(group, ann), 201)
  assert.equal((await calendarOf(ann))[0].id, second.id)
  ok(await lena.patch(`arrangements/${group.id}`, { startsAt: '2026-03-03T10:00' }, changed.rowVersion))
  assert.equal((await calendarOf(ann))[0].id, first.id)
})

test('one night plans ahead for more arrangements than one transaction takes, also while the clock goes on', async () => {
  const groups: Json[] = []
  for (let n = 0; n < 105; n += 1) groups.push(await begin())
  await at('2026-03-10T01:13:00Z')
  // a run that finds its own work due again would never end
  let reads = 0
  let now = stage.clock.now!.getTime()
  Object.defineProperty(stage.clock, 'now', {
    configurable: true,
    get: () => {
      reads += 1
      if (reads > 2000) throw new Error('the night does not end')
      now += 1000
      return new Date(now)
    }
  })
  try {
    await planAhead(stage)
  } finally {
    Object.defineProperty(stage.clock, 'now', { configurable: true, writable: true, value: new Date(now) })
  }
  for (const group of groups) assert.equal((await sessionsOf(group)).at(-1)?.ruleDate, '2026-04-28')
})
