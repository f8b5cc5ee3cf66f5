/**
 * Has tables, reach, coverage and long routes answered by a thread of its own, one after the other, so that no turn waits for them.
 *
 * The line, measured: what takes less than some 2 ms stays where it is asked: who is first, what is left of a route, and with a
 * hierarchy the best destination. What goes through the network whatever it meets goes to the thread. A route goes there
 * where it may be long. `docs/roads.md` has the figures.
 *
 * At most `maxWaiting` questions wait; one more is refused. A question that takes longer than `timeoutMs`, and one that kills the
 * thread, fail by themselves: the next one has a new thread.
 */
import type { Worker } from 'node:worker_threads'
import type { Scheduler } from '../../base/time.ts'
import { startThread } from '../thread-start.ts'
import { problemOfJob, type ReachAnswers, type ReachJob } from './reach-jobs.ts'

interface ReachWorkerSettings {
  /** In shared memory. */
  readonly graphBytes: Uint8Array
  readonly timeoutMs: number
  readonly maxWaiting: number
}

type WorkerAnswer<Kind extends ReachJob['kind']> =
  | { readonly ok: true; readonly value: ReachAnswers[Kind] }
  | {
      readonly ok: false
      readonly why: 'too-large' | 'busy' | 'too-slow' | 'failed' | 'stopped'
      readonly message: string
    }

interface Waiting {
  readonly job: ReachJob
  /** Called once. */
  readonly answer: (answer: WorkerAnswer<ReachJob['kind']>) => void
}

export class ReachWorker {
  readonly #settings: ReachWorkerSettings
  readonly #scheduler: Scheduler
  readonly #waiting: Waiting[] = []
  #thread: Worker | null = null
  #current: Waiting | null = null
  #cancelTimeout: () => void = () => undefined
  #isStopped = false

  constructor(settings: ReachWorkerSettings, scheduler: Scheduler) {
    this.#settings = settings
    this.#scheduler = scheduler
  }

  ask<Job extends ReachJob>(job: Job): Promise<WorkerAnswer<Job['kind']>> {
    const refuse = (why: 'too-large' | 'busy' | 'stopped', message: string) =>
      Promise.resolve({ ok: false, why, message } as const)
    if (this.#isStopped) return refuse('stopped', 'These roads are no longer in use.')
    const problem = problemOfJob(job)
    if (problem !== null) return refuse('too-large', problem)
    if (this.#waiting.length >= this.#settings.maxWaiting)
      return refuse('busy', `${this.#waiting.length} questions wait already: ask again later.`)
    return new Promise(resolve => {
      // The thread answers a question by its kind.
      this.#waiting.push({ job, answer: answer => resolve(answer as WorkerAnswer<Job['kind']>) })
      this.#next()
    })
  }

  /** Ends the thread; what waits is answered as `stopped`. */
  async stop(): Promise<void> {
    this.#isStopped = true
    const left = [this.#current, ...this.#waiting.splice(0)]
    this.#current = null
    this.#cancelTimeout()
    for (const each of left) each?.answer({ ok: false, why: 'stopped', message: 'These roads are no longer in use.' })
    await this.#thread?.terminate()
    this.#thread = null
  }

  #next(): void {
    if (this.#current !== null) return
    const next = this.#waiting.shift()
    if (next === undefined) return
    this.#current = next
    this.#cancelTimeout = this.#scheduler.after(this.#settings.timeoutMs, () => {
      this.#fail('too-slow', `It took more than ${this.#settings.timeoutMs} ms.`)
    })
    try {
      this.#thread ??= this.#started()
      this.#thread.postMessage(next.job)
    } catch (error) {
      this.#fail('failed', String(error))
    }
  }

  #started(): Worker {
    const thread = startThread('./reach/reach-thread', { graphBytes: this.#settings.graphBytes })
    // Who waits for an answer has a timer that keeps the process; nobody else needs the thread.
    thread.unref()
    // A thread that was given up may still say something.
    const isOurs = () => thread === this.#thread
    thread.on('message', (value: ReachAnswers[ReachJob['kind']]) => {
      if (isOurs()) this.#answer({ ok: true, value })
    })
    thread.on('error', error => {
      if (isOurs()) this.#fail('failed', error.message)
    })
    thread.on('exit', code => {
      if (isOurs()) this.#fail('failed', `The thread ended with ${code}.`)
    })
    return thread
  }

  #fail(why: 'too-slow' | 'failed', message: string): void {
    void this.#thread?.terminate()
    this.#thread = null
    this.#answer({ ok: false, why, message })
  }

  #answer(answer: WorkerAnswer<ReachJob['kind']>): void {
    const current = this.#current
    this.#current = null
    this.#cancelTimeout()
    current?.answer(answer)
    this.#next()
  }
}
