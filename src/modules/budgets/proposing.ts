import { and, eq, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { DomainError, type Fault, notFound, refuseFaults } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { scopesGiven } from '../consents/index.ts'
import { isVisibleToMembers, organisationParty, partiesOf, resolveMember } from '../members/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { type Budget, type BudgetKind, findBudget } from './budgets.ts'

import { allow, lockSeen, type Seen, standingTo } from './standing.ts'
import { budgets, holders } from './tables.ts'
import { tell } from './telling.ts'

export type Holder =
  | { mode: 'self' }
  | { mode: 'nominated_person'; memberId: string }
  | { mode: 'circle'; memberIds: readonly string[] }
  | { mode: 'provider_held'; organisationId: string }
  | { mode: 'agency_held' }

export type NewBudget = {
  kind: BudgetKind
  /** an agency's own, where its client proposes */
  funderOrganisationId?: string | undefined
  memberId?: string | undefined
  memberNumber?: number | undefined
  organisationId?: string | undefined
  title?: string | undefined
  holder: Holder
  intendedMinutes: number
  /** default: today */
  validFrom?: string | undefined
  validTo?: string | null | undefined
}

const one = (tx: Tx, id: string) => and(eq(budgets.timebankId, tx.timebankId), eq(budgets.id, id))

type Change = Partial<Omit<typeof budgets.$inferInsert, 'timebankId' | 'id' | 'rowVersion'>>

/** Writes a step of a budget that is locked. */
export async function change(tx: Tx, budget: Budget, changed: Change): Promise<Budget> {
  await tx.db
    .update(budgets)
    .set({ ...changed, updatedAt: tx.now, rowVersion: sql`${budgets.rowVersion} + 1` })
    .where(one(tx, budget.id))
  return findBudget(tx, budget.id)
}

/** The funder, or a broker for it, says what it means to set aside, for whom or what, and who will hold it. Moves nothing. */
export async function propose(tx: Tx, input: NewBudget): Promise<Seen> {
  const { kind, intendedMinutes, title = null } = input
  const funderId = await funderOf(tx, input, tx.actor.agency?.organisationId)
  const organisationId = input.organisationId ?? (kind === 'agency' ? funderId : null)
  const day = today(tx, (await currentPolicy(tx)).rules)
  const { validFrom = day, validTo = null } = input
  refuseFaults(faultsOf(input, validFrom, validTo))
  const memberId = kind === 'person' ? await personOf(tx, input, funderId) : null
  if (organisationId !== null && organisationId !== funderId) await activeOrganisation(tx, organisationId)
  // members know who speaks for whom; an agency does not name them, nor learn by naming them whether they are there
  if (!isStaff(tx.actor) && ('memberId' in input.holder || 'memberIds' in input.holder))
    throw new DomainError(
      'forbidden',
      'Which members hold it is for the person to say (PUT …/holder), or for a broker.'
    )
  const held = await holderOf(tx, input.holder, { kind, funderId })
  const standing = await standingTo(tx, { ...held, kind, memberId, funderId, planToFunder: false, status: 'proposed' })
  if (!standing.funder && !isStaff(tx.actor))
    throw new DomainError('forbidden', 'The funder proposes a budget, or a broker for it.')
  const id = newId()
  await tx.db.insert(budgets).values({
    ...{ timebankId: tx.timebankId, id, kind, status: 'proposed', funderId, memberId, organisationId, title },
    ...{ holderMode: held.holderMode, holderOrganisationId: held.holderOrganisationId },
    ...{ intendedMinutes, validFrom, validTo, proposedAt: tx.now, updatedAt: tx.now }
  })
  await putHolders(tx, id, held.holderIds)
  const budget = await findBudget(tx, id)
  await tell(tx, budget, 'proposed', { changes: { kind, status: [null, 'proposed'], intendedMinutes } })
  return { budget, standing: await standingTo(tx, budget) }
}

function faultsOf(
  { kind, memberId, memberNumber, organisationId, title, holder }: NewBudget,
  from: string,
  to: string | null
) {
  const faults: Fault[] = []
  const refuse = (pointer: string, detail: string) => faults.push({ pointer, detail })
  const named = [memberId, memberNumber].filter((ref) => ref !== undefined).length
  if (kind === 'person' && named !== 1) refuse('/memberId', 'memberId or memberNumber: whom it is for, one of the two.')
  if (kind !== 'person' && named > 0) refuse('/memberId', 'memberId: only of a budget for a person.')
  if (kind === 'person' && organisationId !== undefined)
    refuse('/organisationId', 'organisationId: not of a budget for a person.')
  if (kind === 'activity' && !title) refuse('/title', 'title: of the activity that it is for.')
  if (kind !== 'activity' && title !== undefined) refuse('/title', 'title: only of a budget for an activity.')
  if (holder.mode === 'self' && kind !== 'person') refuse('/holder/mode', 'mode: a person holds their own budget.')
  if (to !== null && to < from) refuse('/validTo', 'validTo: must not be before validFrom.')
  return faults
}

async function funderOf(tx: Tx, input: NewBudget, own: string | undefined): Promise<string> {
  const asked = input.funderOrganisationId?.toLowerCase()
  if (own !== undefined && asked !== undefined && asked !== own) throw notFound('organisation')
  const funderId = own ?? asked
  if (funderId === undefined) {
    const detail = 'funderOrganisationId: from whose account it will be allocated.'
    throw new DomainError('validation-failed', detail, { errors: [{ pointer: '/funderOrganisationId', detail }] })
  }
  await activeOrganisation(tx, funderId)
  return funderId
}

async function activeOrganisation(tx: Tx, id: string): Promise<void> {
  const { status } = await organisationParty(tx, id)
  if (status !== 'active')
    throw new DomainError('conflict', 'This organisation is closed.', { figures: { organisation: id } })
}

/**
 * Agencies address those who let them contact them, members those whom they can find: everybody else is to them as if there was
 * nobody.
 */
async function personOf(tx: Tx, { memberId, memberNumber }: NewBudget, funderId: string): Promise<string> {
  const member = await resolveMember(tx, memberId ?? memberNumber!)
  const there = member.status === 'active' || member.status === 'paused'
  if (isStaff(tx.actor)) {
    if (!there) throw new DomainError('party-not-active')
    return member.id
  }
  const known = tx.actor.agency
    ? (await scopesGiven(tx, { organisationId: funderId, membershipIds: [member.id] })).get(member.id)!.has('contact')
    : isVisibleToMembers(member)
  if (!there || !known) throw notFound('member')
  return member.id
}

type Held = Pick<Budget, 'holderMode' | 'holderIds' | 'holderOrganisationId'>

async function holderOf(tx: Tx, holder: Holder, { kind, funderId }: Pick<Budget, 'kind' | 'funderId'>): Promise<Held> {
  const refuse = (field: string, detail: string) =>
    new DomainError('validation-failed', detail, { errors: [{ pointer: `/holder/${field}`, detail }] })
  switch (holder.mode) {
    case 'self':
      if (kind !== 'person') throw refuse('mode', 'mode: a person holds their own budget.')
      return { holderMode: 'self', holderIds: [], holderOrganisationId: null }
    case 'nominated_person':
      return { holderMode: holder.mode, holderIds: await present(tx, [holder.memberId]), holderOrganisationId: null }
    case 'circle': {
      const holderIds = await present(tx, holder.memberIds)
      if (holderIds.length !== holder.memberIds.length) throw refuse('memberIds', 'memberIds: everybody once.')
      return { holderMode: holder.mode, holderIds, holderOrganisationId: null }
    }
    case 'provider_held': {
      const holderOrganisationId = holder.organisationId.toLowerCase()
      if (holderOrganisationId === funderId)
        throw refuse('organisationId', 'organisationId: the funder holds it as agency_held.')
      await activeOrganisation(tx, holderOrganisationId)
      return { holderMode: holder.mode, holderIds: [], holderOrganisationId }
    }
    case 'agency_held':
      return { holderMode: holder.mode, holderIds: [], holderOrganisationId: funderId }
  }
}

async function present(tx: Tx, memberIds: readonly string[]): Promise<string[]> {
  const ids = [...new Set(memberIds.map((id) => id.toLowerCase()))]
  const parties = await partiesOf(tx, ids, [])
  for (const id of ids) if (parties.member(id).status !== 'active') throw new DomainError('party-not-active')
  return ids
}

async function putHolders(tx: Tx, budgetId: string, holderIds: readonly string[]): Promise<void> {
  await tx.db.delete(holders).where(and(eq(holders.timebankId, tx.timebankId), eq(holders.budgetId, budgetId)))
  if (holderIds.length === 0) return
  await tx.db
    .insert(holders)
    .values(holderIds.map((membershipId) => ({ timebankId: tx.timebankId, budgetId, membershipId })))
}

/**
 * The person, or a broker, says who holds it from now on. While it is proposed, what was agreed to is agreed to anew; later the
 * minutes stay where they are, and what is committed stays so.
 */
export async function changeHolder(tx: Tx, id: string, holder: Holder, expected: number): Promise<Seen> {
  const { budget, standing } = await lockSeen(tx, id)
  allow(standing.person || standing.staff, 'The person whom it is for says who holds it, or a broker.')
  if (budget.rowVersion !== expected) throw new DomainError('precondition-failed')
  if (budget.status === 'ended' || budget.status === 'reconciled') throw wrongState(budget, 'held by somebody else')
  const held = await holderOf(tx, holder, budget)
  await putHolders(tx, id, held.holderIds)
  const changed = await change(tx, budget, {
    holderMode: held.holderMode,
    holderOrganisationId: held.holderOrganisationId,
    ...(budget.status === 'proposed' ? { holderAgreedAt: null, funderAgreedAt: null } : {})
  })
  await tell(tx, changed, 'held', { changes: { holderMode: [budget.holderMode, held.holderMode] } })
  return { budget: changed, standing: await standingTo(tx, changed) }
}

export function wrongState({ status }: Pick<Budget, 'status'>, step: string): DomainError {
  return new DomainError('wrong-state', `A budget that is ${status} cannot be ${step}.`, { figures: { state: status } })
}

/** For whom somebody agrees: whom it is for or who holds it, or who funds it. */
export type AgreeingSide = 'holder' | 'funder'

export type Agreement = {
  side?: AgreeingSide | undefined
  /** what is agreed to; refused where the budget says otherwise */
  intendedMinutes?: number | undefined
  /** the holder's side lets the funder read the plan */
  planToFunder?: boolean | undefined
}

/**
 * One side agrees to what is intended, and to the plan. A budget for a person needs that person's word (or their supporter's, or
 * that of the members who hold it) and a plan; one that its funder holds needs only the funder's. With the last it is agreed.
 */
export async function agree(tx: Tx, id: string, { side, intendedMinutes, planToFunder }: Agreement): Promise<Seen> {
  const { budget, standing } = await lockSeen(tx, id)
  const { person, holder, funder, staff } = standing
  const speaks = {
    holder: person || staff || (holder && !(budget.kind === 'person' && budget.holderOrganisationId !== null)),
    funder: funder || staff
  }
  // one that its funder holds, and that is for nobody, needs no other word
  const fundersOnly = budget.holderMode === 'agency_held' && budget.kind !== 'person'
  const own = speaks.holder && !fundersOnly ? 'holder' : speaks.funder ? 'funder' : undefined
  const asked = side ?? (staff ? undefined : own)
  if (asked === undefined) {
    if (!staff) throw new DomainError('forbidden', 'The person or who holds it agrees, and the funder.')
    const detail = 'side: for which side you agree.'
    throw new DomainError('validation-failed', detail, { errors: [{ pointer: '/side', detail }] })
  }
  allow(speaks[asked], `You do not speak for the ${asked} of this budget.`)
  if (budget.status !== 'proposed') throw wrongState(budget, 'agreed to')
  if (intendedMinutes !== undefined && intendedMinutes !== budget.intendedMinutes)
    throw new DomainError('stale-quote', undefined, { figures: { intendedMinutes: budget.intendedMinutes } })
  if (budget.kind === 'person' && !budget.hasPlan) throw new DomainError('budget-needs-plan')
  if (asked === 'funder' && planToFunder !== undefined) {
    const detail = "planToFunder: for the holder's side to say."
    throw new DomainError('validation-failed', detail, { errors: [{ pointer: '/planToFunder', detail }] })
  }
  const agreed = {
    holderAgreedAt: asked === 'holder' ? tx.now : budget.holderAgreedAt,
    funderAgreedAt: asked === 'funder' ? tx.now : budget.funderAgreedAt
  }

  const whole = agreed.funderAgreedAt !== null && (fundersOnly || agreed.holderAgreedAt !== null)
  const status = whole ? 'agreed' : 'proposed'
  const after = await change(tx, budget, { ...agreed, status, ...(planToFunder === undefined ? {} : { planToFunder }) })
  await tell(tx, after, 'agreed', { changes: { side: asked, status: [budget.status, status] } })
  return { budget: after, standing: await standingTo(tx, after) }
}
