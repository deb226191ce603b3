/** Latencies in microseconds, in buckets that are less than one percent wide: nothing is allocated while measuring. */
export type Histogram = { record(microseconds: number): void; at(share: number): number }

/** 128 buckets for each power of two. */
const fine = 7

export function makeHistogram(): Histogram {
  const buckets = new Uint32Array(32 << fine)
  let count = 0
  return {
    record(microseconds) {
      const value = Math.max(1, Math.round(microseconds))
      const shift = Math.max(0, 31 - Math.clz32(value) - fine)
      const bucket = (shift << fine) + (value >>> shift)
      buckets[bucket] = buckets[bucket]! + 1
      count += 1
    },
    at(share) {
      let left = Math.ceil(count * share)
      for (let bucket = 0; bucket < buckets.length; bucket += 1) {
        left -= buckets[bucket]!
        if (left > 0) continue
        // the inverse of the above: from the second power on, a bucket's number has its power in it once more
        const shift = Math.max(0, (bucket >> fine) - 1)
        return (bucket - (shift << fine)) * 2 ** shift
      }
      return 0
    }
  }
}
