import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { type Database, inTimebank } from '../../../src/db/client.ts'
import { openBooks, trialBalance, verifyBooks } from '../../../src/modules/ledger/index.ts'
import { createStarterCategories } from '../../../src/modules/listings/index.ts'
import {
  type ImportKind,
  type ImportOptions,
  type ImportReport,
  runImport
} from '../../../src/modules/moving-in/index.ts'
import { createPolicy, createTimebank } from '../../../src/modules/timebanks/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { newId } from '../../../src/shared/ids.ts'

export type Bank = {
  id: string
  slug: string
  run(kind: ImportKind, file: Uint8Array | string, options?: ImportOptions): Promise<ImportReport>
  rows<T = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<T[]>
  /** rows of every table that an import may write to */
  counts(): Promise<Record<string, number>>
  books(): Promise<{ problems: number; sum: number; members: number; opening: number }>
}

/** A founded timebank without any member. */
export async function makeBank(database: Database, slug: string): Promise<Bank> {
  const id = newId()
  await inTimebank(database, id, systemActor, async (tx) => {
    await createTimebank(tx, `Timebank ${slug}`, slug)
    await createPolicy(tx, {}, 'a test')
    await openBooks(tx)
    await createStarterCategories(tx, 'en')
  })
  const rows = <T>(sql: string, values: unknown[] = []): Promise<T[]> =>
    inTimebank(database, id, systemActor, async (tx) => (await tx.client.query(sql, values)).rows as T[])
  return {
    id,
    slug,
    rows,
    run: (kind, file, options) =>
      runImport(database, slug, kind, typeof file === 'string' ? Buffer.from(file) : file, options),
    counts: async () => {
      const counts: Record<string, number> = {}
      for (const table of written) {
        const [row] = await rows<{ n: number }>(`SELECT count(*)::integer AS n FROM ${table}`)
        counts[table] = row!.n
      }
      return counts
    },
    books: () =>
      inTimebank(database, id, systemActor, async (tx) => {
        const { kinds, sum } = await trialBalance(tx)
        const of = (kind: string) => kinds.find((row) => row.kind === kind)?.balance ?? 0
        return {
          problems: (await verifyBooks(tx)).length,
          sum: sum.balance,
          members: of('member'),
          opening: of('opening')
        }
      })
  }
}

const written = [
  'members.memberships',
  'members.organisations',
  'members.numbers',
  'identity.persons',
  'ledger.accounts',
  'ledger.transfers',
  'ledger.limit_changes',
  'listings.requests',
  'exchanges.exchanges',
  'audit.events'
]

const samples = path.resolve(import.meta.dirname, '../../../../shared/samples')

/** A sample file, or null where this checkout stands alone. */
export const sample = (name: string): Buffer | null =>
  existsSync(path.join(samples, name)) ? readFileSync(path.join(samples, name)) : null

export const fixture = (name: string): Buffer => readFileSync(path.join(import.meta.dirname, 'fixtures', name))
