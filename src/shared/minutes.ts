export type Rounding = 'nearest' | 'up' | 'down' | 'none'

/** Rounds minutes to the timebank's granularity; a positive time is at least one step, unless it rounds `down`. */
export function roundMinutes(minutes: number, granularity: number, rounding: Rounding): number {
  if (rounding === 'none') return minutes
  const steps = minutes / granularity
  if (rounding === 'down') return Math.floor(steps) * granularity
  return Math.max(rounding === 'up' ? Math.ceil(steps) : Math.floor(steps + 0.5), 1) * granularity
}

/** Minutes as people read them: 90 → `1:30`, −45 → `−0:45`. Stands beside minutes, never instead of them. */
export function hoursText(minutes: number): string {
  const absolute = Math.abs(minutes)
  return `${minutes < 0 ? '−' : ''}${Math.floor(absolute / 60)}:${String(absolute % 60).padStart(2, '0')}`
}
