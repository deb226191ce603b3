import { parentPort, workerData } from 'node:worker_threads'
import { findRings } from './find.ts'
import type { Asked } from './in-thread.ts'

/** What it takes to end and to hand over the answer. */
const endingMs = 100

const { input, at } = workerData as Asked
const budgetMs = Math.max(endingMs, input.options.budgetMs - (Date.now() - at) - endingMs)
parentPort?.postMessage(findRings({ ...input, options: { ...input.options, budgetMs } }))
