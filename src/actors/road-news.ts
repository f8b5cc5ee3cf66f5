/**
 * Which roads the regions of this process are to go by: each is told the version that stands, once somebody has made it ready.
 *
 * To read and prepare a network takes seconds, so a look only begins it; one network after the other, for each takes memory. Roads
 * that cannot be used as they are stored are refused: the region goes on by the former ones, or by the straight line, and they
 * are tried again when another version stands. A store that is away is asked again with the next look.
 */
import type { MachineClock } from '../base/time.ts'
import type { Roads } from '../domain/dispatch/travel-times.ts'
import type { RegionId } from '../domain/ids.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

/** A version of a region's roads; without a hash it stands for the straight line. */
export interface RoadsToTake {
  readonly version: number
  readonly sha256: string | null
}

/** Where roads come from. */
export interface RoadSource {
  /** What stands in each region that ever had roads. */
  standing(): Promise<ReadonlyMap<RegionId, RoadsToTake>>
  /**
   * Makes a network ready beside this loop. Errors: RoadsRefused for one that can never be used as it is; those of the store;
   * the reason of the signal.
   */
  load(region: RegionId, version: number, sha256: string, signal: AbortSignal): Promise<Roads>
}

/** These roads cannot be used, however often they are tried. */
export class RoadsRefused extends Error {
  override readonly name = 'RoadsRefused'
}

/** A region as it is told its roads; a `RegionHost` is one. */
export interface RoadTaker {
  readonly regionId: RegionId
  driveOn(roads: Roads | null): void
}

interface RoadNewsPorts {
  readonly source: RoadSource
  readonly hosts: () => Iterable<RoadTaker>
  readonly machine: MachineClock
  readonly telemetry: Pick<Telemetry, 'log' | 'outages'>
}

export class RoadNews {
  readonly #ports: RoadNewsPorts
  readonly #ending = new AbortController()
  #standing: ReadonlyMap<RegionId, RoadsToTake> = new Map()
  /** Of the reference data, when they stood. */
  #standingAt: number | null = null
  /** The version that each host was told, is about to be, or would have been were it not refused. */
  readonly #taken = new WeakMap<RoadTaker, number>()
  #loading: Promise<void> = Promise.resolve()

  constructor(ports: RoadNewsPorts) {
    this.#ports = ports
  }

  /** Sees to it that every region goes by what stands. Errors: those of the source. */
  async look(referenceVersion: number): Promise<void> {
    const { source, hosts } = this.#ports
    if (this.#standingAt !== referenceVersion) this.#standing = await source.standing()
    this.#standingAt = referenceVersion
    for (const host of hosts()) {
      const roads = this.#standing.get(host.regionId)
      if (roads === undefined || this.#taken.get(host) === roads.version) continue
      this.#taken.set(host, roads.version)
      this.#loading = this.#loading.then(() => this.#take(host, roads))
    }
  }

  /** Resolves when what was begun is over, at the latest after so long. */
  async settled(limitMs: number): Promise<void> {
    let cancel = () => {}
    const late = new Promise<void>(resolve => {
      cancel = this.#ports.machine.after(limitMs, resolve)
    })
    await Promise.race([this.#loading, late])
    cancel()
  }

  /** Begins nothing more, and ends what is under way. */
  end(): void {
    this.#ending.abort()
  }

  async #take(host: RoadTaker, { version, sha256 }: RoadsToTake): Promise<void> {
    const { source, machine, telemetry } = this.#ports
    const { regionId: region } = host
    // Another version may stand by now.
    if (this.#ending.signal.aborted || this.#taken.get(host) !== version) return
    const startedMs = machine.monotonicMs()
    try {
      host.driveOn(sha256 === null ? null : await source.load(region, version, sha256, this.#ending.signal))
    } catch (error) {
      if (this.#ending.signal.aborted) return
      telemetry.outages.failed('roads', error, region)
      if (!(error instanceof RoadsRefused)) this.#taken.delete(host)
      return
    }
    telemetry.outages.worked('roads', region)
    const tookMs = Math.round(machine.monotonicMs() - startedMs)
    telemetry.log.info(
      { region, version, tookMs },
      sha256 === null ? 'the region goes by the straight line' : 'the region goes by roads',
    )
  }
}
