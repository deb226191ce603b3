import type { Town } from '../test/support/town.ts'
import type { Ground } from './ground.ts'
import { httpFigure } from './http-figure.ts'
import { freshId, request } from './load/template.ts'
import type { Options } from './options.ts'
import { type Figure, type Section, times } from './report.ts'

const uuid = 36
const performedOn = '2026-01-15'

/** State, ledger and notice in one transaction: the receiver confirms what was reported, or a broker records at a stroke. */
export async function exchangeFigures(ground: Ground, options: Options): Promise<Section> {
  const { town } = ground
  const figures: Figure[] = []
  const collection = `/v1/timebanks/${town.slug}/exchanges`
  const waiting = await reported(ground, options.exchanges)
  const confirmers = town.members.filter(({ id }) => waiting[id])
  figures.push(
    await httpFigure(ground, options, {
      name: 'confirmation of an exchange, 64 connections',
      connections: 64,
      aim: times(0.4),
      lists: waiting,
      templates: confirmers.map(({ id, token }) =>
        request({
          method: 'POST',
          path: (part) => `${collection}/${part({ fill: 'next', list: id, width: uuid })}/confirmation`,
          token,
          body: () => '{}'
        })
      )
    })
  )
  const members = town.members.map(({ id }) => id)
  const half = (odd: number) => members.filter((_, i) => i % 2 === odd)
  figures.push(
    await httpFigure(ground, options, {
      name: 'recorded at a stroke by a broker, 64 connections',
      connections: 64,
      lists: { even: half(0), odd: half(1) },
      templates: [
        request({
          method: 'POST',
          path: () => `${collection}/records`,
          token: town.broker.token,
          body: (part) =>
            `{"provider":{"memberId":"${part({ fill: 'any', list: 'even', width: uuid })}"},` +
            `"receiver":{"memberId":"${part({ fill: 'any', list: 'odd', width: uuid })}"},` +
            `"categoryId":"${town.categoryId}","minutes":15,"performedOn":"${performedOn}"}`
        })
      ]
    })
  )
  return { title: 'Exchanges over HTTP', figures }
}

/**
 * Exchanges that wait for their receivers, by receiver. One of each pair is reported over HTTP; the others are copies of
 * it under ids of their own, since so many reports would take longer than the measurement.
 */
async function reported({ service, owner, town }: Ground, count: number): Promise<Record<string, string[]>> {
  await Promise.all(town.members.map((member, i) => report(service.url, town, member, i)))
  await owner.query(
    `INSERT INTO exchanges.exchanges
     SELECT copy.*
       FROM exchanges.exchanges e
      CROSS JOIN generate_series(1, $2) i
      CROSS JOIN LATERAL jsonb_populate_record(e, jsonb_build_object('id', uuidv7(), 'nth', i)) copy
      WHERE e.timebank_id = $1 AND e.status = 'reported'`,
    [town.timebankId, Math.ceil(count / town.members.length)]
  )
  await owner.query('VACUUM ANALYZE exchanges.exchanges')
  const { rows } = await owner.query<{ receiver: string; ids: string[] }>(
    `SELECT receiver_id AS receiver, array_agg(id::text) AS ids FROM exchanges.exchanges
      WHERE timebank_id = $1 AND status = 'reported' GROUP BY receiver_id`,
    [town.timebankId]
  )
  return Object.fromEntries(rows.map(({ receiver, ids }) => [receiver, ids]))
}

async function report(url: string, town: Town, member: { id: string; token: string }, i: number): Promise<void> {
  const receiver = town.members[(i + 1) % town.members.length]!
  const answer = await fetch(`${url}/v1/timebanks/${town.slug}/exchanges/reports`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${member.token}`,
      'content-type': 'application/json',
      'idempotency-key': freshId()
    },
    body: JSON.stringify({
      provider: { memberId: member.id },
      receiver: { memberId: receiver.id },
      categoryId: town.categoryId,
      minutes: 15,
      performedOn
    })
  })
  if (!answer.ok) throw new Error(`a report: ${answer.status} ${await answer.text()}`)
}
