import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { inTimebank, type Tx } from '../../db/client.ts'
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
  sendPdf,
  setEtag,
  staff,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { isStaff } from '../../shared/actor.ts'
import { notFound } from '../../shared/errors.ts'
import { type Paper, statementsPaper } from '../ledger/index.ts'
import { resolveMember } from '../members/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import {
  choiceParams,
  choiceSchema,
  newRunSchema,
  postingSchema,
  runListQuery,
  runParams,
  runSchema,
  wholeRunSchema
} from './statement-schemas.ts'
import {
  beginRun,
  choosePost,
  getRun,
  listRuns,
  markPosted,
  noteFetched,
  type Run,
  statementOf,
  timebankName,
  wantsPost
} from './statements.ts'

const runs = '/v1/timebanks/:timebank/statements-by-post'
const choice = '/v1/timebanks/:timebank/members/:member/statements-by-post'
const tags = ['Paper']
const columns = columnsOf(runSchema)
/** Of themselves; staff for anybody. */
const own = { member: 'own', ...staff } as const

/** Statements for people who have no e-mail, or like a letter. */
export function statementRoutes(app: Api): void {
  app.get(
    runs,
    {
      config: { access: readers(staff), csv: true },
      schema: {
        operationId: 'listStatementRuns',
        tags,
        summary: 'Runs of statements by post, newest first',
        params: timebankParams,
        querystring: runListQuery,
        response: { 200: pageOf(runSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor } = request.query
      return sendList(request, reply, {
        name: 'statements-by-post',
        query: { limit, cursor },
        columns,
        page: (from, size) =>
          read(request, async (tx) => {
            const page = toPage(await listRuns(tx, idFrom(from), size), size, ({ id }) => [id])
            return { ...page, items: page.items.map(runView) }
          })
      })
    }
  )

  app.post(
    runs,
    {
      config: { access: writers(staff) },
      schema: {
        operationId: 'makeStatementRun',
        tags,
        summary: 'Make statements to be posted',
        description:
          'Of the members who are named, or of everybody here who has no e-mail or has asked for post: one document, each statement from a page of its own, with the address in its place and in the language of the member. Kept are whose they are and the days; the pages are drawn when they are fetched.',
        params: timebankParams,
        body: newRunSchema,
        response: { 201: runSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 201, async (tx) => runView(await beginRun(tx, request.body)), created(request))
  )

  app.get(
    `${runs}/:run`,
    {
      config: { access: readers(staff) },
      schema: {
        operationId: 'getStatementRun',
        tags,
        summary: 'A run with whose statements it has',
        params: runParams,
        response: { 200: wholeRunSchema }
      }
    },
    async (request, reply) => {
      const { run, members } = await read(request, (tx) => getRun(tx, request.params.run))
      setEtag(reply, run.rowVersion)
      return { ...runView(run), memberIds: members }
    }
  )

  app.get(
    `${runs}/:run/paper`,
    {
      config: { access: readers(staff) },
      schema: {
        operationId: 'fetchStatementRun',
        tags,
        summary: 'The statements of a run as one PDF',
        description:
          'Drawn as it is sent, from what is known of these days now: what was recorded since is in it. Somebody who has been erased is left out. The audit notes who fetches it.',
        produces: ['application/pdf'],
        params: runParams
      }
    },
    async (request, reply) => {
      const { server, actor, timebank } = request
      const { run, members, name, locale } = await read(request, async (tx) => ({
        ...(await getRun(tx, request.params.run)),
        ...(await timebankName(tx))
      }))
      await inTimebank(server.database, timebank!.id, actor, (tx) => noteFetched(tx, run.id))
      return sendPdf(
        reply,
        `statements-${run.fromDate}-${run.toDate}`,
        statementsPaper(name, locale, drawn(request, run, members))
      )
    }
  )

  app.post(
    `${runs}/:run/posting`,
    {
      config: { access: writers(staff) },
      schema: {
        operationId: 'postStatementRun',
        tags,
        summary: 'Note the day on which a run went to the post',
        params: runParams,
        body: postingSchema,
        response: { 200: runSchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        200,
        async (tx) => runView(await markPosted(tx, request.params.run, request.body.postedOn)),
        edited
      )
  )

  app.get(
    choice,
    {
      config: { access: readers(own) },
      schema: {
        operationId: 'getPostalStatements',
        tags,
        summary: 'Whether a member wants statements by post though they have e-mail',
        params: choiceParams,
        response: { 200: choiceSchema }
      }
    },
    (request) =>
      read(request, async (tx) => ({ wanted: await wantsPost(tx, await chooser(tx, request.params.member)) }))
  )

  app.put(
    choice,
    {
      config: { access: writers(own) },
      schema: {
        operationId: 'choosePostalStatements',
        tags,
        summary: 'Say whether a member wants statements by post though they have e-mail',
        params: choiceParams,
        body: choiceSchema,
        response: { 200: choiceSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 200, async (tx) => ({
        wanted: await choosePost(tx, await chooser(tx, request.params.member), request.body.wanted)
      }))
  )
}

const runView = ({ fromDate, toDate, timebankId: _, ...run }: Run): z.output<typeof runSchema> => ({
  ...run,
  from: fromDate,
  to: toDate
})

/** Members choose for themselves; others are not there for them. */
async function chooser(tx: Tx, ref: string): Promise<string> {
  const { id } = await resolveMember(tx, ref)
  if (id !== tx.actor.membershipId && !isStaff(tx.actor)) throw notFound('member')
  return id
}

/** One statement at a time, each in a transaction of its own: drawing takes longer than a transaction should stand open. */
async function* drawn(request: FastifyRequest, run: Run, members: readonly string[]): AsyncGenerator<Paper> {
  for (const member of members) {
    const paper = await read(request, (tx) => statementOf(tx, run, member))
    if (paper) yield paper
  }
}
