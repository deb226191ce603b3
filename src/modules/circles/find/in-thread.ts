import { Worker, type WorkerOptions } from 'node:worker_threads'
import type { FindInput, Found } from './input.ts'

/** Beyond its own bound; one that has hung must not stay for ever. */
const graceMs = 10_000

/** What the thread is given: the search, and when it was asked for, by the clock of the machine. */
export type Asked = { input: FindInput; at: number }

/**
 * The same as `findRings`, in a thread of its own, so that the service goes on answering meanwhile. The bound on time includes
 * the start of the thread. Refused with the signal's reason when the service ends: it waits for no search.
 */
export function findRingsInThread(input: FindInput, ending?: AbortSignal): Promise<Found> {
  const worker = startWorker({ workerData: { input, at: Date.now() } satisfies Asked })
  const given = new AbortController()
  return new Promise<Found>((resolve, reject) => {
    const end = () => reject(ending?.reason)
    if (ending?.aborted) end()
    ending?.addEventListener('abort', end, { signal: given.signal })
    const patience = setTimeout(
      () => reject(new Error('the search for circles hung')),
      input.options.budgetMs + graceMs
    )
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', () => {
      clearTimeout(patience)
      reject(new Error('the search for circles ended without an answer'))
    })
  }).finally(() => {
    given.abort()
    return worker.terminate()
  })
}

/** Compiled, a thread needs no more than its file. As source (tests, `npm run dev`) it must learn TypeScript first. */
function startWorker(options: WorkerOptions): Worker {
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL('./worker.js', import.meta.url), options)
  const [tsx, file] = [import.meta.resolve('tsx/esm/api'), new URL('./worker.ts', import.meta.url).href]
  const text = `import(${JSON.stringify(tsx)}).then(({ register }) => { register(); return import(${JSON.stringify(file)}) })`
  return new Worker(text, { ...options, eval: true })
}
