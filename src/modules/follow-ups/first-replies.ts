import type { Tx } from '../../db/client.ts'
import { addDays, endOfDay } from '../../shared/clock.ts'
import { refuseFaults } from '../../shared/errors.ts'
import { type Ratio, ratioOf } from '../../shared/ratio.ts'
import { firstReplies } from '../conversations/index.ts'
import { currentPolicy } from '../timebanks/index.ts'
import { firstReplyToRequest } from './replies.ts'

/** How soon somebody answered. Whole minutes, begun ones not counted; percentiles by nearest rank; null: nobody was answered. */
export type ReplyTimes = {
  replied: Ratio
  unanswered: number
  medianMinutes: number | null
  p90Minutes: number | null
}

type Waited = { since: Date; repliedAt: Date | null }

/**
 * Of the requests opened, and of the conversations begun, in the days from `from` on and before `to` (dates in the timebank's zone):
 * how many have had an answer by now, and after how long.
 */
export async function firstReplyFigures(
  tx: Tx,
  { from, to }: { from: string; to: string }
): Promise<{ requests: ReplyTimes; messages: ReplyTimes }> {
  if (to <= from) refuseFaults([{ parameter: 'to', detail: 'to: must be after from.' }])
  const { rules } = await currentPolicy(tx)
  const begin = (date: string) => endOfDay(rules.timeZone, addDays(date, -1))
  const window = { from: begin(from), to: begin(to) }
  const { rows } = await tx.client.query<Waited>({
    name: 'follow_ups.requests_replied',
    text: `SELECT r.opened_at AS since, ${firstReplyToRequest} AS "repliedAt" FROM listings.requests r
            WHERE r.timebank_id = $1 AND r.opened_at >= $2 AND r.opened_at < $3`,
    values: [tx.timebankId, window.from, window.to]
  })
  const conversations = await firstReplies(tx, window)
  return {
    requests: replyTimes(rows),
    messages: replyTimes(
      conversations.map(({ startedAt, firstReplyAt }) => ({ since: startedAt, repliedAt: firstReplyAt }))
    )
  }
}

function replyTimes(waited: readonly Waited[]): ReplyTimes {
  const minutes = waited
    .flatMap(({ since, repliedAt }) => (repliedAt === null ? [] : [minutesBetween(since, repliedAt)]))
    .sort((a, b) => a - b)
  // the smallest of them that so much of all do not exceed
  const rank = (percent: number) => minutes[Math.ceil((percent * minutes.length) / 100) - 1] ?? null
  return {
    replied: ratioOf(minutes.length, waited.length),
    unanswered: waited.length - minutes.length,
    medianMinutes: rank(50),
    p90Minutes: rank(90)
  }
}

/** What was answered before it was opened, as a broker may note afterwards, was answered at once. */
const minutesBetween = (since: Date, until: Date): number =>
  Math.max(0, Math.floor((until.getTime() - since.getTime()) / 60_000))
