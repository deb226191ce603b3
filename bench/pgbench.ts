import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { EmbeddedServer } from '../src/db/embedded.ts'
import { reapedSeconds } from './machine.ts'

const execute = promisify(execFile)

/** The program on the PATH, or where Debian keeps it; null: there is none. */
export function findPgbench(): string | null {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [
    ...(process.env['PATH'] ?? '').split(path.delimiter),
    ...versions.map((version) => path.join(debian, version, 'bin'))
  ]
  return folders.map((folder) => path.join(folder, 'pgbench')).find((file) => existsSync(file)) ?? null
}

/** Runs it on one database of the server; `options` are the connection's, as for the service's own. */
async function pgbench(
  program: string,
  server: EmbeddedServer,
  database: string,
  args: string[],
  options = ''
): Promise<string> {
  const { host, port, user, password } = server.connection
  const { stdout } = await execute(program, args, {
    env: {
      ...process.env,
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: user,
      PGDATABASE: database,
      PGOPTIONS: options,
      ...(password ? { PGPASSWORD: password } : {})
    }
  })
  return stdout
}

export const fillTpcb = (program: string, server: EmbeddedServer, database: string, scale: number) =>
  pgbench(program, server, database, ['-i', '-q', '-s', String(scale)])

/** `load`: processor seconds of the program for each of all. */
export type Measured = { perSecond: number; all: number; load: number }

/** Eight clients on two threads, as the reference has it; `script`: another transaction than TPC-B. */
export async function measurePgbench(
  program: string,
  server: EmbeddedServer,
  database: string,
  seconds: number,
  script?: { text: string; options: string }
): Promise<Measured> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'commonhours-pgbench-'))
  try {
    const file = path.join(folder, 'script.sql')
    if (script) writeFileSync(file, script.text)
    const args = ['-n', '-M', 'prepared', '-c', '8', '-j', '2', '-T', String(seconds), ...(script ? ['-f', file] : [])]
    const before = reapedSeconds()
    const text = await pgbench(program, server, database, args, script?.options)
    const failed = /number of failed transactions: (\d+)/.exec(text)?.[1] ?? '0'
    const rate = /tps = ([\d.]+) \((?:without|excluding)/.exec(text)?.[1]
    const all = /number of transactions actually processed: (\d+)/.exec(text)?.[1]
    if (failed !== '0' || !rate || !all) throw new Error(`pgbench: ${text}`)
    return { perSecond: Number(rate), all: Number(all), load: (reapedSeconds() - before) / Number(all) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
