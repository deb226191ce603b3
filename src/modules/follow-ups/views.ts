import type { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { wordsFor } from '../../shared/words/index.ts'
import { accountLabels, memberLabels, organisationLabels } from '../members/index.ts'
import { currentPolicy } from '../timebanks/index.ts'
import type { Count, FollowUp } from './follow-ups.ts'
import { idOf, kinds } from './kinds.ts'
import type { followUpSchema, summarySchema } from './schemas.ts'

type FollowUpView = z.output<typeof followUpSchema>

/** Follow-ups with whom they are about and in the caller's language, in a few look-ups for any number of them. */
export async function viewsOf(tx: Tx, followUps: readonly FollowUp[]): Promise<FollowUpView[]> {
  if (followUps.length === 0) return []
  const people = await namesOf(
    tx,
    followUps.flatMap((x) => [x.memberId, x.otherMemberId, x.assigneeId]),
    followUps.flatMap((x) => [x.organisationId, x.otherOrganisationId])
  )
  const accounts = await accountLabels(
    tx,
    followUps.flatMap(({ accountId }) => (accountId === null ? [] : [accountId]))
  )
  const steps = await stepWords(tx)
  return followUps.map((x) => ({
    id: idOf(x),
    kind: x.kind,
    state: x.state,
    subject: { type: kinds[x.kind].subject, id: x.subjectId },
    member: people.party(x.memberId, x.organisationId),
    other: people.party(x.otherMemberId, x.otherOrganisationId),
    suggestedStep: { code: x.step, text: steps[x.step] },
    since: x.since,
    openedAt: x.openedAt,
    dueOn: x.dueOn,
    assignee: people.person(x.assigneeId),
    snoozedUntil: x.snoozedUntil,
    crossing: crossingOf(x, accounts),
    outcome: x.outcome,
    note: isStaff(tx.actor) ? x.note : null,
    notedBy: x.notedBy,
    closedAt: x.closedAt,
    round: x.round,
    previousId: x.round === 1 ? null : idOf({ ...x, round: x.round - 1 })
  }))
}

export async function viewOf(tx: Tx, followUp: FollowUp): Promise<FollowUpView> {
  const [view] = await viewsOf(tx, [followUp])
  return view!
}

export async function summaryOf(tx: Tx, counts: readonly Count[]): Promise<z.output<typeof summarySchema>> {
  const people = await namesOf(
    tx,
    counts.map(({ assigneeId }) => assigneeId),
    []
  )
  const sum = (name: 'open' | 'overdue' | 'snoozed') => counts.reduce((total, count) => total + count[name], 0)
  return {
    items: counts.map(({ assigneeId, ...count }) => ({ ...count, assignee: people.person(assigneeId) })),
    open: sum('open'),
    overdue: sum('overdue'),
    snoozed: sum('snoozed')
  }
}

function crossingOf(x: FollowUp, labels: Awaited<ReturnType<typeof accountLabels>>): FollowUpView['crossing'] {
  if (x.crossed === null) return null
  const { balance, available, limits } = x.crossed.now
  const isFloor = x.kind === 'floor_crossed'
  const limit = isFloor ? limits.floorSoft : limits.ceilingSoft
  return {
    account: x.accountId!,
    owner: labels.get(x.accountId!) ?? { kind: 'unknown', number: null, name: null },
    limitMinutes: x.limitMinutes!,
    balanceMinutes: x.balanceMinutes!,
    times: x.crossed.times,
    latestAt: x.crossed.latestAt,
    now: {
      balanceMinutes: balance,
      availableMinutes: available,
      limitMinutes: limit,
      outside: limit !== null && (isFloor ? balance < limit : balance > limit)
    }
  }
}

type Ids = readonly (string | null)[]

/** Names are for staff; who may audit only sees numbers. */
async function namesOf(tx: Tx, memberIds: Ids, organisationIds: Ids) {
  const distinct = (ids: Ids) => [...new Set(ids.filter((id) => id !== null))]
  const members = await memberLabels(tx, distinct(memberIds))
  const organisations = await organisationLabels(tx, distinct(organisationIds))
  const shown = isStaff(tx.actor)
  const person = (memberId: string | null) => {
    if (memberId === null) return null
    const label = members.get(memberId)
    return { memberId, memberNumber: label?.number ?? null, name: shown ? (label?.displayName ?? null) : null }
  }
  const party = (memberId: string | null, organisationId: string | null) => {
    if (memberId === null && organisationId === null) return null
    const { memberNumber = null, name = null } = person(memberId) ?? {}
    const organisation = shown && organisationId !== null ? (organisations.get(organisationId)?.name ?? null) : null
    return { memberId, memberNumber, organisationId, name: name ?? organisation }
  }
  return { person, party }
}

async function stepWords(tx: Tx) {
  const { rows } = await tx.client.query<{ locale: string }>({
    name: 'follow_ups.locale',
    text: 'SELECT locale FROM identity.persons WHERE id = $1',
    values: [tx.actor.personId]
  })
  const { rules } = await currentPolicy(tx)
  return wordsFor(...rows.map(({ locale }) => locale), rules.locale).words.followUps
}
