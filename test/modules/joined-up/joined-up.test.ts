import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Agency, makeAgency } from '../../support/agency.ts'
import { addMember, type Client, foundAnother, ok, refused } from '../../support/app.ts'
import { type Desk, type Json, makeDesk } from '../service-requests/support.ts'

let desk: Desk
let health: Agency
let council: Agency
let categoryId: string

const seeing = ['contact', 'share_status', 'share_attendance', 'see_others_involved']
const today = () => new Date().toISOString().slice(0, 10)

before(async () => {
  desk = await makeDesk('joined_up')
  health = desk.agency
  council = await desk.anotherAgency('Rivertown Council')
  const categories = ok(await desk.admin.get('categories')).items as Json[]
  categoryId = categories.find(({ slug }) => slug === 'gardening').id
})

after(() => desk?.close())

const page = async (by: Client, of: Client = by): Promise<Json> => ok(await by.get(`members/${of.memberId}/joined-up`))
const agencyPage = async (by: Agency, id: string): Promise<Json> =>
  ok(await by.client.get(`service-requests/${id}/joined-up`))
const figures = async (): Promise<Json> => ok(await desk.broker.get('joined-up/figures'))

/** A visit by a professional, as an exchange that the person has agreed to or not. */
const visit = async (by: Agency, person: Client, { agreed = true, ...more }: Record<string, unknown> = {}) => {
  const { id } = ok(
    await by.professional.post('exchanges', {
      provider: { memberId: by.professional.memberId, organisationId: by.organisationId, capacity: 'professional' },
      receiver: { memberId: person.memberId },
      categoryId,
      minutes: 60,
      ...more
    }),
    201
  )
  if (agreed) ok(await person.post(`exchanges/${id}/agreement`, {}))
  return id as string
}

test('figures of three people follow their formulas: the worked example of the README', async () => {
  const none = await figures()
  assert.deepEqual(
    [none.people, none.severalAgencies, none.meanAgencies],
    [0, { value: null, n: 0, d: 0 }, { value: null, n: 0, d: 0 }]
  )
  const [ann, bev, cai] = [await desk.member('Ann'), await desk.member('Bev'), await desk.member('Cai')]
  await desk.accepted(ann)
  await desk.accepted(ann, undefined, {}, council)
  await desk.accepted(bev)
  await visit(health, cai)
  // a neighbour who helps once is no contribution
  ok(
    await ann.post('exchanges', {
      provider: { memberId: ann.memberId },
      receiver: { memberId: bev.memberId },
      categoryId,
      minutes: 60
    }),
    201
  )
  const told = await figures()
  assert.deepEqual(
    [told.people, told.severalAgencies, told.withOverlap, told.meanAgencies, told.meanPeopleInvolved],
    [
      3,
      { value: 0.3333, n: 1, d: 3 },
      { value: 0.3333, n: 1, d: 3 },
      { value: 1.3333, n: 4, d: 3 },
      { value: 1.3333, n: 4, d: 3 }
    ]
  )
  assert.deepEqual([told.combinations, told.suppressedCombinations], [[], 1], 'one person is fewer than five')
  const policy = ok(await desk.admin.get('policy'))
  const change = (smallestPublishedCell: number, version: number) =>
    desk.admin.patch('policy', { rules: { smallestPublishedCell }, why: 'To look at combinations' }, version)
  ok(await change(1, policy.version))
  const [combination] = (await figures()).combinations
  assert.deepEqual(
    [combination.organisations, combination.people],
    [['Riverside Health Board', 'Rivertown Council'], 1]
  )
  ok(await change(5, policy.version + 1))
  // the page of each says the same of them
  const pages = [await page(ann), await page(bev), await page(cai)]
  assert.deepEqual(
    pages.map(({ figures: of }) => [of.agencies, of.contributions, of.people, of.categoriesWithOverlap]),
    [
      [2, 2, 2, 1],
      [1, 1, 1, 0],
      [1, 1, 1, 0]
    ]
  )
  refused(await ann.get('joined-up/figures'), 403, 'forbidden')
  assert.ok([403, 404].includes((await health.client.get('joined-up/figures')).status))
})

test('the person reads on one page what is open around them, with overlap and what waits for them', async () => {
  const { broker, stage, admin } = desk
  const person = await desk.member('Mair')
  const first = await desk.accepted(person)
  const { id: second } = await desk.post(desk.referral(person, { title: 'Company on walks' }), council.client)
  const visits = [await visit(health, person), await visit(health, person)]
  const told = await page(person)
  assert.deepEqual(
    told.contributions.map(({ id, kind, state, organisation }: Json) => [id, kind, state, organisation.name]),
    [
      [first.id, 'service_request', 'agreed', 'Riverside Health Board'],
      [second, 'service_request', 'asked', 'Rivertown Council'],
      ...visits.map((id) => [id, 'exchange', 'agreed', 'Riverside Health Board'])
    ]
  )
  assert.deepEqual(
    told.contributions.map(({ title }: Json) => title),
    ['Somebody to walk with', 'Company on walks', null, null]
  )
  // several visits of one professional are no overlap, two agencies who ask for the same are
  assert.deepEqual(
    told.overlaps.map(({ category, contributions, organisations }: Json) => [
      category.slug,
      contributions,
      organisations
    ]),
    [['walking-together', [first.id, second], ['Riverside Health Board', 'Rivertown Council']]]
  )
  assert.deepEqual(
    told.contributions.map(({ overlap }: Json) => overlap),
    [true, true, false, false]
  )
  assert.deepEqual(told.contributions[0].overlapsWith, [second])
  assert.deepEqual(
    told.attention.map(({ code, contributions }: Json) => [code, contributions]),
    [
      ['answer_wanted', [second]],
      ['overlap', [first.id, second]]
    ]
  )
  assert.deepEqual(
    [told.figures.agencies, told.figures.contributions, told.figures.people, told.figures.peopleWhoCome],
    [2, 4, 2, 1]
  )
  const [professional] = told.contributions[2].people
  assert.deepEqual([professional.part, professional.capacity], ['gives', 'professional'])

  // whoever else may see it, and who may not
  const { asOf: _, ...asStaff } = await page(broker, person)
  assert.equal(asStaff.contributions.length, 4)
  const supporter = await desk.member('Sian')
  const where = `members/${person.memberId}/joined-up`
  refused(await supporter.get(where), 404, 'not-found')
  const support = ok(
    await person.post(`members/${person.memberId}/supporters`, { supporter: supporter.memberId, scopes: ['consents'] }),
    201
  )
  const active = ok(await supporter.post(`supports/${support.id}/acceptance`))
  refused(await supporter.get(where), 404, 'not-found')
  const wider = ok(await person.patch(`supports/${support.id}`, { scopes: ['view'] }, active.rowVersion))
  assert.equal(ok(await supporter.get(where)).contributions.length, 4)
  ok(await person.patch(`supports/${support.id}`, { scopes: [] }, wider.rowVersion))
  refused(await supporter.get(where), 404, 'not-found')
  const elsewhere = await foundAnother(stage, admin, 'hilltown')
  refused(await elsewhere.get(where), 404, 'not-found')
  refused(await elsewhere.get(`/v1/timebanks/rivertown/${where}`), 404, 'not-found')
  assert.ok([403, 404].includes((await health.client.get(where)).status))
})

test('what belongs to a referral is counted with it, and a helper is named to the person alone', async () => {
  const person = await desk.member('Nia')
  const helper = await desk.member('Huw Helper')
  const request = await desk.accepted(person, seeing)
  const listing = ok(await person.get(`requests/${request.listingId}`))
  const { id } = ok(
    await person.post('exchanges', {
      provider: { memberId: helper.memberId },
      receiver: { memberId: person.memberId },
      requestId: request.listingId,
      categoryId: listing.categoryId,
      minutes: 60
    }),
    201
  )
  ok(await helper.post(`exchanges/${id}/agreement`, {}))
  const startsAt = `${new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10)}T10:00`
  ok(await helper.put(`exchanges/${id}/appointment`, { startsAt, minutes: 60 }))
  const told = await page(person)
  assert.deepEqual(
    told.contributions.map(({ id: one, partOf, overlap }: Json) => [one, partOf, overlap]),
    [
      [request.id, null, false],
      [id, request.id, false]
    ]
  )
  assert.equal(told.contributions[0].next.on, startsAt.slice(0, 10))
  assert.deepEqual(told.contributions[1].people, [{ part: 'gives', name: 'Huw Helper', capacity: 'citizen' }])
  assert.deepEqual([told.figures.contributions, told.figures.people], [1, 2])
  // the agency reads when, as it is shared, and never who
  const theirs = await agencyPage(health, request.id)
  assert.deepEqual(
    theirs.contributions.map(({ id: one, next }: Json) => [one, next.on]),
    [[request.id, startsAt.slice(0, 10)]]
  )
  assert.ok(!JSON.stringify(theirs).includes('Huw'))
})

test('visits of 28 days are counted once each, settled or planned', async () => {
  const person = await desk.member('Olwen')
  const settled = await visit(health, person)
  ok(await health.professional.post(`exchanges/${settled}/report`, { minutes: 60, performedOn: today() }))
  assert.equal((await page(person)).contributions[0].state, 'to_confirm')
  ok(await person.post(`exchanges/${settled}/confirmation`))
  const told = await page(person)
  assert.deepEqual([told.contributions, told.figures.visits.value, told.figures.visits.to], [[], 1, today()])
  assert.equal((Date.parse(told.figures.visits.to) - Date.parse(told.figures.visits.from)) / 86_400_000, 27)
})

test('an arrangement of a professional stands on the page with its next date and its last day', async () => {
  const person = await desk.member('Rhys')
  const from = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10)
  const last = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10)
  const { id } = ok(
    await council.professional.post('arrangements', {
      title: 'Exercises at home',
      categoryId,
      provider: {
        memberId: council.professional.memberId,
        organisationId: council.organisationId,
        capacity: 'professional'
      },
      receiver: { memberId: person.memberId },
      minutes: 60,
      startsAt: `${from}T10:00`,
      rrule: `FREQ=DAILY;INTERVAL=7;UNTIL=${last.replaceAll('-', '')}`
    }),
    201
  )
  const proposed = await page(person)
  assert.deepEqual(
    [proposed.contributions[0].state, proposed.attention.map(({ code }: Json) => code)],
    ['proposed', ['answer_wanted']]
  )
  ok(await person.post(`arrangements/${id}/agreement`))
  const [one] = (await page(person)).contributions
  assert.deepEqual(
    [one.kind, one.state, one.title, one.organisation.name, one.next.on, one.until],
    ['arrangement', 'under_way', 'Exercises at home', 'Rivertown Council', from, last]
  )
})

test('an agency sees nothing of another, then name and category by consent, then nothing again', async () => {
  const person = await desk.member('Gwen')
  const words = {
    title: 'Heron canary',
    whatMatters: 'Otter canary',
    canOffer: 'Wren canary',
    knownRisks: 'Owl canary'
  }
  const theirs = await desk.accepted(person, undefined, words, council)
  await visit(council, person, { description: 'Kite canary' })
  const mine = await desk.accepted(person, ['contact', 'share_status'])
  const blind = await agencyPage(health, mine.id)
  assert.deepEqual([blind.others, blind.overlaps, blind.withheld], [null, [], ['others']])
  assert.deepEqual(
    blind.contributions.map(({ id, title, status, next, withheld, overlap }: Json) => [
      id,
      title,
      status,
      next,
      withheld,
      overlap
    ]),
    [[mine.id, 'Somebody to walk with', 'accepted', null, ['next'], false]]
  )
  const silent = (view: Json) => {
    for (const word of ['canary', council.professional.memberId, theirs.id, person.memberId, 'Gwen'])
      assert.ok(!JSON.stringify(view).includes(word), word)
  }
  silent(blind)
  assert.ok(!JSON.stringify(blind).includes('Council'))

  const give = async (scopes: string[]): Promise<Json> =>
    ok(
      await person.post(`members/${person.memberId}/consents`, {
        organisationId: health.organisationId,
        purpose: 'joined_up',
        scopes,
        wordingVersion: 1
      }),
      201
    )
  const consent = await give(['see_others_involved'])
  const open = await agencyPage(health, mine.id)
  assert.deepEqual(
    open.others.map(({ organisation, category, overlap, ...rest }: Json) => [
      organisation,
      category.slug,
      overlap,
      Object.keys(rest)
    ]),
    [
      ['Rivertown Council', 'gardening', false, []],
      ['Rivertown Council', 'walking-together', true, []]
    ]
  )
  assert.deepEqual(
    open.overlaps.map(({ slug }: Json) => slug),
    ['walking-together']
  )
  assert.deepEqual([open.contributions[0].overlap, open.withheld], [true, []])
  silent(open)
  // the other has been given nothing by it
  assert.equal((await agencyPage(council, theirs.id)).others, null)

  ok(await person.post(`members/${person.memberId}/consents/${consent.id}/withdrawal`))
  const { asOf: _, ...again } = await agencyPage(health, mine.id)
  const { asOf: __, ...first } = blind
  assert.deepEqual(again, first)

  const read = ok(await person.get('members/me/disclosures?limit=200')).items as Json[]
  const ofHealth = read.filter(
    ({ organisationId, parts }) => organisationId === health.organisationId && parts.includes('joined_up')
  )
  assert.deepEqual(
    ofHealth.map(({ parts }) => parts),
    [['joined_up'], ['joined_up', 'others_involved'], ['joined_up']]
  )
})

test('an agency without share_status learns neither the status nor, by what is missing, the end', async () => {
  const person = await desk.member('Elin')
  const mine = await desk.accepted(person, ['contact', 'see_others_involved'])
  const { asOf: _, ...before } = await agencyPage(health, mine.id)
  assert.deepEqual(
    before.contributions.map(({ status, withheld }: Json) => [status, withheld]),
    [[null, ['status', 'next']]]
  )
  ok(await desk.step(person, mine.id, 'stop', {}))
  const { asOf: __, ...stopped } = await agencyPage(health, mine.id)
  assert.deepEqual(stopped, before)
  assert.deepEqual((await page(person)).contributions, [])
})

test('until the person says yes to it a referral tells its agency nothing of them', async () => {
  const person = await desk.member('Dilys')
  await desk.accepted(person, undefined, {}, council)
  await desk.accepted(person, seeing)
  const { id } = await desk.post(desk.referral(person))
  const { id: nobody } = await desk.post(desk.referral(999_999))
  const plain = async (of: string) => {
    const view = await agencyPage(health, of)
    return [view.contributions.map(({ id: one, status }: Json) => [one === of, status]), view.others, view.overlaps]
  }
  assert.deepEqual(await plain(id), [[[true, 'requested']], null, []])
  assert.deepEqual(await plain(nobody), await plain(id))
})

test('what was declined or not taken up is on no page, and others never saw it', async () => {
  const person = await desk.member('Carys')
  const watching = await desk.accepted(person, seeing)
  const { id } = await desk.post(desk.referral(person), council.client)
  const rejected = await desk.post(desk.referral(person), council.client)
  const proposal = await visit(council, person, { agreed: false })
  const others = async () => (await agencyPage(health, watching.id)).others
  assert.deepEqual(await others(), [])
  assert.equal((await page(person)).contributions.length, 4)
  ok(await desk.step(person, id, 'answer', { answer: 'no' }))
  assert.deepEqual(
    (await page(person)).contributions.map((one: Json) => one.id),
    [watching.id, rejected.id, proposal],
    'at once for the person'
  )
  // to everybody else it waits as before, until it is closed with the others
  assert.equal((await page(desk.broker, person)).contributions.length, 4)
  ok(await desk.step(desk.broker, rejected.id, 'rejection', { reason: 'outside_area' }))
  ok(await person.post(`exchanges/${proposal}/decline`, {}))
  await desk.hourly(2)
  for (const by of [person, desk.broker])
    assert.deepEqual(
      (await page(by, person)).contributions.map((one: Json) => one.id),
      [watching.id]
    )
  assert.deepEqual(await others(), [])
})

test('only the agency that asked, with the scope, and only about a person', async () => {
  const person = await desk.member('Tegid')
  const mine = await desk.accepted(person)
  const path = `service-requests/${mine.id}/joined-up`
  refused(await council.client.get(path), 404, 'not-found')
  for (const by of [person, desk.broker]) assert.ok([403, 404].includes((await by.get(path)).status))
  const narrow = await makeAgency(desk.stage, desk.admin, { name: 'Narrow', scopes: ['service_requests.read'] })
  refused(await narrow.client.get(path), 403, 'scope-missing')
  const { id } = await desk.post(desk.own())
  refused(await health.client.get(`service-requests/${id}/joined-up`), 409, 'wrong-state')
})

test('kinds and states are told in the language of who asks', async () => {
  const person = await desk.member('Ffion')
  await desk.post(desk.referral(person))
  const texts: string[] = []
  for (const locale of ['en', 'cy', 'es-MX']) {
    const { rowVersion } = ok(await person.get('/v1/me'))
    ok(await person.patch('/v1/me', { locale }, rowVersion))
    const { contributions, attention } = await page(person)
    texts.push(contributions[0].kindText, contributions[0].stateText, attention[0].text)
  }
  assert.equal(new Set(texts).size, 9)
  assert.equal(texts[1], 'Waits for your yes or no')
})

test('who has left has nothing open around them, and the page of who was erased is not there', async () => {
  const person = await desk.member('Idris')
  const watching = await desk.accepted(person, seeing)
  await desk.accepted(person, undefined, { title: 'Lapwing canary' }, council)
  await visit(council, person)
  ok(await person.post('members/me/departure', {}))
  assert.deepEqual((await page(desk.broker, person)).contributions, [])
  ok(await desk.admin.post(`members/${person.memberId}/erasure`, {}))
  refused(await desk.broker.get(`members/${person.memberId}/joined-up`), 404, 'not-found')
  const view = await agencyPage(health, watching.id)
  assert.equal(view.others, null)
  assert.ok(!JSON.stringify(view).includes('Council'))
  assert.ok(!JSON.stringify(view).includes('Somebody to walk with'))
})

test('a person who is alone has an empty page', async () => {
  const alone = await addMember(desk.stage, desk.admin, { name: 'Alone' })
  const { contributions, overlaps, attention, figures: of } = await page(alone)
  assert.deepEqual([contributions, overlaps, attention], [[], [], []])
  assert.deepEqual([of.agencies, of.contributions, of.people, of.visits.value], [0, 0, 0, 0])
})
