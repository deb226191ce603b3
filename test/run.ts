/**
 * Runs the tests: starts a throw-away PostgreSQL (or takes the server at TEST_DATABASE_URL, a superuser's address),
 * makes the migrated template that each test file clones, and gives the files to node's test runner.
 * `npm test` runs all; `npm test -- test/modules/ledger` only what lies below a path.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type pg from 'pg'
import { startEmbedded } from '../src/db/embedded.ts'
import { migrate } from '../src/db/migrate.ts'
import { asAdmin, templateName, urlOf } from './support/database.ts'

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('-'))
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('-'))
const files = (wanted.length > 0 ? wanted : ['test']).flatMap(testFiles).sort()
if (files.length === 0) throw new Error(`no test file below ${wanted.join(', ')}`)

const own = process.env['TEST_DATABASE_URL'] === undefined ? await throwAwayServer() : null
try {
  process.env['TEST_DATABASE_URL'] ??= own?.url
  await makeTemplate()
  process.exitCode = await runFiles()
} finally {
  await own?.stop()
}

function testFiles(place: string): string[] {
  if (statSync(place).isFile()) return [place]
  return readdirSync(place, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => path.join(place, name))
}

async function throwAwayServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'commonhours-test-'))
  const server = await startEmbedded({
    dataDir: path.join(dataDir, 'postgres'),
    durable: false,
    settings: { max_connections: '200' }
  })
  const stop = async () => {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  return { url: server.url, stop }
}

async function makeTemplate(): Promise<void> {
  await asAdmin(async (client: pg.Client) => {
    await client.query(`DROP DATABASE IF EXISTS ${templateName} WITH (FORCE)`)
    await client.query(`CREATE DATABASE ${templateName} TEMPLATE template0 ENCODING 'UTF8'`)
  })
  await migrate(urlOf(templateName))
}

function runFiles(): Promise<number> {
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      '--test',
      '--test-concurrency=2',
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      ...flags,
      ...files
    ],
    { stdio: 'inherit', env: process.env }
  )
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)))
}
