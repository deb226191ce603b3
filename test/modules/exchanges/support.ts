import assert from 'node:assert/strict'
import { inTimebank, type Tx } from '../../../src/db/client.ts'
import type { Role } from '../../../src/shared/actor.ts'
import { addMember, type Client, makeStage, ok, setUp } from '../../support/app.ts'

export const performedOn = '2026-01-15'

/** A timebank with a broker and what tests of exchanges ask of it again and again. */
export async function makeHouse(name: string, chosen: Record<string, unknown> = {}) {
  const stage = await makeStage(name)
  const admin = await setUp(stage)
  const broker = await addMember(stage, admin, { name: 'Bron the broker', roles: ['broker'] })
  const category: string = (await admin.get('categories/gardening')).body.id
  const { timebankId } = ok(await admin.get('/v1/me')).memberships[0]

  const between = (provider: Client, receiver: Client, more: Record<string, unknown> = {}) => ({
    provider: { memberId: provider.memberId },
    receiver: { memberId: receiver.memberId },
    categoryId: category,
    minutes: 60,
    ...more
  })

  const change = async (rules: Record<string, unknown>): Promise<number> => {
    const { version } = ok(await admin.get('policy'))
    return ok(await admin.patch('policy', { rules, why: 'For one test' }, version)).version
  }
  if (Object.keys(chosen).length > 0) await change(chosen)

  const account = async (client: Client) => ok(await admin.get(`accounts/${client.accountId}`))

  return {
    stage,
    admin,
    broker,
    category,
    between,
    change,
    account,
    member: (options: Parameters<typeof addMember>[2] = {}) => addMember(stage, admin, options),
    balanceOf: async (client: Client): Promise<number> => {
      const { balanceMinutes } = await account(client)
      assert.ok(Number.isInteger(balanceMinutes))
      return balanceMinutes
    },
    sound: async () => assert.deepEqual(ok(await admin.get('verify')).problems, []),
    /** Calls a front door as that member would through a route of another module. */
    as: <T>(client: Client, work: (tx: Tx) => Promise<T>, roles: Role[] = ['member']): Promise<T> =>
      inTimebank(
        stage.database,
        timebankId,
        {
          personId: client.personId,
          membershipId: client.memberId,
          roles,
          operator: false,
          source: 'api'
        },
        work
      )
  }
}

export type House = Awaited<ReturnType<typeof makeHouse>>
export type { Client }
