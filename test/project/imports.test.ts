import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { type Checkout, copyCheckout, run } from './checkout.ts'

type Report = {
  summary: { totalCruised: number; violations: { from: string; rule: { name: string; severity: string } }[] }
}

let checkout: Checkout
before(() => {
  checkout = copyCheckout('imports')
})
after(() => checkout.remove())

async function cruise(): Promise<Report['summary']> {
  const { output } = await run(checkout.folder, 'node_modules/.bin/depcruise', [
    'src',
    'test',
    'scripts',
    '--output-type',
    'json'
  ])
  return (JSON.parse(output) as Report).summary
}

test('every import goes where the folders say, and all modules are looked at', async () => {
  const { totalCruised, violations } = await cruise()
  // with a compiler that it does not know dependency-cruiser sees no module at all, and finds nothing wrong
  assert.ok(totalCruised > 120, `${totalCruised} modules`)
  assert.deepEqual(
    violations.map(({ from, rule }) => `${from}: ${rule.name}`),
    []
  )
})

test('an import that goes where it must not is found', async () => {
  const planted: Record<string, [rule: string, text: string]> = {
    'src/shared/planted.ts': ['shared-is-pure', "export { connect } from '../db/client.ts'"],
    'src/db/planted.ts': ['db-knows-no-http', "export { pageOf } from '../http/page.ts'"],
    'src/modules/ledger/planted.ts': ['ledger-knows-no-module', "export * from '../timebanks/index.ts'"],
    'src/modules/members/planted.ts': ['domain-knows-no-http', "export { wantsCsv } from '../../http/index.ts'"],
    'src/modules/identity/planted.ts': ['imports-downwards-identity', "export * from '../members/index.ts'"],
    'src/modules/exchanges/planted.ts': ['only-the-front-door', "export { setUp } from '../founding/founding.ts'"],
    'src/modules/listings/planted.ts': [
      'tables-only-from-tables',
      "export { memberships } from '../members/tables.ts'"
    ],
    'src/http/planted.ts': ['floors-know-no-module', "export * from '../modules/audit/index.ts'"],
    'src/planted.ts': ['env-only-at-the-edge', "export { readConfig } from './config.ts'"]
  }
  for (const [file, [, text]] of Object.entries(planted)) {
    mkdirSync(path.dirname(path.join(checkout.folder, file)), { recursive: true })
    writeFileSync(path.join(checkout.folder, file), `${text}\n`)
  }
  const { violations } = await cruise()
  for (const [file, [rule]] of Object.entries(planted)) {
    const found = violations.filter(({ from }) => from === file).map((violation) => violation.rule.name)
    assert.ok(found.includes(rule), `${file}: ${rule} expected, found ${found.join(', ') || 'nothing'}`)
  }
})
