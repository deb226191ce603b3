/** Looks up many of one timebank at once: what is remembered from memory, the others through `load`. */
export type Memory<Id, V> = (
  timebankId: string,
  ids: readonly Id[],
  load: (missing: Id[]) => Promise<ReadonlyMap<Id, V>>
) => Promise<Map<Id, V>>

/**
 * Remembers facts that never change, such as the account of a member; what is not there is not remembered. Bounded: at `most`
 * it forgets what it has known longest.
 */
export function makeMemory<Id extends string | number, V>(most: number): Memory<Id, V> {
  const kept = new Map<string, V>()
  return async (timebankId, ids, load) => {
    const key = (id: Id) => `${timebankId}|${id}`
    const found = new Map<Id, V>()
    const missing: Id[] = []
    for (const id of new Set(ids)) {
      const value = kept.get(key(id))
      if (value === undefined) missing.push(id)
      else found.set(id, value)
    }
    if (missing.length === 0) return found
    for (const [id, value] of await load(missing)) {
      found.set(id, value)
      kept.set(key(id), value)
      if (kept.size > most) kept.delete(kept.keys().next().value as string)
    }
    return found
  }
}
