import { randomBytes } from 'node:crypto'
import { eq } from 'drizzle-orm'
import type { Database } from '../../db/client.ts'
import { ownKeys } from './tables.ts'

const known = new WeakMap<Database, Map<string, Promise<Buffer>>>()

/** The installation's own key of 256 bits for a purpose: made when it is asked for first, and the same ever after. */
export function ownKey(database: Database, purpose: string): Promise<Buffer> {
  const keys = known.get(database) ?? new Map<string, Promise<Buffer>>()
  known.set(database, keys)
  const key = keys.get(purpose) ?? findKey(database, purpose)
  keys.set(purpose, key)
  key.catch(() => keys.delete(purpose))
  return key
}

/** Of two that make it at once one is kept. */
async function findKey({ db }: Database, purpose: string): Promise<Buffer> {
  const find = () => db.select().from(ownKeys).where(eq(ownKeys.purpose, purpose))
  const [found] = await find()
  if (found) return found.secret
  await db
    .insert(ownKeys)
    .values({ purpose, secret: randomBytes(32) })
    .onConflictDoNothing()
  const [made] = await find()
  return made!.secret
}
