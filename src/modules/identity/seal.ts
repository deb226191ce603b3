import { sign } from 'node:crypto'
import { asc, desc, isNull } from 'drizzle-orm'
import type { Database } from '../../db/client.ts'
import { jwkOf, takeTurns } from './keys.ts'
import { sealKeys as rows, signingKeys } from './tables.ts'

/** Signs a text as the service, with the key that signs access tokens. The texts must not look like a token's. */
export type Sealer = { kid: string; sign(text: string): Buffer }

export type SealKey = { kid: string; x: string; compromisedAt: Date | null }

/**
 * For a while: made anew for each run of whatever seals. The key's public half is kept for good before anything is signed
 * with it. In turns with the change of keys, so that one given up as compromised is not noted as good afterwards.
 */
export async function sealer(database: Database): Promise<Sealer> {
  const key = await database.db.transaction(async (tx) => {
    await takeTurns(tx)
    const [active] = await tx
      .select()
      .from(signingKeys)
      .where(isNull(signingKeys.retiredAt))
      .orderBy(desc(signingKeys.createdAt))
      .limit(1)
    if (!active) throw new Error('there is no signing key: ensureSigningKey makes one at the start')
    await tx
      .insert(rows)
      .values({ kid: active.kid, publicPem: active.publicPem, firstUsedAt: database.clock() })
      .onConflictDoNothing()
    return active
  })
  return { kid: key.kid, sign: (text) => sign(null, Buffer.from(text), key.privatePem) }
}

/** All keys that have ever sealed anything, the compromised ones too: it must be told that they are. */
export async function sealKeys(database: Database): Promise<SealKey[]> {
  const found = await database.db.select().from(rows).orderBy(asc(rows.firstUsedAt), asc(rows.kid))
  return found.map(({ kid, publicPem, compromisedAt }) => ({ kid, x: jwkOf(publicPem).x, compromisedAt }))
}
