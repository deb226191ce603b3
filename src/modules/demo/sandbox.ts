import { randomBytes } from 'node:crypto'
import { actAs, type Database, inTimebank, type Tx } from '../../db/client.ts'
import { systemActor } from '../../shared/actor.ts'
import { agencyScopes } from '../../shared/agency-scopes.ts'
import { addDays } from '../../shared/clock.ts'
import { addClient } from '../agencies/index.ts'
import { foundTimebank } from '../founding/index.ts'
import { findOrCreatePersonByEmail, setPassword } from '../identity/index.ts'
import {
  type AddMember,
  addAffiliation,
  addMember,
  addOrganisation,
  membersByNumber,
  noteScreening
} from '../members/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { actorOf } from './actors.ts'
import { cast, helpers } from './cast.ts'

/** What an integrator needs to begin with; the secrets are told this once. */
export type Sandbox = {
  timebank: string
  admin: { email: string; password: string }
  agency: {
    organisationId: string
    name: string
    /** affiliation of the professional in whose name the client calls */
    professionalId: string
    clientId: string
    clientSecret: string
  }
  /** whom to refer, and what becomes of it */
  people: { memberNumber: number; name: string; path: string }[]
}

/** However often it is played, nobody's account runs out. */
const unlimited = {
  memberFloorSoft: null,
  memberFloorHard: null,
  memberCeilingSoft: null,
  memberCeilingHard: null,
  organisationFloorSoft: null,
  organisationFloorHard: null
}

/**
 * Makes a sandbox: a timebank of about a dozen made-up people, none of whom has an address, with an agency that has a client and
 * a professional. Refused where there is one with that short name.
 */
export async function makeSandbox(
  database: Database,
  { slug, name }: { slug: string; name: string }
): Promise<Sandbox> {
  const admin = { name: 'Ada Admin', email: `admin@${slug}.example` }
  const { id } = await foundTimebank(
    database,
    systemActor,
    { name, slug, locale: 'en', timeZone: 'Europe/London', sandbox: true, rules: unlimited },
    admin
  )
  const password = `sandbox-${randomBytes(9).toString('base64url')}`
  await database.db.transaction(async (db) => {
    await setPassword(db, await findOrCreatePersonByEmail(db, { ...admin, locale: 'en' }), password)
  })
  const filled = await inTimebank(database, id, systemActor, async (tx) => {
    const ada = (await membersByNumber(tx, [1])).get(1)!
    return fill(actAs(tx, actorOf(ada), tx.now))
  })
  return { timebank: slug, admin: { email: admin.email, password }, ...filled }
}

async function fill(tx: Tx): Promise<Pick<Sandbox, 'agency' | 'people'>> {
  const enter = (displayName: string, more: Partial<AddMember> = {}) =>
    addMember(tx, {
      displayName,
      status: 'active',
      screeningDone: { references: 2, interview: 'in_person' },
      languages: ['en'],
      ...more
    })
  await enter('Bron Broker', { roles: ['broker'] })
  const professional = await enter('Dr Perry Professional')
  const people: Sandbox['people'] = []
  for (const { name, path } of cast) people.push({ memberNumber: (await enter(name)).number, name, path })
  const day = today(tx, (await currentPolicy(tx)).rules)
  for (const name of helpers) {
    const { id } = await enter(name)
    // so that they may help in any category
    await noteScreening(tx, id, {
      kind: 'vetting',
      heldOn: day,
      inPerson: true,
      satisfactory: true,
      validUntil: addDays(day, 36_500)
    })
  }
  const name = 'Example Health Board'
  const { id: organisationId } = await addOrganisation(tx, { name, kind: 'health_board' })
  const affiliation = await addAffiliation(tx, {
    organisationId,
    membershipId: professional.id,
    professional: true,
    actsFor: true
  })
  const { client, secret } = await addClient(tx, organisationId, {
    name: 'Integration',
    scopes: agencyScopes,
    professionalId: affiliation.id
  })
  return {
    agency: { organisationId, name, professionalId: affiliation.id, clientId: client.id, clientSecret: secret },
    people
  }
}
