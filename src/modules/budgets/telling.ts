import type { Tx } from '../../db/client.ts'
import type { NoticeKind } from '../../shared/notice-kinds.ts'
import { type AuditEntry, audit } from '../audit/index.ts'
import { membersActingFor, partiesOf } from '../members/index.ts'
import { addNotices } from '../notices/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { announce } from '../webhooks/index.ts'
import type { Budget } from './budgets.ts'

/** Who has left is told nothing more. */
const here: readonly string[] = ['active', 'paused', 'suspended']

type Step = NoticeKind extends infer Kind ? (Kind extends `budget.${infer Verb}` ? Verb : never) : never

/**
 * Notes a step, and tells it: to the person and to those who hold the budget by a notice, to the funder's own systems by an
 * event. Ids only; never the plan.
 */
export async function tell(
  tx: Tx,
  budget: Budget,
  step: Step,
  entry: Pick<AuditEntry, 'changes'> = {},
  by: Tx = tx
): Promise<void> {
  const subject = { type: 'budget', id: budget.id }
  await audit(by, { action: `budget.${step}`, subject, onBehalfOf: budget.memberId, ...entry })
  const told = (await concerned(tx, budget)).filter((id) => id !== tx.actor.membershipId)
  await addNotices(
    tx,
    told.map((membershipId) => ({ membershipId, kind: `budget.${step}` as const, subjectId: budget.id }))
  )
  await announce(tx, [{ organisationId: budget.funderId, type: 'budget.changed', subject }])
}

async function concerned(tx: Tx, { memberId, holderIds, holderMode, holderOrganisationId }: Budget): Promise<string[]> {
  const members = [...new Set([memberId, ...holderIds].filter((id) => id !== null))]
  const parties = await partiesOf(tx, members, [])
  const told = members.filter((id) => here.includes(parties.member(id).status))
  if (holderMode !== 'provider_held' || holderOrganisationId === null) return told
  const { rules } = await currentPolicy(tx)
  const acting = await membersActingFor(tx, [holderOrganisationId], today(tx, rules))
  return [...new Set([...told, ...acting])]
}
