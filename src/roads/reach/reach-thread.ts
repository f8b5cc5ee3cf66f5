/** The thread that answers tables, reach, coverage and long routes: it is given the bytes of a graph, takes question after question, posts answers. */
import { parentPort, workerData } from 'node:worker_threads'
import { decodeGraph } from '../graph-codec.ts'
import { RouteSearch } from '../nearest/route-search.ts'
import { answerJob, type ReachJob } from './reach-jobs.ts'
import { TreeSearch } from './tree-search.ts'

const { graphBytes } = workerData as { graphBytes: Uint8Array }
const graph = decodeGraph(graphBytes)
const searches = { tree: new TreeSearch(graph), routes: new RouteSearch(graph) }
parentPort!.on('message', (job: ReachJob) => parentPort!.postMessage(answerJob(searches, job)))
