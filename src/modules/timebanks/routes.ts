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
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { notFound } from '../../shared/errors.ts'
import { notYetInForce, type Policy, type RuleName, rules } from './policy.ts'
import {
  changePolicySchema,
  policySchemaOut,
  policyVersionSchema,
  renameSchema,
  timebankParams,
  timebankSchema
} from './schemas.ts'
import {
  changePolicy,
  currentPolicy,
  getTimebank,
  listPolicyVersions,
  listTimebanks,
  policyAt,
  renameTimebank
} from './timebanks.ts'

const explanations = Object.fromEntries(
  Object.entries(rules).map(([name, { explanation, standard }]) => [
    name,
    { explanation, default: standard, inForce: !notYetInForce.has(name as RuleName) }
  ])
)

export type TimebankRouteOptions = {
  /** What stands on the policy follows it, in the same transaction: the limits of accounts are a matter of a higher floor. */
  onPolicyChange(tx: Tx, before: Policy, after: Policy, why: string): Promise<void>
}

export function timebankRoutes(app: Api, { onPolicyChange }: TimebankRouteOptions): void {
  const tags = ['Timebanks']

  app.get(
    '/v1/timebanks',
    {
      config: { access: operator, csv: true },
      schema: {
        operationId: 'listTimebanks',
        tags,
        summary: 'All timebanks of the installation, newest first',
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(timebankSchema) }
      }
    },
    async (request, reply) => {
      return sendList(request, reply, {
        name: 'timebanks',
        query: request.query,
        columns: columnsOf(timebankSchema),
        page: async (from, size) =>
          toPage(await listTimebanks(app.database.db, idFrom(from), size), size, (row) => [row.id])
      })
    }
  )

  app.get(
    '/v1/timebanks/:timebank',
    {
      config: { access: readers(everyRole, 'any') },
      schema: {
        operationId: 'getTimebank',
        tags,
        summary: 'One timebank',
        params: timebankParams,
        response: { 200: timebankSchema }
      }
    },
    async (request) => read(request, getTimebank)
  )

  app.patch(
    '/v1/timebanks/:timebank',
    {
      config: { access: writers({ admin: true }) },
      schema: {
        operationId: 'renameTimebank',
        tags,
        summary: 'Rename a timebank',
        params: timebankParams,
        body: renameSchema,
        response: { 200: timebankSchema }
      }
    },
    async (request, reply) => write(request, reply, 200, (tx) => renameTimebank(tx, request.body.name))
  )

  app.get(
    '/v1/timebanks/:timebank/policy',
    {
      config: { access: readers(everyRole, 'any') },
      schema: {
        operationId: 'getPolicy',
        tags,
        summary: 'The policy in force, each rule explained',
        params: timebankParams,
        response: { 200: policySchemaOut }
      }
    },
    async (request, reply) => {
      const policy = await read(request, currentPolicy)
      setEtag(reply, policy.version)
      return { ...policy, explanations }
    }
  )

  app.patch(
    '/v1/timebanks/:timebank/policy',
    {
      config: { access: writers({ admin: true }), ifMatch: true },
      schema: {
        operationId: 'changePolicy',
        tags,
        summary: 'Change rules: adds a version',
        description:
          'Exchanges keep the version that they were made under. Limits of accounts follow the new version, but those that were set by hand.',
        params: timebankParams,
        body: changePolicySchema,
        response: { 200: policyVersionSchema }
      }
    },
    async (request, reply) => {
      const expected = expectedVersion(request)
      const { rules: change, why } = request.body
      return write(
        request,
        reply,
        200,
        async (tx) => {
          const before = await currentPolicy(tx)
          const after = await changePolicy(tx, dropUndefined(change), why, expected)
          await onPolicyChange(tx, before.rules, after.rules, why)
          return after
        },
        ({ version }) => edited({ rowVersion: version })
      )
    }
  )

  app.get(
    '/v1/timebanks/:timebank/policy/versions',
    {
      config: { access: readers(everyRole), csv: true },
      schema: {
        operationId: 'listPolicyVersions',
        tags,
        summary: 'All versions, newest first: who, when and why',
        params: timebankParams,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(policyVersionSchema) }
      }
    },
    async (request, reply) => {
      return sendList(request, reply, {
        name: 'policy-versions',
        query: request.query,
        columns: columnsOf(policyVersionSchema),
        page: async (from, size) => {
          const after = decodeCursor(from, numberCursor)?.[0] ?? null
          return toPage(await read(request, (tx) => listPolicyVersions(tx, after, size)), size, (row) => [row.version])
        }
      })
    }
  )

  app.get(
    '/v1/timebanks/:timebank/policy/versions/:version',
    {
      config: { access: readers(everyRole) },
      schema: {
        operationId: 'getPolicyVersion',
        tags,
        summary: 'One version of the policy',
        params: z.object({ ...timebankParams.shape, version: z.coerce.number().int().min(1).max(2_000_000_000) }),
        response: { 200: policyVersionSchema }
      }
    },
    async (request) => {
      const policy = await read(request, (tx) => policyAt(tx, request.params.version))
      if (!policy) throw notFound('version of the policy')
      return policy
    }
  )
}

/** A rule that was not sent stays as it is. */
const dropUndefined = <T extends object>(object: T) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
