import type pg from 'pg'
import { type Database, inTimebank } from '../src/db/client.ts'
import { openAccounts, openBooks } from '../src/modules/ledger/index.ts'
import { systemActor } from '../src/shared/actor.ts'
import { newId } from '../src/shared/ids.ts'
import type { PostingFunction } from './load/postings.ts'

/** Books of their own, of nobody: the ledger knows no timebank but by its id. Accounts 1 and 2 are the pot and the openings. */
export async function makeBooks(database: Database, accounts: number): Promise<string> {
  const id = newId()
  const limits = { floorSoft: -900_000_000, floorHard: -1e9, ceilingSoft: 900_000_000, ceilingHard: 1e9 }
  await inTimebank(database, id, systemActor, async (tx) => {
    await openBooks(tx)
    await openAccounts(
      tx,
      Array.from({ length: accounts }, () => ({ kind: 'member' as const, limits })),
      'for a measurement'
    )
  })
  return id
}

/** The parameters of a posting function, with their types. */
export async function findFunction(owner: pg.Client, name: 'post_one' | 'post_many'): Promise<PostingFunction> {
  const { rows } = await owner.query<{ name: string; type: string }>(
    `SELECT p.proargnames[t.place] AS name, format_type(t.type, NULL) AS type
       FROM pg_proc p, unnest(p.proargtypes) WITH ORDINALITY t(type, place)
      WHERE p.pronamespace = 'ledger'::regnamespace AND p.proname = $1
      ORDER BY t.place`,
    [name]
  )
  return { name: `ledger.${name}`, parameters: rows }
}
