import type { Tx } from '../../db/client.ts'
import { makeMemory } from '../../shared/memory.ts'

const remembered = makeMemory<number>(200_000)

/**
 * The accounts of members and organisations, by their ids; those that are there. An account never changes hands, so that
 * what was read once is not read again: `read` opens a transaction only for those not yet known.
 */
export async function accountsOf(
  timebankId: string,
  ids: readonly string[],
  read: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>
): Promise<Map<string, number>> {
  const key = (id: string) => `${timebankId}|${id.toLowerCase()}`
  const found = await remembered([...new Set(ids.map(key))], (missing) =>
    read(async (tx) => {
      const { rows } = await tx.client.query<{ id: string; account: number }>({
        name: 'members.accounts_of',
        text: `SELECT id, account_id AS account FROM members.memberships WHERE timebank_id = $1 AND id = ANY ($2::uuid[])
               UNION ALL
               SELECT id, account_id FROM members.organisations WHERE timebank_id = $1 AND id = ANY ($2::uuid[])`,
        values: [tx.timebankId, missing.map((name) => name.split('|')[1])]
      })
      return new Map(rows.map(({ id, account }) => [key(id), account]))
    })
  )
  return new Map(ids.flatMap((id) => (found.has(key(id)) ? [[id, found.get(key(id)) as number]] : [])))
}
