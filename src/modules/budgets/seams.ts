import type { Tx } from '../../db/client.ts'
import type { Actor } from '../../shared/actor.ts'

/** The agency whose client calls; undefined: a member does. */
export const agencyOf = (actor: Actor): { organisationId: string } | undefined =>
  (actor as Actor & { agency?: { organisationId: string } }).agency

/** Whether the actor supports that member in that scope now. */
export const supports = async (_tx: Tx, _membershipId: string, _scope: 'view' | 'budget'): Promise<boolean> => false

/** Members whom the actor supports in their budgets, or looks on for. */
export const supportedBy = async (_tx: Tx): Promise<string[]> => []
