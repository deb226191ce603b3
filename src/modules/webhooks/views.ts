import type { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import type { Delivery } from './deliveries.ts'
import type { Endpoint } from './endpoints.ts'
import type { deliverySchema, endpointSchema } from './schemas.ts'

type EndpointView = z.output<typeof endpointSchema>

/** An address can hold a secret of its receiver: staff see where it leads and no more. */
export function endpointView(tx: Tx, endpoint: Endpoint): EndpointView {
  const { id, organisationId, url, description, types, state, verifiedAt, failingSince, failures, deliveredAt } =
    endpoint
  const { triedAt, triedOutcome, disabledAt, disabledBy, disabledWhy, probeAt, previousUntil, createdAt, rowVersion } =
    endpoint
  return {
    id,
    organisationId,
    host: new URL(url).host,
    url: tx.actor.agency ? url : null,
    description,
    types,
    state,
    verification:
      triedAt === null
        ? null
        : { at: triedAt, outcome: triedOutcome as NonNullable<EndpointView['verification']>['outcome'] },
    verifiedAt,
    disabled: disabledAt === null ? null : { at: disabledAt, by: disabledBy!, why: disabledWhy },
    failingSince,
    failures,
    nextAttemptAt: probeAt,
    deliveredAt,
    previousSecretUntil: previousUntil !== null && previousUntil > tx.now ? previousUntil : null,
    createdAt,
    rowVersion
  }
}

export const deliveryView = (delivery: Delivery): z.output<typeof deliverySchema> => {
  const { id, type, subjectType, subjectId, at, state, attempts, nextAt, lastAt, lastOutcome, lastStatus } = delivery
  return {
    id,
    type,
    subject: { type: subjectType, id: subjectId },
    at,
    state,
    attempts,
    nextAttemptAt: state === 'waiting' ? nextAt : null,
    lastAttemptAt: lastAt,
    lastOutcome,
    lastStatus
  }
}
