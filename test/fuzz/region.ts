/** A whole region in memory, behind the handle that the gateway has of it, on a clock that stands until it is let run. */

import { ActorSystem } from '../../src/actors/actor-system.ts'
import { RegionHost } from '../../src/actors/region-host.ts'
import { WallClock } from '../../src/actors/wall-clock.ts'
import type { UnitReference } from '../../src/domain/events/unit-events.ts'
import type { DispatchMode } from '../../src/domain/vocabulary.ts'
import { MemoryJournal } from '../../src/store/log/memory-journal.ts'
import type { Logger } from '../../src/telemetry/log.ts'
import type { Metrics } from '../../src/telemetry/metrics.ts'
import { OutageLog } from '../../src/telemetry/outage-log.ts'
import type { ManualMachine } from '../support/manual-machine.ts'
import { policyOf } from '../support/scenario.ts'

export const REGION = 'akl'
export const START_MS = 1_700_000_000_000
/** Seconds that an answer may take at most, of the region's. */
const PAUSES_MAX = 4
/** Turns of the event loop after which a region that still has something to do never ends. */
const TURNS_MAX = 50_000

interface Watch {
  readonly metrics: Metrics
  readonly log: Logger
  onFailure(what: string, error: unknown): void
}

export class FuzzedRegion {
  readonly machine: ManualMachine
  readonly journal = new MemoryJournal()
  readonly #watch: Watch
  readonly #mode: DispatchMode
  readonly #system: ActorSystem
  #ids = 0
  host: RegionHost

  private constructor(mode: DispatchMode, machine: ManualMachine, watch: Watch) {
    this.machine = machine
    this.#watch = watch
    this.#mode = mode
    this.#system = new ActorSystem({
      soon: setImmediate,
      // Stands still within a step: how far a run of the pump gets must not depend on what else the machine does.
      monotonicMs: () => this.machine.monotonicMs(),
      onFailure: (path, error) => watch.onFailure(`actor ${path} threw`, error),
    })
    this.host = this.#newHost()
  }

  static async open(mode: DispatchMode, machine: ManualMachine, watch: Watch): Promise<FuzzedRegion> {
    const region = new FuzzedRegion(mode, machine, watch)
    await region.host.start()
    return region
  }

  #newHost(): RegionHost {
    const { metrics, log, onFailure } = this.#watch
    return new RegionHost(
      {
        regionId: REGION,
        policy: policyOf(this.#mode),
        shared: {
          anchor: { anchorRegionMs: START_MS, anchorWallMs: START_MS, rate: 1 },
          machine: this.machine,
          system: this.#system,
          journal: this.journal,
        },
        wall: new WallClock(this.machine),
        telemetry: { metrics, log, outages: new OutageLog(log, () => this.machine.monotonicMs()) },
        names: { newId: () => `${REGION}.${String(++this.#ids).padStart(21, '0')}`, timeZone: () => 'UTC' },
      },
      { holdsLease: () => true, onFenced: () => onFailure('the region was fenced', null) },
    )
  }

  /** Forgets all memory, and recovers it from the journal. Errors: BrokenInvariant when the log contradicts itself. */
  async restart(): Promise<void> {
    this.host.abandon()
    this.host = this.#newHost()
    await this.host.start()
  }

  async import(units: readonly UnitReference[]): Promise<void> {
    this.host.region!.ref.tell({ type: 'units', units })
    await this.settle()
  }

  /** Until all that was told is handled and durable. */
  readonly settle = async (): Promise<void> => {
    for (let turns = 0; ; turns += 1) {
      await new Promise<void>(resolve => setImmediate(resolve))
      const { region } = this.host
      // What was handed over goes through comedy's own promises before it is handled.
      if (turns > 3 && (region === null || (region.mailboxDepth === 0 && region.logHead === region.logDurable))) return
      if (turns > TURNS_MAX) throw new Error('The region does not come to rest.')
    }
  }

  advance(ms: number): Promise<void> {
    return this.machine.advance(ms, this.settle)
  }

  /** Lets seconds go by until it is so, a few at most: a board that others asked for before comes after a pause. */
  async advanceUntil(isSo: () => boolean): Promise<void> {
    for (let pauses = 0; pauses < PAUSES_MAX && !isSo(); pauses += 1) await this.advance(1_000)
  }

  async close(): Promise<void> {
    this.host.abandon()
    await this.#system.close()
  }
}
