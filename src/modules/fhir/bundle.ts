import type { z } from 'zod'
import { DomainError, type Fault, refuseFaults } from '../../shared/errors.ts'
import {
  type BundleIn,
  consentIn,
  patientIn,
  type Reference,
  type ServiceRequestIn,
  serviceRequestIn,
  type TaskIn,
  taskIn
} from './resources.ts'

/** One ServiceRequest of a transaction with all that belongs to it, and where each part of it stood. */
export type Referral = {
  resource: ServiceRequestIn
  /** index of the entries of the ServiceRequest and of its Tasks, and of those that it contains now, by its ids within */
  entry: number
  tasks: { entry: number; task: TaskIn }[]
  contained: Map<string, number>
}

const shapes = { ServiceRequest: serviceRequestIn, Task: taskIn, Consent: consentIn, Patient: patientIn }
type Type = keyof typeof shapes
type Read = {
  [T in Type]: { type: T; entry: number; url: string | undefined; resource: z.infer<(typeof shapes)[T]> }
}[Type]

const at = (entry: number): string => `/entry/${entry}/resource`

/**
 * Takes a transaction apart into its referrals: the Patient and the Consent that a ServiceRequest refers to by their fullUrl
 * are contained in it, and a Task belongs to the ServiceRequest that is its focus. Throws with every fault.
 */
export function referralsOf(bundle: BundleIn): Referral[] {
  const faults: Fault[] = []
  const entries = bundle.entry.flatMap((_, i) => readEntry(bundle, i, faults))
  refuseFaults(faults)
  const used = new Set<number>()
  const referrals = entries.flatMap((each) => (each.type === 'ServiceRequest' ? [assemble(each, entries, used)] : []))
  for (const { type, entry, url } of entries) {
    if (type === 'Task' && !referrals.some(({ tasks }) => tasks.some((task) => task.entry === entry)))
      faults.push({ pointer: `${at(entry)}/focus`, detail: 'Is no ServiceRequest of this Bundle, by its fullUrl.' })
    if ((type === 'Patient' || type === 'Consent') && !used.has(entry))
      faults.push({
        pointer: `/entry/${entry}`,
        detail: `No ServiceRequest refers to it${url ? '' : ': it has no fullUrl'}.`
      })
  }
  refuseFaults(faults)
  return referrals
}

function readEntry({ entry }: BundleIn, i: number, faults: Fault[]): Read[] {
  const { resource, fullUrl: url, request } = entry[i]!
  const type = resource.resourceType
  if (url !== undefined && entry.findIndex(({ fullUrl }) => fullUrl === url) !== i)
    faults.push({ pointer: `/entry/${i}/fullUrl`, detail: 'Another entry has it.' })
  if (type !== request.url) {
    faults.push({ pointer: `/entry/${i}/request/url`, detail: 'Is not the type of the resource.' })
    return []
  }
  const parsed = shapes[request.url].safeParse(resource)
  if (parsed.success) return [{ type: request.url, entry: i, url, resource: parsed.data } as Read]
  for (const issue of parsed.error.issues) {
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : [null]
    for (const key of keys)
      faults.push({
        pointer: [at(i), ...issue.path, ...(key === null ? [] : [escaped(key)])].join('/'),
        detail: key === null ? `${issue.message}.` : `Unknown field "${key.slice(0, 100)}".`
      })
  }
  return []
}

const escaped = (key: string): string => key.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')

function assemble(
  { entry, url, resource }: Extract<Read, { type: 'ServiceRequest' }>,
  entries: Read[],
  used: Set<number>
): Referral {
  const contained = new Map<string, number>()
  const inner: NonNullable<ServiceRequestIn['contained']> = [...(resource.contained ?? [])]
  /** The same reference, to what is contained now. */
  const within = (reference: Reference | undefined): Reference | undefined => {
    const named = reference?.reference
    const found = entries.find((each) => named !== undefined && each.url === named)
    if (!reference || !found || (found.type !== 'Patient' && found.type !== 'Consent')) return reference
    const id = `entry-${found.entry}`
    if (!contained.has(id)) {
      contained.set(id, found.entry)
      used.add(found.entry)
      inner.push(
        found.type === 'Patient'
          ? { ...found.resource, id }
          : { ...found.resource, id, patient: within(found.resource.patient) ?? found.resource.patient }
      )
    }
    return { ...reference, reference: `#${id}` }
  }
  const subject = within(resource.subject) ?? resource.subject
  const supportingInfo = resource.supportingInfo?.map((info) => within(info) ?? info)
  return {
    entry,
    contained,
    tasks: entries.flatMap((each) =>
      each.type === 'Task' && url !== undefined && each.resource.focus.reference === url
        ? [{ entry: each.entry, task: withSubject(each.resource, resource.subject) }]
        : []
    ),
    resource: {
      ...resource,
      subject,
      ...(supportingInfo ? { supportingInfo } : {}),
      ...(inner.length > 0 ? { contained: inner } : {})
    }
  }
}

/** A Task that is for whom its ServiceRequest is about says nothing of its own by that. */
function withSubject(task: TaskIn, subject: Reference): TaskIn {
  if (task.for?.reference === undefined || task.for.reference !== subject.reference) return task
  const { for: _for, ...rest } = task
  return rest
}

/** A fault of a referral, at its place in the Bundle. */
export function inBundle(error: unknown, referral: Referral, from: 'ServiceRequest' | number): unknown {
  if (!(error instanceof DomainError)) return error
  const errors = error.errors.map((fault) =>
    fault.pointer === undefined ? fault : { ...fault, pointer: placeInBundle(fault.pointer, referral, from) }
  )
  return new DomainError(error.code, error.message, { errors, figures: error.figures })
}

function placeInBundle(
  pointer: string,
  { entry, resource, contained }: Referral,
  from: 'ServiceRequest' | number
): string {
  if (from !== 'ServiceRequest') return `${at(from)}${pointer}`
  const [, index, rest = ''] = /^\/contained\/(\d+)(.*)$/.exec(pointer) ?? []
  const id = index === undefined ? undefined : resource.contained?.[Number(index)]?.id
  const other = id === undefined ? undefined : contained.get(id)
  return other === undefined ? `${at(entry)}${pointer}` : `${at(other)}${rest}`
}
