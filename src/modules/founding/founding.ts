import { type Database, inTimebank, type Tx } from '../../db/client.ts'
import { type Actor, systemActor } from '../../shared/actor.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import {
  createPerson,
  findOrCreatePersonByEmail,
  makeOperator,
  redeemSetupCode,
  setPassword
} from '../identity/index.ts'
import { openBooks } from '../ledger/index.ts'
import { createStarterCategories } from '../listings/index.ts'
import { addFounder } from '../members/index.ts'
import { createPolicy, createTimebank, type Policy, type Timebank } from '../timebanks/index.ts'

export type NewTimebank = {
  name: string
  slug: string
  locale: string
  timeZone: string
  /** made up, for integrators */
  sandbox?: boolean
  /** of its first policy, where they differ from the defaults */
  rules?: Partial<Policy>
}

/** Everything that a timebank needs from its first moment: row, policy, books, categories, and its first admin. */
async function found(
  tx: Tx,
  timebank: NewTimebank,
  founder: { personId: string; name: string; email: string }
): Promise<Timebank> {
  const row = await createTimebank(tx, timebank.name, timebank.slug, timebank.sandbox)
  const rules: Partial<Policy> = { ...timebank.rules, locale: timebank.locale, timeZone: timebank.timeZone }
  await createPolicy(tx, rules, 'The timebank was founded.')
  await openBooks(tx)
  await createStarterCategories(tx, timebank.locale)
  await addFounder(tx, founder.personId, { displayName: founder.name, email: founder.email })
  await audit(tx, { action: 'timebank.founded', subject: { type: 'timebank', id: row.id } })
  return row
}

/**
 * The one-time set-up: whoever holds the code makes the first timebank, becomes its first admin and the installation's
 * first operator. One transaction: a fault in anything leaves the code unused.
 */
export function setUp(
  database: Database,
  code: string,
  timebank: NewTimebank,
  admin: { name: string; email: string; password: string }
): Promise<Timebank> {
  return inTimebank(database, newId(), systemActor, async (tx) => {
    await redeemSetupCode(tx.db, code)
    const personId = await createPerson(tx.db, { name: admin.name, email: admin.email, locale: timebank.locale })
    await setPassword(tx.db, personId, admin.password, '/admin/password')
    await makeOperator(tx.db, personId)
    return found(tx, timebank, { personId, name: admin.name, email: admin.email })
  })
}

/** An operator makes a further timebank; its first admin signs in by an e-mailed link. */
export function foundTimebank(
  database: Database,
  actor: Actor,
  timebank: NewTimebank,
  admin: { name: string; email: string }
): Promise<Timebank> {
  return inTimebank(database, newId(), actor, async (tx) => {
    const personId = await findOrCreatePersonByEmail(tx.db, {
      name: admin.name,
      email: admin.email,
      locale: timebank.locale
    })
    return found(tx, timebank, { personId, name: admin.name, email: admin.email })
  })
}
