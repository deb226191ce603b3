import { and, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { DomainError, type Fault, refuseFaults } from '../../shared/errors.ts'
import { wrongState } from './moves.ts'
import { type ContentsChange, categoryOf, occurrenceFaults, stored, storedTexts } from './posting.ts'
import { lockServiceRequest, type ServiceRequest } from './service-requests.ts'
import { texts } from './tables.ts'
import { change } from './writing.ts'

/** What is left out stays as it is. By the agency or a broker, until it is decided; `expected` is the row version that was read. */
export async function updateServiceRequest(
  tx: Tx,
  id: string,
  input: ContentsChange,
  expected: number
): Promise<ServiceRequest> {
  const before = await lockServiceRequest(tx, id)
  if (!tx.actor.agency && tx.actor.roles.every((role) => role === 'member' || role === 'auditor'))
    throw new DomainError('forbidden', 'This is for the agency, or for a broker.')
  if (before.rowVersion !== expected) throw new DomainError('precondition-failed')
  if (before.status !== 'requested') throw tx.actor.agency ? new DomainError('wrong-state') : wrongState(before.status)
  const faults: Fault[] = []
  const categoryId = await categoryOf(tx, input, faults)
  refuseFaults([...faults, ...occurrenceFaults(input)])
  const words = storedTexts(input)
  const set = { ...stored(input), ...(categoryId === undefined ? {} : { categoryId }) }
  const fields = [...Object.keys(words), ...Object.keys(set)]
  if (fields.length === 0) return before
  if (Object.keys(words).length > 0)
    await tx.db
      .update(texts)
      .set(words)
      .where(and(eq(texts.timebankId, tx.timebankId), eq(texts.serviceRequestId, id)))
  return change(tx, before, set, { action: 'updated', agency: true, changes: { fields } })
}
