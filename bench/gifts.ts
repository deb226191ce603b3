import type { Town, Townsperson } from '../test/support/town.ts'
import type { Ground } from './ground.ts'
import { type HttpFigure, httpFigure } from './http-figure.ts'
import { request, type Template } from './load/template.ts'
import type { Options } from './options.ts'
import { both, type Figure, latencyBelow, type Section, times } from './report.ts'

const uuid = 36

/** From each member to any other, or always to one and the same. */
export function gifts(town: Town, hot?: Townsperson): Template[] {
  return town.members
    .filter((member) => member !== hot)
    .map(({ id, token }) =>
      request({
        method: 'POST',
        path: () => `/v1/timebanks/${town.slug}/gifts`,
        token,
        body: (part) => {
          const to = hot ? hot.id : part({ fill: 'any', list: 'members', width: uuid, not: id })
          return `{"to":{"memberId":"${to}"},"minutes":15}`
        }
      })
    )
}

/** Single postings over HTTP with the members' own tokens, and batches of a hundred by the broker. */
export async function giftFigures(ground: Ground, options: Options): Promise<Section> {
  const { town } = ground
  const lists = { members: town.members.map(({ id }) => id) }
  const templates = gifts(town)
  const figures: Figure[] = []
  const take = async (figure: Omit<HttpFigure, 'templates'>, of = templates) => {
    figures.push(await httpFigure(ground, options, { lists, templates: of, ...figure }))
  }
  // what is asked of a service that has just been started is the compiler's time, and no figure
  await httpFigure(ground, options, { name: '', lists, templates, connections: 8, seconds: 3 })
  await take({
    name: 'one at a time on an idle service, 20 ms between',
    connections: 1,
    thinkMs: 20,
    aim: latencyBelow(6, 20)
  })
  await take({ name: '1 connection', connections: 1 })
  await take({ name: '8 connections', connections: 8, aim: times(0.5) })
  await take({ name: '64 connections', connections: 64, aim: both(times(1), latencyBelow(null, 80)) })
  const uniform = figures.at(-1)?.perSecond
  await take({ name: '256 connections', connections: 256, aim: times(1.2) })
  const hot = town.members[0]!
  await take(
    {
      name: 'all to one hot account, 64 connections',
      connections: 64,
      aim: {
        text: '≥ 90 % of uniform at 64 connections',
        met: ({ perSecond = 0 }) => perSecond >= 0.9 * (uniform ?? Number.POSITIVE_INFINITY)
      }
    },
    gifts(town, hot)
  )
  await take({ name: 'batches of 100, 4 connections', connections: 4, each: 100, aim: times(5), ...batches(town) })
  return { title: 'Single postings and batches over HTTP (`POST …/gifts`, `POST …/transfers/batch`)', figures }
}

/** Members of even places give to those of odd ones, and the other way round in the other template. */
function batches(town: Town): Pick<HttpFigure, 'lists' | 'expect'> & { templates: Template[] } {
  const width = String(Math.max(...town.members.map(({ accountId }) => accountId))).length
  const half = (odd: number) => town.members.filter((_, i) => i % 2 === odd)
  // staff say whose hours they move
  const debits = (members: Townsperson[]) => members.map(({ accountId, id }) => `${accountId},"onBehalfOf":"${id}"`)
  const credits = (members: Townsperson[]) => members.map(({ accountId }) => String(accountId))
  const debitWidth = width + ',"onBehalfOf":""'.length + uuid
  const batch = (from: string, to: string) =>
    request({
      method: 'POST',
      path: () => `/v1/timebanks/${town.slug}/transfers/batch`,
      token: town.broker.token,
      headers: { 'commonhours-source': 'phone' },
      body: (part) => {
        const operation = () =>
          `{"id":"${part({ fill: 'uuid' })}","operation":"transfer","minutes":15,"kind":"gift",` +
          `"debitAccount":${part({ fill: 'any', list: from, width: debitWidth })},` +
          `"creditAccount":${part({ fill: 'any', list: to, width })}}`
        return `{"atomic":false,"dryRun":false,"operations":[${Array.from({ length: 100 }, operation).join(',')}]}`
      }
    })
  return {
    lists: { from0: debits(half(0)), from1: debits(half(1)), to0: credits(half(0)), to1: credits(half(1)) },
    expect: '"posted":100',
    templates: [batch('from0', 'to1'), batch('from1', 'to0')]
  }
}
