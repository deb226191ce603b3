import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { environment } from '../../src/config.ts'
import { copyCheckout, freePort, plainEnvironment, projectFolder, run, start } from './checkout.ts'

const file = path.join(projectFolder, 'README.md')
const readme = readFileSync(file, 'utf8')

/** Fenced blocks in order; the first word after the fence is the language, what follows are marks of ours. */
const blocks = [...readme.matchAll(/^```(\w+)([^\n]*)\n(.*?)^```$/gms)].map(([, language, marks, text]) => ({
  language: language!,
  mark: marks!.trim(),
  text: text!
}))

/** As a pattern: `…` stands for anything on its line. */
const patternOf = (expected: string): RegExp =>
  new RegExp(
    `^${expected
      .trimEnd()
      .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
      .replaceAll('…', '[^\\n]*')}$`
  )

type Step = { lines: string; prints: string | null }

/** What is to be typed of the blocks with a mark, and what is printed then. */
function stepsOf(wanted: string): Step[] {
  const steps: Step[] = []
  for (const { language, text } of blocks.filter(({ mark }) => mark === wanted)) {
    if (language === 'sh') steps.push({ lines: text, prints: null })
    else steps.at(-1)!.prints = text
  }
  return steps
}

/** Types them all into one shell, and compares what each prints. */
async function walk(folder: string, steps: Step[], fill: (script: string) => string): Promise<void> {
  const end = '=== end of a step ==='
  const script = fill(steps.map(({ lines }) => `${lines}\necho '${end}'\n`).join(''))
  const { code, output } = await run(folder, 'sh', ['-eu', '-c', script])
  assert.equal(code, 0, output)
  const printed = output.split(`${end}\n`)
  for (const [i, { lines, prints }] of steps.entries()) {
    const text = printed[i]!.replaceAll('\r', '').trimEnd()
    if (prints === null) assert.equal(text, '', lines)
    else assert.match(text, patternOf(prints), lines)
  }
}

const address = 'http://127.0.0.1:3000'

/** A copy of the project in which npm start runs, with the one-time code that it printed. */
async function withService(name: string, work: (at: { folder: string; port: number; code: string }) => Promise<void>) {
  const checkout = copyCheckout(name)
  const port = await freePort()
  const service = start(checkout.folder, 'npm', ['start'], plainEnvironment({ PORT: String(port) }))
  try {
    const [, code] = await service.said(/^ +((?:[0-9A-Z]{5}-){3}[0-9A-Z]{5})$/m)
    await work({ folder: checkout.folder, port, code: code! })
  } finally {
    await service.stop()
    checkout.remove()
  }
}

test('the tour does and prints what it says, on a service that npm start has started', {
  timeout: 120_000
}, async () => {
  const steps = stepsOf('tour')
  assert.ok(steps.length >= 10 && steps.filter(({ prints }) => prints !== null).length >= 7)
  await withService('readme', ({ folder, port, code }) =>
    walk(folder, steps, (script) => {
      assert.ok(script.includes(address) && script.includes('XXXXX-XXXXX-XXXXX-XXXXX'))
      return script.replace(address, `http://127.0.0.1:${port}`).replace('XXXXX-XXXXX-XXXXX-XXXXX', code)
    })
  )
})

test('the section for agencies does and prints what it says, from credentials to a completed request', {
  timeout: 180_000
}, async () => {
  const agencySteps = stepsOf('agencies')
  assert.ok(agencySteps.length >= 6 && agencySteps.every(({ prints }) => prints !== null))
  await withService('agencies', ({ folder, port }) =>
    walk(folder, agencySteps, (script) => {
      assert.ok(script.includes(address))
      return script.replace(address, `http://127.0.0.1:${port}`)
    })
  )
})

/** One row per variable. A wish for a line break or a bar in a cell would break the table. */
function configurationTable(): string {
  const rows = Object.entries(environment.shape).map(([name, shape]) => {
    const parsed = shape.safeParse(undefined)
    const standard = parsed.success && parsed.data !== undefined && parsed.data !== '' ? `\`${parsed.data}\`` : ''
    assert.ok(shape.description, name)
    assert.doesNotMatch(shape.description, /[|\n]/, name)
    return `| \`${name}\` | ${standard} | ${shape.description} |`
  })
  return ['| variable | default | meaning |', '|---|---|---|', ...rows].join('\n')
}

test('the table of variables is that of the service', () => {
  const place = /(<!-- configuration:[^\n]* -->\n)(.*?)(<!-- \/configuration -->)/s
  const right = readme.replace(place, (_all, head, _table, foot) => `${head}${configurationTable()}\n${foot}`)
  if (process.env['UPDATE']) writeFileSync(file, right)
  else assert.equal(readme, right, 'UPDATE=1 npm test -- test/project/readme.test.ts writes it anew')
})

test('the npm scripts, files and variables that the README names are there', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(projectFolder, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  for (const [, name] of readme.matchAll(/npm run (?:--silent )?([a-z]+)/g))
    assert.ok(scripts[name!], `npm run ${name}`)
  for (const [, target] of readme.matchAll(/\]\(([^)#:]+)\)/g)) readFileSync(path.join(projectFolder, target!))
  for (const [, name] of readme.matchAll(/`([A-Z][A-Z]+_[A-Z_]+)`/g)) assert.ok(name! in environment.shape, name)
})
