import { spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export const projectFolder = path.resolve(import.meta.dirname, '../..')

/** All files that git knows or would add: what somebody has who clones the project. */
const files = (): string[] => {
  const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: projectFolder,
    encoding: 'utf8'
  })
  if (listed.status !== 0) throw new Error(`git ls-files: ${listed.stderr}`)
  return [...new Set(listed.stdout.split('\0'))].filter((file) => file && existsSync(path.join(projectFolder, file)))
}

export type Checkout = { folder: string; remove(): void }

/**
 * A copy of the project in a folder of its own, so that what a test builds, starts or plants there meets nobody else.
 * With this checkout's packages, unless it is to install its own.
 */
export function copyCheckout(name: string, options: { packages: boolean } = { packages: true }): Checkout {
  const folder = mkdtempSync(path.join(os.tmpdir(), `commonhours-${name}-`))
  for (const file of files()) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
    cpSync(path.join(projectFolder, file), path.join(folder, file))
  }
  if (options.packages) symlinkSync(path.join(projectFolder, 'node_modules'), path.join(folder, 'node_modules'))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }) }
}

/** The environment without what would lead the service, or npm, to the runner's own things. */
export function plainEnvironment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const ours = /^(npm_|NODE_|TEST_|DATABASE_|COMMONHOURS_|INIT_CWD|HOST$|PORT$|PUBLIC_URL|SMTP_URL|MAIL_FROM|LOG_LEVEL)/
  return { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name))), ...more }
}

export type Outcome = { code: number | null; output: string }

/** Runs a program to its end. */
export function run(folder: string, command: string, args: string[], env = plainEnvironment()): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    child.on('error', reject).on('close', (code) => resolve({ code, output }))
  })
}

export type Running = {
  pid: number
  /** what it has printed so far */
  output(): string
  /** resolves with what matched, or rejects when the process ends before */
  said(pattern: RegExp, seconds?: number): Promise<RegExpExecArray>
  signal(signal: NodeJS.Signals): void
  /** SIGTERM to all of its process group, as Ctrl-C would; what is left after 20 seconds is ended at once */
  stop(): Promise<void>
  /** its exit code, or the name of the signal that ended it */
  ended: Promise<number | NodeJS.Signals | null>
}

/** Starts a program that goes on, such as the service, in a process group of its own. */
export function start(folder: string, command: string, args: string[], env: NodeJS.ProcessEnv): Running {
  const child = spawn(command, args, { cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let over = false
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const ended = new Promise<number | NodeJS.Signals | null>((resolve, reject) =>
    child.on('error', reject).on('exit', (code, signal) => {
      over = true
      resolve(code ?? signal)
    })
  )
  return {
    pid: child.pid!,
    output: () => output,
    async said(pattern, seconds = 50) {
      for (const end = Date.now() + seconds * 1000; ; await sleep(20)) {
        const ended = over
        const match = pattern.exec(output)
        if (match) return match
        if (ended || Date.now() > end) throw new Error(`${ended ? 'ended' : 'went on'} without ${pattern}:\n${output}`)
      }
    },
    signal: (signal) => void child.kill(signal),
    async stop() {
      for (let waited = 0, signal: NodeJS.Signals | 0 = 'SIGTERM'; ; waited += 50, signal = 0) {
        try {
          process.kill(-child.pid!, waited < 20_000 ? signal : 'SIGKILL')
        } catch {
          // nobody is left
          return
        }
        await sleep(50)
      }
    },
    ended
  }
}

/** A port that was free a moment ago. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
