import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import type { Database } from '../../db/client.ts'
import { ownKey } from '../identity/index.ts'

/** As Standard Webhooks has it: base64 of the key, with a prefix by which it is recognised. */
export const secretText = (secret: Buffer): string => `whsec_${secret.toString('base64')}`

export const newSecret = (): Buffer => randomBytes(32)

const [nonceBytes, tagBytes] = [12, 16]

/** Under the installation's own key (AES-256-GCM), and for one endpoint: put into the row of another it does not open. */
export async function seal(database: Database, endpointId: string, secret: Buffer): Promise<Buffer> {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', await ownKey(database, 'webhooks'), nonce)
  cipher.setAAD(Buffer.from(endpointId))
  const sealed = Buffer.concat([cipher.update(secret), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
}

export async function unseal(database: Database, endpointId: string, sealed: Buffer): Promise<Buffer> {
  const decipher = createDecipheriv('aes-256-gcm', await ownKey(database, 'webhooks'), sealed.subarray(0, nonceBytes), {
    authTagLength: tagBytes
  })
  decipher.setAAD(Buffer.from(endpointId))
  decipher.setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes))
  return Buffer.concat([decipher.update(sealed.subarray(nonceBytes + tagBytes)), decipher.final()])
}

/** The headers of Standard Webhooks 1.0: one signature by each secret, over the id, the instant of this attempt and the body. */
export function signedHeaders(secrets: readonly Buffer[], id: string, at: Date, body: string): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000))
  const signatures = secrets.map(
    (secret) => `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`
  )
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}
