import type { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import { timebankNames } from '../timebanks/index.ts'
import { type Agreement, limitsOf, type Stance, statusOf } from './agreements.ts'
import type { AgreementVersion, Pair, PartnerBalance } from './read.ts'
import type {
  agreementSchema,
  agreementVersionSchema,
  clearingTransferSchema,
  pairSchema,
  partnerBalanceSchema
} from './schemas.ts'
import type { ClearingTransfer } from './transfers.ts'

type Wire<T extends z.ZodType> = z.output<T>

/** Name and short name are all that is known here of the other timebank itself. */
async function partnersOf(tx: Tx, rows: readonly { partnerId: string }[]) {
  const names = await timebankNames(
    tx.db,
    rows.map(({ partnerId }) => partnerId)
  )
  return (id: string) => {
    const { slug, name } = names.get(id)!
    return { slug, name }
  }
}

export async function agreementViews(
  tx: Tx,
  rows: readonly Agreement[]
): Promise<(Wire<typeof agreementSchema> & { partnerId: string })[]> {
  const partner = await partnersOf(tx, rows)
  return rows.map((row) => {
    const { owing, owed } = limitsOf(row)
    // a word of an older round is no answer to this one
    const round = Math.max(row.round, row.theirRound)
    const stanceIn = (stance: string | null, of: number) => (of === round ? (stance as Stance | null) : null)
    return {
      partnerId: row.partnerId,
      timebank: partner(row.partnerId),
      status: statusOf(row),
      owingLimitMinutes: owing,
      owedLimitMinutes: owed,
      ours: { stance: stanceIn(row.stance, row.round), owingLimitMinutes: row.owing, owedLimitMinutes: row.owed },
      theirs: {
        stance: stanceIn(row.theirStance, row.theirRound),
        owingLimitMinutes: row.theirOwing,
        owedLimitMinutes: row.theirOwed
      },
      accountId: row.accountId,
      told: row.toldVersion === row.version,
      updatedAt: row.updatedAt,
      rowVersion: row.rowVersion
    }
  })
}

export const agreementView = async (tx: Tx, row: Agreement) => (await agreementViews(tx, [row]))[0]!

export const versionView = (row: AgreementVersion): Wire<typeof agreementVersionSchema> => ({
  version: row.version,
  stance: row.stance as Stance,
  owingLimitMinutes: row.owing,
  owedLimitMinutes: row.owed,
  changedBy: row.changedBy,
  changedAt: row.changedAt,
  why: row.why
})

type TransferView = Wire<typeof clearingTransferSchema>

export async function transferViews(tx: Tx, rows: readonly ClearingTransfer[]): Promise<TransferView[]> {
  const partner = await partnersOf(tx, rows)
  return rows.map((row) => ({
    id: row.id,
    direction: row.direction as TransferView['direction'],
    status: row.status as TransferView['status'],
    timebank: partner(row.partnerId),
    memberId: row.membershipId,
    memberNumber: row.ownNumber,
    partnerMemberNumber: row.partnerNumber,
    minutes: row.minutes,
    performedOn: row.performedOn,
    refusal: row.refusal as TransferView['refusal'],
    transferId: row.transferId,
    reversalTransferId: row.reversalTransferId,
    reversedBy: row.reversedBy as TransferView['reversedBy'],
    reason: row.reason,
    recordedAt: row.createdAt,
    updatedAt: row.updatedAt
  }))
}

export const transferView = async (tx: Tx, row: ClearingTransfer) => (await transferViews(tx, [row]))[0]!

export async function partnerBalanceViews(
  tx: Tx,
  rows: readonly PartnerBalance[]
): Promise<(Wire<typeof partnerBalanceSchema> & { partnerId: string })[]> {
  const partner = await partnersOf(
    tx,
    rows.map(({ agreement }) => agreement)
  )
  return rows.map(({ agreement, account }) => {
    const { owing, owed } = limitsOf(agreement)
    const { balance, heldIn } = account
    const active = statusOf(agreement) === 'active'
    return {
      partnerId: agreement.partnerId,
      timebank: partner(agreement.partnerId),
      status: statusOf(agreement),
      accountId: account.id,
      balanceMinutes: balance,
      owingMinutes: Math.max(balance, 0),
      owedMinutes: Math.max(-balance, 0),
      inTransitMinutes: heldIn,
      owingLimitMinutes: owing,
      owedLimitMinutes: owed,
      canSendMinutes: active ? Math.max(owing - balance - heldIn, 0) : 0,
      canReceiveMinutes: active ? Math.max(balance + owed, 0) : 0
    }
  })
}

export const pairView = ({ timebank, partner, pending, inTransit, agrees }: Pair): Wire<typeof pairSchema> => ({
  timebank: pairSideView(timebank),
  partner: pairSideView(partner),
  pendingTransfers: pending,
  inTransitMinutes: inTransit,
  agrees
})

const pairSideView = ({ slug, name, balance, held }: Pair['timebank']) => ({
  slug,
  name,
  balanceMinutes: balance,
  heldMinutes: held
})
