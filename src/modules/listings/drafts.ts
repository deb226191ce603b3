import { sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import { checkCategory, seesAll } from './listings.ts'
import { requests } from './tables.ts'
import type { Mode, Setting } from './vocabulary.ts'
import { rememberWords } from './words.ts'

export type DraftRequest = {
  /** The owner. */
  memberId: string
  categoryId: string
  title: string
  description?: string | undefined
  mode: Mode
  setting: Setting
}

/** As many as one statement can insert and audit. */
const batchSize = 1000

/**
 * Many drafts at once on behalf of members, with a handful of statements: the same as `createListing` for each of them, and
 * all or none. Their ids come in the order given.
 */
export async function createDraftRequests(tx: Tx, drafts: readonly DraftRequest[]): Promise<string[]> {
  if (!seesAll(tx)) throw new DomainError('forbidden', 'Only staff write on behalf of others.')
  await checkOwners(tx, drafts)
  for (const categoryId of new Set(drafts.map((draft) => draft.categoryId))) await checkCategory(tx, categoryId)
  const rows = drafts.map(({ memberId, ...draft }) => ({
    ...draft,
    timebankId: tx.timebankId,
    id: newId(),
    membershipId: memberId,
    status: 'draft',
    createdAt: tx.now
  }))
  // in one go, since words are written in order
  if (rows.length > 0) await rememberWords(tx, rows)
  for (let start = 0; start < rows.length; start += batchSize) {
    const batch = rows.slice(start, start + batchSize)
    await tx.db.insert(requests).values(batch)
    await audit(
      tx,
      ...batch.map(({ id, membershipId }) => ({
        action: 'request.created',
        subject: { type: 'request', id },
        onBehalfOf: membershipId,
        changes: { status: 'draft' }
      }))
    )
  }
  return rows.map(({ id }) => id)
}

async function checkOwners(tx: Tx, drafts: readonly DraftRequest[]): Promise<void> {
  const ids = [...new Set(drafts.map(({ memberId }) => memberId))]
  const { rows } = await tx.db.execute<{ id: string }>(
    sql`SELECT id FROM members.memberships WHERE timebank_id = ${tx.timebankId} AND id = ANY (${sql.param(ids)}::uuid[]) AND status = 'active'`
  )
  const active = new Set(rows.map(({ id }) => id))
  const first = drafts.findIndex(({ memberId }) => !active.has(memberId))
  if (first !== -1)
    throw new DomainError('party-not-active', 'The member is not active.', {
      errors: [{ pointer: `/${first}/memberId`, detail: 'The member is not active.' }]
    })
}
