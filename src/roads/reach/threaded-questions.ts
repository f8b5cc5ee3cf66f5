/**
 * Has the questions of a region answered by two threads: what takes some milliseconds does not wait behind what takes hundreds.
 *
 * Each begins with its first question: half a second for a large city.
 */
import type { Scheduler } from '../../base/time.ts'
import type { RoadAnswers, RoadOutcome, RoadQuestion, RoadQuestions } from '../../domain/dispatch/road-questions.ts'
import type { Drive, Driving } from '../../domain/dispatch/travel-times.ts'
import type { RoadTimes } from '../road-times.ts'
import type { NumberedTimes, QuestionAsked } from './question-answers.ts'
import { ReachWorker } from './reach-worker.ts'

interface ThreadedQuestionsPorts {
  /** In shared memory. */
  readonly graphBytes: Uint8Array
  /** The times in force for a drive: the same object while nothing has changed. */
  readonly timesFor: (driving: Driving, drive: Drive) => RoadTimes
  readonly scheduler: Scheduler
}

const QUICK = { timeoutMs: 5_000, maxWaiting: 64 }
/** One takes a second where a city is large. */
const WIDE = { timeoutMs: 10_000, maxWaiting: 8 }

export class ThreadedQuestions implements RoadQuestions {
  readonly #timesFor: ThreadedQuestionsPorts['timesFor']
  readonly #quick: ReachWorker
  readonly #wide: ReachWorker
  readonly #numbers = new WeakMap<RoadTimes, number>()
  #lastNumber = 0

  constructor({ graphBytes, timesFor, scheduler }: ThreadedQuestionsPorts) {
    this.#timesFor = timesFor
    this.#quick = new ReachWorker({ graphBytes, ...QUICK }, scheduler)
    this.#wide = new ReachWorker({ graphBytes, ...WIDE }, scheduler)
  }

  async ask<Question extends RoadQuestion>(
    question: Question,
    driving: Driving,
  ): Promise<RoadOutcome<RoadAnswers[Question['kind']]>> {
    const isWide = question.kind === 'reach' || question.kind === 'coverage'
    const worker = isWide ? this.#wide : this.#quick
    const outcome = await worker.ask({ kind: 'question', asked: this.#asked(question, driving) })
    // A question is answered by its kind.
    return outcome as RoadOutcome<RoadAnswers[Question['kind']]>
  }

  async stop(): Promise<void> {
    await Promise.all([this.#quick.stop(), this.#wide.stop()])
  }

  #asked(question: RoadQuestion, driving: Driving): QuestionAsked {
    const drives = question.kind === 'left' ? question.ways.map(({ drive }) => drive) : [driveOf(question)]
    const times: NumberedTimes[] = []
    const timesOf = drives.map(drive => {
      const inForce = this.#timesFor(driving, drive)
      const number = this.#numberOf(inForce)
      const at = times.findIndex(each => each.number === number)
      return at >= 0 ? at : times.push({ number, times: inForce }) - 1
    })
    return { question, timesOf, times }
  }

  #numberOf(times: RoadTimes): number {
    const known = this.#numbers.get(times)
    if (known !== undefined) return known
    this.#lastNumber += 1
    this.#numbers.set(times, this.#lastNumber)
    return this.#lastNumber
  }
}

/** Names of streets are the same at every hour. */
const driveOf = (question: Exclude<RoadQuestion, { readonly kind: 'left' }>): Drive =>
  question.kind === 'find-place' ? { priority: null, atMs: 0 } : question.drive
