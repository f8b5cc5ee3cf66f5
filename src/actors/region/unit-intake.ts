/**
 * Takes changes of the region's units in parts, each a message of its own, so that a large import keeps nobody waiting. The
 * next part waits until most records of the last ones are durable, so that no long queue of them stands before other
 * records.
 */
import type { RegionMemory } from './memory.ts'
import type { UnitChanges } from './messages.ts'
import { takeUnits } from './reference.ts'
import type { TurnRunner } from './turn-runner.ts'

/** Records of an import that wait for the store before it goes on: two batches. */
const IMPORT_PENDING_MAX = 8

interface UnitIntakePorts {
  readonly memory: RegionMemory
  readonly turns: TurnRunner
  readonly log: { readonly head: number; readonly durable: number }
  /** Puts it into the region's mailbox; then `goOn` is called. */
  readonly later: () => void
}

interface TakenUnits {
  readonly parts: ReturnType<typeof takeUnits>
  readonly onTaken: (() => void) | undefined
}

export class UnitIntake {
  readonly #ports: UnitIntakePorts
  /** Changes of units that are being taken, or wait; nobody outside makes many, each is a change of reference data. */
  readonly #units: TakenUnits[] = []
  #isMoreAsked = false
  /** Positions of its records that may not be durable yet. */
  #importing: number[] = []

  constructor(ports: UnitIntakePorts) {
    this.#ports = ports
  }

  take(changes: UnitChanges): void {
    const { memory, turns } = this.#ports
    this.#units.push({ parts: takeUnits(memory, turns, changes), onTaken: changes.onTaken })
    this.#takePart()
  }

  goOn(): void {
    this.#isMoreAsked = false
    this.#takePart()
  }

  /** More is durable. */
  recordsDurable(): void {
    const { log, later } = this.#ports
    if (this.#units.length === 0 || this.#isMoreAsked) return
    this.#importing = this.#importing.filter(position => position > log.durable)
    if (this.#importing.length >= IMPORT_PENDING_MAX) return
    this.#isMoreAsked = true
    later()
  }

  #takePart(): void {
    const { log } = this.#ports
    const [units] = this.#units
    if (units === undefined) return
    const headBefore = log.head
    if (units.parts.next().done === true) {
      this.#units.shift()
      units.onTaken?.()
    }
    if (log.head > headBefore) this.#importing.push(log.head)
    this.recordsDurable()
  }
}
