import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** The real service in a process of its own, on a data folder of the test's. */
export type Running = { child: ChildProcess; url: string; output(): string; exited: Promise<number | null> }

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** What node is given to run: the sources, or what `npm run build` has made of them. */
export const fromSources = ['--import', 'tsx', 'src/server.ts']
export const compiled = ['dist/src/server.js']

/** Starts it and waits until it answers; what it prints is in `output()`. */
export async function startService(
  data: string,
  port: number,
  env: Record<string, string> = {},
  args: string[] = [],
  program: readonly string[] = fromSources
): Promise<Running> {
  const { DATABASE_URL: _, ...inherited } = process.env
  const child = spawn(process.execPath, [...program, ...args], {
    env: { ...inherited, COMMONHOURS_DATA: data, PORT: String(port), LOG_LEVEL: 'warn', RATE_LIMIT: '1000000', ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk))
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve))
  const url = `http://127.0.0.1:${port}`
  let over = false
  exited.then(() => (over = true))
  for (const end = Date.now() + 60_000; ; ) {
    if (over) throw new Error(`the service ended: ${text}`)
    if (Date.now() > end) throw new Error(`the service did not come up: ${text}`)
    const ready = await fetch(`${url}/readyz`).then(
      (answer) => answer.ok,
      () => false
    )
    if (ready) return { child, url, output: () => text, exited }
    await sleep(50)
  }
}

/** Its database server, by the pid file of the data folder. */
export const databasePid = (data: string): number =>
  Number(readFileSync(path.join(data, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0])
