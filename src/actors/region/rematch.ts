/** Makes the desk look at all waiting trips when a unit has come back outside a turn. Asked often, it looks once. */
import type { PlacedFix } from '../../domain/fix.ts'
import { isLost } from '../../domain/policy.ts'
import type { RegionClock } from '../clock.ts'
import type { UnitActor } from '../driver/unit-actor.ts'
import { bySystem } from './cause.ts'
import type { Desk } from './desk.ts'
import type { MoveFollower, PresenceFollower } from './followers.ts'
import type { RegionPolicy } from './region-policy.ts'
import type { TurnRunner } from './turn-runner.ts'

interface RematchPorts {
  readonly desk: Desk
  readonly turns: TurnRunner
  readonly clock: Pick<RegionClock, 'nowMs'>
  /** Puts it into the region's mailbox; then `run` is called. */
  readonly later: () => void
}

export class Rematch implements MoveFollower, PresenceFollower {
  readonly #ports: RematchPorts
  readonly #policy: RegionPolicy
  #isAsked = false

  constructor(ports: RematchPorts, policy: RegionPolicy) {
    this.#ports = ports
    this.#policy = policy
  }

  ask(): void {
    const { desk, later } = this.#ports
    if (this.#isAsked || !desk.isLooking) return
    this.#isAsked = true
    desk.unitsChanged()
    later()
  }

  run(): void {
    this.#isAsked = false
    this.#ports.turns.run(bySystem(), turn => {
      turn.deskAsked = true
      return undefined
    })
  }

  moved(unit: UnitActor, before: PlacedFix | null): void {
    const { desk, clock } = this.#ports
    if (unit.state.status !== 'available' || !desk.isLooking) return
    // A unit that nobody could be sent to has come back: somebody may be waiting for it.
    const wasLost = before === null || isLost(clock.nowMs() - before.fixedAtMs, this.#policy.standing)
    if (wasLost) this.ask()
  }

  connected(): void {
    this.ask()
  }
}
