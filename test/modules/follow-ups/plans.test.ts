import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { drizzle } from 'drizzle-orm/node-postgres'
import { inTimebank, type Tx } from '../../../src/db/client.ts'
import { type Filter, listFollowUps, placeOf, type Sort } from '../../../src/modules/follow-ups/follow-ups.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { makeStage, ok, type Stage, setUp } from '../../support/app.ts'
import { asOwner } from '../ledger/support.ts'

let stage: Stage
let timebank: string
const somebody = '00000000-0000-7000-8000-000000000007'

before(async () => {
  stage = await makeStage('follow_up_plans')
  timebank = ok(await (await setUp(stage)).get('')).id
  const owner = asOwner(stage.ownerUrl, 1)
  // 20,000 open, most of one kind, and 40,000 closed
  await owner.pool.query(
    `INSERT INTO follow_ups.items (timebank_id, kind, subject_id, round, member_id, other_member_id, since, opened_at, due_on, step,
       assignee_id, snoozed_until, closed_at, outcome)
     SELECT $1, CASE WHEN i % 100 = 0 THEN 'disputed_exchange' WHEN i % 7 = 0 THEN 'unanswered_request' ELSE 'inactive_member' END,
            gen_random_uuid(), 1, ('00000000-0000-7000-8000-' || lpad(to_hex(i % 5000), 12, '0'))::uuid,
            ('00000000-0000-7000-8000-' || lpad(to_hex(i % 4000), 12, '0'))::uuid,
            now() - i * interval '1 minute', now() - i * interval '1 minute', current_date + 60 - i % 400, 'make_contact',
            CASE WHEN i % 50 = 0 THEN $2::uuid END, CASE WHEN i % 31 = 0 THEN current_date + 9 END,
            CASE WHEN i % 3 > 0 THEN now() END, CASE WHEN i % 3 > 0 THEN 'contacted' END
       FROM generate_series(1, 60000) i`,
    [timebank, somebody]
  )
  await owner.pool.query('ANALYZE follow_ups.items')
  await owner.close()
})

after(() => stage.close())

/** The list's own statement with its plan. */
const watched = (tx: Tx, seen: (plan: string) => void): Tx => {
  const query = async (statement: { text: string }, values: unknown[]) => {
    const { rows } = await tx.client.query(`EXPLAIN (ANALYZE, BUFFERS) ${statement.text}`, values)
    seen(rows.map((row: Record<string, string>) => row['QUERY PLAN']).join('\n'))
    return tx.client.query(statement, values)
  }
  return { ...tx, client: tx.client, db: drizzle({ query } as never) } as Tx
}

test('every list finds its page by index, whatever it is asked for, and the next page too', async () => {
  const filters: Omit<Filter, 'state'>[] = [
    {},
    { kind: 'inactive_member' },
    { kind: 'disputed_exchange' },
    { assigneeId: null },
    { assigneeId: somebody },
    { memberId: somebody },
    { dueBefore: '2020-01-01' },
    { kind: 'unanswered_request', assigneeId: somebody }
  ]
  for (const state of ['open', 'snoozed', 'closed', 'all'] as const)
    for (const sort of ['due', 'opened'] as const satisfies Sort[])
      for (const filter of filters)
        await inTimebank(stage.database, timebank, systemActor, async (tx) => {
          const plans: string[] = []
          const list = (after: Parameters<typeof listFollowUps>[3]) =>
            listFollowUps(
              watched(tx, (plan) => plans.push(plan)),
              { ...filter, state },
              sort,
              after,
              50
            )
          const page = await list(null)
          if (page.length > 50) await list(placeOf(page[49]!, sort))
          for (const plan of plans) {
            const what = `${state} ${sort} ${JSON.stringify(filter)}\n${plan}`
            assert.doesNotMatch(plan, /Seq Scan on items/, what)
            assert.ok(Number(/shared hit=(\d+)/.exec(plan)?.[1] ?? 0) < 10_000, what)
          }
        })
})
