import { connect, type Database, inTimebank, type Tx } from '../../src/db/client.ts'
import { foundTimebank } from '../../src/modules/founding/index.ts'
import { beginSession, makeIdentity } from '../../src/modules/identity/index.ts'
import { findCategory } from '../../src/modules/listings/index.ts'
import { addMember, membersByNumber } from '../../src/modules/members/index.ts'
import { changePolicy, currentPolicy, type Policy } from '../../src/modules/timebanks/index.ts'
import { type Actor, systemActor } from '../../src/shared/actor.ts'

export type Townsperson = { id: string; personId: string; accountId: number; token: string }

/** A timebank with its broker (who is its admin too) and members who are signed in. */
export type Town = {
  slug: string
  timebankId: string
  categoryId: string
  broker: Townsperson
  members: Townsperson[]
  /** new sessions for everybody: an access token lasts ten minutes */
  signIn(): Promise<void>
}

/**
 * Makes a timebank beside a running service, on its database and through the modules' own doors, with tokens that the
 * service at `url` takes. Hundreds of sign-ins by mail would take minutes.
 */
export async function makeTown(
  database: Database,
  url: string,
  options: { slug: string; members: number; policy: Partial<Policy> }
): Promise<Town> {
  const { slug, members: count, policy } = options
  const { id: timebankId } = await foundTimebank(
    database,
    systemActor,
    { name: slug, slug, locale: 'en', timeZone: 'UTC' },
    { name: 'Ada', email: `ada@${slug}.example` }
  )
  const identity = makeIdentity({ database, issuer: url })
  const people = await inTimebank(database, timebankId, systemActor, async (tx) => {
    const ada = (await membersByNumber(tx, [1])).get(1)!
    const actor: Actor = {
      personId: ada.personId,
      membershipId: ada.id,
      roles: ada.roles,
      operator: false,
      source: 'api'
    }
    return [ada, ...(await settleIn({ ...tx, actor }, count, policy))].map(({ id, personId, accountId }) => ({
      id,
      personId: personId!,
      accountId,
      token: ''
    }))
  })
  const category = await inTimebank(database, timebankId, systemActor, (tx) => findCategory(tx, 'gardening'))
  const signIn = async () => {
    for (const person of people) person.token = (await beginSession(identity, person.personId, 'password')).accessToken
  }
  await signIn()
  const [broker, ...members] = people
  return { slug, timebankId, categoryId: category!.id, broker: broker!, members, signIn }
}

async function settleIn(tx: Tx, count: number, policy: Partial<Policy>) {
  await changePolicy(tx, policy, 'For a measurement', (await currentPolicy(tx)).version)
  const added = []
  for (let i = 0; i < count; i += 1)
    added.push(
      await addMember(tx, {
        displayName: `Member ${i}`,
        status: 'active',
        screeningDone: { references: 2, interview: 'in_person' }
      })
    )
  return added
}

/** The service's own way into a database of that address, for a while. */
export async function withDatabase<T>(url: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = connect({ url, max: 4 })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}
