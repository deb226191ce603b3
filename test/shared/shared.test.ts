import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addDays, dateIn, endOfDay } from '../../src/shared/clock.ts'
import { hoursText, roundMinutes } from '../../src/shared/minutes.ts'

test('minutes are rounded to the nearest step, halves up; a positive time never becomes nothing', () => {
  const rounded = (minutes: number) => roundMinutes(minutes, 15, 'nearest')
  assert.deepEqual([1, 7, 8, 15, 22, 23, 67, 68].map(rounded), [15, 15, 15, 15, 15, 30, 60, 75])
  assert.deepEqual(
    [1, 15, 16].map((m) => roundMinutes(m, 15, 'up')),
    [15, 15, 30]
  )
  assert.deepEqual(
    [14, 15, 29].map((m) => roundMinutes(m, 15, 'down')),
    [0, 15, 15]
  )
  assert.equal(roundMinutes(47, 15, 'none'), 47)
})

test('rounding lands on a step and moves by less than one', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100_000 }),
      fc.integer({ min: 1, max: 120 }),
      fc.constantFrom('nearest', 'up', 'down'),
      (minutes, step, how) => {
        const rounded = roundMinutes(minutes, step, how as 'nearest')
        assert.equal(rounded % step, 0)
        assert.ok(Math.abs(rounded - minutes) < step)
      }
    )
  )
})

test('minutes are written as hours with a true minus', () => {
  assert.deepEqual([0, 5, 90, -45, -600].map(hoursText), ['0:00', '0:05', '1:30', '−0:45', '−10:00'])
})

test('the date is that of the time zone, on both sides of midnight and of the change of clocks', () => {
  assert.equal(dateIn('Europe/London', new Date('2026-06-30T23:30:00Z')), '2026-07-01')
  assert.equal(dateIn('Europe/London', new Date('2026-12-31T23:30:00Z')), '2026-12-31')
  assert.equal(dateIn('America/Los_Angeles', new Date('2026-03-08T07:59:00Z')), '2026-03-07')
  assert.equal(addDays('2026-02-28', 1), '2026-03-01')
  assert.equal(addDays('2026-03-29', -1), '2026-03-28')
})

test('a day ends when the next one begins in its time zone, also where clocks change or a day is left out', () => {
  for (const [zone, date, end] of [
    ['UTC', '2026-03-01', '2026-03-02T00:00:00.000Z'],
    ['Europe/London', '2026-06-30', '2026-06-30T23:00:00.000Z'],
    ['Europe/London', '2026-10-25', '2026-10-26T00:00:00.000Z'],
    ['Pacific/Auckland', '2026-01-10', '2026-01-10T11:00:00.000Z'],
    ['Pacific/Kiritimati', '2026-12-31', '2026-12-31T10:00:00.000Z'],
    ['Pacific/Pago_Pago', '2026-12-31', '2027-01-01T11:00:00.000Z'],
    // midnight itself is left out there
    ['Africa/Cairo', '2026-04-23', '2026-04-23T22:00:00.000Z'],
    // 30 December 2011 never was
    ['Pacific/Apia', '2011-12-29', '2011-12-30T10:00:00.000Z'],
    ['Pacific/Apia', '2011-12-30', '2011-12-30T10:00:00.000Z'],
    ['Asia/Kathmandu', '2999-12-31', '2999-12-31T18:15:00.000Z']
  ] as const) {
    const instant = endOfDay(zone, date)
    assert.equal(instant.toISOString(), end, `${zone} ${date}`)
    assert.ok(dateIn(zone, instant) > date && dateIn(zone, new Date(instant.getTime() - 1)) <= date)
  }
})
