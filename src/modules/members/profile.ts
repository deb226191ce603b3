import type { Tx } from '../../db/client.ts'
import type { MembershipStatus } from '../../shared/actor.ts'
import { DomainError, type Fault, refuseFaults } from '../../shared/errors.ts'
import { audit } from '../audit/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { followPolicy } from './limits.ts'
import { actsAsStaff, changeMembership, lockMembership, type Membership, requireOwnOrStaff } from './memberships.ts'

const profileFields = [
  'displayName',
  'email',
  'phone',
  'otherPhone',
  'postcode',
  'dateOfBirth',
  'about',
  'gifts',
  'skills',
  'interests',
  'livedExperience',
  'languages',
  'accessNotes',
  'area',
  'latitude',
  'longitude',
  'profileVisibility',
  'contactVisibility'
] as const
export type ProfileField = (typeof profileFields)[number]
export type Profile = Pick<Membership, ProfileField>

/** What somebody says about themselves; what is left out stays as it is, or empty. */
export type ProfileInput = { [K in ProfileField]?: Profile[K] | undefined }

/** Only the fields of a profile, whatever else the object carries. */
export const profileOf = (input: ProfileInput): Partial<Profile> =>
  Object.fromEntries(
    profileFields.filter((field) => input[field] !== undefined).map((field) => [field, tidy(input[field])])
  )

/** Each word of a list once, in the order given. */
const tidy = (value: unknown): unknown => (Array.isArray(value) ? [...new Set(value)] : value)

/** What cannot be right about a profile, whoever sends it. */
export function refuseImpossible(profile: ProfileInput, on: string): void {
  const faults: Fault[] = []
  const { dateOfBirth, latitude, longitude } = profile
  if (dateOfBirth && (dateOfBirth > on || dateOfBirth < '1890-01-01'))
    faults.push({ pointer: '/dateOfBirth', detail: 'dateOfBirth: must be a date in the past.' })
  if (((latitude ?? null) === null) !== ((longitude ?? null) === null))
    faults.push({ pointer: '/latitude', detail: 'latitude and longitude go together.' })
  refuseFaults(faults)
}

const editable: readonly MembershipStatus[] = ['applied', 'screening', 'active', 'paused', 'suspended']

/**
 * `supported`: whether somebody helps them with their account; such a member's reports are never confirmed by time alone, and
 * their account may have floors of its own by the policy.
 */
export type ProfileChange = ProfileInput & { supported?: boolean | undefined }

/** `expected` is the row version that the change was made from; null where the caller has just read it under lock. */
export async function updateProfile(
  tx: Tx,
  membershipId: string,
  change: ProfileChange,
  expected: number | null
): Promise<Membership> {
  requireOwnOrStaff(tx, membershipId)
  const before = await lockMembership(tx, membershipId)
  if (!editable.includes(before.status)) throw new DomainError('wrong-state', `This membership is ${before.status}.`)
  if (expected !== null && expected !== before.rowVersion) throw new DomainError('precondition-failed')
  const next: Partial<Membership> = {
    ...profileOf(change),
    ...(change.supported === undefined ? {} : { supported: change.supported })
  }
  const { rules } = await currentPolicy(tx)
  refuseImpossible({ ...before, ...next }, today(tx, rules))
  if (!actsAsStaff(tx)) refuseReserved(before, next)
  const changed = (Object.keys(next) as (keyof typeof next)[]).filter(
    (field) => JSON.stringify(next[field]) !== JSON.stringify(before[field])
  )
  if (changed.length === 0) return before
  const after = await changeMembership(tx, before, next)
  if (after.supported !== before.supported) await followPolicy(tx, after, rules)
  await audit(tx, {
    action: 'membership.updated',
    subject: { type: 'membership', id: membershipId },
    onBehalfOf: membershipId,
    changes: { fields: changed }
  })
  return after
}

/** The rule on minors rests on the date of birth: after the application only staff change it. */
function refuseReserved(before: Membership, next: Partial<Membership>): void {
  const reserved: Fault[] = []
  if (next.supported !== undefined && next.supported !== before.supported)
    reserved.push({ pointer: '/supported', detail: 'supported: is changed by staff.' })
  if (next.dateOfBirth !== undefined && next.dateOfBirth !== before.dateOfBirth && before.status !== 'applied')
    reserved.push({ pointer: '/dateOfBirth', detail: 'dateOfBirth: is changed by staff.' })
  refuseFaults(reserved, 'forbidden')
}

/** Whether somebody is under 18 on a day. Where the date of birth is not known, the timebank has nothing to go by. */
export function isMinorOn(dateOfBirth: string | null, on: string): boolean {
  if (dateOfBirth === null) return false
  const year = Number(on.slice(0, 4)) - 18
  // born on 29 February: 18 on 1 March of a common year, by comparison of texts
  return dateOfBirth > `${String(year).padStart(4, '0')}${on.slice(4)}`
}
