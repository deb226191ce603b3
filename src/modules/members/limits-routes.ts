import { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import {
  type Api,
  columnsOf,
  decodeCursor,
  edited,
  expectedVersion,
  numberCursor,
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
import { hasRole, isStaff } from '../../shared/actor.ts'
import { notFound } from '../../shared/errors.ts'
import { currentLimits, limitVersions } from '../ledger/index.ts'
import { accountParams } from '../ledger/schemas.ts'
import { changeLimits, type LimitChange } from './limits.ts'
import {
  accountLimitsSchema,
  accountLimitsView,
  followPolicySchema,
  limitVersionSchema,
  setLimitsSchema,
  versionViews
} from './limits-schemas.ts'
import { ownsAccount } from './parties.ts'

const tags = ['Ledger']
const limits = '/v1/timebanks/:timebank/accounts/:account/limits'
const ownOrAll = readers({ member: 'own', ...staff, auditor: true })
const columns = columnsOf(limitVersionSchema)

/** Limits of single accounts: what they are, since when and why, and their change by hand. */
export function limitsRoutes(app: Api): void {
  app.get(
    limits,
    {
      config: { access: ownOrAll },
      schema: {
        operationId: 'getAccountLimits',
        tags,
        summary: 'Limits of an account',
        description: 'How far the account may go, whether by the policy or by hand, since when and why.',
        params: accountParams,
        response: { 200: accountLimitsSchema }
      }
    },
    async (request, reply) => {
      const view = await read(request, (tx) => shown(tx, request.params.account))
      setEtag(reply, view.version)
      return view
    }
  )

  app.get(
    `${limits}/versions`,
    {
      config: { access: ownOrAll, csv: true },
      schema: {
        operationId: 'listAccountLimitsVersions',
        tags,
        summary: 'All changes of limits and status, newest first: who, when and why',
        description: 'Changes are only ever added. The newest is what holds.',
        params: accountParams,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(limitVersionSchema) }
      }
    },
    async (request, reply) => {
      const { account } = request.params
      return sendList(request, reply, {
        name: `limits-${account}`,
        query: request.query,
        columns,
        page: (from, size) =>
          read(request, async (tx) => {
            await refuseOthers(tx, account)
            await currentLimits(tx, account)
            const before = decodeCursor(from, numberCursor)?.[0] ?? null
            const page = toPage(await limitVersions(tx, account, before, size), size, ({ version }) => [version])
            return { ...page, items: await versionViews(tx, page.items) }
          })
      })
    }
  )

  const change = async (tx: Tx, account: number, wanted: LimitChange) => {
    await changeLimits(tx, account, wanted)
    return shown(tx, account)
  }

  app.put(
    limits,
    {
      config: { access: writers(staff), ifMatch: true },
      schema: {
        operationId: 'setAccountLimits',
        tags,
        summary: 'Give one account limits of its own',
        description:
          'All four hold from now on, and a later policy does not change them. A balance outside them stays as it is; everything that brings it back is accepted. Not for your own account; the limits of the community pot are for admins.',
        params: accountParams,
        body: setLimitsSchema,
        response: { 200: accountLimitsSchema }
      }
    },
    async (request, reply) => {
      const { why, ...sent } = request.body
      const wanted = {
        floorSoft: sent.floorSoftMinutes,
        floorHard: sent.floorHardMinutes,
        ceilingSoft: sent.ceilingSoftMinutes,
        ceilingHard: sent.ceilingHardMinutes
      }
      const expected = expectedVersion(request)
      return write(
        request,
        reply,
        200,
        (tx) => change(tx, request.params.account, { limits: wanted, why, expected }),
        etagOf
      )
    }
  )

  app.post(
    `${limits}/policy`,
    {
      config: { access: writers(staff), ifMatch: true },
      schema: {
        operationId: 'followPolicyLimits',
        tags,
        summary: 'Give an account back to the limits of the policy',
        description:
          'It has those that the policy gives to such accounts, now and after each change of the policy. The community pot has none by policy; those of a budget are not set by hand.',
        params: accountParams,
        body: followPolicySchema,
        response: { 200: accountLimitsSchema }
      }
    },
    async (request, reply) => {
      const expected = expectedVersion(request)
      const { why } = request.body
      return write(
        request,
        reply,
        200,
        (tx) => change(tx, request.params.account, { limits: null, why, expected }),
        etagOf
      )
    }
  )
}

const etagOf = ({ version }: { version: number }) => edited({ rowVersion: version })

/** To a member the accounts of others look as if they were not there. */
async function refuseOthers(tx: Tx, accountId: number): Promise<void> {
  if (isStaff(tx.actor) || hasRole(tx.actor, 'auditor')) return
  if (!(await ownsAccount(tx, { membershipId: tx.actor.membershipId, accountId }))) throw notFound('account')
}

async function shown(tx: Tx, account: number) {
  await refuseOthers(tx, account)
  const { kind } = await currentLimits(tx, account)
  return accountLimitsView(tx, account, kind)
}
