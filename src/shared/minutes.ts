/**
 * Divides `total` minutes among `weights.length` shares by largest remainder, ties in the order given:
 * 100 over three equal shares is 34, 33, 33. The sum of the shares is always `total`.
 */
export function split(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0)
  if (weights.length === 0 || sum <= 0) return weights.map(() => 0)
  const shares = weights.map((weight, i) => ({
    i,
    floor: Math.floor((total * weight) / sum),
    rest: (total * weight) % sum
  }))
  const left = total - shares.reduce((a, share) => a + share.floor, 0)
  const byRest = [...shares].sort((a, b) => b.rest - a.rest || a.i - b.i)
  for (const share of byRest.slice(0, left)) share.floor += 1
  return shares.map((share) => share.floor)
}

export type Rounding = 'nearest' | 'up' | 'down' | 'none'

/** Rounds minutes to the timebank's granularity; a positive time never becomes nothing unless it rounds `down`. */
export function roundMinutes(minutes: number, granularity: number, rounding: Rounding): number {
  if (rounding === 'none' || granularity <= 1) return minutes
  const steps = minutes / granularity
  const rounded =
    rounding === 'up' ? Math.ceil(steps) : rounding === 'down' ? Math.floor(steps) : Math.floor(steps + 0.5)
  return Math.max(rounded * granularity, rounding === 'down' ? 0 : Math.min(granularity, Math.ceil(minutes)))
}

/** Minutes as people read them: 90 → `1:30`, −45 → `−0:45`. Stands beside minutes, never instead of them. */
export function hoursText(minutes: number): string {
  const absolute = Math.abs(minutes)
  return `${minutes < 0 ? '−' : ''}${Math.floor(absolute / 60)}:${String(absolute % 60).padStart(2, '0')}`
}
