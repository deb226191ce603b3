import type { Tx } from '../../db/client.ts'
import { type Actor, hasRole, isStaff } from '../../shared/actor.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { organisationsActedFor } from '../members/index.ts'
import { membersSupported } from '../supporters/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { type Budget, findBudget, type ListedFor, lockBudget } from './budgets.ts'

/** How the actor stands to a budget. */
export type Standing = {
  /** the person it is for, or who supports them in their budgets */
  person: boolean
  /** may say what is agreed from it */
  holder: boolean
  /** its funder: the agency's own client, or who acts for the organisation */
  funder: boolean
  /** a broker who is none of these, or the service itself */
  staff: boolean
  /** reads it, whoever they are */
  sees: boolean
  seesPlan: boolean
}

type Known = Pick<
  Budget,
  'kind' | 'memberId' | 'funderId' | 'holderMode' | 'holderIds' | 'holderOrganisationId' | 'planToFunder' | 'status'
>

/** What tells how the actor stands to any budget. */
export type Ground = {
  actor: Actor
  /** organisations that the actor acts for today, as a member */
  acting: readonly string[]
  /** members whom the actor supports in their budgets, and whose they may read */
  supports: ReadonlySet<string>
  views: ReadonlySet<string>
}

export async function groundOf(tx: Tx): Promise<Ground> {
  const { actor } = tx
  const nobody: Ground = { actor, acting: [], supports: new Set(), views: new Set() }
  if (actor.membershipId === null || actor.agency) return nobody
  const { rules } = await currentPolicy(tx)
  const acting = await organisationsActedFor(tx, actor.membershipId, today(tx, rules))
  const supported = await membersSupported(tx, ['budget', 'view'])
  const inScope = (scope: 'budget' | 'view') =>
    new Set(supported.flatMap(({ membershipId, scopes }) => (scopes.includes(scope) ? [membershipId] : [])))
  return { actor, acting, supports: inScope('budget'), views: inScope('view') }
}

export const standingTo = async (tx: Tx, budget: Known): Promise<Standing> => standingOn(await groundOf(tx), budget)

export function standingOn({ actor, acting, supports, views }: Ground, budget: Known): Standing {
  const { memberId, funderId, holderMode, kind } = budget
  // with the budget ends what the person has let the funder read: they could take it back no more
  const isOver = budget.status === 'ended' || budget.status === 'reconciled'
  const toFunder = (budget.planToFunder && !isOver) || kind !== 'person'
  if (actor.agency) {
    const funder = actor.agency.organisationId === funderId
    const holder = funder && holderMode === 'agency_held'
    return { person: false, holder, funder, staff: false, sees: funder, seesPlan: funder && toFunder }
  }
  const me = actor.membershipId
  if (me === null) {
    const service = actor.operator
    return { person: false, holder: false, funder: false, staff: service, sees: service, seesPlan: service }
  }
  const supporting = memberId !== null && supports.has(memberId)
  const person = memberId === me || supporting
  const byBody = budget.holderOrganisationId !== null && acting.includes(budget.holderOrganisationId)
  const holder = supporting || (holderMode === 'self' && memberId === me) || budget.holderIds.includes(me) || byBody
  const funder = acting.includes(funderId)
  const staff = isStaff(actor) && !person && !holder && !funder
  const looksOn = memberId !== null && views.has(memberId)
  const sees = person || holder || funder || looksOn || isStaff(actor) || hasRole(actor, 'auditor')
  // who holds it acts by the plan; that the funder holds it itself does not show them what a person has written
  const actsByIt = holder && holderMode !== 'agency_held'
  return {
    person,
    holder,
    funder,
    staff,
    sees,
    seesPlan: person || looksOn || staff || actsByIt || (funder && toFunder)
  }
}

/** Those for whom the actor reads the list; null: for all. */
export async function listedFor(tx: Tx): Promise<ListedFor> {
  const { actor } = tx
  if (actor.agency) return { funder: actor.agency.organisationId }
  if (isStaff(actor) || hasRole(actor, 'auditor')) return null
  const { acting, supports, views } = await groundOf(tx)
  return { me: actor.membershipId!, supported: [...new Set([...supports, ...views])], organisationIds: acting }
}

export type Seen = { budget: Budget; standing: Standing }

/** To everybody else there is none. */
async function seenBy(tx: Tx, budget: Budget): Promise<Seen> {
  const standing = await standingTo(tx, budget)
  if (!standing.sees) throw notFound('budget')
  return { budget, standing }
}

export const seeBudget = async (tx: Tx, id: string): Promise<Seen> => seenBy(tx, await findBudget(tx, id))

/** Locked for a step. */
export const lockSeen = async (tx: Tx, id: string): Promise<Seen> => seenBy(tx, await lockBudget(tx, id))

export function allow(may: boolean, who: string): void {
  if (!may) throw new DomainError('forbidden', who)
}
