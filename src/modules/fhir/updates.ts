import { isDeepStrictEqual } from 'node:util'
import { DomainError, type Fault, refuseFaults } from '../../shared/errors.ts'
import type { Names } from './codes.ts'
import type { StatusReason, TaskPatchIn, TaskUpdateIn } from './resources.ts'
import { type Move, type TaskStatus, taskStatuses, transitions } from './status.ts'
import { type Resource, wordsOf } from './to-fhir.ts'

/** What a requester has asked to be done with a Task. */
export type Update = { move: Move; reason: string | null } | null

/**
 * What an update of a Task asks for: nothing but another status, and why. Null: it says what is there already.
 * @param now the Task as the caller may see it
 * @param reasons codes that a cancellation may have
 */
export function readUpdate(body: TaskUpdateIn, now: Resource, names: Names, reasons: readonly string[]): Update {
  const free = ['resourceType', 'meta', 'status', '_status', 'statusReason']
  const faults: Fault[] = Object.entries(body)
    .filter(([key, value]) => !free.includes(key) && !isDeepStrictEqual(plain(value), plain(now[key])))
    .map(([key]) => ({
      pointer: `/${key}`,
      detail: 'Is not as it was read: status and statusReason alone are changed.'
    }))
  refuseFaults(faults)
  if (body.status === undefined) return null
  return updateOf(body.status, body.statusReason, '', now, names, reasons)
}

/** What a JSON Patch of a Task asks for. */
export function readPatch(patch: TaskPatchIn, now: Resource, names: Names, reasons: readonly string[]): Update {
  const faults: Fault[] = []
  let status: string | undefined
  let reason: StatusReason | undefined
  let at = ''
  for (const [i, { op, path, value }] of patch.entries()) {
    const isStatus = path === '/status'
    if (isStatus !== (typeof value === 'string'))
      faults.push({ pointer: `/${i}/value`, detail: isStatus ? 'A code.' : 'A CodeableConcept.' })
    else if (op === 'test') {
      if (!isDeepStrictEqual(plain(value), plain(now[path.slice(1)]))) throw new DomainError('precondition-failed')
    } else if (isStatus) {
      status = value as string
      at = `/${i}/value`
    } else reason = value as StatusReason
  }
  refuseFaults(faults)
  return status === undefined ? null : updateOf(status, reason, at, now, names, reasons)
}

const plain = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)))

function updateOf(
  status: string,
  reason: StatusReason | undefined,
  at: string,
  now: Resource,
  names: Names,
  reasons: readonly string[]
): Update {
  const pointer = at === '' ? '/status' : at
  if (status === now['status']) return null
  if (!(taskStatuses as readonly string[]).includes(status))
    refuseFaults([{ pointer, detail: `Of ${taskStatuses.join(', ')}.` }])
  const { move, setBy } = transitions[status as TaskStatus]
  if (setBy === 'nobody') refuseFaults([{ pointer, detail: 'No Task of a referral has this status here.' }])
  if (move === null)
    throw new DomainError('forbidden', 'The timebank sets this status.', {
      errors: [{ pointer, detail: 'The timebank sets this status; a requester sets cancelled or entered-in-error.' }]
    })
  return { move, reason: move === 'cancel' ? reasonOf(reason, names, reasons) : null }
}

/** The code of a reason; words are taken where they are those of a code, and no others, since they would be about a person. */
function reasonOf(reason: StatusReason | undefined, names: Names, reasons: readonly string[]): string {
  const coding = reason?.coding?.[0]
  const text = reason?.text?.trim().toLowerCase()
  const code =
    coding === undefined
      ? reasons.find((each) => each === text || wordsOf(each) === text)
      : coding.system === names.reason
        ? reasons.find((each) => each === coding.code)
        : undefined
  if (code === undefined || (text !== undefined && text !== code && text !== wordsOf(code)))
    refuseFaults([
      { pointer: '/statusReason', detail: `A code of ${names.reason}: ${reasons.join(', ')}; no other words.` }
    ])
  return code as string
}
