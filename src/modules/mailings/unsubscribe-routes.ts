import { z } from 'zod'
import { type Api, anyone } from '../../http/index.ts'
import { tokenParams } from './schemas.ts'
import { askPage, stopMails } from './unsubscribe.ts'

const address = '/v1/unsubscribe/:token'
const tags = ['Notices']
const html = z.string().describe('A page in the language of the member')

/** What a mail program calls when its reader wants no more of these mails (RFC 8058); nobody needs to sign in for it. */
export function unsubscribeRoutes(app: Api): void {
  app.register(async (scope: Api) => {
    // the address says all; programs send `List-Unsubscribe=One-Click` in one of these forms
    scope.addContentTypeParser(
      ['application/x-www-form-urlencoded', 'multipart/form-data'],
      { parseAs: 'string', bodyLimit: 16_384 },
      (_request, _body, done) => done(null, undefined)
    )

    scope.get(
      address,
      {
        config: { access: anyone },
        schema: {
          operationId: 'askToUnsubscribe',
          tags,
          summary: 'A page with a button that stops mails of some topics',
          description:
            'Changes nothing by itself. The address stands in each mail of notices, and is the only key to it.',
          params: tokenParams,
          response: { 200: html }
        }
      },
      async (request, reply) =>
        reply.type('text/html; charset=utf-8').send(await askPage(app.database, request.params.token))
    )

    scope.post(
      address,
      {
        config: { access: anyone },
        schema: {
          operationId: 'unsubscribe',
          tags,
          summary: 'Stop mails of the topics of one mail, by a single click',
          description:
            'As RFC 8058 has it: without signing in, with `List-Unsubscribe=One-Click` as a form, which is not looked at. The topics are set to `never`; again it changes nothing.',
          params: tokenParams,
          response: { 200: html }
        }
      },
      async (request, reply) =>
        reply.type('text/html; charset=utf-8').send(await stopMails(app.database, request.params.token))
    )
  })
}
