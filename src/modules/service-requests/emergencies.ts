import type { Tx } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { policyInForce } from '../timebanks/index.ts'

/** FHIR's words for what cannot wait. */
const words = ['asap', 'stat']

/** Whether a priority, as it was sent, asks for what a timebank must not promise. */
export const isEmergency = (priority: unknown): boolean =>
  typeof priority === 'string' && words.includes(priority.trim().toLowerCase())

/**
 * What whoever asks for it is told: where to turn to instead. Thrown before anything is looked at or written, an answer kept
 * under a key included.
 */
export async function emergencyRefusal(tx: Tx): Promise<DomainError> {
  const { signpostText } = (await policyInForce(tx)).rules
  return new DomainError('not-for-emergencies', signpostText, {
    errors: [{ pointer: '/priority', detail: signpostText }],
    figures: { signpost: signpostText }
  })
}
