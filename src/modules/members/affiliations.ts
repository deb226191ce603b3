import { and, asc, desc, eq, gt, gte, inArray, isNull, lte, ne, or, type SQL, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { DomainError, notFound, refuseFaults } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { actsAsStaff, asMembership, isOwn, isVisibleToMembers, lockMembership, type Membership } from './memberships.ts'
import { affiliations, memberships, organisations } from './tables.ts'

export type Affiliation = typeof affiliations.$inferSelect

export type NewAffiliation = {
  organisationId: string
  membershipId: string
  title?: string | null | undefined
  /** Covers the professional capacity. */
  professional: boolean
  /** Lets the member act for the organisation. */
  actsFor: boolean
  /** Default: today. */
  validFrom?: string | undefined
  /** The last day; null: until further notice. */
  validTo?: string | null | undefined
}

/** The affiliation is valid on that day. */
const validOn = (on: string): SQL =>
  and(lte(affiliations.validFrom, on), or(isNull(affiliations.validTo), gte(affiliations.validTo, on)))!

const accepted = eq(affiliations.status, 'accepted')
/** What a member has refused is not there any more, for anybody. */
const notRefused = ne(affiliations.status, 'refused')

/** Staff, or somebody who acts for the organisation today. */
async function hasVoice(tx: Tx, organisationId: string, date: string): Promise<boolean> {
  if (actsAsStaff(tx)) return true
  const { membershipId } = tx.actor
  if (membershipId === null) return false
  return (await affiliationCovering(tx, { membershipId, organisationId, actsFor: true, on: date })) !== null
}

/**
 * Two of one kind (the same two flags) between the same two may not run at the same time. Entered by staff, or by the member
 * who acts for the organisation already, it is accepted at once; anybody else is asked first.
 */
export async function addAffiliation(tx: Tx, input: NewAffiliation): Promise<Affiliation> {
  const { rules } = await currentPolicy(tx)
  const date = today(tx, rules)
  const [organisation] = await tx.db
    .select({ status: organisations.status })
    .from(organisations)
    .where(and(eq(organisations.timebankId, tx.timebankId), eq(organisations.id, input.organisationId)))
    .for('share')
  if (!organisation) throw notFound('organisation')
  if (!(await hasVoice(tx, input.organisationId, date)))
    throw new DomainError('forbidden', 'This is for staff and those who act for the organisation.')
  if (organisation.status !== 'active') throw new DomainError('wrong-state', 'This organisation is closed.')
  // the lock makes two at the same moment take turns
  const membership = await lockMembership(tx, input.membershipId)
  if (!actsAsStaff(tx) && !isOwn(tx, membership.id) && !isVisibleToMembers(membership)) throw notFound('member')
  if (membership.status !== 'active' && membership.status !== 'paused')
    throw new DomainError('wrong-state', `This membership is ${membership.status}.`)
  const status = actsAsStaff(tx) || isOwn(tx, membership.id) ? 'accepted' : 'proposed'
  const validFrom = input.validFrom ?? date
  if (validFrom < date && !actsAsStaff(tx))
    refuseFaults([{ pointer: '/validFrom', detail: 'validFrom: a day before today is for staff to enter.' }])
  const validTo = input.validTo ?? null
  if (validTo !== null && validTo < validFrom)
    refuseFaults([{ pointer: '/validTo', detail: 'validTo: must not be before validFrom.' }])
  // a proposal stands in nobody's way but that of the same proposal
  await refuseOverlap(tx, { ...input, validFrom, validTo }, status === 'accepted' ? accepted : notRefused)
  const { organisationId, membershipId, professional, actsFor } = input
  const [row] = await tx.db
    .insert(affiliations)
    .values({
      timebankId: tx.timebankId,
      id: newId(),
      organisationId,
      membershipId,
      title: input.title ?? null,
      professional,
      actsFor,
      validFrom,
      validTo,
      status,
      createdAt: tx.now
    })
    .returning()
  await audit(tx, {
    action: status === 'accepted' ? 'affiliation.added' : 'affiliation.proposed',
    subject: { type: 'affiliation', id: row!.id },
    onBehalfOf: membershipId,
    changes: { organisationId, professional, actsFor, validFrom, validTo }
  })
  return row!
}

async function refuseOverlap(
  tx: Tx,
  wanted: { [K in 'validFrom' | 'validTo']: Affiliation[K] } & NewAffiliation,
  among: SQL
): Promise<void> {
  const [there] = await tx.db
    .select({ id: affiliations.id })
    .from(affiliations)
    .where(
      and(
        eq(affiliations.timebankId, tx.timebankId),
        eq(affiliations.membershipId, wanted.membershipId),
        eq(affiliations.organisationId, wanted.organisationId),
        eq(affiliations.professional, wanted.professional),
        eq(affiliations.actsFor, wanted.actsFor),
        or(isNull(affiliations.validTo), gte(affiliations.validTo, wanted.validFrom)),
        among,
        wanted.validTo === null ? undefined : lte(affiliations.validFrom, wanted.validTo)
      )
    )
    .limit(1)
  if (there) throw new DomainError('already-exists', 'There is an affiliation of this kind for these days.')
}

/** A proposal, locked, for the member whom it is about; it is there for nobody else to answer. */
async function lockProposal(tx: Tx, id: string): Promise<Affiliation> {
  const found = await lockAffiliation(tx, id)
  if (!isOwn(tx, found.membershipId)) throw notFound('affiliation')
  if (found.status !== 'proposed') throw new DomainError('wrong-state', 'This affiliation is accepted already.')
  return found
}

/** The member says yes: from now on it counts, and others see it. */
export async function acceptAffiliation(tx: Tx, id: string): Promise<Affiliation> {
  const { membershipId } = tx.actor
  if (membershipId === null) throw notFound('affiliation')
  // as when one is added: two at the same moment take turns
  const { status } = await lockMembership(tx, membershipId)
  const proposal = await lockProposal(tx, id)
  if (status !== 'active' && status !== 'paused') throw new DomainError('wrong-state', `This membership is ${status}.`)
  await refuseOverlap(tx, proposal, accepted)
  return answer(tx, proposal, 'accepted')
}

/** The member says no, without a reason: it is gone from every list, and may be proposed again. */
export async function refuseAffiliation(tx: Tx, id: string): Promise<void> {
  await answer(tx, await lockProposal(tx, id), 'refused')
}

async function answer(tx: Tx, proposal: Affiliation, status: 'accepted' | 'refused'): Promise<Affiliation> {
  const [row] = await tx.db
    .update(affiliations)
    .set({ status, rowVersion: proposal.rowVersion + 1 })
    .where(and(eq(affiliations.timebankId, tx.timebankId), eq(affiliations.id, proposal.id)))
    .returning()
  await audit(tx, {
    action: `affiliation.${status}`,
    subject: { type: 'affiliation', id: proposal.id },
    changes: { status: [proposal.status, status] }
  })
  return row!
}

async function lockAffiliation(tx: Tx, id: string): Promise<Affiliation> {
  const [row] = await tx.db
    .select()
    .from(affiliations)
    .where(and(eq(affiliations.timebankId, tx.timebankId), eq(affiliations.id, id), notRefused))
    .for('no key update')
  if (!row) throw notFound('affiliation')
  return row
}

/**
 * Sets the last day. An affiliation is only ever shortened, never deleted: exchanges of the past rest on it. `expected` is the
 * row version that the change was made from; null where the caller has just read it.
 */
export async function endAffiliation(
  tx: Tx,
  id: string,
  lastDay?: string,
  expected: number | null = null
): Promise<Affiliation> {
  const { rules } = await currentPolicy(tx)
  const date = today(tx, rules)
  const before = await lockAffiliation(tx, id)
  if (!isOwn(tx, before.membershipId) && !(await hasVoice(tx, before.organisationId, date)))
    throw notFound('affiliation')
  if (expected !== null && expected !== before.rowVersion) throw new DomainError('precondition-failed')
  const validTo = lastDay ?? date
  if (validTo < before.validFrom)
    refuseFaults([{ pointer: '/validTo', detail: `validTo: must not be before ${before.validFrom}, when it begins.` }])
  if (before.validTo !== null && validTo > before.validTo)
    throw new DomainError('wrong-state', `This affiliation ends on ${before.validTo}; add another one instead.`)
  if (before.validTo === validTo) return before
  const [row] = await tx.db
    .update(affiliations)
    .set({ validTo, rowVersion: before.rowVersion + 1 })
    .where(and(eq(affiliations.timebankId, tx.timebankId), eq(affiliations.id, id)))
    .returning()
  await audit(tx, ended(before, row!))
  return row!
}

const ended = (before: Affiliation, after: Affiliation) => ({
  action: 'affiliation.ended',
  subject: { type: 'affiliation', id: before.id },
  onBehalfOf: before.membershipId,
  changes: { validTo: [before.validTo, after.validTo] }
})

/** All of a member or of an organisation that has ended. One that has not begun is left with its first day only. */
export async function endAffiliations(
  tx: Tx,
  of: { membershipId: string } | { organisationId: string },
  lastDay: string
): Promise<void> {
  const whose =
    'membershipId' in of
      ? eq(affiliations.membershipId, of.membershipId)
      : eq(affiliations.organisationId, of.organisationId)
  const open = and(
    eq(affiliations.timebankId, tx.timebankId),
    whose,
    notRefused,
    or(isNull(affiliations.validTo), sql`${affiliations.validTo} > ${lastDay}`)
  )
  const before = await tx.db.select().from(affiliations).where(open).orderBy(asc(affiliations.id)).for('no key update')
  if (before.length === 0) return
  const after = await tx.db
    .update(affiliations)
    .set({
      validTo: sql`greatest(${affiliations.validFrom}, ${lastDay}::date)`,
      rowVersion: sql`${affiliations.rowVersion} + 1`
    })
    .where(open)
    .returning()
  const byId = new Map(after.map((row) => [row.id, row]))
  await audit(tx, ...before.map((row) => ended(row, byId.get(row.id) ?? row)))
}

export type AffiliationWanted = {
  membershipId: string
  organisationId?: string | undefined
  professional?: true | undefined
  actsFor?: true | undefined
  /** ISO date of the service */
  on: string
}

/** The affiliation that covers a capacity on a day; the latest where there are several. */
export async function affiliationCovering(tx: Tx, wanted: AffiliationWanted): Promise<Affiliation | null> {
  const [row] = await tx.db
    .select()
    .from(affiliations)
    .where(
      and(
        eq(affiliations.timebankId, tx.timebankId),
        eq(affiliations.membershipId, wanted.membershipId),
        wanted.organisationId === undefined ? undefined : eq(affiliations.organisationId, wanted.organisationId),
        wanted.professional ? eq(affiliations.professional, true) : undefined,
        wanted.actsFor ? eq(affiliations.actsFor, true) : undefined,
        accepted,
        validOn(wanted.on)
      )
    )
    .orderBy(desc(affiliations.validFrom), desc(affiliations.id))
    .limit(1)
  return row ?? null
}

/** Ids of the organisations that a member acts for on a day. */
export async function organisationsActedFor(tx: Tx, membershipId: string, on: string): Promise<string[]> {
  const rows = await tx.db
    .selectDistinct({ id: affiliations.organisationId })
    .from(affiliations)
    .where(
      and(
        eq(affiliations.timebankId, tx.timebankId),
        eq(affiliations.membershipId, membershipId),
        eq(affiliations.actsFor, true),
        accepted,
        validOn(on)
      )
    )
  return rows.map((row) => row.id)
}

/** Ids of the members who act for one of the organisations on a day. */
export async function membersActingFor(tx: Tx, organisationIds: readonly string[], on: string): Promise<string[]> {
  const rows = await tx.db
    .selectDistinct({ id: affiliations.membershipId })
    .from(affiliations)
    .where(
      and(
        eq(affiliations.timebankId, tx.timebankId),
        inArray(affiliations.organisationId, [...organisationIds]),
        eq(affiliations.actsFor, true),
        accepted,
        validOn(on)
      )
    )
  return rows.map((row) => row.id)
}

/** An affiliation with the member and the name of the organisation; what of it is shown is for views to say. */
export type AffiliationSeen = Affiliation & { member: Membership; organisationName: string }

export type AffiliationFilter = {
  organisationId?: string | undefined
  membershipId?: string | undefined
  /** Only those valid on this day. */
  on?: string | undefined
  /** Only accepted ones of members whom this one may see. */
  visibleTo?: string | undefined
  after: string | null
}

/** Who works for an organisation on a day, by the ids of their affiliations: active members only. At most 1,000. */
export const professionalsOf = (
  tx: Tx,
  organisationId: string,
  on: string
): Promise<{ affiliationId: string; name: string; title: string | null }[]> =>
  tx.db
    .select({ affiliationId: affiliations.id, name: memberships.displayName, title: affiliations.title })
    .from(affiliations)
    .innerJoin(
      memberships,
      and(eq(memberships.timebankId, affiliations.timebankId), eq(memberships.id, affiliations.membershipId))
    )
    .where(
      and(
        eq(affiliations.timebankId, tx.timebankId),
        eq(affiliations.organisationId, organisationId),
        eq(affiliations.professional, true),
        accepted,
        validOn(on),
        eq(memberships.status, 'active')
      )
    )
    .orderBy(asc(affiliations.id))
    .limit(1000)

export async function findAffiliation(tx: Tx, id: string): Promise<Affiliation | null> {
  const [found] = await tx.db
    .select()
    .from(affiliations)
    .where(and(eq(affiliations.timebankId, tx.timebankId), eq(affiliations.id, id)))
  return found ?? null
}

export async function listAffiliations(tx: Tx, filter: AffiliationFilter, limit: number): Promise<AffiliationSeen[]> {
  const visible =
    filter.visibleTo === undefined
      ? undefined
      : or(
          eq(memberships.id, filter.visibleTo),
          and(sql`${memberships.status} in ('active', 'paused')`, eq(memberships.profileVisibility, 'members'))
        )
  const rows = await tx.db
    .select({ affiliation: affiliations, member: memberships, organisationName: organisations.name })
    .from(affiliations)
    .innerJoin(
      memberships,
      and(eq(memberships.timebankId, affiliations.timebankId), eq(memberships.id, affiliations.membershipId))
    )
    .innerJoin(
      organisations,
      and(eq(organisations.timebankId, affiliations.timebankId), eq(organisations.id, affiliations.organisationId))
    )
    .where(
      and(
        eq(affiliations.timebankId, tx.timebankId),
        filter.organisationId === undefined ? undefined : eq(affiliations.organisationId, filter.organisationId),
        filter.membershipId === undefined ? undefined : eq(affiliations.membershipId, filter.membershipId),
        filter.on === undefined ? undefined : validOn(filter.on),
        filter.visibleTo === undefined ? notRefused : accepted,
        filter.after === null ? undefined : gt(affiliations.id, filter.after),
        visible
      )
    )
    .orderBy(asc(affiliations.id))
    .limit(limit + 1)
  return rows.map((row) => ({
    ...row.affiliation,
    member: asMembership(row.member),
    organisationName: row.organisationName
  }))
}
