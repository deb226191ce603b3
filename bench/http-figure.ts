import { type Ground, withProcessor } from './ground.ts'
import type { HttpJob, HttpResult } from './load/http.ts'
import { inProcess } from './load/process.ts'
import type { Options } from './options.ts'
import type { Aim, Figure } from './report.ts'

export type HttpFigure = Pick<HttpJob, 'connections' | 'templates'> &
  Partial<Pick<HttpJob, 'lists' | 'thinkMs' | 'expect' | 'warmSeconds' | 'seconds' | 'requests'>> & {
    name: string
    aim?: Aim
    /** postings in one request */
    each?: number
    port?: number
  }

/** Loads the service and gives the figure; one that has met a refusal is none, and says with what it was refused. */
export async function httpFigure(ground: Ground, options: Options, figure: HttpFigure): Promise<Figure> {
  const { name, aim, each = 1, port = ground.port, ...job } = figure
  const { result, processor } = await withProcessor(ground, () =>
    inProcess<HttpJob, HttpResult>('http.ts', {
      port,
      warmSeconds: options.warmSeconds,
      seconds: options.seconds,
      lists: {},
      ...job
    })
  )
  const { done, all, seconds, p50, p99, refused, processor: load } = result
  const head = { name, ...(aim ? { aim } : {}) }
  if (refused) return { ...head, failed: `${refused.count} refused: ${statusOf(refused.first)}` }
  return {
    ...head,
    perSecond: (done * each) / seconds,
    p50,
    p99,
    service: (processor.service / all / each) * 1000,
    database: (processor.database / all / each) * 1000,
    load: (load / done / each) * 1000
  }
}

/** The status and the problem, without the headers. */
const statusOf = (answer: string): string =>
  `${answer.slice(0, 3)} ${/"detail":"([^"]*)"/.exec(answer)?.[1] ?? answer.split('\r\n\r\n')[1] ?? ''}`
