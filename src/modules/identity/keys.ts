import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { desc, isNull, lt, sql } from 'drizzle-orm'
import type { Database, Queries } from '../../db/client.ts'
import { sealKeys, signingKeys } from './tables.ts'

export const accessTokenSeconds = 10 * 60

/** Longer than any token of a retired key can live, even one signed by a process that had not yet seen the new key. */
const verifyAfterRetirementSeconds = accessTokenSeconds + 5 * 60

export type Jwk = { kty: 'OKP'; crv: 'Ed25519'; x: string; kid: string; use: 'sig'; alg: 'EdDSA' }

/** Makes the first key. Called at every start; several at once make one. */
export async function ensureSigningKey(database: Database): Promise<void> {
  await database.db.transaction(async (tx) => {
    await takeTurns(tx)
    const [active] = await tx
      .select({ kid: signingKeys.kid })
      .from(signingKeys)
      .where(isNull(signingKeys.retiredAt))
      .limit(1)
    if (!active) await insertKey(tx, database.clock())
  })
}

/**
 * A new key signs from now on; the others verify until their last token has expired. `compromised` throws them away
 * instead: all access tokens end within a minute, and clients get new ones by their refresh tokens. What they have
 * sealed is sealed again with the new key by whoever sealed it.
 */
export async function rotateSigningKey(
  database: Database,
  options: { compromised?: boolean } = {}
): Promise<{ kid: string }> {
  return database.db.transaction(async (tx) => {
    await takeTurns(tx)
    const now = database.clock()
    if (options.compromised) {
      await tx.delete(signingKeys)
      await tx.update(sealKeys).set({ compromisedAt: now }).where(isNull(sealKeys.compromisedAt))
    } else await tx.update(signingKeys).set({ retiredAt: now }).where(isNull(signingKeys.retiredAt))
    return { kid: await insertKey(tx, now) }
  })
}

/** The public keys, for others who verify our tokens (RFC 7517). */
export async function jwks(database: Database): Promise<{ keys: Jwk[] }> {
  const rows = await database.db
    .select({ publicPem: signingKeys.publicPem })
    .from(signingKeys)
    .orderBy(desc(signingKeys.createdAt), signingKeys.kid)
  return { keys: rows.map((row) => jwkOf(row.publicPem)) }
}

export async function purgeSigningKeys(database: Database): Promise<void> {
  const before = new Date(database.clock().getTime() - verifyAfterRetirementSeconds * 1000)
  await database.db.delete(signingKeys).where(lt(signingKeys.retiredAt, before))
}

async function insertKey(db: Queries, now: Date): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const { kid } = jwkOf(publicPem)
  const privatePem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  await db.insert(signingKeys).values({ kid, privatePem, publicPem, createdAt: now })
  return kid
}

/** The key's id is its thumbprint (RFC 7638), so that a key has one name everywhere. */
export function jwkOf(publicPem: string): Jwk {
  const { x = '' } = createPublicKey(publicPem).export({ format: 'jwk' })
  const kid = createHash('sha256')
    .update(JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }))
    .digest('base64url')
  return { kty: 'OKP', crv: 'Ed25519', x, kid, use: 'sig', alg: 'EdDSA' }
}

/** Whoever changes keys, or notes what they are for. */
export const takeTurns = (db: Queries) => db.execute(sql`SELECT pg_advisory_xact_lock(7284116002)`)
