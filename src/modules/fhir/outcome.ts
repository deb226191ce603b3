import type { DomainError, Fault } from '../../shared/errors.ts'
import { type ProblemCode, problems } from '../../shared/problems.ts'

type Issue = {
  severity: 'error' | 'fatal'
  code: string
  details: { coding: { system: string; code: string }[]; text: string }
  diagnostics: string
  expression?: string[]
}

/** Codes of http://hl7.org/fhir/issue-type, by problem where the status does not say it. */
const byProblem: Partial<Record<ProblemCode, string>> = {
  'malformed-body': 'structure',
  'token-invalid': 'expired',
  'idempotency-key-in-use': 'lock-error',
  'already-exists': 'duplicate'
}
const byStatus: Record<number, string> = {
  400: 'invalid',
  401: 'login',
  403: 'forbidden',
  404: 'not-found',
  405: 'not-supported',
  406: 'not-supported',
  409: 'conflict',
  412: 'conflict',
  413: 'too-long',
  415: 'not-supported',
  422: 'business-rule',
  428: 'required',
  429: 'throttled',
  500: 'exception',
  503: 'transient'
}

/** Why elements that FHIR knows and that are likely to be sent are not taken; by element of a resource. */
const whyNot: Record<string, string> = {
  'ServiceRequest.reasonCode':
    'No diagnosis and no reason is taken: what matters to the person is said in their words.',
  'ServiceRequest.reasonReference': 'No diagnosis and no reason is taken.',
  'ServiceRequest.note': 'Words about a person have elements of their own: see the extensions.',
  'ServiceRequest.text': 'No narrative is taken.',
  'ServiceRequest.bodySite': 'Nothing of a body is taken.',
  'ServiceRequest.encounter': 'Nothing of a health record is taken.',
  'ServiceRequest.insurance': 'Hours are never bought.',
  'ServiceRequest.relevantHistory': 'Nothing of a health record is taken.',
  'Patient.birthDate': 'Not needed for a first contact.',
  'Patient.gender': 'Not needed for a first contact.',
  'Patient.address': 'Not needed for a first contact; the area goes into ServiceRequest.locationCode.',
  'Patient.text': 'No narrative is taken.',
  'Task.input': 'No further information about a person is taken.',
  'Task.note': 'No words about a person are taken here.',
  'Task.reasonCode': 'No diagnosis and no reason is taken.'
}

/** `/contained/0/name` in a ServiceRequest → `ServiceRequest.contained[0].name` */
export function expressionOf(pointer: string, root: string): string {
  const parts = pointer === '' ? [] : pointer.slice(1).split('/')
  return parts.reduce((path, part) => {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (/^\d+$/.test(name)) return `${path}[${name}]`
    // what is no name of an element is delimited, as FHIRPath has it
    return `${path}.${/^[A-Za-z_]\w*$/.test(name) ? name : `\`${name.replaceAll('`', '\\`')}\``}`
  }, root)
}

/** Of a resource within another the type is not in the path: whichever of those that are taken has such an element. */
function explained(expression: string): string | undefined {
  const [root = '', ...names] = expression.replaceAll(/\[\d+\]/g, '').split('.')
  const types = names.length > 1 ? ['Patient', 'ServiceRequest', 'Task'] : [root]
  return types.map((type) => whyNot[`${type}.${names.at(-1)}`]).find((why) => why !== undefined)
}

function issueOf(error: DomainError, fault: Fault | null, root: string, title: string): Issue {
  const expression =
    fault === null
      ? undefined
      : fault.pointer === undefined
        ? `http.${fault.parameter ?? ''}`
        : expressionOf(fault.pointer, root)
  const why = fault?.detail.startsWith('Unknown field') && expression ? explained(expression) : undefined
  return {
    severity: error.status >= 500 ? 'fatal' : 'error',
    code: why ? 'not-supported' : (byProblem[error.code] ?? byStatus[error.status] ?? 'processing'),
    details: { coding: [{ system: '/problems', code: error.code }], text: title },
    diagnostics: [fault?.detail ?? error.message, ...(why ? [why] : []), ...figuresOf(error)].join(' '),
    ...(expression === undefined ? {} : { expression: [expression] })
  }
}

/** Figures of a refusal, such as the timebank's signpost, in the one place that FHIR has for them. */
const figuresOf = ({ figures }: DomainError): string[] =>
  Object.entries(figures).map(([name, value]) => `${name}: ${value}`)

export type OperationOutcome = { resourceType: 'OperationOutcome'; id: string; issue: Issue[] }

/**
 * An error as an OperationOutcome: one issue for each fault, with the element it is about as a FHIRPath.
 * @param root type of the resource that was sent
 * @param id of the request, for asking about it
 */
export function outcomeOf(error: DomainError, root: string, id: string): OperationOutcome {
  const [, title] = problems[error.code]
  const faults = error.errors.length === 0 ? [null] : error.errors
  return {
    resourceType: 'OperationOutcome',
    id,
    issue: faults.map((fault) => issueOf(error, fault, root, title))
  }
}
