import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import { tryPost } from '../ledger/index.ts'
import { emptyClosed } from '../members/index.ts'
import { addAdvance, type ClearingTransfer, changeTransferRow, lockTransferRow } from './transfers.ts'

/**
 * A broker of either side takes a transfer back: here at once, by the linked, opposite transfer, with a reason; the other
 * side follows by the same job that brought the hours. What was moved wrongly must be mendable: both pass limits.
 */
export async function reverseTransfer(tx: Tx, id: string, reason: string): Promise<ClearingTransfer> {
  const row = await lockTransferRow(tx, id)
  if (!row) throw notFound('transfer between timebanks')
  if (!isStaff(tx.actor) || row.membershipId === tx.actor.membershipId)
    throw new DomainError('forbidden', 'A broker who is not one of its sides reverses a transfer.')
  if (row.status === 'held')
    throw new DomainError('wrong-state', 'It is on its way; it can be reversed when it has arrived.')
  if (row.status === 'reversed') throw new DomainError('already-resolved')
  if (row.status !== 'settled') throw new DomainError('wrong-state', 'It was refused: no hours have moved.')
  const reversed = await takeBack(tx, id, 'us', reason)
  await addAdvance(tx, row.direction === 'out' ? tx.timebankId : row.partnerId, row.originId)
  return reversed
}

/** Takes this side's hours back, once: a second time changes nothing. */
export async function takeBack(
  tx: Tx,
  id: string,
  by: 'us' | 'partner',
  reason: string | null
): Promise<ClearingTransfer> {
  const row = (await lockTransferRow(tx, id))!
  if (row.status === 'reversed') return row
  if (row.status !== 'settled') throw new DomainError('internal-error', `taken back while ${row.status}`)
  const reversalId = newId()
  const { performedOn } = row
  const [outcome] = await tryPost(tx, [
    { id: reversalId, operation: 'reverse', ref: row.transferId!, performedOn, force: true }
  ])
  const posted = outcome!.code === 'posted'
  // taken back by other hands already: the other side still has to follow
  if (!posted && outcome!.code !== 'already_resolved')
    throw new DomainError('internal-error', `a reversal between timebanks was refused: ${outcome!.code}`)
  if (posted) await emptyClosed(tx, outcome!, performedOn)
  await audit(tx, {
    action: 'clearing-transfer.reversed',
    subject: { type: 'clearing-transfer', id },
    onBehalfOf: row.membershipId,
    changes: { minutes: row.minutes, by, passedLimits: outcome!.forced },
    reason
  })
  return changeTransferRow(tx, id, {
    status: 'reversed',
    reversalTransferId: posted ? reversalId : null,
    reversedBy: by,
    reason,
    pending: by === 'us'
  })
}
