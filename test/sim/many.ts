/** Many runs, one after another or several at a time, and what came of all of them. */
import { type ChildProcess, fork } from 'node:child_process'
import { moduleOf, NODE_FLAGS } from '../support/program.ts'
import type { Violation } from './judge/verdict.ts'
import type { Plan } from './plan.ts'
import { type Figures, runSimulation } from './run.ts'

/** What a worker says: that it is alive, and what came of the plan that it was given. */
export type FromWorker =
  | { readonly type: 'progress' }
  | { readonly type: 'done'; readonly figures: Figures; readonly violations: readonly Violation[] }

export interface Outcome {
  readonly plan: Plan
  /** Null when the run never came to its end. */
  readonly figures: Figures | null
  readonly violations: readonly Violation[]
}

interface ManySettings {
  /** May be without an end. */
  readonly plans: Iterable<Plan>
  /** Runs at a time. */
  readonly jobs: number
  /** Each in a process of its own, which can be ended when it hangs; else one after another in this one. */
  readonly isApart: boolean
  /** A run ends with its first violation. */
  readonly stopAtFirst: boolean
  /** No further run is begun once it is aborted; those in workers end at once. */
  readonly signal: AbortSignal
  readonly onOutcome: (outcome: Outcome) => void
}

/** A worker that has said nothing for so long is in a step that does not end: ten virtual minutes take seconds. */
const SILENT_MS = 180_000

export async function runMany(settings: ManySettings): Promise<void> {
  const { plans, jobs, isApart, signal, onOutcome } = settings
  const rest = plans[Symbol.iterator]()
  const lane = async (runner: Runner) => {
    try {
      for (;;) {
        if (signal.aborted) return
        const { value: plan, done } = rest.next()
        if (done === true) return
        const outcome = await runner.run(plan, settings.stopAtFirst)
        // What ends because somebody pressed Ctrl-C has shown nothing.
        if (outcome.figures !== null || !signal.aborted) onOutcome(outcome)
      }
    } finally {
      runner.end()
    }
  }
  const runners = isApart ? Array.from({ length: jobs }, () => new Worker(signal)) : [HERE]
  await Promise.all(runners.map(lane))
}

interface Runner {
  run(plan: Plan, stopAtFirst: boolean): Promise<Outcome>
  end(): void
}

const HERE: Runner = {
  run: (plan, stopAtFirst) => runSimulation(plan, { stopAtFirst }),
  end: () => {},
}

class Worker implements Runner {
  readonly #signal: AbortSignal
  #process: ChildProcess | null = null

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', () => this.end())
  }

  run(plan: Plan, stopAtFirst: boolean): Promise<Outcome> {
    const process = this.#alive()
    return new Promise(resolve => {
      const failed = (text: string) => {
        this.#process = null
        settle({ plan, figures: null, violations: [{ rule: 'nothing-escapes', atMs: 0, text }] })
      }
      const silent = () => {
        process.kill('SIGKILL')
        failed(`The run said nothing for ${SILENT_MS / 1_000} s: a step does not end.`)
      }
      let timer = setTimeout(silent, SILENT_MS)
      const onMessage = (message: FromWorker) => {
        clearTimeout(timer)
        if (message.type === 'progress') timer = setTimeout(silent, SILENT_MS)
        else settle({ plan, figures: message.figures, violations: message.violations })
      }
      const onExit = (code: number | null) => failed(`The process of the run ended with ${code ?? 'a signal'}.`)
      const settle = (outcome: Outcome) => {
        clearTimeout(timer)
        process.off('message', onMessage)
        process.off('exit', onExit)
        resolve(outcome)
      }
      process.on('message', onMessage)
      process.on('exit', onExit)
      process.send({ plan, stopAtFirst })
    })
  }

  end(): void {
    this.#process?.kill('SIGKILL')
    this.#process = null
  }

  #alive(): ChildProcess {
    // In the form in which this program itself was started, so that a worker reads TypeScript as well.
    this.#process ??= fork(moduleOf(new URL('./worker.ts', import.meta.url)), {
      execArgv: NODE_FLAGS,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    if (this.#signal.aborted) this.end()
    return this.#process!
  }
}

const SUMMED = ['steps', 'virtualHours', 'faultsInjected', 'commandsAcknowledged', 'tripsClosed'] as const

/** The sums of many runs. */
export class Totals {
  readonly failing: Outcome[] = []
  readonly #startedMs = performance.now()
  readonly #sums = { steps: 0, virtualHours: 0, faultsInjected: 0, commandsAcknowledged: 0, tripsClosed: 0 }
  #runs = 0
  #violations = 0

  add(outcome: Outcome): void {
    this.#runs += 1
    this.#violations += outcome.violations.length
    if (outcome.violations.length > 0) this.failing.push(outcome)
    if (outcome.figures === null) return
    for (const name of SUMMED) this.#sums[name] += outcome.figures[name]
  }

  figures(): Readonly<Record<string, number>> {
    const tookS = (performance.now() - this.#startedMs) / 1_000
    return {
      runs: this.#runs,
      failingRuns: this.failing.length,
      ...this.#sums,
      virtualHours: Math.round(this.#sums.virtualHours * 100) / 100,
      violations: this.#violations,
      elapsedS: tookS,
      stepsPerS: Math.round(this.#sums.steps / tookS),
    }
  }

  inWords(): string {
    const { runs, virtualHours, violations, failingRuns, elapsedS } = this.figures()
    const days = ((virtualHours ?? 0) / 24).toFixed(1)
    return `${runs} runs, ${days} virtual days in ${Math.round(elapsedS ?? 0)} s, ${violations} violations in ${failingRuns} runs`
  }
}
