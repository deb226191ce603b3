import {
  type Api,
  columnsOf,
  idFrom,
  pageOf,
  read,
  readers,
  sendList,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import type { MembershipStatus } from '../../shared/actor.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { listNotices, markRead } from './notices.ts'
import { listQuery, noticeParams, noticeSchema } from './schemas.ts'

const collection = '/v1/timebanks/:timebank/notices'
const tags = ['Notices']
const columns = columnsOf(noticeSchema)
/** Everybody reads their own, and nobody those of others, staff included. */
const own = { member: 'own' } as const
const here: readonly MembershipStatus[] = ['active', 'paused', 'suspended']

export function noticeRoutes(app: Api): void {
  app.get(
    collection,
    {
      config: { access: readers(own), csv: true },
      schema: {
        operationId: 'listNotices',
        tags,
        summary: 'What the caller should know of, newest first',
        description:
          'Of what others, or the service, have done that concerns the caller or an organisation that they act for. Holds ids only: what it is about is read where it is. Kept for a year.',
        params: timebankParams,
        querystring: listQuery,
        response: { 200: pageOf(noticeSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, unread } = request.query
      return sendList(request, reply, {
        name: 'notices',
        query: { limit, cursor },
        columns,
        page: (from, size) =>
          read(request, async (tx) => {
            const filter = { unread: unread === 'true', before: idFrom(from) }
            return toPage(await listNotices(tx, tx.actor.membershipId!, filter, size), size, (notice) => [notice.id])
          })
      })
    }
  )

  app.put(
    `${collection}/:notice/read`,
    {
      config: { access: writers(own, here) },
      schema: {
        operationId: 'readNotice',
        tags,
        summary: 'Note that a notice has been read',
        description: 'Again it changes nothing: the first time stays.',
        params: noticeParams,
        response: { 200: noticeSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 200, (tx) => markRead(tx, tx.actor.membershipId!, request.params.notice))
  )
}
