import { type Database, inTimebank, type Tx } from '../../db/client.ts'
import type { Cron, Tasks } from '../../db/jobs.ts'
import { systemActor } from '../../shared/actor.ts'
import { checkpointText, type Sealer, type SealKey } from './checkpoint.ts'

const chainTask = 'ledger.chain'

export type ChainOptions = {
  database: Database
  /** ids of all timebanks: the ledger does not know where they are listed */
  timebanks(): Promise<string[]>
  sealer(): Promise<Sealer>
  sealKeys(): Promise<SealKey[]>
}

export const ledgerCron: readonly Cron[] = [{ task: chainTask, match: '* * * * *' }]

export const ledgerTasks = (options: ChainOptions): Tasks => ({
  [chainTask]: () => extendChains(options)
})

/**
 * A block has a row of some 400 bytes beside its 16 for each transfer: what does not fill a block waits this long for more,
 * unless the last block is older than that. So a first transfer after a quiet time is in the chain within a minute.
 */
const patienceSeconds = 600

/** Leaves taken in one transaction: a third of a second, when there is much to catch up. */
const leavesAtOnce = 16_384

const signaturesAtOnce = 1000

/** One timebank that fails holds up no other. */
async function extendChains({ database, timebanks, sealer, sealKeys }: ChainOptions): Promise<void> {
  const [seal, keys, ids] = [await sealer(), await sealKeys(), await timebanks()]
  const failures: unknown[] = []
  for (const id of ids) await extendChain(database, id, seal, keys).catch((error) => failures.push(error))
  if (failures.length > 0) throw failures[0]
}

/**
 * Takes what is recorded and not yet in the chain into blocks, and signs each. All of a step is one transaction, so that a
 * job that is killed leaves nothing half done, and of two at once one finds nothing to do. Answers the number of blocks.
 */
export async function extendChain(
  database: Database,
  timebankId: string,
  seal: Sealer,
  keys: readonly SealKey[],
  options: { patienceSeconds?: number; leavesAtOnce?: number } = {}
): Promise<number> {
  const values = [options.patienceSeconds ?? patienceSeconds, options.leavesAtOnce ?? leavesAtOnce]
  let blocks = 0
  for (;;) {
    const step = await inTimebank(database, timebankId, systemActor, async (tx) => {
      const { rows } = await tx.client.query<{ held: boolean; built: number; more: boolean }>(
        'SELECT held, built, more FROM ledger.extend_chain($1, make_interval(secs => $2), $3)',
        [timebankId, ...values]
      )
      if (rows[0]?.held) await signBlocks(tx, seal, keys)
      return rows[0]
    })
    blocks += step?.built ?? 0
    if (!step?.more) return blocks
  }
}

/** Those that no key has signed whose private half is with us alone: new ones, and all of them after a key became known. */
async function signBlocks(tx: Tx, seal: Sealer, keys: readonly SealKey[]): Promise<void> {
  const compromised = keys.filter(({ compromisedAt }) => compromisedAt !== null).map(({ kid }) => kid)
  // it would sign the same blocks at each run; the next run has another key
  if (compromised.includes(seal.kid)) return
  for (;;) {
    const { rows } = await tx.client.query<{
      block: number
      total_leaves: number
      chain_hash: string
      first: number
      signed_at: string
    }>(
      `SELECT b.number AS block, b.total_leaves, encode(b.chain_hash, 'hex') AS chain_hash, c.checkpoints + 1 AS first,
              now()::text AS signed_at
         FROM ledger.blocks b
         JOIN ledger.chains c USING (timebank_id)
        WHERE b.timebank_id = $1
          AND NOT EXISTS (SELECT FROM ledger.checkpoints s
                           WHERE s.timebank_id = $1 AND s.block = b.number AND s.kid <> ALL ($2::text[]))
        ORDER BY b.number
        LIMIT $3`,
      [tx.timebankId, compromised, signaturesAtOnce]
    )
    const [head] = rows
    if (!head) return
    const signatures = rows.map((row, i) =>
      seal.sign(
        checkpointText(tx.timebankId, {
          number: head.first + i,
          block: row.block,
          totalLeaves: row.total_leaves,
          chainHash: row.chain_hash,
          signedAt: head.signed_at
        })
      )
    )
    await tx.client.query('SELECT ledger.record_checkpoints($1, $2, $3, $4, $5, $6)', [
      tx.timebankId,
      head.first,
      rows.map(({ block }) => block),
      head.signed_at,
      seal.kid,
      signatures
    ])
    if (rows.length < signaturesAtOnce) return
  }
}
