import { eq, lt, notExists, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Database } from '../../db/client.ts'
import type { Cron, Tasks } from '../../db/jobs.ts'
import type { Mailer } from '../mail/index.ts'
import { purgeGuesses } from './guesses.ts'
import { purgeSigningKeys } from './keys.ts'
import { mailLink, mailLinkTask } from './links.ts'
import { links, refreshTokens, sessions } from './tables.ts'

const purgeTask = 'identity.purge'
const byId = z.object({ id: z.uuid() })

/** What the job queue's worker does for this module. */
export const identityTasks = (options: { database: Database; mailer: Mailer; publicUrl: string }): Tasks => ({
  [mailLinkTask]: (payload) => mailLink(options, byId.parse(payload).id),
  [purgeTask]: () => purgeExpired(options.database)
})

export const identityCron: readonly Cron[] = [{ task: purgeTask, match: '17 * * * *' }]

/** Forgets what has had its time: links, refresh tokens, sessions, guesses, retired keys. */
export async function purgeExpired(database: Database): Promise<void> {
  const { db } = database
  const now = database.clock()
  await db.delete(links).where(lt(links.expiresAt, now))
  // Used tokens stay until they would have expired: it is by them that a second use is noticed. The hour keeps us away
  // from a session that is being refreshed at the last moment.
  const anHourAgo = new Date(now.getTime() - 60 * 60_000)
  await db.delete(refreshTokens).where(lt(refreshTokens.expiresAt, anHourAgo))
  await db
    .delete(sessions)
    .where(notExists(db.select({ one: sql`1` }).from(refreshTokens).where(eq(refreshTokens.sessionId, sessions.id))))
  await purgeGuesses(database)
  await purgeSigningKeys(database)
}
