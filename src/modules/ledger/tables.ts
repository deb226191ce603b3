import { sql } from 'drizzle-orm'
import {
  bigint,
  check,
  customType,
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
import { bytes, instant, timebankId } from '../../db/columns.ts'

export const ledger = pgSchema('ledger')

const minutes = (name: string) => bigint(name, { mode: 'number' })

/*
 * What a value may be is said by domains and not by CHECKs: a posting updates two accounts, and PostgreSQL reads the text of
 * every CHECK of a table anew in each statement, which took a twelfth of what a posting costs. What a domain says is looked at
 * only where a value is assigned. What CHECKs said across columns, limit_changes says of the same limits, and verify of transfers.
 */
const totalMinutes = customType<{ data: number; driverData: string | number }>({
  dataType: () => 'ledger.total_minutes',
  fromDriver: Number
})
const movedMinutes = customType<{ data: number }>({ dataType: () => 'ledger.moved_minutes' })
const accountKind = customType<{ data: string }>({ dataType: () => 'ledger.account_kind' })
const accountStatus = customType<{ data: string }>({ dataType: () => 'ledger.account_status' })

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
    kind: accountKind('kind').notNull(),
    status: accountStatus('status').notNull().default('open'),
    credits: totalMinutes('credits').notNull().default(0),
    debits: totalMinutes('debits').notNull().default(0),
    heldIn: totalMinutes('held_in').notNull().default(0),
    heldOut: totalMinutes('held_out').notNull().default(0),
    floorSoft: minutes('floor_soft'),
    floorHard: minutes('floor_hard'),
    ceilingSoft: minutes('ceiling_soft'),
    ceilingHard: minutes('ceiling_hard'),
    version: integer('version').notNull().default(0)
  },
  (t) => [primaryKey({ columns: [t.timebankId, t.id] })]
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
    minutes: movedMinutes('minutes').notNull(),
    performedOn: date('performed_on').notNull(),
    operation: smallint('operation').notNull(),
    kind: smallint('kind').notNull(),
    /** bits: 1 took the debited account below its soft floor, 2 the credited one above its soft ceiling, 4 forced past a refusal */
    flags: smallint('flags').notNull(),
    ref: uuid('ref'),
    groupId: uuid('group_id'),
    /** through what it reached us, by `sourceNumbers`; 0: recorded before this was kept */
    source: smallint('source').notNull().default(0),
    /** membership or organisation for whom the actor posted it, where that is somebody else */
    onBehalfOf: uuid('on_behalf_of')
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    uniqueIndex('transfers_debit').on(t.timebankId, t.debitAccount, t.debitVersion),
    uniqueIndex('transfers_credit').on(t.timebankId, t.creditAccount, t.creditVersion),
    uniqueIndex('transfers_ref').on(t.timebankId, t.ref).where(sql`ref is not null`),
    index('transfers_group').on(t.timebankId, t.groupId).where(sql`group_id is not null`),
    // what was recorded, or performed, in a range of time: rows lie in the order of recording, so that a few bytes for each 32
    // pages are enough. Dates that were entered late stand apart in the summary instead of widening it.
    index('transfers_when')
      .using('brin', t.timebankId, t.recordedAt, t.performedOn.op('date_minmax_multi_ops'))
      .with({ pages_per_range: 32, autosummarize: true })
  ]
)

/** Append-only: what the limits or the status of an account were changed to, by whom and why. */
export const limitChanges = ledger.table(
  'limit_changes',
  {
    timebankId: timebankId(),
    accountId: integer('account_id').notNull(),
    version: integer('version').notNull(),
    status: accountStatus('status').notNull(),
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
    foreignKey({ columns: [t.timebankId, t.accountId], foreignColumns: [accounts.timebankId, accounts.id] }),
    check('limit_changes_floors', sql`${t.floorSoft} >= ${t.floorHard}`),
    check('limit_changes_ceilings', sql`${t.ceilingSoft} <= ${t.ceilingHard}`)
  ]
)

/**
 * Append-only: an id that was refused stays refused. For postings that come with an id of their own and without a stored
 * answer; kept as long as answers to idempotent requests are.
 */
export const refusals = ledger.table(
  'refusals',
  {
    timebankId: timebankId(),
    id: uuid('id').notNull(),
    fingerprint: bigint('fingerprint', { mode: 'bigint' }).notNull(),
    code: smallint('code').notNull(),
    debitAccount: integer('debit_account'),
    creditAccount: integer('credit_account'),
    minutes: integer('minutes'),
    refusedAccount: integer('refused_account'),
    refusedBalance: minutes('refused_balance'),
    refusedHeld: minutes('refused_held'),
    refusedLimit: minutes('refused_limit'),
    refusedAt: instant('refused_at').notNull()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id, t.fingerprint] }),
    index('refusals_age').on(t.timebankId, t.refusedAt)
  ]
)

/** A transfer that took an account past a soft limit, for the broker to follow up; open until `closed_at`. */
export const limitCrossings = ledger.table(
  'limit_crossings',
  {
    timebankId: timebankId(),
    transferId: uuid('transfer_id').notNull(),
    accountId: integer('account_id').notNull(),
    /** floor: the debited account went below it; ceiling: the credited one above it */
    which: text('which').notNull(),
    limitMinutes: minutes('limit_minutes').notNull(),
    balance: minutes('balance').notNull(),
    crossedAt: instant('crossed_at').notNull(),
    closedAt: instant('closed_at')
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.transferId, t.which] }),
    index('limit_crossings_open').on(t.timebankId, t.crossedAt, t.transferId).where(sql`closed_at is null`),
    index('limit_crossings_account').on(t.timebankId, t.accountId, t.crossedAt),
    check('limit_crossings_which', sql`${t.which} in ('floor', 'ceiling')`)
  ]
)

/** Holds that end by themselves. A row goes when its hold is resolved, by whatever. */
export const holdExpiries = ledger.table(
  'hold_expiries',
  {
    timebankId: timebankId(),
    holdId: uuid('hold_id').notNull(),
    expiresAt: instant('expires_at').notNull()
  },
  (t) => [primaryKey({ columns: [t.timebankId, t.holdId] }), index('hold_expiries_due').on(t.timebankId, t.expiresAt)]
)

/** One row per timebank: where its hash chain has got to. Whoever lengthens the chain holds the row. */
export const chains = ledger.table(
  'chains',
  {
    timebankId: timebankId(),
    blocks: integer('blocks').notNull().default(0),
    leaves: bigint('leaves', { mode: 'number' }).notNull().default(0),
    checkpoints: integer('checkpoints').notNull().default(0),
    /** chain hash of the last block; 32 zero bytes before the first */
    head: bytes('head').notNull(),
    /** seals what only staff may see in a proof; never leaves the database */
    secret: bytes('secret').notNull()
  },
  (t) => [primaryKey({ columns: [t.timebankId] })]
)

/** Append-only: up to 1,024 leaves each, the transfers before the changes of limits, both in the order of their arrays. */
export const blocks = ledger.table(
  'blocks',
  {
    timebankId: timebankId(),
    number: integer('number').notNull(),
    /** how many leaves it has, and all blocks up to it */
    leaves: integer('leaves').notNull(),
    totalLeaves: bigint('total_leaves', { mode: 'number' }).notNull(),
    /** when its first and last transfer were recorded: it is by these that a transfer's block is found */
    firstRecordedAt: instant('first_recorded_at'),
    lastRecordedAt: instant('last_recorded_at'),
    builtAt: instant('built_at').notNull(),
    root: bytes('root').notNull(),
    chainHash: bytes('chain_hash').notNull(),
    transfers: uuid('transfers').array().notNull(),
    changeAccounts: integer('change_accounts').array().notNull(),
    changeVersions: integer('change_versions').array().notNull()
  },
  (t) => [primaryKey({ columns: [t.timebankId, t.number] })]
)

/** Append-only: the service's signature under a block's chain hash. A second one only where a key has become known to others. */
export const checkpoints = ledger.table(
  'checkpoints',
  {
    timebankId: timebankId(),
    number: integer('number').notNull(),
    block: integer('block').notNull(),
    signedAt: instant('signed_at').notNull(),
    kid: text('kid').notNull(),
    signature: bytes('signature').notNull()
  },
  (t) => [primaryKey({ columns: [t.timebankId, t.number] }), index('checkpoints_block').on(t.timebankId, t.block)]
)

/** Up to which version an account's debits, and the changes of its limits, are in the chain. */
export const chainedAccounts = ledger.table(
  'chained_accounts',
  {
    timebankId: timebankId(),
    accountId: integer('account_id').notNull(),
    version: integer('version').notNull().default(0),
    changeVersion: integer('change_version').notNull().default(0)
  },
  (t) => [primaryKey({ columns: [t.timebankId, t.accountId] })]
)
