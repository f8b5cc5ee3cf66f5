/** The thread that makes a hierarchy: it is given the bytes of a graph and a way to drive, and posts the bytes of the hierarchy. */
import { parentPort, workerData } from 'node:worker_threads'
import { decodeGraph } from '../graph-codec.ts'
import { sharedBytes } from '../thread.ts'
import { buildHierarchy } from './build.ts'
import { encodeHierarchy } from './hierarchy-codec.ts'
import type { ToPrepare } from './prepare.ts'

const { graphBytes, way, throughMs } = workerData as ToPrepare
const graph = decodeGraph(graphBytes)
const ms = throughMs ?? graph.timesMs.get(way)
if (ms === undefined) throw new Error(`These roads have no times for driving ${way}.`)
parentPort!.postMessage(sharedBytes(encodeHierarchy(buildHierarchy(graph, ms), graphBytes, way)))
