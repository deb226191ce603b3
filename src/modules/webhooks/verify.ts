import { randomBytes } from 'node:crypto'
import { inTimebank } from '../../db/client.ts'
import { systemActor } from '../../shared/actor.ts'
import { newId } from '../../shared/ids.ts'
import { type Endpoint, noted, one, signingSecrets } from './endpoints.ts'
import { type Answer, post } from './post.ts'
import { signedHeaders } from './secrets.ts'
import { plainHeaders, queueTurn, type Sender } from './send.ts'
import { endpoints } from './tables.ts'

/**
 * Sends a challenge, once, and takes note of the answer. Whoever echoes it can read what is sent there and wants it: an address
 * of somebody else is not made to receive anything more. The challenge is kept nowhere.
 */
export async function verifyEndpoint(sender: Sender, timebankId: string, endpointId: string): Promise<void> {
  const { database, line, signal } = sender
  const [endpoint] = (await inTimebank(
    database,
    timebankId,
    systemActor,
    (tx) => tx.db.select().from(endpoints).where(one(tx, endpointId)),
    { readOnly: true }
  )) as Endpoint[]
  if (!endpoint || endpoint.state === 'disabled') return
  const challenge = randomBytes(24).toString('base64url')
  const at = database.clock()
  const data = { timebankId, id: endpointId, challenge }
  const body = JSON.stringify({ type: 'endpoint.verification', timestamp: at.toISOString(), data })
  const headers = { ...plainHeaders, ...signedHeaders(await signingSecrets(database, endpoint), newId(), at, body) }
  const answer = await post(line, endpoint.url, headers, body, signal)
  const outcome = answer.outcome === 'answered' && !echoes(answer, challenge) ? 'challenge' : answer.outcome
  sender.note(endpointId, { ...answer, outcome })
  await inTimebank(database, timebankId, systemActor, async (tx) => {
    const [now] = (await tx.db.select().from(endpoints).where(one(tx, endpointId)).for('no key update')) as Endpoint[]
    // what another address has answered says nothing of this one
    if (!now || now.state === 'disabled' || now.url !== endpoint.url) return
    const passes = now.state === 'unverified' && outcome === 'answered'
    await tx.db
      .update(endpoints)
      .set({
        triedAt: tx.now,
        triedOutcome: outcome,
        ...(outcome === 'answered' ? { verifiedAt: tx.now } : {}),
        ...(passes ? { state: 'active', unverifiedSince: null, rowVersion: now.rowVersion + 1 } : {})
      })
      .where(one(tx, endpointId))
    if (!passes) return
    await noted(tx, now, 'verified', { state: ['unverified', 'active'] })
    await queueTurn(tx, endpointId)
  })
}

/** As the whole body, or as `challenge` of a JSON object. */
function echoes({ body }: Answer, challenge: string): boolean {
  if (body.trim() === challenge) return true
  try {
    return (JSON.parse(body) as { challenge?: unknown } | null)?.challenge === challenge
  } catch {
    return false
  }
}
