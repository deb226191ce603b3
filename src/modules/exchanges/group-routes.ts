import { type Api, created, edited, read, readers, setEtag, staff, write, writers } from '../../http/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { planGroup } from './group-plan.ts'
import { groupParams, groupPreviewSchema, groupSchema, newGroupSchema } from './group-schemas.ts'
import { groupView, previewOf } from './group-views.ts'
import { getGroup, recordGroup, reverseGroup } from './groups.ts'
import { reasonSchema } from './schemas.ts'

const groups = '/v1/timebanks/:timebank/exchange-groups'
const tags = ['Exchanges']
/** Members are told where to turn to instead of a bare refusal. */
const recorders = writers({ member: 'own', ...staff })

/** Exchanges of several people in one session. */
export function groupRoutes(app: Api): void {
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
      write(request, reply, 201, async (tx) => groupView(tx, await recordGroup(tx, request.body)), created(request))
  )

  app.get(
    `${groups}/:group`,
    {
      config: { access: readers({ ...staff, auditor: true }) },
      schema: {
        operationId: 'getExchangeGroup',
        tags,
        summary: 'A group with its exchanges and transfers',
        description: 'Members see the exchanges of it in which they are a side.',
        params: groupParams,
        response: { 200: groupSchema }
      }
    },
    async (request, reply) => {
      const view = await read(request, async (tx) => groupView(tx, await getGroup(tx, request.params.group)))
      setEtag(reply, view.rowVersion)
      return view
    }
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
        async (tx) => groupView(tx, await reverseGroup(tx, request.params.group, request.body.reason)),
        edited
      )
  )
}
