import type { FastifyContextConfig, FastifyReply, FastifyRequest } from 'fastify'
import { problemOf } from '../../http/index.ts'
import type { DomainError } from '../../shared/errors.ts'
import { outcomeOf } from './outcome.ts'

export const fhirJson = 'application/fhir+json; charset=utf-8'

/**
 * The wire shape of a route's refusals: an OperationOutcome, with the statuses and headers of all others.
 * @param root type of what is sent there, with which the paths of faults begin
 */
export const refusedAs =
  (root: string): NonNullable<FastifyContextConfig['problem']> =>
  (error, instance) => {
    const { status, headers } = problemOf(error, instance)
    return {
      status,
      headers: { ...headers, 'content-type': fhirJson },
      body: outcomeOf(error, root, instance.split('#').at(-1) ?? '')
    }
  }

/** Where there is no route whose configuration would say it. */
export function sendOutcome(request: FastifyRequest, reply: FastifyReply, error: DomainError): FastifyReply {
  const { status, headers, body } = refusedAs('')(error, `#${request.id}`)
  return reply.code(status).headers(headers).send(JSON.stringify(body))
}
