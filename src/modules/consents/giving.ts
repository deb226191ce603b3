import type { Tx } from '../../db/client.ts'
import { DomainError, refuseFaults } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import { memberParty, organisationParty, organisationsActedFor } from '../members/index.ts'
import { addNotices } from '../notices/index.ts'
import { currentPolicy, dayEnd, today } from '../timebanks/index.ts'
import { announce } from '../webhooks/index.ts'
import { type Consent, readConsent, scopesOf } from './given.ts'
import { holdConsents } from './lock.ts'
import { consents } from './tables.ts'
import {
  type ConsentPurpose,
  type ConsentScope,
  type ConsentWay,
  consentScopes,
  scopesOfPurpose
} from './vocabulary.ts'
import { whoSays } from './who.ts'
import { consentChanged, type OnWithdrawal, tellWithdrawn } from './withdrawal-hook.ts'
import { languageShown } from './wordings.ts'

export type Giving = {
  membershipId: string
  /** the controller: the organisation that is allowed something */
  organisationId: string
  purpose: ConsentPurpose
  scopes: readonly ConsentScope[]
  /** of the words that were shown, and in which language (default: the timebank's) */
  wordingVersion: number
  language?: string | undefined
  /** how staff were told; what people give here themselves is given online */
  how?: ConsentWay | undefined
  /** membership of who gave it, where staff write it down (default: the member) */
  givenBy?: string | undefined
  /** ISO date, the last day of it; default: until it is withdrawn */
  validTo?: string | null | undefined
  /** what it comes with, such as a service request */
  subject?: { type: string; id: string } | null | undefined
}

/** Memberships that are over: nobody asks anything of them. */
const over: readonly string[] = ['declined', 'withdrawn', 'left', 'erased']

/**
 * Writes a consent down. One that the member has given to the same organisation for the same purpose is superseded: whatever
 * the new one leaves out holds no more, and `onWithdrawal` is told of it.
 */
export async function giveConsent(
  tx: Tx,
  giving: Giving,
  onWithdrawal: OnWithdrawal = async () => {}
): Promise<Consent> {
  const { membershipId, organisationId, purpose, wordingVersion } = giving
  const said = await whoSays(tx, membershipId, { by: giving.givenBy, how: giving.how })
  const member = await memberParty(tx, membershipId)
  const organisation = await organisationParty(tx, organisationId)
  if (over.includes(member.status)) throw new DomainError('wrong-state', `This membership is ${member.status}.`)
  if (organisation.status !== 'active') throw new DomainError('wrong-state', 'This organisation is closed.')
  const beside = giving.scopes.filter((scope) => !scopesOfPurpose[purpose].includes(scope))
  if (beside.length > 0)
    refuseFaults([{ pointer: '/scopes', detail: `This purpose has no scope ${beside.join(', ')}.` }])
  const { rules } = await currentPolicy(tx)
  const date = today(tx, rules)
  if (said.voice !== 'guardian' && member.isMinor(date)) throw new DomainError('guardian-consent-needed')
  await refuseOwnOrganisation(tx, said.by, organisationId, date)
  const validTo = giving.validTo ?? null
  if (validTo !== null && validTo < date) refuseFaults([{ pointer: '/validTo', detail: `Must not be before ${date}.` }])
  const wordingLanguage = await languageShown(tx, purpose, wordingVersion, giving.language)

  await holdConsents(tx, membershipId, organisationId)
  const had = await scopesOf(tx, membershipId, organisationId)
  const id = newId()
  const before = await supersede(tx, giving, id)
  await tx.db.insert(consents).values({
    timebankId: tx.timebankId,
    id,
    membershipId,
    organisationId,
    purpose,
    scopes: consentScopes.filter((scope) => giving.scopes.includes(scope)),
    wordingVersion,
    wordingLanguage,
    voice: said.voice,
    givenBy: said.by,
    how: said.how,
    givenAt: tx.now,
    recordedBy: tx.actor.membershipId,
    validTo,
    expiresAt: validTo === null ? null : await dayEnd(tx, validTo),
    subjectType: giving.subject?.type ?? null,
    subjectId: giving.subject?.id ?? null,
    status: 'given'
  })
  const given = await readConsent(tx, id)
  await audit(tx, {
    action: 'consent.given',
    subject: { type: 'consent', id },
    onBehalfOf: membershipId,
    changes: {
      organisationId,
      purpose,
      scopes: given.scopes,
      wordingVersion,
      voice: said.voice,
      how: said.how,
      validTo
    }
  })
  if (tx.actor.membershipId !== membershipId)
    await addNotices(tx, [{ membershipId, kind: 'consent.given', subjectId: id }])
  await announce(
    tx,
    [...before, id].map((consentId) => consentChanged(organisationId, consentId))
  )
  await tellWithdrawn(tx, given, had, onWithdrawal)
  return given
}

/** Nobody of the staff writes down what somebody has told them in favour of an organisation for which they act themselves. */
async function refuseOwnOrganisation(tx: Tx, by: string, organisationId: string, date: string): Promise<void> {
  const { membershipId: me } = tx.actor
  if (me === null || me === by) return
  if ((await organisationsActedFor(tx, me, date)).includes(organisationId))
    throw new DomainError(
      'forbidden',
      'Somebody else of the staff has to write this down: you act for this organisation.'
    )
}

/** What was in force for the purpose, or had run out unnoticed, is closed: once, and for good. Gives its id. */
async function supersede(tx: Tx, { membershipId, organisationId, purpose }: Giving, by: string): Promise<string[]> {
  const { rows } = await tx.client.query<{ id: string }>({
    name: 'consents.supersede',
    text: `UPDATE consents.consents c
              SET status = CASE WHEN c.expires_at <= $5 THEN 'expired' ELSE 'superseded' END,
                  closed_at = CASE WHEN c.expires_at <= $5 THEN c.expires_at ELSE $5 END,
                  superseded_by = CASE WHEN c.expires_at <= $5 THEN NULL ELSE $6::uuid END
            WHERE c.timebank_id = $1 AND c.membership_id = $2 AND c.organisation_id = $3 AND c.purpose = $4
              AND c.status = 'given'
           RETURNING c.id`,
    values: [tx.timebankId, membershipId, organisationId, purpose, tx.now, by]
  })
  return rows.map((row) => row.id)
}
