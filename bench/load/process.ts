import { fork } from 'node:child_process'
import path from 'node:path'

/** Runs a job in a process of its own, so that the load's processor time is its own and no timer of ours disturbs it. */
export function inProcess<Job extends object, Result>(file: string, job: Job): Promise<Result> {
  const child = fork(path.join(import.meta.dirname, file), { execArgv: ['--import', 'tsx'] })
  return new Promise<Result>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the load ended with ${code}`)))
    child.once('message', (told: { result?: Result; error?: string }) => {
      if (told.error !== undefined) reject(new Error(told.error))
      else resolve(told.result as Result)
    })
    child.send(job)
  })
}

/** The other end: takes one job, answers and ends. */
export function answer<Job, Result>(work: (job: Job) => Promise<Result>): void {
  process.once('message', async (job: Job) => {
    const told = await work(job).then(
      (result) => ({ result }),
      (error: Error) => ({ error: error.stack ?? error.message })
    )
    process.send?.(told, () => process.exit(0))
  })
}
