/** `value` is n/d to 4 decimals, half up; null where d is 0. */
export type Ratio = { value: number | null; n: number; d: number }

/** In whole numbers, so that halves are halves. */
export const ratioOf = (n: number, d: number): Ratio => ({
  value: d === 0 ? null : Math.floor((2 * n * 10_000 + d) / (2 * d)) / 10_000,
  n,
  d
})
