import type { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { getAccounts, refusalOf } from '../ledger/index.ts'
import type { AccountLabel } from '../ledger/schemas.ts'
import { accountLabels } from '../members/index.ts'
import type { Exchange } from './exchanges.ts'
import type { GroupPlan, GroupShape } from './group-plan.ts'
import { getGroup, type ListedGroup } from './group-read.ts'
import type { groupPreviewSchema, groupSchema } from './group-schemas.ts'
import { type Group, tryLegs } from './groups.ts'
import { viewOf } from './views.ts'

type Moved = { debit: number; credit: number; minutes: number; kind: string }

const sumsOf = (exchanges: readonly Exchange[], legs: readonly Moved[]) => ({
  serviceMinutes: total(exchanges.map((x) => x.serviceMinutes ?? 0)),
  creditMinutes: total(exchanges.map((x) => x.creditMinutes ?? 0)),
  preparationCreditMinutes: movedFor('preparation', legs),
  surplusMinutes: movedFor('surplus', legs)
})

const movedFor = (kind: string, legs: readonly Moved[]) =>
  total(legs.filter((leg) => leg.kind === kind).map(({ minutes }) => minutes))

const total = (minutes: readonly number[]): number => minutes.reduce((sum, each) => sum + each, 0)

const nobody: AccountLabel = { kind: 'unknown', number: null, name: null }

/** Who is debited and credited by each leg, named as far as the caller may know. */
async function labelling(tx: Tx, legs: readonly { debit: number; credit: number }[]) {
  const labels = await accountLabels(
    tx,
    legs.flatMap(({ debit, credit }) => [debit, credit])
  )
  return (account: number) => labels.get(account) ?? nobody
}

/** A group as far as the caller may see it, with its exchanges and its legs. */
export async function groupView(tx: Tx, id: string): Promise<z.output<typeof groupSchema>> {
  const { group, exchanges: rows, legs: seen, answers } = await getGroup(tx, id)
  const legs = seen.map((leg) => ({ ...leg, debit: leg.debitAccount, credit: leg.creditAccount }))
  const label = await labelling(tx, legs)
  // why somebody says that it was otherwise is for the broker to know
  const reason = isStaff(tx.actor) || group.status === 'reversed' ? group.reason : null
  return {
    ...listedFields(group),
    ...sumsOf(rows, legs),
    exchanges: rows.map((row) => viewOf(tx.actor, row)),
    legs: legs.map((leg) => ({
      transferId: leg.id,
      kind: kindOf(leg),
      debitAccount: leg.debit,
      debited: label(leg.debit),
      creditAccount: leg.credit,
      credited: label(leg.credit),
      minutes: leg.minutes,
      softLimitsCrossed: leg.softLimitsCrossed,
      debitBalanceMinutes: leg.debitBalance,
      creditBalanceMinutes: leg.creditBalance,
      reversedBy: leg.resolvedBy
    })),
    answers: answers.map(({ partyId, needed, answer, answeredBy, answeredAt }) => ({
      partyId,
      needed,
      answer: answer as 'confirmed' | null,
      answeredBy,
      answeredAt
    })),
    reason
  }
}

const listedFields = (group: Group) => ({
  id: group.id,
  status: group.status as 'settled',
  shape: group.shape as GroupShape,
  rule: group.rule as GroupPlan['rule'],
  policyVersion: group.policyVersion,
  performedOn: group.performedOn,
  reportedBy: group.reportedBy,
  needsBroker: group.needsBroker,
  recordedAt: group.recordedAt,
  settledAt: group.settledAt,
  reversedAt: group.reversedAt,
  rowVersion: group.rowVersion
})

export const listedView = ({ exchanges, serviceMinutes, waitingFor, ...group }: ListedGroup) => ({
  ...listedFields(group),
  exchanges,
  serviceMinutes,
  waitingFor
})

const kindOf = ({ kind }: { kind: string }) => kind as 'exchange' | 'preparation' | 'surplus'

/** What would become of a plan. The ledger is asked itself, and everything is taken back. */
export async function previewOf(tx: Tx, plan: GroupPlan): Promise<z.output<typeof groupPreviewSchema>> {
  const { legs, shape, rule, policyVersion, performedOn } = plan
  const ids = [...new Set(legs.flatMap(({ debit, credit }) => [debit, credit]))]
  const before = await getAccounts(tx, ids)
  const outcomes = await tryLegs(tx, plan)
  const label = await labelling(tx, legs)
  const shown = legs.map((leg, i) => {
    const outcome = outcomes[i]!
    const code = refusalOf(outcome)?.code ?? null
    return {
      kind: leg.kind,
      debitAccount: leg.debit,
      debited: label(leg.debit),
      creditAccount: leg.credit,
      credited: label(leg.credit),
      minutes: leg.minutes,
      softLimitsCrossed: outcome.softLimitsCrossed,
      debitBalanceMinutes: outcome.debitBalance,
      creditBalanceMinutes: outcome.creditBalance,
      refused:
        code === null
          ? null
          : {
              code,
              account: outcome.refused?.account ?? null,
              balanceMinutes: outcome.refused?.balance ?? null,
              heldMinutes: outcome.refused?.held ?? null,
              limitMinutes: outcome.refused?.limit ?? null
            }
    }
  })
  return {
    allowed: shown.every(({ refused }) => refused === null),
    shape,
    rule,
    policyVersion,
    performedOn,
    ...sumsOf(plan.exchanges, legs),
    exchanges: plan.exchanges
      .map((planned) => viewOf(tx.actor, planned))
      .map(({ provider, receiver, recordOnly, ...minutes }) => ({
        provider,
        receiver,
        serviceMinutes: minutes.serviceMinutes ?? 0,
        creditMinutes: minutes.creditMinutes ?? 0,
        contactMinutes: minutes.contactMinutes ?? 0,
        preparationMinutes: minutes.preparationMinutes ?? 0,
        travelMinutes: minutes.travelMinutes ?? 0,
        recordOnly
      })),
    legs: shown,
    accounts: ids.map((account) => {
      const change =
        total(legs.filter(({ credit }) => credit === account).map(({ minutes }) => minutes)) -
        total(legs.filter(({ debit }) => debit === account).map(({ minutes }) => minutes))
      const balance = before.get(account)?.balance ?? 0
      return {
        account,
        owner: label(account),
        changeMinutes: change,
        balanceBeforeMinutes: balance,
        balanceAfterMinutes: balance + change
      }
    })
  }
}
