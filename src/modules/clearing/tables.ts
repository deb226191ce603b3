import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  date,
  foreignKey,
  index,
  integer,
  pgSchema,
  primaryKey,
  text,
  uniqueIndex,
  uuid
} from 'drizzle-orm/pg-core'
import { createdAt, id, instant, rowVersion, timebankId } from '../../db/columns.ts'
import { accounts } from '../ledger/tables.ts'
import { memberships } from '../members/tables.ts'

export const clearing = pgSchema('clearing')

/**
 * A timebank's own view of what it has agreed with another one of the installation: its own word, which only it changes,
 * and the other's as far as it has been told here. Neither ever reads or writes the other's row.
 * `owing`: how much we may owe them; `owed`: how much they may owe us. In minutes, each as the one sees it who said it.
 */
export const agreements = clearing.table(
  'agreements',
  {
    timebankId: timebankId(),
    partnerId: uuid('partner_id').notNull(),
    /** our account for hours that we owe them (balance above 0) or they us (below 0); null until first in force */
    accountId: integer('account_id'),
    /** counts proposals: what was ended begins anew in the next round, and a word of an older round counts no more */
    round: integer('round').notNull().default(0),
    /** null: we have not said anything in any round */
    stance: text('stance'),
    owing: integer('owing').notNull().default(0),
    owed: integer('owed').notNull().default(0),
    /** counts our words; the one that the other side has surely heard */
    version: integer('version').notNull().default(0),
    toldVersion: integer('told_version').notNull().default(0),
    theirRound: integer('their_round').notNull().default(0),
    theirStance: text('their_stance'),
    theirOwing: integer('their_owing').notNull().default(0),
    theirOwed: integer('their_owed').notNull().default(0),
    theirVersion: integer('their_version').notNull().default(0),
    rowVersion: rowVersion(),
    createdAt: createdAt(),
    updatedAt: instant('updated_at').notNull().default(sql`now()`)
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.partnerId] }),
    foreignKey({ columns: [t.timebankId, t.accountId], foreignColumns: [accounts.timebankId, accounts.id] }),
    index('agreements_account').on(t.timebankId, t.accountId),
    index('agreements_untold').on(t.timebankId, t.updatedAt).where(sql`told_version < version`),
    check('agreements_partner', sql`${t.partnerId} <> ${t.timebankId}`),
    check('agreements_stance', sql`${t.stance} in ('agreed', 'suspended', 'declined', 'ended')`),
    check('agreements_limits', sql`${t.owing} >= 0 and ${t.owed} >= 0`)
  ]
)

/** Append-only: every word that this timebank has said about an agreement, by whom, when and why. The why stays here. */
export const agreementVersions = clearing.table(
  'agreement_versions',
  {
    timebankId: timebankId(),
    partnerId: uuid('partner_id').notNull(),
    version: integer('version').notNull(),
    round: integer('round').notNull(),
    stance: text('stance').notNull(),
    owing: integer('owing').notNull(),
    owed: integer('owed').notNull(),
    changedBy: uuid('changed_by'),
    changedAt: instant('changed_at').notNull(),
    why: text('why').notNull()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.partnerId, t.version] }),
    foreignKey({ columns: [t.timebankId, t.partnerId], foreignColumns: [agreements.timebankId, agreements.partnerId] })
  ]
)

/**
 * One side of a transfer between timebanks, written in the transaction of that side's posting; for the side that sends it is
 * the outbox. `out`: `id` is the hold's. `in`: `id` is the posting's, derived from the first side's seed.
 */
export const clearingTransfers = clearing.table(
  'transfers',
  {
    timebankId: timebankId(),
    id: id(),
    direction: text('direction').notNull(),
    partnerId: uuid('partner_id').notNull(),
    /** the id with the side that sends; with that side itself the same as `id` */
    originId: uuid('origin_id').notNull(),
    /** from which the ids of later steps are derived; with the side that sends only, and never shown */
    seed: uuid('seed'),
    /** our own member; null where nobody was found for the number that was sent */
    membershipId: uuid('membership_id'),
    /** member number here, as it was given or sent; and with the other timebank */
    ownNumber: integer('own_number').notNull(),
    partnerNumber: integer('partner_number').notNull(),
    minutes: integer('minutes').notNull(),
    performedOn: date('performed_on').notNull(),
    status: text('status').notNull(),
    /** why the receiving side did not take it */
    refusal: text('refusal'),
    /** the transfer that moved our hours, and the one that took them back */
    transferId: uuid('transfer_id'),
    reversalTransferId: uuid('reversal_transfer_id'),
    reversedBy: text('reversed_by'),
    reason: text('reason'),
    /** something is still to be done, here or with the other side; the sweep looks after it */
    pending: boolean('pending').notNull(),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({ columns: [t.timebankId, t.membershipId], foreignColumns: [memberships.timebankId, memberships.id] }),
    index('clearing_transfers_member').on(t.timebankId, t.membershipId, t.id),
    index('clearing_transfers_partner').on(t.timebankId, t.partnerId, t.id),
    // an announced transfer is taken up once, whatever happens to the derived id
    uniqueIndex('clearing_transfers_origin').on(t.timebankId, t.partnerId, t.originId).where(sql`direction = 'in'`),
    index('clearing_transfers_pending').on(t.timebankId, t.updatedAt).where(sql`pending`),
    check('clearing_transfers_direction', sql`${t.direction} in ('out', 'in')`),
    check(
      'clearing_transfers_status',
      sql`(${t.direction} = 'out' and ${t.status} in ('held', 'settled', 'refused', 'reversed')) or (${t.direction} = 'in' and ${t.status} in ('settled', 'refused', 'reversed'))`
    ),
    check('clearing_transfers_refusal', sql`(${t.status} = 'refused') = (${t.refusal} is not null)`),
    check('clearing_transfers_minutes', sql`${t.minutes} > 0`),
    check('clearing_transfers_seed', sql`(${t.direction} = 'out') = (${t.seed} is not null)`)
  ]
)
