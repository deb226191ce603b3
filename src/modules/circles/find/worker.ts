import { parentPort, workerData } from 'node:worker_threads'
import { findRings } from './find.ts'
import type { FindInput } from './input.ts'

parentPort?.postMessage(findRings(workerData as FindInput))
