/**
 * One service area: its life, and the door through which the rest of the process looks in.
 *
 * A change is a turn (`turn-runner.ts`); fixes go from a driver's actor through `unit-fixes.ts` to the finder and the
 * segment writer; `assembly.ts` wires all of it, `hand-over.ts` says who takes which message. Modes: *here*, until it is dropped; then nothing more is decided,
 * answered or written.
 */

import type { TripId, UnitId } from '../../domain/ids.ts'
import type { StandingPolicy } from '../../domain/policy.ts'
import type { Told } from '../../protocol/told.ts'
import type { ActorRef, Behaviour } from '../actor-system.ts'
import type { RegionClock } from '../clock.ts'
import type { DriverMessage } from '../driver/driver-actor.ts'
import type { Mailbox } from '../mailbox.ts'
import type { BoardSize, RecoveryProgress, Session } from '../region-handle.ts'
import type { TripMessage } from '../trip/trip-actor.ts'
import { assemble, type RegionAssembly } from './assembly.ts'
import type { DamageReport } from './damage.ts'
import { type DrainLimits, drain, endAll, settled } from './drain.ts'
import { handOver } from './hand-over.ts'
import type { RegionStates } from './memory.ts'
import { ACCEPTED, answerUnheard, NEVER_REFUSED, type RegionMessage } from './messages.ts'
import type { LossReason, RegionParts } from './parts.ts'
import { people, tellTroubles } from './peopling.ts'
import type { Quarantine } from './quarantine.ts'
import { type Recovered, recover } from './recovery.ts'
import type { StoreWatch } from './store-watch.ts'

export class Region implements Behaviour<RegionMessage> {
  readonly accepts = ACCEPTED
  readonly neverRefused = NEVER_REFUSED
  readonly ref: ActorRef<RegionMessage>
  readonly #parts: RegionParts
  readonly #mailbox: Mailbox
  readonly #assembly: RegionAssembly
  /** What of its stored rows was found damaged when it was recovered. */
  readonly damage: Pick<DamageReport, 'total'>

  /**
   * Takes the region and rebuilds its memory from everything that is durable; `onProgress` hears how far it is.
   * Errors: StoreUnavailable, LogOfLaterVersion.
   */
  static async open(parts: RegionParts, onProgress: (progress: RecoveryProgress) => void = () => {}): Promise<Region> {
    const acquired = await parts.shared.journal.acquire(parts.regionId)
    const recovered = await recover(parts.shared.journal, acquired, onProgress, parts.shared.bounds)
    const region = new Region(parts, recovered)
    const { state, upkeep, checkpoint } = region.#assembly
    try {
      tellTroubles(parts, recovered)
      await people(parts, recovered, region.#assembly, onProgress)
    } catch (error) {
      region.drop()
      throw error
    }
    if (state.admission.isOver) return region
    upkeep.start()
    checkpoint.start()
    return region
  }

  private constructor(parts: RegionParts, recovered: Recovered) {
    const { shared, regionId } = parts
    this.#parts = parts
    this.damage = recovered.damage
    this.#mailbox = shared.system.mailbox(regionId)
    this.ref = shared.system.spawn(null, this.#mailbox, `region/${regionId}`, this)
    this.#assembly = assemble(parts, recovered, {
      ref: this.ref,
      mailbox: this.#mailbox,
      lost: (reason, error) => this.#lost(reason, error),
    })
  }

  // What others may read.

  get clock(): RegionClock {
    return this.#assembly.state.clock
  }
  get mailboxDepth(): number {
    return this.#mailbox.depth
  }
  /** How far it goes to get by with less work. */
  get overload(): Pick<RegionAssembly['state']['overload'], 'step'> {
    return this.#assembly.state.overload
  }
  /** Takes what comes from one who sends fixes, in its order, as soon as there is room for it. */
  get intake(): Pick<RegionAssembly['location']['intake'], 'take' | 'waitingBytes'> {
    return this.#assembly.location.intake
  }
  get logHead(): number {
    return this.#assembly.state.writer.head
  }
  get logDurable(): number {
    return this.#assembly.state.writer.durable
  }
  get fixesNotDurable(): number {
    return this.#assembly.state.segments.queuedFixes
  }
  /** Units on duty by how old their position is. */
  get positions(): RegionAssembly['freshness']['counts'] {
    return this.#assembly.freshness.counts
  }
  /** Apps that are connected and whose clock is off. */
  get clocksOff(): number {
    return this.#assembly.deviceClocks.off
  }
  /** Whether the store takes records, and fixes. */
  get writes(): Pick<StoreWatch, 'refusesCommands' | 'keepsFixesWaiting'> {
    return this.#assembly.state.store
  }
  /** What is held in memory, durable or not. */
  get states(): RegionStates {
    return this.#assembly.state.memory
  }
  /** What an event did not fit: it stays as it is, and takes part in nothing. */
  get quarantine(): Pick<Quarantine, 'has' | 'size'> {
    return this.#assembly.state.memory.quarantine
  }
  /** Whether the trip waits at the desk for a unit. */
  isQueued(tripId: TripId): boolean {
    return this.#assembly.turns.desk.isQueued(tripId)
  }
  pendingByPriority(): [number, number][] {
    return this.#assembly.turns.desk.pendingByPriority()
  }
  driverRef(unitId: UnitId): ActorRef<DriverMessage> | undefined {
    return this.#assembly.state.memory.driverRef(unitId)
  }
  tripRef(tripId: TripId): ActorRef<TripMessage> | undefined {
    return this.#assembly.state.memory.tripRef(tripId)
  }
  /** Of the policy that it goes by. */
  get policyVersion(): number {
    return this.#assembly.state.policy.standing.version
  }
  /** What it goes by, and how often that was not by road. */
  get roads(): Pick<RegionAssembly['turns']['roads'], 'version' | 'speedsVersion' | 'fallbacks' | 'isAtStation'> {
    return this.#assembly.turns.roads
  }
  boardFrom(position: number | null): BoardSize {
    return this.#assembly.watch.boardWatch.sizeFrom(position)
  }

  /** Goes by another policy from the next decision on; by one that is older than its own it does not. */
  goBy(policy: StandingPolicy, onTaken?: () => void): void {
    this.ref.tell({ type: 'policy', policy, ...(onTaken && { onTaken }) })
  }

  /** The session has ended. */
  left(session: Session): void {
    this.#assembly.state.store.left(session)
  }

  /** Tells all who watch the board, beside its records. */
  tellBoard(told: Told): void {
    this.#assembly.watch.board.tell(told)
  }

  receive(message: RegionMessage): void {
    handOver(this.#assembly, message)
  }

  /** Resolves when everything told so far was handled, is durable and has left, at the latest after `limitMs`. */
  settled(limitMs: number): Promise<void> {
    return settled(this.#parts, this.#assembly, this.#mailbox, limitMs)
  }

  /**
   * Writes out everything, then the snapshots that make the next start short: what was told to anybody is durable
   * already. Errors: those of the journal that no time mends.
   */
  drain(limits?: DrainLimits): Promise<void> {
    return drain(this.#parts, this.#assembly, limits)
  }

  /** Forgets everything. Sessions stay with the gateway. */
  drop(): void {
    const { admission } = this.#assembly.state
    if (admission.isOver) return
    admission.end()
    endAll(this.#parts, this.#assembly)
    const { system } = this.#parts.shared
    for (const message of system.dropMailbox(this.#mailbox)) {
      answerUnheard(message as Parameters<typeof answerUnheard>[0])
    }
    system.stop(this.ref as never)
  }

  #lost(reason: LossReason, error?: Error): void {
    if (this.#assembly.state.admission.isOver) return
    const { telemetry, regionId, onLost } = this.#parts
    telemetry.log.error({ region: regionId, reason, err: error }, 'the region is no longer ours as it stands')
    this.drop()
    onLost(reason)
  }
}
