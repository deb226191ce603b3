import { boolean, foreignKey, integer, jsonb, pgSchema, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { createdAt, instant, timebankId } from '../../db/columns.ts'

export const timebanksSchema = pgSchema('timebanks')

/** The tenants. Not tenant data itself: a name and a short name, public to who runs the installation. */
export const timebanks = timebanksSchema.table('timebanks', {
  id: uuid('id').primaryKey(),
  slug: text('slug').notNull().unique(),
  name: text('name').notNull(),
  /** Made up, for integrators to try against: nobody in it is anybody, and it sends no mails. Stays for good. */
  sandbox: boolean('sandbox').notNull().default(false),
  createdAt: createdAt()
})

/** Append-only: every version of a timebank's policies, with who, when and why. */
export const policies = timebanksSchema.table(
  'policies',
  {
    timebankId: timebankId(),
    version: integer('version').notNull(),
    rules: jsonb('rules').$type<Record<string, unknown>>().notNull(),
    changedBy: uuid('changed_by'),
    changedAt: instant('changed_at').notNull(),
    why: text('why').notNull()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.version] }),
    foreignKey({ columns: [t.timebankId], foreignColumns: [timebanks.id] })
  ]
)
