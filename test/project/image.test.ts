import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { makeDatabase } from '../support/database.ts'
import { copyCheckout, freePort, plainEnvironment, projectFolder, run, start } from './checkout.ts'

type Step = { instruction: string; text: string }

/** The Dockerfile's steps, stage by stage. */
const stages: Step[][] = []
for (const line of readFileSync(path.join(projectFolder, 'Dockerfile'), 'utf8').replace(/\\\n/g, '').split('\n')) {
  if (/^(#|\s*$)/.test(line)) continue
  const [, instruction = '', text = ''] = /^([A-Z]+) +(.*)$/.exec(line) ?? []
  if (instruction === 'FROM') stages.push([])
  stages.at(-1)!.push({ instruction, text })
}
const [build, final] = stages as [Step[], Step[]]
const all = (steps: Step[], instruction: string) =>
  steps.filter((step) => step.instruction === instruction).map(({ text }) => text)

test('the image has Node 24, an ordinary user and a healthcheck, and no npm between Docker and the service', () => {
  for (const stage of stages) assert.match(all(stage, 'FROM')[0]!, /^node:24-/)
  assert.deepEqual(all(final, 'USER'), ['node'])
  assert.equal(all(final, 'HEALTHCHECK').length, 1)
  assert.equal(JSON.parse(all(final, 'CMD')[0]!)[0], 'node')
})

test('its steps are plain npm commands, and what they leave serves', { timeout: 240_000 }, async () => {
  const checkout = copyCheckout('image', { packages: false })
  const image = mkdtempSync(path.join(os.tmpdir(), 'commonhours-image-'))
  const { url: databaseUrl, drop } = await makeDatabase('image')
  try {
    const npm = plainEnvironment({
      npm_config_prefer_offline: 'true',
      npm_config_audit: 'false',
      npm_config_fund: 'false'
    })
    for (const command of all(build, 'RUN')) {
      assert.match(command, /^npm (ci|run build|prune --omit=dev)$/)
      const { code, output } = await run(checkout.folder, 'sh', ['-c', command], npm)
      assert.equal(code, 0, `${command}:\n${output}`)
    }
    for (const copy of all(final, 'COPY')) {
      const [, from, to] = /^--from=build \/app\/(\S+) \.\/(\S+)$/.exec(copy) ?? []
      assert.ok(from && to, copy)
      cpSync(path.join(checkout.folder, from), path.join(image, to), { recursive: true, verbatimSymlinks: true })
    }
    for (const name of ['tsx', 'knip', 'drizzle-kit'])
      assert.ok(!existsSync(path.join(image, 'node_modules', name)), name)

    const port = String(await freePort())
    const env = plainEnvironment({
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: port,
      DATABASE_URL: databaseUrl,
      COMMONHOURS_DATA: image
    })
    const [program, ...args] = JSON.parse(all(final, 'CMD')[0]!) as string[]
    const [, healthcheck] = /CMD (\[.*\])$/.exec(all(final, 'HEALTHCHECK')[0]!) ?? []
    const [probe, ...probeArgs] = JSON.parse(healthcheck!) as string[]
    assert.equal(program, 'node')
    assert.notEqual((await run(image, probe!, probeArgs, env)).code, 0, 'the healthcheck passes without a service')
    const service = start(image, program, args, env)
    try {
      await service.said(/ready at/)
      assert.equal((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 200)
      assert.deepEqual(await run(image, probe!, probeArgs, env), { code: 0, output: '' })
      service.signal('SIGTERM')
      assert.equal(await service.ended, 0)
    } finally {
      await service.stop()
    }
  } finally {
    await drop()
    checkout.remove()
    rmSync(image, { recursive: true, force: true })
  }
})
