import assert from 'node:assert/strict'
import type { Database } from '../../../src/db/client.ts'
import {
  findTransfer,
  forgetRefusals,
  noLimits,
  type Outcome,
  setLimits,
  tryPost
} from '../../../src/modules/ledger/index.ts'
import { makeBooks, transfer } from './support.ts'

/** Repeats of refused postings that nothing stands against any more, while their refusals are forgotten. */
export async function forgetMeanwhile(database: Database, rounds: number): Promise<Outcome[]> {
  const books = await makeBooks(database, [{}, {}])
  const answers: Outcome[] = []
  for (let round = 0; round < rounds; round += 1) {
    const operations = Array.from({ length: 8 }, () => transfer(3, 4, 1))
    await books.work(async (tx) => {
      await setLimits(tx, 3, { ...noLimits, floorHard: 1_000_000 }, 'test')
      await tryPost(tx, operations, { keep: true })
      await setLimits(tx, 3, noLimits, 'test')
    })
    const later = new Date(Date.now() + 60_000)
    const [outcomes] = await Promise.all([
      Promise.all(
        operations.map((operation) => books.work(async (tx) => (await tryPost(tx, [operation], { keep: true }))[0]!))
      ),
      books.work((tx) => forgetRefusals(tx, later))
    ])
    for (const { id, code } of outcomes) {
      const found = await books.work((tx) => findTransfer(tx, id))
      assert.equal(found !== null, code === 'posted', `told: ${code}`)
    }
    answers.push(...outcomes)
  }
  return answers
}
