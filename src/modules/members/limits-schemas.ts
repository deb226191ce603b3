import { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import { text } from '../../http/index.ts'
import { type AccountKind, type LimitVersion, limitVersions } from '../ledger/index.ts'
import { accountSchema, limitFields, limitsView } from '../ledger/schemas.ts'
import { membershipIdsOf } from './limits.ts'

const why = text(500)
  .min(3)
  .describe('Kept with the change for good, and seen by whose account it is: reasons, not names')

const sent = (name: keyof typeof limitFields) =>
  z.int().min(-10_000_000).max(10_000_000).nullable().describe(limitFields[name].description!)

const inOrder = (low: number | null, high: number | null) => low === null || high === null || low <= high

/** All four, so that nobody changes one without having looked at the others. */
export const setLimitsSchema = z
  .strictObject({
    floorSoftMinutes: sent('floorSoftMinutes'),
    floorHardMinutes: sent('floorHardMinutes'),
    ceilingSoftMinutes: sent('ceilingSoftMinutes'),
    ceilingHardMinutes: sent('ceilingHardMinutes'),
    why
  })
  .refine((l) => inOrder(l.floorHardMinutes, l.floorSoftMinutes), {
    path: ['floorSoftMinutes'],
    error: 'must not lie below floorHardMinutes'
  })
  .refine((l) => inOrder(l.ceilingSoftMinutes, l.ceilingHardMinutes), {
    path: ['ceilingSoftMinutes'],
    error: 'must not lie above ceilingHardMinutes'
  })
  .refine((l) => inOrder(l.floorHardMinutes, l.ceilingHardMinutes), {
    path: ['floorHardMinutes'],
    error: 'must not lie above ceilingHardMinutes'
  })
export const followPolicySchema = z.strictObject({ why })

const status = accountSchema.shape.status

const change = {
  version: z.int().describe('Counts the changes of limits and status of the account from 1'),
  ...limitFields,
  byHand: z.boolean().describe('Set for this account; it does not follow the policy'),
  status: status.describe('Of the account'),
  changedAt: z.date(),
  changedBy: z.uuid().nullable().describe('Membership of who changed it; null: the service itself'),
  why: z.string()
}

export const limitVersionSchema = z
  .object(change)
  .meta({ id: 'AccountLimitsVersion', description: 'Limits and status of an account from one change on' })

export const accountLimitsSchema = z
  .object({ account: accountSchema.shape.account, kind: accountSchema.shape.kind, ...change })
  .meta({ id: 'AccountLimits', description: 'How far an account may go, since when and why' })

/** Versions with who changed them, named by membership: a person's id is the same in every timebank. */
export async function versionViews(tx: Tx, versions: readonly LimitVersion[]) {
  const membershipIds = await membershipIdsOf(
    tx,
    versions.map(({ actor }) => actor)
  )
  return versions.map(({ limits, actor, ...rest }) => ({
    ...rest,
    ...limitsView(limits),
    changedBy: (actor === null ? undefined : membershipIds.get(actor)) ?? null
  }))
}

/** The limits that hold, with their version. */
export async function accountLimitsView(tx: Tx, account: number, kind: AccountKind) {
  const [view] = await versionViews(tx, (await limitVersions(tx, account, null, 1)).slice(0, 1))
  return { account, kind, ...view! }
}
