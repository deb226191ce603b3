import type { Tx } from '../../db/client.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import { findTransfer, type Outcome, post } from '../ledger/index.ts'
import { emptyClosed } from '../members/index.ts'
import { belongsElsewhere } from './posting.ts'
import { isDirect } from './rules.ts'

/**
 * Takes a transfer back by its linked opposite, on the day of the original, so that figures of any period lose both. With
 * `override` it passes limits and accounts that are not open: what was booked wrongly must be mendable. The audit keeps who
 * did so, and why.
 */
export async function reverseTransfer(
  tx: Tx,
  ref: string,
  { reason, override }: { reason: string; override: boolean }
): Promise<Outcome> {
  const original = await findTransfer(tx, ref)
  if (original === null) throw notFound('transfer')
  if (!isDirect(original.kind)) throw new DomainError('wrong-state', belongsElsewhere)
  if (original.operation !== 'transfer' && original.operation !== 'settle')
    throw new DomainError('wrong-state', `A ${original.operation} moved nothing that could be reversed.`)
  const id = newId()
  const { performedOn } = original
  const outcome = await post(tx, { id, operation: 'reverse', ref, performedOn, force: override })
  await emptyClosed(tx, outcome, performedOn)
  await audit(tx, {
    action: 'transfer.reversed',
    subject: { type: 'transfer', id: ref },
    changes: { reversal: id, minutes: original.minutes, limitPassed: outcome.forced },
    reason
  })
  return outcome
}
