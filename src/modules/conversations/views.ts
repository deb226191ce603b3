import type { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { memberLabels, organisationLabels } from '../members/index.ts'
import { aboutOf } from './about.ts'
import { detailsOf } from './conversations.ts'
import type { Message, Own, Participant } from './people.ts'
import type { conversationSchema, messageSchema } from './schemas.ts'

type ConversationView = z.output<typeof conversationSchema>
type MessageView = z.output<typeof messageSchema>
type Labels = Awaited<ReturnType<typeof memberLabels>>

const distinct = (ids: (string | null)[]): string[] => [...new Set(ids.filter((id) => id !== null))]

/** Conversations as those who take part see them, in a few look-ups for any number of them. */
export async function viewsOf(tx: Tx, own: readonly Own[]): Promise<ConversationView[]> {
  const { people, newest } = await detailsOf(tx, own)
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
      muted: me.muted
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
