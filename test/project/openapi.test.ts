import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { makeStage, type Stage } from '../support/app.ts'
import { plainEnvironment, projectFolder, run } from './checkout.ts'

type Operation = Record<string, unknown> & {
  operationId?: string
  tags?: string[]
  responses?: Record<string, unknown>
}
type Document = { openapi: string; tags: { name: string }[]; paths: Record<string, Record<string, Operation>> }

let stage: Stage
let folder: string
let document: Document
before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'commonhours-openapi-'))
  stage = await makeStage('openapi')
  document = (await stage.anonymous.get('/openapi.json')).body
})
after(async () => {
  await stage.close()
  rmSync(folder, { recursive: true, force: true })
})

const operations = () =>
  Object.entries(document.paths).flatMap(([where, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${where}`, operation }))
  )

const written = (content: unknown, name: string): string => {
  const file = path.join(folder, name)
  writeFileSync(file, JSON.stringify(content, null, 2))
  return file
}

const redocly = (file: string) =>
  run(projectFolder, 'node_modules/.bin/redocly', ['lint', '--config', 'redocly.yaml', '--format', 'json', file], {
    ...plainEnvironment(),
    REDOCLY_TELEMETRY: 'off',
    REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true'
  })
const spectral = (file: string) =>
  run(projectFolder, 'node_modules/.bin/spectral', [
    'lint',
    '--ruleset',
    '.spectral.yaml',
    '--fail-severity',
    'hint',
    '--format',
    'text',
    file
  ])

test('every operation says what it is called, what it does, where it belongs and who may call it', () => {
  assert.equal(document.openapi, '3.1.0')
  const tags = document.tags.map(({ name }) => name)
  const ids = new Set<string>()
  assert.ok(operations().length > 50, `${operations().length} operations`)
  for (const { name, operation } of operations()) {
    assert.match(operation.operationId ?? '', /^[a-z][A-Za-z]+$/, name)
    assert.ok(!ids.has(operation.operationId!), `${name}: ${operation.operationId} twice`)
    ids.add(operation.operationId!)
    assert.ok(operation['summary'], name)
    assert.deepEqual(operation.tags?.filter((tag) => tags.includes(tag)).length, 1, name)
    assert.ok(operation['x-who-may-call'], name)
    assert.ok(
      Object.keys(operation.responses ?? {}).some((status) => status.startsWith('2')),
      name
    )
    assert.ok(operation.responses?.['4XX'], name)
  }
})

test('every route of the service is in it, but the document itself and the pages that show it', () => {
  const described = operations().map(({ name }) => name)
  const missing = stage.app.declared
    .map(({ method, url }) => `${method} ${url.replace(/:([A-Za-z]+)/g, '{$1}')}`)
    .filter((name) => !described.includes(name) && !/^GET \/(docs|openapi\.json)/.test(name))
  assert.deepEqual(missing, [])
})

test('redocly finds no fault in it, and no warning', async () => {
  const { code, output } = await redocly(written(document, 'openapi.json'))
  const { totals, problems } = JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1))
  const told = problems.map(
    (p: { ruleId: string; message: string; location: { pointer: string }[] }) =>
      `${p.ruleId} ${p.location[0]?.pointer}: ${p.message}`
  )
  assert.deepEqual(told, [])
  assert.deepEqual({ code, ...totals }, { code: 0, errors: 0, warnings: 0, ignored: 0 })
})

test('spectral finds no fault in it, no warning and no hint', async () => {
  const { code, output } = await spectral(written(document, 'openapi.json'))
  assert.match(output, /No results/)
  assert.equal(code, 0)
})

test('both would find faults', async () => {
  const broken = structuredClone(document)
  const operation = broken.paths['/livez']!['get']!
  operation.responses!['200'] = {
    description: 'Ok',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Nothing' } } }
  }
  const file = written(broken, 'broken.json')
  const [one, other] = await Promise.all([redocly(file), spectral(file)])
  assert.notEqual(one.code, 0)
  assert.notEqual(other.code, 0)
})
