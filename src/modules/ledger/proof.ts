import { createHash } from 'node:crypto'
import type { Tx } from '../../db/client.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import type { Head, SealKey } from './checkpoint.ts'

/** A signed head as it is published. */
export type Checkpoint = Head & { kid: string; signature: string }

/** The neighbour of a node on the way up to the root, and on which side of it that is. */
export type PathStep = { left: string } | { right: string }

/** Texts as PostgreSQL writes them, for they are what is hashed. */
export type Proof = {
  open: string[]
  sealed: { salt: string; fields: string[]; digest: string }
  path: PathStep[]
  block: string[]
  previousHash: string
  checkpoint: Checkpoint
}

export const sha256 = (...parts: (string | Uint8Array)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

export const nodePrefix = Uint8Array.of(1)
export const blockPrefix = Uint8Array.of(2)

/** From a leaf up to the root, over leaf hashes that stand one after the other. */
export function merklePath(hashes: Buffer, place: number): PathStep[] {
  let level: Buffer[] = []
  for (let at = 0; at < hashes.length; at += 32) level.push(hashes.subarray(at, at + 32))
  const path: PathStep[] = []
  for (let at = place; level.length > 1; at >>= 1) {
    const neighbour = level[at ^ 1]?.toString('hex')
    // the last one of an odd level goes up as it is
    if (neighbour !== undefined) path.push(at & 1 ? { left: neighbour } : { right: neighbour })
    const above: Buffer[] = []
    for (let i = 0; i < level.length; i += 2) {
      const [one, other] = [level[i]!, level[i + 1]]
      above.push(other ? sha256(nodePrefix, one, other) : one)
    }
    level = above
  }
  return path
}

/**
 * That a transfer is in a block which the service has signed. It is given out as the rows are now: whether it holds is for
 * the check to say, not for us.
 */
export async function proveTransfer(tx: Tx, transferId: string, keys: readonly SealKey[]): Promise<Proof> {
  const { rows } = await tx.client.query<{
    open_part: string
    sealed_part: string
    salt: Buffer
    block: number
    block_text: string
    previous: Buffer
    hashes: Buffer
    place: number
  }>('SELECT * FROM ledger.prove_transfer($1, $2)', [tx.timebankId, transferId])
  const [found] = rows
  const checkpoint = found && (await checkpointOf(tx, found.block, keys))
  if (!checkpoint) throw new DomainError('not-chained-yet')
  return {
    open: found.open_part.split('|').slice(1),
    sealed: {
      salt: found.salt.toString('hex'),
      fields: found.sealed_part.split('|'),
      digest: sha256(found.salt, found.sealed_part).toString('hex')
    },
    path: merklePath(found.hashes, found.place),
    block: found.block_text.split('|').slice(2),
    previousHash: found.previous.toString('hex'),
    checkpoint
  }
}

/** Both accounts of a transfer; not-found where there is none. */
export async function accountsOf(tx: Tx, transferId: string): Promise<[debit: number, credit: number]> {
  const { rows } = await tx.client.query<{ debit: number; credit: number }>(
    'SELECT debit_account AS debit, credit_account AS credit FROM ledger.transfers WHERE timebank_id = $1 AND id = $2',
    [tx.timebankId, transferId]
  )
  if (!rows[0]) throw notFound('transfer')
  return [rows[0].debit, rows[0].credit]
}

const checkpointColumns = `s.number, s.block, b.total_leaves AS "totalLeaves", encode(b.chain_hash, 'hex') AS "chainHash",
  s.signed_at::text AS "signedAt", s.kid, encode(s.signature, 'hex') AS signature`
const checkpointRows = 'ledger.checkpoints s JOIN ledger.blocks b ON b.timebank_id = $1 AND b.number = s.block'

async function checkpointOf(tx: Tx, block: number, keys: readonly SealKey[]): Promise<Checkpoint | undefined> {
  const good = keys.filter(({ compromisedAt }) => compromisedAt === null).map(({ kid }) => kid)
  const { rows } = await tx.client.query<Checkpoint>(
    `SELECT ${checkpointColumns} FROM ${checkpointRows}
      WHERE s.timebank_id = $1 AND s.block = $2 AND s.kid = ANY ($3::text[]) ORDER BY s.number LIMIT 1`,
    [tx.timebankId, block, good]
  )
  return rows[0]
}

/** From one number on (excluded), newest or oldest first. */
export async function listCheckpoints(
  tx: Tx,
  { order, from, limit }: { order: 'newest' | 'oldest'; from: number | null; limit: number }
): Promise<Checkpoint[]> {
  const [beyond, direction] = order === 'newest' ? ['<', 'DESC'] : ['>', 'ASC']
  const { rows } = await tx.client.query<Checkpoint>(
    `SELECT ${checkpointColumns} FROM ${checkpointRows}
      WHERE s.timebank_id = $1 AND ($2::integer IS NULL OR s.number ${beyond} $2) ORDER BY s.number ${direction} LIMIT $3`,
    [tx.timebankId, from, limit]
  )
  return rows
}
