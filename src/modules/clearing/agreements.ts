import { and, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { addJob } from '../../db/jobs.ts'
import { DomainError } from '../../shared/errors.ts'
import { audit } from '../audit/index.ts'
import { getAccount, type Limits, openAccount, setAccountStatus, setLimits } from '../ledger/index.ts'
import { findTimebank, type Timebank } from '../timebanks/index.ts'
import { agreements, agreementVersions } from './tables.ts'

export type Agreement = typeof agreements.$inferSelect

export const stances = ['agreed', 'suspended', 'declined', 'ended'] as const
export type Stance = (typeof stances)[number]

export const agreementStatuses = ['proposed', 'asked', 'active', 'suspended', 'declined', 'ended'] as const
export type AgreementStatus = (typeof agreementStatuses)[number]

/** Name of the job that passes a timebank's last word on to the other; its work is in `telling.ts`. */
export const tellTask = 'clearing.tell'

/** What follows from both words. Those of an older round than the other's count no more. */
export function statusOf(row: Agreement): AgreementStatus {
  const round = Math.max(row.round, row.theirRound)
  const ours = row.round === round ? row.stance : null
  const theirs = row.theirRound === round ? row.theirStance : null
  if (ours === 'declined' || theirs === 'declined') return 'declined'
  if (ours === 'ended' || theirs === 'ended') return 'ended'
  if (ours === null) return 'asked'
  if (theirs === null) return 'proposed'
  return ours === 'suspended' || theirs === 'suspended' ? 'suspended' : 'active'
}

/** What is in force: of each limit the lower of the two words, so that either lowers by itself and both must raise. */
export const limitsOf = (row: Agreement): { owing: number; owed: number } => ({
  owing: Math.min(row.owing, row.theirOwed),
  owed: Math.min(row.owed, row.theirOwing)
})

export async function findAgreement(tx: Tx, partnerId: string): Promise<Agreement | null> {
  const [row] = await tx.db.select().from(agreements).where(one(tx, partnerId))
  return row ?? null
}

/** By the other timebank's short name. Where nothing was ever said, the other timebank is not there. */
export async function partnerBySlug(tx: Tx, slug: string): Promise<Timebank> {
  const partner = await findTimebank(tx.db, slug)
  if (!partner || !(await findAgreement(tx, partner.id))) throw noAgreement()
  return partner
}

export const noAgreement = (): DomainError => new DomainError('not-found', 'There is no agreement with that timebank.')

/** Reads it, made where it is not there yet, and keeps others from changing it until the transaction ends. */
export async function lockAgreement(tx: Tx, partnerId: string): Promise<Agreement> {
  await tx.db
    .insert(agreements)
    .values({ timebankId: tx.timebankId, partnerId, createdAt: tx.now, updatedAt: tx.now })
    .onConflictDoNothing()
  const [row] = await tx.db.select().from(agreements).where(one(tx, partnerId)).for('no key update')
  return row!
}

export type Word = { round: number; stance: Stance; owing: number; owed: number }

/** Our next word about a locked agreement: kept with who and why, in force here at once, and passed on by a job. */
export async function say(tx: Tx, row: Agreement, word: Word, action: string, why: string): Promise<Agreement> {
  const version = row.version + 1
  const before = statusOf(row)
  const next = await change(tx, row, { ...word, version }, why)
  await tx.db.insert(agreementVersions).values({
    timebankId: tx.timebankId,
    partnerId: row.partnerId,
    version,
    ...word,
    changedBy: tx.actor.personId,
    changedAt: tx.now,
    why
  })
  await audit(tx, {
    action: `clearing-agreement.${action}`,
    subject: { type: 'clearing-agreement', id: row.partnerId },
    changes: {
      status: [before, statusOf(next)],
      owingMinutes: [row.owing, word.owing],
      owedMinutes: [row.owed, word.owed]
    },
    reason: why
  })
  await addJob(tx.db, tellTask, { timebank: tx.timebankId, partner: row.partnerId }, { jobKey: tellKey(tx, row) })
  return next
}

const tellKey = (tx: Tx, row: Agreement): string => `${tellTask}:${tx.timebankId}:${row.partnerId}`

export type Heard = Word & { version: number }

/** The other side's word as it has been told here; an older one than the last changes nothing. */
export async function hear(tx: Tx, partnerId: string, heard: Heard): Promise<void> {
  const row = await lockAgreement(tx, partnerId)
  if (heard.version <= row.theirVersion) return
  const next = await change(
    tx,
    row,
    {
      theirRound: heard.round,
      theirStance: heard.stance,
      theirOwing: heard.owing,
      theirOwed: heard.owed,
      theirVersion: heard.version
    },
    'as the other timebank says'
  )
  await audit(tx, {
    action: 'clearing-agreement.heard',
    subject: { type: 'clearing-agreement', id: partnerId },
    changes: {
      status: [statusOf(row), statusOf(next)],
      theirOwingMinutes: [row.theirOwing, heard.owing],
      theirOwedMinutes: [row.theirOwed, heard.owed]
    }
  })
}

async function change(tx: Tx, row: Agreement, changed: Partial<Agreement>, why: string): Promise<Agreement> {
  const next = { ...row, ...changed }
  const accountId = await bringToAccount(tx, next, why)
  const [written] = await tx.db
    .update(agreements)
    .set({ ...changed, accountId, rowVersion: row.rowVersion + 1, updatedAt: tx.now })
    .where(one(tx, row.partnerId))
    .returning()
  return written!
}

/**
 * The ledger holds the agreement: the account's hard limits are those in force, and it is open while the agreement is.
 * While frozen it takes nothing new; what was held is still settled, and what was moved can be reversed.
 */
async function bringToAccount(tx: Tx, row: Agreement, why: string): Promise<number | null> {
  const active = statusOf(row) === 'active'
  if (row.accountId === null) return active ? openAccount(tx, 'clearing', ledgerLimits(row), why) : null
  const { limits } = await getAccount(tx, row.accountId)
  const wanted = ledgerLimits(row)
  if (limits.floorHard !== wanted.floorHard || limits.ceilingHard !== wanted.ceilingHard)
    await setLimits(tx, row.accountId, wanted, why)
  await setAccountStatus(tx, row.accountId, active ? 'open' : 'frozen', why)
  return row.accountId
}

function ledgerLimits(row: Agreement): Limits {
  const { owing, owed } = limitsOf(row)
  // 0 and not −0, which is another number to some
  return { floorSoft: null, floorHard: owed === 0 ? 0 : -owed, ceilingSoft: null, ceilingHard: owing }
}

const one = (tx: Tx, partnerId: string) =>
  and(eq(agreements.timebankId, tx.timebankId), eq(agreements.partnerId, partnerId))
