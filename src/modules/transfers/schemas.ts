import { z } from 'zod'
import { hoursText } from '../../shared/minutes.ts'
import { type Outcome, operationNames, outcomeCodes } from '../ledger/index.ts'
import { directKinds } from './rules.ts'

const minutes = z.int().min(1).max(1_000_000).describe('Minutes, at least 1')
const performedOn = z.iso
  .date()
  .optional()
  .describe("The day that counts, not in the future; today by default (the timebank's)")
const account = (which: string) => z.int().min(1).max(2_147_483_647).describe(`Number of the ${which} account`)

const member = z.strictObject({ memberId: z.uuid() }).describe('A member')
const organisation = z.strictObject({ organisationId: z.uuid() }).describe('An organisation')
const pot = z.strictObject({ communityPot: z.literal(true) }).describe('The community pot: then it is a donation')

export const giftSchema = z
  .strictObject({
    to: z.union([member, organisation, pot]),
    minutes,
    performedOn,
    from: z
      .union([member, organisation])
      .optional()
      .describe(
        'Whose hours are given, where they are not your own: an organisation for which you act; for staff, who told them'
      )
  })
  .meta({ id: 'NewGift' })

export const grantSchema = z
  .strictObject({
    to: z.union([member, organisation]),
    minutes,
    performedOn,
    why: z.string().trim().min(1).max(500).describe('Kept in the audit; no names')
  })
  .meta({ id: 'NewGrant' })

const movement = {
  debitAccount: account('debited'),
  creditAccount: account('credited'),
  minutes,
  kind: z.enum(directKinds).describe('Why the hours move'),
  performedOn,
  onBehalfOf: z.uuid().optional().describe('Member or organisation whose account is debited, needed there')
}
const ref = z.uuid().describe('Id of the hold')

const operations = {
  transfer: { operation: z.literal('transfer').describe('Moves'), ...movement },
  hold: {
    operation: z.literal('hold').describe('Sets aside'),
    ...movement,
    expiresAt: z.iso
      .datetime({ offset: true })
      .optional()
      .describe('Let go by itself at this instant, within a minute or so')
  },
  settle: {
    operation: z.literal('settle').describe('Moves what was held, or less; the rest is let go'),
    ref,
    minutes: minutes.optional(),
    performedOn
  },
  release: { operation: z.literal('release').describe('Lets go what was held'), ref, performedOn }
}

export const transferSchema = z
  .discriminatedUnion('operation', [
    z.strictObject(operations.transfer),
    z.strictObject(operations.hold),
    z.strictObject(operations.settle),
    z.strictObject(operations.release)
  ])
  .meta({ id: 'NewTransfer' })

const row = {
  id: z.uuid().describe('Your own id for it, a uuid v7 best: sent again it is answered, not posted again'),
  groupId: z.uuid().optional().describe('Neighbours with the same one stand or fall together')
}

export const mostPerBatch = 1000

export const batchSchema = z
  .strictObject({
    atomic: z.boolean().describe('All or nothing; otherwise each row (or group) by itself'),
    dryRun: z.boolean().default(false).describe('Answers what would happen, and saves nothing'),
    operations: z
      .array(
        z.discriminatedUnion('operation', [
          z.strictObject({ ...row, ...operations.transfer }),
          z.strictObject({ ...row, ...operations.hold }),
          z.strictObject({ ...row, ...operations.settle }),
          z.strictObject({ ...row, ...operations.release })
        ])
      )
      .min(1)
      .max(mostPerBatch)
      .describe('Decided in this order; what is settled or released must have been held before this request')
  })
  .meta({ id: 'TransferBatch' })

export const reversalSchema = z
  .strictObject({
    reason: z.string().trim().min(1).max(500).describe('Kept in the audit; no names'),
    override: z
      .boolean()
      .default(false)
      .describe('Pass limits and accounts that are not open, where they would refuse it')
  })
  .meta({ id: 'NewReversal' })

const balance = (which: string) => z.int().nullable().describe(`Balance of the ${which} account after it; minutes`)

const posted = {
  id: z.uuid(),
  operation: z.enum(operationNames),
  debitAccount: z.int().nullable(),
  creditAccount: z.int().nullable(),
  minutes: z.int().nullable().describe('Moved, set aside or let go'),
  performedOn: z.iso.date().nullable(),
  recordedAt: z.iso.datetime().nullable().describe('UTC'),
  debitBalanceMinutes: balance('debited'),
  creditBalanceMinutes: balance('credited'),
  softLimitsCrossed: z
    .array(z.enum(['debit_floor', 'credit_ceiling']))
    .describe('Soft limits that it crossed: the broker has a follow-up')
}

export const postedSchema = z
  .object({
    ...posted,
    forced: z.boolean().describe('Let through by override where a limit or a status would have refused it')
  })
  .meta({ id: 'PostedTransfer', description: 'What a posting did' })

export const givenSchema = z
  .object({
    id: z.uuid().describe('Id of the transfer'),
    kind: z.enum(['gift', 'donation', 'grant']),
    minutes: z.int(),
    hours: z.string().describe('The minutes as people read them, such as 1:30'),
    performedOn: z.iso.date(),
    recordedAt: z.iso.datetime().describe('UTC'),
    balanceMinutes: z.int().describe('Balance of the account that gave, after it'),
    crossedSoftFloor: z.boolean().describe('That account is now below its soft floor')
  })
  .meta({ id: 'Given', description: 'Hours that were given' })

export const batchResultSchema = z
  .object({
    dryRun: z.boolean(),
    posted: z.int().describe('Rows that were posted now'),
    replayed: z.int().describe('Rows that were posted before, under the same id'),
    refused: z.int().describe('Rows that were refused; in an atomic batch with one of these, nothing was posted'),
    results: z
      .array(
        z.object({
          ...posted,
          code: z.enum(outcomeCodes).describe('What became of the row'),
          refused: z
            .object({
              account: z.int(),
              balanceMinutes: z.int().nullable(),
              heldMinutes: z.int().nullable(),
              limitMinutes: z.int().nullable()
            })
            .nullable()
            .describe('The account at fault where a limit or a status refused it')
        })
      )
      .describe('One for each row, in the order of the request')
  })
  .meta({ id: 'TransferBatchResult' })

type OperationName = (typeof operationNames)[number]

const common = (operation: OperationName, outcome: Outcome) => ({
  id: outcome.id,
  operation,
  debitAccount: outcome.debitAccount,
  creditAccount: outcome.creditAccount,
  minutes: outcome.minutes,
  performedOn: outcome.performedOn,
  recordedAt: outcome.recordedAt?.toISOString() ?? null,
  debitBalanceMinutes: outcome.debitBalance,
  creditBalanceMinutes: outcome.creditBalance,
  softLimitsCrossed: outcome.softLimitsCrossed
})

export const postedView = (operation: OperationName, outcome: Outcome): z.output<typeof postedSchema> => ({
  ...common(operation, outcome),
  forced: outcome.forced
})

export const givenView = (kind: string, outcome: Outcome): z.output<typeof givenSchema> => ({
  id: outcome.id,
  kind: kind as 'gift',
  minutes: outcome.minutes!,
  hours: hoursText(outcome.minutes!),
  performedOn: outcome.performedOn!,
  recordedAt: outcome.recordedAt!.toISOString(),
  balanceMinutes: outcome.debitBalance!,
  crossedSoftFloor: outcome.softLimitsCrossed.includes('debit_floor')
})

export function batchView(
  operations: readonly { operation: OperationName }[],
  outcomes: readonly Outcome[],
  dryRun: boolean
): z.output<typeof batchResultSchema> {
  const count = (wanted: (outcome: Outcome) => boolean) => outcomes.filter(wanted).length
  const [posted, replayed] = [count(({ code }) => code === 'posted'), count(({ code }) => code === 'replayed')]
  return {
    dryRun,
    posted,
    replayed,
    refused: outcomes.length - posted - replayed,
    results: outcomes.map((outcome, i) => ({
      ...common(operations[i]!.operation, outcome),
      code: outcome.code,
      refused: outcome.refused && {
        account: outcome.refused.account,
        balanceMinutes: outcome.refused.balance,
        heldMinutes: outcome.refused.held,
        limitMinutes: outcome.refused.limit
      }
    }))
  }
}
