import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import Fastify from 'fastify'
import type { Tx } from '../../../src/db/client.ts'
import { type Api, registerAccess, registerAuth, registerOpenapi, registerProblems } from '../../../src/http/index.ts'
import { findMembership } from '../../../src/modules/members/index.ts'
import { standingRoutes } from '../../../src/modules/members/standing-routes.ts'
import { newId } from '../../../src/shared/ids.ts'
import { type House, makeHouse } from './house.ts'

let house: House
let app: Api
const called: [hook: string, membershipId: string, status: string | undefined][] = []
let failing = false

const hook = (name: string) => async (tx: Tx, membershipId: string) => {
  // seen from inside: the step has been taken
  called.push([name, membershipId, (await findMembership(tx, membershipId))?.status])
  if (failing) throw new Error('the higher floor cannot follow')
}

before(async () => {
  house = await makeHouse('hooks')
  app = Fastify({ logger: false }) as unknown as Api
  app.decorate('database', house.database)
  registerProblems(app)
  const declared = registerAccess(app)
  const { id, number, accountId, roles, personId } = house.founder
  registerAuth(app, {
    verify: async () => ({ personId, sessionId: newId() }),
    lookAtClient: async () => null,
    look: async () => ({
      sessionAlive: true,
      operator: false,
      timebank: { id: house.timebankId, slug: 'hooks', policyVersion: null },
      membership: { id, number, status: 'active', roles, accountId }
    })
  })
  await registerOpenapi(app, { version: '0', publicUrl: 'http://hooks.test', declared, tags: [] })
  standingRoutes(app, { onDeparture: hook('departure'), onErasure: hook('erasure') })
  await app.ready()
})
after(async () => {
  await app.close()
  await house.database.close()
})

const step = async (member: string, path: string): Promise<number> =>
  (
    await app.inject({
      method: 'POST',
      url: `/v1/timebanks/hooks/members/${member}/${path}`,
      headers: { authorization: 'Bearer x', 'idempotency-key': newId() }
    })
  ).statusCode

const statusOf = async (id: string) => (await house.asService((tx) => findMembership(tx, id)))?.status

test('higher floors follow a departure and an erasure in the same transaction, and no other step', async () => {
  const { id } = await house.member()
  for (const path of ['pause', 'resumption']) assert.equal(await step(id, path), 200)
  assert.deepEqual(called, [])
  assert.equal(await step(id, 'departure'), 200)
  assert.equal(await step(id, 'erasure'), 200)
  assert.deepEqual(called, [
    ['departure', id, 'left'],
    ['erasure', id, 'erased']
  ])
})

test('where a higher floor fails nobody has left', async () => {
  const { id } = await house.member()
  failing = true
  assert.equal(await step(id, 'departure'), 500)
  failing = false
  assert.equal(await statusOf(id), 'active')
})
