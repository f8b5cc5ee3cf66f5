/** The thread that makes roads ready: it is given their bytes, and posts the arrays, without a copy of any. */
import { parentPort, workerData } from 'node:worker_threads'
import { preparedFrom, type RoadsToPrepare } from './prepared-roads.ts'

const roads = preparedFrom(workerData as RoadsToPrepare)
// What is in shared memory is shared; the rest changes hands.
const own = [roads.graph, roads.times, roads.grid]
  .flatMap(part => Object.values(part) as unknown[])
  .flatMap(value => (ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer ? [value.buffer] : []))
parentPort!.postMessage(roads, [...new Set(own)])
