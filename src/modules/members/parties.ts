import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { orEmpty } from '../../db/packed.ts'
import { hasRole, isStaff, type MembershipStatus } from '../../shared/actor.ts'
import { notFound } from '../../shared/errors.ts'
import type { Beside } from '../ledger/index.ts'
import { policyInForce, today } from '../timebanks/index.ts'
import { affiliationCovering } from './affiliations.ts'
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
  /** Whether the vetting that was noted last holds on a day. */
  isVetted(on: string): boolean
  isMinor(on: string): boolean
}

export type OrganisationParty = { organisationId: string; accountId: number; status: 'active' | 'closed'; name: string }

/** Who stands on the sides of something, looked up before: not-found for whom there is not. */
export type Parties = { member(id: string): MemberParty; organisation(id: string): OrganisationParty }

type MemberRow = [
  id: string,
  accountId: number,
  number: number,
  status: MembershipStatus,
  displayName: string,
  supported: boolean,
  dateOfBirth: string | null,
  vettedUntil: string | null
]
type OrganisationRow = [id: string, accountId: number, status: 'active' | 'closed', name: string]

/** What `membersSql` gives: null where there is no such member. */
export type MembersBrought = readonly (MemberRow | null)[]

const memberRow =
  'json_build_array(m.id, m.account_id, m.number, m.status, m.display_name, m.supported, m.date_of_birth, m.vetted_until)'
const organisationRow = 'json_build_array(o.id, o.account_id, o.status, o.name)'

/**
 * SQL of a column, for statements of higher modules that bring members along in the same round trip; `partiesFrom` reads it.
 * Who they are is SQL too: a uuid or null each.
 */
export const membersSql = (timebank: string, ids: readonly string[]): string => {
  const one = (id: string) =>
    `(SELECT ${memberRow} FROM members.memberships m WHERE m.timebank_id = ${timebank} AND m.id = ${id})`
  return `json_build_array(${ids.map(one).join(', ')})`
}

/** Parties from the members that a statement brought along; organisations are looked up where there are any, as seldom. */
export async function partiesFrom(
  tx: Tx,
  members: MembersBrought,
  organisationIds: readonly (string | null | undefined)[]
): Promise<Parties> {
  const wanted = organisationIds.filter((id) => id !== null && id !== undefined)
  if (wanted.length === 0) return makeParties(members, [])
  const { rows } = await tx.client.query<{ row: OrganisationRow }>({
    name: 'members.organisation_parties',
    text: `SELECT ${organisationRow} AS row FROM members.organisations o WHERE o.timebank_id = $1 AND o.id = ANY ($2::uuid[])`,
    values: [tx.timebankId, wanted]
  })
  return makeParties(
    members,
    rows.map(({ row }) => row)
  )
}

/** Any number of members and organisations. */
export async function partiesOf(
  tx: Tx,
  memberIds: readonly string[],
  organisationIds: readonly string[]
): Promise<Parties> {
  const { rows } = await tx.client.query<{ row: MemberRow }>({
    name: 'members.member_parties',
    text: `SELECT ${memberRow} AS row FROM members.memberships m WHERE m.timebank_id = $1 AND m.id = ANY ($2::uuid[])`,
    values: [tx.timebankId, memberIds]
  })
  const members = rows.map(({ row }) => row)
  return partiesFrom(tx, members, organisationIds)
}

function makeParties(members: MembersBrought, organisations: readonly OrganisationRow[]): Parties {
  const memberOf = new Map(members.flatMap((row) => (row ? [[row[0], row] as const] : [])))
  const organisationOf = new Map(organisations.map((row) => [row[0], row]))
  return {
    member: (id) => {
      const row = memberOf.get(id)
      if (!row) throw notFound('member')
      const [membershipId, accountId, number, status, displayName, supported, dateOfBirth, vettedUntil] = row
      const isMinor = (on: string) => isMinorOn(dateOfBirth, on)
      const isVetted = (on: string) => vettedUntil !== null && on <= vettedUntil
      return { membershipId, accountId, number, status, displayName, supported, isVetted, isMinor }
    },
    organisation: (id) => {
      const row = organisationOf.get(id)
      if (!row) throw notFound('organisation')
      const [organisationId, accountId, status, name] = row
      return { organisationId, accountId, status, name }
    }
  }
}

export const memberParty = async (tx: Tx, id: string): Promise<MemberParty> =>
  (await partiesOf(tx, [id], [])).member(id)

export const organisationParty = async (tx: Tx, id: string): Promise<OrganisationParty> =>
  (await partiesOf(tx, [], [id])).organisation(id)

export type AccountLabel = { kind: string; number: number | null; name: string | null }

/** Whose accounts these are, without the names to who may audit only. */
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

/**
 * The same of the other account of each line of a statement, read beside the lines. `otherName` is SQL for the name of an
 * account that belongs to nobody here, for floors above that know one; null where there is none.
 */
export const labelsBeside = (name: string, otherName: string): Beside<AccountLabel> => ({
  name,
  joins: `LEFT JOIN members.memberships m ON m.timebank_id = $1 AND m.account_id = s.counter_account
          LEFT JOIN members.organisations o ON o.timebank_id = $1 AND m.id IS NULL AND o.account_id = s.counter_account`,
  columns: [
    `CASE WHEN m.id IS NOT NULL THEN 'member' WHEN o.id IS NOT NULL THEN 'organisation'
          ELSE coalesce((SELECT a.kind FROM ledger.accounts a WHERE a.timebank_id = $1 AND a.id = s.counter_account), 'unknown') END`,
    orEmpty('m.number'),
    orEmpty(
      `to_json(coalesce(m.display_name, o.name, CASE WHEN m.id IS NULL AND o.id IS NULL THEN (${otherName}) END))`
    )
  ],
  read: ({ actor }, [kind, number, name]) => ({
    kind: kind!,
    number: number === '' ? null : Number(number),
    name: name === '' || (hasRole(actor, 'auditor') && !isStaff(actor)) ? null : (JSON.parse(name!) as string)
  })
})
export type AccountHolder = {
  name: string | null
  number: number | null
  /** locales in the order of preference: the person's own, the timebank's */
  locales: string[]
  timebank: string
  /** calendar date in the timebank's time zone */
  today: string
}

/** Whose account it is, and in which language to write to them; without the name to who may audit only. */
export async function accountHolder(tx: Tx, accountId: number): Promise<AccountHolder> {
  const { rows } = await tx.client.query<{ locale: string | null; timebank: string }>({
    name: 'members.account_holder',
    text: `SELECT p.locale, t.name AS timebank
             FROM timebanks.timebanks t
             LEFT JOIN members.memberships m ON m.timebank_id = t.id AND m.account_id = $2
             LEFT JOIN identity.persons p ON p.id = m.person_id
            WHERE t.id = $1`,
    values: [tx.timebankId, accountId]
  })
  const { locale, timebank } = rows[0]!
  const { rules } = await policyInForce(tx)
  const label = (await accountLabels(tx, [accountId])).get(accountId)
  return {
    name: label?.name ?? null,
    number: label?.number ?? null,
    locales: [...(locale === null ? [] : [locale]), rules.locale],
    timebank,
    today: today(tx, rules)
  }
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

/** `visible`: other members may find the profile, and with it the name. */
export type MemberLabel = { number: number; displayName: string; visible: boolean }

/** Number and name of many members at once, by id. */
export async function memberLabels(tx: Tx, ids: readonly string[]): Promise<Map<string, MemberLabel>> {
  if (ids.length === 0) return new Map()
  const rows = await tx.db
    .select({
      id: memberships.id,
      number: memberships.number,
      displayName: memberships.displayName,
      visible: sql<boolean>`${memberships.status} in ('active', 'paused') and ${memberships.profileVisibility} = 'members'`
    })
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
