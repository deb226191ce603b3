import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { drizzle } from 'drizzle-orm/node-postgres'
import { inTimebank, type Tx } from '../../../src/db/client.ts'
import { type Filter, listServiceRequests } from '../../../src/modules/service-requests/service-requests.ts'
import type { Actor } from '../../../src/shared/actor.ts'
import { ok } from '../../support/app.ts'
import { type Desk, makeDesk } from './support.ts'

let desk: Desk

before(async () => {
  desk = await makeDesk('service_requests_plans')
})

after(() => desk.close())

/** The list's own statement with its plan. */
const watched = (tx: Tx, seen: (plan: string) => void): Tx => {
  const query = async (statement: { text: string }, values: unknown[]) => {
    const { rows } = await tx.client.query(`EXPLAIN ${statement.text}`, values)
    seen(rows.map((row: Record<string, string>) => row['QUERY PLAN']).join('\n'))
    return tx.client.query(statement, values)
  }
  return { ...tx, client: tx.client, db: drizzle({ query } as never) } as Tx
}

test('among many requests each list reads by an index, and not the table', async () => {
  const { agency, broker, member, post, own, referral, rows, stage, admin } = desk
  const person = await member()
  const ids = [(await post(own())).id, (await post(referral(person))).id]
  await rows(
    `INSERT INTO service_requests.requests
     SELECT (json_populate_record(r, json_build_object(
               'id', gen_random_uuid(), 'external_value', CASE WHEN r.kind = 'referral' THEN 'copy-' || n END,
               'membership_id', NULL, 'status', CASE WHEN n % 50 = 0 THEN 'requested' ELSE 'rejected' END,
               'reason', CASE WHEN n % 50 = 0 THEN NULL ELSE 'no_capacity' END,
               'created_at', r.created_at - n * interval '1 minute', 'updated_at', r.updated_at - n * interval '1 minute',
               'agency_at', r.agency_at - n * interval '1 minute'))).*
       FROM service_requests.requests r CROSS JOIN generate_series(1, 2000) n
      WHERE r.id = ANY ($1)`,
    [ids]
  )
  await rows('ANALYZE service_requests.requests')
  const timebankId = ok(await admin.get('')).id
  const actor = ({ personId, memberId: membershipId }: typeof broker, more: Partial<Actor>): Actor => ({
    ...{ personId, membershipId, roles: ['member'], operator: false, source: 'api' },
    ...more
  })
  const { organisationId, affiliationId, clientId } = agency
  const asAgency = actor(agency.professional, {
    roles: [],
    agency: { organisationId, affiliationId, clientId, scopes: [] }
  })
  const asBroker = actor(broker, { roles: ['member', 'broker'] })
  const since = new Date(Date.now() - 5 * 60_000)
  const asked: [Actor, Filter][] = [
    [asAgency, {}],
    [asAgency, { updatedSince: since }],
    [asAgency, { updatedSince: new Date(0) }],
    [asAgency, { status: 'requested' }],
    [asAgency, { external: { system: 'https://health.example.org/referrals', value: 'copy-77' } }],
    [asBroker, {}],
    [asBroker, { status: 'requested' }],
    [asBroker, { updatedSince: since }],
    [asBroker, { waitingSince: since }],
    [asBroker, { assigneeId: broker.memberId }],
    [asBroker, { memberId: person.memberId }],
    [actor(person, {}), {}]
  ]
  for (const [who, filter] of asked)
    await inTimebank(stage.database, timebankId, who, async (tx) => {
      const plans: string[] = []
      const found = await listServiceRequests(
        watched(tx, (plan) => plans.push(plan)),
        filter,
        null,
        20
      )
      assert.equal(plans.length, 1)
      assert.doesNotMatch(plans[0]!, /Seq Scan on requests/, JSON.stringify(filter))
      assert.ok(found.length <= 21)
      // who has few among many does not have the others looked through
      if (who.roles.every((role) => role === 'member') && !who.agency)
        assert.match(plans[0]!, /Index Cond: [^\n]*membership_id/, plans[0])
    })
})
