/** Looks up many at once: what is remembered from memory, the others through `load`. What is not there is not remembered. */
export type Memory<V> = (
  keys: readonly string[],
  load: (missing: string[]) => Promise<ReadonlyMap<string, V>>
) => Promise<Map<string, V>>

/**
 * Remembers facts that never change, such as the account of a member. Bounded: at `most` it forgets what it has known longest.
 * Keys must name the timebank.
 */
export function makeMemory<V>(most: number): Memory<V> {
  const kept = new Map<string, V>()
  return async (keys, load) => {
    const found = new Map<string, V>()
    const missing: string[] = []
    for (const key of keys) {
      const value = kept.get(key)
      if (value === undefined) missing.push(key)
      else found.set(key, value)
    }
    if (missing.length === 0) return found
    for (const [key, value] of await load(missing)) {
      found.set(key, value)
      kept.set(key, value)
      if (kept.size > most) kept.delete(kept.keys().next().value as string)
    }
    return found
  }
}
