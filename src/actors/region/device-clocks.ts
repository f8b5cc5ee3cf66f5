/** Which crews' apps have a clock that is off by so much that somebody should see to it. */
import type { UnitId } from '../../domain/ids.ts'
import type { UnitActor } from '../driver/unit-actor.ts'
import type { PresenceFollower } from './followers.ts'
import { isClockOff } from './views.ts'

export class DeviceClocks implements PresenceFollower {
  readonly #off = new Set<UnitId>()

  /** How many of those that are connected. */
  get off(): number {
    return this.#off.size
  }

  connected({ unitId, clockAheadMs }: UnitActor): void {
    if (isClockOff(clockAheadMs)) this.#off.add(unitId)
    else this.#off.delete(unitId)
  }

  disconnected({ unitId }: UnitActor): void {
    this.#off.delete(unitId)
  }
}
