import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { listEvents } from '../../../src/modules/audit/index.ts'
import {
  expireListings,
  getRequest,
  listingsExpiringWithin,
  listingsTasks,
  markRequest,
  noteExpiryNotices
} from '../../../src/modules/listings/index.ts'
import { addDays } from '../../../src/shared/clock.ts'
import { DomainError } from '../../../src/shared/errors.ts'
import { addMember, type Client, foundAnother, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'
import { asService } from './support.ts'

let stage: Stage
let admin: Client
let broker: Client
let ann: Client
let bev: Client
let offline: Client
let garden: string
let organisation: string

before(async () => {
  stage = await makeStage('listings')
  admin = await setUp(stage)
  broker = await addMember(stage, admin, { name: 'Bron', roles: ['broker'] })
  ann = await addMember(stage, admin, { name: 'Ann' })
  bev = await addMember(stage, admin, { name: 'Bev' })
  offline = await addMember(stage, admin, { name: 'Olga Offline', login: false })
  garden = (await admin.get('categories/gardening')).body.id
  organisation = ok(await admin.post('organisations', { name: 'Library', kind: 'charity' }), 201).id
  ok(
    await admin.post(`organisations/${organisation}/affiliations`, {
      memberId: ann.memberId,
      professional: false,
      actsFor: true
    }),
    201
  )
})

after(() => stage.close())

// biome-ignore lint/suspicious/noExplicitAny: bodies of answers
type Json = any
const input = (more: Record<string, unknown> = {}) => ({
  categoryId: garden,
  title: 'Weeding',
  mode: 'do',
  setting: 'outdoors',
  ...more
})
const make = async (who: Client, list: 'offers' | 'requests', more: Record<string, unknown> = {}): Promise<Json> =>
  ok(await who.post(list, input(more)), 201)
const today = () => new Date().toISOString().slice(0, 10)

/** Puts a listing into a state that only time or exchanges bring about. */
const force = (list: string, id: string, status: string, expiresOn: string | null = null) =>
  asService(stage, admin, (tx) =>
    tx.client.query(`UPDATE listings.${list} SET status = $2, expires_on = coalesce($3, expires_on) WHERE id = $1`, [
      id,
      status,
      expiresOn
    ])
  )

const states = {
  offers: {
    all: ['draft', 'open', 'paused', 'closed', 'expired'],
    steps: {
      opening: { draft: 'open' },
      pause: { open: 'paused' },
      resumption: { paused: 'open' },
      closure: { draft: 'closed', open: 'closed', paused: 'closed' }
    },
    editable: ['draft', 'open', 'paused']
  },
  requests: {
    all: ['draft', 'open', 'matched', 'in_progress', 'fulfilled', 'withdrawn', 'expired'],
    steps: {
      opening: { draft: 'open' },
      withdrawal: { draft: 'withdrawn', open: 'withdrawn', matched: 'withdrawn' },
      fulfilment: { in_progress: 'fulfilled' }
    },
    editable: ['draft', 'open', 'matched']
  }
} as const

for (const list of ['offers', 'requests'] as const)
  describe(`states of ${list}`, () => {
    for (const [step, moves] of Object.entries(states[list].steps) as [string, Record<string, string>][])
      for (const from of states[list].all)
        test(`${step} of a listing that is ${from}: ${moves[from] ?? 'refused'}`, async () => {
          const { id } = await make(ann, list, { open: true })
          await force(list, id, from)
          const answer = await ann.post(`${list}/${id}/${step}`)
          if (moves[from]) assert.deepEqual([ok(answer).status, answer.headers['etag']], [moves[from], '"2"'])
          else assert.equal(refused(answer, 409, 'wrong-state').state, from)
        })

    for (const status of states[list].all) {
      const may = (states[list].editable as readonly string[]).includes(status)
      test(`a listing that is ${status} is ${may ? '' : 'not '}edited`, async () => {
        const { id } = await make(ann, list, { open: true })
        await force(list, id, status)
        const answer = await ann.patch(`${list}/${id}`, { title: 'Hoeing' }, 1)
        if (may) assert.equal(ok(answer).title, 'Hoeing')
        else refused(answer, 409, 'wrong-state')
      })
    }
  })

describe('what exchanges make of a request', () => {
  for (const [from, to, becomes] of [
    ['open', 'matched', 'matched'],
    ['open', 'in_progress', 'in_progress'],
    ['open', 'fulfilled', 'fulfilled'],
    ['matched', 'in_progress', 'in_progress'],
    ['matched', 'open', 'open'],
    ['in_progress', 'fulfilled', 'fulfilled'],
    ['in_progress', 'open', 'open'],
    ['in_progress', 'matched', 'in_progress'],
    ['matched', 'matched', 'matched'],
    ['fulfilled', 'open', 'fulfilled'],
    ['withdrawn', 'matched', 'withdrawn'],
    ['expired', 'fulfilled', 'expired']
  ] as const)
    test(`${from} marked ${to} is ${becomes}`, async () => {
      const { id } = await make(ann, 'requests', { open: true })
      await force('requests', id, from)
      const marked = await asService(stage, admin, (tx) => markRequest(tx, id, to))
      assert.equal(marked.status, becomes)
      assert.equal(marked.rowVersion, from === becomes ? 1 : 2)
    })

  test('a draft is refused', async () => {
    const { id } = await make(ann, 'requests')
    const marking = asService(stage, admin, (tx) => markRequest(tx, id, 'matched'))
    await assert.rejects(marking, (error) => error instanceof DomainError && error.code === 'wrong-state')
  })
})

describe('who sees what', () => {
  test('a draft is seen by its owner and staff; to others it is not there', async () => {
    const { id } = await make(ann, 'offers')
    assert.equal(ok(await ann.get(`offers/${id}`)).own, true)
    assert.equal(ok(await broker.get(`offers/${id}`)).own, false)
    refused(await bev.get(`offers/${id}`), 404, 'not-found')
    const listed = async (who: Client, query: string) =>
      ok(await who.get(`offers?limit=200&${query}`)).items.some((o: Json) => o.id === id)
    assert.deepEqual(
      [
        await listed(ann, 'status=draft'),
        await listed(ann, 'mine=true'),
        await listed(ann, 'status=any'),
        await listed(ann, '')
      ],
      [true, true, true, false]
    )
    assert.deepEqual([await listed(broker, 'status=draft'), await listed(broker, 'status=any')], [true, true])
    assert.deepEqual(
      [await listed(bev, 'status=draft'), await listed(bev, 'status=any'), await listed(bev, `member=${ann.memberId}`)],
      [false, false, false]
    )
  })

  for (const status of ['paused', 'closed', 'expired'])
    test(`what is ${status} is seen by its owner and staff`, async () => {
      const { id } = await make(ann, 'offers', { open: true })
      ok(await bev.get(`offers/${id}`))
      await force('offers', id, status)
      assert.deepEqual(
        [
          (await ann.get(`offers/${id}`)).status,
          (await broker.get(`offers/${id}`)).status,
          (await bev.get(`offers/${id}`)).status
        ],
        [200, 200, 404]
      )
      assert.ok(!ok(await bev.get('offers?limit=200&status=any')).items.some((o: Json) => o.id === id))
    })

  test('nobody changes or moves what belongs to another: it looks as if it were not there', async () => {
    const { id } = await make(ann, 'offers', { open: true })
    refused(await bev.patch(`offers/${id}`, { title: 'Mine now' }, 1), 404, 'not-found')
    for (const step of ['opening', 'pause', 'resumption', 'closure'])
      refused(await bev.post(`offers/${id}/${step}`), 404, 'not-found')
    refused(await ann.post(`requests/${id}/withdrawal`), 404, 'not-found')
  })

  test('listings of a member who is not active are not shown to others', async () => {
    const cai = await addMember(stage, admin, { name: 'Cai' })
    const { id } = await make(cai, 'offers', { open: true })
    ok(await admin.post(`members/${cai.memberId}/suspension`, { reason: 'A complaint is looked into' }))
    refused(await bev.get(`offers/${id}`), 404, 'not-found')
    assert.ok(!ok(await bev.get('offers?limit=200')).items.some((o: Json) => o.id === id))
    ok(await broker.get(`offers/${id}`))
    refused(await broker.post('offers', input({ memberId: cai.memberId })), 422, 'party-not-active')
    ok(await broker.post(`offers/${id}/pause`))
    refused(await broker.post(`offers/${id}/resumption`), 422, 'party-not-active')
  })

  test('the owner is named to others only where they let themselves be seen, and contact data never', async () => {
    const dai = await addMember(stage, admin, {
      name: 'Dai',
      profile: { phone: '01234 567890', profileVisibility: 'staff' }
    })
    const { id } = await make(dai, 'offers', { open: true })
    const seen = await bev.get(`offers/${id}`)
    assert.equal(ok(seen).owner, null)
    assert.ok(!seen.text.includes('Dai') && !seen.text.includes('01234') && !seen.text.includes(dai.memberId))
    const listed = ok(await bev.get('offers?limit=200')).items.find((o: Json) => o.id === id)
    assert.equal(listed.owner, null)
    assert.deepEqual(ok(await bev.get(`offers?limit=200&member=${dai.memberId}`)).items, [])
    assert.equal(ok(await broker.get(`offers/${id}`)).owner.memberNumber, dai.number)
    const { id: openOne } = await make(ann, 'offers', { open: true })
    assert.deepEqual(ok(await bev.get(`offers/${openOne}`)).owner, {
      memberId: ann.memberId,
      memberNumber: ann.number,
      displayName: 'Ann'
    })
  })

  test('coordinates are rounded, and given to the owner and staff only', async () => {
    const { id } = await make(ann, 'requests', { open: true, latitude: 51.481581, longitude: -3.17909 })
    const exact = { latitude: 51.482, longitude: -3.179 }
    assert.deepEqual(ok(await ann.get(`requests/${id}`)).coordinates, exact)
    assert.deepEqual(ok(await broker.get(`requests/${id}`)).coordinates, exact)
    const others = await bev.get(`requests/${id}`)
    assert.equal(ok(others).coordinates, null)
    assert.ok(!others.text.includes('51.48'))
  })

  test('another timebank sees nothing of it', async () => {
    const other = await foundAnother(stage, admin, 'hillside')
    const { id } = await make(ann, 'offers', { open: true, title: 'Zebracrossing helper' })
    refused(await other.get(`offers/${id}`), 404, 'not-found')
    refused(await other.post(`offers/${id}/pause`), 404, 'not-found')
    assert.deepEqual(ok(await other.get('offers?q=zebracrosing')).items, [])
    assert.equal(ok(await bev.get('offers?q=zebracrosing')).items.length, 1)
    refused(await other.post('offers', input()), 400, 'validation-failed')
    refused(await other.get(`/v1/timebanks/${ann.timebank}/offers`), 404, 'not-found')
  })
})

describe('on behalf', () => {
  test('staff write for a member without a login, and the trail names both', async () => {
    const made = await make(broker, 'requests', { memberId: offline.memberId, open: true })
    assert.deepEqual([made.owner.memberNumber, made.status, made.own], [offline.number, 'open', false])
    ok(await broker.post(`requests/${made.id}/withdrawal`, { reason: 'She asked me to' }))
    const events = await asService(stage, admin, (tx) =>
      listEvents(tx, { subjectType: 'request', subjectId: made.id, before: null }, 10)
    )
    assert.deepEqual(
      events.map(({ action, actorMembershipId, onBehalfOf, reason }) => [
        action,
        actorMembershipId,
        onBehalfOf,
        reason
      ]),
      [
        ['request.withdrawn', broker.memberId, offline.memberId, 'She asked me to'],
        ['request.created', broker.memberId, offline.memberId, null]
      ]
    )
  })

  test('the trail of an edit names the fields and not the words', async () => {
    const made = await make(ann, 'offers')
    ok(await ann.patch(`offers/${made.id}`, { title: 'Private wording', area: 'North' }, 1))
    const [event] = await asService(stage, admin, (tx) =>
      listEvents(tx, { subjectType: 'offer', subjectId: made.id, before: null }, 1)
    )
    assert.deepEqual(
      [event?.action, event?.onBehalfOf, event?.changes],
      ['offer.updated', null, { fields: ['title', 'area'] }]
    )
  })

  test('members do not write for each other', async () => {
    refused(await ann.post('offers', input({ memberId: bev.memberId })), 403, 'forbidden')
    ok(await ann.post('offers', input({ memberId: ann.memberId })), 201)
    refused(await broker.post('offers', input({ memberId: organisation })), 404, 'not-found')
  })

  test('who acts for an organisation writes for it; others do not', async () => {
    const made = await make(ann, 'requests', {
      organisationId: organisation,
      title: 'Six readers',
      helpersNeeded: 6,
      open: true
    })
    assert.deepEqual([made.organisation, made.helpersNeeded], [{ id: organisation, name: 'Library' }, 6])
    assert.equal(
      refused(await bev.post('requests', input({ organisationId: organisation })), 422, 'capacity-not-covered')
        .errors[0].pointer,
      '/organisationId'
    )
    assert.ok(ok(await bev.get(`requests?organisation=${organisation}`)).items.some((r: Json) => r.id === made.id))
  })

  test("an organisation's listing is everybody's who acts for it, as long as they do", async () => {
    const made = await make(ann, 'offers', { organisationId: organisation })
    refused(await bev.get(`offers/${made.id}`), 404, 'not-found')
    const path = `organisations/${organisation}/affiliations`
    const affiliation = ok(
      await admin.post(path, { memberId: bev.memberId, professional: false, actsFor: true, validFrom: '2020-01-01' }),
      201
    )
    assert.equal(ok(await bev.get(`offers/${made.id}`)).own, true)
    assert.ok(ok(await bev.get('offers?mine=true')).items.some((o: Json) => o.id === made.id))
    ok(await bev.post(`offers/${made.id}/opening`))
    ok(await bev.post(`offers/${made.id}/pause`))
    const end = await admin.patch(
      `affiliations/${affiliation.id}`,
      { validTo: addDays(today(), -1) },
      affiliation.rowVersion ?? 1
    )
    ok(end)
    refused(await bev.get(`offers/${made.id}`), 404, 'not-found')
    assert.ok(!ok(await bev.get('offers?mine=true')).items.some((o: Json) => o.id === made.id))
  })
})

describe('writing', () => {
  test('offers stand 180 days and requests 60, unless they say otherwise', async () => {
    assert.equal((await make(ann, 'offers', { open: true })).expiresOn, addDays(today(), 180))
    assert.equal((await make(ann, 'requests', { open: true })).expiresOn, addDays(today(), 60))
    assert.equal((await make(ann, 'offers')).expiresOn, null)
    const day = addDays(today(), 730)
    assert.equal((await make(ann, 'offers', { open: true, expiresOn: day })).expiresOn, day)
  })

  test('no day in the past and none beyond two years', async () => {
    for (const days of [-1, 731]) {
      const answer = await ann.post('offers', input({ expiresOn: addDays(today(), days) }))
      assert.equal(refused(answer, 400, 'validation-failed').errors[0].pointer, '/expiresOn')
    }
    const { id } = await make(ann, 'offers', { open: true })
    refused(await ann.patch(`offers/${id}`, { expiresOn: null }, 1), 400, 'validation-failed')
  })

  test('resuming an offer whose day has passed gives it 180 days more', async () => {
    const { id } = await make(ann, 'offers', { open: true })
    await force('offers', id, 'paused', '2024-01-01')
    assert.equal(ok(await ann.post(`offers/${id}/resumption`)).expiresOn, addDays(today(), 180))
  })

  test('a closed category takes nothing new and keeps what it has', async () => {
    const closing = ok(await broker.post('categories', { name: 'Soon closed' }), 201)
    const open = await make(ann, 'offers', { categoryId: closing.id, open: true })
    const draft = await make(ann, 'offers', { categoryId: closing.id })
    const elsewhere = await make(ann, 'offers')
    ok(await broker.post(`categories/${closing.id}/closure`))
    refused(await ann.post('offers', input({ categoryId: closing.id })), 422, 'category-closed')
    refused(await ann.post(`offers/${draft.id}/opening`), 422, 'category-closed')
    refused(await ann.patch(`offers/${elsewhere.id}`, { categoryId: closing.id }, 1), 422, 'category-closed')
    ok(await ann.patch(`offers/${open.id}`, { title: 'Still here' }, 1))
    ok(await ann.post(`offers/${open.id}/pause`))
    ok(await ann.post(`offers/${open.id}/resumption`))
  })

  for (const [what, more, pointer] of [
    ['a title without words', { title: '   ' }, '/title'],
    ['an unknown mode', { mode: 'sell' }, '/mode'],
    ['an unknown part of the week', { availability: ['mon_night'] }, '/availability/0'],
    ['half a place', { latitude: 51.5 }, '/longitude'],
    ['a place off the earth', { latitude: 91, longitude: 0 }, '/latitude'],
    ['NUL', { description: 'a\u0000b' }, '/description'],
    ['no minutes', { estimatedMinutes: 0 }, '/estimatedMinutes'],
    ['an unknown field', { diagnosis: 'x' }, '/diagnosis'],
    ['helpers for an offer', { helpersNeeded: 2 }, '/helpersNeeded'],
    ['a language that is none', { languages: ['Welsh'] }, '/languages/0']
  ] as const)
    test(`${what} is refused, and its place is named`, async () => {
      const body = refused(await ann.post('offers', input(more)), 400, 'validation-failed')
      assert.deepEqual(
        body.errors.map((error: Json) => error.pointer),
        [pointer]
      )
    })

  test('repeats in lists are dropped, and what is left out of an edit stays', async () => {
    const made = await make(ann, 'offers', {
      availability: ['mon_morning', 'mon_morning'],
      languages: ['cy', 'cy'],
      area: 'North'
    })
    assert.deepEqual([made.availability, made.languages], [['mon_morning'], ['cy']])
    const after = ok(await ann.patch(`offers/${made.id}`, { estimatedMinutes: 45 }, 1))
    assert.deepEqual([after.area, after.languages, after.estimatedMinutes, after.rowVersion], ['North', ['cy'], 45, 2])
    assert.equal(ok(await ann.patch(`offers/${made.id}`, { area: null }, 2)).area, null)
  })

  test('of two edits at the same moment one is 412', async () => {
    const { id } = await make(ann, 'offers')
    const both = await Promise.all(
      ['One', 'Two', 'Six'].map((title) => ann.patch(`offers/${id}`, { title: `${title} hedges` }, 1))
    )
    assert.deepEqual(both.map((answer) => answer.status).sort(), [200, 412, 412])
    refused(await ann.call('PATCH', `offers/${id}`, { title: 'No version' }), 428, 'precondition-required')
  })

  test('a repeat with the same key makes one listing', async () => {
    const headers = { 'idempotency-key': 'listing-once-0001' }
    const first = ok(await ann.post('offers', input(), headers), 201)
    const again = await ann.post('offers', input(), headers)
    assert.deepEqual([ok(again, 201).id, again.headers['idempotency-replayed']], [first.id, 'true'])
  })

  test('writers of the same new words in any order do not block each other', async () => {
    const words = ['alphorn', 'basalt', 'cobalt', 'dulcimer', 'elderflower']
    const titles = Array.from({ length: 12 }, (_, i) =>
      (i % 2 ? [...words].reverse() : words).map((word) => `${word}${Math.floor(i / 4)}`).join(' ')
    )
    for (const answer of await Promise.all(titles.map((title) => ann.post('offers', input({ title }))))) ok(answer, 201)
  })
})

describe('expiry', () => {
  test('what stood until yesterday expires, what stands today does not, and the trail says so', async () => {
    const day = today()
    const [gone, here, matched, busy, paused] = [
      await make(ann, 'offers', { open: true }),
      await make(ann, 'offers', { open: true }),
      await make(ann, 'requests', { open: true }),
      await make(ann, 'requests', { open: true }),
      await make(ann, 'offers', { open: true })
    ]
    const yesterday = addDays(day, -1)
    await force('offers', gone.id, 'open', yesterday)
    await force('offers', here.id, 'open', day)
    await force('requests', matched.id, 'matched', yesterday)
    await force('requests', busy.id, 'in_progress', yesterday)
    await force('offers', paused.id, 'paused', yesterday)
    const expired = await asService(stage, admin, (tx) => expireListings(tx, day))
    assert.deepEqual(
      expired.map(({ kind, id }) => `${kind} ${id}`).sort(),
      [`offer ${gone.id}`, `request ${matched.id}`].sort()
    )
    assert.equal(ok(await ann.get(`offers/${here.id}`)).status, 'open')
    assert.equal((await asService(stage, admin, (tx) => getRequest(tx, busy.id))).status, 'in_progress')
    const [event] = await asService(stage, admin, (tx) =>
      listEvents(tx, { subjectType: 'request', subjectId: matched.id, before: null }, 1)
    )
    assert.deepEqual(
      [event?.action, event?.onBehalfOf, event?.changes],
      ['request.expired', ann.memberId, { status: ['matched', 'expired'] }]
    )
    assert.deepEqual(await asService(stage, admin, (tx) => expireListings(tx, day)), [])
  })

  test('a notice is due once for each date', async () => {
    const { id } = await make(ann, 'offers', { open: true, expiresOn: addDays(today(), 5) })
    const due = () =>
      asService(stage, admin, (tx) => listingsExpiringWithin(tx, 7)).then((found) =>
        found.find((listing) => listing.id === id)
      )
    const listing = await due()
    assert.ok(listing)
    assert.equal(
      await asService(stage, admin, (tx) => listingsExpiringWithin(tx, 4)).then((found) =>
        found.some((l) => l.id === id)
      ),
      false
    )
    await asService(stage, admin, (tx) => noteExpiryNotices(tx, [listing]))
    assert.equal(await due(), undefined)
    ok(await ann.patch(`offers/${id}`, { expiresOn: addDays(today(), 6) }, 1))
    assert.ok(await due())
  })

  test('the job goes through every timebank, and tells the owner once for each date', async () => {
    const { id } = await make(ann, 'offers', { open: true, expiresOn: addDays(today(), 2) })
    const { id: gone } = await make(bev, 'offers', { open: true })
    await force('offers', gone, 'open', '2024-01-01')
    const due = () =>
      asService(stage, admin, (tx) => listingsExpiringWithin(tx, 7)).then((found) =>
        found.some((listing) => listing.id === id)
      )
    const told = async () =>
      ok(await ann.get('notices')).items.filter((notice: { subjectId: string }) => notice.subjectId === id)
    for (let run = 0; run < 2; run += 1) {
      await listingsTasks(stage.database)['listings.expire']!({})
      assert.equal(ok(await bev.get(`offers/${gone}`)).status, 'expired')
      assert.equal(await due(), false)
      assert.deepEqual(
        (await told()).map(({ kind }: { kind: string }) => kind),
        ['offer.expiring']
      )
    }
  })
})
