import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../src/config.ts'

test('without variables the service listens on this machine only and brings its own database', () => {
  const config = readConfig({})
  assert.deepEqual([config.HOST, config.PORT, config.publicUrl], ['127.0.0.1', 3000, 'http://127.0.0.1:3000'])
  assert.equal(config.DATABASE_URL, undefined)
})

test('every wrong variable is named with what is expected', () => {
  const wrong = {
    PORT: '70000',
    DATABASE_URL: 'mysql://x',
    PUBLIC_URL: 'ftp://x',
    LOG_LEVEL: 'loud',
    TRUST_PROXY: 'garbage'
  }
  assert.throws(
    () => readConfig(wrong),
    (error: Error) => Object.keys(wrong).every((name) => error.message.includes(`${name}:`))
  )
})

test('proxies are addresses, ranges or true', () => {
  for (const TRUST_PROXY of ['true', 'loopback', '10.0.0.1', '10.0.0.0/8, ::1', 'fd00::/8'])
    assert.equal(readConfig({ TRUST_PROXY }).TRUST_PROXY, TRUST_PROXY)
  for (const TRUST_PROXY of ['yes', '10.0.0.0/33', '10.0.0', 'fd00::/129', '10.0.0.1;10.0.0.2'])
    assert.throws(() => readConfig({ TRUST_PROXY }), /TRUST_PROXY/)
})
