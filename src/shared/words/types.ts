import type { FollowUpStep } from '../follow-up-steps.ts'
import type { NoticeKind } from '../notice-kinds.ts'

/** What is known of a notice's subject when it is told; null where there is nothing to say, or it may not be said. */
export type NoticeFacts = {
  /** display name of who did it, or of the other side */
  who: string | null
  /** title or category of what it is about */
  what: string | null
  /** day, or day and time, written in the language */
  when: string | null
}

/** All that the service says to people in one language. Another language is one more file of this shape. */
export type Words = {
  /** one sentence for each kind of notice: in the inbox, and in mails */
  notices: Record<NoticeKind, (facts: NoticeFacts) => string>
  /** what a broker is advised to do next */
  followUps: Record<FollowUpStep, string>
}
