import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import {
  type Api,
  columnsOf,
  decodeCursor,
  defaultLimit,
  pageOf,
  read,
  readers,
  readOne,
  sendList,
  staff,
  toPage
} from '../../http/index.ts'
import { hasRole, isStaff } from '../../shared/actor.ts'
import { notFound } from '../../shared/errors.ts'
import { type Beside, findTransfer, getAccount, statementWith, trialBalance } from './read.ts'
import {
  type AccountLabel,
  accountParams,
  accountSchema,
  accountView,
  lineSchema,
  lineView,
  statementQuery,
  timebankParams,
  transferParams,
  transferSchema,
  transferView,
  trialBalanceSchema,
  trialBalanceView,
  verificationSchema
} from './schemas.ts'
import { verifyBooks } from './verify.ts'

export type LedgerRoutesOptions = {
  /** Whether the account is one that the caller acts for beside their own: the ledger knows no members. */
  ownsAccount(tx: Tx, request: FastifyRequest, accountId: number): boolean | Promise<boolean>
  /** Whose accounts these are, by their numbers, as far as the caller may know. */
  labelsOf(tx: Tx, accountIds: readonly number[]): Promise<Map<number, AccountLabel>>
  /** Whose the other accounts of a statement are, as far as the caller may know, read beside its lines. */
  labelsBeside: Beside<AccountLabel>
}

const ownOrAll = readers({ member: 'own', broker: true, admin: true, auditor: true })

const lineColumns = columnsOf(lineSchema)

/** Reading the ledger. Nothing here moves hours: that is done by what stands on the ledger. */
export function ledgerRoutes(app: Api, { ownsAccount, labelsBeside }: LedgerRoutesOptions): void {
  /** What the caller's own look-up tells: whether they see every account, or this is their own. */
  const mayReadAnyway = ({ actor, membership }: FastifyRequest, accountId: number): boolean =>
    isStaff(actor) || hasRole(actor, 'auditor') || membership?.accountId === accountId

  /** To a member the accounts of others look as if they were not there. */
  async function refuseOthers(tx: Tx, request: FastifyRequest, accountId: number): Promise<void> {
    if (mayReadAnyway(request, accountId)) return
    if (!(await ownsAccount(tx, request, accountId))) throw notFound('account')
  }

  app.get(
    '/v1/timebanks/:timebank/accounts/:account',
    {
      config: { access: ownOrAll },
      schema: {
        operationId: 'getAccount',
        tags: ['Ledger'],
        summary: 'An account',
        description: 'What was earned and spent, the balance, what is set aside, and the limits.',
        params: accountParams,
        response: { 200: accountSchema }
      }
    },
    async (request) => {
      const { account } = request.params
      if (mayReadAnyway(request, account))
        return accountView(await readOne(request, (tx) => getAccount(tx, account), { short: true }))
      return read(request, async (tx) => {
        await refuseOthers(tx, request, account)
        return accountView(await getAccount(tx, account))
      })
    }
  )

  app.get(
    '/v1/timebanks/:timebank/accounts/:account/statement',
    {
      config: { access: ownOrAll, csv: true },
      schema: {
        operationId: 'getStatement',
        tags: ['Ledger'],
        summary: 'Statement of an account',
        description:
          'Lines in the order of recording with the running balance; as JSON by page, or all of them as CSV with a header row.',
        params: accountParams,
        querystring: statementQuery,
        response: { 200: pageOf(lineSchema) }
      }
    },
    async (request, reply) => {
      const { account } = request.params
      const { limit, order, from, to, cursor } = request.query
      // the order belongs to the cursor, so that a page of the other direction is refused
      const cursorShape = z.tuple([z.literal(order), z.int()])
      const page = async (at: string | undefined, size: number) => {
        const last = decodeCursor(at, cursorShape)?.[1]
        // lines of certain days are looked for among all
        const short = from === undefined && to === undefined && size <= defaultLimit
        const edge = order === 'newest' ? { before: last } : { after: last }
        const lines = (tx: Tx) =>
          statementWith(tx, account, { ...edge, order, from, to, limit: size + 1 }, labelsBeside)
        const found = mayReadAnyway(request, account)
          ? await readOne(request, lines, { short })
          : await read(request, async (tx) => {
              await refuseOthers(tx, request, account)
              return lines(tx)
            })
        // an account that is not there has no lines either
        if (found.length === 0) await readOne(request, (tx) => getAccount(tx, account), { short: true })
        const views = found.map(([line, label]) => lineView(line, label))
        return toPage(views, size, (line) => [order, line.line])
      }
      return sendList(request, reply, {
        name: `statement-${account}`,
        query: { limit, cursor },
        columns: lineColumns,
        page
      })
    }
  )

  app.get(
    '/v1/timebanks/:timebank/transfers/:transfer',
    {
      config: { access: readers({ ...staff, auditor: true }) },
      schema: {
        operationId: 'getTransfer',
        tags: ['Ledger'],
        summary: 'A transfer',
        description: 'One movement in the ledger with both accounts, and what settled, released or reversed it.',
        params: transferParams,
        response: { 200: transferSchema }
      }
    },
    async (request) => {
      const transfer = await readOne(request, (tx) => findTransfer(tx, request.params.transfer), { short: true })
      if (transfer === null) throw notFound('transfer')
      return transferView(transfer)
    }
  )

  app.get(
    '/v1/timebanks/:timebank/trial-balance',
    {
      config: { access: readers({ ...staff, auditor: true }) },
      schema: {
        operationId: 'getTrialBalance',
        tags: ['Ledger'],
        summary: 'Trial balance',
        description: 'Totals of all accounts by kind. The sum of balances is 0 at every instant.',
        params: timebankParams,
        response: { 200: trialBalanceSchema }
      }
    },
    async (request) => trialBalanceView(await readOne(request, trialBalance))
  )

  app.get(
    '/v1/timebanks/:timebank/verify',
    {
      config: { access: readers({ admin: true, auditor: true }) },
      schema: {
        operationId: 'verifyLedger',
        tags: ['Ledger'],
        summary: 'Check of the books',
        description:
          'Compares the whole journal with the accounts: gaps, running balances, holds, references, sums. Takes seconds where there are millions of transfers.',
        params: timebankParams,
        response: { 200: verificationSchema }
      }
    },
    (request) =>
      read(request, async (tx) => {
        const problems = await verifyBooks(tx)
        return { sound: problems.length === 0, problems }
      })
  )
}
