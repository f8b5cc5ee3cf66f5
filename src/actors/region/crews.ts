/** The region as a crew's client sees it: the client comes and goes, commands, and reads its unit. */
import { alarmCleared } from '../../domain/dispatch/alarms.ts'
import { driverKey } from '../../domain/entity.ts'
import type { RegionClock } from '../clock.ts'
import type { CrewDoor } from '../driver/driver-door.ts'
import type { Hole } from '../driver/location.ts'
import type { UnitActor } from '../driver/unit-actor.ts'
import type { CommandRequest, HelloRequest } from '../region-handle.ts'
import type { CommandTurns } from './command-turns.ts'
import type { PresenceFollower } from './followers.ts'
import type { Answer } from './messages.ts'
import type { RecordNews } from './news.ts'
import type { Queries } from './queries.ts'
import type { States } from './turn.ts'
import type { Welcomes } from './welcomes.ts'

interface CrewsPorts {
  readonly clock: RegionClock
  readonly memory: Pick<States, 'trip'>
  readonly commands: CommandTurns
  readonly record: RecordNews
  readonly welcomes: Welcomes
  readonly queries: Queries
  readonly followers: readonly PresenceFollower[]
}

export class Crews implements CrewDoor {
  readonly #ports: CrewsPorts

  constructor(ports: CrewsPorts) {
    this.#ports = ports
  }

  nowMs(): number {
    return this.#ports.clock.nowMs()
  }

  command(request: CommandRequest): void {
    this.#ports.commands.take(request)
  }

  readUnit(unit: UnitActor, answer: Answer): void {
    this.#ports.queries.unit(unit, answer)
  }

  opened(unit: UnitActor, hello: HelloRequest, holes: readonly Hole[]): void {
    const { memory, record, welcomes, followers } = this.#ports
    const { unitId, session } = unit
    if (session === null) return
    const trip = unit.state.work === null ? undefined : memory.trip(unit.state.work.tripId)
    record([
      ...holes.map(hole => ({ type: 'FixHoleRecorded', v: 1, entity: driverKey(unitId), unitId, ...hole }) as const),
      ...(trip === undefined ? [] : alarmCleared(trip, 'app-lost', unitId)),
    ])
    welcomes.greet(session, hello, unit)
    for (const follower of followers) follower.connected?.(unit)
  }

  disconnected(unit: UnitActor): void {
    for (const follower of this.#ports.followers) follower.disconnected?.(unit)
  }
}
