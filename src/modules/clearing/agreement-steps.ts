import type { Tx } from '../../db/client.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { findTimebank } from '../timebanks/index.ts'
import {
  type Agreement,
  type AgreementStatus,
  lockAgreement,
  partnerBySlug,
  type Stance,
  say,
  statusOf
} from './agreements.ts'

/** In minutes; what is left out stays, or is as the other side offers. */
export type WantedLimits = { owing?: number | undefined; owed?: number | undefined }

/** Asks another timebank of the installation. Also begins anew what was declined or ended. */
export async function proposeAgreement(
  tx: Tx,
  slug: string,
  limits: { owing: number; owed: number },
  why: string
): Promise<Agreement> {
  const partner = await findTimebank(tx.db, slug)
  if (!partner) throw notFound('timebank')
  if (partner.id === tx.timebankId)
    throw new DomainError('validation-failed', 'A timebank has no agreement with itself.', {
      errors: [{ pointer: '/timebank', detail: 'Must be another timebank.' }]
    })
  const row = await lockAgreement(tx, partner.id)
  const status = statusOf(row)
  const isNew = row.version === 0 && row.theirVersion === 0
  if (!isNew && status !== 'declined' && status !== 'ended') throw wrongState(status, 'proposed')
  const round = Math.max(row.round, row.theirRound) + 1
  return say(tx, row, { round, stance: 'agreed', ...limits }, 'proposed', why)
}

/** Says yes to what the other side has proposed, by default with its limits. */
export async function acceptAgreement(tx: Tx, slug: string, limits: WantedLimits, why: string): Promise<Agreement> {
  const row = await inState(tx, slug, 'accepted', ['asked'])
  const { owing = row.theirOwed, owed = row.theirOwing } = limits
  return say(tx, row, { round: row.theirRound, stance: 'agreed', owing, owed }, 'accepted', why)
}

export async function declineAgreement(tx: Tx, slug: string, why: string): Promise<Agreement> {
  const row = await inState(tx, slug, 'declined', ['asked'])
  return say(tx, row, { round: row.theirRound, stance: 'declined', owing: 0, owed: 0 }, 'declined', why)
}

/** Nothing new either way, until the side that suspended lifts it; what is under way still comes to its end. */
export async function suspendAgreement(tx: Tx, slug: string, why: string): Promise<Agreement> {
  const row = await inState(tx, slug, 'suspended', ['active', 'suspended'])
  if (row.stance === 'suspended') throw wrongState('suspended', 'suspended')
  return withStance(tx, row, 'suspended', 'suspended', why)
}

export async function resumeAgreement(tx: Tx, slug: string, why: string): Promise<Agreement> {
  const row = await inState(tx, slug, 'resumed', ['suspended'])
  if (row.stance !== 'suspended')
    throw new DomainError('wrong-state', 'The other timebank has suspended it, and lifts it.')
  return withStance(tx, row, 'agreed', 'resumed', why)
}

/** Also takes back a proposal that nobody has answered. What is owed then stays in the books of both. */
export async function endAgreement(tx: Tx, slug: string, why: string): Promise<Agreement> {
  const row = await inState(tx, slug, 'ended', ['proposed', 'active', 'suspended'])
  return withStance(tx, row, 'ended', 'ended', why)
}

/** Our word on the limits: lowering is in force here at once, raising as far as the other side has said too. */
export async function changeAgreementLimits(
  tx: Tx,
  slug: string,
  limits: WantedLimits,
  why: string,
  expected: number
): Promise<Agreement> {
  const row = await inState(tx, slug, 'changed', ['proposed', 'active', 'suspended'])
  if (row.rowVersion !== expected) throw new DomainError('precondition-failed')
  const { owing = row.owing, owed = row.owed } = limits
  return say(tx, row, { round: row.round, stance: row.stance as Stance, owing, owed }, 'limits-changed', why)
}

const withStance = (tx: Tx, row: Agreement, stance: Stance, action: string, why: string): Promise<Agreement> =>
  say(tx, row, { round: row.round, stance, owing: row.owing, owed: row.owed }, action, why)

async function inState(tx: Tx, slug: string, action: string, allowed: readonly AgreementStatus[]): Promise<Agreement> {
  const { id } = await partnerBySlug(tx, slug)
  const row = await lockAgreement(tx, id)
  const status = statusOf(row)
  if (!allowed.includes(status)) throw wrongState(status, action)
  return row
}

const wrongState = (status: AgreementStatus, action: string): DomainError =>
  new DomainError('wrong-state', `An agreement that is ${status} cannot be ${action}.`, { figures: { status } })
