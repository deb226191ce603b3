import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Database } from '../../db/client.ts'
import { decodeCursor, encodeCursor } from '../../http/index.ts'
import { ownKey } from '../identity/index.ts'
import type { Place } from './candidates.ts'
import { placeShape } from './schemas.ts'

const purpose = 'candidates'
const [nonceBytes, tagBytes] = [12, 16]

/**
 * The place where a page of candidates ended, as its reader gets it: encrypted (AES-256-GCM), since it says how well somebody
 * fits, their balance included, and which member stays unnamed; and for this listing only.
 */
export async function sealedPlace(database: Database, about: string, place: Place): Promise<string> {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', await ownKey(database, purpose), nonce)
  cipher.setAAD(Buffer.from(about.toLowerCase()))
  const sealed = Buffer.concat([cipher.update(encodeCursor(place)), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')
}

export async function openedPlace(
  database: Database,
  about: string,
  cursor: string | undefined
): Promise<Place | null> {
  return decodeCursor(cursor === undefined ? undefined : await opened(database, about, cursor), placeShape)
}

/** Empty where it was not sealed here, which no list has given. */
async function opened(database: Database, about: string, cursor: string): Promise<string> {
  const bytes = Buffer.from(cursor, 'base64url')
  if (bytes.length < nonceBytes + tagBytes) return ''
  const decipher = createDecipheriv('aes-256-gcm', await ownKey(database, purpose), bytes.subarray(0, nonceBytes))
  decipher.setAAD(Buffer.from(about.toLowerCase()))
  decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]).toString('utf8')
  } catch {
    return ''
  }
}
