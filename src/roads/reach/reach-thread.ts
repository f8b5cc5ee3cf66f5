/** The thread that answers tables, reach, coverage, long routes and the questions of a region: it is given the bytes of a graph, takes question after question, posts answers. */
import { parentPort, workerData } from 'node:worker_threads'
import { decodeGraph } from '../graph-codec.ts'
import { answerJob, type ReachJob, searchesOn } from './reach-jobs.ts'

const { graphBytes } = workerData as { graphBytes: Uint8Array }
const searches = searchesOn(decodeGraph(graphBytes))
parentPort!.on('message', (job: ReachJob) => parentPort!.postMessage(answerJob(searches, job)))
