import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { parse, stringify } from 'uuid'
import type { Database } from '../../db/client.ts'
import { type NoticeTopic, noticeTopics } from '../../shared/notice-kinds.ts'
import { ownKey } from '../identity/index.ts'

/** Whose mails of which topics an address stops. */
export type Stop = { timebankId: string; membershipId: string; topics: NoticeTopic[] }

/** A bit keeps its meaning for as long as there are mails with old addresses: that is, for good. */
const bits: Record<NoticeTopic, number> = {
  exchanges: 1,
  listings: 2,
  matches: 4,
  messages: 8,
  sessions: 16,
  circles: 32,
  thanks: 64,
  support: 128
}

const purpose = 'unsubscribe'
const [nonceBytes, tagBytes, plainBytes] = [12, 16, 34]

/**
 * What stands in the address that stops mails: encrypted and authenticated with the installation's own key (AES-256-GCM), so
 * that it tells nothing, cannot be made up, needs no row that could be gone, and works for as long as the mail is kept.
 */
export async function stopToken(database: Database, { timebankId, membershipId, topics }: Stop): Promise<string> {
  const mask = topics.reduce((sum, topic) => sum | bits[topic], 0)
  const plain = Buffer.concat([parse(timebankId), parse(membershipId), Buffer.from([mask >> 8, mask & 255])])
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', await ownKey(database, purpose), nonce)
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')
}

/** Null for what was never in a mail of this installation. */
export async function readStopToken(database: Database, token: string): Promise<Stop | null> {
  const bytes = Buffer.from(token, 'base64url')
  if (bytes.length !== nonceBytes + tagBytes + plainBytes || bytes.toString('base64url') !== token) return null
  const decipher = createDecipheriv('aes-256-gcm', await ownKey(database, purpose), bytes.subarray(0, nonceBytes))
  decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
  try {
    const plain = Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()])
    const mask = plain.readUInt16BE(32)
    return {
      timebankId: stringify(plain.subarray(0, 16)),
      membershipId: stringify(plain.subarray(16, 32)),
      topics: noticeTopics.filter((topic) => (mask & bits[topic]) !== 0)
    }
  } catch {
    return null
  }
}
