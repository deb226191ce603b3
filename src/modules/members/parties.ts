import { and, eq, inArray } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { hasRole, isStaff, type MembershipStatus } from '../../shared/actor.ts'
import { policyInForce, today } from '../timebanks/index.ts'
import { affiliationCovering } from './affiliations.ts'
import { getMembership } from './memberships.ts'
import { getOrganisation } from './organisations.ts'
import { isMinorOn } from './profile.ts'
import { memberships, organisations } from './tables.ts'

/** What exchanges need to know of one side. */
export type MemberParty = {
  membershipId: string
  accountId: number
  number: number
  status: MembershipStatus
  displayName: string
  supported: boolean
  isMinor(on: string): boolean
}

export async function memberParty(tx: Tx, membershipId: string): Promise<MemberParty> {
  const { id, accountId, number, status, displayName, supported, dateOfBirth } = await getMembership(tx, membershipId)
  return {
    membershipId: id,
    accountId,
    number,
    status,
    displayName,
    supported,
    isMinor: (on) => isMinorOn(dateOfBirth, on)
  }
}

export type OrganisationParty = { organisationId: string; accountId: number; status: 'active' | 'closed'; name: string }

export async function organisationParty(tx: Tx, organisationId: string): Promise<OrganisationParty> {
  const { id, accountId, status, name } = await getOrganisation(tx, organisationId)
  return { organisationId: id, accountId, status, name }
}

export type AccountLabel = { kind: string; number: number | null; name: string | null }

/** Whose accounts these are, for statements; without the names to who may audit only. */
export async function accountLabels(tx: Tx, accountIds: readonly number[]): Promise<Map<number, AccountLabel>> {
  const ids = [...new Set(accountIds)]
  const labels = new Map<number, AccountLabel>()
  if (ids.length === 0) return labels
  const { rows } = await tx.client.query<{ id: number } & AccountLabel>({
    name: 'members.account_labels',
    text: `SELECT a.id, a.kind, m.number, coalesce(m.display_name, o.name) AS name
             FROM ledger.accounts a
             LEFT JOIN members.memberships m ON m.timebank_id = a.timebank_id AND m.account_id = a.id
             LEFT JOIN members.organisations o ON o.timebank_id = a.timebank_id AND o.account_id = a.id
            WHERE a.timebank_id = $1 AND a.id = ANY ($2)`,
    values: [tx.timebankId, ids]
  })
  const nameless = hasRole(tx.actor, 'auditor') && !isStaff(tx.actor)
  for (const { id, kind, number, name } of rows) labels.set(id, { kind, number, name: nameless ? null : name })
  return labels
}

/** Whether an account is the member's own, or that of an organisation for which they act today. */
export async function ownsAccount(tx: Tx, who: { membershipId: string | null; accountId: number }): Promise<boolean> {
  if (who.membershipId === null) return false
  const [own] = await tx.db
    .select({ id: memberships.id })
    .from(memberships)
    .where(and(eq(memberships.timebankId, tx.timebankId), eq(memberships.accountId, who.accountId)))
  if (own) return own.id === who.membershipId
  const [organisation] = await tx.db
    .select({ id: organisations.id })
    .from(organisations)
    .where(and(eq(organisations.timebankId, tx.timebankId), eq(organisations.accountId, who.accountId)))
  if (!organisation) return false
  const { rules } = await policyInForce(tx)
  const wanted = {
    membershipId: who.membershipId,
    organisationId: organisation.id,
    actsFor: true,
    on: today(tx, rules)
  } as const
  return (await affiliationCovering(tx, wanted)) !== null
}

/** Number and name of many members at once, by id. */
export async function memberLabels(
  tx: Tx,
  ids: readonly string[]
): Promise<Map<string, { number: number; displayName: string }>> {
  if (ids.length === 0) return new Map()
  const rows = await tx.db
    .select({ id: memberships.id, number: memberships.number, displayName: memberships.displayName })
    .from(memberships)
    .where(and(eq(memberships.timebankId, tx.timebankId), inArray(memberships.id, [...ids])))
  return new Map(rows.map(({ id, ...label }) => [id, label]))
}

/** Names of many organisations at once, by id. */
export async function organisationLabels(tx: Tx, ids: readonly string[]): Promise<Map<string, { name: string }>> {
  if (ids.length === 0) return new Map()
  const rows = await tx.db
    .select({ id: organisations.id, name: organisations.name })
    .from(organisations)
    .where(and(eq(organisations.timebankId, tx.timebankId), inArray(organisations.id, [...ids])))
  return new Map(rows.map(({ id, ...label }) => [id, label]))
}
