import type { ProblemCode } from '../../shared/problems.ts'

/** The answers of the posting functions, and as what each refusal leaves the service. The numbers are those of the SQL. */
export const outcomes = {
  0: { code: 'posted', problem: null },
  1: { code: 'replayed', problem: null },
  2: { code: 'id_reused', problem: 'transfer-id-reused' },
  10: { code: 'unknown_account', problem: 'unknown-account' },
  11: { code: 'account_not_open', problem: 'account-not-open' },
  12: { code: 'below_floor', problem: 'below-floor' },
  13: { code: 'above_ceiling', problem: 'above-ceiling' },
  14: { code: 'malformed', problem: 'malformed-operation' },
  15: { code: 'unknown_ref', problem: 'unknown-ref' },
  16: { code: 'already_resolved', problem: 'already-resolved' },
  17: { code: 'exceeds_hold', problem: 'exceeds-hold' },
  18: { code: 'twice_in_batch', problem: 'malformed-operation' },
  20: { code: 'leg_failed', problem: 'leg-failed' }
} as const satisfies Record<number, { code: string; problem: ProblemCode | null }>

export type OutcomeNumber = keyof typeof outcomes
export type OutcomeCode = (typeof outcomes)[OutcomeNumber]['code']

export const outcomeCodes = Object.values(outcomes).map(({ code }) => code) as [OutcomeCode]

const problemsByCode = new Map<OutcomeCode, ProblemCode | null>(
  Object.values(outcomes).map(({ code, problem }) => [code, problem])
)

/** Null where nothing was refused. */
export const problemFor = (code: OutcomeCode): ProblemCode | null => problemsByCode.get(code) ?? null
