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
export async function addSecret(tx: Tx, clientId: string): Promise<{ seen: SecretSeen; secret: string }> {
  const secret = newSecret()
  const [row] = await tx.db
    .insert(secrets)
    .values({ timebankId: tx.timebankId, id: newId(), clientId, secretHash: hashSecret(secret), createdAt: tx.now })
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

/**
 * A further secret of a client that the caller has locked. The one before is good for an overlap, but no longer than it would
 * have been; one before that ends at once, so that two are good at most.
 */
export async function rotateSecret(
  tx: Tx,
  clientId: string,
  endsPreviousAfterSeconds: number
): Promise<{ seen: SecretSeen; secret: string; previous: { id: string; endsAt: Date } | null }> {
  const [newest, ...older] = await goodSecrets(tx, clientId)
  const ends = new Date(tx.now.getTime() + endsPreviousAfterSeconds * 1000)
  const endsAt = newest?.endsAt && newest.endsAt < ends ? newest.endsAt : ends
  if (newest) await tx.db.update(secrets).set({ endsAt }).where(one(tx, newest.id))
  for (const { id } of older) await tx.db.update(secrets).set({ endsAt: tx.now }).where(one(tx, id))
  const made = await addSecret(tx, clientId)
  const previous = newest ? { id: newest.id, endsAt } : null
  await audit(tx, {
    action: 'agency_client.secret_added',
    subject: { type: 'agency_client', id: clientId },
    changes: { secretId: made.seen.id, ended: older.map(({ id }) => id), ...(previous && { previous }) }
  })
  return { ...made, previous }
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
