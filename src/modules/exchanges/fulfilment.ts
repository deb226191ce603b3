import { and, count, eq, ne, notInArray } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { getRequest, markRequest } from '../listings/index.ts'
import { exchanges } from './tables.ts'

/** A request is fulfilled when as many exchanges for it are settled as it asked for helpers; `settling` is the present one. */
export async function fulfilIfHelped(tx: Tx, requestId: string, settling: string): Promise<void> {
  // locks the request before anything is counted: of two helpers at once the second sees the first
  await markRequest(tx, requestId, 'in_progress')
  const request = await getRequest(tx, requestId)
  const [settled] = await tx.db
    .select({ n: count() })
    .from(exchanges)
    .where(
      and(
        eq(exchanges.timebankId, tx.timebankId),
        eq(exchanges.requestId, requestId),
        eq(exchanges.status, 'settled'),
        ne(exchanges.id, settling)
      )
    )
  if (settled!.n + 1 >= request.helpersNeeded) await markRequest(tx, requestId, 'fulfilled')
}

const ended = ['proposed', 'declined', 'cancelled', 'reversed']

/** A request stands open again when nothing else has come of it than the exchange that is called off. */
export async function reopenIfAlone(tx: Tx, requestId: string, calledOff: string): Promise<void> {
  const [other] = await tx.db
    .select({ id: exchanges.id })
    .from(exchanges)
    .where(
      and(
        eq(exchanges.timebankId, tx.timebankId),
        eq(exchanges.requestId, requestId),
        notInArray(exchanges.status, ended),
        ne(exchanges.id, calledOff)
      )
    )
    .limit(1)
  if (!other) await markRequest(tx, requestId, 'open')
}
