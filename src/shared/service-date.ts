import { DomainError, type Fault } from './errors.ts'

/** R3: what has been done has a date that is not in the future. `at` is the pointer to what the date belongs to. */
export const futureDateFaults = (performedOn: string | undefined, today: string, at = ''): Fault[] =>
  performedOn === undefined || performedOn <= today
    ? []
    : [{ pointer: `${at}/performedOn`, detail: `Must not be after ${today}.` }]

/** The same as a refusal. Dates are calendar dates in the timebank's zone. */
export function checkServiceDate(performedOn: string, today: string): void {
  const errors = futureDateFaults(performedOn, today)
  if (errors.length > 0) throw new DomainError('future-service-date', undefined, { errors })
}
