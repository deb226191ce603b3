import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { inTimebank } from '../../../src/db/client.ts'
import { createPerson, getPerson } from '../../../src/modules/identity/index.ts'
import { communityPot, getAccount } from '../../../src/modules/ledger/index.ts'
import {
  activate,
  addMember,
  addMembers,
  applyForMembership,
  assignBroker,
  changeRoles,
  getMembership,
  isMinorOn,
  listScreenings,
  noteScreening,
  resolveMember,
  startScreening
} from '../../../src/modules/members/index.ts'
import { codeOf, type House, makeHouse, refusal } from './house.ts'

let house: House
before(async () => {
  house = await makeHouse('joining')
})
after(() => house.database.close())

const inPerson = { heldOn: '2026-01-05', inPerson: true, satisfactory: true }

test('numbers are without gaps under 50 additions at once, also when some of them fail', async () => {
  const fresh = await makeHouse('numbers', house.database)
  const results = await Promise.allSettled(
    Array.from({ length: 60 }, (_, i) =>
      fresh.asFounder(async (tx) => {
        const { number } = await addMember(tx, { displayName: `Member ${i}` })
        if (i % 6 === 0) throw new Error('and then something fails')
        return number
      })
    )
  )
  const numbers = results.flatMap((r) => (r.status === 'fulfilled' ? r.value : [])).sort((a, b) => a - b)
  assert.deepEqual(
    numbers,
    Array.from({ length: 50 }, (_, i) => i + 2)
  )
})

test('an application waits with a frozen account, and a person applies once', async () => {
  const personId = await createPerson(house.database.db, { email: 'ann@example.org', name: 'Ann', locale: 'en' })
  const actor = { personId, membershipId: null, roles: [], operator: false, source: 'web' as const }
  const apply = () =>
    inTimebank(house.database, house.timebankId, actor, (tx) =>
      applyForMembership(tx, personId, { displayName: 'Ann', gifts: ['bread', 'bread', 'listening'] })
    )
  const membership = await apply()
  assert.equal(membership.status, 'applied')
  assert.deepEqual(membership.roles, ['member'])
  assert.deepEqual(membership.gifts, ['bread', 'listening'])
  assert.equal(membership.joinedOn, null)
  const account = await house.asService((tx) => getAccount(tx, membership.accountId))
  assert.equal(account.status, 'frozen')
  assert.deepEqual(account.limits, { floorSoft: -600, floorHard: -1200, ceilingSoft: 6000, ceilingHard: null })
  assert.equal(await codeOf(apply()), 'already-exists')
})

test('activation names everything that is missing, and counts only what was satisfactory', async () => {
  const { id } = await house.asFounder((tx) => addMember(tx, { displayName: 'Kim', dateOfBirth: '2012-05-01' }))
  await house.asFounder((tx) => startScreening(tx, id))
  const none = await refusal(house.asFounder((tx) => activate(tx, id)))
  assert.equal(none.code, 'screening-incomplete')
  assert.deepEqual(
    none.errors.map((e) => e.pointer),
    ['/references', '/interview', '/dateOfBirth']
  )
  await house.asFounder(async (tx) => {
    await noteScreening(tx, id, { kind: 'reference', ...inPerson, satisfactory: false })
    await noteScreening(tx, id, { kind: 'reference', ...inPerson, note: 'a neighbour' })
    await noteScreening(tx, id, { kind: 'reference', ...inPerson })
    await noteScreening(tx, id, { kind: 'interview', ...inPerson, inPerson: false })
  })
  const some = await refusal(house.asFounder((tx) => activate(tx, id)))
  assert.deepEqual(
    some.errors.map((e) => e.pointer),
    ['/interview', '/dateOfBirth']
  )
  await house.asFounder((tx) => noteScreening(tx, id, { kind: 'interview', ...inPerson }))
  await house.policy({ minorsAllowed: true })
  const active = await house.asFounder((tx) => activate(tx, id))
  await house.policy({ minorsAllowed: false })
  assert.equal(active.status, 'active')
  assert.match(active.joinedOn ?? '', /^\d{4}-\d\d-\d\d$/)
  assert.equal((await house.asFounder((tx) => listScreenings(tx, id, null, 50))).length, 5)
})

test('a screening is not noted before it has begun, nor for a day to come', async () => {
  const { id } = await house.asFounder((tx) => addMember(tx, { displayName: 'Lee' }))
  const note = (heldOn: string) =>
    house.asFounder((tx) => noteScreening(tx, id, { kind: 'reference', ...inPerson, heldOn }))
  assert.equal(await codeOf(note('2026-01-05')), 'wrong-state')
  await house.asFounder((tx) => startScreening(tx, id))
  assert.equal(await codeOf(note('2999-01-01')), 'validation-failed')
})

test('the joining credit comes from the pot, once', async () => {
  const rich = await makeHouse('joining-credit', house.database)
  await rich.policy({ joiningCreditMinutes: 120, referencesNeeded: 0, interviewNeeded: 'none' })
  const applied = await rich.asFounder((tx) => addMember(tx, { displayName: 'Joy' }))
  await rich.asFounder((tx) => startScreening(tx, applied.id))
  await rich.asFounder((tx) => activate(tx, applied.id))
  const direct = await rich.member('Jo', { screeningDone: undefined })
  await rich.asService(async (tx) => {
    assert.equal((await getAccount(tx, applied.accountId)).balance, 120)
    assert.equal((await getAccount(tx, direct.accountId)).balance, 120)
    assert.equal((await getAccount(tx, await communityPot(tx))).balance, -240)
  })
  assert.deepEqual(await rich.faults(), [])
})

test('a broker enters an active member only with what the policy asks for', async () => {
  const add = (references: number) =>
    house.asFounder((tx) =>
      addMember(tx, { displayName: 'Di', status: 'active', screeningDone: { references, interview: 'in_person' } })
    )
  assert.equal(await codeOf(add(1)), 'screening-incomplete')
  const { id } = await add(2)
  assert.equal((await house.asFounder((tx) => listScreenings(tx, id, null, 50))).length, 3)
})

test('a member without an e-mail address has no invented one, and a shared one does not sign in', async () => {
  const offline = await house.member('Ivy')
  assert.equal((await getPerson(house.database.db, offline.personId)).email, null)
  const first = await house.member('Ed', { email: 'home@example.org' })
  const second = await house.member('Flo', { email: 'home@example.org', signIn: false })
  assert.equal((await getPerson(house.database.db, first.personId)).email, 'home@example.org')
  assert.equal((await getPerson(house.database.db, second.personId)).email, null)
  assert.equal(second.email, 'home@example.org')
})

test('members do not add members, and brokers do not hand out roles', async () => {
  const member = await house.member()
  const broker = await house.member('Bo', { roles: ['broker'] })
  assert.equal(await codeOf(house.as(member, (tx) => addMember(tx, { displayName: 'X' }))), 'forbidden')
  assert.equal(
    await codeOf(house.as(broker, (tx) => addMember(tx, { displayName: 'X', roles: ['admin'] }))),
    'forbidden'
  )
  assert.equal(await codeOf(house.as(broker, (tx) => changeRoles(tx, broker.id, ['admin']))), 'forbidden')
  assert.equal((await house.as(broker, (tx) => addMember(tx, { displayName: 'X' }))).status, 'applied')
})

test('a named broker must be one, and members are released when they no longer are', async () => {
  const member = await house.member()
  const broker = await house.member('Bo', { roles: ['broker'] })
  const assign = (id: string) => house.asFounder((tx) => assignBroker(tx, member.id, id))
  assert.equal(await codeOf(assign(member.id)), 'validation-failed')
  assert.equal((await assign(broker.id)).brokerId, broker.id)
  await house.asFounder((tx) => changeRoles(tx, broker.id, []))
  assert.equal((await house.asService((tx) => getMembership(tx, member.id))).brokerId, null)
})

test('an import keeps given numbers, continues after the highest, and finds persons by their address', async () => {
  const moved = await makeHouse('import', house.database)
  const known = await createPerson(house.database.db, { email: 'known@example.org', name: 'Known', locale: 'en' })
  const rows = await moved.asService((tx) =>
    addMembers(tx, [
      {
        displayName: 'Ten',
        number: 10,
        status: 'active',
        joinedOn: '2019-02-03',
        externalSource: 'old',
        externalId: 'a'
      },
      { displayName: 'Next', status: 'paused', email: 'KNOWN@example.org' },
      { displayName: 'Seven', number: 7, status: 'left', leftOn: '2020-01-01' },
      {
        displayName: 'After',
        status: 'suspended',
        email: 'new@example.org',
        limits: { floorSoft: -60, floorHard: -60, ceilingSoft: null, ceilingHard: null }
      }
    ])
  )
  assert.deepEqual(
    rows.map((m) => [m.number, m.status]),
    [
      [10, 'active'],
      [11, 'paused'],
      [7, 'left'],
      [12, 'suspended']
    ]
  )
  assert.equal(rows[1]!.personId, known)
  await moved.asService(async (tx) => {
    assert.equal((await resolveMember(tx, '10')).id, rows[0]!.id)
    assert.equal((await getAccount(tx, rows[3]!.accountId)).status, 'frozen')
    assert.equal((await getAccount(tx, rows[3]!.accountId)).limits.floorHard, -60)
  })
  const again = (number: number, externalId: string) =>
    codeOf(
      moved.asService((tx) =>
        addMembers(tx, [{ displayName: 'X', number, status: 'active', externalSource: 'old', externalId }])
      )
    )
  assert.equal(await again(10, 'b'), 'already-exists')
  assert.equal(await again(99, 'a'), 'already-exists')
})

test('5,000 members come in with a handful of statements', async () => {
  const large = await makeHouse('large-import', house.database)
  const started = performance.now()
  const rows = await large.asService((tx) =>
    addMembers(
      tx,
      Array.from({ length: 5000 }, (_, i) => ({
        displayName: `Member ${i}`,
        status: 'active' as const,
        email: i % 2 === 0 ? `m${i}@large.example.org` : null,
        skills: ['gardening']
      }))
    )
  )
  const seconds = (performance.now() - started) / 1000
  assert.equal(new Set(rows.map((m) => m.accountId)).size, 5000)
  assert.deepEqual([rows[0]!.number, rows.at(-1)!.number], [2, 5001])
  assert.ok(seconds < 10, `took ${seconds.toFixed(1)} s`)
})

test('somebody is a minor until the day they turn 18', () => {
  assert.equal(isMinorOn('2008-03-10', '2026-03-09'), true)
  assert.equal(isMinorOn('2008-03-10', '2026-03-10'), false)
  assert.equal(isMinorOn('2008-02-29', '2026-02-28'), true)
  assert.equal(isMinorOn('2008-02-29', '2026-03-01'), false)
  assert.equal(isMinorOn(null, '2026-03-01'), false)
})
