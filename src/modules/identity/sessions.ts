import { createHmac } from 'node:crypto'
import { and, eq, isNull } from 'drizzle-orm'
import type { Database, Queries } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import type { Identity } from './identity.ts'
import { accessTokenSeconds } from './keys.ts'
import { hashSecret, newSecret } from './secrets.ts'
import { refreshTokens, sessions } from './tables.ts'

export const refreshTokenSeconds = 30 * 24 * 60 * 60

/** How long a lost answer can be had again. */
const lostAnswerSeconds = 60

export type Tokens = {
  accessToken: string
  tokenType: 'Bearer'
  expiresInSeconds: number
  refreshToken: string
  refreshExpiresInSeconds: number
}

/** How a session was begun. */
export type Beginning = 'password' | 'link' | 'setup'

export type NewSession = { personId: string; sessionId: string; refreshToken: string }

/** Begins a session in the caller's transaction; `tokensFor` makes the answer of it after the commit. */
export async function openSession(db: Queries, now: Date, personId: string, begunBy: Beginning): Promise<NewSession> {
  const sessionId = newId()
  const refreshToken = newSecret()
  await db.insert(sessions).values({ id: sessionId, personId, begunBy, createdAt: now })
  await keepToken(db, now, sessionId, refreshToken)
  return { personId, sessionId, refreshToken }
}

/** Begins a session for somebody who has just shown who they are, such as the first admin at set-up. */
export async function beginSession(identity: Identity, personId: string, begunBy: Beginning): Promise<Tokens> {
  const { database } = identity
  const sign = await identity.signer()
  return tokensFor(sign, await database.db.transaction((tx) => openSession(tx, database.clock(), personId, begunBy)))
}

export const tokensFor = (sign: (bearer: NewSession) => string, session: NewSession): Tokens => ({
  accessToken: sign(session),
  tokenType: 'Bearer',
  expiresInSeconds: accessTokenSeconds,
  refreshToken: session.refreshToken,
  refreshExpiresInSeconds: refreshTokenSeconds
})

/**
 * Takes a refresh token for a new pair. Each is good for one use. A second use means that two hold it, and since nobody
 * can say which of them is the thief, the whole session ends, at once and without grace.
 *
 * A client whose answer was lost on the way repeats the request with the Idempotency-Key of the first: a thief of the
 * token does not have it. It then gets the same following token again, as long as that one has not been used.
 */
export async function refresh(identity: Identity, token: string, idempotencyKey: string | null): Promise<Tokens> {
  const { database } = identity
  const sign = await identity.signer()
  const now = database.clock()
  const keyHash = idempotencyKey === null ? null : hashSecret(idempotencyKey)
  const session = await database.db.transaction(async (tx): Promise<NewSession | null> => {
    // locking both rows makes two uses take turns, and the later one see what the earlier has done
    const [found] = await tx
      .select({ used: refreshTokens, session: sessions })
      .from(refreshTokens)
      .innerJoin(sessions, eq(sessions.id, refreshTokens.sessionId))
      .where(eq(refreshTokens.tokenHash, hashSecret(token)))
      .for('update')
    if (!found || found.session.revokedAt !== null || found.used.expiresAt <= now) return null
    const { used } = found
    const { id: sessionId, personId } = found.session
    if (used.usedAt === null) {
      const nextSalt = newSecret()
      const refreshToken = following(token, nextSalt)
      await tx
        .update(refreshTokens)
        .set({ usedAt: now, usedKeyHash: keyHash, nextSalt })
        .where(eq(refreshTokens.tokenHash, used.tokenHash))
      await keepToken(tx, now, sessionId, refreshToken)
      return { personId, sessionId, refreshToken }
    }
    const again = await lostAnswer(tx, now, token, used, keyHash)
    if (again !== null) return { personId, sessionId, refreshToken: again }
    // committed although the caller is refused
    await revoke(tx, now, sessionId, 'refresh token used twice')
    return null
  })
  if (!session) throw new DomainError('refresh-token-invalid')
  return tokensFor(sign, session)
}

type Used = typeof refreshTokens.$inferSelect

async function lostAnswer(
  db: Queries,
  now: Date,
  token: string,
  used: Used,
  keyHash: string | null
): Promise<string | null> {
  if (keyHash === null || keyHash !== used.usedKeyHash || !used.usedAt || !used.nextSalt) return null
  if (now.getTime() - used.usedAt.getTime() > lostAnswerSeconds * 1000) return null
  const next = following(token, used.nextSalt)
  const [unused] = await db
    .select({ tokenHash: refreshTokens.tokenHash })
    .from(refreshTokens)
    .where(and(eq(refreshTokens.tokenHash, hashSecret(next)), isNull(refreshTokens.usedAt)))
  return unused ? next : null
}

/** Neither the old token (which we do not keep) nor the salt (which we do not tell) makes the following one alone. */
const following = (token: string, salt: string): string => createHmac('sha256', salt).update(token).digest('base64url')

/** Ends one session: its access tokens are refused from the next request on. */
export async function signOut(database: Database, sessionId: string): Promise<void> {
  await revoke(database.db, database.clock(), sessionId, 'signed out')
}

export async function signOutEverywhere(database: Database, personId: string): Promise<void> {
  await database.db
    .update(sessions)
    .set({ revokedAt: database.clock(), revokedWhy: 'signed out everywhere' })
    .where(and(eq(sessions.personId, personId), isNull(sessions.revokedAt)))
}

async function revoke(db: Queries, now: Date, sessionId: string, why: string): Promise<void> {
  await db
    .update(sessions)
    .set({ revokedAt: now, revokedWhy: why })
    .where(and(eq(sessions.id, sessionId), isNull(sessions.revokedAt)))
}

async function keepToken(db: Queries, now: Date, sessionId: string, token: string): Promise<void> {
  await db.insert(refreshTokens).values({
    tokenHash: hashSecret(token),
    sessionId,
    issuedAt: now,
    expiresAt: new Date(now.getTime() + refreshTokenSeconds * 1000)
  })
}
