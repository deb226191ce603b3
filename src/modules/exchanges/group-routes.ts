import {
  type Api,
  columnsOf,
  created,
  edited,
  idFrom,
  pageOf,
  read,
  readers,
  sendList,
  setEtag,
  staff,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { planGroup } from './group-plan.ts'
import { listGroups } from './group-read.ts'
import { cancelGroup, confirmGroup, refuseGroup, reportGroup } from './group-reports.ts'
import {
  cancelGroupSchema,
  groupListQuery,
  groupParams,
  groupPreviewSchema,
  groupSchema,
  listedGroupSchema
} from './group-schemas.ts'
import { groupView, listedView, previewOf } from './group-views.ts'
import { recordGroup, reverseGroup } from './groups.ts'
import { emptySchema, newGroupSchema, reasonSchema } from './schemas.ts'

const groups = '/v1/timebanks/:timebank/exchange-groups'
const tags = ['Exchanges']
/** Members are told where to turn to instead of a bare refusal. */
const recorders = writers({ member: 'own', ...staff })
/** Those who take part, and staff. */
const sides = { member: 'own', ...staff } as const
const answerers = writers(sides, ['active', 'paused'])
const columns = columnsOf(listedGroupSchema)

/** Exchanges of several people in one session. */
export function groupRoutes(app: Api): void {
  app.get(
    groups,
    {
      config: { access: readers({ ...sides, auditor: true }), csv: true },
      schema: {
        operationId: 'listExchangeGroups',
        tags,
        summary: 'Groups, newest first',
        description: 'Members see those in which they, or an organisation that they act for, take part.',
        params: timebankParams,
        querystring: groupListQuery,
        response: { 200: pageOf(listedGroupSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, ...filter } = request.query
      return sendList(request, reply, {
        name: 'exchange-groups',
        query: { limit, cursor },
        columns,
        page: (from, size) =>
          read(request, async (tx) => {
            const page = toPage(await listGroups(tx, filter, idFrom(from), size), size, ({ id }) => [id])
            return { ...page, items: page.items.map(listedView) }
          })
      })
    }
  )

  app.post(
    `${groups}/preview`,
    {
      config: { access: recorders },
      schema: {
        operationId: 'previewExchangeGroup',
        tags,
        summary: 'What recording a group would do',
        description:
          'Every leg with who is debited and credited, balances before and after, soft limits that are crossed, and all that would be refused. Nothing is saved.',
        params: timebankParams,
        body: newGroupSchema,
        response: { 200: groupPreviewSchema }
      }
    },
    async (request, reply) => write(request, reply, 200, async (tx) => previewOf(tx, await planGroup(tx, request.body)))
  )

  app.post(
    groups,
    {
      config: { access: recorders, idempotency: 'required' },
      schema: {
        operationId: 'recordExchangeGroup',
        tags,
        summary: 'Record exchanges of several people at once, on behalf of all of them',
        description:
          'Of one or several providers with one or several receivers, as all of them have told a broker. One exchange for each provider and receiver; hours of help are their service minutes. All transfers are made in one group, or none. Not where you are one of these people.',
        params: timebankParams,
        body: newGroupSchema,
        response: { 201: groupSchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        201,
        async (tx) => groupView(tx, (await recordGroup(tx, request.body)).id),
        created(request)
      )
  )

  app.post(
    `${groups}/reports`,
    {
      config: { access: recorders, idempotency: 'required' },
      schema: {
        operationId: 'reportExchangeGroup',
        tags,
        summary: 'Report a session in which you gave time',
        description:
          'Moves nothing: it waits until everybody who was helped has confirmed it (but you, where others have helped you too), or a broker has. Where the policy wants a broker to look at it, or the community pot would pay, a broker makes the last step. It never confirms itself by waiting.',
        params: timebankParams,
        body: newGroupSchema,
        response: { 201: groupSchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        201,
        async (tx) => groupView(tx, (await reportGroup(tx, request.body)).id),
        ({ id, ...group }) => ({
          location: `/v1/timebanks/${request.params.timebank}/exchange-groups/${id}`,
          ...edited(group)
        })
      )
  )

  app.get(
    `${groups}/:group`,
    {
      config: { access: readers({ ...sides, auditor: true }) },
      schema: {
        operationId: 'getExchangeGroup',
        tags,
        summary: 'A group with its exchanges and transfers',
        description:
          'Members see the exchanges of it in which they are a side, the legs of their own accounts, and what they have answered.',
        params: groupParams,
        response: { 200: groupSchema }
      }
    },
    async (request, reply) => {
      const view = await read(request, (tx) => groupView(tx, request.params.group))
      setEtag(reply, view.rowVersion)
      return view
    }
  )

  app.post(
    `${groups}/:group/confirmation`,
    {
      config: { access: answerers, idempotency: 'required' },
      schema: {
        operationId: 'confirmExchangeGroup',
        tags,
        summary: 'Confirm a reported session in which you were helped',
        description:
          'Each once; with the last one all hours move. A broker who is none of these people confirms for all whom they have heard, also after somebody has said that it was otherwise.',
        params: groupParams,
        body: emptySchema,
        response: { 200: groupSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 200, async (tx) => groupView(tx, (await confirmGroup(tx, request.params.group)).id), edited)
  )

  app.post(
    `${groups}/:group/refusal`,
    {
      config: { access: answerers },
      schema: {
        operationId: 'refuseExchangeGroup',
        tags,
        summary: 'It was otherwise than reported; a broker decides',
        description: 'By anybody who takes part but who reported it. The reason is shown to staff.',
        params: groupParams,
        body: reasonSchema,
        response: { 200: groupSchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        200,
        async (tx) => groupView(tx, (await refuseGroup(tx, request.params.group, request.body.reason)).id),
        edited
      )
  )

  app.post(
    `${groups}/:group/cancellation`,
    {
      config: { access: answerers },
      schema: {
        operationId: 'cancelExchangeGroup',
        tags,
        summary: 'Take a report back, before anything has moved',
        description: 'By who reported it, as long as nobody has refused it, or by a broker.',
        params: groupParams,
        body: cancelGroupSchema,
        response: { 200: groupSchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        200,
        async (tx) => groupView(tx, (await cancelGroup(tx, request.params.group, request.body?.reason ?? null)).id),
        edited
      )
  )

  app.post(
    `${groups}/:group/reversal`,
    {
      config: { access: writers(staff), idempotency: 'required' },
      schema: {
        operationId: 'reverseExchangeGroup',
        tags,
        summary: 'Take a group back: all opposite transfers, with a reason',
        description: 'All of it or nothing. It may pass limits: what was booked wrongly must be mendable.',
        params: groupParams,
        body: reasonSchema,
        response: { 200: groupSchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        200,
        async (tx) => groupView(tx, (await reverseGroup(tx, request.params.group, request.body.reason)).id),
        edited
      )
  )
}
