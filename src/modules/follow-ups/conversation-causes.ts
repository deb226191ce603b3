import { dayMs } from '../../shared/clock.ts'
import { unansweredConversations } from '../conversations/index.ts'
import { dateOf, type Given, select } from './cause.ts'

/** By when somebody should have looked after it, in days. */
const days = { unansweredLeft: 2, reportLeft: 1 } as const
const most = 1_000_000

/** Who waits for an answer of whom, and since when; nothing of what was said. */
export async function unansweredMessage(given: Given): Promise<string | null> {
  const after = given.rules.unansweredAfterDays
  if (after === 0) return null
  // begun at or before the instant
  const before = new Date(given.now.getTime() - after * dayMs + 1)
  const waiting = await unansweredConversations(given.tx, { before }, most)
  return select(
    {
      subject_id: 'w."id"',
      member_id: 'w."askedId"',
      organisation_id: 'w."askedOrganisationId"',
      other_member_id: 'w."askerId"',
      since: 'w."startedAt"',
      due_on: `${dateOf(given, 'w."startedAt"')} + ${after + days.unansweredLeft}`,
      step: "'ask_for_answer'"
    },
    `FROM json_to_recordset(${given.value(JSON.stringify(waiting))}::json)
            AS w("id" uuid, "askedId" uuid, "askedOrganisationId" uuid, "askerId" uuid, "startedAt" timestamptz)
      WHERE $1::uuid IS NOT NULL`
  )
}

/** Somebody who takes part lets brokers read it. Who reported it is spoken with first; the others are seen in the report. */
export const reportedConversation = (given: Given): string =>
  select(
    {
      subject_id: 'r.id',
      member_id: 'r.reported_by',
      since: 'r.reported_at',
      due_on: `${dateOf(given, 'r.reported_at')} + ${days.reportLeft}`,
      step: "'read_report'"
    },
    'FROM conversations.reports r WHERE r.timebank_id = $1 AND r.closed_at IS NULL'
  )
