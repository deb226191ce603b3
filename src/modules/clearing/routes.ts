import { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import {
  type Api,
  columnsOf,
  decodeCursor,
  edited,
  everyRole,
  expectedVersion,
  idFrom,
  numberCursor,
  operator,
  pageOf,
  pageQuery,
  read,
  readers,
  sendList,
  setEtag,
  staff,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { newId } from '../../shared/ids.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import {
  acceptAgreement,
  changeAgreementLimits,
  declineAgreement,
  endAgreement,
  proposeAgreement,
  resumeAgreement,
  suspendAgreement
} from './agreement-steps.ts'
import { type Agreement, findAgreement, partnerBySlug } from './agreements.ts'
import { idFromKey } from './ids.ts'
import {
  activePartners,
  getClearingTransfer,
  listAgreements,
  listAgreementVersions,
  listClearingTransfers,
  listPairs,
  listPartnerBalances
} from './read.ts'
import { reverseTransfer } from './reversal.ts'
import {
  acceptSchema,
  agreementSchema,
  agreementVersionSchema,
  changeSchema,
  clearingTransferParams,
  clearingTransferSchema,
  pairSchema,
  partnerBalanceSchema,
  partnerParams,
  partnersSchema,
  proposeSchema,
  reasonSchema,
  sendSchema,
  transferQuery,
  whySchema
} from './schemas.ts'
import { sendTransfer } from './transfers.ts'
import {
  agreementView,
  agreementViews,
  pairView,
  partnerBalanceViews,
  transferView,
  transferViews,
  versionView
} from './views.ts'

const base = '/v1/timebanks/:timebank/clearing'
const tags = ['Between timebanks']
const seeing = readers({ ...staff, auditor: true })
const deciding = writers({ admin: true })

export function clearingRoutes(app: Api): void {
  app.get(
    `${base}/partners`,
    {
      config: { access: readers(everyRole) },
      schema: {
        operationId: 'listClearingPartners',
        tags,
        summary: 'Timebanks with which hours can be exchanged',
        description: 'Their names and short names, which is all that is known of them here.',
        params: timebankParams,
        response: { 200: partnersSchema }
      }
    },
    async (request) => ({ items: await read(request, activePartners) })
  )
  agreementRoutes(app)
  transferRoutes(app)
  reportRoutes(app)
}

function agreementRoutes(app: Api): void {
  app.get(
    `${base}/agreements`,
    {
      config: { access: seeing, csv: true },
      schema: {
        operationId: 'listClearingAgreements',
        tags,
        summary: 'Agreements with other timebanks',
        params: timebankParams,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(agreementSchema) }
      }
    },
    async (request, reply) =>
      sendList(request, reply, {
        name: 'clearing-agreements',
        query: request.query,
        columns: columnsOf(agreementSchema),
        page: (from, size) =>
          read(request, async (tx) => {
            const views = await agreementViews(tx, await listAgreements(tx, idFrom(from), size))
            return toPage(views, size, ({ partnerId }) => [partnerId])
          })
      })
  )

  app.get(
    `${base}/agreements/:partner`,
    {
      config: { access: seeing },
      schema: {
        operationId: 'getClearingAgreement',
        tags,
        summary: 'The agreement with one timebank',
        params: partnerParams,
        response: { 200: agreementSchema }
      }
    },
    async (request, reply) => {
      const agreement = await read(request, async (tx) => {
        const { id } = await partnerBySlug(tx, request.params.partner)
        return agreementView(tx, (await findAgreement(tx, id))!)
      })
      setEtag(reply, agreement.rowVersion)
      return agreement
    }
  )

  app.get(
    `${base}/agreements/:partner/versions`,
    {
      config: { access: seeing, csv: true },
      schema: {
        operationId: 'listClearingAgreementVersions',
        tags,
        summary: 'All that this timebank has said about it, newest first: who, when and why',
        params: partnerParams,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(agreementVersionSchema) }
      }
    },
    async (request, reply) =>
      sendList(request, reply, {
        name: 'clearing-agreement-versions',
        query: request.query,
        columns: columnsOf(agreementVersionSchema),
        page: (from, size) =>
          read(request, async (tx) => {
            const { id } = await partnerBySlug(tx, request.params.partner)
            const before = decodeCursor(from, numberCursor)?.[0] ?? null
            const rows = await listAgreementVersions(tx, id, before, size)
            return toPage(rows.map(versionView), size, ({ version }) => [version])
          })
      })
  )

  app.post(
    `${base}/agreements`,
    {
      config: { access: deciding },
      schema: {
        operationId: 'proposeClearingAgreement',
        tags,
        summary: 'Propose to another timebank that members exchange hours',
        description:
          'Nothing moves before an admin of the other timebank accepts. Of each limit the lower of both words is in force. What was declined or ended can be proposed anew.',
        params: timebankParams,
        body: proposeSchema,
        response: { 201: agreementSchema }
      }
    },
    async (request, reply) => {
      const { timebank, why, owingLimitMinutes: owing, owedLimitMinutes: owed } = request.body
      return write(
        request,
        reply,
        201,
        async (tx) => agreementView(tx, await proposeAgreement(tx, timebank, { owing, owed }, why)),
        (view) => ({
          location: `/v1/timebanks/${request.params.timebank}/clearing/agreements/${view.timebank.slug}`,
          ...edited(view)
        })
      )
    }
  )

  app.post(
    `${base}/agreements/:partner/acceptance`,
    {
      config: { access: deciding },
      schema: {
        operationId: 'acceptClearingAgreement',
        tags,
        summary: 'Accept what the other timebank has proposed',
        description: 'With its limits, or with lower ones.',
        params: partnerParams,
        body: acceptSchema,
        response: { 200: agreementSchema }
      }
    },
    async (request, reply) => {
      const { why, owingLimitMinutes: owing, owedLimitMinutes: owed } = request.body
      return write(
        request,
        reply,
        200,
        async (tx) => agreementView(tx, await acceptAgreement(tx, request.params.partner, { owing, owed }, why)),
        edited
      )
    }
  )

  app.patch(
    `${base}/agreements/:partner`,
    {
      config: { access: deciding, ifMatch: true },
      schema: {
        operationId: 'changeClearingLimits',
        tags,
        summary: 'Change what this timebank says about the limits',
        description: 'Lowering is in force at once; raising as far as the other timebank has said so too.',
        params: partnerParams,
        body: changeSchema,
        response: { 200: agreementSchema }
      }
    },
    async (request, reply) => {
      const expected = expectedVersion(request)
      const { why, owingLimitMinutes: owing, owedLimitMinutes: owed } = request.body
      return write(
        request,
        reply,
        200,
        async (tx) =>
          agreementView(tx, await changeAgreementLimits(tx, request.params.partner, { owing, owed }, why, expected)),
        edited
      )
    }
  )

  const step = (
    name: string,
    operationId: string,
    summary: string,
    take: (tx: Tx, slug: string, why: string) => Promise<Agreement>
  ) =>
    app.post(
      `${base}/agreements/:partner/${name}`,
      {
        config: { access: deciding },
        schema: {
          operationId,
          tags,
          summary,
          params: partnerParams,
          body: whySchema,
          response: { 200: agreementSchema }
        }
      },
      async (request, reply) =>
        write(
          request,
          reply,
          200,
          async (tx) => agreementView(tx, await take(tx, request.params.partner, request.body.why)),
          edited
        )
    )
  step('decline', 'declineClearingAgreement', 'Decline what the other timebank has proposed', declineAgreement)
  step(
    'suspension',
    'suspendClearingAgreement',
    'Let nothing new through, either way, until this timebank lifts it',
    suspendAgreement
  )
  step('resumption', 'resumeClearingAgreement', 'Lift the suspension by this timebank', resumeAgreement)
  step('end', 'endClearingAgreement', 'End it, or take back a proposal; what is owed stays in the books', endAgreement)
}

function transferRoutes(app: Api): void {
  app.post(
    `${base}/transfers`,
    {
      config: { access: writers({ member: 'own', ...staff }), idempotency: 'required' },
      schema: {
        operationId: 'sendClearingTransfer',
        tags,
        summary: 'Give hours to a member of another timebank',
        description:
          'Sets the hours aside here and sends them on; the status tells whether they were taken. The recipient is named by number, and nothing about them is told back: check the number. Staff may do it for a member (by phone, on a slip). A key that is a uuid v7 becomes the id.',
        params: timebankParams,
        body: sendSchema,
        response: { 201: clearingTransferSchema }
      }
    },
    async (request, reply) => {
      const id = idFromKey(request.headers['idempotency-key']) ?? newId()
      return write(
        request,
        reply,
        201,
        async (tx) => transferView(tx, await sendTransfer(tx, { id, ...request.body })),
        (view) => ({ location: `/v1/timebanks/${request.params.timebank}/clearing/transfers/${view.id}` })
      )
    }
  )

  app.get(
    `${base}/transfers`,
    {
      config: { access: readers({ member: 'own', ...staff, auditor: true }), csv: true },
      schema: {
        operationId: 'listClearingTransfers',
        tags,
        summary: 'Hours given to and received from members of other timebanks, newest first',
        description: 'Members see their own.',
        params: timebankParams,
        querystring: transferQuery,
        response: { 200: pageOf(clearingTransferSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, partner, ...filter } = request.query
      return sendList(request, reply, {
        name: 'clearing-transfers',
        query: { limit, cursor },
        columns: columnsOf(clearingTransferSchema),
        page: (from, size) =>
          read(request, async (tx) => {
            const partnerId = partner === undefined ? undefined : (await partnerBySlug(tx, partner)).id
            const rows = await listClearingTransfers(tx, { ...filter, partnerId }, idFrom(from), size)
            return toPage(await transferViews(tx, rows), size, ({ id }) => [id])
          })
      })
    }
  )

  app.get(
    `${base}/transfers/:clearingTransfer`,
    {
      config: { access: readers({ member: 'own', ...staff, auditor: true }) },
      schema: {
        operationId: 'getClearingTransfer',
        tags,
        summary: 'One transfer between timebanks, as this one sees it',
        params: clearingTransferParams,
        response: { 200: clearingTransferSchema }
      }
    },
    (request) =>
      read(request, async (tx) => transferView(tx, await getClearingTransfer(tx, request.params.clearingTransfer)))
  )

  app.post(
    `${base}/transfers/:clearingTransfer/reversal`,
    {
      config: { access: writers(staff), idempotency: 'required' },
      schema: {
        operationId: 'reverseClearingTransfer',
        tags,
        summary: 'Take a transfer between timebanks back, with a reason',
        description:
          'Here at once; the other timebank follows by itself, whichever of the two begins. It may pass limits: what was moved wrongly must be mendable. The reason stays here.',
        params: clearingTransferParams,
        body: reasonSchema,
        response: { 200: clearingTransferSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 200, async (tx) =>
        transferView(tx, await reverseTransfer(tx, request.params.clearingTransfer, request.body.reason))
      )
  )
}

function reportRoutes(app: Api): void {
  app.get(
    `${base}/balances`,
    {
      config: { access: seeing, csv: true },
      schema: {
        operationId: 'listClearingBalances',
        tags,
        summary: 'Who owes whom: what this timebank owes others and they owe it',
        params: timebankParams,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(partnerBalanceSchema) }
      }
    },
    async (request, reply) =>
      sendList(request, reply, {
        name: 'clearing-balances',
        query: request.query,
        columns: columnsOf(partnerBalanceSchema),
        page: (from, size) =>
          read(request, async (tx) => {
            const views = await partnerBalanceViews(tx, await listPartnerBalances(tx, idFrom(from), size))
            return toPage(views, size, ({ partnerId }) => [partnerId])
          })
      })
  )

  app.get(
    '/v1/clearing',
    {
      config: { access: operator, csv: true },
      schema: {
        operationId: 'listClearingPairs',
        tags,
        summary: 'Who owes whom over the installation, and whether the books of both sides agree',
        description: 'Both balances of a pair are read at one instant.',
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(pairSchema) }
      }
    },
    async (request, reply) =>
      sendList(request, reply, {
        name: 'clearing',
        query: request.query,
        columns: columnsOf(pairSchema),
        page: async (from, size) => {
          const after = decodeCursor(from, z.tuple([z.uuid(), z.uuid()]))
          const page = toPage(await listPairs(app.database, after, size), size, (pair) => [
            pair.timebank.id,
            pair.partner.id
          ])
          return { ...page, items: page.items.map(pairView) }
        }
      })
  )
}
