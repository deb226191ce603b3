import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { addMember, type Client, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'
import { type Json, monday, moveClock, planAhead, remind } from './support.ts'

let stage: Stage
let admin: Client
let broker: Client
let ann: Client
let bob: Client
let carl: Client
let garden: string

before(async () => {
  stage = await makeStage('schedule')
  stage.clock.now = monday
  admin = await setUp(stage)
  broker = await addMember(stage, admin, { name: 'Bron', roles: ['broker'] })
  carl = await addMember(stage, admin, { name: 'Carl' })
  garden = ok(await admin.get('categories/gardening')).id
})

beforeEach(async () => {
  await moveClock(stage, monday.toISOString(), admin, broker, carl)
  ann = await addMember(stage, admin, { name: 'Ann' })
  bob = await addMember(stage, admin, { name: 'Bob' })
})

after(() => stage.close())

const weekly = (more: Record<string, unknown> = {}) => ({
  title: 'Garden on Tuesdays',
  categoryId: garden,
  provider: { memberId: ann.memberId },
  receiver: { memberId: bob.memberId },
  minutes: 60,
  startsAt: '2026-03-03T10:00',
  rrule: 'FREQ=WEEKLY',
  place: 'At the gate',
  ...more
})

const propose = async (more: Record<string, unknown> = {}, by = ann): Promise<Json> =>
  ok(await by.post('arrangements', weekly(more)), 201)
const agreed = async (more: Record<string, unknown> = {}): Promise<Json> =>
  ok(await bob.post(`arrangements/${(await propose(more)).id}/agreement`))
const sessionsOf = async ({ id }: Json, by = ann): Promise<Json[]> =>
  ok(await by.get(`arrangements/${id}/sessions?limit=200`)).items
const kindsTold = async (who: Client): Promise<string[]> =>
  ok(await who.get('notices?limit=200')).items.map(({ kind }: Json) => kind)
const exchange = async (): Promise<Json> =>
  ok(
    await ann.post('exchanges', {
      provider: { memberId: ann.memberId },
      receiver: { memberId: bob.memberId },
      categoryId: garden,
      minutes: 60
    }),
    201
  )
const version = ({ rowVersion }: Json) => ({ 'if-match': `"${rowVersion}"` })
const at = (instant: string) => moveClock(stage, instant, admin, broker, ann, bob, carl)

test('an arrangement that the other side agrees to has its sessions for eight weeks, at ten by the clock through the change of March', async () => {
  const arrangement = await propose()
  assert.equal(arrangement.status, 'proposed')
  assert.deepEqual(await sessionsOf(arrangement), [])
  refused(await ann.post(`arrangements/${arrangement.id}/agreement`), 403, 'own-confirmation')
  refused(await carl.post(`arrangements/${arrangement.id}/agreement`), 404, 'not-found')
  assert.equal(ok(await bob.post(`arrangements/${arrangement.id}/agreement`)).status, 'active')
  const sessions = await sessionsOf(arrangement)
  assert.deepEqual(
    sessions.map(({ startsAtUtc }) => startsAtUtc),
    [
      '2026-03-03T10:00:00.000Z',
      '2026-03-10T10:00:00.000Z',
      '2026-03-17T10:00:00.000Z',
      '2026-03-24T10:00:00.000Z',
      '2026-03-31T09:00:00.000Z',
      '2026-04-07T09:00:00.000Z',
      '2026-04-14T09:00:00.000Z',
      '2026-04-21T09:00:00.000Z'
    ]
  )
  assert.ok(sessions.every(({ startsAt }) => startsAt.endsWith('T10:00')))
  refused(await bob.post(`arrangements/${arrangement.id}/agreement`), 409, 'wrong-state')
  assert.deepEqual(await kindsTold(bob), ['arrangement.proposed'])
  assert.deepEqual(await kindsTold(ann), ['arrangement.agreed'])
})

test('sessions are made ahead each night, once however often, and at ten by the clock through the change of October', async () => {
  await at('2026-10-19T12:00:00Z')
  const arrangement = await agreed({ startsAt: '2026-10-20T10:00', rrule: 'FREQ=WEEKLY;COUNT=20' })
  const first = await sessionsOf(arrangement)
  assert.deepEqual(
    first.slice(0, 3).map(({ startsAtUtc }) => startsAtUtc),
    ['2026-10-20T09:00:00.000Z', '2026-10-27T10:00:00.000Z', '2026-11-03T10:00:00.000Z']
  )
  await at('2026-11-18T01:13:00Z')
  await Promise.all([planAhead(stage), planAhead(stage)])
  await planAhead(stage)
  const later = await sessionsOf(arrangement)
  assert.equal(later.length, 13)
  assert.equal(new Set(later.map(({ ruleDate }) => ruleDate)).size, 13)
  await at('2027-03-03T12:00:00Z')
  await planAhead(stage)
  const all = await sessionsOf(arrangement)
  assert.equal(all.length, 20)
  assert.equal(all.at(-1).ruleDate, '2027-03-02')
  assert.equal(ok(await ann.get(`arrangements/${arrangement.id}`)).status, 'ended', 'nothing lies ahead')
})

test('declining leaves nothing to be told but that it will not come about; sides and staff only know of it', async () => {
  const arrangement = await propose()
  refused(await carl.get(`arrangements/${arrangement.id}`), 404, 'not-found')
  refused(await ann.post(`arrangements/${arrangement.id}/decline`), 403, 'own-confirmation')
  assert.equal(ok(await bob.post(`arrangements/${arrangement.id}/decline`)).status, 'declined')
  assert.equal(ok(await broker.get(`arrangements/${arrangement.id}`)).status, 'declined')
  refused(await bob.post(`arrangements/${arrangement.id}/agreement`), 409, 'wrong-state')
})

test('what was changed since it was read is not agreed to', async () => {
  const arrangement = await propose()
  refused(await bob.patch(`arrangements/${arrangement.id}`, { minutes: 30 }, 1), 403, 'own-confirmation')
  const longer = ok(await ann.patch(`arrangements/${arrangement.id}`, { minutes: 120 }, 1))
  refused(await ann.patch(`arrangements/${arrangement.id}`, { minutes: 90 }, 1), 412, 'precondition-failed')
  refused(
    await bob.post(`arrangements/${arrangement.id}/agreement`, {}, version(arrangement)),
    412,
    'precondition-failed'
  )
  assert.equal(ok(await bob.post(`arrangements/${arrangement.id}/agreement`, {}, version(longer))).agreedMinutes, 120)
})

test('a broker proposes and agrees for others, and lets go ahead what the policy asks them to look at', async () => {
  const risky = ok(await admin.post('categories', { name: `Ladders ${ann.number}`, risk: 'high' }), 201).id
  refused(await broker.post('arrangements', weekly({ categoryId: risky })), 400, 'validation-failed')
  const arrangement = await propose({ categoryId: risky, proposedBy: 'provider' }, broker)
  assert.deepEqual(await kindsTold(ann), ['arrangement.proposed'])
  assert.equal(ok(await broker.post(`arrangements/${arrangement.id}/agreement`)).status, 'awaiting_approval')
  assert.deepEqual(await sessionsOf(arrangement), [])
  refused(await bob.post(`arrangements/${arrangement.id}/approval`), 403, 'forbidden')
  assert.equal(ok(await broker.post(`arrangements/${arrangement.id}/approval`)).status, 'active')
  assert.equal((await sessionsOf(arrangement)).length, 8)
})

test('every fault of a rule is named', async () => {
  const faults = async (rrule: string, more: Record<string, unknown> = {}) =>
    refused(await ann.post('arrangements', weekly({ rrule, ...more })), 400, 'validation-failed').errors
  assert.deepEqual(
    (await faults('FREQ=HOURLY;COUNT=500;BYSECOND=7;BYDAY=XX;NONSENSE')).map(
      ({ detail }: Json) => detail.split(':')[0]
    ),
    [
      '“NONSENSE” is not of the form NAME=VALUE.',
      'FREQ=HOURLY',
      'COUNT must be a whole number from 1 to 400.',
      'BYDAY must hold days such as MO, 1TU (the first) or -1FR (the last).',
      'BYSECOND is not known here'
    ]
  )
  assert.match((await faults('FREQ=WEEKLY;BYDAY=WE'))[0].detail, /next is on 2026-03-04/)
  assert.match((await faults('FREQ=WEEKLY;UNTIL=20200101'))[0].detail, /no session/)
  assert.match((await faults('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30'))[0].detail, /no session/)
  assert.match((await faults('FREQ=DAILY', { startsAt: '2015-03-03T10:00' }))[0].detail, /No session lies ahead/)
})

test('one session is moved, skipped, restored; a change of the arrangement passes it by and moves the others', async () => {
  const arrangement = await agreed()
  const [first, second, third] = await sessionsOf(arrangement)
  refused(await carl.patch(`sessions/${first.id}`, { startsAt: '2026-03-04T15:00' }, 1), 404, 'not-found')
  refused(await bob.call('PATCH', `sessions/${first.id}`, { minutes: 30 }), 428, 'precondition-required')
  const moved = ok(await bob.patch(`sessions/${first.id}`, { startsAt: '2026-03-04T15:00', place: null }, 1))
  assert.equal(moved.startsAtUtc, '2026-03-04T15:00:00.000Z')
  assert.equal(moved.ruleDate, '2026-03-03')
  refused(await bob.patch(`sessions/${first.id}`, { minutes: 30 }, 1), 412, 'precondition-failed')
  assert.equal(ok(await ann.post(`sessions/${second.id}/skip`, { reason: 'At the sea' })).status, 'skipped')
  refused(await bob.post(`sessions/${second.id}/skip`), 409, 'wrong-state')

  const { rowVersion } = ok(await ann.get(`arrangements/${arrangement.id}`))
  ok(await ann.patch(`arrangements/${arrangement.id}`, { startsAt: '2026-03-03T11:30', minutes: 45 }, rowVersion))
  const after = await sessionsOf(arrangement)
  assert.equal(after.length, 8)
  assert.deepEqual(after.map(({ startsAt, minutes, status }) => [startsAt, minutes, status]).slice(0, 3), [
    ['2026-03-04T15:00', 60, 'planned'],
    ['2026-03-10T10:00', 60, 'skipped'],
    ['2026-03-17T11:30', 45, 'planned']
  ])
  assert.equal(after[2].id, third.id)
  assert.equal(ok(await bob.post(`sessions/${second.id}/restoration`)).status, 'planned')
  const calendar = ok(await ann.get('calendar')).items
  assert.equal(calendar.length, 8)

  // another day: those that the rule no longer gives are called off, new ones are made
  const now = ok(await ann.get(`arrangements/${arrangement.id}`))
  ok(
    await ann.patch(
      `arrangements/${arrangement.id}`,
      { startsAt: '2026-03-05T11:30', rrule: 'FREQ=WEEKLY;COUNT=2' },
      now.rowVersion
    )
  )
  const planned = (await sessionsOf(arrangement)).filter(({ status }) => status === 'planned')
  assert.deepEqual(
    planned.map(({ startsAt }) => startsAt),
    ['2026-03-04T15:00', '2026-03-05T11:30', '2026-03-12T11:30']
  )
  assert.deepEqual((await kindsTold(ann)).toReversed(), ['arrangement.agreed', 'session.changed', 'session.restored'])
  assert.deepEqual((await kindsTold(bob)).toReversed(), [
    'arrangement.proposed',
    'session.skipped',
    'arrangement.changed',
    'arrangement.changed'
  ])
})

test('a session that took place is reported once, as an exchange that the other side confirms', async () => {
  const arrangement = await agreed()
  const [first] = await sessionsOf(arrangement)
  refused(await ann.post(`sessions/${first.id}/report`, {}), 422, 'future-service-date')
  refused(await ann.post(`sessions/${first.id}/no-show`, { side: 'receiver' }), 422, 'future-service-date')
  await at('2026-03-03T11:05:00Z')
  refused(await carl.post(`sessions/${first.id}/report`, {}), 404, 'not-found')
  const both = await Promise.all([
    ann.post(`sessions/${first.id}/report`, { minutes: 75 }),
    bob.post(`sessions/${first.id}/report`, {})
  ])
  assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 409])
  const held = ok(await broker.get(`sessions/${first.id}`))
  assert.equal(held.status, 'held')
  const made = ok(await ann.get(`exchanges/${held.exchangeId}`))
  assert.equal(made.status, 'reported')
  assert.equal(made.performedOn, '2026-03-03')
  assert.equal(made.description, 'Garden on Tuesdays')
  const other = made.reportedBy === 'provider' ? bob : ann
  assert.equal(ok(await other.post(`exchanges/${made.id}/confirmation`)).status, 'settled')
})

test('a no-show moves no hours, and can be put right by the other side', async () => {
  const arrangement = await agreed()
  const [first] = await sessionsOf(arrangement)
  await at('2026-03-03T10:30:00Z')
  const missed = ok(await ann.post(`sessions/${first.id}/no-show`, { side: 'receiver' }))
  assert.deepEqual([missed.status, missed.absent, missed.exchangeId], ['no_show', 'receiver', null])
  refused(await bob.post(`sessions/${first.id}/report`, {}), 409, 'wrong-state')
  ok(await bob.post(`sessions/${first.id}/restoration`))
  assert.equal(ok(await bob.post(`sessions/${first.id}/report`, {})).status, 'held')
})

test('ending an arrangement cancels what lies ahead; what has taken place is still reported', async () => {
  const arrangement = await agreed()
  const [first, second] = await sessionsOf(arrangement)
  await at('2026-03-03T12:00:00Z')
  refused(await carl.post(`arrangements/${arrangement.id}/ending`), 404, 'not-found')
  const ended = ok(await bob.post(`arrangements/${arrangement.id}/ending`, { reason: 'The garden is done' }))
  assert.equal(ended.status, 'ended')
  assert.equal(ok(await ann.get(`sessions/${second.id}`)).status, 'cancelled')
  refused(await ann.post(`sessions/${second.id}/restoration`), 409, 'wrong-state')
  assert.equal(ok(await ann.post(`sessions/${first.id}/report`, {})).status, 'held')
  assert.deepEqual(ok(await ann.get('calendar')).items, [])
})

test('an appointment is set, changed and taken away by either side; the other is told', async () => {
  const { id } = await exchange()
  const where = `exchanges/${id}/appointment`
  refused(await ann.get(where), 404, 'not-found')
  refused(await carl.put(where, { startsAt: '2026-03-05T10:00', minutes: 60 }), 404, 'not-found')
  const set = ok(await ann.put(where, { startsAt: '2026-03-05T10:00', minutes: 60, place: 'Library' }))
  assert.equal(set.startsAtUtc, '2026-03-05T10:00:00.000Z')
  assert.equal(set.timeZone, 'Europe/London')
  refused(await bob.put(where, { startsAt: '2026-03-06T10:00', minutes: 60 }), 428, 'precondition-required')
  refused(
    await bob.put(where, { startsAt: '2026-03-06T10:00', minutes: 60 }, { 'if-match': '"7"' }),
    412,
    'precondition-failed'
  )
  const moved = ok(
    await bob.put(
      where,
      {
        startsAt: '2026-03-06T10:00',
        minutes: 60,
        timeZone: 'America/New_York',
        onlineLink: 'https://meet.example.org/1'
      },
      version(set)
    )
  )
  assert.equal(moved.startsAtUtc, '2026-03-06T15:00:00.000Z')
  const entries = ok(await ann.get('calendar')).items
  assert.deepEqual(
    entries.map((e: Json) => [e.kind, e.id, e.title, e.with, e.startsAt]),
    [['appointment', id, 'Gardening', 'Bob', '2026-03-06T10:00']]
  )
  refused(await ann.call('DELETE', where), 428, 'precondition-required')
  assert.equal((await ann.call('DELETE', where, undefined, version(moved))).status, 204)
  refused(await bob.get(where), 404, 'not-found')
  assert.deepEqual(ok(await ann.get('calendar')).items, [])
  assert.deepEqual((await kindsTold(bob)).toReversed(), ['exchange.proposed', 'appointment.set', 'appointment.removed'])
  assert.deepEqual(await kindsTold(ann), ['appointment.set'])
})

test('of two who set an appointment at once one is refused', async () => {
  const { id } = await exchange()
  const set = (by: Client, day: string) =>
    by.put(`exchanges/${id}/appointment`, { startsAt: `2026-03-${day}T10:00`, minutes: 60 })
  const answers = await Promise.all([set(ann, '05'), set(bob, '06')])
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 428])
})

test('what has been called off is in no calendar, and has no appointment to set', async () => {
  const { id } = await exchange()
  ok(await ann.put(`exchanges/${id}/appointment`, { startsAt: '2026-03-05T10:00', minutes: 60 }))
  ok(await bob.post(`exchanges/${id}/decline`))
  refused(await ann.get(`exchanges/${id}/appointment`), 404, 'not-found')
  refused(
    await ann.put(`exchanges/${id}/appointment`, { startsAt: '2026-03-05T10:00', minutes: 60 }, { 'if-match': '"1"' }),
    409,
    'wrong-state'
  )
  assert.deepEqual(ok(await bob.get('calendar')).items, [])
})

test('what overlaps is told to whom it concerns, and refused to nobody', async () => {
  await agreed()
  const { id } = await exchange()
  const beside = ok(await bob.put(`exchanges/${id}/appointment`, { startsAt: '2026-03-10T11:00', minutes: 60 }))
  assert.deepEqual(beside.conflicts, [], 'one after the other')
  const at1030 = { startsAt: '2026-03-10T10:30', minutes: 60 }
  const across = ok(await bob.put(`exchanges/${id}/appointment`, at1030, version(beside)))
  assert.deepEqual(
    across.conflicts.map((c: Json) => [c.memberId, c.kind, c.startsAt]),
    [[bob.memberId, 'session', '2026-03-10T10:00:00.000Z']]
  )
  assert.equal(ok(await broker.get(`exchanges/${id}/appointment`)).conflicts.length, 2, 'staff see both')
  const [session, appointment] = ok(await bob.get('calendar?from=2026-03-10&to=2026-03-10')).items
  assert.deepEqual([session.conflicts, appointment.conflicts], [[appointment.id], [session.id]])

  const another = ok(
    await ann.post('arrangements', weekly({ receiver: { memberId: carl.memberId }, startsAt: '2026-03-03T10:15' })),
    201
  )
  assert.equal(another.conflicts.length, 9, 'eight sessions and an appointment')
  assert.deepEqual(ok(await carl.get(`arrangements/${another.id}`)).conflicts, [], "not those of the other side's days")
})

test('all concerned are reminded once of each session and appointment, by two workers too, and again of another time', async () => {
  const arrangement = await agreed()
  const { id } = await exchange()
  ok(await ann.put(`exchanges/${id}/appointment`, { startsAt: '2026-03-03T09:00', minutes: 60 }))
  const reminders = async (who: Client) => (await kindsTold(who)).filter((kind) => kind.endsWith('.reminder'))
  await at('2026-03-02T09:55:00Z')
  await remind(stage)
  assert.deepEqual(await reminders(bob), [], 'more than a day before; and the exchange is not agreed to')
  ok(await bob.post(`exchanges/${id}/agreement`))
  await at('2026-03-02T10:00:00Z')
  await Promise.all([remind(stage), remind(stage), remind(stage)])
  await remind(stage)
  assert.deepEqual((await reminders(bob)).toSorted(), ['appointment.reminder', 'session.reminder'])
  assert.deepEqual((await reminders(ann)).toSorted(), ['appointment.reminder', 'session.reminder'])
  const [first, second] = await sessionsOf(arrangement)
  ok(await ann.patch(`sessions/${first.id}`, { startsAt: '2026-03-03T18:00' }, 1))
  ok(await ann.post(`sessions/${second.id}/skip`))
  await at('2026-03-02T18:00:00Z')
  await remind(stage)
  assert.equal((await reminders(bob)).length, 3)
  await at('2026-03-09T23:00:00Z')
  await remind(stage)
  assert.equal((await reminders(bob)).length, 3, 'nobody is reminded of what was skipped')
})

test('a calendar is its own member’s; staff see those of others; it is read page by page', async () => {
  await agreed()
  refused(await carl.get(`calendar?memberId=${ann.memberId}`), 403, 'forbidden')
  const all = ok(await broker.get(`calendar?memberId=${ann.memberId}`)).items
  assert.equal(all.length, 8)
  const seen = []
  for (let next = ''; ; ) {
    const page = ok(await ann.get(`calendar?limit=3${next}`))
    seen.push(...page.items)
    if (page.next === null) break
    next = `&cursor=${page.next}`
  }
  assert.deepEqual(seen, all)
})

test('who leaves ends their arrangements, and nothing written about meeting them is left when they are erased', async () => {
  const arrangement = await agreed()
  ok(await bob.post('members/me/departure', {}))
  const ended = ok(await ann.get(`arrangements/${arrangement.id}`))
  assert.equal(ended.status, 'ended')
  assert.ok((await sessionsOf(arrangement)).every(({ status }) => status === 'cancelled'))
  assert.ok((await kindsTold(ann)).includes('arrangement.ended'))
  ok(await admin.post(`members/${bob.memberId}/erasure`, { reason: 'asked for it' }))
  const blank = ok(await ann.get(`arrangements/${arrangement.id}`))
  assert.deepEqual([blank.title, blank.place], ['', null])
  assert.ok((await sessionsOf(arrangement)).every(({ place }) => place === null))
})

test('vetting and the consent of guardians are asked for before anything is arranged, and again when it is reported', async () => {
  const company = ok(await admin.post('categories', { name: `Company ${ann.number}`, vetting: true }), 201).id
  refused(await ann.post('arrangements', weekly({ categoryId: company })), 422, 'vetting-needed')
  const { version: policyVersion } = ok(await admin.get('policy'))
  const allowed = { rules: { minorsAllowed: true }, why: 'For one test' }
  ok(await admin.call('PATCH', 'policy', allowed, { 'if-match': `"${policyVersion}"` }))
  const young = await addMember(stage, admin, { name: 'Yan', profile: { dateOfBirth: '2011-05-05' } })
  const receiver = { memberId: young.memberId }
  refused(await ann.post('arrangements', weekly({ receiver })), 422, 'guardian-consent-needed')
  const arrangement = await propose({ receiver, proposedBy: 'provider', guardianConsent: 'in_person' }, broker)
  ok(await young.post(`arrangements/${arrangement.id}/agreement`))
  const [first] = await sessionsOf(arrangement)
  await at('2026-03-03T11:30:00Z')
  refused(await ann.post(`sessions/${first.id}/report`, {}), 422, 'guardian-consent-needed')
  const held = ok(await broker.post(`sessions/${first.id}/report`, { guardianConsent: 'in_person' }))
  assert.equal(held.status, 'held')
})

test('a proposal that was changed is agreed to by its version only', async () => {
  const arrangement = await propose()
  const longer = ok(await ann.patch(`arrangements/${arrangement.id}`, { minutes: 600 }, 1))
  refused(await bob.post(`arrangements/${arrangement.id}/agreement`), 428, 'precondition-required')
  assert.equal(ok(await bob.get(`arrangements/${arrangement.id}`)).status, 'proposed')
  ok(await bob.post(`arrangements/${arrangement.id}/agreement`, {}, version(longer)))
})

test('two who have been noted as family since do not agree to an arrangement', async () => {
  const arrangement = await propose()
  ok(await bob.put(`members/me/family/${ann.number}`))
  refused(await bob.post(`arrangements/${arrangement.id}/agreement`), 422, 'family-unofficial-only')
})

test('no hours of the receiver move for days that only the provider has said yes to', async () => {
  const policy = async (rules: Record<string, unknown>) => {
    const { version: policyVersion } = ok(await admin.get('policy'))
    ok(await admin.patch('policy', { rules, why: 'For one test' }, policyVersion))
  }
  await policy({ whoConfirms: 'nobody' })
  const reported = async (change: Record<string, unknown> | null, by: Client): Promise<string[]> => {
    await at(monday.toISOString())
    const arrangement = await agreed()
    if (change) ok(await by.patch(`arrangements/${arrangement.id}`, change, arrangement.rowVersion))
    const sessions = (await sessionsOf(arrangement)).filter(({ status }) => status === 'planned')
    await at(sessions[0]!.endsAtUtc)
    const { exchangeId } = ok(await ann.post(`sessions/${sessions[0]!.id}/report`, {}))
    const { status } = ok(await ann.get(`exchanges/${exchangeId}`))
    return [status, String(ok(await bob.get(`arrangements/${arrangement.id}`)).agreedMinutes)]
  }
  try {
    assert.deepEqual(await reported(null, ann), ['settled', '60'])
    assert.deepEqual(await reported({ place: 'Behind the house', startsAt: '2026-03-03T11:00' }, ann), [
      'settled',
      '60'
    ])
    assert.deepEqual(await reported({ rrule: 'FREQ=DAILY' }, ann), ['reported', 'null'])
    assert.deepEqual(await reported({ startsAt: '2026-03-04T10:00' }, ann), ['reported', 'null'])
    assert.deepEqual(await reported({ rrule: 'FREQ=DAILY' }, bob), ['settled', '60'])
  } finally {
    await policy({ whoConfirms: 'other_side' })
  }
})

test('own arrangements come page by page, each once, newest first, whichever side one or one’s organisation is', async () => {
  const choir = ok(await admin.post('organisations', { name: `Choir ${ann.number}`, kind: 'community_group' }), 201)
  const affiliation = { memberId: ann.memberId, professional: false, actsFor: true, validFrom: '2026-01-01' }
  ok(await admin.post(`organisations/${choir.id}/affiliations`, affiliation), 201)
  const { memberId } = ann
  const made = [
    await propose(),
    await propose({ provider: { memberId: bob.memberId }, receiver: { memberId } }),
    await propose({
      receiver: { capacity: 'organisation', organisationId: choir.id },
      provider: { memberId: bob.memberId }
    }),
    await propose({ provider: { capacity: 'organisation', organisationId: choir.id, memberId } }),
    ok(await ann.post('arrangements', { ...weekly(), receiver: undefined }), 201)
  ].map(({ id }) => id)
  await propose({ provider: { memberId: carl.memberId } }, carl)
  const pages = async (by: Client, query: string): Promise<string[]> => {
    const ids: string[] = []
    for (let cursor = ''; ; ) {
      const { items, next } = ok(await by.get(`arrangements?limit=2&${query}${cursor}`))
      ids.push(...items.map(({ id }: Json) => id))
      if (!next) return ids
      cursor = `&cursor=${encodeURIComponent(next)}`
    }
  }
  assert.deepEqual(await pages(ann, 'of=own'), made.toReversed())
  assert.deepEqual(await pages(ann, `of=own&memberId=${bob.memberId.toUpperCase()}`), made.slice(0, 4).toReversed())
  assert.deepEqual(await pages(ann, 'of=own&status=active'), made.slice(4))
  assert.deepEqual(
    await pages(broker, `memberId=${memberId}`),
    [4, 3, 1, 0].map((i) => made[i])
  )
  assert.equal((await pages(bob, 'of=groups'))[0], made[4])
  assert.deepEqual(await pages(bob, 'of=groups&status=proposed'), await pages(broker, 'of=groups&status=proposed'))
  assert.equal((await pages(broker, 'of=groups'))[0], made[4])
})

test('ending an arrangement and restoring a session of it at once leaves no session of what has ended', async () => {
  for (let n = 0; n < 12; n += 1) {
    const arrangement = await agreed()
    const skipped = (await sessionsOf(arrangement)).slice(0, 4)
    for (const { id } of skipped) ok(await ann.post(`sessions/${id}/skip`))
    const steps = await Promise.all([
      bob.post(`arrangements/${arrangement.id}/ending`),
      ...skipped.map(({ id }) => ann.post(`sessions/${id}/restoration`))
    ])
    assert.ok(steps.every(({ status }) => [200, 409].includes(status)))
    const left = await sessionsOf(arrangement)
    assert.deepEqual(
      left.filter(({ status }) => status === 'planned'),
      []
    )
  }
})
