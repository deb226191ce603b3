import type { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import type { NoticeKind } from '../../shared/notice-kinds.ts'
import { wordsFor } from '../../shared/words/index.ts'
import { getPerson } from '../identity/index.ts'
import { memberLabels, organisationLabels } from '../members/index.ts'
import { policyInForce } from '../timebanks/index.ts'
import { aboutOf } from './about.ts'
import { detailsOf } from './conversations.ts'
import type { InboxItem } from './inbox.ts'
import type { Message, Own, Participant, Report } from './people.ts'
import { type SeenReport, shownOf } from './reports.ts'
import type { conversationSchema, inboxItemSchema, messageSchema, ownReportSchema, reportSchema } from './schemas.ts'

type ConversationView = z.output<typeof conversationSchema>
type MessageView = z.output<typeof messageSchema>
type Labels = Awaited<ReturnType<typeof memberLabels>>

const distinct = (ids: (string | null)[]): string[] => [...new Set(ids.filter((id) => id !== null))]

/** Conversations as those who take part see them, in a few look-ups for any number of them. */
export async function viewsOf(tx: Tx, own: readonly Own[]): Promise<ConversationView[]> {
  const { people, newest } = await detailsOf(tx, own)
  const reports = await shownOf(
    tx,
    own.map(({ conversation }) => conversation.id)
  )
  const authors = [...newest.values()].map(({ authorId }) => authorId)
  const labels = await memberLabels(tx, distinct([...people.map(({ membershipId }) => membershipId), ...authors]))
  const organisations = await organisationLabels(tx, distinct(people.map(({ organisationId }) => organisationId)))
  return own.map(({ conversation, me }) => {
    const { id, startedAt, lastMessageAt, messages } = conversation
    const about = aboutOf(conversation)
    const last = newest.get(id)
    // the sides of an exchange know each other
    const known = (x: Participant) => about.kind === 'exchange' || x.wrote || isStaff(tx.actor)
    return {
      id,
      about,
      participants: people
        .filter(({ conversationId }) => conversationId === id)
        .map((x) => ({
          ...personView(tx, labels, x.membershipId, known(x)),
          side: x.side as 'asker',
          organisation:
            x.organisationId === null
              ? null
              : { id: x.organisationId, name: organisations.get(x.organisationId)?.name ?? '' }
        })),
      startedAt,
      lastMessageAt,
      messages,
      lastMessage: last && last.number >= me.fromNumber ? messageView(tx, labels, last) : null,
      readUpTo: me.readUpTo,
      unread: me.unread,
      muted: me.muted,
      shown: reports
        .filter(({ conversationId }) => conversationId === id)
        .map(({ fromNumber, toNumber, reportedAt, reportedBy }) => ({
          fromNumber,
          toNumber,
          shownAt: reportedAt,
          byYou: reportedBy === me.membershipId
        }))
    }
  })
}

export async function viewOf(tx: Tx, own: Own): Promise<ConversationView> {
  const [view] = await viewsOf(tx, [own])
  return view!
}

export async function messageViews(tx: Tx, found: readonly Message[]): Promise<MessageView[]> {
  const labels = await memberLabels(tx, distinct(found.map(({ authorId }) => authorId)))
  return found.map((message) => messageView(tx, labels, message))
}

const messageView = (tx: Tx, labels: Labels, { number, authorId, text, erased, createdAt }: Message): MessageView => ({
  number,
  // who has written is named
  author: personView(tx, labels, authorId, true),
  text,
  erased,
  writtenAt: createdAt
})

function personView(tx: Tx, labels: Labels, membershipId: string, known: boolean) {
  const label = labels.get(membershipId)
  const you = membershipId === tx.actor.membershipId
  const shown = label && (known || you || label.visible)
  return {
    memberId: shown ? membershipId : null,
    memberNumber: shown ? label.number : null,
    name: shown ? label.displayName : null,
    you
  }
}

export const ownReportView = (report: Report): z.output<typeof ownReportSchema> => {
  const { id, conversationId, reason, fromNumber, toNumber, reportedAt, closedAt } = report
  const state = closedAt === null ? 'open' : 'closed'
  return { id, conversationId, reason, fromNumber, toNumber, reportedAt, state, closedAt }
}

/** For brokers: who wrote with whom, and nothing of what. */
export async function reportViews(tx: Tx, found: readonly SeenReport[]): Promise<z.output<typeof reportSchema>[]> {
  const ids = found.flatMap(({ report, people }) => [report.reportedBy, ...people.map((x) => x.membershipId)])
  const labels = await memberLabels(tx, distinct(ids))
  const member = (memberId: string) => {
    const { number, displayName } = labels.get(memberId)!
    return { memberId, memberNumber: number, name: displayName }
  }
  return found.map(({ report, conversation, people, opened }) => ({
    ...ownReportView(report),
    about: aboutOf(conversation),
    reportedBy: member(report.reportedBy),
    participants: people.map(({ membershipId, side }) => ({ ...member(membershipId), side: side as 'asker' })),
    openedBy: opened.map(({ membershipId, openedAt }) => ({ memberId: membershipId, openedAt })),
    outcome: report.outcome as 'passed_on' | null,
    note: report.note,
    closedBy: report.closedBy
  }))
}

export async function reportView(tx: Tx, found: SeenReport): Promise<z.output<typeof reportSchema>> {
  const [view] = await reportViews(tx, [found])
  return view!
}

export async function inboxViews(tx: Tx, items: readonly InboxItem[]): Promise<z.output<typeof inboxItemSchema>[]> {
  const conversations = items.flatMap((item) => (item.kind === 'conversation' ? [item.own] : []))
  const views = new Map((await viewsOf(tx, conversations)).map((view) => [view.id, view]))
  const { notices } = (await wordsOf(tx)).words
  const nobody = { who: null, what: null, when: null }
  return items.map((item) => {
    if (item.kind === 'notice') {
      const { kind, createdAt } = item.notice
      // of kinds that are no more there may be notices for a while
      const text = Object.hasOwn(notices, kind) ? notices[kind as NoticeKind](nobody) : ''
      return { kind: 'notice' as const, text, at: createdAt, conversation: null, notice: item.notice }
    }
    const conversation = views.get(item.own.conversation.id)!
    const who = conversation.lastMessage?.author.name ?? null
    const text = notices['conversation.message']({ ...nobody, who })
    return { kind: 'conversation' as const, text, at: conversation.lastMessageAt, conversation, notice: null }
  })
}

/** In the caller's own language, else in the timebank's. */
async function wordsOf(tx: Tx) {
  const { personId } = tx.actor
  const person = personId === null ? null : await getPerson(tx.db, personId)
  const { rules } = await policyInForce(tx)
  return wordsFor(...(person ? [person.locale] : []), rules.locale)
}
