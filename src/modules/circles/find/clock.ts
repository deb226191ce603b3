/** A time bound that inner loops can afford to ask: the clock itself is looked at now and then only. */
export type Deadline = { passed(): boolean }

/** `every`: after so many questions the clock is looked at; fewer where there is much between two questions. */
export function deadlineAt(at: number, every: number): Deadline {
  let left = 1
  let over = false
  return {
    passed: () => {
      left -= 1
      if (left === 0) {
        left = every
        over ||= performance.now() >= at
      }
      return over
    }
  }
}
