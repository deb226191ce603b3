import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { DeclaredRoute } from '../../src/http/index.ts'
import type { Role } from '../../src/shared/actor.ts'
import { makeAgency } from '../support/agency.ts'
import { addMember, type Client, clientOf, foundAnother, makeStage, type Stage, setUp } from '../support/app.ts'

type Name =
  | 'anonymous'
  | 'member'
  | 'otherMember'
  | 'broker'
  | 'admin'
  | 'auditor'
  | 'foreigner'
  | 'operator'
  | 'agency'
  | 'foreignAgency'

let stage: Stage
let callers: Record<Name, Client>
/** things that belong to `member`, by the name of their path parameter */
let own: Record<string, string>

const rolesOf: Record<Name, Role[]> = {
  anonymous: [],
  member: ['member'],
  otherMember: ['member'],
  broker: ['member', 'broker'],
  admin: ['member', 'admin'],
  auditor: ['member', 'auditor'],
  foreigner: [],
  operator: ['member', 'broker', 'admin'],
  agency: [],
  foreignAgency: []
}

/** The same caller, who asks for another timebank. */
const inRivertown = (client: Client): Client => clientOf(stage.app, 'rivertown', client.token)

before(async () => {
  stage = await makeStage('access')
  const operator = await setUp(stage)
  const other = await foundAnother(stage, operator, 'hilltown')
  const member = await addMember(stage, operator)
  const otherMember = await addMember(stage, operator)
  callers = {
    anonymous: stage.anonymous,
    operator,
    member,
    otherMember,
    broker: await addMember(stage, operator, { roles: ['broker'] }),
    admin: await addMember(stage, operator, { roles: ['admin'] }),
    auditor: await addMember(stage, operator, { roles: ['auditor'] }),
    foreigner: { ...(await addMember(stage, other)), timebank: 'rivertown' },
    agency: (await makeAgency(stage, operator)).client,
    foreignAgency: inRivertown((await makeAgency(stage, other)).client)
  }
  const category = (await member.get('categories')).body.items[0].id
  const listing = { categoryId: category, title: 'Something', mode: 'do', setting: 'any' }
  const offer = (await member.post('offers', listing)).body
  const request = (await member.post('requests', listing)).body
  const exchange = (
    await member.post('exchanges', {
      provider: { memberId: member.memberId },
      receiver: { memberId: callers.broker.memberId },
      categoryId: category,
      minutes: 30
    })
  ).body
  const conversation = (await member.post(`exchanges/${exchange.id}/conversations`, { text: 'Hello' })).body
  const soon = { startsAt: '2099-03-02T10:00', minutes: 30 }
  await member.put(`exchanges/${exchange.id}/appointment`, soon)
  const sides = { provider: { memberId: member.memberId }, receiver: { memberId: callers.broker.memberId } }
  const meeting = { ...sides, ...soon, categoryId: category, title: 'Meeting' }
  const arrangement = (await member.post('arrangements', meeting)).body
  const support = (await member.post('members/me/supporters', { supporter: callers.broker.memberId })).body
  const organisation = (await operator.post('organisations', { name: 'Council', kind: 'council' })).body
  const allowed = { organisationId: organisation.id, purpose: 'referral', scopes: ['contact'], wordingVersion: 1 }
  const consent = (await member.post('members/me/consents', allowed)).body
  const claimed = {
    scopes: ['contact'],
    wording: { version: '1' },
    givenAt: new Date().toISOString(),
    how: 'phone',
    givenBy: 'self'
  }
  const about = { kind: 'referral', person: { memberNumber: member.number }, category: 'gardening', title: 'Somebody' }
  const referral = (await callers.agency.post('service-requests', { ...about, consent: claimed })).body
  own = {
    timebank: 'rivertown',
    support: support.id,
    consent: consent.id,
    arrangement: arrangement.id,
    serviceRequest: referral.id,
    member: member.memberId,
    account: String(member.accountId),
    offer: offer.id,
    request: request.id,
    exchange: exchange.id,
    conversation: conversation.id
  }
})

after(() => stage.close())

const fill = (url: string, ids: (name: string) => string) =>
  url.replace(/:([A-Za-z]+)/g, (_, name: string) => ids(name))

/** Ids of nothing, so that an allowed call changes nothing. */
const nowhere = (name: string): string =>
  name === 'timebank' ? 'rivertown' : name === 'account' || name === 'version' ? '2000000000' : randomUUID()

const allowedBy = (route: DeclaredRoute, name: Name): true | 'own' | undefined => {
  if (route.access.who !== 'timebank') return undefined
  const { roles } = route.access
  const grants = rolesOf[name].map((role) => roles[role])
  return grants.includes(true) ? true : grants.includes('own') ? 'own' : undefined
}

const isRefusal = (status: number) => status === 401 || status === 403

test('what is its own is answered to its owner, and not to another member', async (t) => {
  for (const route of stage.app.declared) {
    const names = [...route.url.matchAll(/:([A-Za-z]+)/g)].map((m) => m[1]!)
    const isOwnObject = route.access.who === 'timebank' && route.access.roles.member === 'own' && names.length > 1
    if (route.method !== 'GET' || !isOwnObject || !names.every((name) => name in own)) continue
    await t.test(`${route.method} ${route.url}`, async () => {
      const url = fill(route.url, (name) => own[name]!)
      assert.equal((await callers.member.get(url)).status, 200)
      assert.equal((await callers.otherMember.get(url)).status, 404)
      assert.equal((await callers.foreigner.get(url)).status, 404)
    })
  }
})

test('nothing of a timebank is in what the lists of another show', async () => {
  const home = { ...callers.foreigner, timebank: 'hilltown' }
  for (const route of stage.app.declared) {
    if (
      route.method !== 'GET' ||
      route.access.who !== 'timebank' ||
      route.url.replace('/v1/timebanks/:timebank', '').includes(':')
    )
      continue
    const { text } = await home.get(fill(route.url, () => 'hilltown'))
    for (const id of Object.values(own).filter((value) => value.length === 36)) assert.ok(!text.includes(id), route.url)
  }
})

test('a membership that is no longer active may not write', async () => {
  const paused = await addMember(stage, callers.operator)
  assert.equal((await paused.post('members/me/pause', {})).status, 200)
  const { status, body } = await paused.post('offers', { title: 'Something' })
  assert.equal(status, 403)
  assert.equal(body.code, 'not-active')
  assert.equal((await paused.get('members/me')).status, 200)
})

test('every route answers each kind of caller as it declares', async (t) => {
  assert.ok(stage.app.declared.length > 60, `${stage.app.declared.length} routes`)
  // signing out comes last: it ends the sessions that the other calls need
  const isLast = (route: DeclaredRoute) => Number(route.url.startsWith('/v1/auth/sign-out'))
  const routes = [...stage.app.declared].sort((a, b) => isLast(a) - isLast(b))
  for (const route of routes) {
    if (route.url.includes('*')) continue
    for (const name of Object.keys(rolesOf) as Name[]) {
      const url = fill(route.url, nowhere)
      await t.test(`${route.method} ${route.url} as ${name}`, async () => {
        const { status, text } = await callers[name].call(route.method, url, route.method === 'GET' ? undefined : {}, {
          'idempotency-key': randomUUID()
        })
        const why = `${status} ${text.slice(0, 200)}`
        const { access } = route
        if (access.who === 'anyone') assert.ok(status !== 403, why)
        else if (name === 'anonymous') assert.equal(status, 401, why)
        else if (access.who !== 'timebank' && /agency/i.test(name)) assert.equal(status, 403, why)
        else if (access.who === 'signed-in') assert.ok(!isRefusal(status) || isLast(route), why)
        else if (access.who === 'operator') assert.equal(isRefusal(status), name !== 'operator', why)
        else if (name === 'foreigner' || name === 'foreignAgency') assert.equal(status, 404, why)
        else if (name === 'agency') assert.equal(isRefusal(status), access.agency === undefined, why)
        else if (allowedBy(route, name))
          assert.ok(status !== 401 && (status !== 403 || allowedBy(route, name) === 'own'), why)
        else assert.equal(status, 403, why)
        assert.ok(status < 500, why)
      })
    }
  }
})
