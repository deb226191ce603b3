import type { Tx } from '../../db/client.ts'
import type { Told } from '../../shared/told.ts'
import { kinds } from './listings.ts'
import type { Kind } from './vocabulary.ts'

const tables = { offer: 'listings.offers', request: 'listings.requests' } as const satisfies Record<Kind, string>

/** What an offer or request is in a few words to who is told of it: its title, and the last day on which it stands. */
export async function listingsTold(tx: Tx, kind: Kind, ids: readonly string[]): Promise<Map<string, Told>> {
  const { rows } = await tx.client.query<{ id: string; what: string; when: string | null; over: boolean }>({
    name: `listings.told_${kind}`,
    text: `SELECT id, title AS what, expires_on AS when, NOT (status = ANY ($3)) OR expires_on IS NULL AS over
             FROM ${tables[kind]} WHERE timebank_id = $1 AND id = ANY ($2::uuid[])`,
    values: [tx.timebankId, ids, kinds[kind].expires]
  })
  return new Map(rows.map(({ id, ...told }) => [id, { who: null, ...told }]))
}
