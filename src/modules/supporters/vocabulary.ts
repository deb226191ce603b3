/** How somebody stands by a member. A guardian decides for them, by an authority from elsewhere; the others act as far as they are asked to. */
export const supportKinds = ['supporter', 'advocate', 'guardian'] as const
export type SupportKind = (typeof supportKinds)[number]

/** What somebody may do in a member's name: nothing of it unless it is given. One for everything that acts on it, and no other. */
export const supportScopes = ['view', 'consents', 'budget'] as const
export type SupportScope = (typeof supportScopes)[number]

export const supportStatuses = ['proposed', 'active', 'ended', 'revoked', 'expired'] as const
export type SupportStatus = (typeof supportStatuses)[number]

/** From where a guardian's authority comes, and how a broker has seen it. */
export const authorities = [
  'parental_responsibility',
  'court_appointment',
  'power_of_attorney',
  'statutory_appointment'
] as const
export type Authority = (typeof authorities)[number]
export const sightings = ['document_in_person', 'document_copy', 'confirmed_by_authority'] as const
export type Sighting = (typeof sightings)[number]
