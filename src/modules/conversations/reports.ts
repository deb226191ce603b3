import { and, asc, desc, eq, inArray, isNotNull, isNull, lt, ne, notExists, or, type SQL } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { onDuplicate } from '../../db/errors.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import { lockConversation } from './conversations.ts'
import { messagesOf, notify } from './messages.ts'
import type { Conversation, Message, Participant, Report } from './people.ts'
import { conversations, openings, participants, reports } from './tables.ts'

/** What came of a report. */
export const reportOutcomes = ['nothing_needed', 'spoken_with', 'measures_taken', 'passed_on'] as const
export type ReportOutcome = (typeof reportOutcomes)[number]

/** For a broker: whose conversation it is, and who has opened the report. */
export type SeenReport = {
  report: Report
  conversation: Conversation
  people: Participant[]
  opened: { membershipId: string; openedAt: Date }[]
}

/**
 * A participant lets brokers read the conversation, as far as it has come and they see it themselves. One at a time: what is
 * written after it takes another report.
 */
export async function reportConversation(tx: Tx, id: string, reason: string): Promise<Report> {
  const { conversation, me } = await lockConversation(tx, id)
  if (conversation.messages < me.fromNumber)
    throw new DomainError('wrong-state', 'There is no message yet that you could show.')
  const adding = tx.db
    .insert(reports)
    .values({
      timebankId: tx.timebankId,
      id: newId(),
      conversationId: conversation.id,
      reportedBy: me.membershipId,
      reason,
      fromNumber: me.fromNumber,
      toNumber: conversation.messages,
      reportedAt: tx.now
    })
    .returning()
  const [report] = await onDuplicate(
    'reports_open_once',
    adding,
    () => new DomainError('already-exists', 'Your report of this conversation is still open.')
  )
  await audit(tx, {
    action: 'conversation.reported',
    subject: { type: 'conversation', id: conversation.id },
    changes: { report: report!.id, fromNumber: report!.fromNumber, toNumber: report!.toNumber, fields: ['reason'] }
  })
  return report!
}

/** Nobody of the staff handles, or as much as sees, what was said in a conversation of their own. */
const notMine = (tx: Tx): SQL =>
  notExists(
    tx.db
      .select({ id: participants.membershipId })
      .from(participants)
      .where(
        and(
          eq(participants.timebankId, tx.timebankId),
          eq(participants.conversationId, reports.conversationId),
          eq(participants.membershipId, tx.actor.membershipId!)
        )
      )
  )

const states = { open: isNull(reports.closedAt), closed: isNotNull(reports.closedAt), all: undefined }
export type ReportState = keyof typeof states

/** Newest first. One more than `limit` where there are more. */
export async function listReports(
  tx: Tx,
  state: ReportState,
  before: string | null,
  limit: number
): Promise<SeenReport[]> {
  const found = await tx.db
    .select()
    .from(reports)
    .where(
      and(
        eq(reports.timebankId, tx.timebankId),
        states[state],
        before === null ? undefined : lt(reports.id, before),
        notMine(tx)
      )
    )
    .orderBy(desc(reports.id))
    .limit(limit + 1)
  return seen(tx, found)
}

export async function getReport(tx: Tx, id: string): Promise<SeenReport> {
  const [report] = await tx.db
    .select()
    .from(reports)
    .where(and(eq(reports.timebankId, tx.timebankId), eq(reports.id, id), notMine(tx)))
  if (!report) throw notFound('report')
  const [found] = await seen(tx, [report])
  return found!
}

async function seen(tx: Tx, found: readonly Report[]): Promise<SeenReport[]> {
  if (found.length === 0) return []
  const ids = [...new Set(found.map(({ conversationId }) => conversationId))]
  const theirs = await tx.db
    .select()
    .from(conversations)
    .where(and(eq(conversations.timebankId, tx.timebankId), inArray(conversations.id, ids)))
  const people = await tx.db
    .select()
    .from(participants)
    .where(and(eq(participants.timebankId, tx.timebankId), inArray(participants.conversationId, ids)))
    .orderBy(asc(participants.side), asc(participants.membershipId))
  const opened = await tx.db
    .select()
    .from(openings)
    .where(
      and(
        eq(openings.timebankId, tx.timebankId),
        inArray(
          openings.reportId,
          found.map(({ id }) => id)
        )
      )
    )
    .orderBy(asc(openings.openedAt), asc(openings.membershipId))
  return found.map((report) => ({
    report,
    conversation: theirs.find(({ id }) => id === report.conversationId)!,
    people: people.filter(({ conversationId }) => conversationId === report.conversationId),
    opened: opened.filter(({ reportId }) => reportId === report.id)
  }))
}

/** A broker opens a report: from then on they may read what it shows, and it is known that they did. */
export async function openReport(tx: Tx, id: string): Promise<SeenReport> {
  const { report } = await lockOpen(tx, id)
  const { rowCount } = await tx.db
    .insert(openings)
    .values({
      timebankId: tx.timebankId,
      reportId: report.id,
      membershipId: tx.actor.membershipId!,
      openedAt: tx.now
    })
    .onConflictDoNothing()
  if (rowCount === 1)
    await audit(tx, {
      action: 'conversation.report-opened',
      subject: { type: 'conversation', id: report.conversationId },
      changes: { report: report.id }
    })
  return getReport(tx, id)
}

/** What a report shows, newest first, to a broker who has opened it, until it is closed. */
export async function reportedMessages(tx: Tx, id: string, before: number | null, limit: number): Promise<Message[]> {
  const found = await getReport(tx, id)
  refuseUnopened(tx, found)
  const { report, conversation } = found
  const beyond = report.toNumber + 1
  return messagesOf(tx, conversation, report.fromNumber, before === null ? beyond : Math.min(before, beyond), limit)
}

/**
 * A broker notes what came of it. The reporter is told, and so are the others: that, from which to which message, what was
 * written was shown. Not sooner, so that there is time to speak with the reporter first.
 */
export async function closeReport(
  tx: Tx,
  id: string,
  { outcome, note }: { outcome: ReportOutcome; note: string | null }
): Promise<SeenReport> {
  const found = await lockOpen(tx, id)
  refuseUnopened(tx, found)
  const { report, people } = found
  await tx.db
    .update(reports)
    .set({ closedAt: tx.now, closedBy: tx.actor.membershipId, outcome, note })
    .where(and(eq(reports.timebankId, tx.timebankId), eq(reports.id, id)))
  await audit(tx, {
    action: 'conversation.report-closed',
    subject: { type: 'conversation', id: report.conversationId },
    changes: { report: report.id, outcome, ...(note === null ? {} : { fields: ['note'] }) }
  })
  const reporter = people.filter(({ membershipId }) => membershipId === report.reportedBy)
  const others = people.filter(({ membershipId }) => membershipId !== report.reportedBy)
  await notify(tx, report.conversationId, reporter, 'conversation.report-closed')
  await notify(tx, report.conversationId, others, 'conversation.shown')
  return getReport(tx, id)
}

async function lockOpen(tx: Tx, id: string): Promise<SeenReport> {
  await tx.db
    .select({ id: reports.id })
    .from(reports)
    .where(and(eq(reports.timebankId, tx.timebankId), eq(reports.id, id)))
    .for('no key update')
  const found = await getReport(tx, id)
  if (found.report.closedAt !== null) throw closed()
  return found
}

function refuseUnopened(tx: Tx, { report, opened }: SeenReport): void {
  if (report.closedAt !== null) throw closed()
  if (!opened.some(({ membershipId }) => membershipId === tx.actor.membershipId))
    throw new DomainError('wrong-state', 'Open the report first: it is noted who reads what people wrote.')
}

const closed = () => new DomainError('wrong-state', 'The report is closed, and what it showed with it.')

/** After so long the others know in any case, whether or not somebody has dealt with it. */
const untoldMs = 28 * 24 * 60 * 60 * 1000

/** Of some conversations what the caller knows was shown to brokers: at once where they did so, later where somebody else did. */
export async function shownOf(tx: Tx, conversationIds: readonly string[]): Promise<Report[]> {
  if (conversationIds.length === 0) return []
  return tx.db
    .select()
    .from(reports)
    .where(
      and(
        eq(reports.timebankId, tx.timebankId),
        inArray(reports.conversationId, [...conversationIds]),
        or(
          eq(reports.reportedBy, tx.actor.membershipId!),
          isNotNull(reports.closedAt),
          and(
            ne(reports.reportedBy, tx.actor.membershipId!),
            lt(reports.reportedAt, new Date(tx.now.getTime() - untoldMs))
          )
        )
      )
    )
    .orderBy(asc(reports.id))
}
