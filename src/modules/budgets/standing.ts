import type { Tx } from '../../db/client.ts'
import { hasRole, isStaff } from '../../shared/actor.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { organisationsActedFor } from '../members/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { type Budget, findBudget, type ListedFor, lockBudget } from './budgets.ts'
import { agencyOf, supportedBy, supports } from './seams.ts'

/** How the actor stands to a budget. */
export type Standing = {
  /** the person it is for, or who supports them in their budgets */
  person: boolean
  /** may say what is agreed from it */
  holder: boolean
  /** its funder: the agency's own client, or who acts for the organisation */
  funder: boolean
  /** a broker who is none of these; service itself */
  staff: boolean
  /** reads it, whoever they are */
  sees: boolean
  /** reads the plan */
  seesPlan: boolean
}

type Known = Pick<
  Budget,
  'kind' | 'memberId' | 'funderId' | 'holderMode' | 'holderIds' | 'holderOrganisationId' | 'planToFunder'
>

export async function standingTo(tx: Tx, budget: Known): Promise<Standing> {
  const { actor } = tx
  const agency = agencyOf(actor)
  if (agency) {
    const funder = agency.organisationId === budget.funderId
    const seesPlan = funder && (budget.planToFunder || budget.kind !== 'person')
    return {
      person: false,
      holder: funder && budget.holderMode === 'agency_held',
      funder,
      staff: false,
      sees: funder,
      seesPlan
    }
  }
  const me = actor.membershipId
  if (me === null) {
    const service = actor.operator
    return { person: false, holder: false, funder: false, staff: service, sees: service, seesPlan: service }
  }
  const { memberId } = budget
  const acting = await actingFor(tx)
  const acts = (organisation: string | null) => organisation !== null && acting.includes(organisation)
  const supporting = memberId !== null && memberId !== me && (await supports(tx, memberId, 'budget'))
  const person = memberId === me || supporting
  const holder =
    supporting ||
    (budget.holderMode === 'self' && memberId === me) ||
    budget.holderIds.includes(me) ||
    acts(budget.holderOrganisationId)
  const funder = acts(budget.funderId)
  const staff = isStaff(actor) && !person && !holder && !funder
  const looksOn = memberId !== null && !person && (await supports(tx, memberId, 'view'))
  const sees = person || holder || funder || isStaff(actor) || looksOn
  // who holds it acts by the plan; that the funder holds it itself does not show them what a person has written
  const actsByIt = holder && budget.holderMode !== 'agency_held'
  const seesPlan =
    person || looksOn || staff || actsByIt || (funder && (budget.planToFunder || budget.kind !== 'person'))
  return { person, holder, funder, staff, sees: sees || hasRole(actor, 'auditor'), seesPlan }
}

async function actingFor(tx: Tx): Promise<string[]> {
  const { membershipId } = tx.actor
  if (membershipId === null) return []
  const { rules } = await currentPolicy(tx)
  return organisationsActedFor(tx, membershipId, today(tx, rules))
}

/** Those for whom the actor reads the list. */
export async function listedFor(tx: Tx): Promise<ListedFor> {
  const { actor } = tx
  const agency = agencyOf(actor)
  if (agency) return { funder: agency.organisationId }
  if (isStaff(actor) || hasRole(actor, 'auditor')) return null
  const membershipIds = [actor.membershipId!, ...(await supportedBy(tx))]
  return { membershipIds, organisationIds: await actingFor(tx) }
}

/** To everybody else there is none. */
export type Seen = { budget: Budget; standing: Standing }

export async function seeBudget(tx: Tx, id: string): Promise<Seen> {
  const budget = await findBudget(tx, id)
  const standing = await standingTo(tx, budget)
  if (!standing.sees) throw notFound('budget')
  return { budget, standing }
}

/** Locked for a step. */
export async function lockSeen(tx: Tx, id: string): Promise<Seen> {
  const budget = await lockBudget(tx, id)
  const standing = await standingTo(tx, budget)
  if (!standing.sees) throw notFound('budget')
  return { budget, standing }
}

export function allow(may: boolean, who: string): void {
  if (!may) throw new DomainError('forbidden', who)
}
