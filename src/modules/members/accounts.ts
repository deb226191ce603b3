import type { Tx } from '../../db/client.ts'
import { makeMemory } from '../../shared/memory.ts'

const remembered = makeMemory<string, number>(200_000)

/**
 * The accounts of members and organisations, by their ids; those that are there. An account never changes hands, so that
 * what was read once is not read again: `read` opens a transaction only for those not yet known.
 */
export const accountsOf = (
  timebankId: string,
  ids: readonly string[],
  read: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>
): Promise<Map<string, number>> =>
  remembered(timebankId, ids, (missing) =>
    read(async (tx) => {
      const { rows } = await tx.client.query<{ id: string; account: number }>({
        name: 'members.accounts_of',
        // under the id as it was asked for, in whatever case
        text: `SELECT q.id, x.account_id AS account
                 FROM unnest($2::text[]) q(id)
                 JOIN (SELECT id, account_id FROM members.memberships WHERE timebank_id = $1 AND id = ANY ($2::uuid[])
                       UNION ALL
                       SELECT id, account_id FROM members.organisations WHERE timebank_id = $1 AND id = ANY ($2::uuid[])) x
                   ON x.id = q.id::uuid`,
        values: [tx.timebankId, missing]
      })
      return new Map(rows.map(({ id, account }) => [id, account]))
    })
  )
