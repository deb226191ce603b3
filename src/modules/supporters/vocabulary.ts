/** How somebody stands by a member. A guardian decides for them, by an authority from elsewhere; the others act as far as they are asked to. */
export const supportKinds = ['supporter', 'advocate', 'guardian'] as const
export type SupportKind = (typeof supportKinds)[number]

/** What somebody may do in a member's name: nothing of it unless it is given. One for everything that acts on it, and no other. */
export const supportScopes = ['view', 'consents', 'budget'] as const
export type SupportScope = (typeof supportScopes)[number]
