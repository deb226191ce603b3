import { dayMs } from '../../shared/clock.ts'

const [second, minute, hour] = [1000, 60_000, 3_600_000]

/** For so long something is tried, and may an endpoint fail. */
export const givenUpAfterMs = 3 * dayMs

/** Between the attempts of one delivery; the last comes when the three days are over. */
const deliverySteps = [5 * second, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour]

/** Between the attempts at an endpoint that fails, whichever delivery they are of. */
const endpointSteps = [5 * second, 30 * second, 2 * minute, 10 * minute, 30 * minute, hour]

/** A receiver can ask for no longer than this. */
const longestWaitMs = dayMs

/** Up to a fifth more, so that what failed together does not come back together. */
const jittered = (ms: number): number => Math.round(ms * (1 + Math.random() / 5))

/** How long to wait after the nth failure of a delivery (from 1); null: only until the three days are over. */
export const deliveryWaitMs = (attempts: number): number | null => {
  const step = deliverySteps[attempts - 1]
  return step === undefined ? null : jittered(step)
}

/** How long an endpoint is left alone after the nth failure in a row (from 1). */
export const endpointWaitMs = (failures: number): number =>
  jittered(endpointSteps[Math.min(failures, endpointSteps.length) - 1]!)

/** Reads Retry-After (RFC 9110): seconds or a date. Null where there is none that can be read. */
export function retryAfterMs(header: string | undefined, now: Date): number | null {
  if (header === undefined) return null
  const text = header.trim()
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now.getTime()
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), longestWaitMs)
}
