/** A need of the agency's own, or a person of whom it writes with their consent. */
export const kinds = ['own_need', 'referral'] as const
export type Kind = (typeof kinds)[number]

export const statuses = [
  'requested',
  'accepted',
  'in_progress',
  'on_hold',
  'rejected',
  'completed',
  'failed',
  'cancelled',
  'entered_in_error'
] as const
export type Status = (typeof statuses)[number]

/** Where it stands within its status, in the timebank's own words. */
export const subStatuses = [
  'awaiting_contact',
  'contact_attempted',
  'awaiting_consent',
  'awaiting_decision',
  'looking_for_helper',
  'helper_found',
  'scheduled',
  'helping',
  'listing_expired'
] as const
export type SubStatus = (typeof subStatuses)[number]

/** Nothing more urgent: a timebank must not promise what cannot wait. */
export const priorities = ['routine', 'urgent'] as const
export type Priority = (typeof priorities)[number]

/** Why, by the status that needs a reason. Words of one's own there are none: they would be about a person. */
export const reasons = {
  rejected: ['not_taken_up', 'outside_area', 'no_capacity', 'not_suitable', 'duplicate', 'incomplete'],
  cancelled: ['no_longer_needed', 'arranged_elsewhere', 'duplicate'],
  on_hold: ['waiting_for_person', 'waiting_for_agency', 'waiting_for_helper', 'away'],
  failed: ['no_helper_found', 'lost_contact', 'could_not_be_arranged']
} as const
export type Reason = (typeof reasons)[keyof typeof reasons][number]
export const everyReason = [...new Set(Object.values(reasons).flat())] as [Reason, ...Reason[]]

/** What came of it. That a professional service is needed is as good an outcome as any. */
export const outcomes = [
  'goal_met',
  'partly_met',
  'needs_professional_service',
  'circumstances_changed',
  'person_withdrew'
] as const
export type Outcome = (typeof outcomes)[number]

/** How the agency says that the person has consented; the broker asks the person again. */
export const claimedWays = ['in_person', 'phone', 'writing', 'online'] as const
export const claimedVoices = ['self', 'supporter', 'guardian'] as const

export const contactWays = ['phone', 'letter', 'email', 'visit'] as const
export type ContactWay = (typeof contactWays)[number]
export const contactResults = ['reached', 'not_reached', 'message_left'] as const
export type ContactResult = (typeof contactResults)[number]
