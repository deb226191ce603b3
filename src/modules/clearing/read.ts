import { and, asc, desc, eq, gt, isNotNull, lt } from 'drizzle-orm'
import type { Database, Tx } from '../../db/client.ts'
import { hasRole, isStaff } from '../../shared/actor.ts'
import { notFound } from '../../shared/errors.ts'
import { type Account, getAccounts } from '../ledger/index.ts'
import { timebankNames } from '../timebanks/index.ts'
import { type Agreement, statusOf } from './agreements.ts'
import { agreements, agreementVersions, clearingTransfers } from './tables.ts'
import type { ClearingTransfer } from './transfers.ts'

/** By the other timebank's id; one more than `limit` where there are more. */
export async function listAgreements(tx: Tx, after: string | null, limit: number): Promise<Agreement[]> {
  return tx.db
    .select()
    .from(agreements)
    .where(and(eq(agreements.timebankId, tx.timebankId), after === null ? undefined : gt(agreements.partnerId, after)))
    .orderBy(asc(agreements.partnerId))
    .limit(limit + 1)
}

export type AgreementVersion = typeof agreementVersions.$inferSelect

/** Our own words, newest first. */
export async function listAgreementVersions(
  tx: Tx,
  partnerId: string,
  before: number | null,
  limit: number
): Promise<AgreementVersion[]> {
  return tx.db
    .select()
    .from(agreementVersions)
    .where(
      and(
        eq(agreementVersions.timebankId, tx.timebankId),
        eq(agreementVersions.partnerId, partnerId),
        before === null ? undefined : lt(agreementVersions.version, before)
      )
    )
    .orderBy(desc(agreementVersions.version))
    .limit(limit + 1)
}

/** The timebanks with which members can exchange hours now, by name. */
export async function activePartners(tx: Tx): Promise<{ id: string; slug: string; name: string }[]> {
  const rows = await tx.db.select().from(agreements).where(eq(agreements.timebankId, tx.timebankId))
  const active = rows.filter((row) => statusOf(row) === 'active').map(({ partnerId }) => partnerId)
  const names = await timebankNames(tx.db, active)
  return [...names.values()].sort((a, b) => a.name.localeCompare(b.name))
}

export type PartnerBalance = { agreement: Agreement; account: Account }

/** Those pairs that have an account. */
export async function listPartnerBalances(tx: Tx, after: string | null, limit: number): Promise<PartnerBalance[]> {
  const rows = await tx.db
    .select()
    .from(agreements)
    .where(
      and(
        eq(agreements.timebankId, tx.timebankId),
        isNotNull(agreements.accountId),
        after === null ? undefined : gt(agreements.partnerId, after)
      )
    )
    .orderBy(asc(agreements.partnerId))
    .limit(limit + 1)
  const accounts = await getAccounts(
    tx,
    rows.map(({ accountId }) => accountId!)
  )
  return rows.map((agreement) => ({ agreement, account: accounts.get(agreement.accountId!)! }))
}

export type TransferFilter = {
  direction?: string | undefined
  status?: string | undefined
  partnerId?: string | undefined
  memberId?: string | undefined
}

/** Newest first. Members get those of their own. */
export async function listClearingTransfers(
  tx: Tx,
  filter: TransferFilter,
  before: string | null,
  limit: number
): Promise<ClearingTransfer[]> {
  const t = clearingTransfers
  const mine = seesAll(tx) ? undefined : eq(t.membershipId, tx.actor.membershipId!)
  return tx.db
    .select()
    .from(t)
    .where(
      and(
        eq(t.timebankId, tx.timebankId),
        mine,
        filter.direction === undefined ? undefined : eq(t.direction, filter.direction),
        filter.status === undefined ? undefined : eq(t.status, filter.status),
        filter.partnerId === undefined ? undefined : eq(t.partnerId, filter.partnerId),
        filter.memberId === undefined ? undefined : eq(t.membershipId, filter.memberId),
        before === null ? undefined : lt(t.id, before)
      )
    )
    .orderBy(desc(t.id))
    .limit(limit + 1)
}

/** To a member the transfers of others look as if they were not there. */
export async function getClearingTransfer(tx: Tx, id: string): Promise<ClearingTransfer> {
  const [row] = await tx.db
    .select()
    .from(clearingTransfers)
    .where(and(eq(clearingTransfers.timebankId, tx.timebankId), eq(clearingTransfers.id, id)))
  if (!row || (!seesAll(tx) && row.membershipId !== tx.actor.membershipId)) throw notFound('transfer between timebanks')
  return row
}

const seesAll = (tx: Tx): boolean => isStaff(tx.actor) || hasRole(tx.actor, 'auditor')

/** A pair of timebanks as an operator sees it. Minutes; a balance above 0 is what that timebank owes the other. */
export type Pair = {
  timebank: { id: string; slug: string; name: string; balance: number; held: number }
  partner: { id: string; slug: string; name: string; balance: number; held: number }
  /** transfers that wait for a step on one of the two sides */
  pending: number
  /** what the sum of both balances must be, for what one side has moved or taken back and the other not yet */
  inTransit: number
  agrees: boolean
}

type PairRow = {
  timebank_id: string
  slug: string
  name: string
  partner_id: string
  partner_slug: string
  partner_name: string
  balance: number
  partner_balance: number
  held: number
  partner_held: number
  pending: number
  difference: number
}

/** Who owes whom over the installation, at one instant. One more than `limit` where there are more. */
export async function listPairs(
  database: Database,
  after: readonly [string, string] | null,
  limit: number
): Promise<Pair[]> {
  const { rows } = await database.pool.query<PairRow>({
    name: 'clearing.pairs',
    text: 'SELECT * FROM clearing.pairs($1, $2, $3)',
    values: [after?.[0] ?? null, after?.[1] ?? null, limit + 1]
  })
  return rows.map((r) => ({
    timebank: { id: r.timebank_id, slug: r.slug, name: r.name, balance: r.balance, held: r.held },
    partner: {
      id: r.partner_id,
      slug: r.partner_slug,
      name: r.partner_name,
      balance: r.partner_balance,
      held: r.partner_held
    },
    pending: r.pending,
    inTransit: r.difference,
    agrees: r.balance + r.partner_balance === r.difference
  }))
}
