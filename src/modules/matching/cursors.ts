import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Database } from '../../db/client.ts'
import { ownKey } from '../identity/index.ts'

const purpose = 'candidates'
const [nonceBytes, tagBytes] = [12, 16]

/**
 * The cursor of a page of candidates as its reader gets it: encrypted (AES-256-GCM), since it says how well somebody fits, their
 * balance included, and which member stays unnamed; and for this listing only.
 */
export async function sealCursor(database: Database, about: string, cursor: string): Promise<string> {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', await ownKey(database, purpose), nonce)
  cipher.setAAD(Buffer.from(about.toLowerCase()))
  const sealed = Buffer.concat([cipher.update(cursor), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')
}

/** Empty, which is no cursor, where it was not sealed here. */
export async function openCursor(database: Database, about: string, sealed: string): Promise<string> {
  const bytes = Buffer.from(sealed, 'base64url')
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
