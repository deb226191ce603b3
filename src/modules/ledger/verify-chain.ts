import { randomBytes } from 'node:crypto'
import type { Tx } from '../../db/client.ts'
import { checkpointText, type SealKey, signatureChecker } from './checkpoint.ts'
import { blockPrefix, sha256 } from './proof.ts'
import { type Problem, type ProblemName, verifyBooks } from './verify.ts'

type Signed = { number: number; signedAt: string; kid: string; signature: string }

type Totals = {
  blocks: number | null
  leaves: number | null
  checkpoints: number | null
  head: Buffer | null
  checkpoint_rows: number
  last_checkpoint: number | null
  due_transfers: number
  due_id_sum: string | null
  due_changes: number
  ahead: number | null
}

type Block = {
  number: number
  block_leaves: number
  total_leaves: number
  block_text: string
  root: Buffer
  chain_hash: Buffer
  transfers: number
  changes: number
  root_now: Buffer | null
  missing: string | null
  id_sum: string | null
  signed: Signed[] | null
}

/**
 * Checks that everything in the hash chain is as it was when it was signed: computes all leaves, roots, chain hashes and
 * signatures anew, and looks whether each transfer and change of limits up to the chain's end is in it once. What was
 * recorded after that is not looked at: `verifyBooks` does. Empty: nothing was changed.
 */
export async function verifyChain(tx: Tx, keys: readonly SealKey[]): Promise<Problem[]> {
  const { totals, blocks } = await readChain(tx)
  const problems = [
    ...blockProblems(totals, blocks),
    ...coverageProblems(totals, blocks),
    ...(await signatureProblems(tx, totals, blocks, keys))
  ]
  return problems.slice(0, mostProblems)
}

/** All checks, the books and the chain at the same time: each reads the whole journal, in a transaction of its own. */
export async function verifyLedger(
  read: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>,
  keys: readonly SealKey[]
): Promise<Problem[]> {
  return (await Promise.all([read(verifyBooks), read((tx) => verifyChain(tx, keys))])).flat()
}

/** Where all is changed, the first ones are enough. */
const mostProblems = 100

/** In one statement, hence at one instant. The seed is a new one each time: nobody can have chosen ids to fit it. */
async function readChain(tx: Tx): Promise<{ totals: Totals; blocks: Block[] }> {
  const { rows } = await tx.client.query<Totals & (Block | { number: null })>(
    `SELECT t.blocks, t.leaves, t.checkpoints, t.head, t.checkpoint_rows, t.last_checkpoint, t.due_transfers, t.due_id_sum,
            t.due_changes, t.ahead, b.number, b.leaves AS block_leaves, b.total_leaves, b.block_text, b.root, b.chain_hash,
            b.transfers, b.changes, b.root_now, b.missing, b.id_sum, b.checkpoints AS signed
       FROM ledger.chain_totals($1, $2) t
       LEFT JOIN ledger.recomputed_blocks($1, $2) b ON true
      ORDER BY b.number`,
    [tx.timebankId, randomBytes(8).readBigInt64BE().toString()]
  )
  const blocks = rows.filter((row): row is Totals & Block => row.number !== null)
  return { totals: rows[0] as Totals, blocks }
}

function blockProblems(totals: Totals, blocks: readonly Block[]): Problem[] {
  const problems: Problem[] = []
  let before: Buffer = Buffer.alloc(32)
  let leaves = 0
  for (const [i, block] of blocks.entries()) {
    leaves += block.block_leaves
    if (block.number !== i + 1 || block.total_leaves !== leaves)
      problems.push(problem('chain_hash', `block ${block.number} is the ${i + 1}. with ${leaves} leaves up to it`))
    if (block.transfers + block.changes !== block.block_leaves || !block.root_now?.equals(block.root))
      problems.push(
        problem(
          'chain_leaves',
          `the ${block.block_leaves} rows of block ${block.number} are not what they were; ${block.transfers + block.changes} are there`,
          block.missing
        )
      )
    if (!sha256(blockPrefix, before, block.root, block.block_text).equals(block.chain_hash))
      problems.push(problem('chain_hash', `the hash of block ${block.number} does not follow from the one before`))
    before = block.chain_hash
  }
  // a timebank whose chain has not begun
  const none = totals.head === null && blocks.length === 0
  if (!none && !(totals.blocks === blocks.length && totals.leaves === leaves && totals.head?.equals(before)))
    problems.push(problem('chain_hash', `the chain should end with block ${totals.blocks ?? 0} and ends otherwise`))
  return problems
}

function coverageProblems(totals: Totals, blocks: readonly Block[]): Problem[] {
  const problems: Problem[] = []
  const transfers = sum(blocks.map((block) => block.transfers))
  const changes = sum(blocks.map((block) => block.changes))
  const idSum = blocks.reduce((total, block) => total + BigInt(block.id_sum ?? 0), 0n)
  if (transfers !== totals.due_transfers || idSum !== BigInt(totals.due_id_sum ?? 0))
    problems.push(
      problem('chain_coverage', `${totals.due_transfers} transfers should be in the chain, ${transfers} are, or others`)
    )
  if (changes !== totals.due_changes)
    problems.push(
      problem('chain_coverage', `${totals.due_changes} changes of limits should be in the chain, ${changes} are`)
    )
  if (totals.ahead !== null)
    problems.push({ ...problem('chain_coverage', 'the chain is ahead of the account'), account: totals.ahead })
  return problems
}

async function signatureProblems(
  tx: Tx,
  totals: Totals,
  blocks: readonly Block[],
  keys: readonly SealKey[]
): Promise<Problem[]> {
  const isSigned = signatureChecker(keys)
  const count = sum(blocks.map(({ signed }) => signed?.length ?? 0))
  const expected = totals.checkpoints ?? 0
  const complete =
    count === expected && totals.checkpoint_rows === expected && (totals.last_checkpoint ?? 0) === expected
  const problems: Problem[] = complete
    ? []
    : [problem('checkpoint', `${expected} checkpoints were signed, ${totals.checkpoint_rows} are there`)]
  const check = async (block: Block, { number, signedAt, kid, signature }: Signed): Promise<Problem | null> => {
    const chainHash = block.chain_hash.toString('hex')
    const head = { number, block: block.number, totalLeaves: block.total_leaves, chainHash, signedAt }
    const good = await isSigned(checkpointText(tx.timebankId, head), kid, Buffer.from(signature, 'hex'))
    return good ? null : problem('checkpoint', `the signature of checkpoint ${number} is not that of its key`)
  }
  for (const { number, signed } of blocks)
    if (!signed?.length) problems.push(problem('checkpoint', `nothing signed vouches for block ${number}`))
  const checks = blocks.flatMap((block) => (block.signed ?? []).map((signed) => check(block, signed)))
  for (const found of await Promise.all(checks)) if (found) problems.push(found)
  return problems
}

const problem = (name: ProblemName, detail: string, transfer: string | null = null): Problem => ({
  problem: name,
  account: null,
  transfer,
  detail
})

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0)
