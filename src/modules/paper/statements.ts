import { and, asc, desc, eq, lt, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { DomainError, type Fault, notFound, refuseFaults } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import { type Paper, paperOf } from '../ledger/index.ts'
import { accountHolder, accountLabels, type Membership, postalMembers } from '../members/index.ts'
import { currentPolicy, getTimebank, today } from '../timebanks/index.ts'
import { postalChoices, statementRunMembers, statementRuns } from './tables.ts'

export type Run = typeof statementRuns.$inferSelect

/** More would not be drawn in the time that a request has. */
export const mostStatements = 1000

export type NewRun = { from: string; to: string; memberIds?: readonly string[] | undefined }

/**
 * A run of statements to post: of those who are named, or of everybody here who has no e-mail or has asked for post. Kept are
 * whose they are and the days that they are about; they are drawn when they are fetched.
 */
export async function beginRun(tx: Tx, { from, to, memberIds }: NewRun): Promise<Run> {
  const day = today(tx, (await currentPolicy(tx)).rules)
  const faults: Fault[] = []
  if (from > to) faults.push({ pointer: '/from', detail: 'from: must not be later than to.' })
  if (to > day) faults.push({ pointer: '/to', detail: 'to: must not be in the future.' })
  const named = memberIds?.map((id) => id.toLowerCase())
  const members = await postalMembers(tx, named ?? null, named ? [] : await choosers(tx), mostStatements + 1)
  const found = new Set(members.map(({ id }) => id))
  named?.forEach((id, i) => {
    if (!found.has(id)) faults.push({ pointer: `/memberIds/${i}`, detail: 'There is no such member here.' })
  })
  refuseFaults(faults)
  if (members.length === 0) throw new DomainError('conflict', 'Nobody here has statements by post.')
  if (members.length > mostStatements)
    throw new DomainError('conflict', `More than ${mostStatements} statements: name the members of a part of them.`, {
      figures: { most: mostStatements }
    })
  const id = newId()
  const [run] = await tx.db
    .insert(statementRuns)
    .values({
      timebankId: tx.timebankId,
      id,
      fromDate: from,
      toDate: to,
      statements: members.length,
      madeBy: tx.actor.membershipId,
      madeAt: tx.now
    })
    .returning()
  await tx.db
    .insert(statementRunMembers)
    .values(
      members.map((member, i) => ({ timebankId: tx.timebankId, runId: id, position: i + 1, membershipId: member.id }))
    )
  await noted(tx, id, 'made', { from, to, statements: members.length })
  return run!
}

const noted = (tx: Tx, id: string, verb: string, changes: Record<string, unknown> = {}) =>
  audit(tx, { action: `statements-by-post.${verb}`, subject: { type: 'statements-by-post', id }, changes })

/** Newest first, keyset by id (uuid v7). One more than `limit` where there are more. */
export function listRuns(tx: Tx, before: string | null, limit: number): Promise<Run[]> {
  return tx.db
    .select()
    .from(statementRuns)
    .where(and(eq(statementRuns.timebankId, tx.timebankId), before === null ? undefined : lt(statementRuns.id, before)))
    .orderBy(desc(statementRuns.id))
    .limit(limit + 1)
}

const one = (tx: Tx, id: string) => and(eq(statementRuns.timebankId, tx.timebankId), eq(statementRuns.id, id))

/** A run with the members whose statements it has, in their order. */
export async function getRun(tx: Tx, id: string): Promise<{ run: Run; members: string[] }> {
  const [run] = await tx.db.select().from(statementRuns).where(one(tx, id))
  if (!run) throw notFound('run of statements')
  const rows = await tx.db
    .select({ id: statementRunMembers.membershipId })
    .from(statementRunMembers)
    .where(and(eq(statementRunMembers.timebankId, tx.timebankId), eq(statementRunMembers.runId, id)))
    .orderBy(asc(statementRunMembers.position))
  return { run, members: rows.map((row) => row.id) }
}

/** A day on which the run went to the post, once. */
export async function markPosted(tx: Tx, id: string, postedOn: string): Promise<Run> {
  const day = today(tx, (await currentPolicy(tx)).rules)
  if (postedOn > day) refuseFaults([{ pointer: '/postedOn', detail: 'postedOn: must not be in the future.' }])
  const [posted] = await tx.db
    .update(statementRuns)
    .set({ postedOn, postedBy: tx.actor.membershipId, rowVersion: sql`${statementRuns.rowVersion} + 1` })
    .where(and(one(tx, id), sql`${statementRuns.postedOn} IS NULL`))
    .returning()
  if (!posted) {
    const { run } = await getRun(tx, id)
    throw new DomainError('wrong-state', 'It has been posted.', { figures: { postedOn: run.postedOn } })
  }
  await noted(tx, id, 'posted', { postedOn })
  return posted
}

/** Who fetches so many statements at once leaves a trace. */
export const noteFetched = (tx: Tx, id: string): Promise<void> => noted(tx, id, 'fetched')

export const timebankName = async (tx: Tx): Promise<{ name: string; locale: string }> => ({
  name: (await getTimebank(tx)).name,
  locale: (await currentPolicy(tx)).rules.locale
})

/** One statement of a run as things are now; null for somebody of whom nothing is known any more. */
export async function statementOf(tx: Tx, { fromDate, toDate }: Run, membershipId: string): Promise<Paper | null> {
  const [member] = await postalMembers(tx, [membershipId], [], 1)
  if (!member) return null
  const paper = await paperOf(
    tx,
    member.accountId,
    { from: fromDate, to: toDate },
    { labelsOf: accountLabels, holderOf: accountHolder },
    'tell'
  )
  return { ...paper, address: addressOf(member) }
}

/** All that is known of where somebody lives. */
const addressOf = ({ displayName, area, postcode }: Membership): string[] =>
  [displayName, area, postcode].filter((line): line is string => line !== null && line !== '')

const choosers = async (tx: Tx): Promise<string[]> => {
  const rows = await tx.db
    .select({ id: postalChoices.membershipId })
    .from(postalChoices)
    .where(eq(postalChoices.timebankId, tx.timebankId))
  return rows.map(({ id }) => id)
}

const choiceOf = (tx: Tx, membershipId: string) =>
  and(eq(postalChoices.timebankId, tx.timebankId), eq(postalChoices.membershipId, membershipId))

export async function wantsPost(tx: Tx, membershipId: string): Promise<boolean> {
  const found = await tx.db.select().from(postalChoices).where(choiceOf(tx, membershipId))
  return found.length > 0
}

/** Whether somebody wants their statements by post, also where they have e-mail. */
export async function choosePost(tx: Tx, membershipId: string, wanted: boolean): Promise<boolean> {
  const changed = wanted
    ? await tx.db
        .insert(postalChoices)
        .values({ timebankId: tx.timebankId, membershipId, chosenAt: tx.now })
        .onConflictDoNothing()
    : await tx.db.delete(postalChoices).where(choiceOf(tx, membershipId))
  if (changed.rowCount === 1)
    await audit(tx, {
      action: wanted ? 'membership.post-chosen' : 'membership.post-unchosen',
      subject: { type: 'membership', id: membershipId },
      onBehalfOf: membershipId
    })
  return wanted
}

/** When a member leaves. */
export async function forgetChoiceOf(tx: Tx, membershipId: string): Promise<void> {
  await tx.db.delete(postalChoices).where(choiceOf(tx, membershipId))
}
