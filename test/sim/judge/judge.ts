/**
 * The judge of a run: told of every frame, every commit and every turn, it says which rules did not hold.
 *
 * It believes nobody. What clients were told is held against the database; what the database holds, against what clients
 * sent; memory, against the log; every decision, against the rules in the states of its moment. After a step it looks
 * only at what the step touched.
 */

import { driverKey, type EntityKey } from '../../../src/domain/entity.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { entitiesOf } from '../../../src/domain/events.ts'
import type { RegionId } from '../../../src/domain/ids.ts'
import type { StandingPolicy } from '../../../src/domain/policy.ts'
import type { ClosedCallWrite, RecordWrite, SegmentWrite } from '../../../src/store/log/journal.ts'
import type { MemoryJournal } from '../../../src/store/log/memory-journal.ts'
import { foldLog } from '../../../tools/replay/log-fold.ts'
import type { DurableEnds, EngineWatch, OwnedRegion, StoreWatch, Wire, WireWatch } from '../core/watch.ts'
import type { Plan } from '../plan.ts'
import type { Point } from '../world/city.ts'
import type { Inhabitants } from '../world/parts.ts'
import type { Street } from '../world/streets.ts'
import { Answers } from './answers.ts'
import { Conversation, type ConversationParts } from './conversation.ts'
import { Findings } from './findings.ts'
import { checkEntity, checkEverything } from './invariants.ts'
import { checkClients, checkOffers, checkPlaced, checkTrips } from './liveness.ts'
import { LogAccount } from './log-account.ts'
import { Pictures } from './pictures.ts'
import { Principals } from './principals.ts'
import { PutAway } from './put-away.ts'
import { checkPlaces, compareLocations, compareMemory, compareRebuilds, type Verified } from './rebuild.ts'
import { Soonest } from './soonest.ts'
import { Told } from './told.ts'
import { Tracks } from './tracks.ts'
import { UnitHistory } from './unit-history.ts'
import type { Report } from './verdict.ts'

interface JudgeParts {
  readonly plan: Plan
  readonly region: RegionId
  readonly sinceStartMs: () => number
  /** True time, epoch ms; region time is the same while no clock is wrong. */
  readonly nowMs: () => number
  /** What the database holds. */
  readonly journal: MemoryJournal
  /** Every policy that the region has had so far, by its version. */
  readonly policies: ReadonlyMap<number, StandingPolicy>
  /** The roads of the region; null where it has none. */
  readonly stations: readonly Point[]
  readonly streets: readonly Street[] | null
  readonly report: Report
}

/** A process's memory of the region. */
interface Owned {
  readonly region: OwnedRegion
  /** The log's end when another took the region; infinite while nobody has. */
  limit: number
  /** Somebody else may have taken the region while this memory was recovered: it may be the older of two. */
  mayBeOld: boolean
  readonly touched: Set<EntityKey>
  readonly verified: Verified
  lastTurnAtMs: number
}

/** Rows that may be read again at recoveries beyond what the log and its segments have by then. */
const REBUILD_ROWS = 200_000
/** How long a record may be on its way to the database in the end. */
const DURABLE_WITHIN_MS = 10_000
/** A process that lost the region so long ago writes nothing more. */
const ALONE_FOR_MS = 60_000
/** How long a process may take to hear that a write was refused: it may be paused, and the store slow. */
const DROPS_WITHIN_MS = 120_000

export class Judge implements WireWatch, StoreWatch, EngineWatch {
  readonly #parts: JudgeParts
  readonly #findings: Findings
  readonly #log: LogAccount
  readonly #tracks: Tracks
  readonly #answers: Answers
  readonly #statuses: UnitHistory
  readonly #soonest: Soonest | null
  readonly #conversationParts: ConversationParts
  readonly #conversations = new Map<number, Conversation>()
  readonly #owned = new Map<string, Owned>()
  /** Those with something touched. */
  readonly #restless = new Set<string>()
  readonly #rebuilds: Promise<void>[] = []
  #rowsRebuilt = 0
  #hasSnapshots = false
  readonly #putAway = new PutAway()
  /** Since the last recovery. */
  #acquisitions = 0
  #lastDroppedAtMs = Number.NEGATIVE_INFINITY
  #rejectionsExcused = 0
  /** Owners of whom a write was refused. */
  #rejected: { readonly atMs: number; readonly process: string; readonly owned: Owned }[] = []

  constructor(parts: JudgeParts) {
    const { plan, report, nowMs, sinceStartMs, streets, stations, policies } = parts
    this.#parts = parts
    const findings = new Findings(report)
    const log = new LogAccount(findings, plan.troubles.clockJumps === 0, policies)
    this.#findings = findings
    this.#log = log
    this.#tracks = new Tracks(findings, plan, nowMs)
    const lastDroppedAtMs = () => this.#lastDroppedAtMs
    const regionNowMs = plan.troubles.clockJumps === 0 ? nowMs : null
    this.#answers = new Answers({ findings, log, sinceStartMs, regionNowMs, lastDroppedAtMs })
    this.#statuses = new UnitHistory(log.history, findings)
    this.#soonest = streets && new Soonest({ streets, stations, policies, timeZone: plan.timeZone }, findings)
    const told = new Told(log, findings)
    const principals = new Principals()
    this.#conversationParts = {
      ...{ findings, log, told, principals, sinceStartMs },
      answers: this.#answers,
      tracks: this.#tracks,
      statuses: this.#statuses,
    }
  }

  /** Different commands that somebody was told are done. */
  get commandsAcknowledged(): number {
    return this.#answers.acknowledged
  }
  get tripsClosed(): number {
    return this.#log.tripsClosed
  }

  /** The world has done something that must look to the engine like a mistake of its own. */
  excuse(kind: 'content-rejected'): void {
    if (kind !== 'content-rejected') return
    this.#rejectionsExcused += 1
    const [only] = this.#owned.entries()
    const atMs = this.#parts.sinceStartMs()
    // Whose write it was can be told only of one that is alone, and has been for a while.
    if (only === undefined || this.#owned.size > 1 || atMs - this.#lastDroppedAtMs < ALONE_FOR_MS) return
    this.#rejected.push({ atMs, process: only[0], owned: only[1] })
  }

  // Wires.

  opened(wire: Wire): void {
    this.#conversations.set(wire.no, new Conversation(wire, this.#conversationParts))
  }
  sent(wire: Wire, frame: Uint8Array | string): ((ranMs: number) => void) | null {
    return this.#conversations.get(wire.no)?.sent(frame) ?? null
  }
  received(wire: Wire, frame: Uint8Array | string, ends: DurableEnds, ranMs: number): void {
    this.#conversations.get(wire.no)?.received(frame, ends, ranMs)
  }
  closed(wire: Wire): void {
    this.#conversations.delete(wire.no)
  }

  // The database.

  acquired(epoch: number): void {
    this.#log.acquired(epoch)
    this.#acquisitions += 1
    for (const owned of this.#owned.values()) owned.limit = Math.min(owned.limit, this.#log.end)
  }

  recordsCommitted(epoch: number, batch: readonly RecordWrite[]): void {
    const rows = new Map(batch.map(({ record, command }) => [record.position, command]))
    const before = this.#log.end
    this.#log.committed(epoch, batch, this.#parts.nowMs(), record =>
      this.#answers.recordAdded(record, rows.get(record.position) ?? null),
    )
    for (let position = before + 1; position <= this.#log.end; position += 1) this.#recordJoined(position)
  }

  segmentCommitted(epoch: number, segment: SegmentWrite): void {
    this.#log.segmentCommitted(epoch, segment.segmentNo)
    this.#tracks.segmentCommitted(segment, this.#ends)
  }

  snapshotsPut(): void {
    this.#hasSnapshots = true
  }

  callsPutAway(calls: readonly ClosedCallWrite[]): void {
    this.#putAway.put(calls, this.#log.history, this.#findings)
  }

  // The engine.

  recovered(process: string, region: OwnedRegion): void {
    const owned = this.#own(process, region)
    const name = `${process}, which has just recovered,`
    owned.mayBeOld = this.#acquisitions > 1
    if (!owned.mayBeOld) compareLocations(region, this.#tracks, name, this.#findings)
    this.#acquisitions = 0
    // A clock that is wrong gives times of its own.
    if (this.#parts.plan.troubles.clockJumps === 0) this.#log.servedSinceMs = this.#parts.nowMs()
    checkEverything(region, this.#findings)
    compareMemory(region, owned.limit, this.#log.history, owned.verified, name, this.#putAway, this.#findings)
    this.#rebuildIfCheap()
  }

  turned(process: string, region: OwnedRegion, events: readonly DomainEvent[]): void {
    const known = this.#owned.get(process)
    const owned = known?.region === region ? known : this.#own(process, region)
    owned.lastTurnAtMs = this.#parts.nowMs()
    this.#restless.add(process)
    this.#soonest?.turned(region, events)
    for (const event of events) for (const entity of entitiesOf(event)) owned.touched.add(entity)
  }

  dropped(process: string): void {
    const owned = this.#owned.get(process)
    this.#lastDroppedAtMs = this.#parts.sinceStartMs()
    if (owned === undefined) return
    this.#lookAt(process, owned)
    this.#owned.delete(process)
    this.#restless.delete(process)
  }

  failed(process: string, what: string): void {
    if (what.includes('content-rejected') && this.#rejectionsExcused > 0) {
      this.#rejectionsExcused -= 1
      return
    }
    this.#findings.find('no-internal', `${process} says: ${what}`)
  }

  // When it looks.

  /** Looks at what the last step touched. */
  stepped(): void {
    if (this.#restless.size === 0) return
    for (const process of this.#restless) {
      const { region, touched } = this.#owned.get(process)!
      for (const entity of touched) checkEntity(region, entity, this.#findings)
      touched.clear()
    }
    this.#restless.clear()
  }

  /** Looks at everything in memory. */
  look(): void {
    for (const [process, owned] of this.#owned) this.#lookAt(process, owned)
    this.#lookAtRejected()
  }

  /** Looks at everything, once the world has been calm for so long that all must have come right. */
  async ended(world: Inhabitants): Promise<void> {
    await Promise.all(this.#rebuilds)
    for (const owned of this.#owned.values()) owned.verified.clear()
    this.look()
    this.#answers.ended()
    const { plan, nowMs } = this.#parts
    const regionNowMs = plan.troubles.clockJumps === 0 ? nowMs() : null
    for (const [process, { region }] of this.#owned)
      if (region.logHead === this.#log.end) this.#log.closedRoads.ended(process, region, regionNowMs)
    this.#tracks.ended(wire => this.#conversations.get(wire)?.isWelcome === true)
    this.#checkFold()
    await this.#rebuild()
    checkClients(world.standings(), this.#findings)
    this.#checkServed(world)
    this.#findings.tellRest()
  }

  get #ends(): DurableEnds {
    return { logEnd: this.#log.end, segmentEnd: this.#log.segmentEnd }
  }

  #own(process: string, region: OwnedRegion): Owned {
    const known = this.#owned.get(process)
    if (known?.region === region) return known
    const owned: Owned = {
      region,
      limit: Number.POSITIVE_INFINITY,
      mayBeOld: false,
      touched: new Set(),
      verified: new Map(),
      lastTurnAtMs: this.#parts.nowMs(),
    }
    this.#owned.set(process, owned)
    return owned
  }

  #recordJoined(position: number): void {
    for (const event of this.#log.record(position)!.events) {
      if (event.type === 'FixHoleRecorded') {
        const { unitId, streamId, fromSeq, toSeq } = event
        this.#tracks.holeRecorded(unitId, streamId, fromSeq, toSeq, { ...this.#ends, logEnd: position })
      }
      for (const entity of entitiesOf(event)) {
        if (entity.startsWith('driver/')) this.#statuses.changed(entity.slice(driverKey('').length), position)
      }
    }
  }

  #lookAt(process: string, { region, limit, mayBeOld, verified }: Owned): void {
    checkEverything(region, this.#findings)
    compareMemory(region, limit, this.#log.history, verified, process, this.#putAway, this.#findings)
    if (limit < Number.POSITIVE_INFINITY || mayBeOld) return
    checkPlaces(region, this.#tracks, process, this.#parts.plan.troubles.clockJumps > 0, this.#findings)
    const { servedSinceMs } = this.#log
    if (servedSinceMs !== null) checkOffers(region, this.#parts.nowMs(), servedSinceMs, this.#findings)
  }

  #lookAtRejected(): void {
    const beforeMs = this.#parts.sinceStartMs() - DROPS_WITHIN_MS
    for (const { atMs, process, owned } of this.#rejected) {
      if (atMs > beforeMs || this.#owned.get(process) !== owned) continue
      const text = `${process} had a write refused for its content at ${Math.round(atMs)} ms, and goes on with the same memory`
      this.#findings.find('refused-write-drops', text)
    }
    this.#rejected = this.#rejected.filter(({ atMs }) => atMs > beforeMs)
  }

  /** Rebuilding reads all there is: often in a short run, seldom in a long one. */
  #rebuildIfCheap(): void {
    if (!this.#hasSnapshots) return
    const rows = this.#log.end + this.#log.segmentEnd
    if (this.#rowsRebuilt + 2 * rows > REBUILD_ROWS + 2 * rows) return
    this.#rowsRebuilt += 2 * rows
    this.#rebuilds.push(this.#rebuild())
  }

  async #rebuild(): Promise<void> {
    const { journal, region } = this.#parts
    const parts = { journal, region, history: this.#log.history, putAway: this.#putAway, findings: this.#findings }
    try {
      await compareRebuilds(parts, this.#ends, this.#hasSnapshots)
    } catch (error) {
      this.#findings.find('snapshot-equals-log', `the region cannot be rebuilt: ${error}`)
    }
  }

  #checkFold(): void {
    const { doubled, broken } = foldLog(this.#log.records)
    for (const { tripId, text } of doubled) this.#findings.find('log-makes-sense', `trip ${tripId}: ${text}`)
    for (const { position, text } of broken) this.#findings.find('log-makes-sense', `position ${position}: ${text}`)
  }

  #checkServed(world: Inhabitants): void {
    const nowMs = this.#parts.nowMs()
    const serving = [...this.#owned].findLast(([, { limit }]) => limit === Number.POSITIVE_INFINITY)
    if (serving === undefined) return this.#findings.find('liveness-owner', 'nobody serves the region')
    const [process, { region, lastTurnAtMs }] = serving
    const { logHead, logDurable } = region
    const isSettled = logHead === logDurable && logDurable === this.#log.end
    if (!isSettled && lastTurnAtMs < nowMs - DURABLE_WITHIN_MS) {
      const text = `${process} has decided up to position ${logHead}, knows ${logDurable} to be durable, and the log ends at ${this.#log.end}`
      this.#findings.find('liveness-owner', text)
    }
    const { newest } = this.#log.policies
    if (region.policyVersion !== newest.version) {
      const text = `${process} goes by policy version ${region.policyVersion}, and ${newest.version} stands`
      this.#findings.find('liveness-owner', text)
    }
    checkTrips(region, newest, nowMs, this.#findings)
    this.#log.alarms.end(nowMs)
    this.#log.standDowns.end(nowMs)
    this.#log.holds.end()
    checkPlaced(region, world.standings(), nowMs, this.#findings)
    const pictures = new Pictures(this.#log, this.#tracks, this.#findings)
    for (const picture of world.pictures()) pictures.check(picture, region, nowMs)
  }
}
