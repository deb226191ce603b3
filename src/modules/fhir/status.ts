/**
 * Statuses of ours, of FHIR's ServiceRequest and of FHIR's Task, and who moves a Task. Ours are those of a referral
 * (service-requests); `null` stands for one that the person has not agreed to share.
 */

export const taskStatuses = [
  'draft',
  'requested',
  'received',
  'accepted',
  'rejected',
  'ready',
  'cancelled',
  'in-progress',
  'on-hold',
  'failed',
  'completed',
  'entered-in-error'
] as const
export type TaskStatus = (typeof taskStatuses)[number]

export const serviceRequestStatuses = [
  'draft',
  'active',
  'on-hold',
  'revoked',
  'completed',
  'entered-in-error',
  'unknown'
] as const
export type ServiceRequestStatus = (typeof serviceRequestStatuses)[number]

export const ourStatuses = [
  'requested',
  'accepted',
  'rejected',
  'cancelled',
  'in_progress',
  'on_hold',
  'completed',
  'failed',
  'entered_in_error'
] as const
export type OurStatus = (typeof ourStatuses)[number]

/** Ours → the official codes. A request that has ended without being fulfilled is `revoked`: no further activity occurs. */
const official: Record<OurStatus, { task: TaskStatus; serviceRequest: ServiceRequestStatus }> = {
  requested: { task: 'requested', serviceRequest: 'active' },
  accepted: { task: 'accepted', serviceRequest: 'active' },
  rejected: { task: 'rejected', serviceRequest: 'revoked' },
  cancelled: { task: 'cancelled', serviceRequest: 'revoked' },
  in_progress: { task: 'in-progress', serviceRequest: 'active' },
  on_hold: { task: 'on-hold', serviceRequest: 'on-hold' },
  completed: { task: 'completed', serviceRequest: 'completed' },
  failed: { task: 'failed', serviceRequest: 'revoked' },
  entered_in_error: { task: 'entered-in-error', serviceRequest: 'entered-in-error' }
}

/** Null: not shared. R4 has no code for that in Task.status, so the code is left out and why is told beside it. */
export const taskStatusOf = (status: OurStatus | null): TaskStatus | null =>
  status === null ? null : official[status].task

export const serviceRequestStatusOf = (status: OurStatus | null): ServiceRequestStatus =>
  status === null ? 'unknown' : official[status].serviceRequest

/** Ours that are told by that code; none where nothing here ever has it. */
export const oursOfTask = (code: TaskStatus): OurStatus[] =>
  ourStatuses.filter((status) => official[status].task === code)

export const oursOfServiceRequest = (code: ServiceRequestStatus): OurStatus[] =>
  ourStatuses.filter((status) => official[status].serviceRequest === code)

/** What a requester may do with a Task by writing that status into it; everything else is for the timebank's brokers. */
export type Move = 'cancel' | 'declare_in_error'

type Rule = {
  /** who sets it in the guide; nobody: the code is not among those of a referral's Task */
  setBy: 'requester' | 'timebank' | 'either' | 'nobody'
  /** statuses of which it may follow, as the timebank or the requester sets it */
  after: readonly TaskStatus[]
  /** what a requester's update with it does here */
  move: Move | null
}

const open = ['requested', 'accepted', 'in-progress', 'on-hold'] as const
const ended = ['rejected', 'cancelled', 'failed', 'completed'] as const

/** Every official code: who sets it, and after which (product's referral states, in the guide's state diagram). */
export const transitions: Record<TaskStatus, Rule> = {
  draft: { setBy: 'nobody', after: [], move: null },
  requested: { setBy: 'requester', after: [], move: null },
  received: { setBy: 'nobody', after: [], move: null },
  accepted: { setBy: 'timebank', after: ['requested'], move: null },
  rejected: { setBy: 'timebank', after: ['requested'], move: null },
  ready: { setBy: 'nobody', after: [], move: null },
  cancelled: { setBy: 'either', after: open, move: 'cancel' },
  'in-progress': { setBy: 'timebank', after: ['accepted', 'on-hold'], move: null },
  'on-hold': { setBy: 'timebank', after: ['accepted', 'in-progress'], move: null },
  failed: { setBy: 'timebank', after: ['accepted', 'in-progress', 'on-hold'], move: null },
  completed: { setBy: 'timebank', after: ['accepted', 'in-progress', 'on-hold'], move: null },
  'entered-in-error': { setBy: 'either', after: [...open, ...ended], move: 'declare_in_error' }
}
