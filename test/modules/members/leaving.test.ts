import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createPerson, getPerson } from '../../../src/modules/identity/index.ts'
import { communityPot, getAccount, noLimits, post, setLimits, statement } from '../../../src/modules/ledger/index.ts'
import {
  addAffiliation,
  addMember,
  addOrganisation,
  affiliationCovering,
  applyForMembership,
  changeRoles,
  closeOrganisation,
  erase,
  getMembership,
  leave,
  listScreenings,
  type Membership,
  membershipsOf,
  noteScreening,
  suspend
} from '../../../src/modules/members/index.ts'
import { newId } from '../../../src/shared/ids.ts'
import { codeOf, type House, makeHouse, refusal } from './house.ts'

let house: House
before(async () => {
  house = await makeHouse('leaving')
})
after(() => house.database.close())

const performedOn = '2026-01-10'

/** Moves minutes from the pot to a member (negative: the other way). */
const give = (to: number, minutes: number) =>
  house.asService(async (tx) => {
    const [debit, credit] = minutes > 0 ? [communityPot, to] : [to, communityPot]
    await post(tx, {
      id: newId(),
      operation: 'transfer',
      debit,
      credit,
      minutes: Math.abs(minutes),
      kind: 'grant',
      performedOn
    })
  })
const balanceOf = (account: number | 'pot') =>
  house.asService(async (tx) => (await getAccount(tx, account === 'pot' ? communityPot : account)).balance)

test('who leaves with hours gives them to the pot, and the account is closed', async () => {
  const member = await house.member()
  const pot = await balanceOf('pot')
  await give(member.accountId, 90)
  const left = await house.as(member, (tx) => leave(tx, member.id, { reason: 'moving away' }))
  assert.equal(left.status, 'left')
  assert.match(left.leftOn ?? '', /^\d{4}-\d\d-\d\d$/)
  assert.equal(await balanceOf('pot'), pot)
  const [line] = await house.asService((tx) => statement(tx, member.accountId, { limit: 1 }))
  assert.deepEqual([line?.kind, line?.minutes], ['leaving', -90])
  assert.equal((await house.asService((tx) => getAccount(tx, member.accountId))).status, 'closed')
  assert.deepEqual(await house.faults(), [])
})

test('a negative balance is written off by the pot, also of a suspended member', async () => {
  const member = await house.member()
  const pot = await balanceOf('pot')
  await give(member.accountId, -600)
  await house.asFounder((tx) => suspend(tx, member.id, 'a complaint is looked into'))
  await house.asFounder((tx) => leave(tx, member.id))
  assert.equal(await balanceOf('pot'), pot)
  const [line] = await house.asService((tx) => statement(tx, member.accountId, { limit: 1 }))
  assert.deepEqual([line?.kind, line?.minutes], ['write_off', 600])
  assert.deepEqual(await house.faults(), [])
})

test('a named member gets the hours only where the policy says so, and only an active one', async () => {
  const heir = await house.member('Hal')
  const member = await house.member()
  await give(member.accountId, 60)
  const leaveTo = (ref: string) => house.as(member, (tx) => leave(tx, member.id, { balanceTo: ref }))
  assert.equal(await codeOf(leaveTo(heir.id)), 'validation-failed')
  await house.policy({ leavingBalance: 'to_named_member' })
  const gone = await house.asFounder((tx) => addMember(tx, { displayName: 'Not yet' }))
  for (const ref of [gone.id, member.id, '999', newId()]) assert.equal(await codeOf(leaveTo(ref)), 'validation-failed')
  // a hard ceiling of somebody else is no business of the one who leaves
  await house.asService((tx) =>
    setLimits(
      tx,
      heir.accountId,
      { floorSoft: null, floorHard: null, ceilingSoft: 30, ceilingHard: 30 },
      'for the test'
    )
  )
  const full = await refusal(leaveTo(heir.id))
  assert.deepEqual([full.code, full.figures], ['conflict', {}])
  await house.asService((tx) => setLimits(tx, heir.accountId, noLimits, 'for the test'))
  await leaveTo(String(heir.number))
  await house.policy({ leavingBalance: 'to_pot' })
  assert.equal(await balanceOf(heir.accountId), 60)
  assert.deepEqual(await house.faults(), [])
})

test('a suspended member neither leaves nor names an heir; staff do both for them', async () => {
  const friend = await house.member('Friend')
  const member = await house.member()
  await give(member.accountId, 60)
  await house.policy({ leavingBalance: 'to_named_member' })
  await house.asFounder((tx) => suspend(tx, member.id, 'a complaint is looked into'))
  for (const departure of [{}, { balanceTo: friend.id }])
    assert.equal(await codeOf(house.as(member, (tx) => leave(tx, member.id, departure))), 'forbidden')
  const account = await house.asService((tx) => getAccount(tx, member.accountId))
  assert.deepEqual([account.status, account.balance], ['frozen', 60])
  const left = await house.asFounder((tx) => leave(tx, member.id, { balanceTo: friend.id }))
  await house.policy({ leavingBalance: 'to_pot' })
  assert.equal(left.status, 'left')
  assert.equal(await balanceOf(friend.accountId), 60)
  assert.deepEqual(await house.faults(), [])
})

test('nobody leaves while hours are set aside', async () => {
  const member = await house.member()
  const other = await house.member()
  await house.asService((tx) =>
    post(tx, {
      id: newId(),
      operation: 'hold',
      debit: member.accountId,
      credit: other.accountId,
      minutes: 30,
      kind: 'exchange',
      performedOn
    })
  )
  for (const { id } of [member, other]) {
    const { code } = await refusal(house.asFounder((tx) => leave(tx, id)))
    assert.equal(code, 'conflict')
  }
  assert.equal((await house.asService((tx) => getMembership(tx, member.id))).status, 'active')
})

test('leaving ends affiliations and roles', async () => {
  const member = await house.member('Bo', { roles: ['broker'] })
  const organisation = await house.asFounder((tx) => addOrganisation(tx, { name: 'Shed', kind: 'community_group' }))
  const common = { organisationId: organisation.id, membershipId: member.id, professional: false, actsFor: true }
  await house.asFounder((tx) => addAffiliation(tx, { ...common, validFrom: '2020-01-01' }))
  const left = await house.asFounder((tx) => leave(tx, member.id))
  assert.deepEqual(left.roles, ['member'])
  const covering = (on: string) =>
    house.asService((tx) => affiliationCovering(tx, { membershipId: member.id, actsFor: true, on }))
  assert.equal(await covering('2999-01-01'), null)
  assert.ok(await covering('2021-01-01'), 'what was, stays')
})

const transfersOf = async (): Promise<unknown[]> =>
  house.asService(async (tx) => (await tx.client.query('SELECT * FROM ledger.transfers ORDER BY id')).rows)

test('erasing blanks what is personal, and leaves the ledger as it was', async () => {
  const member = await house.member('Fay Former', {
    email: 'fay@example.org',
    phone: '01234 567890',
    about: 'about Fay',
    gifts: ['songs'],
    dateOfBirth: '1950-01-01',
    postcode: 'AB1 2CD',
    latitude: 1,
    longitude: 2,
    accessNotes: 'a ramp',
    externalSource: 'old',
    externalId: '17'
  })
  await house.asFounder((tx) =>
    noteScreening(tx, member.id, {
      kind: 'reference',
      heldOn: performedOn,
      inPerson: true,
      satisfactory: true,
      note: 'her sister'
    })
  )
  await give(member.accountId, 45)
  assert.equal(await codeOf(house.asFounder((tx) => erase(tx, member.id))), 'wrong-state')
  await house.asFounder((tx) => leave(tx, member.id))
  const before = await transfersOf()
  const broker = await house.member('Bo', { roles: ['broker'] })
  assert.equal(await codeOf(house.as(broker, (tx) => erase(tx, member.id))), 'forbidden')
  const erased = await house.asFounder((tx) => erase(tx, member.id))
  assert.equal(erased.displayName, `Former member ${member.number}`)
  const text = JSON.stringify(erased)
  for (const trace of ['Fay', 'fay@', '01234', 'songs', '1950', 'AB1', 'ramp', member.personId])
    assert.ok(!text.includes(trace), trace)
  assert.deepEqual([erased.latitude, erased.externalId, erased.gifts], [null, null, []])
  assert.deepEqual(await transfersOf(), before)
  assert.deepEqual(await house.faults(), [])
  const notes = await house.asFounder((tx) => listScreenings(tx, member.id, null, 50))
  assert.ok(notes.every((screening) => screening.note === null))
  assert.equal(await codeOf(getPerson(house.database.db, member.personId)), 'not-found')
})

test('a person who is a member elsewhere keeps their login, and may join here again', async () => {
  const elsewhere = await makeHouse('elsewhere', house.database)
  const email = 'both@example.org'
  const there = await elsewhere.member('Bea', { email })
  const here = await house.member('Bea', { email })
  assert.equal(here.personId, there.personId)
  await house.asFounder((tx) => leave(tx, here.id))
  await house.asFounder((tx) => erase(tx, here.id))
  assert.equal((await getPerson(house.database.db, there.personId)).email, email)
  const known = await membershipsOf(house.database, there.personId)
  assert.deepEqual(
    known.map((m) => m.membershipId),
    [there.id]
  )
  const again = await house.asService((tx) => applyForMembership(tx, there.personId, { displayName: 'Bea' }))
  assert.notEqual(again.number, here.number)
})

test('an organisation that is closed leaves its hours to the pot', async () => {
  const organisation = await house.asFounder((tx) => addOrganisation(tx, { name: 'Library', kind: 'council' }))
  const pot = await balanceOf('pot')
  await give(organisation.accountId, -300)
  const closed = await house.asFounder((tx) => closeOrganisation(tx, organisation.id, 'moved into another'))
  assert.equal(closed.status, 'closed')
  assert.equal(await balanceOf('pot'), pot)
  assert.equal(await codeOf(house.asFounder((tx) => closeOrganisation(tx, organisation.id, 'again'))), 'wrong-state')
  assert.deepEqual(await house.faults(), [])
})

test('hours that move while somebody leaves are neither lost nor left behind', async () => {
  const members: Membership[] = await Promise.all(Array.from({ length: 6 }, (_, i) => house.member(`M${i}`)))
  const moves = members.flatMap((member) => [
    give(member.accountId, 30),
    house.asFounder((tx) => leave(tx, member.id)),
    give(member.accountId, 15)
  ])
  await Promise.allSettled(moves)
  assert.deepEqual(await house.faults(), [])
  for (const member of members) {
    const { status } = await house.asService((tx) => getMembership(tx, member.id))
    const account = await house.asService((tx) => getAccount(tx, member.accountId))
    if (status === 'left') assert.deepEqual([account.status, account.balance], ['closed', 0])
    else assert.equal(account.status, 'open')
  }
})

test('an admin who is a person with other duties can still be erased once others are there', async () => {
  const person = await createPerson(house.database.db, { email: 'op@example.org', name: 'Op', locale: 'en' })
  await house.database.pool.query('UPDATE identity.persons SET operator = true WHERE id = $1', [person])
  const operator = await house.member('Op', { email: 'op@example.org' })
  await house.asFounder((tx) => changeRoles(tx, operator.id, ['admin']))
  await house.asFounder((tx) => leave(tx, operator.id))
  await house.asFounder((tx) => erase(tx, operator.id))
  assert.equal(
    (await getPerson(house.database.db, person)).operator,
    true,
    'an operator of the installation keeps the login'
  )
})
