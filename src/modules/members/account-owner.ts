import { and, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { organisationsActedFor } from './affiliations.ts'
import { memberships, organisations } from './tables.ts'

/** Whose an account is: one of the two is set. */
export type AccountOwner = { membershipId: string | null; organisationId: string | null; supported: boolean }

/** Whose an account is; null: nobody's, such as the pot. `lock`: who it is stays as they are until the transaction ends. */
export async function accountOwner(
  tx: Tx,
  accountId: number,
  { lock = false }: { lock?: boolean } = {}
): Promise<AccountOwner | null> {
  const membersWithIt = tx.db
    .select({ id: memberships.id, supported: memberships.supported })
    .from(memberships)
    .where(and(eq(memberships.timebankId, tx.timebankId), eq(memberships.accountId, accountId)))
  const [member] = await (lock ? membersWithIt.for('no key update') : membersWithIt)
  if (member) return { membershipId: member.id, organisationId: null, supported: member.supported }
  const organisationsWithIt = tx.db
    .select({ id: organisations.id })
    .from(organisations)
    .where(and(eq(organisations.timebankId, tx.timebankId), eq(organisations.accountId, accountId)))
  const [organisation] = await (lock ? organisationsWithIt.for('no key update') : organisationsWithIt)
  return organisation ? { membershipId: null, organisationId: organisation.id, supported: false } : null
}

/** Nobody decides about their own account, or that of an organisation for which they act. */
export async function refuseOwnAccount(
  tx: Tx,
  { membershipId, organisationId }: AccountOwner,
  on: string
): Promise<void> {
  const me = tx.actor.membershipId
  if (me === null) return
  const own =
    organisationId === null ? membershipId === me : (await organisationsActedFor(tx, me, on)).includes(organisationId)
  if (own) throw new DomainError('forbidden', 'Somebody else of the staff has to do this for your account.')
}
