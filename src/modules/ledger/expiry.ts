import type { Tx } from '../../db/client.ts'
import { derivedId, newId } from '../../shared/ids.ts'
import type { Operation } from './call.ts'
import { tryPost } from './post.ts'

const atATime = 100

/**
 * Releases holds whose time is over, at most a hundred, and answers how many there were. The release's id follows from the
 * hold's, and a hold is resolved once: two that do this at the same time, or a member who settles meanwhile, harm nothing.
 */
export async function releaseExpiredHolds(tx: Tx, today: string): Promise<number> {
  const { rows } = await tx.client.query<{ hold_id: string }>({
    name: 'ledger.expired_holds',
    text: `SELECT hold_id FROM ledger.hold_expiries
            WHERE timebank_id = $1 AND expires_at <= $2 ORDER BY expires_at LIMIT ${atATime}`,
    values: [tx.timebankId, tx.now]
  })
  const release = (ref: string, id: string): Operation => ({ id, operation: 'release', ref, performedOn: today })
  const outcomes = await tryPost(
    tx,
    rows.map(({ hold_id: ref }) => release(ref, derivedId('expiry', ref)))
  )
  // whoever foresaw the id has used it: that must not keep the hold from ending
  const taken = rows.filter((_, i) => outcomes[i]?.code === 'id_reused')
  await tryPost(
    tx,
    taken.map(({ hold_id: ref }) => release(ref, newId()))
  )
  return rows.length
}

/** Forgets refusals that were kept under ids before an instant. */
export async function forgetRefusals(tx: Tx, before: Date): Promise<void> {
  await tx.client.query('SELECT ledger.forget_refusals($1, $2)', [tx.timebankId, before])
}
