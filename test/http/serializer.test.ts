import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { serializerCompiler as byZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { serializerCompiler } from '../../src/http/serializer.ts'

const route = (schema: z.ZodType) => ({ schema, method: 'GET', url: '/tried', httpStatus: '200' })
const quick = (schema: z.ZodType, value: unknown) => String(serializerCompiler(route(schema))(value))
const thorough = (schema: z.ZodType, value: unknown) => String(byZod(route(schema) as never)(value))

const shape = z.object({
  name: z.string(),
  'odd "key"': z.string().optional(),
  id: z.uuid(),
  on: z.iso.date().nullable(),
  at: z.date(),
  count: z.int(),
  ratio: z.number(),
  yes: z.boolean(),
  kind: z.enum(['gift', 'grant']),
  fixed: z.literal('ok'),
  party: z.union([z.object({ member: z.string() }), z.object({ pot: z.literal(true) })]).nullable(),
  free: z.unknown(),
  strict: z.strictObject({ a: z.int().optional() }),
  loose: z.looseObject({ a: z.int() }),
  list: z.array(z.object({ words: z.array(z.string()), n: z.int().nullable() }))
})

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.string(),
  fc.constantFrom('"', '\\', '\u2028', '\ud800')
)
const value: fc.Arbitrary<z.output<typeof shape>> = fc.record(
  {
    name: text,
    'odd "key"': text,
    id: fc.uuid(),
    on: fc.constantFrom('2026-01-15', null),
    at: fc.date({ noInvalidDate: true, min: new Date('0001-01-01'), max: new Date('9999-12-31') }),
    count: fc.maxSafeInteger(),
    ratio: fc.double({ noDefaultInfinity: true, noNaN: true }),
    yes: fc.boolean(),
    kind: fc.constantFrom('gift' as const, 'grant' as const),
    fixed: fc.constant('ok' as const),
    party: fc.oneof(fc.record({ member: text }), fc.constant({ pot: true as const }), fc.constant(null)),
    free: fc.jsonValue(),
    strict: fc.record({ a: fc.integer() }, { requiredKeys: [] }),
    loose: fc.record({ a: fc.integer(), more: text }),
    list: fc.array(fc.record({ words: fc.array(text), n: fc.option(fc.integer()) }))
  },
  { requiredKeys: Object.keys(shape.shape).filter((key) => key !== 'odd "key"') as never[] }
) as never

test('what fits is written as zod would have it', () => {
  fc.assert(
    fc.property(value, (answer) => assert.equal(quick(shape, answer), thorough(shape, answer))),
    { numRuns: 500 }
  )
})

test('no field leaves that the schema does not name, however deep', () => {
  const answer = fc.sample(value, { numRuns: 1, seed: 7 })[0]!
  const withSecrets = {
    ...answer,
    secret: 'a name',
    list: [{ words: ['a'], n: 1, secret: 'a name', deep: { secret: 1 } }],
    party: { member: 'b', secret: 'a name' }
  }
  const written = quick(shape, withSecrets)
  assert.equal(written, thorough(shape, withSecrets))
  assert.doesNotMatch(written, /secret|a name/)
})

test('a value of another type is an error and not an answer', () => {
  const answer = fc.sample(value, { numRuns: 1, seed: 7 })[0]!
  const wrong: [string, unknown][] = [
    ['name', 5],
    ['name', undefined],
    ['name', null],
    ['id', null],
    ['at', new Date(Number.NaN)],
    ['at', 'today'],
    ['count', 1.5],
    ['count', Number.NaN],
    ['count', '5'],
    ['ratio', Number.POSITIVE_INFINITY],
    ['yes', 1],
    ['kind', 'loan'],
    ['fixed', 'no'],
    ['party', { nobody: 1 }],
    ['strict', { a: 1, further: 2 }],
    ['loose', {}],
    ['list', {}],
    ['list', [{ words: 'a', n: null }]]
  ]
  for (const [key, instead] of wrong)
    assert.throws(
      () => quick(shape, { ...answer, [key]: instead }),
      /Response doesn't match/,
      `${key}: ${String(instead)}`
    )
  for (const whole of [null, 'text', 5, []]) assert.throws(() => quick(shape, whole), /Response doesn't match/)
})

test('steps that change a value are taken', () => {
  const changing = z.object({ name: z.string().trim(), even: z.int().refine((n) => n % 2 === 0) })
  assert.equal(quick(changing, { name: ' Ann ', even: 2 }), '{"name":"Ann","even":2}')
  assert.throws(() => quick(changing, { name: 'Ann', even: 3 }), /Response doesn't match/)
})
