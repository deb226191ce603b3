import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addMember, getMembership, leave, type Membership, updateProfile } from '../../../src/modules/members/index.ts'
import { codeOf, type House, makeHouse, refusal } from './house.ts'

let house: House
let member: Membership
before(async () => {
  house = await makeHouse('profile')
  member = await house.member('Pat', { gifts: ['bread'] })
})
after(() => house.database.close())

test('of twenty edits from the same version one is made', async () => {
  const { rowVersion } = await house.asService((tx) => getMembership(tx, member.id))
  const edits = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) =>
      house.asFounder((tx) => updateProfile(tx, member.id, { about: `${i}` }, rowVersion))
    )
  )
  assert.equal(edits.filter((edit) => edit.status === 'fulfilled').length, 1)
  assert.equal(
    await codeOf(house.asFounder((tx) => updateProfile(tx, member.id, { about: 'x' }, rowVersion))),
    'precondition-failed'
  )
})

test('an edit that changes nothing makes no version and no event', async () => {
  const { id } = await house.member('Still', { gifts: ['bread'] })
  const events = () =>
    house.asService(async (tx) => Number((await tx.client.query('SELECT count(*) FROM audit.events')).rows[0].count))
  const before = await events()
  assert.equal((await house.asFounder((tx) => updateProfile(tx, id, { gifts: ['bread', 'bread'] }, 1))).rowVersion, 1)
  assert.equal(await events(), before)
})

test('what cannot be is refused: births to come, half a place', async () => {
  const change = { dateOfBirth: '2999-01-01', latitude: 5 }
  const { code, errors } = await refusal(house.asFounder((tx) => updateProfile(tx, member.id, change, null)))
  assert.equal(code, 'validation-failed')
  assert.deepEqual(
    errors.map((e) => e.pointer),
    ['/dateOfBirth', '/latitude']
  )
})

test('an applicant gives their date of birth; after that it is for staff, as is whether they are supported', async () => {
  const applied = await house.asFounder((tx) => addMember(tx, { displayName: 'Ola' }))
  const own = await house.as(applied, (tx) => updateProfile(tx, applied.id, { dateOfBirth: '1990-01-01' }, null))
  assert.equal(own.dateOfBirth, '1990-01-01')
  assert.equal(
    await codeOf(house.as(member, (tx) => updateProfile(tx, member.id, { dateOfBirth: '1990-01-01' }, null))),
    'forbidden'
  )
  assert.equal(
    await codeOf(house.as(member, (tx) => updateProfile(tx, member.id, { supported: true }, null))),
    'forbidden'
  )
  assert.equal((await house.asFounder((tx) => updateProfile(tx, member.id, { supported: true }, null))).supported, true)
})

test('the profile of who has left is not edited any more', async () => {
  const gone = await house.member()
  await house.asFounder((tx) => leave(tx, gone.id))
  assert.equal(await codeOf(house.asFounder((tx) => updateProfile(tx, gone.id, { about: 'x' }, null))), 'wrong-state')
})
