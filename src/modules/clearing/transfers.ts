import { and, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { addJob } from '../../db/jobs.ts'
import { isStaff } from '../../shared/actor.ts'
import { DomainError } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { checkServiceDate } from '../../shared/service-date.ts'
import { audit } from '../audit/index.ts'
import { type Operation, post } from '../ledger/index.ts'
import { type MemberParty, memberParty } from '../members/index.ts'
import { currentPolicy, findTimebank, today } from '../timebanks/index.ts'
import { findAgreement, statusOf } from './agreements.ts'
import { clearingTransfers } from './tables.ts'

export type ClearingTransfer = typeof clearingTransfers.$inferSelect

/** Name of the job that takes a transfer on, whatever step it stands at; its work is in `delivery.ts`. */
export const advanceTask = 'clearing.advance'

export type NewTransfer = {
  /** uuid v7; the same once more is answered and not done again */
  id: string
  to: { timebank: string; memberNumber: number }
  /** membership; the actor's own by default */
  from?: { memberId: string } | undefined
  minutes: number
  performedOn?: string | undefined
}

/**
 * A member gives hours to a member of another timebank: sets them aside here, and puts the rest of the way into the outbox,
 * in one transaction. Nothing of the other timebank is read: whether it takes the hours shows later in the status.
 */
export async function sendTransfer(tx: Tx, input: NewTransfer): Promise<ClearingTransfer> {
  const { rules } = await currentPolicy(tx)
  const on = today(tx, rules)
  const { id, to, minutes, performedOn = on } = input
  const giver = await giverOf(tx, input.from?.memberId)
  const partner = await findTimebank(tx.db, to.timebank)
  const row: ClearingTransfer = {
    timebankId: tx.timebankId,
    id,
    direction: 'out',
    partnerId: partner?.id ?? '',
    originId: id,
    seed: newId(),
    membershipId: giver.membershipId,
    ownNumber: giver.number,
    partnerNumber: to.memberNumber,
    minutes,
    performedOn,
    status: 'held',
    refusal: null,
    transferId: null,
    reversalTransferId: null,
    reversedBy: null,
    reason: null,
    pending: true,
    createdAt: tx.now,
    updatedAt: tx.now
  }
  const earlier = await findTransferRow(tx, id)
  if (earlier) return sameOrRefused(earlier, row, input.performedOn === undefined)

  if (giver.status !== 'active') throw new DomainError('party-not-active', 'Whoever gives must be active.')
  if (!rules.giftsAllowed) throw new DomainError('gifts-not-allowed')
  checkServiceDate(performedOn, on)
  const agreement = partner && (await findAgreement(tx, partner.id))
  if (!agreement || statusOf(agreement) !== 'active' || agreement.accountId === null)
    throw new DomainError('no-clearing-agreement')

  const inserted = await tx.db.insert(clearingTransfers).values(row).onConflictDoNothing().returning()
  if (!inserted[0]) return sameOrRefused((await findTransferRow(tx, id))!, row, input.performedOn === undefined)
  await postHold(tx, giver, {
    id,
    operation: 'hold',
    debit: giver.accountId,
    credit: agreement.accountId,
    minutes,
    kind: 'clearing',
    performedOn,
    onBehalfOf: giver.membershipId === tx.actor.membershipId ? undefined : giver.membershipId
  })
  await audit(tx, {
    action: 'clearing-transfer.sent',
    subject: { type: 'clearing-transfer', id },
    onBehalfOf: giver.membershipId,
    changes: { minutes, partner: agreement.partnerId, partnerNumber: to.memberNumber }
  })
  await addAdvance(tx, tx.timebankId, id)
  return inserted[0]
}

export async function findTransferRow(tx: Tx, id: string): Promise<ClearingTransfer | null> {
  const [row] = await tx.db.select().from(clearingTransfers).where(oneTransfer(tx, id))
  return row ?? null
}

/** Reads it and keeps others from changing it until the transaction ends: rows before accounts, in every step. */
export async function lockTransferRow(tx: Tx, id: string): Promise<ClearingTransfer | null> {
  const [row] = await tx.db.select().from(clearingTransfers).where(oneTransfer(tx, id)).for('no key update')
  return row ?? null
}

export async function changeTransferRow(
  tx: Tx,
  id: string,
  change: Partial<ClearingTransfer>
): Promise<ClearingTransfer> {
  const [row] = await tx.db
    .update(clearingTransfers)
    .set({ ...change, updatedAt: tx.now })
    .where(oneTransfer(tx, id))
    .returning()
  return row!
}

/** `timebankId` and `id` are those of the side that sent. A job that waits already is not doubled. */
export const addAdvance = (tx: Tx, timebankId: string, id: string): Promise<void> =>
  addJob(tx.db, advanceTask, { timebank: timebankId, transfer: id }, { jobKey: advanceKey(timebankId, id) })

export const advanceKey = (timebankId: string, id: string): string => `${advanceTask}:${timebankId}:${id}`

const oneTransfer = (tx: Tx, id: string) =>
  and(eq(clearingTransfers.timebankId, tx.timebankId), eq(clearingTransfers.id, id))

async function giverOf(tx: Tx, memberId: string | undefined): Promise<MemberParty> {
  const own = tx.actor.membershipId
  const id = memberId ?? own
  if (id === null) throw new DomainError('forbidden')
  if (id !== own && !isStaff(tx.actor)) throw new DomainError('forbidden', 'You may give from your own account.')
  return memberParty(tx, id)
}

function sameOrRefused(earlier: ClearingTransfer, asked: ClearingTransfer, anyDate: boolean): ClearingTransfer {
  const same =
    earlier.direction === 'out' &&
    earlier.partnerId === asked.partnerId &&
    earlier.membershipId === asked.membershipId &&
    earlier.partnerNumber === asked.partnerNumber &&
    earlier.minutes === asked.minutes &&
    (anyDate || earlier.performedOn === asked.performedOn)
  if (!same) throw new DomainError('transfer-id-reused')
  return earlier
}

/** The figures of an account are for staff and for whose it is; those of the agreement are for staff. */
async function postHold(tx: Tx, giver: MemberParty, hold: Extract<Operation, { debit: number }>): Promise<void> {
  try {
    await post(tx, hold)
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    const atFault = error.figures['account']
    const staff = isStaff(tx.actor)
    if (error.code === 'above-ceiling')
      throw new DomainError('clearing-limit', undefined, staff ? { figures: error.figures } : {})
    // suspended or ended since it was looked at
    if (error.code === 'account-not-open' && atFault === hold.credit) throw new DomainError('no-clearing-agreement')
    throw staff || giver.membershipId === tx.actor.membershipId ? error : new DomainError(error.code)
  }
}
