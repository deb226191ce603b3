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
