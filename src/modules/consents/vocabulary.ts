/** What an agency is allowed by a consent, each by itself. */
export const consentScopes = [
  'contact',
  'share_status',
  'share_attendance',
  'share_outcome',
  'see_others_involved'
] as const
export type ConsentScope = (typeof consentScopes)[number]

/** What for: a referral that the agency has made, or the page of all that goes on around a person. */
export const consentPurposes = ['referral', 'joined_up'] as const
export type ConsentPurpose = (typeof consentPurposes)[number]

/** What each may be about: a scope that two purposes had in common would outlive its withdrawal from one of them. */
export const scopesOfPurpose: Record<ConsentPurpose, readonly ConsentScope[]> = {
  referral: consentScopes,
  joined_up: ['see_others_involved']
}

export const consentStatuses = ['given', 'withdrawn', 'expired', 'superseded'] as const
export type ConsentStatus = (typeof consentStatuses)[number]

/** In whose name, and by which way, it was said. */
export const consentVoices = ['self', 'supporter', 'guardian'] as const
export type ConsentVoice = (typeof consentVoices)[number]
export const consentWays = ['in_person', 'phone', 'writing', 'online'] as const
export type ConsentWay = (typeof consentWays)[number]
