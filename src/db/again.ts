import { setTimeout as sleep } from 'node:timers/promises'
import { databaseError } from './errors.ts'

/** Deadlock, serialization failure; a prepared statement that a migration made stale, on this connection or by its name. */
const passing = new Set(['40P01', '40001'])
const stale = new Set(['0A000', '26000'])
const tries = 4

/** A connection with one stale statement has others: it should not be used again. */
export const isStale = (error: unknown): boolean => stale.has(databaseError(error)?.code ?? '')

/**
 * Runs a whole transaction, again where the database took it back for a reason that passes: nothing of it remains then, so
 * that work which touches nothing but the database may be done once more.
 */
export async function again<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run()
    } catch (error) {
      const code = databaseError(error)?.code ?? ''
      if (attempt === tries || !(passing.has(code) || stale.has(code))) throw error
      await sleep(Math.random() * 20 * attempt)
    }
  }
}
