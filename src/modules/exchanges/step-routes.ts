import type { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import { type Api, edited, staff, write, writers } from '../../http/index.ts'
import { payFromBudget } from './budget.ts'
import { accept, decide, dispute } from './decisions.ts'
import type { Seen } from './exchanges.ts'
import { agree, changeProposal, decline } from './proposals.ts'
import {
  agreeSchema,
  cancelSchema,
  changeProposalSchema,
  decisionSchema,
  disputeSchema,
  emptySchema,
  exchangeParams,
  exchangeSchema,
  guardianSchema,
  noShowSchema,
  payingSchema,
  reasonSchema,
  reportSchema
} from './schemas.ts'
import { reverse } from './settle.ts'
import { approve, cancel, confirm, noteGuardianConsent, noteNoShow, noteVetted, report } from './steps.ts'
import { viewOf } from './views.ts'

const sides = { member: 'own', ...staff } as const

type Options = { staffOnly?: boolean; movesHours?: boolean; description?: string }

/** The steps of an exchange's life: `POST …/exchanges/:exchange/<name>`, answered with the exchange after it. */
export function exchangeStepRoutes(app: Api): void {
  const step = <Body extends z.ZodType>(
    name: string,
    operationId: string,
    summary: string,
    body: Body,
    take: (tx: Tx, id: string, body: z.output<Body>) => Promise<Seen>,
    { staffOnly = false, movesHours = false, description }: Options = {}
  ) =>
    app.post(
      `/v1/timebanks/:timebank/exchanges/:exchange/${name}`,
      {
        config: {
          // what was agreed before somebody took a pause is still answered
          access: writers(staffOnly ? staff : sides, ['active', 'paused']),
          idempotency: movesHours ? 'required' : 'optional'
        },
        schema: {
          operationId,
          tags: ['Exchanges'],
          summary,
          ...(description ? { description } : {}),
          params: exchangeParams,
          body,
          response: { 200: exchangeSchema }
        }
      },
      async (request, reply) => {
        // the framework's types lose what belongs to a generic body
        const { params, body: sent } = request as unknown as { params: { exchange: string }; body: z.output<Body> }
        return write(request, reply, 200, async (tx) => viewOf(tx.actor, await take(tx, params.exchange, sent)), edited)
      }
    )
  const moves = { movesHours: true }

  step(
    'proposal',
    'changeProposal',
    'Change a proposal that nobody has agreed to',
    changeProposalSchema,
    (tx, id, { proposedBy, ...change }) => changeProposal(tx, id, change, proposedBy),
    {
      description:
        'By either side: from then on it is theirs, and the other side answers. An agreement to the proposal as it was before is refused with `stale-quote`.'
    }
  )
  step(
    'agreement',
    'agreeExchange',
    'The other side agrees',
    agreeSchema,
    (tx, id, body) => agree(tx, id, body ?? {}),
    {
      ...moves,
      description:
        'It is `agreed`, or waits for a broker: `awaiting_risk`, then `awaiting_vetting`, then `awaiting_guardian`, as far as each applies, and is `ready` after that.'
    }
  )
  step(
    'budget',
    'payFromBudget',
    'Let a budget pay for an exchange that has been proposed',
    payingSchema,
    (tx, id, { budgetId }) => payFromBudget(tx, id, budgetId.toLowerCase()),
    {
      description:
        'By who holds the budget, whether or not they are a side, or a broker. It is their yes to the minutes proposed: agreement then sets these aside in the budget. Without it, the agreement is refused with `budget-word-needed`.'
    }
  )
  step('approval', 'approveExchange', 'A broker lets it go ahead', emptySchema, approve, {
    staffOnly: true,
    description: 'From `awaiting_risk`.'
  })
  step('vetting', 'noteExchangeVetted', 'A broker lets it go on, as the provider is vetted', emptySchema, noteVetted, {
    staffOnly: true,
    description:
      'From `awaiting_vetting`, when a screening of kind `vetting` is noted with the member who gives, and holds on the planned day; else `vetting-needed`.'
  })
  step(
    'guardian-consent',
    'noteGuardianConsent',
    'A broker notes how guardians gave their consent',
    guardianSchema,
    (tx, id, { how }) => noteGuardianConsent(tx, id, how),
    {
      staffOnly: true,
      description: 'From `awaiting_guardian` it goes on; before a report it may be noted at any time.'
    }
  )
  step('decline', 'declineExchange', 'The other side declines; no reason is asked for', emptySchema, decline)
  step(
    'cancellation',
    'cancelExchange',
    'Call it off before it is reported',
    cancelSchema,
    (tx, id, body) => cancel(tx, id, body?.reason ?? null),
    moves
  )
  step('no-show', 'noteNoShow', 'One side did not come', noShowSchema, noteNoShow, {
    ...moves,
    description:
      'On the planned day or after it, from `agreed` or `ready`. It is closed as cancelled: nothing moves, what was held is released, and only its sides and staff see it.'
  })
  step('report', 'reportExchange', 'Report that it has taken place', reportSchema, report, moves)
  step('confirmation', 'confirmExchange', 'Confirm the report: hours move', emptySchema, confirm, moves)
  step(
    'dispute',
    'disputeExchange',
    'It was otherwise than reported or settled; a broker decides',
    disputeSchema,
    dispute,
    {
      description:
        'A report: by the side that did not make it, with the minutes as it saw them, which the other side may accept. What is settled: by either side for as many days as the policy says (`disputeWithinDays`), by staff always; hours stay where they are until it is decided.'
    }
  )
  step(
    'acceptance',
    'acceptDispute',
    'Accept the minutes as the other side saw them: hours move',
    emptySchema,
    accept,
    {
      ...moves,
      description: 'By the side whose report was disputed, where the dispute said minutes.'
    }
  )
  step('decision', 'decideExchange', 'A broker decides: keep, reverse, or correct', decisionSchema, decide, {
    staffOnly: true,
    movesHours: true,
    description:
      '`keep`: it stands, and settles at the minutes reported where it had not. `reverse`: it is taken back; of a group, the group. `correct`: it is taken back and the right one is recorded in its place, in one group of transfers; see `correctedByExchangeId`. `reverse` and `correct` also without a dispute.'
  })
  step(
    'reversal',
    'reverseExchange',
    'Take a settled exchange back: the opposite transfer, with a reason',
    reasonSchema,
    (tx, id, { reason }) => reverse(tx, id, reason),
    { staffOnly: true, movesHours: true }
  )
}
