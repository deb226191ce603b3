import { and, asc, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { hasRole } from '../../shared/actor.ts'
import { DomainError, refuseFaults } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { adoptDisclosures } from '../consents/index.ts'
import { findMembership, organisationsActedFor, resolveMember } from '../members/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { wrongState } from './moves.ts'
import { tellPerson } from './posting.ts'
import { lockServiceRequest, type ServiceRequest } from './service-requests.ts'
import { contacts } from './tables.ts'
import type { ContactResult, ContactWay, SubStatus } from './vocabulary.ts'
import { change } from './writing.ts'

/** What only brokers do; nobody of them for themselves, or for an organisation for which they act. */
export async function lockForBroker(tx: Tx, id: string): Promise<ServiceRequest> {
  const request = await lockServiceRequest(tx, id)
  if (!hasRole(tx.actor, 'broker', 'admin')) throw new DomainError('forbidden')
  const me = tx.actor.membershipId
  if (me === null) return request
  const { rules } = await currentPolicy(tx)
  const isOwn =
    request.membershipId === me ||
    request.professionalId === me ||
    (await organisationsActedFor(tx, me, today(tx, rules))).includes(request.organisationId)
  if (isOwn) throw new DomainError('forbidden', 'Somebody else of the staff has to do this: it is yours or about you.')
  return request
}

async function lockUndecided(tx: Tx, id: string): Promise<ServiceRequest> {
  const request = await lockForBroker(tx, id)
  if (request.status !== 'requested') throw wrongState(request.status)
  return request
}

async function lockReferral(tx: Tx, id: string): Promise<ServiceRequest> {
  const request = await lockUndecided(tx, id)
  if (request.kind !== 'referral') throw new DomainError('wrong-state', 'It is about nobody but the agency.')
  return request
}

/** Names the broker who looks after it; null: nobody in particular. */
export async function assign(tx: Tx, id: string, assigneeId: string | null): Promise<ServiceRequest> {
  const before = await lockForBroker(tx, id)
  if (assigneeId !== null) {
    const assignee = await findMembership(tx, assigneeId)
    if (assignee?.status !== 'active' || !assignee.roles.some((role) => role === 'broker' || role === 'admin'))
      refuseFaults([{ pointer: '/memberId', detail: 'memberId: is not an active broker or admin of this timebank.' }])
  }
  if (before.assigneeId === assigneeId) return before
  const changes = { assigneeId: [before.assigneeId, assigneeId] }
  return change(tx, before, { assigneeId }, { action: 'assigned', changes })
}

/** Notes that what the agency says of the consent has been looked into. It opens nothing yet. */
export async function verifyClaim(tx: Tx, id: string): Promise<ServiceRequest> {
  const before = await lockReferral(tx, id)
  if (before.verifiedAt !== null) return before
  const set = { verifiedAt: tx.now, verifiedBy: tx.actor.membershipId }
  return change(tx, before, set, { action: 'claim-verified' })
}

export type Attempt = { way: ContactWay; result: ContactResult; at?: Date | undefined }

/** Notes an attempt to speak with the person. What came of it stays at the desk, until it is decided. */
export async function noteContact(tx: Tx, id: string, { way, result, at = tx.now }: Attempt): Promise<ServiceRequest> {
  const before = await lockReferral(tx, id)
  if (at > tx.now) refuseFaults([{ pointer: '/at', detail: 'at: lies in the future.' }])
  await tx.db.insert(contacts).values({
    timebankId: tx.timebankId,
    id: newId(),
    serviceRequestId: id,
    at,
    way,
    result,
    notedBy: tx.actor.membershipId!
  })
  const next: SubStatus = result === 'reached' ? 'awaiting_consent' : 'contact_attempted'
  const forward = before.subStatus === 'awaiting_contact' || before.subStatus === 'contact_attempted'
  return change(tx, before, forward ? { subStatus: next } : {}, { action: 'contacted' })
}

export const contactsOf = (tx: Tx, id: string) =>
  tx.db
    .select({ at: contacts.at, way: contacts.way, result: contacts.result, notedBy: contacts.notedBy })
    .from(contacts)
    .where(and(eq(contacts.timebankId, tx.timebankId), eq(contacts.serviceRequestId, id)))
    .orderBy(asc(contacts.at), asc(contacts.id))

/** Says which member it is about: who was entered for the contact block, or whom a wrong number did not name. */
export async function linkPerson(tx: Tx, id: string, member: string | number): Promise<ServiceRequest> {
  const before = await lockReferral(tx, id)
  const { id: membershipId, status } = await resolveMember(tx, member)
  if (membershipId === before.membershipId) return before
  if (before.consentedAt !== null) throw new DomainError('wrong-state', 'Somebody has said yes to it already.')
  if (!['applied', 'screening', 'active', 'paused'].includes(status))
    throw new DomainError('party-not-active', 'The member is not active.', {
      errors: [{ pointer: '/member', detail: 'member: is not active.' }]
    })
  if (membershipId === before.professionalId)
    refuseFaults([{ pointer: '/member', detail: 'member: is the professional who asks.' }])
  // what somebody else has said to it was not about them
  const after = await change(tx, before, { membershipId, closesAt: null }, { action: 'linked' })
  await adoptDisclosures(tx, { type: 'service_request', id }, membershipId)
  await tellPerson(tx, after)
  return after
}
