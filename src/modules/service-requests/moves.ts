import { DomainError } from '../../shared/errors.ts'
import type { Kind, Status } from './vocabulary.ts'

/** As what somebody acts: for the agency that asks, as the person whom it is about, as a broker, or the service by itself. */
export const parts = ['agency', 'person', 'broker', 'service'] as const
export type Part = (typeof parts)[number]

type Move = { from: readonly Status[]; to: Status; by: readonly Part[]; only?: Kind }

const begun = ['accepted', 'in_progress', 'on_hold'] as const

/**
 * Who may take a service request from where to where: all there is. `close` is how a referral ends that could not be arranged,
 * whoever or whatever brought that about; see closing.ts.
 */
export const moves = {
  accept: { from: ['requested'], to: 'accepted', by: ['broker'] },
  reject: { from: ['requested'], to: 'rejected', by: ['broker'] },
  close: { from: ['requested'], to: 'rejected', by: ['service'] },
  start: { from: ['accepted'], to: 'in_progress', by: ['broker', 'service'] },
  hold: { from: ['accepted', 'in_progress'], to: 'on_hold', by: ['broker'] },
  resume: { from: ['on_hold'], to: 'in_progress', by: ['broker'] },
  complete: { from: begun, to: 'completed', by: ['broker', 'service'] },
  fail: { from: begun, to: 'failed', by: ['broker'] },
  cancel: { from: ['requested', ...begun], to: 'cancelled', by: ['agency', 'broker'] },
  stop: { from: begun, to: 'cancelled', by: ['person', 'service'] },
  enterInError: {
    from: ['requested', ...begun, 'rejected', 'completed', 'failed', 'cancelled'],
    to: 'entered_in_error',
    by: ['agency', 'broker']
  }
} as const satisfies Record<string, Move>
export type MoveName = keyof typeof moves

/** The status that a move leads to; refused where it may not be made from here, or by somebody in that part. */
export function statusAfter(name: MoveName, from: Status, part: Part): Status {
  const move: Move = moves[name]
  if (!move.by.includes(part)) throw new DomainError('forbidden')
  // what it is, the person may have withheld from the agency
  if (!move.from.includes(from)) throw part === 'agency' ? new DomainError('wrong-state') : wrongState(from)
  return move.to
}

export const wrongState = (status: Status): DomainError =>
  new DomainError('wrong-state', `A service request that is ${status.replaceAll('_', ' ')} does not take this step.`)

/** What nothing more comes of. */
export const ended: readonly Status[] = ['rejected', 'completed', 'failed', 'cancelled', 'entered_in_error']
