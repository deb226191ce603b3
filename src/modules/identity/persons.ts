import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Queries } from '../../db/client.ts'
import { onDuplicate } from '../../db/errors.ts'
import { DomainError, notFound, refuseFaults } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { persons } from './tables.ts'

export type Person = {
  id: string
  email: string | null
  emailVerified: boolean
  name: string
  locale: string
  hasPassword: boolean
  operator: boolean
  rowVersion: number
}

/** `email` null: a person without a login. */
export type NewPerson = { email: string | null; name: string; locale: string }

/** One `@`, no blanks, quotes, brackets or control characters: nothing that could be read as a second address or header. */
export const emailPattern =
  /^[^\s@<>()[\]\\,;:"\p{C}]{1,64}@[^\s@<>()[\]\\,;:"\p{C}.]+(?:\.[^\s@<>()[\]\\,;:"\p{C}.]+)+$/u
export const localePattern = /^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,4}$/
/** One line. */
export const namePattern = /^[^\p{Cc}\p{Zl}\p{Zp}]+$/u
export const longestEmail = 254
export const longestName = 200

/** The form in which addresses are compared and kept. */
export const foldEmail = (email: string): string => email.trim().normalize('NFC').toLowerCase()

export const isEmail = (email: string): boolean => email.length <= longestEmail && emailPattern.test(email)

/** Makes a person; 409 where the address belongs to somebody. */
export async function createPerson(db: Queries, person: NewPerson): Promise<string> {
  const row = checked(person)
  await onDuplicate(
    'persons_email_unique',
    db.insert(persons).values(row).then(),
    () => new DomainError('already-exists', 'Somebody with this e-mail address is known already.')
  )
  return row.id
}

/**
 * The person to whom the address belongs, as they are, or a new one. Two at once get the same person. Without an address
 * it is always a new one.
 */
export async function findOrCreatePersonByEmail(db: Queries, person: NewPerson): Promise<string> {
  const row = checked(person)
  const [made] = await db
    .insert(persons)
    .values(row)
    .onConflictDoNothing({ target: persons.email })
    .returning({ id: persons.id })
  if (made || row.email === null) return row.id
  const [known] = await db.select({ id: persons.id }).from(persons).where(eq(persons.email, row.email))
  // gone between the two statements
  if (!known) throw new DomainError('conflict')
  return known.id
}

/**
 * The same for many at once, in the order given, with two statements: one at a time would be most of the time of an import.
 * The same address twice is the same person.
 */
export async function findOrCreatePersons(db: Queries, people: readonly NewPerson[]): Promise<string[]> {
  if (people.length === 0) return []
  refuseFaults(people.flatMap((person, i) => faultsOf(person).map((f) => ({ ...f, pointer: `/${i}${f.pointer}` }))))
  const rows = people.map(rowOf)
  const column = (name: 'id' | 'email' | 'name' | 'locale') => sql.param(rows.map((row) => row[name]))
  await db.execute(sql`
    INSERT INTO identity.persons (id, email, name, locale)
    SELECT * FROM unnest(${column('id')}::uuid[], ${column('email')}::text[], ${column('name')}::text[], ${column('locale')}::text[])
    ON CONFLICT (email) DO NOTHING`)
  const emails = sql.param(rows.flatMap(({ email }) => email ?? []))
  const known = await db
    .select({ id: persons.id, email: persons.email })
    .from(persons)
    .where(sql`${persons.email} = any (${emails}::text[])`)
  const byEmail = new Map(known.map(({ id, email }) => [email, id]))
  return rows.map(({ id, email }) => {
    const found = email === null ? id : byEmail.get(email)
    // gone between the two statements
    if (found === undefined) throw new DomainError('conflict')
    return found
  })
}

/**
 * Gives a person without a login an address to sign in by; the first mailed link verifies it. Answers who has the address
 * now: the person, or somebody else who had it before, and stays in existence until this transaction ends. 409 where the
 * person has a login.
 */
export async function giveLogin(db: Queries, personId: string, address: string): Promise<string> {
  const email = foldEmail(address)
  refuseFaults(emailFaults(email))
  const [person] = await db.select({ email: persons.email }).from(persons).where(eq(persons.id, personId)).for('update')
  if (!person) throw notFound('person')
  if (person.email !== null) throw new DomainError('conflict', 'This person has a login already.')
  const [owner] = await db.select({ id: persons.id }).from(persons).where(eq(persons.email, email)).for('key share')
  if (owner) return owner.id
  await onDuplicate(
    'persons_email_unique',
    db
      .update(persons)
      .set({ email, emailVerifiedAt: null, rowVersion: sql`${persons.rowVersion} + 1` })
      .where(and(eq(persons.id, personId), isNull(persons.email)))
      .then(),
    // taken at this moment; the next attempt finds its owner
    () => new DomainError('conflict')
  )
  return personId
}

export async function getPerson(db: Queries, personId: string): Promise<Person> {
  const [row] = await db.select().from(persons).where(eq(persons.id, personId))
  if (!row) throw notFound('person')
  return seen(row)
}

/** Changes what the person has read as `rowVersion`; 412 where it has changed since. */
export async function updatePerson(
  db: Queries,
  personId: string,
  rowVersion: number,
  changes: { name?: string | undefined; locale?: string | undefined }
): Promise<Person> {
  const { name, locale } = changes
  refuseFaults([...(name === undefined ? [] : nameFaults(name)), ...(locale === undefined ? [] : localeFaults(locale))])
  const [row] = await db
    .update(persons)
    .set({
      ...(name === undefined ? {} : { name: name.trim() }),
      ...(locale === undefined ? {} : { locale }),
      rowVersion: sql`${persons.rowVersion} + 1`
    })
    .where(and(eq(persons.id, personId), eq(persons.rowVersion, rowVersion)))
    .returning()
  if (!row) throw new DomainError('precondition-failed')
  return seen(row)
}

/** Operators run the installation: they make timebanks, and are members only where they were made so. */
export async function makeOperator(db: Queries, personId: string): Promise<void> {
  const [row] = await db
    .update(persons)
    .set({ operator: true, rowVersion: sql`${persons.rowVersion} + 1` })
    .where(eq(persons.id, personId))
    .returning({ id: persons.id })
  if (!row) throw notFound('person')
}

const seen = (row: typeof persons.$inferSelect): Person => ({
  id: row.id,
  email: row.email,
  emailVerified: row.emailVerifiedAt !== null,
  name: row.name,
  locale: row.locale,
  hasPassword: row.passwordHash !== null,
  operator: row.operator,
  rowVersion: row.rowVersion
})

function checked(person: NewPerson): NewPerson & { id: string } {
  refuseFaults(faultsOf(person))
  return rowOf(person)
}

const rowOf = ({ email, name, locale }: NewPerson): NewPerson & { id: string } => ({
  id: newId(),
  email: email === null ? null : foldEmail(email),
  name: name.trim(),
  locale
})

const faultsOf = ({ email, name, locale }: NewPerson) => [
  ...(email === null ? [] : emailFaults(foldEmail(email))),
  ...nameFaults(name),
  ...localeFaults(locale)
]

const emailFaults = (folded: string) =>
  isEmail(folded) ? [] : [{ pointer: '/email', detail: 'Not an e-mail address.' }]

const nameFaults = (name: string) =>
  name.trim() !== '' && name.length <= longestName && namePattern.test(name)
    ? []
    : [{ pointer: '/name', detail: `1 to ${longestName} characters in one line.` }]

const localeFaults = (locale: string) =>
  localePattern.test(locale) ? [] : [{ pointer: '/locale', detail: 'A language tag such as en, cy or es-MX.' }]
