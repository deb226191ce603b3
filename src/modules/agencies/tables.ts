import { sql } from 'drizzle-orm'
import { check, foreignKey, index, integer, pgSchema, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { createdAt, id, instant, rowVersion, timebankId } from '../../db/columns.ts'
import type { AgencyScope } from '../../shared/agency-scopes.ts'
import { affiliations, organisations } from '../members/tables.ts'

export const agencies = pgSchema('agencies')

/** A system by which an organisation calls: an organisation with one is an agency. */
export const clients = agencies.table(
  'clients',
  {
    timebankId: timebankId(),
    id: id(),
    organisationId: uuid('organisation_id').notNull(),
    name: text('name').notNull(),
    scopes: text('scopes').array().$type<AgencyScope[]>().notNull(),
    /** The affiliation of the professional who stands for requests that name nobody; null: each has to name somebody. */
    professionalId: uuid('professional_id'),
    /** Its own quota; null: that of everybody. */
    requestsPerMinute: integer('requests_per_minute'),
    createdBy: uuid('created_by'),
    createdAt: createdAt(),
    revokedAt: instant('revoked_at'),
    rowVersion: rowVersion()
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({
      columns: [t.timebankId, t.organisationId],
      foreignColumns: [organisations.timebankId, organisations.id]
    }),
    foreignKey({
      columns: [t.timebankId, t.professionalId],
      foreignColumns: [affiliations.timebankId, affiliations.id]
    }),
    index('clients_organisation').on(t.timebankId, t.organisationId, t.id),
    // by which a token's client is found before its timebank is known
    index('clients_id').on(t.id, t.timebankId),
    check('clients_quota', sql`${t.requestsPerMinute} between 1 and 100000`)
  ]
)

/** What a client shows that it is itself, hashed. During a rotation it has two. */
export const secrets = agencies.table(
  'secrets',
  {
    timebankId: timebankId(),
    id: id(),
    clientId: uuid('client_id').notNull(),
    secretHash: text('secret_hash').notNull(),
    createdAt: createdAt(),
    /** From then on it is no good; null: until further notice. */
    endsAt: instant('ends_at'),
    /** To the minute: it is written at most once in one. */
    lastUsedAt: instant('last_used_at'),
    /** Follows from who asked for it with which Idempotency-Key; null: without one. */
    askedBy: uuid('asked_by')
  },
  (t) => [
    primaryKey({ columns: [t.timebankId, t.id] }),
    foreignKey({ columns: [t.timebankId, t.clientId], foreignColumns: [clients.timebankId, clients.id] }),
    index('secrets_client').on(t.timebankId, t.clientId, t.id),
    uniqueIndex('secrets_hash').on(t.timebankId, t.secretHash)
  ]
)
