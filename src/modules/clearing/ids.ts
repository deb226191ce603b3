import { createHash } from 'node:crypto'
import { isUuid } from '../../shared/ids.ts'

export type Step = 'delivery' | 'settlement' | 'release'

/**
 * The id of a later step: from the seed by SHA-256, so that whoever takes the step once more takes it under the same id.
 * The seed's time is kept, as a uuid v7 has it in front, so that the ledger's index stays compact.
 */
export function derivedId(seed: string, step: Step): string {
  const time = seed.replaceAll('-', '').slice(0, 12)
  const hash = createHash('sha256').update(`${seed.toLowerCase()}/${step}`).digest()
  hash[0] = (hash[0]! & 0x0f) | 0x70
  hash[2] = (hash[2]! & 0x3f) | 0x80
  const hex = `${time}${hash.toString('hex', 0, 10)}`
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** A key that is a uuid v7 becomes the id of what it makes, and makes it repeatable for good. */
export const idFromKey = (key: unknown): string | null =>
  typeof key === 'string' && isUuid(key) && key[14] === '7' ? key.toLowerCase() : null
