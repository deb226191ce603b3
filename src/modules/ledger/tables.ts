import { sql } from 'drizzle-orm'
import {
  bigint,
  check,
  date,
  foreignKey,
  index,
  integer,
  pgSchema,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
  uuid
} from 'drizzle-orm/pg-core'
import { instant, timebankId } from '../../db/columns.ts'

export const ledger = pgSchema('ledger')

const minutes = (name: string) => bigint(name, { mode: 'number' })

/** One row per timebank: where its account numbers are handed out. */
export const books = ledger.table(
  'books',
  {
    timebankId: timebankId(),
    nextAccountId: integer('next_account_id').notNull().default(1)
  },
  (t) => [primaryKey({ columns: [t.timebankId] })]
)

/** Balance = credits − debits. Changed by the posting functions only; the service's role may not update it. */
export const accounts = ledger.table(
  'accounts',
  {
    timebankId: timebankId(),
    id: integer('id').notNull(),
    kind: text('kind').notNull(),
    status: text('status').notNull().default('open'),
    credits: minutes('credits').notNull().default(0),
    debits: minutes('debits').notNull().default(0),
    heldIn: minutes('held_in').notNull().default(0),
    heldOut: minutes('held_out').notNull().default(0),
    floorSoft: minutes('floor_soft'),
    floorHard: minutes('floor_hard'),
    ceilingSoft: minutes('ceiling_soft'),
    ceilingHard: minutes('ceiling_hard'),
    version: integer('version').notNull().default(0)
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    check(
      'accounts_kind',
      sql`${t.kind} in ('member', 'organisation', 'community_pot', 'budget', 'clearing', 'opening')`
    ),
    check('accounts_status', sql`${t.status} in ('open', 'frozen', 'closed')`),
    check(
      'accounts_sane',
      sql`${t.credits} >= 0 and ${t.debits} >= 0 and ${t.heldIn} >= 0 and ${t.heldOut} >= 0 and ${t.version} >= 0`
    ),
    check('accounts_floors', sql`${t.floorSoft} >= ${t.floorHard}`),
    check('accounts_ceilings', sql`${t.ceilingSoft} <= ${t.ceilingHard}`)
  ]
)

/**
 * Append-only: one movement with both sides, both versions and both balances after it. No foreign keys to the accounts:
 * the posting functions are the only way in and hold both rows locked; verify reports a row without its accounts.
 */
export const transfers = ledger.table(
  'transfers',
  {
    timebankId: timebankId(),
    id: uuid('id').notNull(),
    recordedAt: instant('recorded_at').notNull(),
    actor: uuid('actor'),
    fingerprint: bigint('fingerprint', { mode: 'bigint' }).notNull(),
    debitBalance: minutes('debit_balance').notNull(),
    creditBalance: minutes('credit_balance').notNull(),
    debitAccount: integer('debit_account').notNull(),
    creditAccount: integer('credit_account').notNull(),
    debitVersion: integer('debit_version').notNull(),
    creditVersion: integer('credit_version').notNull(),
    minutes: integer('minutes').notNull(),
    performedOn: date('performed_on').notNull(),
    operation: smallint('operation').notNull(),
    kind: smallint('kind').notNull(),
    /** bits: 1 took the debited account below its soft floor, 2 the credited one above its soft ceiling, 4 forced past a refusal */
    flags: smallint('flags').notNull(),
    ref: uuid('ref'),
    groupId: uuid('group_id')
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    uniqueIndex('transfers_debit').on(t.timebankId, t.debitAccount, t.debitVersion),
    uniqueIndex('transfers_credit').on(t.timebankId, t.creditAccount, t.creditVersion),
    uniqueIndex('transfers_ref').on(t.timebankId, t.ref).where(sql`ref is not null`),
    index('transfers_group').on(t.timebankId, t.groupId).where(sql`group_id is not null`),
    check(
      'transfers_shape',
      sql`${t.minutes} > 0 and ${t.debitAccount} <> ${t.creditAccount} and ${t.operation} between 1 and 5 and (${t.operation} >= 3) = (${t.ref} is not null)`
    )
  ]
)

/** Append-only: what the limits or the status of an account were changed to, by whom and why. */
export const limitChanges = ledger.table(
  'limit_changes',
  {
    timebankId: timebankId(),
    accountId: integer('account_id').notNull(),
    version: integer('version').notNull(),
    status: text('status').notNull(),
    floorSoft: minutes('floor_soft'),
    floorHard: minutes('floor_hard'),
    ceilingSoft: minutes('ceiling_soft'),
    ceilingHard: minutes('ceiling_hard'),
    actor: uuid('actor'),
    why: text('why').notNull(),
    changedAt: instant('changed_at').notNull().default(sql`now()`)
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.accountId, t.version] }),
    foreignKey({ columns: [t.timebankId, t.accountId], foreignColumns: [accounts.timebankId, accounts.id] })
  ]
)
