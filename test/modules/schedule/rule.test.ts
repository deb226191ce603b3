import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import ICAL from 'ical.js'
import { datesOf, mostSessions, occurrencesOf, parseRule } from '../../../src/modules/schedule/rule.ts'
import { instantOf, localTimeIn } from '../../../src/shared/local-time.ts'

const zones = [
  'Europe/London',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'America/St_Johns',
  'Africa/Casablanca',
  'Pacific/Chatham',
  'Pacific/Apia',
  'America/Nuuk',
  'UTC'
]
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const told = (t: { diagnostic(text: string): void }) => t.diagnostic(`SEED=${seed}`)

test('a time of day stays what it is through both changes of the clocks', () => {
  const series = { localStart: '2026-03-22T10:00', timeZone: 'Europe/London', rrule: 'FREQ=WEEKLY;COUNT=33' }
  const found = [...occurrencesOf(series)]
  assert.equal(found.length, 33)
  assert.ok(found.every(({ startsAt }) => localTimeIn('Europe/London', startsAt).endsWith('T10:00')))
  const utc = new Map(found.map(({ date, startsAt }) => [date, startsAt.toISOString().slice(11, 16)]))
  assert.deepEqual(
    ['2026-03-22', '2026-03-29', '2026-10-18', '2026-10-25'].map((date) => utc.get(date)),
    ['10:00', '09:00', '09:00', '10:00']
  )
})

test('a time that clocks leave out comes later by the gap, one that they show twice is the first of the two', () => {
  const instants: [string, string, string][] = [
    ['2026-03-29T01:30', 'Europe/London', '2026-03-29T01:30:00.000Z'],
    ['2026-10-25T01:30', 'Europe/London', '2026-10-25T00:30:00.000Z'],
    ['2026-03-08T02:30', 'America/New_York', '2026-03-08T07:30:00.000Z'],
    ['2026-11-01T01:30', 'America/New_York', '2026-11-01T05:30:00.000Z'],
    // half an hour
    ['2026-10-04T02:15', 'Australia/Lord_Howe', '2026-10-03T15:45:00.000Z'],
    ['2026-04-05T01:45', 'Australia/Lord_Howe', '2026-04-04T14:45:00.000Z'],
    ['2026-06-01T10:00', 'Asia/Kolkata', '2026-06-01T04:30:00.000Z'],
    // a whole day was left out
    ['2011-12-30T10:00', 'Pacific/Apia', '2011-12-30T20:00:00.000Z']
  ]
  for (const [local, zone, instant] of instants)
    assert.equal(instantOf(local, zone).toISOString(), instant, `${local} ${zone}`)
})

/** All instants of some days at which clocks of a zone show that minute, found by looking at each quarter of an hour. */
function shownAt(local: string, zone: string): number[] {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23'
  })
  const asUtc = Date.parse(`${local}Z`)
  const found: number[] = []
  for (let at = asUtc - 15 * 3_600_000; at <= asUtc + 15 * 3_600_000; at += 900_000) {
    const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]))
    if (`${part['year']}-${part['month']}-${part['day']}T${part['hour']}:${part['minute']}` === local) found.push(at)
  }
  return found
}

test('the instant of a local time is the first at which clocks of the zone show it, in any year and zone', (t) => {
  told(t)
  const quarter = fc
    .integer({ min: Date.UTC(2015, 0, 1) / 900_000, max: Date.UTC(2035, 0, 1) / 900_000 })
    .map((n) => new Date(n * 900_000).toISOString().slice(0, 16))
  fc.assert(
    fc.property(quarter, fc.constantFrom(...zones), (local, zone) => {
      const shown = shownAt(local, zone)
      const instant = instantOf(local, zone).getTime()
      if (shown.length > 0) assert.equal(instant, shown[0])
      // what is left out is shown later, by the gap: at most two hours, but for the day that Samoa left out
      else assert.ok(localTimeIn(zone, new Date(instant)) > local)
    }),
    { seed, numRuns: 400 }
  )
})

test('around every change of the clocks of ten years the same holds', () => {
  for (const zone of zones)
    for (let day = Date.UTC(2020, 0, 1); day < Date.UTC(2030, 0, 1); day += 86_400_000) {
      const offset = (at: number) => Date.parse(`${localTimeIn(zone, new Date(at))}Z`) - at
      if (offset(day) === offset(day + 86_400_000)) continue
      for (let local = day - 43_200_000; local < day + 129_600_000; local += 900_000) {
        const text = new Date(local).toISOString().slice(0, 16)
        const instant = instantOf(text, zone)
        const [first] = shownAtFast(text, zone, [offset(day), offset(day + 86_400_000)])
        if (first !== undefined) assert.equal(instant.getTime(), first, `${text} ${zone}`)
        else assert.equal(instant.getTime(), local - offset(day), `${text} ${zone}: by the offset before the gap`)
      }
    }
})

const shownAtFast = (local: string, zone: string, offsets: number[]): number[] =>
  offsets
    .map((offset) => Date.parse(`${local}Z`) - offset)
    .filter((at) => localTimeIn(zone, new Date(at)) === local)
    .sort((a, b) => a - b)

const weekday = fc.constantFrom('MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU')
const list = <T>(values: fc.Arbitrary<T>, maxLength = 3) => fc.uniqueArray(values, { minLength: 1, maxLength })
const part = (name: string, values: fc.Arbitrary<readonly unknown[]>) => values.map((v) => `${name}=${v.join(',')}`)
const monthDays = list(fc.integer({ min: 1, max: 31 }).chain((n) => fc.constantFrom(n, -n)))
const months = part('BYMONTH', list(fc.integer({ min: 1, max: 12 }), 4))
const nth = fc.tuple(fc.constantFrom(1, 2, 3, 4, 5, -1, -2), weekday).map(([n, day]) => `${n}${day}`)

const rules: fc.Arbitrary<string> = fc
  .record({
    shape: fc.oneof(
      fc.tuple(fc.constant('FREQ=DAILY'), fc.option(months, { nil: '' })),
      fc.tuple(fc.constant('FREQ=WEEKLY'), part('BYDAY', list(weekday, 7)), fc.option(months, { nil: '' })),
      fc.tuple(fc.constant('FREQ=WEEKLY'), part('BYDAY', list(weekday, 7)), part('WKST', list(weekday, 1))),
      fc.tuple(fc.constant('FREQ=MONTHLY'), part('BYMONTHDAY', monthDays)),
      // of several, the other reader passes over fifth ones: these are asked for alone, and below by the calendar
      fc.tuple(fc.constant('FREQ=MONTHLY'), part('BYDAY', list(nth.filter((day) => !day.startsWith('5'))))),
      fc.tuple(fc.constant('FREQ=MONTHLY'), part('BYDAY', list(nth, 1))),
      fc.tuple(
        fc.constant('FREQ=MONTHLY'),
        part('BYDAY', list(weekday)),
        part('BYSETPOS', list(fc.constantFrom(1, 2, -1), 2))
      ),
      // of a 31st of September it makes a 1st of October, and it counts a day twice that two numbers give: not so asked
      fc.tuple(fc.constant('FREQ=YEARLY'), months, part('BYMONTHDAY', list(fc.integer({ min: 1, max: 28 })))),
      fc.tuple(fc.constant('FREQ=YEARLY'), months, part('BYDAY', list(nth, 1)))
    ),
    interval: fc.integer({ min: 1, max: 4 }),
    count: fc.integer({ min: 1, max: 30 })
  })
  .map(({ shape, interval, count }) => [...shape.filter(Boolean), `INTERVAL=${interval}`, `COUNT=${count}`].join(';'))

test('of several numbered weekdays a month has its fifth ones too', () => {
  const { rule } = parseRule('FREQ=MONTHLY;BYDAY=5TU,5TH;COUNT=3')
  // Thursdays of December 2027: 2, 9, 16, 23, 30; Tuesdays of February 2028: 1, 8, 15, 22, 29
  assert.deepEqual([...datesOf(rule, '2027-12-30')], ['2027-12-30', '2028-02-29', '2028-03-30'])
})

test('the dates of a rule are those that another reader of RFC 5545 finds', (t) => {
  told(t)
  const start = fc
    .integer({ min: Date.UTC(2024, 0, 1) / 86_400_000, max: Date.UTC(2028, 0, 1) / 86_400_000 })
    .map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10))
  fc.assert(
    fc.property(rules, start, (text, from) => {
      const { rule, faults } = parseRule(text)
      assert.deepEqual(faults, [])
      // a rule is used from one of its own dates on
      const first = datesOf({ ...rule, interval: 1 }, from).next().value
      if (!first) return
      const mine = [...datesOf(rule, first)]
      const iterator = ICAL.Recur.fromString(text).iterator(ICAL.Time.fromDateString(first))
      const theirs: string[] = []
      const last = `${Number(first.slice(0, 4)) + 9}${first.slice(4)}`
      for (let next = iterator.next(); next && theirs.length < 30; next = iterator.next()) {
        if (next.toString() > last) break
        theirs.push(next.toString())
      }
      assert.deepEqual(mine.slice(0, theirs.length), theirs, `${text} from ${first}`)
      assert.ok(mine.length === theirs.length || mine[theirs.length]! > last, `${text} from ${first}: as many`)
    }),
    { seed, numRuns: Number(process.env['RULE_RUNS'] ?? 1000) }
  )
})

test('a rule without an end ends, and one that gives nothing ends too', () => {
  assert.equal([...datesOf(parseRule('FREQ=DAILY').rule, '2026-03-02')].length, mostSessions)
  assert.equal([...datesOf(parseRule('FREQ=YEARLY').rule, '2026-03-02')].length, 11)
  assert.equal([...datesOf(parseRule('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30').rule, '2026-03-02')].length, 0)
  assert.equal([...datesOf(parseRule('FREQ=MONTHLY;BYMONTHDAY=31').rule, '2026-01-31')][1], '2026-03-31')
})

test('UNTIL is inclusive, as a date, as an instant, and as a local time', () => {
  const dates = (until: string) =>
    [
      ...occurrencesOf({
        localStart: '2026-03-27T10:00',
        timeZone: 'Europe/London',
        rrule: `FREQ=DAILY;UNTIL=${until}`
      })
    ].map(({ date }) => date.slice(8))
  assert.deepEqual(dates('20260329'), ['27', '28', '29'])
  assert.deepEqual(dates('20260329T090000Z'), ['27', '28', '29'], 'ten in summer time is nine in UTC')
  assert.deepEqual(dates('20260329T085959Z'), ['27', '28'])
  assert.deepEqual(dates('20260328T100000'), ['27', '28'])
})

test('each thing that is wrong with a rule is told', () => {
  const wrong: [string, RegExp][] = [
    ['', /NAME=VALUE/],
    ['COUNT=3', /FREQ is missing/],
    ['FREQ=SECONDLY', /at most one session a day/],
    ['FREQ=FORTNIGHTLY', /one of DAILY/],
    ['FREQ=DAILY;INTERVAL=0', /INTERVAL/],
    ['FREQ=DAILY;COUNT=401', /COUNT must be a whole number from 1 to 400/],
    ['FREQ=DAILY;COUNT=3;UNTIL=20270101', /exclude each other/],
    ['FREQ=DAILY;COUNT=3;COUNT=4', /comes twice/],
    ['FREQ=DAILY;UNTIL=20260230', /UNTIL/],
    ['FREQ=WEEKLY;BYDAY=1MO', /MONTHLY and YEARLY only/],
    ['FREQ=MONTHLY;BYDAY=0MO', /BYDAY/],
    ['FREQ=WEEKLY;BYMONTHDAY=3', /BYMONTHDAY does not go/],
    ['FREQ=MONTHLY;BYMONTHDAY=32', /BYMONTHDAY/],
    ['FREQ=MONTHLY;BYMONTH=13', /BYMONTH/],
    ['FREQ=MONTHLY;BYSETPOS=1', /BYSETPOS needs/],
    ['FREQ=WEEKLY;WKST=XX', /WKST/],
    ['FREQ=YEARLY;BYWEEKNO=3', /BYWEEKNO is not known here/],
    ['FREQ=DAILY;COLOUR=RED', /COLOUR is no part/]
  ]
  for (const [text, fault] of wrong) assert.match(parseRule(text).faults.join(' '), fault, text)
})
