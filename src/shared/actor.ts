import type { AgencyScope } from './agency-scopes.ts'

/** Roles of a membership. Everybody is a member; the others are added to it. */
export const roles = ['member', 'broker', 'admin', 'auditor'] as const
export type Role = (typeof roles)[number]

/** The states of a membership, from asking to join to being forgotten. */
export const membershipStatuses = [
  'applied',
  'screening',
  'active',
  'paused',
  'suspended',
  'declined',
  'withdrawn',
  'left',
  'erased'
] as const
export type MembershipStatus = (typeof membershipStatuses)[number]

/** Through what a write reached us (R6). `import` and `system` cannot be claimed by callers. */
export const claimableSources = ['web', 'api', 'script', 'phone', 'paper_slip'] as const
export const sources = [...claimableSources, 'import', 'system'] as const
export type Source = (typeof sources)[number]

/** Through which client of which agency somebody acts, and by which affiliation to it. */
export type AgencyActing = {
  clientId: string
  organisationId: string
  affiliationId: string
  scopes: readonly AgencyScope[]
}

/**
 * Who acts. `personId` is null for the service itself (jobs, import at the command line).
 * `membershipId` and `roles` are those in the timebank of the present transaction.
 */
export type Actor = {
  personId: string | null
  membershipId: string | null
  roles: readonly Role[]
  operator: boolean
  source: Source
  slipNumber?: string
  /** A professional at their agency's system: `roles` are none then, whatever they are here as a member. */
  agency?: AgencyActing
}

/** The service acting by itself: nightly jobs, set-up. */
export const systemActor: Actor = { personId: null, membershipId: null, roles: [], operator: true, source: 'system' }

export const hasRole = (actor: Actor, ...wanted: Role[]): boolean => wanted.some((role) => actor.roles.includes(role))

/** Staff: those who act for others and see what members have asked to keep to staff. */
export const isStaff = (actor: Actor): boolean => hasRole(actor, 'broker', 'admin')
