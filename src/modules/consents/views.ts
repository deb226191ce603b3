import type { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import { type Consent, standingScopes } from './given.ts'
import type { consentSchema } from './schemas.ts'

/** An agency learns what it may do and since when; who spoke to whom is between the member and the timebank. */
export function consentView({ actor }: Tx, consent: Consent): z.output<typeof consentSchema> {
  const forAgency = actor.agency !== undefined
  const { id, organisationId, organisationName, purpose, status, scopes, wordingVersion, voice, how } = consent
  const { givenAt, validTo, subjectType, subjectId, closedAt, supersededBy } = consent
  return {
    id,
    memberId: consent.membershipId,
    ...{ organisationId, organisationName, purpose, status, scopes },
    standing: standingScopes(consent),
    wordingVersion,
    language: consent.wordingLanguage,
    voice,
    givenBy: forAgency ? null : consent.givenBy,
    how,
    givenAt,
    recordedBy: forAgency ? null : consent.recordedBy,
    ...{ validTo, subjectType, subjectId, closedAt, supersededBy },
    withdrawals: consent.withdrawals.map(({ scope, at, ...said }) =>
      forAgency ? { scope, at, voice: null, how: null, recordedBy: null } : { scope, at, ...said }
    )
  }
}
