import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import type { Database } from '../../../src/db/client.ts'
import { extendChain } from '../../../src/modules/ledger/index.ts'

/** A key that signs, as the service's would, and what is published of it. */
export function makeSeal() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const { x = '' } = publicKey.export({ format: 'jwk' })
  const kid = createHash('sha256').update(x).digest('base64url')
  const sealer = { kid, sign: (text: string) => sign(null, Buffer.from(text), privateKey) }
  return { sealer, key: { kid, x, compromisedAt: null as Date | null } }
}

export const seal = makeSeal()

/** What the job does for one timebank, without its patience. */
export const chain = (database: Database, timebankId: string, options: { leavesAtOnce?: number } = {}) =>
  extendChain(database, timebankId, seal.sealer, [seal.key], { patienceSeconds: 0, ...options })
