import { spawn } from 'node:child_process'
import path from 'node:path'

export type Ran = { code: number | null; out: string; err: string }

const project = path.resolve(import.meta.dirname, '../..')

/** Runs the command line as a process of its own, with nothing of our environment but what it needs. */
export function commonhours(env: Record<string, string>, ...args: string[]): Promise<Ran> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/commonhours.ts', ...args], {
    cwd: project,
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const ran: Ran = { code: null, out: '', err: '' }
  child.stdout.on('data', (part) => {
    ran.out += part
  })
  child.stderr.on('data', (part) => {
    ran.err += part
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ ...ran, code })))
}
