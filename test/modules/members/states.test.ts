import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Tx } from '../../../src/db/client.ts'
import { getAccount } from '../../../src/modules/ledger/index.ts'
import {
  activate,
  addMember,
  changeRoles,
  decline,
  erase,
  getMembership,
  leave,
  type Membership,
  noteScreening,
  pause,
  reinstate,
  resume,
  startScreening,
  suspend,
  withdraw
} from '../../../src/modules/members/index.ts'
import type { MembershipStatus } from '../../../src/shared/actor.ts'
import { codeOf, type House, makeHouse } from './house.ts'

let house: House
before(async () => {
  house = await makeHouse('states')
})
after(() => house.database.close())

type Step = (tx: Tx, id: string) => Promise<Membership>
const steps = {
  startScreening: (tx, id) => startScreening(tx, id),
  activate: (tx, id) => activate(tx, id),
  decline: (tx, id) => decline(tx, id, null),
  withdraw: (tx, id) => withdraw(tx, id),
  pause: (tx, id) => pause(tx, id),
  resume: (tx, id) => resume(tx, id),
  suspend: (tx, id) => suspend(tx, id, 'told the broker'),
  reinstate: (tx, id) => reinstate(tx, id, 'cleared up'),
  leave: (tx, id) => leave(tx, id),
  erase: (tx, id) => erase(tx, id)
} satisfies Record<string, Step>
type StepName = keyof typeof steps

/** How to bring a fresh application into each state. */
const ways: Record<MembershipStatus, StepName[]> = {
  applied: [],
  screening: ['startScreening'],
  active: ['startScreening', 'activate'],
  paused: ['startScreening', 'activate', 'pause'],
  suspended: ['startScreening', 'activate', 'suspend'],
  declined: ['decline'],
  withdrawn: ['withdraw'],
  left: ['startScreening', 'activate', 'leave'],
  erased: ['startScreening', 'activate', 'leave', 'erase']
}

const allowed: [from: MembershipStatus, step: StepName, to: MembershipStatus, account: string][] = [
  ['applied', 'startScreening', 'screening', 'frozen'],
  ['applied', 'decline', 'declined', 'closed'],
  ['applied', 'withdraw', 'withdrawn', 'closed'],
  ['screening', 'activate', 'active', 'open'],
  ['screening', 'decline', 'declined', 'closed'],
  ['screening', 'withdraw', 'withdrawn', 'closed'],
  ['active', 'pause', 'paused', 'open'],
  ['active', 'suspend', 'suspended', 'frozen'],
  ['active', 'leave', 'left', 'closed'],
  ['paused', 'resume', 'active', 'open'],
  ['paused', 'leave', 'left', 'closed'],
  ['suspended', 'reinstate', 'active', 'open'],
  ['suspended', 'leave', 'left', 'closed'],
  ['left', 'erase', 'erased', 'closed'],
  ['declined', 'erase', 'erased', 'closed'],
  ['withdrawn', 'erase', 'erased', 'closed']
]

async function inState(status: MembershipStatus): Promise<Membership> {
  return house.asFounder(async (tx) => {
    let membership = await addMember(tx, { displayName: 'Sam Steps' })
    for (const name of ways[status]) {
      if (name === 'activate') {
        const common = { heldOn: '2026-01-05', inPerson: true, satisfactory: true }
        for (const kind of ['reference', 'reference', 'interview'] as const)
          await noteScreening(tx, membership.id, { kind, ...common })
      }
      membership = await steps[name](tx, membership.id)
    }
    return membership
  })
}

test('every step that the states allow leads where they say, and takes the account along', async () => {
  await house.policy({ referencesNeeded: 0, interviewNeeded: 'none' })
  for (const [from, step, to, account] of allowed) {
    const membership = await inState(from)
    const moved = await house.asFounder((tx) => steps[step](tx, membership.id))
    assert.equal(moved.status, to, `${from} ${step}`)
    assert.equal(moved.rowVersion, membership.rowVersion + 1)
    const { status } = await house.asService((tx) => getAccount(tx, membership.accountId))
    assert.equal(status, account, `account after ${from} ${step}`)
  }
})

test('every other step is refused and changes nothing', async () => {
  for (const from of Object.keys(ways) as MembershipStatus[]) {
    const membership = await inState(from)
    for (const step of Object.keys(steps) as StepName[]) {
      if (allowed.some(([state, name]) => state === from && name === step)) continue
      assert.equal(
        await codeOf(house.asFounder((tx) => steps[step](tx, membership.id))),
        'wrong-state',
        `${from} ${step}`
      )
    }
    assert.deepEqual(await house.asService((tx) => getMembership(tx, membership.id)), membership)
  }
})

const ownSteps: StepName[] = ['withdraw', 'pause', 'resume', 'leave']

test('a member takes only their own steps, and no steps of others', async () => {
  const other = await house.member('Olu Other')
  for (const [from, step] of allowed) {
    const membership = await inState(from)
    const code = await codeOf(house.as(other, (tx) => steps[step](tx, membership.id)))
    assert.equal(code, ownSteps.includes(step) ? 'not-found' : 'forbidden', `${step} by another member`)
    const own = house.as(membership, (tx) => steps[step](tx, membership.id))
    if (ownSteps.includes(step) && from !== 'suspended') assert.notEqual((await own).status, from)
    else assert.equal(await codeOf(own), 'forbidden', `${step} by the member`)
  }
})

test('staff do not decide about themselves', async () => {
  const broker = await house.member('Bo Broker', { roles: ['broker'] })
  assert.equal(await codeOf(house.as(broker, (tx) => suspend(tx, broker.id, 'own wish'))), 'forbidden')
  assert.equal(
    await codeOf(
      house.as(broker, (tx) =>
        noteScreening(tx, broker.id, { kind: 'reference', heldOn: '2026-01-05', inPerson: false, satisfactory: true })
      )
    ),
    'forbidden'
  )
})

test('a broker does not suspend an admin', async () => {
  const broker = await house.member('Bo Broker', { roles: ['broker'] })
  const admin = await house.member('Al Admin', { roles: ['admin'] })
  assert.equal(await codeOf(house.as(broker, (tx) => suspend(tx, admin.id, 'because'))), 'forbidden')
})

test('the last admin can neither drop the role, nor pause, nor leave', async () => {
  const alone = await makeHouse('last-admin', house.database)
  const { founder } = alone
  for (const step of [
    (tx: Tx) => changeRoles(tx, founder.id, ['broker']),
    (tx: Tx) => pause(tx, founder.id),
    (tx: Tx) => leave(tx, founder.id)
  ])
    assert.equal(await codeOf(alone.asFounder(step)), 'conflict')
  const second = await alone.member('Al Admin', { roles: ['admin'] })
  assert.deepEqual((await alone.asFounder((tx) => changeRoles(tx, founder.id, ['broker']))).roles, ['member', 'broker'])
  assert.equal(await codeOf(alone.as(second, (tx) => changeRoles(tx, second.id, []))), 'conflict')
})

test('of two admins who drop each other at the same moment one stays', async () => {
  const pair = await makeHouse('two-admins', house.database)
  const second = await pair.member('Al Admin', { roles: ['admin'] })
  const results = await Promise.allSettled([
    pair.asFounder((tx) => changeRoles(tx, second.id, [])),
    pair.as(second, (tx) => changeRoles(tx, pair.founder.id, []))
  ])
  assert.deepEqual(results.map((r) => r.status).sort(), ['fulfilled', 'rejected'])
})
