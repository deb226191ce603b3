import { and, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { createPerson } from '../identity/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { endAffiliations } from './affiliations.ts'
import { forgetFamilyOf } from './family.ts'
import { emptyAndClose } from './hours.ts'
import {
  actsAsStaff,
  isVisibleToMembers,
  lockMembership,
  type Membership,
  refuseOwn,
  requireAdmin,
  resolveMember
} from './memberships.ts'
import { releaseMembers } from './roles.ts'
import { begin, complete } from './status.ts'
import { screenings } from './tables.ts'

export type Departure = {
  reason?: string | null | undefined
  /** Who gets a positive balance, by id or number, where the policy lets members name somebody. Left out: the pot. */
  balanceTo?: string | undefined
}

/**
 * Ends a membership: its hours go where the policy says, its account is closed, its affiliations and roles end. That of a
 * suspended member is for staff to end.
 */
export async function leave(tx: Tx, membershipId: string, departure: Departure = {}): Promise<Membership> {
  const membership = await begin(tx, 'leave', membershipId)
  // a frozen balance goes nowhere by its owner's word, nor to an heir of their choice
  if (membership.status === 'suspended') refuseOwn(tx, membershipId)
  const { rules } = await currentPolicy(tx)
  const date = today(tx, rules)
  const heir =
    departure.balanceTo === undefined ? null : await heirOf(tx, membership, departure.balanceTo, rules.leavingBalance)
  const emptied = await emptyAndClose(tx, membership.accountId, date, heir?.accountId ?? null, 'the member left')
  await endAffiliations(tx, { membershipId }, date)
  await releaseMembers(tx, membershipId)
  const changes = emptied ? { minutes: emptied.minutes, transferId: emptied.transferId, to: heir?.id ?? 'pot' } : {}
  const also = { leftOn: date, roles: ['member'], brokerId: null }
  return complete(tx, 'leave', membership, departure.reason ?? null, also, changes)
}

async function heirOf(
  tx: Tx,
  membership: Membership,
  ref: string,
  rule: 'to_pot' | 'to_named_member'
): Promise<Membership> {
  const refuse = (detail: string) =>
    new DomainError('validation-failed', `balanceTo: ${detail}`, { errors: [{ pointer: '/balanceTo', detail }] })
  if (rule !== 'to_named_member') throw refuse('By the policy the balance goes to the community pot.')
  const found = await resolveMember(tx, ref).catch((error: unknown) => {
    throw error instanceof DomainError && error.code === 'not-found' ? refuse('There is no such member.') : error
  })
  // locked, so that an account frozen at this moment is not opened again
  const heir = found.id === membership.id ? found : await lockMembership(tx, found.id)
  // one answer for all, so that it does not tell who has left or been suspended
  const unseen = !actsAsStaff(tx) && !isVisibleToMembers(heir)
  if (heir.status !== 'active' || heir.id === membership.id || unseen) throw refuse('There is no such member.')
  return heir
}

/**
 * Blanks what is personal of a membership that has ended. The ledger and the exchanges stay as they are: they hold the
 * account and the membership's id only. The person's login goes too, unless they are still known in another timebank.
 */
export async function erase(tx: Tx, membershipId: string, reason: string | null = null): Promise<Membership> {
  requireAdmin(tx)
  const membership = await begin(tx, 'erase', membershipId)
  const displayName = `Former member ${membership.number}`
  await tx.db
    .update(screenings)
    .set({ note: null })
    .where(and(eq(screenings.timebankId, tx.timebankId), eq(screenings.membershipId, membershipId)))
  await forgetFamilyOf(tx, membershipId)
  const nobody = await createPerson(tx.db, { email: null, name: displayName, locale: 'en' })
  // the membership no longer leads to the person, who may go on elsewhere or join here again
  const erased = await complete(tx, 'erase', membership, reason, { ...blank, displayName, personId: nobody })
  await tx.client.query('SELECT members.forget_person($1)', [membership.personId])
  return erased
}

const blank = {
  roles: ['member'],
  supported: false,
  brokerId: null,
  email: null,
  phone: null,
  otherPhone: null,
  postcode: null,
  dateOfBirth: null,
  vettedUntil: null,
  about: null,
  gifts: [],
  skills: [],
  interests: [],
  livedExperience: [],
  languages: [],
  accessNotes: null,
  area: null,
  latitude: null,
  longitude: null,
  profileVisibility: 'staff',
  contactVisibility: 'staff',
  externalSource: null,
  externalId: null
}
