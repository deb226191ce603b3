import { type Database, inTimebank, type Tx } from '../../../src/db/client.ts'
import { createPerson } from '../../../src/modules/identity/index.ts'
import { openBooks, verifyBooks } from '../../../src/modules/ledger/index.ts'
import {
  type AddMember,
  addFounder,
  addMember,
  changeRoles,
  type Membership
} from '../../../src/modules/members/index.ts'
import {
  changePolicy,
  createPolicy,
  createTimebank,
  currentPolicy,
  type Policy
} from '../../../src/modules/timebanks/index.ts'
import { type Actor, type Role, systemActor } from '../../../src/shared/actor.ts'
import { newId } from '../../../src/shared/ids.ts'
import { makePool } from '../../support/database.ts'

/** A timebank with its founder, reached through the front door of the module. */
export type House = {
  database: Database & { url: string }
  timebankId: string
  founder: Membership
  clock: { now: Date }
  /** as the service itself */
  asService<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** as a member, with the roles that they have or others */
  as<T>(who: Membership, work: (tx: Tx) => Promise<T>, roles?: Role[]): Promise<T>
  asFounder<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** an active member, entered by the founder */
  member(name?: string, more?: Partial<AddMember> & { roles?: Role[] }): Promise<Membership>
  policy(change: Partial<Policy>): Promise<void>
  /** nothing: the books are sound */
  faults(): Promise<unknown[]>
}

export const actorOf = (who: Membership, roles: Role[] = who.roles): Actor => ({
  personId: who.personId,
  membershipId: who.id,
  roles,
  operator: false,
  source: 'api'
})

export async function makeHouse(
  name: string,
  database?: Database & { url: string },
  clock = { now: new Date() }
): Promise<House> {
  const pool = database ?? (await makePool(name, () => clock.now))
  const timebankId = newId()
  const asService: House['asService'] = (work) => inTimebank(pool, timebankId, systemActor, work)
  const founder = await asService(async (tx) => {
    await createTimebank(tx, name, `t${timebankId.slice(-12)}`)
    await createPolicy(tx, {}, 'founded')
    await openBooks(tx)
    return addFounder(tx, await createPerson(tx.db, { email: null, name: 'Ada', locale: 'en' }), {
      displayName: 'Ada Admin'
    })
  })
  const as: House['as'] = (who, work, roles) => inTimebank(pool, timebankId, actorOf(who, roles), work)
  const asFounder: House['asFounder'] = (work) => as(founder, work)
  return {
    database: pool,
    timebankId,
    founder,
    clock,
    asService,
    as,
    asFounder,
    member: async (displayName = 'Mo Member', { roles, ...more } = {}) => {
      const added = await asFounder((tx) =>
        addMember(tx, {
          displayName,
          status: 'active',
          screeningDone: { references: 2, interview: 'in_person' },
          ...more
        })
      )
      return roles ? asFounder((tx) => changeRoles(tx, added.id, roles)) : added
    },
    policy: (change) =>
      asFounder(async (tx) => {
        await changePolicy(tx, change, 'for the test', (await currentPolicy(tx)).version)
      }),
    faults: () => asService(verifyBooks)
  }
}

type Refusal = { code: string; errors: { pointer?: string }[]; figures: object }

/** What `work` was refused with. */
export async function refusal(work: Promise<unknown>): Promise<Refusal> {
  try {
    await work
  } catch (error) {
    return error as Refusal
  }
  throw new Error('it was not refused')
}

export const codeOf = async (work: Promise<unknown>): Promise<string> => (await refusal(work)).code
