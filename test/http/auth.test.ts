import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify from 'fastify'
import { anyone, registerAuth, registerProblems } from '../../src/http/index.ts'
import { DomainError } from '../../src/shared/errors.ts'

/** What a request with a token gets where reading the token fails for this reason. */
async function answerWhen(failure: Error): Promise<number> {
  const app = Fastify()
  registerProblems(app)
  registerAuth(app, {
    verify: () => Promise.reject(failure),
    look: () => Promise.reject(failure),
    lookAtClient: () => Promise.reject(failure)
  })
  app.get('/', { config: { access: anyone } }, async () => 'ok')
  const { statusCode } = await app.inject({ url: '/', headers: { authorization: 'Bearer a.b.c' } })
  await app.close()
  return statusCode
}

test('a bad token is 401; that the keys cannot be read just now is 503, so that nobody throws a good token away', async () => {
  assert.equal(await answerWhen(new DomainError('token-invalid')), 401)
  const lost = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  assert.equal(await answerWhen(new Error('Failed query', { cause: lost })), 503)
})
