import { eq } from 'drizzle-orm'
import { DomainError } from '../../shared/errors.ts'
import { guardGuess } from './guesses.ts'
import { verifyPassword } from './hashing.ts'
import type { Identity } from './identity.ts'
import { foldEmail } from './persons.ts'
import { beginSession, type Tokens } from './sessions.ts'
import { persons } from './tables.ts'

/**
 * Signs in by password. Unknown accounts, accounts without a password and wrong passwords take the same way, the same
 * time and get the same answer. `address` is where the request came from.
 */
export async function signIn(
  identity: Identity,
  { email, password, address }: { email: string; password: string; address: string }
): Promise<Tokens> {
  const { database } = identity
  const account = foldEmail(email)
  let personId: string | undefined
  const right = await guardGuess(database, account, address, async () => {
    const [person] = await database.db
      .select({ id: persons.id, passwordHash: persons.passwordHash })
      .from(persons)
      .where(eq(persons.email, account))
    personId = person?.id
    return verifyPassword(person?.passwordHash ?? null, password)
  })
  if (!right || personId === undefined) throw new DomainError('credentials-wrong')
  return beginSession(identity, personId, 'password')
}
