import { z } from 'zod'
import { pageQuery } from '../../http/index.ts'
import { sources } from '../../shared/actor.ts'
import { hoursText } from '../../shared/minutes.ts'
import type { Limits } from './accounts.ts'
import type { Position, Summary } from './as-of.ts'
import type { Transfer } from './journal.ts'
import { accountKinds, accountStatuses, operationNames, type TransferKind, transferKinds } from './kinds.ts'
import type { Account, Line, TrialBalance } from './read.ts'
import { problemNames } from './verify.ts'

const timebank = z.string().describe('Id or short name of the timebank')
const accountNumber = z.int().describe('Number of the account, unique in the timebank')
const minutes = (what: string) => z.int().describe(`${what}; minutes`)
const limit = (what: string) => z.int().nullable().describe(`${what}; minutes, null: none`)
const calendarDate = (what: string) => z.iso.date().describe(what)
/** A date that is asked for; the bounds keep clear of what neither the database nor a calendar can tell. */
const askedDate = (what: string) =>
  z.iso
    .date()
    .refine((date) => date >= '1900-01-01' && date <= '2999-12-31', {
      error: 'must lie between 1900-01-01 and 2999-12-31'
    })
    .describe(what)
const askedInstant = (what: string) => z.iso.datetime({ offset: true }).describe(`${what}; RFC 3339`)

const kindNames = Object.keys(transferKinds) as [TransferKind]
const sourceNames = [...sources, 'unknown'] as const

const operation = z
  .enum(operationNames)
  .describe(
    'transfer moves; hold sets aside; settle moves what was held; release lets it go; reverse is the opposite of a transfer or settlement'
  )
const kind = z.enum(kindNames).describe('Why the hours moved')
const ref = z.uuid().nullable().describe('What is settled, released or reversed')
const groupId = z.uuid().nullable().describe('Common to the legs that stand or fall together')

export const timebankParams = z.strictObject({ timebank })
export const accountParams = z.strictObject({
  timebank,
  account: z.coerce.number().int().min(1).max(2_147_483_647).describe('Number of the account')
})
export const transferParams = z.strictObject({ timebank, transfer: z.uuid().describe('Id of the transfer') })

export const statementQuery = z.strictObject({
  ...pageQuery,
  order: z.enum(['newest', 'oldest']).default('newest').describe('Which lines come first, in the order of recording'),
  from: askedDate('Only lines performed on this date or later').optional(),
  to: askedDate('Only lines performed on this date or earlier').optional()
})

const by = z
  .enum(['service', 'recording'])
  .describe(
    'Which dates count. service: when the hours were given, whenever that was recorded; recording: what had been recorded by then, whatever its service date'
  )

/** A date or an instant, for balances as they were. */
const momentQuery = {
  asOf: askedDate("The end of this calendar date, in the timebank's time zone").optional(),
  by: by.optional().describe('Which dates `asOf` is about; service unless said otherwise'),
  at: askedInstant('Instead of `asOf`: what had been recorded at this instant, to the millisecond').optional()
}
export type MomentQuery = {
  asOf?: string | undefined
  by?: 'service' | 'recording' | undefined
  at?: string | undefined
}
export const balanceQuery = z.strictObject(momentQuery)
export const trialBalanceQuery = z.strictObject(momentQuery)

export const summaryQuery = z.strictObject({
  from: askedDate("First day of the period, in the timebank's time zone; without it from the beginning").optional(),
  to: askedDate('Last day of the period; without it all there is, service dates to come included').optional(),
  by: by.default('service')
})

export const journalQuery = z.strictObject({
  ...pageQuery,
  order: z.enum(['newest', 'oldest']).default('newest').describe('Which come first, in the order of recording'),
  account: z.coerce
    .number()
    .int()
    .min(1)
    .max(2_147_483_647)
    .optional()
    .describe('Only those that name this account, on either side'),
  kind: z.enum(kindNames).optional().describe('Only those of this kind'),
  operation: z.enum(operationNames).optional().describe('Only this operation'),
  actor: z.uuid().optional().describe('Only what this person recorded'),
  onBehalfOf: z
    .uuid()
    .optional()
    .describe('Only what was recorded for this membership or organisation by somebody else'),
  source: z.enum(sourceNames).optional().describe('Only what reached us through this'),
  from: askedDate('Only those performed on this date or later').optional(),
  to: askedDate('Only those performed on this date or earlier').optional(),
  recordedFrom: askedInstant('Only those recorded at this instant or later').optional(),
  recordedTo: askedInstant('Only those recorded before this instant').optional()
})

/** The four limits of an account as they are sent and shown. */
export const limitFields = {
  floorSoftMinutes: limit('Below it the broker follows up'),
  floorHardMinutes: limit('Nothing may take the account below it'),
  ceilingSoftMinutes: limit('Above it the broker follows up'),
  ceilingHardMinutes: limit('Nothing may take the account above it')
}

export const accountSchema = z
  .object({
    account: accountNumber,
    kind: z.enum(accountKinds),
    status: z.enum(accountStatuses),
    earnedMinutes: minutes('All that ever came in'),
    spentMinutes: minutes('All that ever went out'),
    balanceMinutes: minutes('Earned less spent'),
    balanceHours: z.string().describe('The balance as people read it, such as 1:30'),
    heldInMinutes: minutes('Set aside by others for this account, not yet moved'),
    heldOutMinutes: minutes('Set aside from this account, not yet moved'),
    availableMinutes: minutes('Balance less what is set aside from it'),
    limits: z.object(limitFields),
    lines: z.int().describe('Lines on its statement')
  })
  .meta({ id: 'Account', description: 'An account of hours, without the name of whom it belongs to' })

const position = {
  earnedMinutes: minutes('All that had come in'),
  spentMinutes: minutes('All that had gone out'),
  balanceMinutes: minutes('Earned less spent'),
  balanceHours: z.string().describe('The balance as people read it, such as 1:30'),
  heldInMinutes: minutes('Set aside by others for this account, not yet moved'),
  heldOutMinutes: minutes('Set aside from this account, not yet moved'),
  availableMinutes: minutes('Balance less what was set aside from it')
}

export const balanceSchema = z
  .object({
    account: accountNumber,
    asOf: calendarDate('The end of this date; without it and `at`: now').nullable(),
    at: z.iso.datetime().nullable().describe('This instant, UTC'),
    by,
    ...position
  })
  .meta({ id: 'BalanceAsOf', description: 'An account as it was at the end of a date, or at an instant' })

export const summarySchema = z
  .object({
    account: accountNumber,
    from: calendarDate('First day').nullable(),
    to: calendarDate('Last day').nullable(),
    by,
    openingBalanceMinutes: minutes('Balance before the period'),
    earnedMinutes: minutes('Came in during the period'),
    spentMinutes: minutes('Went out during the period'),
    closingBalanceMinutes: minutes('Balance after the period: the opening one with earned, less spent'),
    openingBalanceHours: z.string().describe('The same as people read it, such as 1:30'),
    earnedHours: z.string(),
    spentHours: z.string(),
    closingBalanceHours: z.string()
  })
  .meta({ id: 'AccountSummary', description: 'What a period did to an account' })

export const lineSchema = z
  .object({
    line: z.int().describe('Counts the lines of the account from 1, without gaps'),
    performedOn: calendarDate('When the service was given'),
    recordedAt: z.iso.datetime().describe('When it was recorded, UTC'),
    operation,
    kind,
    counterAccount: accountNumber.describe('The other account'),
    counterparty: z
      .object({
        kind: z.string().describe('Kind of the other account'),
        number: z.int().nullable().describe('Member number'),
        name: z.string().nullable()
      })
      .describe('Whose the other account is; without the name to those who may audit only'),
    minutes: minutes('What it did to the balance: positive came in, negative went out, 0 for a hold and its release'),
    heldMinutes: minutes('What it set aside (positive) or let go again (negative)'),
    balanceMinutes: minutes('Balance after the line, in the order of recording'),
    transfer: z.uuid(),
    ref,
    groupId
  })
  .meta({ id: 'StatementLine', description: "One account's side of a step in the ledger" })

export const transferSchema = z
  .object({
    id: z.uuid(),
    operation,
    kind,
    debitAccount: accountNumber.describe('Account that gave the minutes'),
    creditAccount: accountNumber.describe('Account that got them'),
    minutes: minutes('Moved, set aside or let go'),
    performedOn: calendarDate('When the service was given'),
    recordedAt: z.iso.datetime().describe('When it was recorded, UTC'),
    actor: z.uuid().nullable().describe('Person who recorded it; null: the service itself'),
    source: z.enum(sourceNames).describe('Through what it reached us; unknown: recorded before this was kept'),
    onBehalfOf: z.uuid().nullable().describe('Membership or organisation for whom it was recorded by somebody else'),
    ref,
    groupId,
    debitBalanceMinutes: minutes('Balance of the debited account after it'),
    creditBalanceMinutes: minutes('Balance of the credited account after it'),
    softLimitsCrossed: z
      .array(z.enum(['debit_floor', 'credit_ceiling']))
      .describe('Soft limits that it took an account past'),
    forced: z.boolean().describe('Let through by override where a limit or a status would have refused it'),
    resolvedBy: z.uuid().nullable().describe('What settled, released or reversed it')
  })
  .meta({ id: 'Transfer', description: 'One movement in the ledger, from a debited account to a credited one' })

const totals = {
  accounts: z.int().describe('How many accounts'),
  debitsMinutes: minutes('All that ever went out'),
  creditsMinutes: minutes('All that ever came in'),
  balanceMinutes: minutes('Credits less debits'),
  heldInMinutes: minutes('Open holds towards them'),
  heldOutMinutes: minutes('Open holds from them')
}

export const trialBalanceSchema = z
  .object({
    kinds: z.array(z.object({ kind: z.enum(accountKinds), ...totals })),
    sum: z.object(totals).describe('Over all accounts: its balance is 0 and its holds are equal'),
    balanced: z.boolean()
  })
  .meta({ id: 'TrialBalance', description: "Totals of a timebank's accounts by kind" })

export const verificationSchema = z
  .object({
    sound: z.boolean().describe('No problem was found'),
    problems: z.array(
      z.object({
        problem: z.enum(problemNames),
        account: accountNumber.nullable(),
        transfer: z.uuid().nullable().describe('The first one concerned'),
        detail: z.string()
      })
    )
  })
  .meta({ id: 'LedgerVerification', description: 'Whether the journal and the accounts agree, and where they do not' })

type Wire<T extends z.ZodType> = z.output<T>

export const limitsView = (limits: Limits) => ({
  floorSoftMinutes: limits.floorSoft,
  floorHardMinutes: limits.floorHard,
  ceilingSoftMinutes: limits.ceilingSoft,
  ceilingHardMinutes: limits.ceilingHard
})

export const accountView = (account: Account): Wire<typeof accountSchema> => ({
  account: account.id,
  kind: account.kind,
  status: account.status,
  earnedMinutes: account.earned,
  spentMinutes: account.spent,
  balanceMinutes: account.balance,
  balanceHours: hoursText(account.balance),
  heldInMinutes: account.heldIn,
  heldOutMinutes: account.heldOut,
  availableMinutes: account.available,
  limits: limitsView(account.limits),
  lines: account.version
})

export const balanceView = (
  account: number,
  { asOf, at, by = asOf === undefined ? 'recording' : 'service' }: MomentQuery,
  position: Position
): Wire<typeof balanceSchema> => ({
  account,
  asOf: asOf ?? null,
  at: at === undefined ? null : new Date(at).toISOString(),
  by,
  earnedMinutes: position.earned,
  spentMinutes: position.spent,
  balanceMinutes: position.balance,
  balanceHours: hoursText(position.balance),
  heldInMinutes: position.heldIn,
  heldOutMinutes: position.heldOut,
  availableMinutes: position.available
})

export const summaryView = (
  account: number,
  { from, to, by }: Wire<typeof summaryQuery>,
  { opening, earned, spent, closing }: Summary
): Wire<typeof summarySchema> => ({
  account,
  from: from ?? null,
  to: to ?? null,
  by,
  openingBalanceMinutes: opening.balance,
  earnedMinutes: earned,
  spentMinutes: spent,
  closingBalanceMinutes: closing.balance,
  openingBalanceHours: hoursText(opening.balance),
  earnedHours: hoursText(earned),
  spentHours: hoursText(spent),
  closingBalanceHours: hoursText(closing.balance)
})

/** Whose an account is, as a floor above the ledger knows it. */
export type AccountLabel = Wire<typeof lineSchema>['counterparty']

export const lineView = (line: Line, counterparty: AccountLabel): Wire<typeof lineSchema> => ({
  line: line.version,
  transfer: line.transferId,
  operation: line.operation,
  kind: line.kind,
  performedOn: line.performedOn,
  recordedAt: line.recordedAt.toISOString(),
  counterAccount: line.counterAccount,
  counterparty,
  minutes: line.minutes,
  heldMinutes: line.heldMinutes,
  balanceMinutes: line.balance,
  ref: line.ref,
  groupId: line.groupId
})

export const transferView = (transfer: Transfer): Wire<typeof transferSchema> => ({
  id: transfer.id,
  operation: transfer.operation,
  kind: transfer.kind,
  debitAccount: transfer.debitAccount,
  creditAccount: transfer.creditAccount,
  minutes: transfer.minutes,
  performedOn: transfer.performedOn,
  recordedAt: transfer.recordedAt.toISOString(),
  actor: transfer.actor,
  source: transfer.source,
  onBehalfOf: transfer.onBehalfOf,
  ref: transfer.ref,
  groupId: transfer.groupId,
  debitBalanceMinutes: transfer.debitBalance,
  creditBalanceMinutes: transfer.creditBalance,
  softLimitsCrossed: transfer.softLimitsCrossed,
  forced: transfer.forced,
  resolvedBy: transfer.resolvedBy
})

export const trialBalanceView = ({ kinds, sum }: TrialBalance): Wire<typeof trialBalanceSchema> => ({
  kinds: kinds.map((row) => ({ kind: row.kind, ...totalsView(row) })),
  sum: totalsView(sum),
  balanced: sum.balance === 0 && sum.heldIn === sum.heldOut
})

const totalsView = (row: TrialBalance['sum']) => ({
  accounts: row.accounts,
  debitsMinutes: row.debits,
  creditsMinutes: row.credits,
  balanceMinutes: row.balance,
  heldInMinutes: row.heldIn,
  heldOutMinutes: row.heldOut
})
