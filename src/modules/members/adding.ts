import { and, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { onDuplicate } from '../../db/errors.ts'
import type { MembershipStatus, Role } from '../../shared/actor.ts'
import { DomainError } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { type AuditEntry, audit } from '../audit/index.ts'
import { findOrCreatePersonByEmail } from '../identity/index.ts'
import { openAccount, setAccountStatus, setLimits } from '../ledger/index.ts'
import { currentPolicy, type Policy, today } from '../timebanks/index.ts'
import { giveJoiningCredit } from './hours.ts'
import { kindOf, limitsFor } from './limits.ts'
import { asMembership, changeMembership, type Membership, requireAdmin, requireStaff } from './memberships.ts'
import { takeNumbers } from './numbers.ts'
import { type Profile, type ProfileInput, profileOf, refuseImpossible } from './profile.ts'
import { inOrder, requireBroker } from './roles.ts'
import { noteFacts, refuseUnscreened, type ScreeningFacts } from './screening.ts'
import { memberships } from './tables.ts'

/** What the audit says of a new membership. */
export const freshOf = (
  id: string,
  by: 'applied' | 'added',
  status: MembershipStatus,
  fields: string[]
): AuditEntry => ({
  action: `membership.${by}`,
  subject: { type: 'membership', id },
  onBehalfOf: id,
  changes: { status: [null, status], fields }
})

/** What is stored of a new membership beyond its profile. */
type Fresh = ProfileInput & {
  displayName: string
  personId: string
  number: number
  accountId: number
  status: MembershipStatus
  roles?: readonly Role[]
  supported?: boolean | undefined
  brokerId?: string | null | undefined
  joinedOn?: string | null | undefined
  leftOn?: string | null | undefined
  externalSource?: string | null | undefined
  externalId?: string | null | undefined
}

const emptyProfile: Omit<Profile, 'displayName'> = {
  email: null,
  phone: null,
  otherPhone: null,
  postcode: null,
  dateOfBirth: null,
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
  profileVisibility: 'members',
  contactVisibility: 'staff'
}

/** A new membership, complete. */
export const rowOf = (tx: Tx, fresh: Fresh): Membership => ({
  ...emptyProfile,
  ...profileOf(fresh),
  timebankId: tx.timebankId,
  id: newId(),
  personId: fresh.personId,
  displayName: fresh.displayName,
  number: fresh.number,
  accountId: fresh.accountId,
  status: fresh.status,
  roles: inOrder(fresh.roles ?? []),
  supported: fresh.supported ?? false,
  vettedUntil: null,
  brokerId: fresh.brokerId ?? null,
  joinedOn: fresh.joinedOn ?? null,
  leftOn: fresh.leftOn ?? null,
  statusSince: tx.now,
  createdAt: tx.now,
  externalSource: fresh.externalSource ?? null,
  externalId: fresh.externalId ?? null,
  rowVersion: 1
})

/** Adds one membership whose account stays frozen until it is active. */
async function add(tx: Tx, policy: Policy, fresh: Omit<Fresh, 'number' | 'accountId'>): Promise<Membership> {
  refuseImpossible(fresh, today(tx, policy))
  const number = await takeNumbers(tx, 1)
  const limits = limitsFor(policy, kindOf(fresh.supported ?? false))
  const accountId = await openAccount(tx, 'member', limits, 'opened with its member')
  if (fresh.status !== 'active') await setAccountStatus(tx, accountId, 'frozen', 'not active yet')
  const insert = tx.db
    .insert(memberships)
    .values(rowOf(tx, { ...fresh, number, accountId }))
    .returning()
  const [row] = await onDuplicate(
    'memberships_person',
    onDuplicate('memberships_external', insert, () => new DomainError('already-exists', 'This external id is taken.')),
    () => new DomainError('already-exists', 'This person has a membership here already.')
  )
  return asMembership(row!)
}

/** A signed-in person asks to join, or to join again. */
export async function applyForMembership(
  tx: Tx,
  personId: string,
  profile: ProfileInput & { displayName: string }
): Promise<Membership> {
  const { rules } = await currentPolicy(tx)
  const ended = await lockEnded(tx, personId)
  if (ended) return reopen(tx, rules, ended, profile)
  const membership = await add(tx, rules, { ...profile, personId, status: 'applied' })
  await audit(tx, freshOf(membership.id, 'applied', 'applied', Object.keys(profileOf(profile))))
  return membership
}

const reopened: readonly MembershipStatus[] = ['declined', 'withdrawn', 'left']

/** The membership of a person that has ended and may be applied for again; locked, so that two at once take turns. */
async function lockEnded(tx: Tx, personId: string): Promise<Membership | null> {
  const [row] = await tx.db
    .select()
    .from(memberships)
    .where(and(eq(memberships.timebankId, tx.timebankId), eq(memberships.personId, personId)))
    .for('no key update')
  return row && reopened.includes(asMembership(row).status) ? asMembership(row) : null
}

/** The same number and account go on, from the beginning: no roles, and the limits of the present policy. */
async function reopen(
  tx: Tx,
  policy: Policy,
  before: Membership,
  profile: ProfileInput & { displayName: string }
): Promise<Membership> {
  const said = profileOf(profile)
  refuseImpossible({ ...before, ...said }, today(tx, policy))
  const after = await changeMembership(tx, before, {
    ...said,
    status: 'applied',
    statusSince: tx.now,
    roles: inOrder([]),
    joinedOn: null,
    leftOn: null
  })
  // closed accounts did not follow the policy
  const limits = limitsFor(policy, kindOf(before.supported))
  await setLimits(tx, before.accountId, limits, 'membership reapplied', { byHand: false })
  await setAccountStatus(tx, before.accountId, 'frozen', 'membership reapplied')
  await audit(tx, {
    action: 'membership.reapplied',
    subject: { type: 'membership', id: before.id },
    onBehalfOf: before.id,
    changes: {
      status: [before.status, 'applied'],
      ...(before.joinedOn === null ? {} : { joinedOn: [before.joinedOn, null] }),
      ...(before.leftOn === null ? {} : { leftOn: [before.leftOn, null] }),
      fields: Object.keys(said)
    }
  })
  return after
}

export type NewMember = ProfileInput & {
  displayName: string
  /** Whether the e-mail address is also for signing in. A shared address is contact only. Default: yes. */
  signIn?: boolean | undefined
  locale?: string | undefined
  roles?: readonly Role[] | undefined
  supported?: boolean | undefined
  brokerId?: string | null | undefined
  externalSource?: string | null | undefined
  externalId?: string | null | undefined
}

export type AddMember = NewMember & {
  /** `active` only with what the policy asks for. Default: `applied`. */
  status?: 'applied' | 'active' | undefined
  /** What was done before the member was entered. */
  screeningDone?: ScreeningFacts | undefined
}

/** A broker enters somebody, with or without an e-mail address. */
export async function addMember(tx: Tx, input: AddMember): Promise<Membership> {
  requireStaff(tx)
  if (inOrder(input.roles ?? []).length > 1) requireAdmin(tx)
  const { rules } = await currentPolicy(tx)
  const date = today(tx, rules)
  const status = input.status ?? 'applied'
  if (status === 'active')
    refuseUnscreened(
      rules,
      input.screeningDone ?? { references: 0, interview: 'none' },
      input.dateOfBirth ?? null,
      date
    )
  if (input.brokerId) await requireBroker(tx, input.brokerId)
  const personId = await findOrCreatePersonByEmail(tx.db, newPersonOf(input, rules.locale))
  const membership = await add(tx, rules, {
    ...input,
    roles: input.roles ?? [],
    personId,
    status,
    ...(status === 'active' ? { joinedOn: date } : {})
  })
  if (input.screeningDone) await noteFacts(tx, membership.id, input.screeningDone, date)
  await audit(
    tx,
    freshOf(membership.id, 'added', status, Object.keys(profileOf(input))),
    ...(membership.roles.length > 1
      ? [
          {
            action: 'membership.roles-changed',
            subject: { type: 'membership', id: membership.id },
            changes: { roles: [['member'], membership.roles] }
          }
        ]
      : [])
  )
  if (status === 'active') await giveJoiningCredit(tx, membership, rules, date)
  return membership
}

/** The person behind a new member. */
export const newPersonOf = (input: NewMember, policyLocale: string) => ({
  email: input.signIn === false ? null : input.email || null,
  name: input.displayName,
  locale: input.locale ?? policyLocale
})

/** The person who founds a timebank is its first member and its first admin and broker. */
export async function addFounder(
  tx: Tx,
  personId: string,
  profile: ProfileInput & { displayName: string }
): Promise<Membership> {
  const { rules } = await currentPolicy(tx)
  const founder = await add(tx, rules, {
    ...profile,
    personId,
    status: 'active',
    roles: ['broker', 'admin'],
    joinedOn: today(tx, rules)
  })
  if (founder.number !== 1) throw new DomainError('conflict', 'The timebank has members already.')
  await audit(tx, freshOf(founder.id, 'added', 'active', Object.keys(profileOf(profile))), {
    action: 'membership.roles-changed',
    subject: { type: 'membership', id: founder.id },
    changes: { roles: [['member'], founder.roles] }
  })
  return founder
}
