import type { Actor } from '../../shared/actor.ts'
import type { Membership } from '../members/index.ts'

/** A member as who acts. */
export const actorOf = (member: Membership): Actor => ({
  personId: member.personId,
  membershipId: member.id,
  roles: member.roles,
  operator: false,
  source: 'web'
})
