/**
 * Holds one region for the gateway: routes messages to the actors that own them, and outlives the region's memory.
 *
 * Modes: `away` (not recovered yet, or dropped; everything is answered `unavailable`) and `here`. A region whose batch
 * was refused for its content is dropped and recovered anew; one that another process has taken stays away.
 */

import type { Refusal } from '../base/refusal.ts'
import type { AskableRoads } from '../domain/dispatch/road-questions.ts'
import type { Position } from '../domain/geo.ts'
import type { CallId, UnitId } from '../domain/ids.ts'
import type { StandingPolicy } from '../domain/policy.ts'
import { CLOSE_CODES } from '../protocol/errors.ts'
import type { Owner } from '../protocol/messages/message-row.ts'
import { rowOf } from '../protocol/messages.ts'
import type { StandingHospital } from '../protocol/reference.ts'
import type { ClientTypeName } from '../protocol/wire/message-types.ts'
import { OVERLOADED, UNAVAILABLE, unknownUnit, WRITES_STALLED } from './refusals.ts'
import type { DrainLimits } from './region/drain.ts'
import type { LossReason, RegionParts } from './region/parts.ts'
import { Region } from './region/region.ts'
import type {
  BoardSize,
  CommandRequest,
  HelloRequest,
  Query,
  QueryAnswer,
  RecoveryProgress,
  RegionHandle,
  Session,
  SessionRequest,
  TrackerRequest,
} from './region-handle.ts'
import { ReopenDelay } from './reopen-delay.ts'

/** The process's right to answer for the region, and what follows when it is gone. */
interface Title {
  /** False past the lease: another process may own the region by now, so nothing is answered from memory. */
  holdsLease(): boolean
  onFenced(): void
}

export class RegionHost implements RegionHandle {
  readonly regionId: string
  readonly #parts: Omit<RegionParts, 'onLost'>
  readonly #title: Title
  /** Every session that is open with this region, so that they can be sent away when its memory is dropped. */
  readonly #sessions = new Set<Session>()
  readonly #ignoreWall: () => void
  /** The newest that the region is to go by, also while its memory is not here. */
  #policy: StandingPolicy
  /** As the policy. */
  #stations: readonly Position[] = []
  #hospitals: readonly StandingHospital[] = []
  #roads: AskableRoads | null = null
  #region: Region | null = null
  #closing = false
  readonly #reopenDelay = new ReopenDelay()

  constructor(parts: Omit<RegionParts, 'onLost'>, title: Title) {
    this.regionId = parts.regionId
    this.#parts = parts
    this.#title = title
    this.#policy = parts.policy
    this.#ignoreWall = parts.wall.onNews(news => {
      if (news.type === 'adopted') this.#stepped(news.byMs * parts.shared.anchor.rate)
    })
  }

  /** The region's memory, while it is here. */
  get region(): Region | null {
    return this.#region
  }

  /** Takes the region and recovers it; `onProgress` hears how far it is. Errors: StoreUnavailable. */
  async start(onProgress?: (progress: RecoveryProgress) => void): Promise<void> {
    const parts = { ...this.#parts, policy: this.#policy, onLost: (reason: LossReason) => this.#onLost(reason) }
    const region = await Region.open(parts, onProgress)
    if (this.#closing) return region.drop()
    this.#region = region
    // Another may have come meanwhile.
    if (this.#policy !== parts.policy) region.goBy(this.#policy)
    if (this.#stations.length > 0) region.ref.tell({ type: 'stations', places: this.#stations })
    if (this.#hospitals.length > 0) region.ref.tell({ type: 'hospitals', hospitals: this.#hospitals })
    if (this.#roads !== null) this.driveOn(this.#roads)
  }

  /** The region goes by this policy from its next decision on. Output: null where it does already, or once it is here. */
  goBy(policy: StandingPolicy): Promise<void> | null {
    if (policy.version <= this.#policy.version) return null
    this.#policy = policy
    const region = this.#region
    return region && new Promise(onTaken => region.goBy(policy, onTaken))
  }

  /** Where the region's stations are, from its next choice on. */
  stationsAre(places: readonly Position[]): void {
    if (isSameList(places, this.#stations)) return
    this.#stations = places
    this.#region?.ref.tell({ type: 'stations', places })
  }

  /** The hospitals that the region has, for who asks of destinations from now on. */
  hospitalsAre(hospitals: readonly StandingHospital[]): void {
    if (JSON.stringify(hospitals) === JSON.stringify(this.#hospitals)) return
    this.#hospitals = hospitals
    this.#region?.ref.tell({ type: 'hospitals', hospitals })
  }

  /** The region goes by these roads from its next choice on; null: by the straight line. */
  driveOn(roads: AskableRoads | null): void {
    if (roads !== this.#roads) this.#roads?.stop()
    this.#roads = roads
    this.#region?.ref.tell({ type: 'roads', roads })
  }

  /** The personal data of these calls was erased in the store. */
  erased(callIds: readonly CallId[]): void {
    this.#region?.ref.tell({ type: 'erased', callIds })
  }

  /** Writes everything out, with snapshots, and lets go; within the limits, where there are any. */
  async close(limits?: DrainLimits): Promise<void> {
    this.#close()
    const region = this.#region
    if (region === null) return
    // From here on everybody is answered `unavailable`: nothing new may come between the last record and the snapshots.
    this.#region = null
    await region.drain(limits).finally(() => region.drop())
  }

  /** Lets go at once, writing nothing more. */
  abandon(): void {
    this.#close()
    this.#region?.drop()
    this.#region = null
  }

  #close(): void {
    this.#closing = true
    this.#ignoreWall()
    this.#roads?.stop()
  }

  open(session: Session, hello: HelloRequest): void {
    this.#parts.wall.told(session.principal, hello.clientNowMs)
    const region = this.#answering()
    if (region === null) return sendAway(session, hello.helloId, UNAVAILABLE)
    // Before the unit's older session is closed for it: a welcome could not be given.
    if (region.writes.refusesCommands) return sendAway(session, hello.helloId, WRITES_STALLED)
    const message = { type: 'session-opened', session, hello, receivedWallMs: this.#parts.wall.nowMs() } as const
    if (session.role !== 'driver') {
      if (!region.ref.tell(message)) return sendAway(session, hello.helloId, OVERLOADED)
    } else {
      const driver = region.driverRef(session.unitId ?? '')
      if (driver === undefined) return sendAway(session, hello.helloId, unknownUnit(session.unitId))
      if (!driver.tell(message)) return sendAway(session, hello.helloId, OVERLOADED)
    }
    this.#sessions.add(session)
  }

  closed(session: Session): void {
    if (!this.#sessions.delete(session)) return
    const region = this.#region
    if (region === null) return
    region.left(session)
    const message = { type: 'session-closed', session } as const
    if (sendsFixes(session)) region.intake.take(message)
    else region.ref.tell(message)
  }

  command(request: CommandRequest): void {
    const region = this.#answering()
    if (region === null) return request.answer({ ok: false, refusal: UNAVAILABLE })
    const message = { type: 'command', request } as const
    // Of what is not there the region itself says so: its id may have been used before, and that comes first.
    const actor = actorFor(region, request) ?? region.ref
    if (!actor.tell(message)) request.answer({ ok: false, refusal: this.#overloaded() })
  }

  tell(session: Session, request: SessionRequest): void {
    const id = 'id' in request ? request.id : null
    const region = id === null ? this.#region : this.#answering()
    if (region === null) return id === null ? undefined : sendRefusal(session, id, UNAVAILABLE)
    const message = { type: 'asked', session, request, receivedWallMs: this.#parts.wall.nowMs() } as const
    if (sendsFixes(session)) return region.intake.take(message)
    if (!region.ref.tell(message) && id !== null) sendRefusal(session, id, OVERLOADED)
  }

  trackerFix(request: TrackerRequest): void {
    const region = this.#answering()
    const isTaken = region?.ref.tell({ type: 'tracker-fix', request, read: null })
    if (isTaken !== true) request.answer({ ok: false, refusal: region === null ? UNAVAILABLE : OVERLOADED })
  }

  boardFrom(fromPosition: number | null): BoardSize {
    return this.#region?.boardFrom(fromPosition) ?? { items: 0, events: 0 }
  }

  query(query: Query, answer: (answer: QueryAnswer) => void): void {
    const region = this.#answering()
    if (region === null) return answer({ ok: false, refusal: UNAVAILABLE })
    let taken: boolean
    if (query.type === 'read-unit') {
      const driver = region.driverRef(query.unitId)
      if (driver === undefined) return answer({ ok: false, refusal: unknownUnit(query.unitId) })
      taken = driver.tell({ type: 'read', answer })
    } else {
      const trip = query.type === 'read-trip' ? region.tripRef(query.tripId) : undefined
      // One that has left memory is the region's to bring back.
      taken = trip?.tell({ type: 'read', answer }) ?? region.ref.tell({ type: 'query', query, answer })
    }
    if (!taken) answer({ ok: false, refusal: this.#overloaded() })
  }

  /** Goes through the mailbox, so it follows the welcomes of present sessions and precedes those of later ones. */
  #stepped(byMs: number): void {
    this.#region?.ref.tell({ type: 'clock-stepped', byMs, sessions: [...this.#sessions] })
  }

  #answering(): Region | null {
    return this.#title.holdsLease() ? this.#region : null
  }

  /** Why a full mailbox takes no command and no question. */
  #overloaded(): Refusal {
    this.#parts.telemetry.metrics.spared('command')
    return OVERLOADED
  }

  #onLost(reason: LossReason): void {
    this.#region = null
    for (const session of this.#sessions) session.close(CLOSE_CODES.goingAway, 'the region moved; sign in again')
    this.#sessions.clear()
    if (reason === 'fenced') return this.#title.onFenced()
    this.#reopen(this.#reopenDelay.dropped(this.#parts.shared.machine.monotonicMs()))
  }

  /** Recovers the region from what is durable, again and again until the store answers. */
  #reopen(delayMs: number): void {
    const { shared, telemetry } = this.#parts
    shared.machine.after(delayMs, () => {
      if (this.#closing) return telemetry.outages.worked('recovery', this.regionId)
      this.start().then(
        () => {
          this.#reopenDelay.opened(shared.machine.monotonicMs())
          telemetry.outages.worked('recovery', this.regionId)
        },
        error => {
          telemetry.outages.failed('recovery', error, this.regionId)
          this.#reopen(this.#reopenDelay.failed())
        },
      )
    })
  }
}

const isSameList = (some: readonly Position[], others: readonly Position[]): boolean =>
  some.length === others.length &&
  some.every(({ lonDeg, latDeg }, at) => lonDeg === others[at]!.lonDeg && latDeg === others[at]!.latDeg)

/** An actor that takes commands. */
interface CommandTaker {
  tell(message: { readonly type: 'command'; readonly request: CommandRequest }): boolean
}

/** Who takes a message of a session that speaks for this unit, or for none. */
function ownerOf(type: ClientTypeName, ownUnitId: UnitId | null): Owner {
  return rowOf(type).owner.find(owner => owner !== 'own-unit' || ownUnitId !== null) ?? 'region'
}

/** The actor of the trip or unit that a command goes to; undefined when it is for the region, or there is no such actor. */
function actorFor(region: Region, { command, unitId }: CommandRequest): CommandTaker | undefined {
  if (command.type === 'release-held') return undefined
  switch (ownerOf(command.type, unitId)) {
    case 'own-unit':
      return region.driverRef(unitId ?? '')
    case 'unit':
      return 'unitId' in command ? region.driverRef(command.unitId) : undefined
    case 'trip':
      return 'tripId' in command ? region.tripRef(command.tripId) : undefined
    case 'region':
      return undefined
  }
}

/** What it sends is taken in its order, and may have to wait; all that others ask goes past it. */
const sendsFixes = ({ role }: Session): boolean => role === 'driver' || role === 'feed'

function sendRefusal(session: Session, id: string | null, { code, message, details }: Refusal): void {
  session.tell({ type: 'refused', id, refusal: { code, message, details } })
}

function sendAway(session: Session, helloId: string, refusal: Refusal): void {
  sendRefusal(session, helloId, refusal)
  const code = refusal.code === 'unknown-unit' ? CLOSE_CODES.unauthenticated : CLOSE_CODES.goingAway
  session.close(code, refusal.code)
}
