import { and, eq, isNull } from 'drizzle-orm'
import { type Database, inTimebank, type Tx } from '../../db/client.ts'
import { systemActor } from '../../shared/actor.ts'
import type { NoticeTopic } from '../../shared/notice-kinds.ts'
import { type Mail, type Mailer, refusalIn } from '../mail/index.ts'
import { findMembership } from '../members/index.ts'
import { currentPolicy } from '../timebanks/index.ts'
import { composeMail } from './compose.ts'
import { isReached } from './gather.ts'
import { preferencesOf, wayOf } from './preferences.ts'
import { mails } from './tables.ts'
import { stopToken } from './tokens.ts'

export type Post = { database: Database; mailer: Mailer; publicUrl: string }

/** What a mail server has not taken for so long is news no more. */
const givenUpAfterMs = 3 * 24 * 60 * 60_000

/**
 * Sends a mail that was made and notes it, once. Where the process ends in between, the job is repeated and the mail comes twice,
 * with the same Message-ID. A refusal for good is noted, and the mail given up; any other failure is left to the queue,
 * which repeats it later and later.
 */
export async function sendMail(post: Post, timebankId: string, id: string): Promise<void> {
  const inside = <T>(work: (tx: Tx) => Promise<T>) => inTimebank(post.database, timebankId, systemActor, work)
  const [found] = await inside((tx) => tx.db.select().from(mails).where(one(tx, id)))
  if (!found || found.sentAt !== null || found.refused !== null) return
  const { membershipId, topics } = found
  const stop = `${post.publicUrl}/v1/unsubscribe/${await stopToken(post.database, {
    timebankId,
    membershipId,
    topics: topics as NoticeTopic[]
  })}`
  const mail = await inside((tx) => written(tx, found, { publicUrl: post.publicUrl, stop }))
  if (mail === null) return inside((tx) => note(tx, id, { refused: 'unwanted' }))
  try {
    await post.mailer.send({ ...mail, id, unsubscribe: stop })
  } catch (error) {
    const code = refusalIn(error)
    if (code !== null) return inside((tx) => note(tx, id, { refused: String(code) }))
    const late = post.database.clock().getTime() - found.madeAt.getTime() > givenUpAfterMs
    if (late) await inside((tx) => note(tx, id, { refused: 'late' }))
    else throw error
    return
  }
  await inside((tx) => note(tx, id, { sentAt: tx.now }))
}

/** Null where nobody wants it any more. */
async function written(
  tx: Tx,
  { membershipId, noticeIds, topics }: typeof mails.$inferSelect,
  links: { publicUrl: string; stop: string }
): Promise<Mail | null> {
  const member = await findMembership(tx, membershipId)
  if (!isReached(member)) return null
  const chosen = await preferencesOf(tx, membershipId)
  const { rules } = await currentPolicy(tx)
  if (topics.every((topic) => wayOf(chosen, topic as NoticeTopic, rules) === 'never')) return null
  const composed = await composeMail(tx, member, noticeIds, topics, chosen, links)
  return composed && { ...composed, to: member.email }
}

const one = (tx: Tx, id: string) => and(eq(mails.timebankId, tx.timebankId), eq(mails.id, id))

async function note(tx: Tx, id: string, end: { sentAt: Date } | { refused: string }): Promise<void> {
  await tx.db
    .update(mails)
    .set(end)
    .where(and(one(tx, id), isNull(mails.sentAt), isNull(mails.refused)))
}
