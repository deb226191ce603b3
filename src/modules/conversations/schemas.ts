import { z } from 'zod'
import { pageQuery, text } from '../../http/index.ts'
import { noticeSchema } from '../notices/schemas.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { aboutKinds } from './about.ts'
import { mostCounted } from './inbox.ts'
import { reportOutcomes } from './reports.ts'

export const offerParams = z.object({ ...timebankParams.shape, offer: z.uuid() })
export const requestParams = z.object({ ...timebankParams.shape, request: z.uuid() })
export const exchangeParams = z.object({ ...timebankParams.shape, exchange: z.uuid() })
export const memberParams = z.object({
  ...timebankParams.shape,
  member: z.string().max(36).describe('Id or number of the member')
})
export const conversationParams = z.object({ ...timebankParams.shape, conversation: z.uuid() })

export const messageInput = z.strictObject({ text: text(4000).min(1).describe('1 to 4,000 characters') })
export const readInput = z.strictObject({
  upTo: z.int().min(0).max(2_147_483_647).describe('Number of the last message that has been read; 0: none')
})
export const muteInput = z.strictObject({ muted: z.boolean() })

export const listQuery = z.strictObject({
  ...pageQuery,
  unread: z.enum(['true', 'false']).default('false').describe('`true`: only those with unread messages')
})
export const messagesQuery = z.strictObject(pageQuery)

const name = z
  .string()
  .nullable()
  .describe('Display name. null: has not written yet, and does not show their profile to members')

const person = {
  memberId: z.uuid().nullable().describe('null where the name is'),
  memberNumber: z.int().nullable().describe('null where the name is'),
  name,
  you: z.boolean()
}

export const messageSchema = z
  .object({
    number: z.int().describe('Within its conversation, from 1'),
    author: z.object(person),
    text: z.string().describe('Empty where it is erased'),
    erased: z.boolean().describe('Its author has been erased, and with them what they wrote'),
    writtenAt: z.date()
  })
  .meta({ id: 'Message' })

export const conversationSchema = z
  .object({
    id: z.uuid(),
    about: z
      .object({ kind: z.enum(aboutKinds), id: z.uuid() })
      .describe('What it is about: an offer, a request, an exchange; `member`: a broker writes to that member'),
    participants: z
      .array(
        z.object({
          ...person,
          side: z
            .enum(['asker', 'asked', 'broker'])
            .describe('asker: wrote first; asked: whom they wrote to; broker: was added on a wish of one of them'),
          organisation: z.object({ id: z.uuid(), name: z.string() }).nullable().describe('For whom they take part')
        })
      )
      .describe('Contact data is never among it: whether it is shown, the profile says'),
    startedAt: z.date(),
    lastMessageAt: z.date(),
    messages: z.int().describe('Number of the newest message'),
    lastMessage: messageSchema.nullable().describe('null: there is none that you may see'),
    readUpTo: z.int().describe('Number of the last message that you have read'),
    unread: z.int().describe('Messages of others after that'),
    muted: z.boolean().describe('You get no notices of it'),
    shown: z
      .array(
        z.object({
          fromNumber: z.int(),
          toNumber: z.int(),
          shownAt: z.date(),
          byYou: z.boolean()
        })
      )
      .describe(
        'Messages that a participant has let brokers read by a report, both numbers inclusive. You see your own at once, those of others when a broker has dealt with them, or after 28 days'
      )
  })
  .meta({ id: 'Conversation' })

export const brokerInput = z.strictObject({
  memberId: z.uuid().optional().describe('Who is to take part, a broker or admin. Default: your own broker')
})

const reason = text(1000).min(3)
export const reportInput = z.strictObject({
  reason: reason.describe('What is wrong; for brokers only, and blanked when you are erased')
})

const reportBase = {
  id: z.uuid(),
  conversationId: z.uuid(),
  reason: z.string(),
  fromNumber: z.int().describe('First message that it shows'),
  toNumber: z.int().describe('Last message that it shows: the newest when it was made'),
  reportedAt: z.date(),
  state: z.enum(['open', 'closed']),
  closedAt: z.date().nullable()
}

export const ownReportSchema = z.object(reportBase).meta({ id: 'OwnConversationReport' })

const member = z.object({ memberId: z.uuid(), memberNumber: z.int(), name: z.string() })
const outcome = z.enum(reportOutcomes)

export const reportSchema = z
  .object({
    ...reportBase,
    about: conversationSchema.shape.about,
    reportedBy: member,
    participants: z.array(member.extend({ side: z.enum(['asker', 'asked', 'broker']) })),
    openedBy: z
      .array(z.object({ memberId: z.uuid(), openedAt: z.date() }))
      .describe('Brokers who may read what it shows'),
    outcome: outcome.nullable(),
    note: z.string().nullable().describe('For staff only; blanked when somebody who takes part is erased'),
    closedBy: z.uuid().nullable().describe('Membership')
  })
  .meta({ id: 'ConversationReport' })

export const reportParams = z.object({ ...timebankParams.shape, report: z.uuid() })
export const reportsQuery = z.strictObject({
  ...pageQuery,
  state: z.enum(['open', 'closed', 'all']).default('open')
})
export const closureInput = z.strictObject({
  outcome,
  note: text(1000).min(1).optional().describe('For staff only')
})
export const emptyInput = z.strictObject({}).nullish()

export const inboxItemSchema = z
  .object({
    kind: z.enum(['conversation', 'notice']),
    text: z.string().describe('One sentence in the language of the caller, without names'),
    at: z.date().describe('Of a conversation its newest message'),
    conversation: conversationSchema.nullable(),
    notice: noticeSchema.nullable()
  })
  .meta({ id: 'InboxItem', description: 'Exactly one of conversation and notice is set, as kind says' })

const counted = (what: string) => z.int().describe(`${what}; counted up to ${mostCounted}`)
export const inboxSummarySchema = z
  .object({
    conversations: counted('Conversations with unread messages, without muted ones'),
    messages: z.int().describe('Unread messages in these'),
    notices: counted('Unread notices of anything else')
  })
  .meta({ id: 'InboxSummary' })
