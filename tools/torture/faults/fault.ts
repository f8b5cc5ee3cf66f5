/** What a fault is to the runner: what it needs, how it is done, and when it was over. */
import type { Load } from '../load/load.ts'
import type { Mode, World } from '../world/world.ts'

export interface FaultContext {
  readonly world: World
  readonly load: Load
  readonly random: () => number
}

export interface FaultReport {
  /** Which of its forms it took this time. */
  readonly variant: string
  /** Monotonic: from then on nothing stood in the way of serving; readiness is counted from here. */
  readonly overAtMs: number
  /** Readiness counts only once this engine says so; null: the one that serves. */
  readonly byEngine: string | null
  /** Nothing could become durable between these moments, whatever the engine did. */
  readonly down: { readonly fromMs: number; readonly toMs: number } | null
  /** From when on another engine was to take over; null: that was not the point. */
  readonly takeoverFromMs: number | null
  /** More to count: how often something was done. */
  readonly counts?: Readonly<Record<string, number>>
  /** Takes back what the fault needed, after the round was judged; an engine need not run afterwards. */
  restore?(): Promise<void>
}

export interface Fault {
  readonly name: string
  readonly summary: string
  /** In which modes it can be done. */
  readonly modes: readonly Mode[]
  /** Why it cannot be done on this machine; null: it can. Asked once a run. */
  cannot?(dir: string): Promise<string | null>
  /** Errors: anything, for a fault that could not be done; the round then fails. */
  run(context: FaultContext): Promise<FaultReport>
}

/** A report of a fault that just ended, and that took nothing but the present engine. */
export const over = (variant: string, more: Partial<FaultReport> = {}): FaultReport => ({
  variant,
  overAtMs: performance.now(),
  byEngine: null,
  down: null,
  takeoverFromMs: null,
  ...more,
})

/** A number from `from` to `to`. */
export const between = (random: () => number, from: number, to: number): number => from + random() * (to - from)

export const oneOf = <T>(random: () => number, choices: readonly T[]): T =>
  choices[Math.min(choices.length - 1, Math.floor(random() * choices.length))]!
