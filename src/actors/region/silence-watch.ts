/**
 * Counts when the units on duty were heard of last, by app and by position, and looks from time to time whether so many fell
 * silent at once that it is one alarm (`mass-silence.ts`).
 *
 * An app counts while a crew is signed on by it, from the moment on when its connection is gone; a position while anybody is
 * signed on. Nobody is silent because the engine was away: after a start every app counts from the end of the time that crews
 * have to come back, no mass is found before that, and the first look at apps comes once who is not back has used up its grace.
 * The end of a process ends its region with its connections, so that finds nothing, too.
 */
import { SILENCES } from '../../domain/dispatch/mass-silence.ts'
import type { PlacedFix } from '../../domain/fix.ts'
import type { UnitId } from '../../domain/ids.ts'
import { CREW_BY_VOICE, type DriverState } from '../../domain/unit/driver.ts'
import type { UnitActor } from '../driver/unit-actor.ts'
import type { RegionTimers } from '../timers.ts'
import type { Comeback } from './comeback.ts'
import type { DeadlineKeeper } from './deadline-keeper.ts'
import type { ChangedUnit, MoveFollower, PresenceFollower, TurnFollower } from './followers.ts'
import type { RegionMemory } from './memory.ts'
import type { PolicyIntake } from './policy-intake.ts'
import type { RegionPolicy } from './region-policy.ts'
import type { Turn } from './turn.ts'

/** So late at most an end is found, or a mass of units that have no trip. A look costs less than a hundred microseconds. */
const LOOK_EVERY_MS = 5_000

interface SilenceWatchPorts {
  readonly memory: RegionMemory
  readonly clock: { nowMs(): number }
  readonly policy: RegionPolicy
  readonly timers: Pick<RegionTimers, 'at'>
  readonly comeback: Pick<Comeback, 'untilMs'>
  readonly deliver: (deadline: Parameters<DeadlineKeeper['run']>[0]) => void
  /** Sets the deadlines of all trips and units anew, soon. */
  readonly setAnew: PolicyIntake['setAnew']
}

const hasApp = ({ crew }: DriverState): boolean => crew !== null && crew !== CREW_BY_VOICE
const isOnDuty = ({ crew }: DriverState): boolean => crew !== null

export class SilenceWatch implements TurnFollower, MoveFollower, PresenceFollower {
  readonly #ports: SilenceWatchPorts
  /** Since when the app of each crew is gone, as it is counted. */
  readonly #away = new Map<UnitId, number>()

  constructor(ports: SilenceWatchPorts) {
    this.#ports = ports
  }

  /** Counts a unit as a start has found it. */
  recover({ unitId, state, disconnectedSinceMs, location }: UnitActor): void {
    if (hasApp(state)) this.#addApp(unitId, disconnectedSinceMs)
    if (isOnDuty(state) && location.current !== null) this.#ports.memory.heard.position.add(location.current.fixedAtMs)
  }

  /** All units are counted. */
  begin(): void {
    const { memory, timers, comeback } = this.#ports
    // Of a position it is known when it was of before the start.
    const mass = memory.regionState.openAlarms.find(alarm => alarm.kind === 'mass-position-lost')?.mass
    if (mass !== undefined && memory.regionState.alarms.includes('mass-position-lost')) {
      memory.heard.position.watch({ fromMs: mass.silentFromMs, toMs: mass.silentToMs })
    }
    timers.at(comeback.untilMs + LOOK_EVERY_MS, () => this.#look())
  }

  committed({ events }: Turn, changed: readonly ChangedUnit[]): void {
    for (const { before, after } of changed) this.#changed(before, after)
    const { heard } = this.#ports.memory
    for (const event of events) {
      if (event.type !== 'RegionAlarmRaised' && event.type !== 'RegionAlarmCleared') continue
      const count = event.alarm === 'mass-app-lost' ? heard.app : heard.position
      if (event.type === 'RegionAlarmRaised') count.watch({ fromMs: event.silentFromMs, toMs: event.silentToMs })
      else {
        count.watch(null)
        // Who is silent still has an alarm of its own from now on.
        this.#ports.setAnew()
      }
    }
  }

  connected({ unitId, state }: UnitActor): void {
    if (!hasApp(state) || !this.#away.has(unitId)) return
    this.#removeApp(unitId)
    this.#addApp(unitId, null)
  }

  disconnected({ unitId, state, disconnectedSinceMs }: UnitActor): void {
    if (!hasApp(state)) return
    this.#removeApp(unitId)
    this.#addApp(unitId, disconnectedSinceMs)
  }

  moved({ state, location: { current } }: UnitActor, before: PlacedFix | null): void {
    if (!isOnDuty(state)) return
    const { position } = this.#ports.memory.heard
    if (before !== null) position.remove(before.fixedAtMs)
    if (current !== null) position.add(current.fixedAtMs)
  }

  /** Region time has stepped, and since when each app is gone with it. */
  stepped(byMs: number): void {
    this.#ports.memory.heard.app.stepped(byMs)
    for (const [unitId, sinceMs] of this.#away) this.#away.set(unitId, sinceMs + byMs)
  }

  #changed(before: DriverState | undefined, after: DriverState): void {
    const { memory } = this.#ports
    const { unitId } = after
    const actor = memory.driverActor(unitId)!
    const hadApp = before !== undefined && hasApp(before)
    if (hadApp && !hasApp(after)) this.#removeApp(unitId)
    if (!hadApp && hasApp(after)) this.#addApp(unitId, actor.disconnectedSinceMs)
    const wasOnDuty = before !== undefined && isOnDuty(before)
    const { current } = actor.location
    if (current === null || wasOnDuty === isOnDuty(after)) return
    if (wasOnDuty) memory.heard.position.remove(current.fixedAtMs)
    else memory.heard.position.add(current.fixedAtMs)
  }

  #addApp(unitId: UnitId, sinceMs: number | null): void {
    this.#ports.memory.heard.app.add(sinceMs)
    if (sinceMs !== null) this.#away.set(unitId, sinceMs)
  }

  #removeApp(unitId: UnitId): void {
    this.#ports.memory.heard.app.remove(this.#away.get(unitId) ?? null)
    this.#away.delete(unitId)
  }

  #look(): void {
    const { memory, clock, policy, timers, comeback, deliver } = this.#ports
    const nowMs = clock.nowMs()
    const { regionId } = memory.regionState
    const { lostAfterMs, massSilenceWithinMs } = policy.standing
    const spanMs = Math.max(lostAfterMs, policy.disconnectGraceMs) + 2 * massSilenceWithinMs
    for (const silence of SILENCES) {
      memory.heard[silence].forget(nowMs - spanMs)
      // Who is not back has its grace.
      if (silence === 'app' && nowMs < comeback.untilMs + policy.disconnectGraceMs) continue
      deliver({ kind: 'mass-silence', regionId, silence })
    }
    timers.at(nowMs + LOOK_EVERY_MS, () => this.#look())
  }
}
