import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import {
  type Api,
  columnsOf,
  decodeCursor,
  everyRole,
  pageOf,
  read,
  readers,
  sendList,
  toPage
} from '../../http/index.ts'
import { hasRole, isStaff } from '../../shared/actor.ts'
import { notFound } from '../../shared/errors.ts'
import { checkpointSchema, checkpointsQuery, checkpointView, proofSchema, proofView } from './chain-schemas.ts'
import type { SealKey } from './checkpoint.ts'
import { accountsOf, listCheckpoints, proveTransfer } from './proof.ts'
import { timebankParams, transferParams, verificationSchema } from './schemas.ts'
import { verifyLedger } from './verify-chain.ts'

export type ChainRoutesOptions = {
  /** Whether the account is one that the caller acts for beside their own. */
  ownsAccount(tx: Tx, request: FastifyRequest, accountId: number): boolean | Promise<boolean>
  /** All keys that have signed checkpoints. */
  sealKeys(): Promise<SealKey[]>
}

const checkpointColumns = columnsOf(checkpointSchema)

/** What shows that the books are as they were: the check of them, what was signed of them, and proofs for single transfers. */
export function chainRoutes(app: Api, { ownsAccount, sealKeys }: ChainRoutesOptions): void {
  async function isOwn(tx: Tx, request: FastifyRequest, accounts: readonly number[]): Promise<boolean> {
    for (const account of accounts)
      if (request.membership?.accountId === account || (await ownsAccount(tx, request, account))) return true
    return false
  }

  app.get(
    '/v1/timebanks/:timebank/verify',
    {
      config: { access: readers({ admin: true, auditor: true }) },
      schema: {
        operationId: 'verifyLedger',
        tags: ['Ledger'],
        summary: 'Check of the books',
        description:
          'Compares the whole journal with the accounts (gaps, running balances, holds, references, limits, sums) and with the ' +
          'hash chain and its signatures. Takes seconds where there are millions of transfers.',
        params: timebankParams,
        response: { 200: verificationSchema }
      }
    },
    async (request) => {
      const problems = await verifyLedger((work) => read(request, work), await sealKeys())
      return { sound: problems.length === 0, problems }
    }
  )

  app.get(
    '/v1/timebanks/:timebank/transfers/:transfer/proof',
    {
      config: { access: readers({ member: 'own', broker: true, admin: true, auditor: true }) },
      schema: {
        operationId: 'getTransferProof',
        tags: ['Ledger'],
        summary: 'Proof of a transfer',
        description:
          'That the transfer is in the signed hash chain, to be kept and checked without this service (see the README). ' +
          'Members get those of their own accounts. 409 `not-chained-yet` for some minutes after it was recorded.',
        params: transferParams,
        response: { 200: proofSchema }
      }
    },
    async (request) => {
      const keys = await sealKeys()
      return read(request, async (tx) => {
        const whole = isStaff(tx.actor) || hasRole(tx.actor, 'auditor')
        const accounts = await accountsOf(tx, request.params.transfer)
        // as if it were not there
        if (!whole && !(await isOwn(tx, request, accounts))) throw notFound('transfer')
        return proofView(await proveTransfer(tx, request.params.transfer, keys), whole)
      })
    }
  )

  app.get(
    '/v1/timebanks/:timebank/checkpoints',
    {
      config: { access: readers(everyRole), csv: true },
      schema: {
        operationId: 'listCheckpoints',
        tags: ['Ledger'],
        summary: 'Signed checkpoints of the hash chain',
        description:
          'Whoever keeps one elsewhere can tell later whether anything recorded before it was changed: its chain hash must still ' +
          'be the one given here under its number.',
        params: timebankParams,
        querystring: checkpointsQuery,
        response: { 200: pageOf(checkpointSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, order } = request.query
      // the order belongs to the cursor, so that a page of the other direction is refused
      const cursorShape = z.tuple([z.literal(order), z.int()])
      return sendList(request, reply, {
        name: 'checkpoints',
        query: { limit, cursor },
        columns: checkpointColumns,
        page: (at, size) =>
          read(request, async (tx) => {
            const from = decodeCursor(at, cursorShape)?.[1] ?? null
            const found = await listCheckpoints(tx, { order, from, limit: size + 1 })
            return toPage(found.map(checkpointView), size, ({ number }) => [order, number])
          })
      })
    }
  )
}
