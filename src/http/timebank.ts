import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Database, inTimebank, inTimebankOnce, Replay, readOnce, type Tx } from '../db/client.ts'
import { DomainError } from '../shared/errors.ts'
import { idempotencyKey, once } from './idempotency.ts'

declare module 'fastify' {
  interface FastifyInstance {
    database: Database
  }
}

/** Reads in the request's timebank, in one transaction that cannot write. */
export function read<T>(request: FastifyRequest, work: (tx: Tx) => Promise<T>): Promise<T> {
  const { id, policyVersion } = timebankOf(request)
  return inTimebank(request.server.database, id, request.actor, work, { readOnly: true, policyVersion })
}

/** Reads by a single statement in the request's timebank, in one round trip; see readOnce. */
export function readOne<T>(
  request: FastifyRequest,
  work: (tx: Tx) => Promise<T>,
  options: { short?: boolean } = {}
): Promise<T> {
  const { id, policyVersion } = timebankOf(request)
  return readOnce(request.server.database, id, request.actor, work, { policyVersion, ...options })
}

/**
 * Reads in the request's timebank where reading leaves a trace: in the log of what agencies have seen of somebody.
 */
export function readLogged<T>(request: FastifyRequest, work: (tx: Tx) => Promise<T>): Promise<T> {
  const { id, policyVersion } = timebankOf(request)
  const readOnly = request.actor.agency === undefined
  return inTimebank(request.server.database, id, request.actor, work, { readOnly, policyVersion })
}

/**
 * Writes in the request's timebank and answers after the commit. With an Idempotency-Key the answer is kept in the
 * same transaction, and a repeat gets it again with `Idempotency-Replayed: true`.
 * `work` gives the body; `headers` makes headers of it (ETag, Location), and so may `status` its status.
 */
export async function write<T>(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number | ((body: T) => number),
  work: (tx: Tx) => Promise<T>,
  headers: (body: T) => Record<string, string> = () => ({})
): Promise<FastifyReply> {
  const { database } = request.server
  const timebank = timebankOf(request)
  const key = idempotencyKey(request)
  const answerOf = (body: T) => {
    const code = typeof status === 'number' ? status : status(body)
    return {
      status: code,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
        ...headers(body)
      },
      body: body === undefined ? '' : String(reply.code(code).serialize(body))
    }
  }
  if (key === null) {
    const body = await inTimebank(database, timebank.id, request.actor, work, timebank)
    return send(reply, answerOf(body))
  }
  const guard = once(request, key)
  const answered = async (tx: Tx) => answerOf(await work(tx))
  const answer = await inTimebankOnce(database, timebank.id, request.actor, guard, answered, timebank)
  if (answer instanceof Replay) return send(reply.header('idempotency-replayed', 'true'), answer.answer)
  return send(reply, answer)
}

const send = (
  reply: FastifyReply,
  answer: { status: number; headers: Record<string, string>; body: string }
): FastifyReply =>
  reply
    .code(answer.status)
    .headers(answer.headers)
    .send(answer.body === '' ? undefined : answer.body)

/** ETag of a body with a `rowVersion`, and its address where it was made. */
export const edited = (body: { rowVersion: number }): Record<string, string> => ({ etag: `"${body.rowVersion}"` })

export function created(
  request: FastifyRequest
): (body: { id: string; rowVersion?: number }) => Record<string, string> {
  const collection = request.url.split('?')[0]
  return (body) => ({
    location: `${collection}/${body.id}`,
    ...(body.rowVersion === undefined ? {} : { etag: `"${body.rowVersion}"` })
  })
}

export function timebankOf(request: FastifyRequest): NonNullable<FastifyRequest['timebank']> {
  if (!request.timebank) throw new DomainError('internal-error')
  return request.timebank
}
