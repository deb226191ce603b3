import { and, desc, eq, gt, isNull, lt, or } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import { hashSecret, newSecret } from '../identity/index.ts'
import { secrets } from './tables.ts'

/** What may be shown of a secret: everything but itself. */
export type SecretSeen = Pick<typeof secrets.$inferSelect, 'id' | 'createdAt' | 'endsAt' | 'lastUsedAt'>

const seen = {
  id: secrets.id,
  createdAt: secrets.createdAt,
  endsAt: secrets.endsAt,
  lastUsedAt: secrets.lastUsedAt
}

const ofClient = (tx: Tx, clientId: string) =>
  and(eq(secrets.timebankId, tx.timebankId), eq(secrets.clientId, clientId))
const one = (tx: Tx, id: string) => and(eq(secrets.timebankId, tx.timebankId), eq(secrets.id, id))

/** Makes a secret of a client. It is told this once; what is kept is its hash. */
export async function addSecret(
  tx: Tx,
  clientId: string,
  askedBy: string | null = null
): Promise<{ seen: SecretSeen; secret: string }> {
  const secret = newSecret()
  const [row] = await tx.db
    .insert(secrets)
    .values({
      timebankId: tx.timebankId,
      id: newId(),
      clientId,
      secretHash: hashSecret(secret),
      createdAt: tx.now,
      askedBy
    })
    .returning(seen)
  return { seen: row!, secret }
}

/** Those by which a client gets tokens now, the newest first: two at most. */
export const goodSecrets = (tx: Tx, clientId: string): Promise<SecretSeen[]> =>
  tx.db
    .select(seen)
    .from(secrets)
    .where(and(ofClient(tx, clientId), or(isNull(secrets.endsAt), gt(secrets.endsAt, tx.now))))
    .orderBy(desc(secrets.id))

/** Newest first, also those that have ended. Gives one more than `limit` where there are more. */
export const listSecrets = (
  tx: Tx,
  clientId: string,
  { before, limit }: { before: string | null; limit: number }
): Promise<SecretSeen[]> =>
  tx.db
    .select(seen)
    .from(secrets)
    .where(and(ofClient(tx, clientId), before === null ? undefined : lt(secrets.id, before)))
    .orderBy(desc(secrets.id))
    .limit(limit + 1)

export type Rotation = {
  endsPreviousAfterSeconds: number
  /** the same for a repeat of the same request; null where that cannot be told */
  askedBy: string | null
}

/**
 * A further secret of a client that the caller has locked. The one before is good for an overlap, but no longer than it would
 * have been; one before that ends at once, so that two are good at most. A repeat, whose first answer may have been lost, puts
 * another secret in the place of the one that nobody has used: the one that is in use is not the oldest by it.
 */
export async function rotateSecret(
  tx: Tx,
  clientId: string,
  { endsPreviousAfterSeconds, askedBy }: Rotation
): Promise<{ seen: SecretSeen; secret: string; previous: { id: string; endsAt: Date } | null }> {
  const lost = askedBy === null ? null : await lostSecret(tx, clientId, askedBy)
  if (lost) await tx.db.update(secrets).set({ endsAt: tx.now }).where(one(tx, lost))
  const [newest, ...older] = await goodSecrets(tx, clientId)
  const ends = new Date(tx.now.getTime() + endsPreviousAfterSeconds * 1000)
  const endsAt = newest?.endsAt && newest.endsAt < ends ? newest.endsAt : ends
  if (newest) await tx.db.update(secrets).set({ endsAt }).where(one(tx, newest.id))
  for (const { id } of older) await tx.db.update(secrets).set({ endsAt: tx.now }).where(one(tx, id))
  const made = await addSecret(tx, clientId, askedBy)
  const previous = newest ? { id: newest.id, endsAt } : null
  const ended = [...(lost ? [lost] : []), ...older.map(({ id }) => id)]
  await audit(tx, {
    action: 'agency_client.secret_added',
    subject: { type: 'agency_client', id: clientId },
    changes: { secretId: made.seen.id, ended, ...(previous && { previous }) }
  })
  return { ...made, previous }
}

/** The secret that an earlier request with the same key has made, if it can still be replaced. */
async function lostSecret(tx: Tx, clientId: string, askedBy: string): Promise<string | null> {
  const [made] = await tx.db
    .select(seen)
    .from(secrets)
    .where(and(ofClient(tx, clientId), eq(secrets.askedBy, askedBy)))
    .orderBy(desc(secrets.id))
    .limit(1)
  if (!made) return null
  const [newest] = await goodSecrets(tx, clientId)
  if (newest?.id !== made.id || made.lastUsedAt !== null)
    throw new DomainError('wrong-state', 'The secret that this request made has been used, or has ended.')
  return made.id
}

/** Ends one secret at once, of a client that the caller has locked. Not the last: who has none is revoked. */
export async function endSecret(tx: Tx, clientId: string, id: string): Promise<void> {
  const [found] = await tx.db
    .select(seen)
    .from(secrets)
    .where(and(ofClient(tx, clientId), eq(secrets.id, id)))
  if (!found) throw notFound('secret')
  const good = await goodSecrets(tx, clientId)
  if (!good.some((each) => each.id === id)) throw new DomainError('wrong-state', 'This secret has ended.')
  if (good.length === 1)
    throw new DomainError('wrong-state', 'It is the last: make another one first, or revoke the client.')
  await tx.db.update(secrets).set({ endsAt: tx.now }).where(one(tx, id))
  await audit(tx, {
    action: 'agency_client.secret_ended',
    subject: { type: 'agency_client', id: clientId },
    changes: { secretId: id }
  })
}
