import { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import {
  type Api,
  columnsOf,
  decodeCursor,
  defaultLimit,
  encodeCursor,
  read,
  readers,
  readOne,
  sendList,
  sendPdf,
  toPage,
  turningPageOf,
  wantsPdf
} from '../../http/index.ts'
import { refuseFaults } from '../../shared/errors.ts'
import { positionAt, summaryOf } from './as-of.ts'
import { paperOf } from './paper/make.ts'
import { statementPaper } from './paper/statement.ts'
import { getAccount, statementWith } from './read.ts'
import {
  accountParams,
  accountSchema,
  accountView,
  balanceQuery,
  balanceSchema,
  balanceView,
  lineSchema,
  lineView,
  statementQuery,
  summaryQuery,
  summarySchema,
  summaryView
} from './schemas.ts'
import { type LedgerRoutesOptions, mayReadAnyway, momentOf, periodOf, refuseOthers, refusePeriod } from './views.ts'

const ownOrAll = readers({ member: 'own', broker: true, admin: true, auditor: true })

const lineColumns = columnsOf(lineSchema)

export type { LedgerRoutesOptions } from './views.ts'

/** Reading the ledger. Nothing here moves hours: that is done by what stands on the ledger. */
export function ledgerRoutes(app: Api, options: LedgerRoutesOptions): void {
  const { ownsAccount, labelsBeside, dayEnd } = options

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
        await refuseOthers(tx, request, account, ownsAccount)
        return accountView(await getAccount(tx, account))
      })
    }
  )

  app.get(
    '/v1/timebanks/:timebank/accounts/:account/balance',
    {
      config: { access: ownOrAll },
      schema: {
        operationId: 'getBalanceAsOf',
        tags: ['Ledger'],
        summary: 'Balance as of a date or an instant',
        description:
          "Earned, spent, balance and what was set aside at the end of a calendar date in the timebank's time zone (`asOf`), or at an instant (`at`); without either, now. By service date (unless `by=recording`) everything performed up to that date counts, also what was recorded later, and nothing performed afterwards, also what has been recorded already. A reversal counts on its own service date, so that a mistake is in the balance from its date to that of its reversal. What was set aside is let go on the later of its own date and that of what resolved it.",
        params: accountParams,
        querystring: balanceQuery,
        response: { 200: balanceSchema }
      }
    },
    (request) =>
      read(request, async (tx) => {
        const { account } = request.params
        await refuseOthers(tx, request, account, ownsAccount)
        const moment = await momentOf(tx, request.query, dayEnd)
        const position = moment === null ? await getAccount(tx, account) : await positionAt(tx, account, moment)
        return balanceView(account, request.query, position)
      })
  )

  app.get(
    '/v1/timebanks/:timebank/accounts/:account/summary',
    {
      config: { access: ownOrAll },
      schema: {
        operationId: 'getAccountSummary',
        tags: ['Ledger'],
        summary: 'Earned and spent in a period',
        description:
          'The balance before a period and after it, and what was earned and spent between, by service date or by recording.',
        params: accountParams,
        querystring: summaryQuery,
        response: { 200: summarySchema }
      }
    },
    (request) =>
      read(request, async (tx) => {
        const { account } = request.params
        await refuseOthers(tx, request, account, ownsAccount)
        const [before, until] = await periodOf(tx, request.query, dayEnd)
        return summaryView(account, request.query, await summaryOf(tx, account, before, until))
      })
  )

  app.get(
    '/v1/timebanks/:timebank/accounts/:account/statement',
    {
      config: { access: ownOrAll, csv: true, pdf: true },
      schema: {
        operationId: 'getStatement',
        tags: ['Ledger'],
        summary: 'Statement of an account',
        description:
          'Lines in the order of recording with the running balance; as JSON by page, with links to the pages before and after, or all of them as CSV with a header row. As PDF (`Accept: application/pdf`) it is a page to hand to the member, in their language: what moved hours from `from` to `to`, by service date, with the balances before and after; up to 2,000 lines, whatever `order` and `limit` say.',
        params: accountParams,
        querystring: statementQuery,
        response: { 200: turningPageOf(lineSchema) }
      }
    },
    async (request, reply) => {
      const { account } = request.params
      const { limit, order, from, to, cursor } = request.query
      if (wantsPdf(request)) {
        if (cursor !== undefined) refuseFaults([{ parameter: 'cursor', detail: 'cursor: a PDF has no pages to turn.' }])
        const paper = await read(request, async (tx) => {
          await refuseOthers(tx, request, account, ownsAccount)
          await getAccount(tx, account)
          refusePeriod({ from, to })
          return paperOf(tx, account, { from, to }, options)
        })
        return sendPdf(reply, `statement-${account}`, statementPaper(paper))
      }
      // the order belongs to the cursor, so that a page of the other direction is refused; with `back` it is read from its end
      const forth = z.tuple([z.literal(order), z.int()])
      const cursorShape = z.union([forth, z.tuple([...forth.def.items, z.literal('back')])])
      const page = async (at: string | undefined, size: number) => {
        const [, last, back] = decodeCursor(at, cursorShape) ?? []
        const towards = (order === 'newest') === (back === undefined) ? 'newest' : 'oldest'
        const edge = towards === 'newest' ? { before: last } : { after: last }
        const lines = (tx: Tx) =>
          statementWith(tx, account, { ...edge, order: towards, from, to, limit: size + 1 }, labelsBeside)
        // lines of certain days are looked for among all
        const short = from === undefined && to === undefined && size <= defaultLimit
        const found = mayReadAnyway(request, account)
          ? await readOne(request, lines, { short })
          : await read(request, async (tx) => {
              await refuseOthers(tx, request, account, ownsAccount)
              return lines(tx)
            })
        // an account that is not there has no lines either
        if (found.length === 0) await readOne(request, (tx) => getAccount(tx, account), { short: true })
        const views = found.map(([line, label]) => lineView(line, label))
        if (back === undefined) {
          const { items, next } = toPage(views, size, (line) => [order, line.line])
          // the page before ends where this one begins, also where this one is empty
          const first = items[0]?.line ?? (order === 'newest' ? (last ?? 0) - 1 : (last ?? 0) + 1)
          return { items, next, previous: last === undefined ? null : encodeCursor([order, first, 'back']) }
        }
        const { items, next: previous } = toPage(views, size, (line) => [order, line.line, 'back'])
        items.reverse()
        const end = items.at(-1)?.line ?? (last ?? 0) + (order === 'newest' ? 1 : -1)
        return { items, next: encodeCursor([order, end]), previous }
      }
      return sendList(request, reply, {
        name: `statement-${account}`,
        query: { limit, cursor },
        columns: lineColumns,
        page
      })
    }
  )
}
