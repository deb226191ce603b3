import type { Tx } from '../../db/client.ts'
import type { AgencyActing } from '../../shared/actor.ts'
import { DomainError, type Fault, refuseFaults } from '../../shared/errors.ts'
import { isUuid } from '../../shared/ids.ts'
import { disclose } from '../consents/index.ts'
import {
  attendanceOf,
  cancel,
  createServiceRequest,
  enterInError,
  listedViews,
  listServiceRequests,
  lockServiceRequest,
  type NewServiceRequest,
  type Place,
  type Receipt,
  readServiceRequest as readOurs,
  type ServiceRequest,
  viewOf
} from '../service-requests/index.ts'
import { cancellationSchema, newServiceRequestSchema } from '../service-requests/schemas.ts'
import { inBundle, referralsOf } from './bundle.ts'
import { type Names, systems } from './codes.ts'
import { type Asking, checkAsking, faultsAt, readServiceRequest } from './from-fhir.ts'
import { placeOf } from './pointers.ts'
import type { BundleIn, ServiceRequestIn, TaskIn } from './resources.ts'
import type { OurStatus } from './status.ts'
import { type Told, taskOf } from './to-fhir.ts'
import type { Update } from './updates.ts'
import { toldOf, toldOfListed } from './views.ts'

/** Why an agency may call off what it has asked for. */
const cancelReasons = cancellationSchema.shape.reason.options

/** What a ServiceRequest asks for. What is wrong with it is told by its place in what was sent. */
export function readAsked(resource: ServiceRequestIn, names: Names, asking: Asking): NewServiceRequest {
  const parsed = newServiceRequestSchema.safeParse(readServiceRequest(resource, names, asking))
  if (parsed.success) return parsed.data
  throw new DomainError('validation-failed', undefined, {
    errors: parsed.error.issues.map(({ path, message, ...issue }) => {
      const keys = issue.code === 'unrecognized_keys' ? issue.keys : []
      return { pointer: placeOf(`/${[...path, ...keys].join('/')}`, resource), detail: `${message}.` }
    })
  })
}

/** Takes what a ServiceRequest asks for. */
export async function createAsked(tx: Tx, resource: ServiceRequestIn, names: Names): Promise<Receipt> {
  const asked = readAsked(resource, names, agencyOf(tx))
  return createServiceRequest(tx, asked).catch((error) => {
    throw placed(error, resource)
  })
}

/** What has come of an entry of a transaction: the resource that it is now, or in which it is contained. */
export type Done = { entry: number; location: string; status: '200 OK' | '201 Created'; version: number | null }

/** Takes all referrals of a transaction, or none. */
export async function createAll(tx: Tx, bundle: BundleIn, names: Names): Promise<Done[]> {
  const referrals = referralsOf(bundle)
  const faults: Fault[] = []
  for (const referral of referrals)
    try {
      readAsked(referral.resource, names, agencyOf(tx))
    } catch (error) {
      const told = inBundle(error, referral, 'ServiceRequest')
      if (!(told instanceof DomainError) || told.code !== 'validation-failed') throw told
      faults.push(...told.errors)
    }
  refuseFaults(faults)
  const done: Done[] = []
  for (const referral of referrals) {
    const { id, replayed } = await createAsked(tx, referral.resource, names).catch((error) => {
      throw inBundle(error, referral, 'ServiceRequest')
    })
    const status = replayed ? '200 OK' : '201 Created'
    const location = `${names.base}/ServiceRequest/${id}`
    const version = replayed ? null : 1
    done.push({ entry: referral.entry, location, status, version })
    for (const entry of referral.contained.values()) done.push({ entry, location, status, version: null })
    for (const { entry, task } of referral.tasks) {
      await checkTask(tx, id, task, names).catch((error) => {
        throw inBundle(error, referral, entry)
      })
      done.push({ entry, location: `${names.base}/Task/${id}`, status, version })
    }
  }
  // what two referrals share is told of the first
  const first = new Map(done.toReversed().map((each) => [each.entry, each]))
  return [...first.values()].sort((a, b) => a.entry - b.entry)
}

function placed(error: unknown, resource: ServiceRequestIn): unknown {
  if (!(error instanceof DomainError)) return error
  return new DomainError(error.code, error.message, {
    errors: error.errors.map((fault) =>
      fault.pointer === undefined ? fault : { ...fault, pointer: placeOf(fault.pointer, resource) }
    ),
    figures: error.figures,
    ...(error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds })
  })
}

/** These routes are for agencies' clients alone. */
export function agencyOf({ actor }: Tx): AgencyActing {
  if (!actor.agency) throw new DomainError('forbidden')
  return actor.agency
}

const readOne = (tx: Tx, id: string): Promise<ServiceRequest> => {
  if (!isUuid(id)) throw new DomainError('not-found')
  return readOurs(tx, id)
}

/** With everything that was written. */
export const readWhole = async (tx: Tx, id: string, timebank: string): Promise<Told> =>
  toldOf(await viewOf(tx, await readOne(tx, id)), timebank)

/**
 * As a Task tells it: without words about a person, and with the minutes of help where they are shared. Written down as read,
 * unless that was done already (`noted`).
 */
export async function readFollowed(tx: Tx, id: string, timebank: string, noted = false): Promise<Told> {
  const request = await readOne(tx, id)
  const [view] = await listedViews(tx, [request], { noted })
  const told = toldOfListed(view!, timebank)
  if (view!.withheld.includes('attendance')) return told
  const subject = { type: 'service_request', id: request.id }
  if (request.kind === 'referral' && !noted)
    await disclose(tx, [{ membershipId: request.membershipId, subject, parts: ['attendance'] }])
  const attended = await attendanceOf(tx, request)
  return { ...told, minutesGiven: attended.reduce((sum, { minutes }) => sum + minutes, 0) }
}

export type Search = {
  /** only these */
  ids?: readonly string[] | undefined
  identifier?: { system: string; value: string } | undefined
  status?: { statuses: OurStatus[]; withheld: boolean } | undefined
  since?: Date | undefined
}

/** A page of the agency's own, and the place of the next. */
export async function search(
  tx: Tx,
  { ids, identifier, status, since }: Search,
  after: Place | null,
  count: number,
  timebank: string
): Promise<{ found: Told[]; next: Place | null }> {
  agencyOf(tx)
  const filter = { ids: ids?.filter(isUuid), external: identifier, among: status, updatedSince: since }
  const rows = await listServiceRequests(tx, filter, after, count)
  const page = rows.slice(0, count)
  const last = page.at(-1)
  const views = await listedViews(tx, page)
  return {
    found: views.map((view) => toldOfListed(view, timebank)),
    next:
      rows.length > count && last !== undefined
        ? { at: since === undefined ? null : last.agencyAt.toISOString(), id: last.id }
        : null
  }
}

/** The version of the ServiceRequest that a new Task is about; it has its Task already, which must say the same. */
export async function checkTask(tx: Tx, id: string, task: TaskIn, names: Names): Promise<number> {
  const faults = faultsAt('')
  const { code, owner, requester } = task
  if (code && !code.coding.some((each) => each.system === systems.taskCode && each.code === 'fulfill'))
    faults.add('/code', `${systems.taskCode}#fulfill.`)
  if (owner && owner.identifier?.system !== names.timebankName)
    faults.add('/owner', `The timebank, by identifier (${names.timebankName}).`)
  if (requester)
    checkAsking(requester.identifier, requester.type, requester.reference, '/requester', names, agencyOf(tx), faults)
  const request = await readOne(tx, id)
  if (task.priority !== undefined && task.priority !== request.priority)
    faults.add('/priority', 'Is not that of the ServiceRequest.')
  const about = task.for?.identifier
  if (about && (about.system !== names.memberNumber || about.value !== String(request.claimedNumber)))
    faults.add('/for', 'Is not the subject of the ServiceRequest.')
  if (task.for?.display !== undefined) faults.add('/for/display', 'No name is taken here.')
  if (task.for?.reference !== undefined)
    faults.add('/for/reference', `The subject of the ServiceRequest by identifier (${names.memberNumber}), or nothing.`)
  refuseFaults(faults.all)
  return request.rowVersion
}

/**
 * Does what an update of a Task asks for. It is held against the Task as it stands, and a refusal tells of that: the caller has
 * written down before that it was read.
 * @param read what that is, of the Task as it stands
 * @param expected version that the caller read; undefined: whichever
 */
export async function updateTask(
  tx: Tx,
  id: string,
  names: Names,
  timebank: string,
  expected: number | undefined,
  read: (now: ReturnType<typeof taskOf>, reasons: readonly string[]) => Update
): Promise<{ version: number }> {
  if (!isUuid(id)) throw new DomainError('not-found')
  // of two updates of one version the second sees the first
  await lockServiceRequest(tx, id)
  const now = await readFollowed(tx, id, timebank, true)
  if (expected !== undefined && expected !== now.version) throw new DomainError('precondition-failed')
  const update = read(taskOf(now, names), cancelReasons)
  if (update === null) return now
  const after =
    update.move === 'cancel'
      ? await cancel(tx, id, update.reason as (typeof cancelReasons)[number])
      : await enterInError(tx, id)
  return { version: after.rowVersion }
}
