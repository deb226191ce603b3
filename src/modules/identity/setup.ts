import { randomInt } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import type { Database, Queries } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { hashSecret } from './secrets.ts'
import { persons, setupCodes } from './tables.ts'

/** Without letters and digits that are taken for one another (Crockford's base 32). */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/**
 * The one-time code by which the first timebank and its admin are made; null once there is anybody. It is kept as a hash
 * only, so that each start makes a new one, which takes the place of the one before.
 */
export async function ensureSetupCode(database: Database): Promise<string | null> {
  return database.db.transaction(async (tx) => {
    await takeTurns(tx)
    await tx.delete(setupCodes)
    const [anybody] = await tx.select({ id: persons.id }).from(persons).limit(1)
    if (anybody) return null
    // 100 bits in four groups
    const group = () => Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join('')
    const code = [group(), group(), group(), group()].join('-')
    await tx.insert(setupCodes).values({ codeHash: hashOf(code), createdAt: database.clock() })
    return code
  })
}

/** Uses the code up, in the transaction that makes what it stands for. Two at once: one waits, and is then refused. */
export async function redeemSetupCode(db: Queries, code: string): Promise<void> {
  await takeTurns(db)
  const used = await db
    .delete(setupCodes)
    .where(eq(setupCodes.codeHash, hashOf(code)))
    .returning()
  if (used.length === 0) throw new DomainError('setup-code-wrong')
}

/** As people type it: small letters, without dashes or with blanks, O for 0. */
const hashOf = (code: string): string =>
  hashSecret(code.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1'))

const takeTurns = (db: Queries) => db.execute(sql`SELECT pg_advisory_xact_lock(7284116003)`)
