import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { addMember, type Client, foundAnother, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'
import { isPageOf, isShape, publishedSchemas, publishedValidator } from './contract.ts'

let stage: Stage
let admin: Client
let members: Client[]
let offers: string[]
/** What lists have told, by their addresses: for the published schemas, whose making holds up the service for a while. */
const told = new Map<string, Record<string, unknown>[]>()

const base = '/open-referral/rivertown'
const canary = 'Canarywort'
const contact = {
  description: 'Neighbours of Rivertown who give each other time.',
  email: 'hello@rivertown.example.org',
  phone: '+44 1632 960001',
  website: 'https://rivertown.example.org/',
  address: {
    line1: 'The Old Library',
    line2: '',
    city: 'Rivertown',
    region: 'Rivershire',
    postalCode: 'RV1 2AB',
    country: 'GB'
  },
  accessibility: 'Step-free from the market square.'
}

const get = async (where = '', headers: Record<string, string> = {}) => stage.anonymous.get(`${base}${where}`, headers)
const listOf = async (where: string) => ok(await get(where)).contents
/** Past what is kept of the last answer. */
const later = () => {
  stage.clock.now = new Date((stage.clock.now ?? new Date()).getTime() + 151_000)
}

async function setPolicy(rules: Record<string, unknown>): Promise<void> {
  const { version } = ok(await admin.get('policy'))
  ok(await admin.patch('policy', { rules, why: 'For the test' }, version))
}

async function offer(member: Client, slug: string, more: Record<string, unknown> = {}): Promise<string> {
  const categoryId = ok(await admin.get(`categories/${slug}`)).id
  const made = ok(
    await member.post('offers', {
      categoryId,
      title: `${canary} of ${member.number}`,
      description: `Ring me, ${canary}`,
      mode: 'do',
      setting: 'outdoors',
      open: true,
      ...more
    }),
    201
  )
  return made.id
}

before(async () => {
  stage = await makeStage('open_referral')
  admin = await setUp(stage)
  members = []
  for (let i = 0; i < 7; i += 1)
    members.push(
      await addMember(stage, admin, {
        name: `${canary} ${i}`,
        profile: { languages: ['en'], area: `${canary} Lane ${i}`, phone: '01632 960999' }
      })
    )
  offers = []
  const [a, b, c, d, e, f, g] = members as [Client, Client, Client, Client, Client, Client, Client]
  // gardening: five people; Welsh by all of them, French by four; one area in two spellings
  for (const [i, member] of [a, b, c, d, e].entries())
    offers.push(
      await offer(member, 'gardening', {
        languages: i < 4 ? ['cy', 'fr'] : ['cy-GB'],
        area: i === 0 ? 'riverside' : 'Riverside',
        availability: i < 4 ? ['mon_morning', 'sat_evening'] : ['mon_morning'],
        latitude: 51.5,
        longitude: -3.2
      })
    )
  // cooking and shopping: too few each, enough together
  for (const member of [a, b, c]) offers.push(await offer(member, 'cooking'))
  for (const member of [f, g, a]) offers.push(await offer(member, 'shopping'))
  // music: four, and twice the same: too few; and what does not count
  for (const member of [a, b, c, d, d]) offers.push(await offer(member, 'music'))
  offers.push(await offer(e, 'music', { open: false }))
  const organisation = ok(await admin.post('organisations', { name: `${canary} Ltd`, kind: 'company' }), 201).id
  ok(
    await admin.post(`organisations/${organisation}/affiliations`, {
      memberId: f.memberId,
      professional: false,
      actsFor: true
    }),
    201
  )
  offers.push(await offer(f, 'music', { organisationId: organisation }))
})

after(() => stage.close())

test('nothing is published unless the policy says so: such a timebank looks like one that is not there', async () => {
  for (const where of ['', '/services', '/organizations', '/taxonomies', '/taxonomy_terms', '/service_at_locations']) {
    const { detail } = refused(await get(where), 404, 'not-found')
    const nowhere = refused(await stage.anonymous.get(`/open-referral/nowhere${where}`), 404, 'not-found')
    assert.equal(nowhere.detail, detail)
  }
  const { rules, explanations } = ok(await admin.get('policy'))
  assert.equal(rules.openReferral, false)
  assert.equal(explanations.smallestPublishedCell.inForce, true)
  refused(await stage.anonymous.get(`/open-referral/${'9'.repeat(36)}/services`), 404, 'not-found')
})

test('one service for each category with enough people; fewer are added to the category above or left out', async () => {
  await setPolicy({ openReferral: true, publicContact: contact })
  const services = await listOf('/services?full=true')
  assert.deepEqual(
    services.map((each: { name: string }) => each.name),
    ['Everyday help: help by members of Timebank rivertown', 'Gardening: help by members of Timebank rivertown']
  )
  const [everyday, gardening] = services
  assert.deepEqual(
    gardening.languages.map(({ name, code }: { name: string; code: string }) => [name, code]),
    [['Welsh', 'cy']]
  )
  assert.deepEqual(
    gardening.service_areas.map(({ name }: { name: string }) => name),
    ['Riverside']
  )
  assert.deepEqual(
    gardening.schedules.map(({ freq, byday, description }: Record<string, string>) => [freq, byday, description]),
    [['WEEKLY', 'MO', 'Monday morning']]
  )
  // the five behind it (Ann of the cooks is the Ann of the shoppers) speak English, by their profiles
  assert.deepEqual(
    everyday.languages.map(({ code }: { code: string }) => code),
    ['en']
  )
  assert.deepEqual([everyday.service_areas, everyday.schedules], [[], []])
  assert.equal(gardening.attributes[0].taxonomy_term.code, 'gardening')
  assert.equal(gardening.attributes[0].taxonomy_term.parent_id, everyday.attributes[0].taxonomy_term.id)
})

test('no name, id, text, place or number of anybody is anywhere in it', async () => {
  const { id } = (await listOf('/services'))[0]
  const texts: string[] = []
  for (const where of [
    '',
    '/services?full=true',
    `/services/${id}`,
    '/services?full=true&format=ndjson',
    '/organizations?full=true&full_service=true',
    '/taxonomies',
    '/taxonomy_terms?per_page=500',
    '/service_at_locations?full=true'
  ]) {
    const { status, text } = await get(where)
    assert.equal(status, 200, where)
    texts.push(text)
  }
  const all = texts.join('\n')
  assert.ok(all.includes('Gardening') && all.includes('The Old Library'))
  const { items } = ok(await admin.get('members?limit=200'))
  const ids = [...items.map((each: { id: string }) => each.id), ...offers, ...members.map(({ personId }) => personId)]
  assert.ok(ids.length > 25)
  for (const secret of [...ids, canary.toLowerCase(), '960999', '51.5', '-3.2', 'Ada Admin', 'fr"', 'Music: '])
    assert.ok(!all.toLowerCase().includes(secret.toLowerCase()), secret)
})

test('what is told is at most as old as it says, and the end of an offer, a pause and the policy count', async () => {
  const musicians = async () =>
    (await listOf('/services')).filter(({ name }: { name: string }) => name.startsWith('Music')).length
  assert.equal(await musicians(), 0)
  const fifth = await offer(members[6]!, 'music')
  assert.equal(await musicians(), 0)
  later()
  assert.equal(await musicians(), 1)
  ok(await members[6]!.post(`offers/${fifth}/pause`, {}))
  later()
  assert.equal(await musicians(), 0)
  ok(await members[6]!.post(`offers/${fifth}/resumption`, {}))
  ok(await members[6]!.post('members/me/pause', {}))
  later()
  assert.equal(await musicians(), 0)
  ok(await members[6]!.post('members/me/resumption', {}))
  // never fewer than three, whatever the policy says; at once, by its version
  await setPolicy({ smallestPublishedCell: 1 })
  const names = (await listOf('/services')).map(({ name }: { name: string }) => name.split(':')[0])
  assert.deepEqual(names, ['Shopping and errands', 'Gardening', 'Cooking and baking', 'Music and singing'])
  await setPolicy({ smallestPublishedCell: 5 })
  assert.equal(await musicians(), 1)
})

test('everything is as HSDS has it', async () => {
  isShape('Api', ok(await get()))
  const services = await listOf('/services?full=true')
  for (const service of services) {
    isShape('Service', service)
    assert.deepEqual(ok(await get(`/services/${service.id}`)), service)
  }
  const paths: [string, string][] = [
    ['/services', 'Service'],
    ['/services?full=true', 'Service'],
    ['/services?minimal=true', 'Service'],
    ['/organizations', 'Organization'],
    ['/organizations?full=true', 'Organization'],
    ['/organizations?full=true&full_service=true', 'Organization'],
    ['/taxonomies', 'Taxonomy'],
    ['/taxonomy_terms', 'TaxonomyTerm'],
    ['/service_at_locations', 'ServiceAtLocation'],
    ['/service_at_locations?full=true', 'ServiceAtLocation']
  ]
  for (const [where, shape] of paths) {
    const page = ok(await get(where))
    assert.ok(page.size > 0, where)
    isPageOf(shape, page)
    told.set(where, page.contents)
    const one = ok(await get(`${where.split('?')[0]}/${page.contents[0].id}`))
    isShape(shape, one)
  }
  assert.throws(() => isShape('Service', { ...services[0], status: 'open' }))
  assert.throws(() => isShape('Service', { ...services[0], donor: 'x' }))
})

test('pages have the envelope of the reference, and filters add up', async () => {
  const first = ok(await get('/services?per_page=1'))
  const last = ok(await get('/services?per_page=1&page=3'))
  const beyond = ok(await get('/services?per_page=1&page=9'))
  const { contents, ...envelope } = first
  assert.deepEqual(envelope, {
    total_items: 3,
    total_pages: 3,
    page_number: 1,
    size: 1,
    first_page: true,
    last_page: false,
    empty: false
  })
  assert.deepEqual([last.first_page, last.last_page, last.size], [false, true, 1])
  assert.deepEqual([beyond.empty, beyond.contents, beyond.total_items], [true, [], 3])
  assert.notEqual(last.contents[0].id, contents[0].id)

  const term = (await listOf('/taxonomy_terms?search=gardening'))[0]
  const [taxonomy] = await listOf('/taxonomies')
  const [organization] = await listOf('/organizations')
  const names = async (query: string) =>
    (await listOf(`/services?${query}`)).map(({ name }: { name: string }) => name.split(':')[0])
  assert.deepEqual(await names(`taxonomy_term_id=${term.id.toUpperCase()}`), ['Gardening'])
  assert.deepEqual(await names(`taxonomy_id=${taxonomy.id}&search=everyday`), ['Everyday help'])
  assert.deepEqual(await names(`organization_id=${organization.id}&taxonomy_term_id=${randomUUID()}`), [])
  assert.deepEqual(await names('search=gárdening members'), ['Gardening'])
  assert.equal((await listOf(`/service_at_locations?taxonomy_term_id=${term.id}`)).length, 1)
  const tops = await listOf('/taxonomy_terms?top_only=true')
  assert.ok(tops.length > 3 && tops.every((each: object) => !('parent_id' in each)))
  const below = await listOf(`/taxonomy_terms?parent_id=${term.parent_id}&taxonomy_id=${taxonomy.id}`)
  assert.ok(below.some(({ code }: { code: string }) => code === 'gardening'))
  assert.deepEqual(Object.keys((await listOf('/services?minimal=true'))[0]).sort(), ['id', 'name', 'status'])
  assert.equal(ok(await get(`/organizations/${organization.id}`)).services.length, 3)

  for (const query of ['modified_after=2026-01-01', 'page=0', 'per_page=0', 'per_page=501', 'full=maybe', 'postcode=X'])
    refused(await get(`/services?${query}`), 400, 'validation-failed')
  refused(await get('/services/1'), 400, 'validation-failed')
  for (const where of ['services', 'organizations', 'taxonomies', 'taxonomy_terms', 'service_at_locations'])
    refused(await get(`/${where}/${randomUUID()}`), 404, 'not-found')
})

test('the whole is one file, a service to a line', async () => {
  const answer = await get('/services?full=true&format=ndjson&per_page=1')
  assert.match(answer.headers['content-type']!, /^application\/x-ndjson/)
  const lines = answer.text.trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    await listOf('/services?full=true')
  )
})

test('answers may be kept by anybody and are named by what is in them', async () => {
  const whole = '/services?full=true'
  const first = await get(whole)
  assert.equal(first.headers['cache-control'], 'public, max-age=150')
  const etag = first.headers['etag']!
  assert.equal((await get(whole, { 'if-none-match': `W/${etag}` })).status, 304)
  assert.equal((await get(whole, { 'if-none-match': '"other"' })).status, 200)
  const before = (await listOf('/services?minimal=true')).map(({ id }: { id: string }) => id)
  await setPolicy({ publicContact: { ...contact, phone: null, address: null } })
  const changed = await get(whole, { 'if-none-match': etag })
  assert.equal(changed.status, 200)
  assert.notEqual(changed.headers['etag'], etag)
  // what a service is called elsewhere stays good
  assert.deepEqual(
    (await listOf('/services?minimal=true')).map(({ id }: { id: string }) => id),
    before
  )
  assert.equal(ok(await get('/service_at_locations')).empty, true)
})

test('another timebank tells its own, in its language, and of itself only what it has said', async () => {
  const other = await foundAnother(stage, admin, 'hilltown')
  const { version } = ok(await other.get('policy'))
  ok(await other.patch('policy', { rules: { openReferral: true, locale: 'cy-GB' }, why: 'For the test' }, version))
  const page = ok(await stage.anonymous.get('/open-referral/hilltown/services'))
  assert.deepEqual([page.total_items, page.total_pages, page.last_page, page.empty], [0, 0, true, true])
  const { contents } = ok(await stage.anonymous.get('/open-referral/hilltown/organizations?full=true'))
  isShape('Organization', contents[0])
  assert.match(contents[0].description, /Banc amser/)
  assert.deepEqual([contents[0].phones, contents[0].contacts, contents[0].locations], [[], [], []])
  assert.equal('email' in contents[0], false)
  const mine = (await listOf('/services'))[0].id
  refused(await stage.anonymous.get(`/open-referral/hilltown/services/${mine}`), 404, 'not-found')
})

test('contact that cannot be reached so is refused by name, and who stops publishing has stopped', async () => {
  const { version } = ok(await admin.get('policy'))
  for (const [field, value] of [
    ['email', 'nobody'],
    ['website', 'javascript:alert(1)'],
    ['address', { ...contact.address, country: 'Wales' }]
  ] as const) {
    const { errors } = refused(
      await admin.patch('policy', { rules: { publicContact: { ...contact, [field]: value } }, why: 'Wrong' }, version),
      400,
      'validation-failed'
    )
    assert.match(errors[0].pointer, new RegExp(`^/rules/publicContact/${field}`))
  }
  await setPolicy({ openReferral: false })
  refused(await get('/services'), 404, 'not-found')
})

test('everything is as the published schemas of HSDS ask for', {
  skip: publishedSchemas === undefined && 'HSDS_SCHEMA names no folder'
}, () => {
  const holds = publishedValidator(publishedSchemas!)
  const entities: [string, string, string][] = [
    ['/services', 'compiled/service_list.json', 'service.json'],
    ['/services?full=true', 'compiled/service.json', 'service.json'],
    ['/organizations', 'compiled/organization_list.json', 'organization.json'],
    ['/organizations?full=true&full_service=true', 'compiled/organization.json', 'organization.json'],
    ['/service_at_locations', 'compiled/service_at_location_list.json', 'service_at_location.json'],
    ['/service_at_locations?full=true', 'compiled/service_at_location.json', 'service_at_location.json'],
    ['/taxonomies', 'taxonomy.json', 'taxonomy.json'],
    ['/taxonomy_terms', 'taxonomy_term.json', 'taxonomy_term.json']
  ]
  for (const [where, compiled, single] of entities)
    for (const each of told.get(where)!) {
      holds(compiled, each)
      holds(single, each)
    }
  const [service] = told.get('/services?full=true')!
  assert.throws(() => holds('service.json', { ...service, status: 'open' }))
  assert.throws(() => holds('compiled/service.json', { ...service, languages: [{ id: 'no uuid' }] }))
})
