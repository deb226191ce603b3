import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { DomainError } from '../shared/errors.ts'

/** Names the version of what is sent, so that an edit can say what it was made from. */
export const setEtag = (reply: FastifyReply, rowVersion: number): FastifyReply =>
  reply.header('etag', `"${rowVersion}"`)

/**
 * The version that the caller read, from If-Match. Missing is 428; one that is not ours cannot match, so it is 412.
 */
export function expectedVersion(request: FastifyRequest): number {
  const header = request.headers['if-match']
  if (header === undefined) throw new DomainError('precondition-required')
  const match = /^(?:W\/)?"(\d{1,9})"$/.exec(header.trim())
  if (!match) throw new DomainError('precondition-failed')
  return Number(match[1])
}

/** Answers a text named by what is in it: 304 to who has it already. The media type and how long it may be kept are set before. */
export function sendNamed(request: FastifyRequest, reply: FastifyReply, text: string): FastifyReply {
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`
  reply.header('etag', etag)
  const known = (request.headers['if-none-match'] ?? '').split(',').map((each) => each.trim().replace(/^W\//, ''))
  return known.includes(etag) || known.includes('*') ? reply.code(304).send() : reply.send(text)
}
