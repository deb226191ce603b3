import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { databaseError, isConnectionError, loggable } from '../db/errors.ts'
import { DomainError, type Fault } from '../shared/errors.ts'
import { type ProblemCode, problems } from '../shared/problems.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The wire shape of refusals, where a standard has one of its own. */
    problem?: (error: DomainError, instance: string) => Problem
  }
}

/** RFC 9457, with our `code` and every fault found. Further members are figures of the refusal, such as `floor`. */
export const problemSchema = z
  .looseObject({
    type: z.string().describe('Address of the description of this kind of problem'),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('Stable code; the list is at /problems'),
    detail: z.string(),
    instance: z.string().describe('Path of the request and its id'),
    errors: z
      .array(
        z.object({
          pointer: z.string().optional().describe('RFC 6901 pointer into the body'),
          parameter: z.string().optional().describe('Name of a query, path or header parameter'),
          detail: z.string()
        })
      )
      .describe('Every fault that was found')
  })
  .describe('What was refused, why, and every fault that was found (RFC 9457)')

/** A refusal as it goes out. */
export type Problem = {
  status: number
  headers: Record<string, string>
  body: Record<string, unknown>
}

/** The wire shape of a refusal. */
export function problemOf(error: DomainError, instance: string): Problem {
  const [status, title] = problems[error.code]
  const headers: Record<string, string> = { 'content-type': 'application/problem+json; charset=utf-8' }
  if (error.retryAfterSeconds !== undefined) headers['retry-after'] = String(error.retryAfterSeconds)
  const challenge = challengeOf(error)
  if (challenge) headers['www-authenticate'] = challenge
  return {
    status,
    headers,
    body: {
      ...error.figures,
      type: `/problems#${error.code}`,
      title,
      status,
      code: error.code,
      detail: error.message,
      instance,
      errors: error.errors
    }
  }
}

/** What a caller is told to come back with, and what was wrong with the token where one was sent (RFC 6750, section 3). */
function challengeOf({ code, figures, status }: DomainError): string | null {
  if (code === 'token-invalid') return 'Bearer error="invalid_token"'
  if (code === 'scope-missing') return `Bearer error="insufficient_scope", scope="${figures['scope']}"`
  return status === 401 ? 'Bearer' : null
}

/** `/v1/…` without the query, which may hold what somebody searched for, and the request's id. */
const instanceOf = (request: FastifyRequest): string => `${request.url.split('?')[0]}#${request.id}`

/** The refusal of this request, in the shape of its route. */
export function refusalOf(request: FastifyRequest, error: DomainError): Problem {
  const { problem = problemOf } = request.routeOptions.config
  return problem(error, instanceOf(request))
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: DomainError): FastifyReply {
  const problem = refusalOf(request, error)
  return reply.code(problem.status).headers(problem.headers).send(JSON.stringify(problem.body))
}

/** What the framework and the database refuse, in our words. Null: a fault of ours. */
function translate(error: FastifyError): DomainError | null {
  if (error instanceof DomainError) return error
  if (hasZodFastifySchemaValidationErrors(error)) {
    const faults = error.validation.flatMap((v) => faultsOf(v as Validation, error.validationContext ?? 'body'))
    return new DomainError('validation-failed', faults.map((f) => f.detail).join(' '), { errors: faults })
  }
  const cause = databaseError(error)
  if (cause) return translateDatabase(cause.code ?? '')
  if (isConnectionError(error)) return new DomainError('unavailable', undefined, { retryAfterSeconds: 2 })
  const byCode: Record<string, ProblemCode> = {
    FST_ERR_CTP_BODY_TOO_LARGE: 'payload-too-large',
    FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
    FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed-body',
    FST_ERR_CTP_INVALID_JSON_BODY: 'malformed-body',
    FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'bad-request',
    FST_ERR_BAD_URL: 'bad-request',
    FST_UNDER_PRESSURE: 'unavailable'
  }
  const code = byCode[error.code]
  if (code) return new DomainError(code)
  const status = error.statusCode ?? 500
  if (status === 429) return new DomainError('rate-limited')
  if (status === 503) return new DomainError('unavailable', undefined, { retryAfterSeconds: 5 })
  if (error instanceof SyntaxError && status === 400) return new DomainError('malformed-body')
  return status >= 400 && status < 500 ? new DomainError('bad-request') : null
}

/** Only what a caller can bring about; nothing of the query or its values is repeated. */
function translateDatabase(code: string): DomainError | null {
  if (code === '23505') return new DomainError('already-exists')
  if (code === '23503') return new DomainError('conflict', 'It refers to something that is not there.')
  if (['40001', '40P01', '55P03', '0A000', '26000'].includes(code))
    return new DomainError('unavailable', 'Others were changing the same things; try again.', { retryAfterSeconds: 1 })
  if (code.startsWith('22')) return new DomainError('validation-failed', 'A value is outside what can be stored.')
  if (code.startsWith('08') || code.startsWith('57P') || code.startsWith('53'))
    return new DomainError('unavailable', undefined, { retryAfterSeconds: 2 })
  return null
}

type Validation = { instancePath: string; message?: string; params: Record<string, unknown> }

/** One fault per unknown key, one per wrong value, with where it stands. */
function faultsOf({ instancePath, message, params }: Validation, context: string): Fault[] {
  const path = instancePath === '/' ? '' : instancePath
  const at = (full: string): Omit<Fault, 'detail'> =>
    context === 'body' ? { pointer: full } : { parameter: full.slice(1).replaceAll('/', '.') }
  const keys = params['keys']
  if (Array.isArray(keys))
    return keys.map((key) => ({
      ...at(`${path}/${pointerPart(String(key))}`),
      detail: `Unknown field "${String(key).slice(0, 100)}".`
    }))
  return [{ ...at(path), detail: `${path.slice(1, 200) || `The ${context}`}: ${message ?? 'is not as described'}.` }]
}

const pointerPart = (key: string): string => key.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')

/** Every error leaves as a problem; what we did not foresee is logged and told as a 500 without its text. */
export function registerProblems(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const known = translate(error)
    if (!known) request.log.error({ err: loggable(error) }, 'unexpected error')
    return sendProblem(request, reply, known ?? new DomainError('internal-error'))
  })
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, new DomainError('route-not-found')))
}
