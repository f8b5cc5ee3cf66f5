/** The thread that makes the hierarchy of given times: it posts the arrays, so that the loop of events neither copies nor checks any. */
import { parentPort, workerData } from 'node:worker_threads'
import { decodeGraph } from '../graph-codec.ts'
import { buildHierarchy } from '../hierarchy/build.ts'
import type { TimesToPrepare } from './hierarchy-of-times.ts'

const { graphBytes, throughMs } = workerData as TimesToPrepare
const hierarchy = buildHierarchy(decodeGraph(graphBytes), throughMs)
const own = [hierarchy.up, hierarchy.down]
  .flatMap(edges => Object.values(edges) as Uint32Array[])
  .flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? [buffer] : []))
parentPort!.postMessage(hierarchy, [...new Set(own)])
