import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { promisify } from 'node:util'

/** With what the service signs. The ledger does not know where the key is kept. */
export type Sealer = { kid: string; sign(text: string): Buffer }

/** A public key that has signed; `x` as in a JWK. What a compromised one has signed proves nothing. */
export type SealKey = { kid: string; x: string; compromisedAt: Date | null }

/** What is signed of a block: its chain hash, and with it all that was recorded up to it. Hashes are hexadecimal. */
export type Head = { number: number; block: number; totalLeaves: number; chainHash: string; signedAt: string }

/** Between bars, as everything that is hashed. An access token's text has no bar, so that none can be taken for the other. */
export const checkpointText = (timebankId: string, head: Head): string =>
  ['checkpoint', timebankId, head.number, head.block, head.totalLeaves, head.chainHash, head.signedAt].join('|')

const verifyAside = promisify<null, Buffer, KeyObject, Buffer, boolean>(verify)

/** Checks signatures off the main thread: there are as many as blocks. */
export function signatureChecker(keys: readonly SealKey[]) {
  const known = new Map(
    keys.map(({ kid, x }) => [kid, createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })])
  )
  return async (text: string, kid: string, signature: Buffer): Promise<boolean> => {
    const key = known.get(kid)
    return key !== undefined && verifyAside(null, Buffer.from(text), key, signature)
  }
}
