import { and, eq, gt, isNull, lt, ne, sql } from 'drizzle-orm'
import type { Database, Queries } from '../../db/client.ts'
import { addJob } from '../../db/jobs.ts'
import { DomainError } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { wordsFor } from '../../shared/words/index.ts'
import type { Mailer } from '../mail/index.ts'
import { countLinkRequest, forgetGuesses } from './guesses.ts'
import type { Identity } from './identity.ts'
import { foldEmail } from './persons.ts'
import { hashSecret, newSecret } from './secrets.ts'
import { openSession, type Tokens, tokensFor } from './sessions.ts'
import { links, persons } from './tables.ts'

export const mailLinkTask = 'identity.mail_link'

const linkMinutes = 15
/** While an unused link is younger than this, no other one is mailed. */
const pauseMs = 2 * 60_000
const validUntil = (from: Date): Date => new Date(from.getTime() + linkMinutes * 60_000)

/**
 * Takes a wish for a sign-in link. It does the same for every address, known or not: only the job, later and unseen,
 * looks whose it is. The job's payload holds no address.
 */
export async function askForLink(
  database: Database,
  { email, address }: { email: string; address: string }
): Promise<void> {
  const account = foldEmail(email)
  if (!(await countLinkRequest(database, account, address))) return
  const now = database.clock()
  const id = newId()
  await database.db.transaction(async (tx) => {
    await tx.insert(links).values({ id, email: account, askedAt: now, expiresAt: validUntil(now) })
    await addJob(tx, mailLinkTask, { id })
  })
}

/**
 * Mails one link that was asked for, or drops it where nobody has the address or one is on its way already. A second attempt, after the mail server
 * was away, makes a new token: the one before may or may not have arrived, and is void.
 */
export async function mailLink(
  { database, mailer, publicUrl }: { database: Database; mailer: Mailer; publicUrl: string },
  id: string
): Promise<void> {
  const { db } = database
  const now = database.clock()
  const [link] = await db.select().from(links).where(eq(links.id, id))
  // whoever waits longer than a link is valid has asked again
  if (!link || link.usedAt !== null || validUntil(link.askedAt) <= now) return
  const [person] = await db
    .select({ id: persons.id, name: persons.name, locale: persons.locale })
    .from(persons)
    .where(eq(persons.email, link.email))
  if (!person || (await followsClosely(db, link))) {
    await db.delete(links).where(eq(links.id, id))
    return
  }
  const token = newSecret()
  await db
    .update(links)
    .set({ personId: person.id, tokenHash: hashSecret(token), expiresAt: validUntil(now) })
    .where(eq(links.id, id))
  const { subject, text } = wordsFor(person.locale).words.signInLink({
    name: person.name,
    url: `${publicUrl}/sign-in#token=${token}`,
    code: token,
    minutes: linkMinutes
  })
  await mailer.send({ to: link.email, subject, text })
}

/** Looked for here and not where links are asked for, which does the same whether or not anybody has the address. */
async function followsClosely(db: Queries, link: typeof links.$inferSelect): Promise<boolean> {
  const [earlier] = await db
    .select({ id: links.id })
    .from(links)
    .where(
      and(
        eq(links.email, link.email),
        // ids rise: of several that are mailed at the same moment the first one goes out
        lt(links.id, link.id),
        isNull(links.usedAt),
        gt(links.askedAt, new Date(link.askedAt.getTime() - pauseMs))
      )
    )
    .limit(1)
  return earlier !== undefined
}

/** Signs in by a link, once; it also shows that the address is the person's own. Two at once: one gets in. */
export async function redeemLink(identity: Identity, token: string): Promise<Tokens> {
  const { database } = identity
  const sign = await identity.signer()
  const now = database.clock()
  const { session, email } = await database.db.transaction(async (tx) => {
    const [link] = await tx
      .update(links)
      .set({ usedAt: now })
      .where(and(eq(links.tokenHash, hashSecret(token)), isNull(links.usedAt), gt(links.expiresAt, now)))
      .returning()
    if (!link?.personId) throw new DomainError('link-invalid')
    // the address may have been taken from the person since
    const [person] = await tx
      .update(persons)
      .set({
        emailVerifiedAt: sql`coalesce(${persons.emailVerifiedAt}, ${now.toISOString()}::timestamptz)`,
        rowVersion: sql`${persons.rowVersion} + (${persons.emailVerifiedAt} IS NULL)::int`
      })
      .where(and(eq(persons.id, link.personId), eq(persons.email, link.email)))
      .returning({ id: persons.id })
    if (!person) throw new DomainError('link-invalid')
    // others on their way lie about in mailboxes for nothing
    await tx.delete(links).where(and(eq(links.personId, person.id), ne(links.id, link.id)))
    return { session: await openSession(tx, now, person.id, 'link'), email: link.email }
  })
  // a mailbox proves more than a password: whoever was locked out by others' guesses gets in again
  await forgetGuesses(database, email)
  return tokensFor(sign, session)
}
