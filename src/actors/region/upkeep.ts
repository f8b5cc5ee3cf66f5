/** The work that a region does from time to time: it tells durable marks that nobody asked for, and forgets old outcomes. */
import type { MachineClock } from '../../base/time.ts'
import type { Journal, Ownership } from '../../store/log/journal.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { RegionClock } from '../clock.ts'
import { MARK_EVERY_MS } from '../driver/speaker.ts'
import { OUTCOMES_KEPT_MS } from './idempotency.ts'
import type { Recovered } from './recovery.ts'
import type { UnitMarks } from './unit-marks.ts'

const SWEEP_EVERY_MS = Math.min(5_000, MARK_EVERY_MS)
const FORGET_EVERY_MS = 3_600_000

interface UpkeepPorts {
  readonly journal: Journal
  readonly ownership: Ownership
  readonly outcomes: Recovered['outcomes']
  readonly clock: RegionClock
  readonly machine: MachineClock
  readonly log: Logger
  readonly unitMarks: Pick<UnitMarks, 'tellDueMarks'>
}

export class Upkeep {
  readonly #ports: UpkeepPorts
  #cancel: (() => void) | null = null
  /** When outcomes were last looked at: by the monotonic clock, and region time as it was believed then. */
  #looked: { readonly monotonicMs: number; readonly regionMs: number }

  constructor(ports: UpkeepPorts) {
    this.#ports = ports
    this.#looked = { monotonicMs: ports.machine.monotonicMs(), regionMs: ports.clock.nowMs() }
  }

  start(): void {
    const { machine, unitMarks } = this.#ports
    this.#cancel = machine.after(SWEEP_EVERY_MS, () => {
      unitMarks.tellDueMarks(machine.monotonicMs())
      this.#forgetOldOutcomes()
      this.start()
    })
  }

  stop(): void {
    this.#cancel?.()
  }

  #forgetOldOutcomes(): void {
    const { clock, machine, journal, ownership, outcomes, log } = this.#ports
    const monotonicMs = machine.monotonicMs()
    const passedMs = monotonicMs - this.#looked.monotonicMs
    if (passedMs < FORGET_EVERY_MS) return
    const regionMs = clock.nowMs()
    // What is too old for two looks an hour apart: a clock that is days ahead for a while must not cost the outcomes of now.
    const beforeMs = Math.min(regionMs, this.#looked.regionMs + passedMs * clock.rate) - OUTCOMES_KEPT_MS
    this.#looked = { monotonicMs, regionMs }
    // The table first: an id that is only there would be decided anew and then refused by the database.
    journal.forgetCommands(ownership, beforeMs).then(
      () => outcomes.forgetBefore(beforeMs),
      error => log.warn({ err: error }, 'old command outcomes could not be forgotten; trying again in an hour'),
    )
  }
}
