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
  tour: marks!.trim() === 'tour',
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

test('the tour does and prints what it says, on a service that npm start has started', {
  timeout: 120_000
}, async () => {
  const checkout = copyCheckout('readme')
  const port = await freePort()
  const service = start(checkout.folder, 'npm', ['start'], plainEnvironment({ PORT: String(port) }))
  try {
    const [, code] = await service.said(/^ +((?:[0-9A-Z]{5}-){3}[0-9A-Z]{5})$/m)
    const steps: { lines: string; prints: string | null }[] = []
    for (const { language, text } of blocks.filter(({ tour }) => tour)) {
      if (language === 'sh') steps.push({ lines: text, prints: null })
      else steps.at(-1)!.prints = text
    }
    assert.ok(steps.length >= 10 && steps.filter(({ prints }) => prints !== null).length >= 7)
    const mark = '=== end of a step ==='
    const script = steps.map(({ lines }) => `${lines}\necho '${mark}'\n`).join('')
    assert.ok(script.includes('http://127.0.0.1:3000') && script.includes('XXXXX-XXXXX-XXXXX-XXXXX'))
    const filledIn = script
      .replace('http://127.0.0.1:3000', `http://127.0.0.1:${port}`)
      .replace('XXXXX-XXXXX-XXXXX-XXXXX', code!)
    const { code: exit, output } = await run(checkout.folder, 'sh', ['-eu', '-c', filledIn])
    assert.equal(exit, 0, output)
    const printed = output.split(`${mark}\n`)
    for (const [i, { lines, prints }] of steps.entries()) {
      const text = printed[i]!.replaceAll('\r', '').trimEnd()
      if (prints === null) assert.equal(text, '', lines)
      else assert.match(text, patternOf(prints), lines)
    }
  } finally {
    await service.stop()
    checkout.remove()
  }
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
