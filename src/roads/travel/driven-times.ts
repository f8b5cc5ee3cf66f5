/**
 * The times in force for a drive, each set with its fastest road, and its hierarchy once a thread has made one.
 *
 * A set is of one band of hours, one share of what a siren saves and the zones of one moment. Until its hierarchy is there the
 * search answers, and whoever asks cannot tell which it was. One thread runs at a time; it ends when nobody asks for its times
 * any more, and a set for which it failed goes on by the search.
 */
import type { Drive, Driving, DrivingPolicy } from '../../domain/dispatch/travel-times.ts'
import { PRIORITIES } from '../../domain/vocabulary.ts'
import type { Hierarchy } from '../hierarchy/hierarchy.ts'
import type { RoadTimes } from '../road-times.ts'
import { RoadZones } from '../times/road-zones.ts'
import { TimesInForce } from '../times/times-in-force.ts'
import { type TravelModel, USUAL_TRAVEL_MODEL } from '../times/travel-model.ts'
import type { PreparedRoads } from './prepared-roads.ts'
import { TimesByHierarchy } from './times-by-hierarchy.ts'

/** Has the hierarchy of times made; where there is none of it, the search alone answers for all but the ordinary times. */
export type HierarchyMaker = (throughMs: Uint32Array, signal: AbortSignal) => Promise<Hierarchy>

export interface DrivenSet {
  readonly times: RoadTimes
  /** No way brings anybody nearer faster. */
  readonly fastestMps: number
  /** Null until it is made. */
  readonly hierarchy: TimesByHierarchy | null
}

interface KeptSet extends DrivenSet {
  hierarchy: TimesByHierarchy | null
  /** It waits for its hierarchy, or has none to wait for. */
  isSettled: boolean
}

interface DrivenTimesPorts {
  readonly make: HierarchyMaker | null
  readonly failed: (error: unknown) => void
}

export class DrivenTimes {
  readonly zones: RoadZones
  readonly #roads: PreparedRoads
  readonly #ports: DrivenTimesPorts
  readonly #model: TravelModel
  /** Gone with their times. */
  readonly #sets = new WeakMap<RoadTimes, KeptSet>()
  /** Sets without a hierarchy, the last that was asked for last; as many as times are kept. */
  #wanted: KeptSet[] = []
  #making: { readonly set: KeptSet; readonly ending: AbortController } | null = null
  #made: Promise<void> = Promise.resolve()
  #driving: Driving | null = null
  #inForce: TimesInForce | null = null
  #isStopped = false

  /** Input: the hours and factors to go by; who drives with a siren, and what it saves, is said by the policy. */
  constructor(roads: PreparedRoads, ports: DrivenTimesPorts, model: TravelModel = USUAL_TRAVEL_MODEL) {
    const { graph, times, fastestMps, hierarchy } = roads
    this.zones = new RoadZones(graph)
    this.#roads = roads
    this.#ports = ports
    this.#model = model
    this.#sets.set(times, { times, fastestMps, hierarchy: new TimesByHierarchy(hierarchy), isSettled: true })
  }

  of(driving: Driving, { priority, atMs }: Drive): DrivenSet {
    const ports = this.#ports
    const times = this.#inForceFor(driving).at({ priority, atMs })
    let set = this.#sets.get(times)
    if (set === undefined) {
      set = { times, fastestMps: this.#fastestOf(times), hierarchy: null, isSettled: ports.make === null }
      this.#sets.set(times, set)
    }
    if (!set.isSettled) this.#want(set)
    return set
  }

  /** When the threads that are wanted now are done. */
  async settled(): Promise<void> {
    while (this.#making !== null) await this.#made
  }

  stop(): void {
    this.#isStopped = true
    this.#wanted = []
    this.#making?.ending.abort(new Error('These roads are in use no more.'))
  }

  #inForceFor(driving: Driving): TimesInForce {
    if (this.#inForce !== null && this.#driving !== null && isSame(this.#driving, driving)) return this.#inForce
    const { policy, timeZone } = driving
    const { sirenPercent, sirenTimePercent } = policy
    const shares = PRIORITIES.map(priority => [priority, sirenPercent[priority] / 100])
    const model = {
      ...this.#model,
      sirenFactor: 100 / sirenTimePercent,
      sirenShare: Object.fromEntries(shares) as DrivingPolicy['sirenPercent'],
    }
    const { graph, times } = this.#roads
    this.#driving = driving
    this.#inForce = new TimesInForce(graph, this.zones, { model, timeZone, usual: times })
    return this.#inForce
  }

  /** By the ordinary times, and by how much faster than by those an arc is driven at most. */
  #fastestOf({ ms }: RoadTimes): number {
    const usual = this.#roads.times.ms
    let most = 0
    for (let arc = 0; arc < ms.length; arc++) most = Math.max(most, usual[arc]! / ms[arc]!)
    return this.#roads.fastestMps * most
  }

  #want(set: KeptSet): void {
    if (this.#isStopped) return
    set.isSettled = true
    this.#wanted = [...this.#inUse(), set]
    if (this.#making === null) return this.#makeNext()
    const { set: making, ending } = this.#making
    if (!this.#inForce!.isKept(making.times)) ending.abort(new Error('Other times are in use.'))
  }

  /** Those that nobody asks for any more are made once somebody does again. */
  #inUse(): KeptSet[] {
    return this.#wanted.filter(set => {
      set.isSettled = this.#inForce!.isKept(set.times)
      return set.isSettled
    })
  }

  #makeNext(): void {
    const waiting = this.#inUse()
    const set = waiting.pop()
    this.#wanted = waiting
    if (set === undefined || this.#isStopped) return
    const ending = new AbortController()
    this.#making = { set, ending }
    this.#made = this.#make(set, ending.signal)
  }

  async #make(set: KeptSet, signal: AbortSignal): Promise<void> {
    try {
      const hierarchy = await this.#ports.make!(set.times.throughMs, signal)
      if (!signal.aborted) set.hierarchy = new TimesByHierarchy(hierarchy)
    } catch (error) {
      set.isSettled = !signal.aborted
      if (!signal.aborted) this.#ports.failed(error)
    }
    this.#making = null
    this.#makeNext()
  }
}

const isSame = (one: Driving, other: Driving): boolean =>
  one.timeZone === other.timeZone &&
  (one.policy === other.policy ||
    (one.policy.sirenTimePercent === other.policy.sirenTimePercent &&
      PRIORITIES.every(priority => one.policy.sirenPercent[priority] === other.policy.sirenPercent[priority])))
