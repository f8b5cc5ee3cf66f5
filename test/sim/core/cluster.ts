/** Whoever runs the engines: one that ends is started again, and now and then a second one takes its place. */
import { ActorSystem } from '../../../src/actors/actor-system.ts'
import type { Dice } from '../../fuzz/dice.ts'
import { EngineProcess } from './process.ts'
import type { OwnedRegion } from './watch.ts'

type ProcessParts = ConstructorParameters<typeof EngineProcess>[0]

interface ClusterParts extends Omit<ProcessParts, 'name' | 'onEnded' | 'aheadMs'> {
  readonly dice: Dice
}

/** How long a process is away that has ended. */
const RESTART_MS = [300, 15_000] as const

export class Cluster {
  readonly #parts: ClusterParts
  #processes: EngineProcess[] = []
  /** The memory that each process serves from, as it was last seen. */
  readonly #seen = new Map<EngineProcess, OwnedRegion | null>()
  readonly #actorsEnded: Promise<void>[] = []
  #started = 0
  /** Hears of the next process that is started, once. */
  onNextStart: ((process: EngineProcess) => void) | null = null
  /** The clock that the next process finds when it is started, once. */
  nextClock: { readonly aheadMs: number; readonly hear: (process: EngineProcess) => void } | null = null
  #isCalm = false

  constructor(parts: ClusterParts) {
    this.#parts = parts
  }

  get processes(): readonly EngineProcess[] {
    return this.#processes
  }
  /** The one that serves, as a rule; null while none does. */
  get serving(): EngineProcess | null {
    return this.#processes.find(process => process.isServing) ?? null
  }

  startOne(): EngineProcess {
    const clock = this.nextClock
    this.nextClock = null
    const process: EngineProcess = new EngineProcess({
      ...this.#parts,
      aheadMs: clock?.aheadMs ?? 0,
      name: `engine-${++this.#started}`,
      onEnded: actorsEnded => {
        this.#actorsEnded.push(actorsEnded)
        this.#ended(process)
      },
    })
    this.#processes.push(process)
    process.start()
    clock?.hear(process)
    const hear = this.onNextStart
    this.onNextStart = null
    hear?.(process)
    return process
  }

  /** One engine, awake, is all that there is from now on. */
  calm(): void {
    this.#isCalm = true
    this.onNextStart = null
    this.nextClock = null
    for (const process of this.#processes) process.wake(false)
    if (this.#processes.length === 0) this.startOne()
  }

  /** Ends what is left, and waits for the actors of all that ever ran: the next run must not find any of them. */
  async end(): Promise<void> {
    for (const process of this.#processes) process.crash('ends with the world')
    // comedy has one queue for all systems of a program, which one that is alive must drain.
    const sweeper = new ActorSystem({ soon: setImmediate, monotonicMs: () => performance.now(), onFailure: () => {} })
    await Promise.all(this.#actorsEnded)
    await sweeper.close()
  }

  /** Tells the judge of memory that came or went since the last step. */
  stepped(): void {
    for (const process of this.#processes) {
      const [host] = process.regions.hosts()
      const region = host?.region ?? null
      const before = this.#seen.get(process) ?? null
      if (region === before) continue
      this.#seen.set(process, region)
      if (before !== null) this.#parts.watch.dropped(process.name)
      if (region !== null) this.#parts.watch.recovered(process.name, region)
    }
  }

  #ended(process: EngineProcess): void {
    this.#processes = this.#processes.filter(other => other !== process)
    this.#seen.delete(process)
    const { loop, dice } = this.#parts
    // A second one that gave up must not be started again and again beside the first.
    loop.after(dice.within(RESTART_MS), () => {
      if (this.#processes.length === 0) this.startOne()
      else if (!this.#isCalm && dice.oneIn(4)) this.startOne()
    })
  }
}
