import { and, asc, eq, gt, isNull, lte, or } from 'drizzle-orm'
import { type Database, inTimebank, type Tx } from '../../db/client.ts'
import type { Cron, Tasks } from '../../db/jobs.ts'
import { systemActor } from '../../shared/actor.ts'
import { dayMs } from '../../shared/clock.ts'
import { DomainError } from '../../shared/errors.ts'
import { everyTimebank } from '../timebanks/index.ts'
import { needsApproval } from './clearance.ts'
import { type Context, type Exchange, lockExchange } from './exchanges.ts'
import { settle } from './settle.ts'
import { exchanges } from './tables.ts'
import { step } from './writing.ts'

const autoConfirmTask = 'exchanges.auto_confirm'
const atATime = 100

export const exchangesCron: readonly Cron[] = [{ task: autoConfirmTask, match: '11 * * * *' }]

export const exchangesTasks = (database: Database): Tasks => ({
  [autoConfirmTask]: async () => {
    for (const { id } of await everyTimebank(database)) await autoConfirm(database, id)
  }
})

/**
 * Reports that nobody has answered for as many days as the policy of the exchange says count as confirmed. Each settles in a
 * transaction of its own, so that one that a limit refuses holds up no other; that one stays with the broker.
 */
async function autoConfirm(database: Database, timebankId: string): Promise<void> {
  for (let after: Exchange | null = null; ; ) {
    const page: Exchange[] = await inTimebank(database, timebankId, systemActor, (tx) => unanswered(tx, after), {
      readOnly: true
    })
    for (const { id } of page)
      await inTimebank(database, timebankId, systemActor, (tx) => confirmIfDue(tx, id)).catch((error) => {
        if (!(error instanceof DomainError) || error.status >= 500) throw error
      })
    after = page.at(-1) ?? null
    if (page.length < atATime) return
  }
}

/** Oldest first; a day is the least that a policy can say. */
function unanswered(tx: Tx, after: Exchange | null): Promise<Exchange[]> {
  const seen = after?.reportedAt
  return tx.db
    .select()
    .from(exchanges)
    .where(
      and(
        eq(exchanges.timebankId, tx.timebankId),
        eq(exchanges.status, 'reported'),
        // silence is no word for the others
        isNull(exchanges.groupId),
        lte(exchanges.reportedAt, new Date(tx.now.getTime() - dayMs)),
        seen
          ? or(gt(exchanges.reportedAt, seen), and(eq(exchanges.reportedAt, seen), gt(exchanges.id, after.id)))
          : undefined
      )
    )
    .orderBy(asc(exchanges.reportedAt), asc(exchanges.id))
    .limit(atATime)
}

async function confirmIfDue(tx: Tx, id: string): Promise<void> {
  const context = await lockExchange(tx, id)
  const { exchange, policy } = context
  const days = policy.autoConfirmAfterDays
  const since = exchange.reportedAt?.getTime() ?? Number.POSITIVE_INFINITY
  if (exchange.status !== 'reported' || days === 0 || tx.now.getTime() - since < days * dayMs) return
  if (policy.whoConfirms === 'broker' || isProtected(context)) return
  // silence says nothing for a budget beyond what was agreed
  if (exchange.budgetId !== null && (exchange.serviceMinutes ?? 0) > (exchange.agreedMinutes ?? 0)) return
  if (needsApproval(context, exchange.serviceMinutes ?? 0)) return
  const entry = { action: 'auto-confirmed' as const, onBehalfOf: exchange.receiverId }
  await settle(tx, context, (settled) => step(tx, context, settled, entry))
}

/** Silence is no consent of minors and supported members, nor where the risk is high. */
function isProtected({ exchange, parties, category, today }: Context): boolean {
  if (category.risk === 'high') return true
  return [exchange.providerId, exchange.receiverId].some((memberId) => {
    if (memberId === null) return false
    const member = parties.member(memberId)
    return member.supported || member.isMinor(exchange.performedOn ?? today)
  })
}
