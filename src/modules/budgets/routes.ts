import type { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import {
  type Api,
  alsoAgencies,
  columnsOf,
  created,
  decodeCursor,
  edited,
  expectedVersion,
  idFrom,
  numberCursor,
  pageOf,
  readers,
  readLogged,
  sendList,
  setEtag,
  staff,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { listBudgets } from './budgets.ts'
import { allocate, end, giveBack, reconcile } from './moving.ts'
import { getPlan, writePlan } from './plans.ts'
import { agree, changeHolder, propose } from './proposing.ts'
import {
  agreementSchema,
  budgetParams,
  budgetSchema,
  emptySchema,
  holderSchema,
  listQuery,
  minutesSchema,
  movementSchema,
  newBudgetSchema,
  planOut,
  planSchema,
  reconciliationSchema,
  statementQuery
} from './schemas.ts'
import { listedFor, type Seen, seeBudget } from './standing.ts'
import { movements } from './statement.ts'
import { discloseBudgets, listView, movementView, planView, viewOf } from './views.ts'

const collection = '/v1/timebanks/:timebank/budgets'
const one = `${collection}/:budget`
const tags = ['Budgets']
const columns = columnsOf(budgetSchema)
const movementColumns = columnsOf(movementSchema)
/** The person, who holds it, who acts for the funder: each for what is theirs; and staff. */
const concerned = { member: 'own', ...staff } as const
const readable = alsoAgencies('budgets.read', readers({ ...concerned, auditor: true }))
const writable = alsoAgencies('budgets.write', writers(concerned))

export function budgetRoutes(app: Api): void {
  app.get(
    collection,
    {
      config: { access: readable, csv: true },
      schema: {
        operationId: 'listBudgets',
        tags,
        summary: 'Budgets, newest first',
        description:
          'Members see those for them, those that they hold, and those of organisations that they act for; agencies those that they fund; staff all.',
        params: timebankParams,
        querystring: listQuery,
        response: { 200: pageOf(budgetSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, funderOrganisationId: funderId, ...filter } = request.query
      return sendList(request, reply, {
        name: 'budgets',
        query: { limit, cursor },
        columns,
        page: (from, size) =>
          readLogged(request, async (tx) => {
            const found = await listBudgets(tx, { ...filter, funderId }, await listedFor(tx), idFrom(from), size)
            const page = toPage(found, size, ({ id }) => [id])
            return { ...page, items: await listView(tx, page.items) }
          })
      })
    }
  )

  app.get(
    one,
    {
      config: { access: readable },
      schema: {
        operationId: 'getBudget',
        tags,
        summary: 'A budget with its figures',
        description: 'The plan is read by itself (GET …/plan).',
        params: budgetParams,
        response: { 200: budgetSchema }
      }
    },
    async (request, reply) => {
      const view = await readLogged(request, async (tx) => viewOf(tx, await seeBudget(tx, request.params.budget)))
      setEtag(reply, view.rowVersion)
      return view
    }
  )

  app.get(
    `${one}/statement`,
    {
      config: { access: readable, csv: true },
      schema: {
        operationId: 'getBudgetStatement',
        tags,
        summary: 'Everything that moved or was set aside, with what was available after it',
        description: 'Newest first, in the order of recording. Who provided is not told.',
        params: budgetParams,
        querystring: statementQuery,
        response: { 200: pageOf(movementSchema) }
      }
    },
    async (request, reply) => {
      const { budget: id } = request.params
      return sendList(request, reply, {
        name: `budget-${id}`,
        query: request.query,
        columns: movementColumns,
        page: (from, size) =>
          readLogged(request, async (tx) => {
            const { budget } = await seeBudget(tx, id)
            await discloseBudgets(tx, [budget], 'statement')
            const [before = null] = decodeCursor(from, numberCursor) ?? []
            const page = toPage(await movements(tx, budget, before, size), size, ({ line }) => [line])
            return { ...page, items: page.items.map((movement) => movementView(tx, movement)) }
          })
      })
    }
  )

  app.get(
    `${one}/plan`,
    {
      config: { access: alsoAgencies('budgets.read', readers(concerned)) },
      schema: {
        operationId: 'getBudgetPlan',
        tags,
        summary: 'The plan, in the words in which it was written',
        description:
          'For the person, who supports them, who holds the budget, and brokers; the funder of a budget for a person reads it only where the person was told so when agreeing (`planToFunder`), and until it has ended.',
        params: budgetParams,
        response: { 200: planOut }
      }
    },
    (request) =>
      readLogged(request, async (tx) => {
        const { plan, budget } = await getPlan(tx, request.params.budget)
        await discloseBudgets(tx, [budget], 'plan')
        return planView(tx, plan)
      })
  )

  app.put(
    `${one}/plan`,
    {
      config: { access: writable },
      schema: {
        operationId: 'writeBudgetPlan',
        tags,
        summary: "Write the plan, in the person's own words",
        description:
          'By the person, who holds the budget, or a broker who was told. While it is proposed, both sides agree anew. Answers without the text.',
        params: budgetParams,
        body: planSchema,
        response: { 200: budgetSchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        200,
        async (tx) => viewOf(tx, await writePlan(tx, request.params.budget, request.body)),
        edited
      )
  )

  app.put(
    `${one}/holder`,
    {
      config: { access: writers(concerned), ifMatch: true },
      schema: {
        operationId: 'changeBudgetHolder',
        tags,
        summary: 'Say who holds it from now on',
        description:
          'By the person whom it is for, or a broker; with If-Match. While it is proposed, both sides agree anew. What is committed stays so.',
        params: budgetParams,
        body: holderSchema,
        response: { 200: budgetSchema }
      }
    },
    async (request, reply) => {
      const expected = expectedVersion(request)
      return write(
        request,
        reply,
        200,
        async (tx) => viewOf(tx, await changeHolder(tx, request.params.budget, request.body, expected)),
        edited
      )
    }
  )

  app.post(
    collection,
    {
      config: { access: writable },
      schema: {
        operationId: 'proposeBudget',
        tags,
        summary: 'Propose a budget',
        description:
          'By the funder (an agency for people who let it contact them, consent scope `contact`), or a broker. Moves nothing: it tells what the funder means to allocate, before anybody plans or agrees.',
        params: timebankParams,
        body: newBudgetSchema,
        response: { 201: budgetSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 201, async (tx) => viewOf(tx, await propose(tx, request.body)), created(request))
  )

  const step = <Body extends z.ZodType>(
    name: string,
    operationId: string,
    summary: string,
    description: string,
    body: Body,
    take: (tx: Tx, id: string, body: z.output<Body>) => Promise<Seen>,
    { movesHours = false, staffOnly = false } = {}
  ) =>
    app.post(
      `${one}/${name}`,
      {
        config: {
          access: staffOnly ? writers(staff) : alsoAgencies('budgets.write', writers(concerned, ['active', 'paused'])),
          idempotency: movesHours ? 'required' : 'optional'
        },
        schema: {
          ...{ operationId, tags, summary, description, params: budgetParams, body },
          response: { 200: budgetSchema }
        }
      },
      async (request, reply) => {
        // the framework's types lose what belongs to a generic body
        const { params, body: sent } = request as unknown as { params: { budget: string }; body: z.output<Body> }
        return write(request, reply, 200, async (tx) => viewOf(tx, await take(tx, params.budget, sent)), edited)
      }
    )

  step(
    'agreement',
    'agreeToBudget',
    'Agree for one side',
    'The holder’s side (the person whom it is for, or the members who hold it; else who acts for the organisation that holds it) and the funder’s, or a broker for either. A budget for a person needs its plan first. With the second it is agreed; one that its funder holds, and that is for no person, needs the funder only.',
    agreementSchema,
    (tx, id, body) => agree(tx, id, body ?? {})
  )
  step(
    'allocations',
    'allocateToBudget',
    'Allocate minutes from the funder’s account',
    'By who acts for the funder, or a broker. Within the limits of the funder’s own account (below-floor). With the first the budget is active; more may be allocated while it is.',
    minutesSchema,
    (tx, id, { minutes }) => allocate(tx, id, minutes),
    { movesHours: true }
  )
  step(
    'returns',
    'returnFromBudget',
    'Return minutes to the funder',
    'Of what is available, by either side or a broker, while it is active or ended; budget-exhausted where it is less.',
    minutesSchema,
    (tx, id, { minutes }) => giveBack(tx, id, minutes),
    { movesHours: true }
  )
  step(
    'end',
    'endBudget',
    'End it',
    'By either side or a broker; needs no reason. Nothing more is agreed from it, what is available goes back to the funder at once, and what is committed may still be settled or released. One that was only proposed or agreed ends so too, and nothing tells by whose word.',
    emptySchema,
    (tx, id) => end(tx, id),
    { movesHours: true }
  )
  step(
    'reconciliation',
    'reconcileBudget',
    'Close an ended budget that is empty',
    'By a broker who has looked at its statement; budget-not-settled while something is committed or available. What is reversed later goes on to the funder.',
    reconciliationSchema,
    (tx, id) => reconcile(tx, id),
    { staffOnly: true, movesHours: false }
  )
}
