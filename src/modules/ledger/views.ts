import type { FastifyRequest } from 'fastify'
import type { Tx } from '../../db/client.ts'
import { hasRole, isStaff } from '../../shared/actor.ts'
import { addDays } from '../../shared/clock.ts'
import { type Fault, notFound, refuseFaults } from '../../shared/errors.ts'
import type { Moment } from './as-of.ts'
import type { PaperSources } from './paper/make.ts'
import type { Beside } from './read.ts'
import type { AccountLabel, MomentQuery } from './schemas.ts'

/** What the ledger's routes ask of the floors above, since it knows no members, no names and no time zone. */
export type LedgerRoutesOptions = PaperSources & {
  /** Whether the account is one that the caller acts for beside their own. */
  ownsAccount(tx: Tx, request: FastifyRequest, accountId: number): boolean | Promise<boolean>
  /** Whose the other accounts of a statement are, as far as the caller may know; read beside its lines. */
  labelsBeside: Beside<AccountLabel>
  /** The instant at which a calendar date has ended. */
  dayEnd(tx: Tx, date: string): Promise<Date>
}

/** What the caller's own look-up tells: whether they see every account, or this is their own. */
export const mayReadAnyway = ({ actor, membership }: FastifyRequest, accountId: number): boolean =>
  isStaff(actor) || hasRole(actor, 'auditor') || membership?.accountId === accountId

/** To a member the accounts of others look as if they were not there. */
export async function refuseOthers(
  tx: Tx,
  request: FastifyRequest,
  accountId: number,
  ownsAccount: LedgerRoutesOptions['ownsAccount']
): Promise<void> {
  if (mayReadAnyway(request, accountId)) return
  if (!(await ownsAccount(tx, request, accountId))) throw notFound('account')
}

/** The moment that `asOf`, `by` and `at` name; null: none was named. */
export async function momentOf(
  tx: Tx,
  { asOf, by, at }: MomentQuery,
  dayEnd: LedgerRoutesOptions['dayEnd']
): Promise<Moment | null> {
  const faults: Fault[] = []
  if (at !== undefined && asOf !== undefined) faults.push({ parameter: 'at', detail: 'at: not together with asOf.' })
  if (at !== undefined && by === 'service')
    faults.push({ parameter: 'by', detail: 'by: an instant is one of recording.' })
  if (at === undefined && asOf === undefined && by !== undefined)
    faults.push({ parameter: 'by', detail: 'by: only together with asOf.' })
  refuseFaults(faults)
  // recordedAt is told in milliseconds: one that is shown as this instant is in
  if (at !== undefined) return { before: new Date(Date.parse(at) + 1) }
  if (asOf === undefined) return null
  return by === 'recording' ? { before: await dayEnd(tx, asOf) } : { on: asOf }
}

export function refusePeriod({ from, to }: { from?: string | undefined; to?: string | undefined }): void {
  if (from !== undefined && to !== undefined && from > to)
    refuseFaults([{ parameter: 'from', detail: 'from: must not be later than to.' }])
}

/** The moments before a period and at its end. */
export async function periodOf(
  tx: Tx,
  query: { from?: string | undefined; to?: string | undefined; by: 'service' | 'recording' },
  dayEnd: LedgerRoutesOptions['dayEnd']
): Promise<[before: Moment | null, until: Moment | null]> {
  refusePeriod(query)
  const { from, to, by } = query
  const end = async (date: string): Promise<Moment> =>
    by === 'service' ? { on: date } : { before: await dayEnd(tx, date) }
  return [from === undefined ? null : await end(addDays(from, -1)), to === undefined ? null : await end(to)]
}
