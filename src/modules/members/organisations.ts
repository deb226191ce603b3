import { and, asc, eq, gt } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { onDuplicate } from '../../db/errors.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import { openAccount } from '../ledger/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { endAffiliations } from './affiliations.ts'
import { emptyAndClose } from './hours.ts'
import { limitsFor } from './limits.ts'
import { requireStaff } from './memberships.ts'
import { organisations } from './tables.ts'

export const organisationKinds = [
  'community_group',
  'charity',
  'council',
  'health_board',
  'school',
  'social_enterprise',
  'company',
  'other'
] as const
export type OrganisationKind = (typeof organisationKinds)[number]

type Row = typeof organisations.$inferSelect
export type Organisation = Omit<Row, 'kind' | 'status'> & { kind: OrganisationKind; status: 'active' | 'closed' }

type Optional = 'about' | 'area' | 'email' | 'phone' | 'website'
export type OrganisationInput = { name: string; kind: OrganisationKind } & { [K in Optional]?: Row[K] | undefined }
export type OrganisationChange = { [K in keyof OrganisationInput]?: OrganisationInput[K] | undefined }
export type NewOrganisation = OrganisationInput & {
  externalSource?: string | null | undefined
  externalId?: string | null | undefined
}

const one = (tx: Tx, id: string) => and(eq(organisations.timebankId, tx.timebankId), eq(organisations.id, id))

/** Adds an organisation with its account. */
export async function addOrganisation(tx: Tx, input: NewOrganisation): Promise<Organisation> {
  requireStaff(tx)
  const { rules } = await currentPolicy(tx)
  const accountId = await openAccount(
    tx,
    'organisation',
    limitsFor(rules, 'organisation'),
    'opened with its organisation'
  )
  const insert = tx.db
    .insert(organisations)
    .values({ ...input, timebankId: tx.timebankId, id: newId(), accountId, createdAt: tx.now })
    .returning()
  const [row] = await onDuplicate(
    'organisations_external',
    onDuplicate('organisations_name', insert, nameTaken),
    () => new DomainError('already-exists', 'This external id is taken.')
  )
  await audit(tx, {
    action: 'organisation.added',
    subject: { type: 'organisation', id: row!.id },
    changes: { kind: input.kind }
  })
  return row as Organisation
}

const nameTaken = () =>
  new DomainError('already-exists', 'There is an organisation of this name.', {
    errors: [{ pointer: '/name', detail: 'There is an organisation of this name.' }]
  })

export async function getOrganisation(tx: Tx, id: string): Promise<Organisation> {
  const [row] = await tx.db.select().from(organisations).where(one(tx, id))
  if (!row) throw notFound('organisation')
  return row as Organisation
}

/** Reads an organisation and keeps others from changing it until the transaction ends. */
export async function lockOrganisation(tx: Tx, id: string): Promise<Organisation> {
  const [row] = await tx.db.select().from(organisations).where(one(tx, id)).for('no key update')
  if (!row) throw notFound('organisation')
  return row as Organisation
}

export async function listOrganisations(
  tx: Tx,
  filter: { status?: 'active' | 'closed' | undefined; after: string | null },
  limit: number
): Promise<Organisation[]> {
  const rows = await tx.db
    .select()
    .from(organisations)
    .where(
      and(
        eq(organisations.timebankId, tx.timebankId),
        filter.status === undefined ? undefined : eq(organisations.status, filter.status),
        filter.after === null ? undefined : gt(organisations.id, filter.after)
      )
    )
    .orderBy(asc(organisations.id))
    .limit(limit + 1)
  return rows as Organisation[]
}

export async function updateOrganisation(
  tx: Tx,
  id: string,
  change: OrganisationChange,
  expected: number
): Promise<Organisation> {
  requireStaff(tx)
  const before = await lockOrganisation(tx, id)
  if (before.status !== 'active') throw new DomainError('wrong-state', 'This organisation is closed.')
  if (before.rowVersion !== expected) throw new DomainError('precondition-failed')
  const fields = (Object.keys(change) as (keyof OrganisationChange)[]).filter(
    (field) => change[field] !== undefined && change[field] !== before[field]
  )
  if (fields.length === 0) return before
  const update = tx.db
    .update(organisations)
    .set({ ...(change as Partial<Row>), rowVersion: before.rowVersion + 1 })
    .where(one(tx, id))
    .returning()
  const [row] = await onDuplicate('organisations_name', update, nameTaken)
  await audit(tx, { action: 'organisation.updated', subject: { type: 'organisation', id }, changes: { fields } })
  return row as Organisation
}

/** Ends an organisation: what is in its account goes to the pot, what is missing is written off; nobody acts for it any more. */
export async function closeOrganisation(tx: Tx, id: string, reason: string): Promise<Organisation> {
  requireStaff(tx)
  const before = await lockOrganisation(tx, id)
  if (before.status !== 'active') throw new DomainError('wrong-state', 'This organisation is closed already.')
  const { rules } = await currentPolicy(tx)
  const date = today(tx, rules)
  const emptied = await emptyAndClose(tx, before.accountId, date, null, 'the organisation was closed')
  await endAffiliations(tx, { organisationId: id }, date)
  const [row] = await tx.db
    .update(organisations)
    .set({ status: 'closed', rowVersion: before.rowVersion + 1 })
    .where(one(tx, id))
    .returning()
  await audit(tx, {
    action: 'organisation.closed',
    subject: { type: 'organisation', id },
    changes: { status: ['active', 'closed'], ...(emptied ?? {}) },
    reason
  })
  return row as Organisation
}
