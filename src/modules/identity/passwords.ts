import { and, eq, isNull, ne, sql } from 'drizzle-orm'
import type { Queries } from '../../db/client.ts'
import { DomainError, notFound, refuseFaults } from '../../shared/errors.ts'
import { guardGuess } from './guesses.ts'
import { fold, hashPassword, verifyPassword } from './hashing.ts'
import type { Identity } from './identity.ts'
import { persons, sessions } from './tables.ts'

export const shortestPassword = 10
export const longestPassword = 200

/** How long the link of a session stands in for a password that the person has forgotten. */
const linkIsProofSeconds = 30 * 60

/** Those at the head of every guesser's list, without the digits at their ends. */
const common = new Set(
  `password passwort passwordpassword motdepasse contrasena cyfrinair croeso welcome letmein iloveyou qwerty qwertyuiop
  qwertzuiop azertyuiop asdfghjkl qwertyasdf administrator admin changeme secret football superman princess sunshine
  dragon monkey trustno commonhours timebank timebanking banc amser bancamser bancodetiempo`.split(/\s+/)
)

/** What may not become a password: too short, the person's own name or address, or what is guessed first. */
export function refusePassword(
  password: string,
  person: { email: string | null; name: string },
  pointer: string
): void {
  const folded = fold(password)
  const refuse = (detail: string) => refuseFaults([{ pointer, detail }])
  // counted as people count
  const length = [...folded].length
  if (length < shortestPassword || length > longestPassword)
    refuse(`${shortestPassword} to ${longestPassword} characters.`)
  const core = coreOf(folded)
  const own = [person.email, person.email?.split('@')[0], person.name, ...person.name.split(/\s+/)]
  if (own.some((text) => text && core === coreOf(text))) refuse('Not your own name or e-mail address.')
  const guessedFirst = core === '' ? isCountedOrRepeated(folded) : common.has(core) || isCountedOrRepeated(core)
  if (guessedFirst || /^1q2w3e4r/i.test(folded)) refuse('This is one of the passwords that are guessed first.')
}

/** Letters and digits in lower case without accents, and without the digits that are put at the ends. */
const coreOf = (text: string): string =>
  text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
    .replace(/^\d+|\d+$/g, '')

/** `aaaaaaaaaa`, `1212121212`, `1234567890`. */
const isCountedOrRepeated = (text: string): boolean =>
  /^(.{1,3})\1+.?.?$/u.test(text) || '01234567890123456789'.includes(text) || '98765432109876543210'.includes(text)

/** Sets a password without asking for the present one: for set-up and commands. */
export async function setPassword(
  db: Queries,
  personId: string,
  password: string,
  pointer = '/password'
): Promise<void> {
  const [person] = await db.select().from(persons).where(eq(persons.id, personId))
  if (!person) throw notFound('person')
  refusePassword(password, person, pointer)
  await keepPassword(db, personId, await hashPassword(password))
}

/**
 * Changes one's own password, and ends all other sessions. It needs the present one, where there is one, unless this
 * session was begun by a link a moment ago: that is how a forgotten password is replaced.
 */
export async function changePassword(
  identity: Identity,
  caller: { personId: string; sessionId: string; address: string },
  passwords: { password: string; currentPassword: string | undefined }
): Promise<void> {
  const { database } = identity
  const { db } = database
  const now = database.clock()
  const [found] = await db
    .select({ person: persons, session: sessions })
    .from(sessions)
    .innerJoin(persons, eq(persons.id, sessions.personId))
    .where(and(eq(sessions.id, caller.sessionId), eq(persons.id, caller.personId)))
  if (!found) throw new DomainError('token-invalid')
  const { person, session } = found
  refusePassword(passwords.password, person, '/password')
  const linkIsFresh =
    session.begunBy === 'link' && now.getTime() - session.createdAt.getTime() < linkIsProofSeconds * 1000
  if (person.passwordHash !== null && !linkIsFresh) {
    const current = passwords.currentPassword
    if (current === undefined)
      refuseFaults([{ pointer: '/currentPassword', detail: 'Needed, because you have a password.' }])
    const right = await guardGuess(database, person.email ?? person.id, caller.address, () =>
      verifyPassword(person.passwordHash, current ?? '')
    )
    if (!right) throw new DomainError('credentials-wrong', 'The present password is another one.')
  }
  const passwordHash = await hashPassword(passwords.password)
  await db.transaction(async (tx) => {
    await keepPassword(tx, person.id, passwordHash)
    await tx
      .update(sessions)
      .set({ revokedAt: now, revokedWhy: 'password changed' })
      .where(and(eq(sessions.personId, person.id), ne(sessions.id, session.id), isNull(sessions.revokedAt)))
  })
}

async function keepPassword(db: Queries, personId: string, passwordHash: string): Promise<void> {
  await db
    .update(persons)
    .set({ passwordHash, rowVersion: sql`${persons.rowVersion} + 1` })
    .where(eq(persons.id, personId))
}
