import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Api, keyedId, read, staff, write, writers } from '../../http/index.ts'
import { DomainError } from '../../shared/errors.ts'
import type { AuditEntry } from '../audit/index.ts'
import type { Operation, Outcome, PostingQueue } from '../ledger/index.ts'
import { transferParams } from '../ledger/schemas.ts'
import { policyFor, today } from '../timebanks/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { giftOperation, grantOperation } from './giving.ts'
import { operationsOf, postBatch, postOne, refuseIfRefused, rehearse } from './posting.ts'
import { reverseTransfer } from './reversal.ts'
import type { Ground } from './rules.ts'
import {
  batchResultSchema,
  batchSchema,
  batchView,
  giftSchema,
  givenSchema,
  givenView,
  grantSchema,
  postedSchema,
  postedView,
  reversalSchema,
  transferSchema
} from './schemas.ts'

const timebank = '/v1/timebanks/:timebank'
const tags = ['Transfers']

/** Hours that move by themselves, not for an exchange: gifts, donations, grants, opening balances, and their reversal. */
export function transferRoutes(app: Api, { queue }: { queue: PostingQueue }): void {
  async function groundOf(request: FastifyRequest): Promise<Ground> {
    const reading: Ground['read'] = (work) => read(request, work)
    const { rules: policy } = await policyFor(request.timebank!, reading)
    const { actor } = request
    return {
      timebankId: request.timebank!.id,
      actor,
      policy,
      today: today({ now: app.database.clock() }, policy),
      read: reading
    }
  }

  /** Posts what the request's key stands for; throws where it is refused, with figures for those who may see them. */
  async function submit(
    request: FastifyRequest,
    reply: FastifyReply,
    operation: Operation,
    entry: AuditEntry | null
  ): Promise<Outcome> {
    const ground = { database: app.database, queue, timebankId: request.timebank!.id, actor: request.actor }
    const outcome = await postOne(ground, operation, entry)
    if (outcome.replayed) reply.header('idempotency-replayed', 'true')
    refuseIfRefused(outcome)
    return outcome
  }

  app.post(
    `${timebank}/gifts`,
    {
      config: { access: writers({ member: true, ...staff }), idempotency: 'required' },
      schema: {
        operationId: 'giveHours',
        tags,
        summary: 'Give hours to somebody, or to the community pot',
        description:
          'Out of your own account, or that of an organisation for which you act. Staff write down what they were told ' +
          '(Commonhours-Source: phone or paper_slip). It is no exchange and no hours of help. The Idempotency-Key becomes the ' +
          'id of the transfer where it is a uuid; a uuid v7 is best.',
        params: timebankParams,
        body: giftSchema,
        response: { 201: givenSchema }
      }
    },
    async (request, reply) => {
      const membership = request.membership!
      const ground = await groundOf(request)
      const operation = { ...(await giftOperation(ground, membership, request.body)), ...keyedId(request) }
      const { slipNumber, roles } = request.actor
      // the number of the slip is the audit's to keep
      const entry = slipNumber === undefined ? null : given('gift.recorded', operation)
      const outcome = await submit(request, reply, operation, entry).catch((error: unknown) => {
        // what somebody else's account has, or may have, is for them and for staff
        const others =
          error instanceof DomainError &&
          ![undefined, membership.accountId].includes(error.figures['account'] as number)
        throw others && !roles.some((role) => role !== 'member') ? new DomainError(error.code) : error
      })
      return reply.code(201).send(givenView(operation.kind, outcome))
    }
  )

  app.post(
    `${timebank}/grants`,
    {
      config: { access: writers(staff), idempotency: 'required' },
      schema: {
        operationId: 'grantHours',
        tags,
        summary: 'Grant hours from the community pot',
        description: 'To somebody who cannot earn yet, or to an organisation.',
        params: timebankParams,
        body: grantSchema,
        response: { 201: givenSchema }
      }
    },
    async (request, reply) => {
      const { why, ...grant } = request.body
      const operation = { ...(await grantOperation(await groundOf(request), grant)), ...keyedId(request) }
      const outcome = await submit(request, reply, operation, given('grant.made', operation, why))
      return reply.code(201).send(givenView(operation.kind, outcome))
    }
  )

  app.post(
    `${timebank}/transfers`,
    {
      config: { access: writers(staff), idempotency: 'required' },
      schema: {
        operationId: 'postTransfer',
        tags,
        summary: 'Post one movement between accounts',
        description:
          'By account numbers. Kinds that belong to something else, such as an exchange, are posted by that. The ' +
          'Idempotency-Key becomes the id of the transfer where it is a uuid.',
        params: timebankParams,
        body: transferSchema,
        response: { 201: postedSchema }
      }
    },
    async (request, reply) => {
      const { id, asked } = keyedId(request)
      const ground = await groundOf(request)
      const [operation] = await operationsOf(ground, [{ ...request.body, id }], () => '')
      const { slipNumber } = request.actor
      const entry: AuditEntry | null =
        slipNumber === undefined ? null : { action: 'transfer.recorded', subject: { type: 'transfer', id } }
      const outcome = await submit(request, reply, { ...operation!, asked }, entry)
      return reply.code(201).send(postedView(request.body.operation, outcome))
    }
  )

  app.post(
    `${timebank}/transfers/batch`,
    {
      config: { access: writers(staff), idempotency: 'required' },
      schema: {
        operationId: 'postTransferBatch',
        tags,
        summary: 'Post up to 1,000 movements, with an answer for each',
        description:
          'What is wrong with the shape of a row, or not allowed, refuses the whole request and names every fault. What the ' +
          'ledger refuses (limits, accounts that are not open) is told per row; `atomic` then posts nothing at all. A row ' +
          'that was refused may be sent again under its id in another request.',
        params: timebankParams,
        body: batchSchema,
        response: { 200: batchResultSchema }
      }
    },
    async (request, reply) => {
      const { atomic, dryRun, operations: rows } = request.body
      const ground = await groundOf(request)
      const operations = await operationsOf(ground, rows, (i) => `/operations/${i}`)
      if (dryRun) return batchView(rows, await rehearse(app.database, ground, operations, atomic), true)
      return write(request, reply, 200, async (tx) => batchView(rows, await postBatch(tx, operations, atomic), false))
    }
  )

  app.post(
    `${timebank}/transfers/:transfer/reversal`,
    {
      config: { access: writers(staff), idempotency: 'required' },
      schema: {
        operationId: 'reverseTransfer',
        tags,
        summary: 'Take a transfer back by its linked opposite',
        description: 'Once, whole, with a reason. What belongs to an exchange is reversed with the exchange.',
        params: transferParams,
        body: reversalSchema,
        response: { 201: postedSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 201, async (tx) =>
        postedView('reverse', await reverseTransfer(tx, request.params.transfer, request.body))
      )
  )
}

const given = (
  action: string,
  { id, minutes, onBehalfOf }: { id: string; minutes: number; onBehalfOf?: string | undefined },
  reason?: string
): AuditEntry => ({
  action,
  subject: { type: 'transfer', id },
  onBehalfOf: onBehalfOf ?? null,
  changes: { minutes },
  reason: reason ?? null
})
