import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import { edited } from '../../http/index.ts'
import { type Actor, hasRole, isStaff } from '../../shared/actor.ts'
import { notFound } from '../../shared/errors.ts'
import { type ShownEvent, type StoredEvent, shownEvent, shownToMember } from '../audit/index.ts'
import type { AffiliationSeen } from './affiliations.ts'
import { isVisibleToMembers, type Membership, resolveMember } from './memberships.ts'
import type { Organisation } from './organisations.ts'
import type { affiliationSchema, memberSchema, organisationSchema } from './schemas.ts'

export type MemberView = z.output<typeof memberSchema>

/** How somebody looks at a membership. An auditor who is no staff sees no profiles, not even those that members see. */
export type Eye = 'own' | 'staff' | 'auditor' | 'member'

export function eyeOf(actor: Actor, membershipId: string): Eye {
  if (actor.membershipId === membershipId) return 'own'
  if (isStaff(actor)) return 'staff'
  return hasRole(actor, 'auditor') ? 'auditor' : 'member'
}

/** What this caller may see of a membership; null: nothing, it is not there for them. */
export function view(actor: Actor, membership: Membership): MemberView | null {
  const eye = eyeOf(actor, membership.id)
  if (eye === 'own' || eye === 'staff') return ownView(membership)
  if (eye === 'auditor') return auditorView(membership)
  return isVisibleToMembers(membership) ? publicView(membership) : null
}

/** The same, where what cannot be seen is a 404. */
export function viewOrNothing(actor: Actor, membership: Membership): MemberView {
  const seen = view(actor, membership)
  if (!seen) throw notFound('member')
  return seen
}

/** All that is kept, but for the tenant and the person behind it. */
export function ownView({ timebankId: _timebank, personId: _person, ...rest }: Membership): MemberView {
  return rest
}

const auditorView = ({
  id,
  number,
  status,
  statusSince,
  roles,
  accountId,
  joinedOn,
  leftOn,
  createdAt
}: Membership): MemberView => ({
  id,
  number,
  status,
  statusSince,
  roles,
  accountId,
  joinedOn,
  leftOn,
  createdAt
})

/** Nothing from which one could tell that somebody was referred, screened or helped. */
const publicView = (membership: Membership): MemberView => {
  const { id, number, displayName, about, gifts, skills, interests, livedExperience, languages, area } = membership
  const { contactVisibility, email, phone, otherPhone } = membership
  return {
    ...{ id, number, displayName, about, gifts, skills, interests, livedExperience, languages, area },
    ...(contactVisibility === 'members' ? { email, phone, otherPhone } : {})
  }
}

/** `actsFor`: organisations for which the caller acts. */
export function organisationView(
  actor: Actor,
  organisation: Organisation,
  actsFor: readonly string[]
): z.output<typeof organisationSchema> {
  const { timebankId: _timebank, externalSource: _source, externalId: _external, accountId, ...rest } = organisation
  const sees = isStaff(actor) || hasRole(actor, 'auditor') || actsFor.includes(organisation.id)
  return { ...rest, ...(sees ? { accountId } : {}) }
}

export function affiliationView(
  actor: Actor,
  affiliation: AffiliationSeen,
  actsFor: readonly string[]
): z.output<typeof affiliationSchema> {
  const {
    id,
    organisationId,
    organisationName,
    member,
    title,
    professional,
    actsFor: acts,
    validFrom,
    validTo,
    status,
    rowVersion
  } = affiliation
  const eye = eyeOf(actor, member.id)
  const plain = {
    id,
    organisationId,
    organisationName,
    memberId: member.id,
    memberNumber: member.number,
    professional,
    actsFor: acts,
    validFrom,
    validTo,
    status: status as 'proposed' | 'accepted',
    rowVersion
  }
  if (eye === 'auditor' && !actsFor.includes(organisationId)) return plain
  return { ...plain, memberName: member.displayName, title }
}

/** A member learns which member of staff acted, or the system of which agency, not who that is elsewhere. */
export const eventView = (actor: Actor, event: StoredEvent): ShownEvent =>
  isStaff(actor) ? shownEvent(event) : shownToMember(event)

/** The member meant, if the caller may see them at all; otherwise it is as if they were not there. */
export async function memberFor(tx: Tx, request: FastifyRequest, ref: string): Promise<Membership> {
  const found = await resolveMember(tx, ref)
  // who has applied, or has left, sees their own membership and nobody else
  const takesPart = ['active', 'paused', 'suspended'].includes(request.membership?.status ?? '')
  if (eyeOf(tx.actor, found.id) !== 'own' && !takesPart) throw notFound('member')
  viewOrNothing(tx.actor, found)
  return found
}

/** The ETag, where the caller sees the version. */
export const ownHeaders = (body: MemberView): Record<string, string> =>
  body.rowVersion === undefined ? {} : edited({ rowVersion: body.rowVersion })
