import { index, integer, pgSchema, primaryKey, text } from 'drizzle-orm/pg-core'
import { createdAt, timebankId } from '../db/columns.ts'

export const platform = pgSchema('platform')

/** Answers to requests that carried an Idempotency-Key, written in the transaction of the work itself. */
export const idempotencyKeys = platform.table(
  'idempotency_keys',
  {
    timebankId: timebankId(),
    caller: text('caller').notNull(),
    route: text('route').notNull(),
    key: text('key').notNull(),
    fingerprint: text('fingerprint').notNull(),
    status: integer('status').notNull(),
    headers: text('headers').notNull().default('{}'),
    /** Kept as text, so that a replay is the first answer byte for byte. */
    body: text('body').notNull(),
    createdAt: createdAt()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.caller, t.route, t.key] }),
    index('idempotency_keys_age').on(t.timebankId, t.createdAt)
  ]
)
