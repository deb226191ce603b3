import { and, asc, eq, gt } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import type { MembershipStatus } from '../../shared/actor.ts'
import { DomainError, type Fault, refuseFaults } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import { currentPolicy, type Policy, today } from '../timebanks/index.ts'
import { changeMembership, findMembership, lockMembership, refuseOwn, requireStaff } from './memberships.ts'
import { isMinorOn } from './profile.ts'
import { screenings } from './tables.ts'

export type ScreeningKind = 'reference' | 'interview' | 'vetting'
export type Screening = typeof screenings.$inferSelect & { kind: ScreeningKind }

/** How much is there of what the policy asks for. */
export type ScreeningFacts = { references: number; interview: 'none' | 'any' | 'in_person' }

export type NewScreening = {
  kind: ScreeningKind
  heldOn: string
  inPerson: boolean
  satisfactory: boolean
  /** of vetting, the last day on which it holds */
  validUntil?: string | undefined
  note?: string | null | undefined
}

const screened: readonly MembershipStatus[] = ['screening', 'active', 'paused', 'suspended']

/**
 * Notes a reference, an interview or that somebody was vetted. What is in the note stays with staff; the audit says only that
 * there is one. The vetting noted last is the one that counts; one that was not satisfactory ends what held before.
 */
export async function noteScreening(tx: Tx, membershipId: string, screening: NewScreening): Promise<Screening> {
  requireStaff(tx)
  refuseOwn(tx, membershipId)
  const membership = await lockMembership(tx, membershipId)
  if (!screened.includes(membership.status))
    throw new DomainError('wrong-state', `This membership is ${membership.status}; start the screening first.`)
  const { rules } = await currentPolicy(tx)
  if (screening.heldOn > today(tx, rules))
    refuseFaults([{ pointer: '/heldOn', detail: 'heldOn: must not be in the future.' }])
  if (screening.kind === 'vetting') {
    if (screening.validUntil === undefined || screening.validUntil < screening.heldOn)
      refuseFaults([{ pointer: '/validUntil', detail: 'validUntil: the last day on which the vetting holds.' }])
    await changeMembership(tx, membership, {
      vettedUntil: screening.satisfactory ? (screening.validUntil ?? null) : null
    })
  } else if (screening.validUntil !== undefined)
    refuseFaults([{ pointer: '/validUntil', detail: 'validUntil: is for vetting only.' }])
  const [row] = await tx.db
    .insert(screenings)
    .values(screeningRow(tx, membershipId, screening))
    .returning()
  await audit(tx, {
    action: `screening.${screening.kind}-noted`,
    subject: { type: 'membership', id: membershipId },
    changes: {
      heldOn: screening.heldOn,
      inPerson: screening.inPerson,
      satisfactory: screening.satisfactory,
      ...(screening.validUntil === undefined ? {} : { validUntil: screening.validUntil })
    }
  })
  return row as Screening
}

const screeningRow = (tx: Tx, membershipId: string, screening: NewScreening): typeof screenings.$inferInsert => ({
  timebankId: tx.timebankId,
  id: newId(),
  membershipId,
  kind: screening.kind,
  heldOn: screening.heldOn,
  inPerson: screening.inPerson,
  satisfactory: screening.satisfactory,
  validUntil: screening.validUntil ?? null,
  note: screening.note ?? null,
  recordedBy: tx.actor.membershipId,
  recordedAt: tx.now
})

/** Keeps what was done before a member was entered. */
export async function noteFacts(tx: Tx, membershipId: string, facts: ScreeningFacts, on: string): Promise<void> {
  const noted: NewScreening[] = Array.from({ length: facts.references }, () => ({
    kind: 'reference',
    heldOn: on,
    inPerson: false,
    satisfactory: true
  }))
  if (facts.interview !== 'none')
    noted.push({ kind: 'interview', heldOn: on, inPerson: facts.interview === 'in_person', satisfactory: true })
  if (noted.length === 0) return
  await tx.db.insert(screenings).values(noted.map((screening) => screeningRow(tx, membershipId, screening)))
  await audit(
    tx,
    ...noted.map(({ kind, heldOn, inPerson, satisfactory }) => ({
      action: `screening.${kind}-noted`,
      subject: { type: 'membership', id: membershipId },
      changes: { heldOn, inPerson, satisfactory }
    }))
  )
}

export async function listScreenings(
  tx: Tx,
  membershipId: string,
  after: string | null,
  limit: number
): Promise<Screening[]> {
  requireStaff(tx)
  // references are given in confidence
  refuseOwn(tx, membershipId)
  if (!(await findMembership(tx, membershipId))) return []
  const rows = await tx.db
    .select()
    .from(screenings)
    .where(
      and(
        eq(screenings.timebankId, tx.timebankId),
        eq(screenings.membershipId, membershipId),
        after === null ? undefined : gt(screenings.id, after)
      )
    )
    .orderBy(asc(screenings.id))
    .limit(limit + 1)
  return rows as Screening[]
}

/** Counts what was satisfactory. */
export async function factsOf(tx: Tx, membershipId: string): Promise<ScreeningFacts> {
  const rows = await tx.db
    .select({ kind: screenings.kind, inPerson: screenings.inPerson })
    .from(screenings)
    .where(
      and(
        eq(screenings.timebankId, tx.timebankId),
        eq(screenings.membershipId, membershipId),
        eq(screenings.satisfactory, true)
      )
    )
  const interviews = rows.filter((row) => row.kind === 'interview')
  return {
    references: rows.filter((row) => row.kind === 'reference').length,
    interview: interviews.some((row) => row.inPerson) ? 'in_person' : interviews.length > 0 ? 'any' : 'none'
  }
}

const enough = { none: ['none', 'any', 'in_person'], any: ['any', 'in_person'], in_person: ['in_person'] }

/** Refuses with everything that is missing, not only the first thing. */
export function refuseUnscreened(policy: Policy, facts: ScreeningFacts, dateOfBirth: string | null, on: string): void {
  const faults: Fault[] = []
  if (facts.references < policy.referencesNeeded)
    faults.push({
      pointer: '/references',
      detail: `${policy.referencesNeeded} satisfactory references are needed, ${facts.references} are noted.`
    })
  if (!enough[policy.interviewNeeded].includes(facts.interview))
    faults.push({
      pointer: '/interview',
      detail: `A satisfactory interview${policy.interviewNeeded === 'in_person' ? ' in person' : ''} is needed.`
    })
  if (!policy.minorsAllowed && isMinorOn(dateOfBirth, on))
    faults.push({ pointer: '/dateOfBirth', detail: 'People under 18 cannot be members of this timebank.' })
  if (faults.length === 0) return
  throw new DomainError('screening-incomplete', faults.map((fault) => fault.detail).join(' '), {
    errors: faults,
    figures: {
      referencesNeeded: policy.referencesNeeded,
      referencesNoted: facts.references,
      interviewNeeded: policy.interviewNeeded
    }
  })
}
