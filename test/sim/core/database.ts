/**
 * The database of a simulated world: what it holds outlives every engine, and everything that a real one does to its
 * clients happens to them here, by the dice.
 *
 * Below are the journal and the table of leases in memory, which pass the contract suites of the real ones. Between them
 * and an engine lies a way that takes time, on which a statement or its answer may be lost.
 */

import type { ReferenceSource } from '../../../src/actors/reference-news.ts'
import type { RoadSource } from '../../../src/actors/road-news.ts'
import { canTransport, type UnitReference } from '../../../src/domain/events/unit-events.ts'
import type { Position } from '../../../src/domain/geo.ts'
import type { RegionId } from '../../../src/domain/ids.ts'
import { DEFAULT_POLICY, type StandingPolicy } from '../../../src/domain/policy.ts'
import { LEVELS_OF_CARE } from '../../../src/domain/vocabulary.ts'
import type { RegionReference } from '../../../src/protocol/reference.ts'
import type { PreparedRoads } from '../../../src/roads/travel/prepared-roads.ts'
import type { LeaseTable } from '../../../src/store/leases/lease-table.ts'
import { MemoryLeaseTable } from '../../../src/store/leases/memory-lease-table.ts'
import {
  ContentRejected,
  type Journal,
  OutcomeUnknown,
  type Ownership,
  StoreUnavailable,
} from '../../../src/store/log/journal.ts'
import { MemoryJournal } from '../../../src/store/log/memory-journal.ts'
import type { Dice } from '../../fuzz/dice.ts'
import { HOSPITALS } from '../hospitals.ts'
import type { Chronicle } from './chronicle.ts'
import type { Loop } from './loop.ts'
import { nextPolicy } from './policies.ts'
import { simulatedRoads } from './roads.ts'
import type { DurableEnds, StoreWatch } from './watch.ts'

/** How often single writes fail, out of a thousand. */
export interface WriteTroubles {
  readonly refused: number
  readonly unknown: number
  readonly rejected: number
}

interface DatabaseParts {
  readonly loop: Loop
  readonly dice: Dice
  readonly chronicle: Chronicle
  readonly watch: StoreWatch
  readonly region: RegionReference
  readonly units: readonly UnitReference[]
  readonly stations: readonly Position[]
  /** Null where the region has none. */
  readonly roads: PreparedRoads | null
  /** A write was refused for its content: the world's doing, not the engine's. */
  readonly onRejected: () => void
}

/** Where the answers to a process's statements arrive: at once, when it goes on, or never. */
interface Client {
  deliver(run: () => void): void
}

interface Connected {
  readonly journal: Journal
  readonly leases: LeaseTable
  readonly reference: ReferenceSource
  readonly roads?: RoadSource
}

/** A write is on its way; it stands, and its answer is on its way. */
export type WriteMoment = 'sent' | 'done'

/** Input: the rows that a write is made of. */
type Call = <T>(kind: Kind, run: () => Promise<T>, rows?: readonly object[]) => Promise<T>

type Kind = 'write' | 'own-connection' | 'lease'

/** Kinds of writes in the chronicle. */
const RECORDS = 3
const SEGMENT = 4

/** A capability that units gain and lose. */
const CHANGING = 'bariatric'
/** How long an engine waits for a connection before it gives up. */
const CONNECT_TIMEOUT_MS = 5_000
const QUICK_MS = [0.3, 3] as const
const SLOW_MS = [50, 3_000] as const
/** How long after its client gave it up a statement may still be done. */
const LATE_MS = [1, 8_000] as const
/** Just when that client has settled it, and before it is repeated. */
const JUST_LATE_MS = [46, 62] as const

export class SimulatedDatabase {
  readonly journal: MemoryJournal
  readonly #parts: DatabaseParts
  readonly #leases: MemoryLeaseTable
  #units: readonly UnitReference[]
  /** Every version of the region's policy; the newest stands. */
  readonly #policies = new Map<number, StandingPolicy>()
  /** Of the reference data. */
  #version = 1
  #aheadMs = 0
  #isAway = false
  #isSlow = false
  #isPoolEmpty = false
  /** Statements that wait for a lock that another holds; null while nobody does. */
  #lockWaiters: (() => void)[] | null = null
  #writeTroubles: WriteTroubles = { refused: 0, unknown: 0, rejected: 0 }
  /** Rows with content that is refused, however often they come. */
  readonly #badRows = new WeakSet<object>()
  /** Rows that came before and were not refused for their content: an earlier attempt of theirs may still be done. */
  readonly #goodRows = new WeakSet<object>()
  #incarnations = 0
  #ends: DurableEnds = { logEnd: 0, segmentEnd: 0 }
  /** Statements that fail of themselves when the server goes away, with what tells their clients. */
  readonly #underWay = new Set<() => void>()
  /** Raised when the server stops, so that what it had not done yet is never done. */
  #lives = 0
  /** Who waits for the next write to be sent, or to be done. */
  readonly #awaited: Record<WriteMoment, (() => void)[]> = { sent: [], done: [] }
  faults = 0

  constructor(parts: DatabaseParts) {
    this.#parts = parts
    this.#units = parts.units
    this.#policies.set(1, { ...DEFAULT_POLICY, mode: parts.region.dispatchMode, version: 1 })
    this.journal = new MemoryJournal(() => `incarnation-${++this.#incarnations}`)
    this.#leases = new MemoryLeaseTable(() => parts.loop.nowMs + this.#aheadMs)
  }

  /** What stands now. */
  get ends(): DurableEnds {
    return this.#ends
  }
  get policies(): ReadonlyMap<number, StandingPolicy> {
    return this.#policies
  }

  // What befalls it.

  goAway(): void {
    this.#isAway = true
    this.#lives += 1
    for (const breakOff of [...this.#underWay]) breakOff()
    this.#underWay.clear()
    this.unlock()
  }
  comeBack(): void {
    this.#isAway = false
  }
  set isSlow(slow: boolean) {
    this.#isSlow = slow
  }
  set isPoolEmpty(empty: boolean) {
    this.#isPoolEmpty = empty
  }
  set writeTroubles(troubles: WriteTroubles) {
    this.#writeTroubles = troubles
  }
  /** Somebody locks the region's rows: nothing of it gets past its fence. */
  lock(): void {
    this.#lockWaiters ??= []
  }
  unlock(): void {
    const waiting = this.#lockWaiters
    this.#lockWaiters = null
    for (const run of waiting ?? []) run()
  }
  /** The service changes one of its units. */
  changeUnit(): void {
    const { dice, chronicle } = this.#parts
    if (this.#units.length === 0) return
    const at = dice.below(this.#units.length)
    const before = this.#units[at]!
    const has = before.capabilities.includes(CHANGING)
    const after = dice.oneIn(2)
      ? {
          ...before,
          capabilities: has ? before.capabilities.filter(one => one !== CHANGING) : [...before.capabilities, CHANGING],
        }
      : dice.oneIn(3)
        ? { ...before, transports: !canTransport(before) }
        : { ...before, levelOfCare: dice.pick(LEVELS_OF_CARE) }
    this.#units = this.#units.with(at, after)
    this.#version += 1
    chronicle.tell(
      'database',
      `${after.unitId} is now ${after.levelOfCare}${canTransport(after) ? ' and carries' : ''}, with ${after.capabilities.join(' and ') || 'nothing'}`,
    )
  }
  /** The service changes how its region is dispatched. */
  changePolicy(): void {
    const { dice, chronicle } = this.#parts
    const policy = nextPolicy(this.#standing, dice)
    this.#policies.set(policy.version, policy)
    this.#version += 1
    const { version, ...says } = policy
    chronicle.tell('database', `policy version ${version} stands: ${JSON.stringify(says)}`)
  }
  jumpClock(byMs: number): void {
    this.#aheadMs += byMs
  }

  /** Runs as the very next step after the next write has come so far. */
  whenNext(moment: WriteMoment, run: () => void): void {
    this.#awaited[moment].push(run)
  }
  forgetWaiting(): void {
    for (const waiting of Object.values(this.#awaited)) waiting.length = 0
  }

  get #standing(): StandingPolicy {
    return this.#policies.get(this.#policies.size)!
  }

  // What an engine sees of it.

  connect(client: Client): Connected {
    const call: Call = (kind, run, rows) => this.#call(client, kind, run, rows)
    const { region, roads } = this.#parts
    const ask = <T>(run: () => Promise<T>) => call('own-connection', run)
    return {
      journal: this.#journalOf(call),
      leases: this.#leasesOf(call),
      reference: this.#referenceOf(call),
      ...(roads && { roads: simulatedRoads(region.region, roads, ask) }),
    }
  }

  #journalOf(call: Call): Journal {
    const { journal } = this
    const { watch } = this.#parts
    const standing = (ownership: Ownership, stands: () => void) => (outcome: 'durable' | 'fenced') => {
      if (outcome === 'durable') stands()
      else this.#parts.chronicle.tell('database', `a write of epoch ${ownership.epoch} is fenced`)
      return outcome
    }
    return {
      acquire: region =>
        call('own-connection', async () => {
          const acquired = await journal.acquire(region)
          this.#parts.chronicle.tell('database', `epoch ${acquired.ownership.epoch} begins at ${acquired.logEnd}`)
          watch.acquired(acquired.ownership.epoch)
          return acquired
        }),
      appendRecords: (ownership, batch) =>
        call(
          'write',
          () =>
            journal.appendRecords(ownership, batch).then(
              standing(ownership, () => {
                this.#ends = { ...this.#ends, logEnd: batch.at(-1)!.record.position }
                this.#parts.chronicle.mark(RECORDS, this.#ends.logEnd, JSON.stringify(batch))
                watch.recordsCommitted(ownership.epoch, batch)
              }),
            ),
          batch,
        ),
      appendSegment: (ownership, segment) =>
        call(
          'write',
          () =>
            journal.appendSegment(ownership, segment).then(
              standing(ownership, () => {
                this.#ends = { ...this.#ends, segmentEnd: segment.segmentNo }
                this.#parts.chronicle.mark(SEGMENT, segment.segmentNo, segment.bytes)
                watch.segmentCommitted(ownership.epoch, segment)
              }),
            ),
          [segment],
        ),
      putSnapshots: (ownership, snapshots) =>
        call(
          'write',
          () => journal.putSnapshots(ownership, snapshots).then(standing(ownership, () => watch.snapshotsPut())),
          snapshots,
        ),
      putClosedCalls: (ownership, calls, whole) =>
        call(
          'write',
          () =>
            journal.putClosedCalls(ownership, calls, whole).then(standing(ownership, () => watch.callsPutAway(calls))),
          calls,
        ),
      readClosedCalls: (region, names) => call('own-connection', () => journal.readClosedCalls(region, names)),
      readClosedPlaces: (region, sinceMs, most) =>
        call('own-connection', () => journal.readClosedPlaces(region, sinceMs, most)),
      putStreamMarks: (ownership, marks) =>
        call('write', () => journal.putStreamMarks(ownership, marks).then(standing(ownership, () => {})), marks),
      readStreamMarks: (region, streams) => call('own-connection', () => journal.readStreamMarks(region, streams)),
      settle: ownership => call('own-connection', () => journal.settle(ownership)),
      forgetCommands: (ownership, beforeMs) =>
        call('own-connection', () => journal.forgetCommands(ownership, beforeMs)),
      readLog: (region, after) => pages(call, () => journal.readLog(region, after)),
      readSegments: (region, after) => pages(call, () => journal.readSegments(region, after)),
      readSnapshots: region => pages(call, () => journal.readSnapshots(region)),
      readCommands: (region, since) => pages(call, () => journal.readCommands(region, since)),
      readCommandsOf: (region, names) => call('own-connection', () => journal.readCommandsOf(region, names)),
      readCallDetails: (region, callIds) => call('own-connection', () => journal.readCallDetails(region, callIds)),
      readCallNotes: (region, callIds) => call('own-connection', () => journal.readCallNotes(region, callIds)),
      readIncidentNumbers: region => call('own-connection', () => journal.readIncidentNumbers(region)),
      readOpenTrips: region => pages(call, () => journal.readOpenTrips(region)),
      refuseSnapshots: ownership => call('write', () => journal.refuseSnapshots(ownership)),
      close: () => Promise.resolve(),
    }
  }

  #leasesOf(call: Call): LeaseTable {
    const table = this.#leases
    const inFlight = new Set<(error: Error) => void>()
    const cuttable = <T>(run: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        inFlight.add(reject)
        call('lease', run)
          .then(resolve, reject)
          .finally(() => inFlight.delete(reject))
      })
    return {
      take: (regions, holder, leaseMs) => cuttable(() => table.take(regions, holder, leaseMs)),
      renew: (regions, incarnation, leaseMs) => cuttable(() => table.renew(regions, incarnation, leaseMs)),
      release: (regions, incarnation) => cuttable(() => table.release(regions, incarnation)),
      cut: async () => {
        for (const reject of inFlight) reject(new StoreUnavailable('the connection was cut'))
        inFlight.clear()
      },
    }
  }

  #referenceOf(call: Call): ReferenceSource {
    const { region, stations } = this.#parts
    const answer = <T>(value: T) => call('own-connection', () => Promise.resolve(value))
    return {
      version: () => answer(this.#version),
      listRegions: () => answer([{ ...region, dispatchMode: this.#standing.mode }]),
      listPolicies: () => answer(new Map([[region.region, this.#standing]])),
      listHospitals: () => answer(new Map([[region.region, HOSPITALS]])),
      listStationPlaces: () => answer(new Map([[region.region, stations]])),
      listUnits: (_: RegionId, since: number | null) => answer(since === this.#version ? [] : this.#units),
      listRetiredUnits: () => answer([]),
    }
  }

  /** One statement: there, done, and back, or however much of it this world allows. */
  #call<T>(client: Client, kind: Kind, run: () => Promise<T>, rows: readonly object[] = []): Promise<T> {
    const { loop } = this.#parts
    const life = this.#lives
    return new Promise<T>((resolve, reject) => {
      const answer = (delayMs: number, settle: () => void) => loop.after(delayMs, () => client.deliver(settle))
      const fail = (delayMs: number, error: Error) => answer(delayMs, () => reject(error))
      if (this.#isAway) return fail(this.#ms([1, 50]), new StoreUnavailable('the server does not answer'))
      if (this.#isPoolEmpty && kind !== 'write') {
        return fail(CONNECT_TIMEOUT_MS, new StoreUnavailable('no connection was free in time'))
      }
      const trouble = kind === 'write' ? this.#drawTrouble(rows) : null
      if (trouble !== null) this.#told(trouble)
      if (trouble === 'refused') return fail(this.#ms(QUICK_MS), new StoreUnavailable('too many clients'))
      if (trouble === 'rejected') {
        // A snapshot says nothing that the log does not: its owner does without it, and keeps its memory.
        if (!rows.some(row => 'state' in row)) this.#parts.onRejected()
        return fail(this.#ms(QUICK_MS), new ContentRejected('a row is refused'))
      }
      const [there, back] = [this.#ms(), this.#ms()]
      if (trouble === 'lost') return fail(there + back, new OutcomeUnknown('the connection broke before it was done'))
      if (trouble === 'late') {
        // The server read it only when its client had long gone: whoever has settled and repeated it meets its double.
        fail(there, new OutcomeUnknown('the connection broke, and the statement is still to be done'))
        loop.after(there + this.#ms(this.#parts.dice.oneIn(2) ? LATE_MS : JUST_LATE_MS), () =>
          this.#execute(life, () => void run().catch(() => undefined)),
        )
        return
      }

      if (kind === 'write') this.#reached('sent')
      const breakOff = () => {
        const error =
          kind === 'write' ? new OutcomeUnknown('the server went away') : new StoreUnavailable('it went away')
        fail(this.#ms([1, 50]), error)
      }
      this.#underWay.add(breakOff)
      const ended = () => this.#underWay.delete(breakOff)
      loop.after(there, () =>
        this.#execute(life, () => {
          run().then(
            value => {
              if (!ended()) return
              if (kind === 'write') this.#reached('done')
              if (trouble === 'kept') fail(back, new OutcomeUnknown('the connection broke after it was done'))
              else answer(back, () => resolve(value))
            },
            (error: Error) => {
              if (ended()) fail(back, error)
            },
          )
        }),
      )
    })
  }

  /** Runs at the server: now, when the lock is given up, or never. */
  #execute(life: number, run: () => void): void {
    const runIfAlive = () => {
      if (life === this.#lives) run()
    }
    if (this.#lockWaiters !== null) this.#lockWaiters.push(runIfAlive)
    else runIfAlive()
  }

  #reached(moment: WriteMoment): void {
    for (const run of this.#awaited[moment].splice(0)) this.#parts.loop.after(0, run)
  }

  #drawTrouble(rows: readonly object[]): 'refused' | 'rejected' | 'lost' | 'kept' | 'late' | null {
    if (rows.some(row => this.#badRows.has(row))) return 'rejected'
    const isFirst = !rows.some(row => this.#goodRows.has(row))
    for (const row of rows) this.#goodRows.add(row)
    const { refused, unknown, rejected } = this.#writeTroubles
    if (refused + unknown + rejected === 0) return null
    const { dice } = this.#parts
    const drawn = dice.below(100_000) / 100
    if (drawn < refused) return 'refused'
    if (drawn < refused + unknown) return dice.weighed({ lost: 2, kept: 2, late: 1 })
    if (drawn >= refused + unknown + rejected || !isFirst) return null
    this.#badRows.add(dice.pick(rows))
    return 'rejected'
  }

  #told(trouble: string): void {
    this.faults += 1
    this.#parts.chronicle.tell('database', `a write meets trouble: ${trouble}`)
  }

  #ms(range: readonly [number, number] = this.#isSlow ? SLOW_MS : QUICK_MS): number {
    return range[0] + ((range[1] - range[0]) * this.#parts.dice.below(1_000)) / 1_000
  }
}

/** A page is a statement of its own. */
async function* pages<T>(call: Call, read: () => AsyncIterable<T>): AsyncIterable<T> {
  const rows = read()[Symbol.asyncIterator]()
  for (;;) {
    const { done, value } = await call('own-connection', () => rows.next())
    if (done === true) return
    yield value
  }
}
