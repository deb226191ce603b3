import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { sdohCategories, sdohOfCategory } from '../../../src/modules/fhir/codes.ts'
import { type Asked, readServiceRequest } from '../../../src/modules/fhir/from-fhir.ts'
import { repeatOf, ruleOf } from '../../../src/modules/fhir/recurrence.ts'
import { serviceRequestIn } from '../../../src/modules/fhir/resources.ts'
import {
  ourStatuses,
  oursOfServiceRequest,
  oursOfTask,
  serviceRequestStatuses,
  serviceRequestStatusOf,
  taskStatuses,
  taskStatusOf,
  transitions
} from '../../../src/modules/fhir/status.ts'
import { consentOf, serviceRequestOf, taskOf } from '../../../src/modules/fhir/to-fhir.ts'
import { asking, faultsOf, goldenFile, goldens, type Json, names, toldOf } from './support.ts'

const read = (sent: Json): Asked => readServiceRequest(serviceRequestIn.parse(sent), names, asking)
const plain = (value: unknown): Json => JSON.parse(JSON.stringify(value))

test('what is sent means what its golden file says, and is told again as it says', async (t) => {
  assert.ok(goldens().length >= 3)
  for (const { file, title, sent, body, status, told: expected, ...rest } of goldens())
    await t.test(title, () => {
      assert.deepEqual(faultsOf(sent), [], 'what is sent is R4')
      assert.deepEqual(read(sent), body)
      const told = toldOf(body, status)
      const found = plain({
        ServiceRequest: serviceRequestOf(told, names),
        listed: serviceRequestOf(told, names, false),
        Task: taskOf(told, names)
      })
      if (process.env['UPDATE'])
        writeFileSync(
          goldenFile(file),
          `${JSON.stringify({ title, sent, body, status, ...rest, told: found }, null, 2)}\n`
        )
      assert.deepEqual(found, process.env['UPDATE'] ? found : expected)
      for (const resource of Object.values(found)) assert.deepEqual(faultsOf(resource), [])
    })
})

test('the official schema finds faults', () => {
  const [golden] = goldens()
  assert.notDeepEqual(faultsOf({ ...golden!.sent, stauts: 'active' }), [])
  assert.notDeepEqual(faultsOf({ ...golden!.told.Task, status: 'finished' }), [])
  assert.notDeepEqual(faultsOf({ ...golden!.sent, identifier: {} }), [])
})

const seedOf = () => Number(process.env['FC_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const words = fc.string({ minLength: 1, maxLength: 60 }).filter((text) => /^\S(.*\S)?$/.test(text))
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const day = fc
  .integer({ min: 0, max: 3000 })
  .map((days) => new Date(Date.UTC(2026, 0, 1) + days * 86_400_000).toISOString().slice(0, 10))
const days = fc.uniqueArray(fc.constantFrom('MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'), { minLength: 1 })
const ending = fc.oneof(
  fc.constant(''),
  fc.integer({ min: 1, max: 60 }).map((count) => `;COUNT=${count}`),
  day.map((until) => `;UNTIL=${until.replaceAll('-', '')}`)
)
const interval = fc.oneof(
  fc.constant(''),
  fc.integer({ min: 2, max: 9 }).map((every) => `;INTERVAL=${every}`)
)
const plainRule = fc.oneof(
  fc.tuple(interval, days, ending).map(([every, on, end]) => `FREQ=WEEKLY${every};BYDAY=${on.join(',')}${end}`),
  fc
    .tuple(fc.constantFrom('DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'), interval, ending)
    .map((parts) => `FREQ=${parts.join('')}`)
)
const furtherRule = fc.constantFrom('FREQ=MONTHLY;BYDAY=2TU', 'FREQ=MONTHLY;BYMONTHDAY=15', 'FREQ=DAILY;BYMONTH=7')

const anyAsked: fc.Arbitrary<Asked> = fc
  .record({
    referral: fc.boolean(),
    externalId: optional(fc.record({ system: fc.webUrl(), value: words })),
    person: fc.oneof(
      fc.integer({ min: 1, max: 999_999 }).map((memberNumber) => ({ memberNumber })),
      fc
        .record({
          name: words,
          phone: optional(fc.constantFrom('01234 567890', '+44 7700 900123')),
          email: optional(fc.constantFrom('mair@example.org')),
          prefers: fc.boolean()
        })
        .map(({ prefers, ...contact }) => ({
          contact: {
            ...contact,
            preferredContact: !prefers ? undefined : contact.phone ? 'phone' : contact.email ? 'email' : undefined
          }
        }))
    ),
    category: fc.constantFrom(...Object.keys(sdohOfCategory), 'community-garden', 'something-of-their-own'),
    title: words,
    whatMatters: optional(words),
    canOffer: optional(words),
    accessNeeds: optional(words),
    knownRisks: optional(words),
    helpersNeeded: optional(fc.integer({ min: 1, max: 500 })),
    estimatedMinutes: optional(fc.integer({ min: 1, max: 100_000 })),
    occurrence: optional(fc.record({ firstOn: day, rrule: optional(fc.oneof(plainRule, furtherRule)) })),
    setting: optional(fc.constantFrom('receiver_home', 'public_place', 'any')),
    area: optional(words),
    priority: fc.constantFrom('routine', 'urgent'),
    budgetId: optional(fc.uuid()),
    consent: fc.record({
      scopes: fc.uniqueArray(fc.constantFrom('contact', 'share_status', 'share_outcome'), { minLength: 1 }),
      wording: fc.oneof(
        fc.constantFrom('referral-1', '2').map((version) => ({ version })),
        words.map((text) => ({ text }))
      ),
      givenAt: day.map((on) => `${on}T08:00:00Z`),
      how: fc.constantFrom('in_person', 'phone'),
      givenBy: fc.constantFrom('self', 'supporter', 'guardian')
    })
  })
  .map(({ referral, person, consent, ...asked }) =>
    plain({ ...asked, ...(referral ? { kind: 'referral', person, consent } : { kind: 'own_need' }) })
  )

test('whatever is asked for is told as R4, and read again as it was asked for', async (t) => {
  const seed = seedOf()
  t.diagnostic(`FC_SEED=${seed}`)
  fc.assert(
    fc.property(anyAsked, fc.constantFrom(null, ...ourStatuses), (asked, status) => {
      const told = toldOf(asked, status)
      const { contained, ...resource } = plain(serviceRequestOf(told, names))
      assert.deepEqual(faultsOf({ ...resource, ...(contained ? { contained } : {}) }), [])
      assert.deepEqual(faultsOf(plain(taskOf(told, names))), [])
      const { tag: _, ...meta } = resource.meta
      const again = { ...resource, meta, status: 'active', ...(contained ? { contained } : {}) }
      assert.deepEqual(read(again), asked)
    }),
    { seed, numRuns: 300 }
  )
})

test('one of a list has its title and no other words about a person, and says that it is not whole', async (t) => {
  const seed = seedOf()
  t.diagnostic(`FC_SEED=${seed}`)
  const canary = fc.integer({ min: 1, max: 9 }).map((n) => `canary${n}`)
  fc.assert(
    fc.property(anyAsked, canary, (asked, word) => {
      const marked = plain(asked)
      for (const key of ['whatMatters', 'canOffer', 'accessNeeds', 'knownRisks', 'area'])
        if (marked[key]) marked[key] = word
      if (marked.person?.contact) marked.person.contact = { name: word, phone: word, email: word }
      const told = toldOf(marked, 'accepted')
      const listed = plain(serviceRequestOf(told, names, false))
      assert.ok(!JSON.stringify(listed).includes(word))
      assert.ok(!JSON.stringify(taskOf(told, names)).includes(word))
      assert.equal(listed.meta.tag[0].code, 'SUBSETTED')
      assert.deepEqual(faultsOf(listed), [])
    }),
    { seed, numRuns: 100 }
  )
})

test('a rule that Timing can say is the same rule again, and of any other it says nothing', async (t) => {
  const seed = seedOf()
  t.diagnostic(`FC_SEED=${seed}`)
  fc.assert(
    fc.property(plainRule, (rule) => {
      assert.deepEqual(ruleOf(repeatOf(rule)!), { rule, faults: [] })
    }),
    { seed, numRuns: 200 }
  )
  fc.assert(fc.property(furtherRule, (rule) => repeatOf(rule) === null))
  assert.equal(repeatOf('FREQ=HOURLY'), null)
  assert.deepEqual(
    ruleOf({ frequency: 2, period: 1, periodUnit: 'd' }).faults.map(({ at }) => at),
    ['frequency']
  )
  assert.deepEqual(ruleOf({ frequency: 2, period: 1, periodUnit: 'wk', dayOfWeek: ['mon', 'thu'] as never }).faults, [])
})

test('every status of ours has its official codes, and is found by them', () => {
  for (const status of ourStatuses) {
    assert.ok(oursOfTask(taskStatusOf(status)!).includes(status))
    assert.ok(oursOfServiceRequest(serviceRequestStatusOf(status)).includes(status))
  }
  assert.equal(new Set(ourStatuses.map(taskStatusOf)).size, ourStatuses.length, 'a Task tells every status apart')
  assert.equal(taskStatusOf(null), null)
  assert.equal(serviceRequestStatusOf(null), 'unknown')
  assert.deepEqual(
    serviceRequestStatuses.filter((code) => oursOfServiceRequest(code).length === 0),
    ['draft', 'unknown']
  )
})

test('the table of transitions has every official code, and says of each who sets it and after which', () => {
  assert.deepEqual(Object.keys(transitions), [...taskStatuses])
  const told = ourStatuses.map((status) => taskStatusOf(status)!)
  for (const code of taskStatuses) {
    const { setBy, after, move } = transitions[code]
    // a code that nothing here has is set by nobody, comes after nothing and leads to nothing
    assert.equal(setBy === 'nobody', !told.includes(code), code)
    if (setBy === 'nobody') assert.deepEqual([after, move], [[], null])
    // a requester's update brings about only what the guide lets a requester set
    if (move) assert.ok(setBy === 'either', code)
    for (const before of after) assert.ok(told.includes(before), `${before} → ${code}`)
    assert.ok(!after.includes(code), code)
  }
  const from = (code: string) => taskStatuses.filter((to) => transitions[to].after.includes(code as never))
  assert.deepEqual(from('requested'), ['accepted', 'rejected', 'cancelled', 'entered-in-error'])
  assert.deepEqual(from('accepted'), ['cancelled', 'in-progress', 'on-hold', 'failed', 'completed', 'entered-in-error'])
  assert.deepEqual(from('in-progress'), ['cancelled', 'on-hold', 'failed', 'completed', 'entered-in-error'])
  assert.deepEqual(from('on-hold'), ['cancelled', 'in-progress', 'failed', 'completed', 'entered-in-error'])
  for (const code of ['rejected', 'cancelled', 'failed', 'completed'])
    assert.deepEqual(from(code), ['entered-in-error'])
  assert.deepEqual(from('entered-in-error'), [])
})

test('a consent is told as R4 has it, whatever has become of it', () => {
  for (const status of ['given', 'withdrawn', 'expired', 'superseded'] as const) {
    const consent = plain(
      consentOf(
        {
          id: '019aa0c0-0000-7000-8000-00000000c0c0',
          version: 1,
          status,
          memberNumber: 17,
          organisationId: asking.organisationId,
          purpose: 'referral',
          scopes: status === 'given' ? ['contact', 'share_status'] : [],
          wordingVersion: 1,
          wordingLanguage: 'en',
          wording: 'May we tell them?',
          how: 'phone',
          voice: 'self',
          givenAt: new Date('2026-11-20T09:30:00Z'),
          validTo: status === 'expired' ? '2026-12-31' : null,
          updatedAt: new Date('2026-11-20T09:30:00Z')
        },
        names
      )
    )
    assert.deepEqual(faultsOf(consent), [])
    assert.equal(consent.status, status === 'given' ? 'active' : 'inactive')
  }
})

const refusedAt = (sent: Json): string[] => {
  const parsed = serviceRequestIn.safeParse(sent)
  if (!parsed.success)
    return parsed.error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => `/${[...issue.path, key].join('/')}`)
        : [`/${issue.path.join('/')}`]
    )
  try {
    readServiceRequest(parsed.data, names, asking)
    return []
  } catch (error) {
    return (error as { errors: { pointer: string }[] }).errors.map(({ pointer }) => pointer)
  }
}

test('what has no place here is refused by its path', async (t) => {
  const [contact, number] = ['referral-first-contact.json', 'referral-by-member-number.json'].map(
    (file) => goldens().find((golden) => golden.file === file)!.sent
  )
  const patient = (set: Json) => {
    const sent = structuredClone(contact)
    Object.assign(sent.contained[0], set)
    return sent
  }
  const diagnosis = { coding: [{ system: 'http://snomed.info/sct', code: '73211009' }] }
  const nhs = { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9000000009' }
  const cases: [string, Json, string[]][] = [
    ['a diagnosis as a reason', { ...number, reasonCode: [diagnosis] }, ['/reasonCode']],
    ['a condition', { ...number, reasonReference: [{ reference: 'Condition/1' }] }, ['/reasonReference']],
    ['a diagnosis as what is asked for', { ...number, code: { ...diagnosis, text: 'x y z' } }, ['/code/coding/0']],
    [
      'a diagnosis as a category',
      { ...number, category: [...number.category, diagnosis] },
      ['/category/2/coding/0/system']
    ],
    ['a note', { ...number, note: [{ text: 'x' }] }, ['/note']],
    ['a narrative', { ...number, text: { status: 'generated', div: '<div/>' } }, ['/text']],
    [
      'a national identifier of the subject',
      { ...number, subject: { type: 'Patient', identifier: nhs } },
      ['/subject/identifier/system']
    ],
    [
      'a national identifier of the contained person',
      patient({ identifier: [nhs], name: undefined, telecom: undefined }),
      ['/contained/0/identifier/0/system']
    ],
    ['a date of birth', patient({ birthDate: '1940-01-01' }), ['/contained/0/birthDate']],
    [
      'an extension of somebody else',
      patient({ extension: [{ url: 'https://x', valueString: 'x' }] }),
      ['/contained/0/extension/0/url']
    ],
    [
      'an unknown extension',
      { ...number, extension: [{ url: 'https://example.org/x', valueString: 'x' }] },
      ['/extension/0/url']
    ],
    [
      'a contained condition',
      { ...number, contained: [{ resourceType: 'Condition', id: 'c' }] },
      ['/contained/0/resourceType']
    ],
    ['other information', { ...number, supportingInfo: [{ reference: 'Observation/1' }] }, ['/supportingInfo/0']],
    [
      'somebody else who asks',
      { ...number, requester: { reference: 'PractitionerRole/019aa0c0-0000-7000-8000-000000000001' } },
      ['/requester']
    ],
    ['a chosen helper', { ...number, performer: [{ reference: 'Practitioner/1' }] }, ['/performer/0']],
    ['a draft', { ...number, status: 'draft' }, ['/status']],
    ['a thing not to be done', { ...number, doNotPerform: true }, ['/doNotPerform']]
  ]
  for (const [name, sent, expected] of cases)
    await t.test(name, () => assert.deepEqual(refusedAt(plain(sent)), expected))
})

test('every SDOH category of the guide is known, and those told of are among them', () => {
  assert.equal(sdohCategories.length, 24)
  for (const code of Object.values(sdohOfCategory)) assert.ok(sdohCategories.includes(code), code)
})
