import { DomainError, type Fault, refuseFaults } from '../../shared/errors.ts'
import { type OurStatus, oursOfServiceRequest, oursOfTask, serviceRequestStatuses, taskStatuses } from './status.ts'
import type { Resource } from './to-fhir.ts'

/** `system|value`; both are needed, since a value alone says nothing of whose it is. */
export function tokenOf(name: string, token: string): { system: string; value: string } {
  const at = token.indexOf('|')
  const [system, value] = [token.slice(0, at), token.slice(at + 1)]
  if (at < 1 || value === '' || value.includes(',')) refuse(name, 'One system|value.')
  return { system, value }
}

const refuse = (parameter: string, detail: string): never => {
  throw new DomainError('validation-failed', `${parameter}: ${detail}`, { errors: [{ parameter, detail }] })
}

const codeSystems = {
  ServiceRequest: 'http://hl7.org/fhir/request-status',
  Task: 'http://hl7.org/fhir/task-status'
}

/** Ours of any of the codes, with a comma between; `withheld`: those whose status is not shared are asked for too. */
export function statusesOf(
  type: 'ServiceRequest' | 'Task',
  asked: string
): { statuses: OurStatus[]; withheld: boolean } {
  const codes = asked.split(',').map((code) => code.replace(`${codeSystems[type]}|`, ''))
  const known: readonly string[] = type === 'Task' ? taskStatuses : serviceRequestStatuses
  const faults: Fault[] = codes
    .filter((code) => !known.includes(code))
    .map(() => ({ parameter: 'status', detail: `Of ${known.join(', ')}.` }))
  refuseFaults(faults.slice(0, 1))
  const statuses = codes.flatMap((code) =>
    type === 'Task' ? oursOfTask(code as never) : oursOfServiceRequest(code as never)
  )
  return { statuses: [...new Set(statuses)], withheld: type === 'ServiceRequest' && codes.includes('unknown') }
}

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/

/** The instant since when, of `ge…` or `gt…`. A plus sign that the caller has not encoded arrives as a space. */
export function sinceOf(asked: string): Date {
  const [, prefix, rest = ''] = /^(ge|gt)(.*)$/.exec(asked) ?? []
  const text = rest.replace(' ', '+')
  const whole = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text
  const at = instant.test(whole) ? new Date(whole) : new Date(Number.NaN)
  const year = at.getUTCFullYear()
  if (prefix === undefined || !(year >= 1970 && year < 2200))
    refuse('_lastUpdated', 'ge or gt, and an instant or a date, such as ge2026-11-22T09:30:00Z.')
  // changes are told apart by milliseconds
  return new Date(at.getTime() + (prefix === 'gt' ? 1 : 0))
}

/** The id that a reference to a ServiceRequest names, relative or absolute; null: of something that is not here. */
export function idOf(reference: string, base: string): string | null {
  const [, before = '', id] = /^(.*?)(?:ServiceRequest\/)?([A-Za-z0-9.-]{1,64})$/.exec(reference) ?? []
  return id !== undefined && (before === '' || before === `${base}/`) ? id : null
}

/**
 * A page of what was found.
 * @param self address of this page, with its query
 * @param next place of the next page; null: this is the last
 */
export function searchset(base: string, self: string, next: string | null, found: readonly Resource[]): Resource {
  const url = new URL(self, `${base}/`)
  const link = [{ relation: 'self', url: url.href }]
  if (next !== null) {
    url.searchParams.set('_after', next)
    link.push({ relation: 'next', url: url.href })
  }
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    link,
    ...(found.length === 0
      ? {}
      : {
          entry: found.map((resource) => ({
            fullUrl: `${base}/${resource.resourceType}/${resource.id}`,
            resource,
            search: { mode: 'match' }
          }))
        })
  }
}
