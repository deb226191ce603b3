import type { Tx } from '../../db/client.ts'
import { onDuplicate } from '../../db/errors.ts'
import { DomainError } from '../../shared/errors.ts'
import { audit } from '../audit/index.ts'
import { giveLogin } from '../identity/index.ts'
import { changeMembership, lockMembership, type Membership, requireAdmin, requireStaff } from './memberships.ts'

/**
 * Gives a member who was entered without an address one to sign in by. Where somebody has that address and is no member here,
 * the membership becomes theirs. A login that is there is never replaced: it would hand the membership to somebody else.
 */
export async function giveMemberLogin(tx: Tx, membershipId: string, email: string): Promise<Membership> {
  requireStaff(tx)
  const before = await lockMembership(tx, membershipId)
  // whoever signs in gets the roles as well, and those are for admins to give
  if (before.roles.length > 1) requireAdmin(tx)
  if (before.status === 'erased') throw new DomainError('wrong-state', 'This membership is erased.')
  const personId = await giveLogin(tx.db, before.personId, email)
  const after = await onDuplicate(
    'memberships_person',
    changeMembership(tx, before, { personId }),
    () => new DomainError('already-exists', 'Who has this address is a member here already.')
  )
  if (personId !== before.personId) await tx.client.query('SELECT members.forget_person($1)', [before.personId])
  await audit(tx, {
    action: 'membership.login-given',
    subject: { type: 'membership', id: membershipId },
    onBehalfOf: membershipId,
    changes: { fields: ['login'] }
  })
  return after
}
