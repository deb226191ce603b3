/** The vocabularies of offers and requests. */

export const risks = ['low', 'medium', 'high'] as const
export type Risk = (typeof risks)[number]

/** Doing it for somebody, teaching it, or doing it together. */
export const modes = ['do', 'teach', 'together'] as const
export type Mode = (typeof modes)[number]

export const settings = [
  'provider_home',
  'receiver_home',
  'public_place',
  'outdoors',
  'online',
  'phone',
  'any'
] as const
export type Setting = (typeof settings)[number]

const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
const parts = ['morning', 'afternoon', 'evening'] as const

/** The parts of a week: `mon_morning` to `sun_evening`. */
export type Slot = `${(typeof days)[number]}_${(typeof parts)[number]}`
export const slots = days.flatMap((day) => parts.map((part): Slot => `${day}_${part}`))

export const offerStatuses = ['draft', 'open', 'paused', 'closed', 'expired'] as const
export type OfferStatus = (typeof offerStatuses)[number]

export const requestStatuses = ['draft', 'open', 'matched', 'in_progress', 'fulfilled', 'withdrawn', 'expired'] as const
export type RequestStatus = (typeof requestStatuses)[number]

export const kindNames = ['offer', 'request'] as const
export type Kind = (typeof kindNames)[number]
