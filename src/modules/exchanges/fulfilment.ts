import { and, count, eq, ne } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { getRequest, markRequest } from '../listings/index.ts'
import { exchanges } from './tables.ts'

/** A request is fulfilled when as many exchanges for it are settled as it asked for helpers; `settling` is the present one. */
export async function fulfilIfHelped(tx: Tx, requestId: string, settling: string): Promise<void> {
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
  await markRequest(tx, requestId, settled!.n + 1 >= request.helpersNeeded ? 'fulfilled' : 'in_progress')
}
