/** The roads that a region goes by, and where its stations are: those that are taken hold from the next choice on. And how often roads did not help. */
import type { AskableRoads, RoadAnswers, RoadOutcome, RoadQuestion } from '../../domain/dispatch/road-questions.ts'
import type { Driving, EstimateReason, NotByRoad, TravelTimes } from '../../domain/dispatch/travel-times.ts'
import type { Position } from '../../domain/geo.ts'
import type { DrawnZone, RoadsThere, ZonePlace } from '../../domain/zone.ts'
import type { RegionPolicy } from './region-policy.ts'
import { StationPlaces } from './station-places.ts'

interface RegionRoadsPorts {
  readonly policy: Pick<RegionPolicy, 'standing'>
  /** The IANA name of the region's time zone as it is now. */
  readonly timeZone: () => string
  /** The zones that stand, the same list while none changes. */
  readonly zones: () => readonly DrawnZone[]
}

/** `zone-left-out`: a zone of closed or slow roads that these roads cannot take, when they were taken. */
export type RoadFallback = NotByRoad | EstimateReason | 'zone-left-out'

export class RegionRoads {
  readonly #fallbacks = new Map<RoadFallback, number>()
  readonly #ports: RegionRoadsPorts
  #stations = new StationPlaces([])
  #standing: AskableRoads | null = null

  constructor(ports: RegionRoadsPorts) {
    this.#ports = ports
  }

  /** Null: by the straight line, as at first; others come as a message. */
  get version(): number | null {
    return this.#standing?.version ?? null
  }

  /** Of the learned speeds that they go by; null by the usual ones. */
  get speedsVersion(): number | null {
    return this.#standing?.speedsVersion ?? null
  }

  /** For one turn or question; null by the straight line. */
  look(): TravelTimes | null {
    return this.#restricted()?.look(this.#driving) ?? null
  }

  /** Answered beside the turns; null by the straight line, and where nobody answers. */
  ask<Question extends RoadQuestion>(question: Question): Promise<RoadOutcome<RoadAnswers[Question['kind']]>> | null {
    return this.#restricted()?.questions?.ask(question, this.#driving) ?? null
  }

  get #driving(): Driving {
    const { policy, timeZone } = this.#ports
    return { policy: policy.standing, timeZone: timeZone() }
  }

  /** The standing roads, as they are closed and slow now. */
  #restricted(): AskableRoads | null {
    const leftOut = this.#standing?.restrict(this.#ports.zones()) ?? 0
    for (let count = 0; count < leftOut; count++) this.fellBack('zone-left-out')
    return this.#standing
  }

  /** What of the standing roads lies there; null by the straight line. */
  there(place: ZonePlace): RoadsThere | null {
    return this.#restricted()?.there(place) ?? null
  }

  /** Whether a unit there is at one of the region's stations, which come as a message, before its first roads. */
  isAtStation(place: Position): boolean {
    return this.#stations.isAtOne(place)
  }

  /** Between two turns only. */
  takeStations(places: readonly Position[]): void {
    this.#stations = new StationPlaces(places)
  }

  /** Choices that went by the straight line, and units whose time was an estimate, since the region came here. */
  get fallbacks(): ReadonlyMap<RoadFallback, number> {
    return this.#fallbacks
  }

  /** Between two turns only. */
  take(roads: AskableRoads | null): void {
    this.#standing = roads
  }

  fellBack(reason: RoadFallback): void {
    this.#fallbacks.set(reason, (this.#fallbacks.get(reason) ?? 0) + 1)
  }
}
