/** The questions that go through much of a network, as they are handed to a thread: their bounds, and how each is answered. */
import type { RoadAnswers, RoadQuestion } from '../../domain/dispatch/road-questions.ts'
import type { RoadGraph, RoadPosition } from '../graph.ts'
import { type DrawnLine, lineWithin } from '../line-within.ts'
import { type RoadRoute, RouteSearch } from '../nearest/route-search.ts'
import type { RoadTimes } from '../road-times.ts'
import { type Coverage, type CoverageAsk, coverageOf } from './coverage.ts'
import { drawnReach, type ReachedCells, type ReachedLines } from './drawn-reach.ts'
import { QuestionAnswers, type QuestionAsked } from './question-answers.ts'
import { type ReachAsk, reachedRoads } from './reached-roads.ts'
import { MAX_TABLE_CELLS, type TableAsk, travelTable } from './travel-table.ts'
import { TreeSearch } from './tree-search.ts'

/** Times and hierarchy are shared memory, so a question takes the bytes of its places alone. */
export type ReachJob =
  | { readonly kind: 'table'; readonly ask: TableAsk }
  | { readonly kind: 'reach'; readonly ask: ReachAsk; readonly maxBytes: number }
  | { readonly kind: 'coverage'; readonly ask: CoverageAsk }
  | { readonly kind: 'route'; readonly ask: RouteAsk; readonly maxBytes: number }
  /** Of a region, with places as people and receivers tell them. */
  | { readonly kind: 'question'; readonly asked: QuestionAsked }

interface RouteAsk {
  readonly from: RoadPosition
  readonly to: RoadPosition
  readonly times: RoadTimes
}

export interface ReachAnswers {
  /** Four bytes a cell. */
  readonly table: Uint32Array
  /** At most `maxBytes` in JSON. */
  readonly reach: ReachedLines | ReachedCells
  /** Four bytes a point of the demand. */
  readonly coverage: Coverage
  /** Null where no way leads. The line takes at most `maxBytes` in JSON. */
  readonly route: (Pick<RoadRoute, 'driveMs' | 'roadM'> & { readonly line: DrawnLine }) | null
  readonly question: RoadAnswers[RoadQuestion['kind']]
}

/** What a thread has of its network. */
export interface ReachSearches {
  readonly tree: TreeSearch
  readonly routes: RouteSearch
  readonly questions: QuestionAnswers
}

/** Input: a graph whose arrays may lie in shared memory. */
export function searchesOn(graph: RoadGraph): ReachSearches {
  const [tree, routes] = [new TreeSearch(graph), new RouteSearch(graph)]
  return { tree, routes, questions: new QuestionAnswers(tree, routes) }
}

/** Of each side of a table. */
const MAX_PLACES = 10_000
const MAX_UNITS = 10_000
const MAX_DEMAND = 200_000
const [LEAST_BYTES, MOST_BYTES] = [500, 4_000_000]
const MOST_MS = 4 * 3_600_000
/** Of one question for what is left, and of destinations. */
const MAX_WAYS = 1_000

/** What is too much of a question, and what would fit; null when nothing is. */
export function problemOfJob(job: ReachJob): string | null {
  if (job.kind === 'table') {
    const { from, to } = job.ask
    const fits = from.length <= MAX_PLACES && to.length <= MAX_PLACES && from.length * to.length <= MAX_TABLE_CELLS
    if (fits) return null
    return `The table has ${from.length} × ${to.length} places; at most ${MAX_PLACES} a side and ${MAX_TABLE_CELLS} cells fit.`
  }
  if (job.kind === 'reach' || job.kind === 'route') {
    if (job.kind === 'reach' && !(job.ask.withinMs >= 0 && job.ask.withinMs <= MOST_MS))
      return `withinMs goes from 0 to ${MOST_MS}.`
    if (job.maxBytes >= LEAST_BYTES && job.maxBytes <= MOST_BYTES) return null
    return `maxBytes goes from ${LEAST_BYTES} to ${MOST_BYTES}.`
  }
  if (job.kind === 'question') return problemOfQuestion(job.asked.question)
  return problemOfCoverage(job.ask)
}

/** Places as they are told have the bounds of those that are on the road. */
function problemOfQuestion(question: RoadQuestion): string | null {
  if (question.kind === 'find-place') return null
  if (question.kind === 'left' || question.kind === 'destinations') {
    const { length } = question.kind === 'left' ? question.ways : question.destinations
    return length <= MAX_WAYS ? null : `There are ${length} ways; at most ${MAX_WAYS} fit.`
  }
  if (question.kind === 'coverage') return problemOfCoverage({ ...question, demand: question.demand ?? [] })
  if (question.kind === 'reach' && !(question.withinMs >= 0 && question.withinMs <= MOST_MS))
    return `withinMs goes from 0 to ${MOST_MS}.`
  if (question.maxBytes >= LEAST_BYTES && question.maxBytes <= MOST_BYTES) return null
  return `maxBytes goes from ${LEAST_BYTES} to ${MOST_BYTES}.`
}

interface CoverageSize {
  readonly units: readonly unknown[]
  readonly demand: readonly unknown[]
  readonly targetMs: number
}

function problemOfCoverage({ units, demand, targetMs }: CoverageSize): string | null {
  if (!(targetMs >= 0 && targetMs <= MOST_MS)) return `targetMs goes from 0 to ${MOST_MS}.`
  if (units.length <= MAX_UNITS && demand.length <= MAX_DEMAND) return null
  return `There are ${units.length} units and ${demand.length} points of demand; at most ${MAX_UNITS} and ${MAX_DEMAND} fit.`
}

export function answerJob({ tree, routes, questions }: ReachSearches, job: ReachJob): ReachAnswers[ReachJob['kind']] {
  if (job.kind === 'question') return questions.answer(job.asked)
  if (job.kind === 'table') return travelTable(tree, job.ask)
  if (job.kind === 'coverage') return coverageOf(tree, job.ask)
  if (job.kind === 'reach') return drawnReach(tree.graph, reachedRoads(tree, job.ask), job.maxBytes)
  const { from, to, times } = job.ask
  const route = routes.route(from, to, times)
  if (route === null) return null
  return { driveMs: route.driveMs, roadM: route.roadM, line: lineWithin(route.line, job.maxBytes) }
}
