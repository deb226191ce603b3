import type { Tx } from '../../db/client.ts'

/**
 * What a member allows one organisation changes by one transaction at a time. Taken before anything that rests on it is locked:
 * whoever gives a consent in the middle of a longer transaction takes it first.
 */
export async function holdConsents(tx: Tx, membershipId: string, organisationId: string): Promise<void> {
  await tx.client.query({
    name: 'consents.hold',
    text: "SELECT pg_advisory_xact_lock(hashtextextended('consents|' || $1 || '|' || $2 || '|' || $3, 0))",
    values: [tx.timebankId, membershipId, organisationId]
  })
}
