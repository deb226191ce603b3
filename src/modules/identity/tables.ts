import { boolean, index, integer, pgSchema, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { bytes, createdAt, instant, rowVersion } from '../../db/columns.ts'

export const identity = pgSchema('identity')

/** A human being with or without a login; one person may be a member of several timebanks. Erasable. */
export const persons = identity.table('persons', {
  id: uuid('id').primaryKey(),
  /** Lower case; only a person with an e-mail address can sign in. */
  email: text('email').unique(),
  emailVerifiedAt: instant('email_verified_at'),
  name: text('name').notNull(),
  locale: text('locale').notNull(),
  passwordHash: text('password_hash'),
  operator: boolean('operator').notNull().default(false),
  createdAt: createdAt(),
  rowVersion: rowVersion()
})

/** A family of refresh tokens that began with one sign-in. */
export const sessions = identity.table(
  'sessions',
  {
    id: uuid('id').primaryKey(),
    personId: uuid('person_id')
      .notNull()
      .references(() => persons.id, { onDelete: 'cascade' }),
    /** How it was begun: `password`, `link` or `setup`. A fresh link stands in for a forgotten password. */
    begunBy: text('begun_by').notNull(),
    createdAt: createdAt(),
    revokedAt: instant('revoked_at'),
    revokedWhy: text('revoked_why')
  },
  (t) => [index('sessions_person').on(t.personId)]
)

/** Refresh tokens, hashed; each is used once, and a second use revokes the session. */
export const refreshTokens = identity.table(
  'refresh_tokens',
  {
    tokenHash: text('token_hash').primaryKey(),
    sessionId: uuid('session_id')
      .notNull()
      .references(() => sessions.id, { onDelete: 'cascade' }),
    issuedAt: instant('issued_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
    usedAt: instant('used_at'),
    /** The Idempotency-Key of that use, hashed: whoever shows it again may have the lost answer again. */
    usedKeyHash: text('used_key_hash'),
    /** With the token itself (which is not kept) it makes the following token once more. */
    nextSalt: text('next_salt')
  },
  (t) => [index('refresh_tokens_session').on(t.sessionId), index('refresh_tokens_expiry').on(t.expiresAt)]
)

/** One-time sign-in links: asked for (for known and unknown addresses alike), then mailed by a job, then used once. */
export const links = identity.table(
  'links',
  {
    id: uuid('id').primaryKey(),
    email: text('email').notNull(),
    personId: uuid('person_id').references(() => persons.id, { onDelete: 'cascade' }),
    tokenHash: text('token_hash').unique(),
    askedAt: instant('asked_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
    usedAt: instant('used_at')
  },
  (t) => [index('links_expiry').on(t.expiresAt), index('links_person').on(t.personId), index('links_email').on(t.email)]
)

/** Guesses per account and per address, in windows; the keys are hashes, and rows go within two days. */
export const guesses = identity.table(
  'guesses',
  {
    scope: text('scope').notNull(),
    keyHash: text('key_hash').notNull(),
    failures: integer('failures').notNull(),
    /** How often the window's length has been doubled, because the one before was used up. */
    doublings: integer('doublings').notNull(),
    windowEnds: instant('window_ends').notNull()
  },
  (t) => [primaryKey({ columns: [t.scope, t.keyHash] }), index('guesses_window').on(t.windowEnds)]
)

/** Ed25519 keys: the newest without `retiredAt` signs, all that are not yet gone verify. */
export const signingKeys = identity.table('signing_keys', {
  kid: text('kid').primaryKey(),
  privatePem: text('private_pem').notNull(),
  publicPem: text('public_pem').notNull(),
  createdAt: instant('created_at').notNull(),
  retiredAt: instant('retired_at')
})

/**
 * Public halves of the keys that have signed more than access tokens. They stay when the keys themselves are long gone, so
 * that what was signed can still be checked.
 */
export const sealKeys = identity.table('seal_keys', {
  kid: text('kid').primaryKey(),
  publicPem: text('public_pem').notNull(),
  firstUsedAt: instant('first_used_at').notNull(),
  /** since when the private half may be known to others: what it has signed proves nothing any more */
  compromisedAt: instant('compromised_at')
})

/** The one-time set-up code, hashed; the row goes when the first timebank is made. */
export const setupCodes = identity.table('setup_codes', {
  codeHash: text('code_hash').primaryKey(),
  createdAt: instant('created_at').notNull()
})

/** The installation's own symmetric keys, each for one purpose; made when they are needed first. */
export const ownKeys = identity.table('own_keys', {
  purpose: text('purpose').primaryKey(),
  secret: bytes('secret').notNull()
})
