import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { getAccount } from '../../../src/modules/ledger/index.ts'
import {
  acceptAffiliation,
  accountLabels,
  addAffiliation,
  addOrganisation,
  affiliationCovering,
  endAffiliation,
  listAffiliations,
  type Membership,
  memberParty,
  type Organisation,
  organisationParty,
  organisationsActedFor,
  ownsAccount,
  refuseAffiliation,
  updateOrganisation
} from '../../../src/modules/members/index.ts'
import { newId } from '../../../src/shared/ids.ts'
import { codeOf, type House, makeHouse } from './house.ts'

let house: House
let eve: Membership
let fan: Organisation
before(async () => {
  house = await makeHouse('organisations')
  eve = await house.member('Eve')
  fan = await house.asFounder((tx) => addOrganisation(tx, { name: 'Fan Group', kind: 'community_group' }))
})
after(() => house.database.close())

const kinds = { professional: true, actsFor: false }

test('an organisation has an account with the limits of organisations, and a name of its own', async () => {
  const account = await house.asService((tx) => getAccount(tx, fan.accountId))
  assert.equal(account.kind, 'organisation')
  assert.equal(account.limits.floorSoft, -3000)
  assert.equal(
    await codeOf(house.asFounder((tx) => addOrganisation(tx, { name: 'FAN group', kind: 'other' }))),
    'already-exists'
  )
  assert.equal(await codeOf(house.as(eve, (tx) => addOrganisation(tx, { name: 'Mine', kind: 'other' }))), 'forbidden')
})

test('of two who change an organisation from the same version the second is refused', async () => {
  const change = (about: string) => house.asFounder((tx) => updateOrganisation(tx, fan.id, { about }, 1))
  const results = await Promise.allSettled([change('one'), change('two')])
  assert.deepEqual(results.map((r) => r.status).sort(), ['fulfilled', 'rejected'])
  assert.equal(await codeOf(change('three')), 'precondition-failed')
})

test('an affiliation covers its days, the first and the last included, and no others', async () => {
  const affiliation = await house.asFounder((tx) =>
    addAffiliation(tx, {
      ...kinds,
      organisationId: fan.id,
      membershipId: eve.id,
      validFrom: '2026-02-01',
      validTo: '2026-02-28'
    })
  )
  const covering = (on: string, more: object = { professional: true }) =>
    house.asService((tx) => affiliationCovering(tx, { membershipId: eve.id, organisationId: fan.id, on, ...more }))
  assert.equal((await covering('2026-02-01'))?.id, affiliation.id)
  assert.equal((await covering('2026-02-28'))?.id, affiliation.id)
  assert.equal(await covering('2026-01-31'), null)
  assert.equal(await covering('2026-03-01'), null)
  assert.equal(await covering('2026-02-10', { actsFor: true }), null)
  assert.equal(await covering('2026-02-10', { professional: true, organisationId: newId() }), null)
})

test('two of one kind do not overlap; another kind, or other days, may', async () => {
  const add = (more: object) =>
    house.asFounder((tx) => addAffiliation(tx, { ...kinds, organisationId: fan.id, membershipId: eve.id, ...more }))
  assert.equal(await codeOf(add({ validFrom: '2026-02-28' })), 'already-exists')
  assert.equal(await codeOf(add({ validFrom: '2026-01-01', validTo: '2026-02-01' })), 'already-exists')
  assert.equal(await codeOf(add({ validFrom: '2026-05-01', validTo: '2026-04-01' })), 'validation-failed')
  await add({ validFrom: '2026-03-01', validTo: '2026-03-31' })
  await add({ validFrom: '2026-02-01', actsFor: true, validTo: '2026-03-31' })
  const at = () => add({ validFrom: '2027-01-01', professional: false })
  const both = await Promise.allSettled([at(), at()])
  assert.deepEqual(both.map((r) => r.status).sort(), ['fulfilled', 'rejected'])
})

test('an affiliation is shortened, never lengthened or deleted', async () => {
  const affiliation = await house.asFounder((tx) =>
    addAffiliation(tx, {
      ...kinds,
      organisationId: fan.id,
      membershipId: eve.id,
      validFrom: '2025-01-01',
      validTo: '2025-12-31'
    })
  )
  const end = (day: string) => house.asFounder((tx) => endAffiliation(tx, affiliation.id, day))
  assert.equal((await end('2025-06-30')).validTo, '2025-06-30')
  assert.equal(await codeOf(end('2025-07-01')), 'wrong-state')
  assert.equal(await codeOf(end('2024-12-31')), 'validation-failed')
  const deleting = house.asService((tx) => tx.client.query('DELETE FROM members.affiliations'))
  assert.equal(await codeOf(deleting), '42501')
})

test('several people act for one organisation; they add and end, others do not', async () => {
  const gus = await house.member('Gus')
  const hal = await house.member('Hal')
  const ida = await house.member('Ida')
  const body = await house.asFounder((tx) => addOrganisation(tx, { name: 'Hall', kind: 'charity' }))
  const acting = { organisationId: body.id, professional: false, actsFor: true }
  await house.asFounder((tx) => addAffiliation(tx, { ...acting, membershipId: gus.id, validFrom: '2020-01-01' }))
  const hals = await house.as(gus, (tx) => addAffiliation(tx, { ...acting, membershipId: hal.id }))
  await house.as(hal, (tx) => acceptAffiliation(tx, hals.id))
  const volunteer = { ...acting, actsFor: false, membershipId: ida.id }
  const idas = await house.as(hal, (tx) => addAffiliation(tx, volunteer))
  assert.equal(
    await codeOf(house.as(ida, (tx) => addAffiliation(tx, { ...acting, membershipId: ida.id }))),
    'forbidden'
  )
  assert.equal(await codeOf(house.as(eve, (tx) => endAffiliation(tx, idas.id))), 'not-found')
  await house.as(ida, (tx) => endAffiliation(tx, idas.id))
  await house.asService(async (tx) => {
    for (const { id } of [gus, hal]) {
      assert.deepEqual(await organisationsActedFor(tx, id, hals.validFrom), [body.id])
      assert.equal(await ownsAccount(tx, { membershipId: id, accountId: body.accountId }), true)
    }
    assert.equal(await ownsAccount(tx, { membershipId: ida.id, accountId: body.accountId }), false)
    assert.equal(await ownsAccount(tx, { membershipId: ida.id, accountId: ida.accountId }), true)
    assert.equal(await ownsAccount(tx, { membershipId: ida.id, accountId: gus.accountId }), false)
    assert.equal(await ownsAccount(tx, { membershipId: null, accountId: gus.accountId }), false)
    assert.equal((await listAffiliations(tx, { organisationId: body.id, after: null }, 10)).length, 3)
  })
})

test('exchanges learn of a side what they need, and statements whose an account is', async () => {
  await house.asService(async (tx) => {
    const party = await memberParty(tx, eve.id)
    assert.deepEqual(
      [party.accountId, party.status, party.displayName, party.isMinor('2026-01-01')],
      [eve.accountId, 'active', 'Eve', false]
    )
    assert.equal((await organisationParty(tx, fan.id)).name, 'Fan Group')
    const labels = await accountLabels(tx, [1, eve.accountId, fan.accountId])
    assert.deepEqual(labels.get(eve.accountId), { kind: 'member', number: eve.number, name: 'Eve' })
    assert.deepEqual(labels.get(fan.accountId), { kind: 'organisation', number: null, name: 'Fan Group' })
    assert.deepEqual(labels.get(1), { kind: 'community_pot', number: null, name: null })
  })
  assert.equal(await codeOf(house.asService((tx) => memberParty(tx, newId()))), 'not-found')
})

test('who acts for an organisation proposes others; it counts and is seen when the member has accepted', async () => {
  const [gus, ida, other] = [await house.member('Gus'), await house.member('Ida'), await house.member('Olu')]
  const body = await house.asFounder((tx) => addOrganisation(tx, { name: 'Allotments', kind: 'charity' }))
  const acting = { organisationId: body.id, professional: true, actsFor: true }
  const own = await house.asFounder((tx) => addAffiliation(tx, { ...acting, membershipId: gus.id }))
  assert.equal(own.status, 'accepted')
  const propose = (more: object = {}) =>
    house.as(gus, (tx) => addAffiliation(tx, { ...acting, membershipId: ida.id, title: 'Our expert', ...more }))
  assert.equal(await codeOf(propose({ validFrom: '2020-01-01' })), 'validation-failed')
  const backDatedOwn = { organisationId: body.id, professional: false, actsFor: false, membershipId: gus.id }
  assert.equal(
    await codeOf(house.as(gus, (tx) => addAffiliation(tx, { ...backDatedOwn, validFrom: '2020-01-01' }))),
    'validation-failed'
  )
  const proposal = await propose()
  assert.equal(proposal.status, 'proposed')
  assert.equal(await codeOf(propose()), 'already-exists')
  const on = proposal.validFrom
  const counts = () =>
    house.asService(async (tx) => [
      (await affiliationCovering(tx, { membershipId: ida.id, professional: true, on })) !== null,
      (await organisationsActedFor(tx, ida.id, on)).length > 0,
      await ownsAccount(tx, { membershipId: ida.id, accountId: body.accountId })
    ])
  const listed = (visibleTo?: string) =>
    house.asService(async (tx) =>
      (await listAffiliations(tx, { organisationId: body.id, visibleTo, after: null }, 10)).map((row) => row.id)
    )
  assert.deepEqual(await counts(), [false, false, false])
  assert.deepEqual(await listed(other.id), [own.id])
  assert.deepEqual(await listed(), [own.id, proposal.id])
  for (const who of [gus, other, house.founder])
    for (const answer of [acceptAffiliation, refuseAffiliation])
      assert.equal(await codeOf(house.as(who, (tx): Promise<unknown> => answer(tx, proposal.id))), 'not-found')
  const both = await Promise.allSettled([
    house.as(ida, (tx) => acceptAffiliation(tx, proposal.id)),
    house.as(ida, (tx) => refuseAffiliation(tx, proposal.id))
  ])
  assert.deepEqual(both.map((r) => r.status).sort(), ['fulfilled', 'rejected'], 'one answer')
})

test('a refused proposal is on no list, ends by nobody, and may be made again; an accepted one counts', async () => {
  const [gus, ida] = [await house.member('Gus'), await house.member('Ida')]
  const body = await house.asFounder((tx) => addOrganisation(tx, { name: 'Orchard', kind: 'charity' }))
  const acting = { organisationId: body.id, professional: false, actsFor: true }
  await house.asFounder((tx) => addAffiliation(tx, { ...acting, membershipId: gus.id }))
  const propose = () => house.as(gus, (tx) => addAffiliation(tx, { ...acting, membershipId: ida.id }))
  const refused = await propose()
  await house.as(ida, (tx) => refuseAffiliation(tx, refused.id))
  const all = () => house.asFounder((tx) => listAffiliations(tx, { membershipId: ida.id, after: null }, 10))
  assert.deepEqual(await all(), [])
  for (const who of [gus, ida, house.founder])
    assert.equal(await codeOf(house.as(who, (tx) => endAffiliation(tx, refused.id))), 'not-found')
  assert.equal(await codeOf(house.as(ida, (tx) => acceptAffiliation(tx, refused.id))), 'not-found')
  const again = await propose()
  // what staff enter is not kept out by a proposal, and the proposal cannot be accepted beside it
  const entered = await house.asFounder((tx) => addAffiliation(tx, { ...acting, membershipId: ida.id }))
  assert.equal(await codeOf(house.as(ida, (tx) => acceptAffiliation(tx, again.id))), 'already-exists')
  await house.as(ida, (tx) => refuseAffiliation(tx, again.id))
  assert.deepEqual(
    (await all()).map((row) => row.id),
    [entered.id]
  )
  const other = { ...acting, professional: true, membershipId: ida.id }
  const proposal = await house.as(gus, (tx) => addAffiliation(tx, other))
  assert.equal((await house.as(ida, (tx) => acceptAffiliation(tx, proposal.id))).status, 'accepted')
  await house.asService(async (tx) => {
    const wanted = { membershipId: ida.id, professional: true, on: proposal.validFrom } as const
    assert.equal((await affiliationCovering(tx, wanted))?.id, proposal.id)
  })
})

test('of two who end an affiliation from the same version the second is refused', async () => {
  const added = await house.asFounder((tx) =>
    addAffiliation(tx, { ...kinds, organisationId: fan.id, membershipId: eve.id, validFrom: '2030-01-01' })
  )
  const end = (day: string) => house.asFounder((tx) => endAffiliation(tx, added.id, day, added.rowVersion))
  const results = await Promise.allSettled([end('2030-05-01'), end('2030-04-01')])
  assert.deepEqual(results.map((r) => r.status).sort(), ['fulfilled', 'rejected'])
  assert.equal(await codeOf(end('2030-03-01')), 'precondition-failed')
})
