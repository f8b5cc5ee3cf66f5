/**
 * The times by which a question is answered: those of its priority and hour, with what is closed or slow at that moment.
 *
 * A question is given an object that never changes. While hour, priority and zones are the same it is the same object, so
 * whoever prepared something for it sees by a look whether that still holds. A change costs the next question a copy of the
 * arrays (0.3 ms for 90,000 arcs, 2.4 ms for 1.6 million); nothing else is prepared.
 *
 * A contraction hierarchy is of one such object alone. While another one is asked for, the search over reversed arcs answers,
 * exact and at once, and a thread makes the next hierarchy from the very times (`HierarchyKeeper`). With 40 units that search
 * takes 1.7 ms at p99 in a city of 54,000 nodes, and the thread is done after 0.6 s; with 507,000 nodes 24 ms and 15 s. A
 * hierarchy that can be weighted anew would make the gap shorter, in which answers are right as it is, and would make
 * every search at all other times longer, since it keeps the shortcuts of all weights. So there is none.
 */
import type { Priority } from '../../domain/vocabulary.ts'
import { MAX_ARC_MS, type RoadGraph } from '../graph.ts'
import { CLOSED_MS, type RoadTimes, roadTimes, sharedNumbers } from '../road-times.ts'
import { bandAt, LocalHours } from './local-hours.ts'
import type { ActiveZones, RoadZones } from './road-zones.ts'
import { factorOf, type HourBand, problemOfModel, type TravelModel } from './travel-model.ts'

interface TimesInForceSettings {
  readonly model: TravelModel
  /** A name of the IANA time zone database. */
  readonly timeZone: string
  /** The graph's ordinary times, to be given where none are others; default: made anew. */
  readonly usual?: RoadTimes
}

/** For whom, and when. */
export interface TravelAsk {
  /** Null: without siren. */
  readonly priority: Priority | null
  readonly atMs: number
}

/** With and without siren, in this band of hours and the next ones; each has three arrays of numbers by arc. */
const MAX_KEPT = 6
const ALL_DAY: Pick<HourBand, 'isPeak' | 'ordinary' | 'siren'> = {
  isPeak: false,
  ordinary: { otherwise: 1 },
  siren: { otherwise: 1 },
}

interface Kept {
  readonly plain: RoadTimes
  zones: ActiveZones | null
  now: RoadTimes
}

export class TimesInForce {
  readonly #graph: RoadGraph
  readonly #model: TravelModel
  readonly #hours: LocalHours
  readonly #zones: RoadZones
  readonly #usual: RoadTimes | null
  /** By band and share of siren; the last used is last. */
  readonly #kept = new Map<string, Kept>()
  /** By arc: its place in `inArc`; made when it is first needed. */
  #inSlot: Uint32Array | null = null

  /** Errors: RangeError for a model or a time zone that is none. */
  constructor(graph: RoadGraph, zones: RoadZones, { model, timeZone, usual }: TimesInForceSettings) {
    const problem = problemOfModel(model)
    if (problem !== null) throw new RangeError(problem)
    this.#graph = graph
    this.#zones = zones
    this.#model = model
    this.#usual = usual ?? null
    this.#hours = new LocalHours(timeZone)
  }

  at({ priority, atMs }: TravelAsk): RoadTimes {
    const band = bandAt(this.#model.bands, this.#hours.at(atMs))
    const share = priority === null ? 0 : this.#model.sirenShare[priority]
    const kept = this.#keptOf(band, share)
    const zones = this.#zones.activeAt(atMs)
    if (kept.zones !== zones) {
      kept.zones = zones
      kept.now = this.#with(kept.plain, zones)
    }
    return kept.now
  }

  /** Whether these are among the times that were asked for last. */
  isKept(times: RoadTimes): boolean {
    return [...this.#kept.values()].some(({ now }) => now === times)
  }

  #keptOf(band: number, share: number): Kept {
    const key = `${band} ${share}`
    let kept = this.#kept.get(key)
    if (kept === undefined) {
      const plain = this.#plainOf(this.#model.bands[band] ?? ALL_DAY, share)
      kept = { plain, zones: null, now: plain }
    }
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    if (this.#kept.size > MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value!)
    return kept
  }

  #plainOf(hours: typeof ALL_DAY, share: number): RoadTimes {
    const isUsual = share === 0 && !hours.isPeak && hours.ordinary.otherwise === 1 && !hours.ordinary.byClass
    if (isUsual && this.#usual !== null) return this.#usual
    const ms = this.#msOf(hours, share)
    return roadTimes(this.#graph, ms, ms)
  }

  /** Milliseconds by arc, rounded to the nearest, at least 1. */
  #msOf({ isPeak, ordinary, siren }: typeof ALL_DAY, share: number): Uint32Array {
    const { classes, arcClass, arcCount, timesMs } = this.#graph
    const usual = timesMs.get('ordinary')!
    const peak = isPeak ? timesMs.get('peak') : undefined
    const known = timesMs.get('siren')
    const ordinaryFactor = classes.map(roadClass => (peak === undefined ? factorOf(ordinary, roadClass) : 1))
    const sirenFactor = classes.map(roadClass => factorOf(siren, roadClass))
    const made = sharedNumbers(arcCount)
    for (let arc = 0; arc < arcCount; arc++) {
      const roadClass = arcClass[arc]!
      const withoutMs = (peak ?? usual)[arc]! * ordinaryFactor[roadClass]!
      const sirenMs = known === undefined ? usual[arc]! / this.#model.sirenFactor : known[arc]!
      const ms = withoutMs + share * (sirenMs * sirenFactor[roadClass]! - withoutMs)
      made[arc] = Math.min(MAX_ARC_MS, Math.max(1, Math.round(ms)))
    }
    return made
  }

  #with(plain: RoadTimes, { arcs, slowBy }: ActiveZones): RoadTimes {
    if (arcs.length === 0) return plain
    this.#inSlot ??= slotsOf(this.#graph)
    const [ms, throughMs, inMs] = [copyOf(plain.ms), copyOf(plain.throughMs), copyOf(plain.inMs)]
    arcs.forEach((arc, index) => {
      const slow = slowBy[index]!
      ms[arc] = Math.round(plain.ms[arc]! * Math.max(1, slow))
      throughMs[arc] = slow === 0 ? CLOSED_MS : ms[arc]
      inMs[this.#inSlot![arc]!] = throughMs[arc]!
    })
    return { ms, throughMs, inMs }
  }
}

function slotsOf({ inArc }: RoadGraph): Uint32Array {
  const slots = new Uint32Array(inArc.length)
  inArc.forEach((arc, slot) => {
    slots[arc] = slot
  })
  return slots
}

function copyOf(numbers: Uint32Array): Uint32Array {
  const copy = sharedNumbers(numbers.length)
  copy.set(numbers)
  return copy
}
