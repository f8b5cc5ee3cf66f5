/**
 * Which roads the regions of this process are to go by: each is told the version that stands, once somebody has made it ready.
 *
 * To read and prepare a network takes seconds, so a look only begins it; one network after the other, for each takes memory. Roads
 * that cannot be used as they are stored are refused: the region goes on by the former ones, or by the straight line, and they
 * are tried again when another version stands. A store that is away is asked again with the next look.
 */
import type { MachineClock } from '../base/time.ts'
import type { AskableRoads } from '../domain/dispatch/road-questions.ts'
import type { RegionId } from '../domain/ids.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

/** A version of a region's roads; without a hash it stands for the straight line. */
export interface RoadsToTake {
  readonly version: number
  readonly sha256: string | null
  /** The version of learned speeds that is in use; null, or left out, for the usual ones. */
  readonly speeds?: { readonly version: number; readonly model: unknown } | null
}

/** Those that have a network. */
type RoadsToLoad = RoadsToTake & { readonly sha256: string }

/** Where roads come from. */
export interface RoadSource {
  /** What stands in each region that ever had roads. */
  standing(): Promise<ReadonlyMap<RegionId, RoadsToTake>>
  /**
   * Makes a network ready beside this loop. Errors: RoadsRefused for one that can never be used as it is; those of the store;
   * the reason of the signal.
   */
  load(region: RegionId, roads: RoadsToLoad, signal: AbortSignal): Promise<AskableRoads>
}

/** These roads cannot be used, however often they are tried. */
export class RoadsRefused extends Error {
  override readonly name = 'RoadsRefused'
}

/** A region as it is told its roads; a `RegionHost` is one. */
export interface RoadTaker {
  readonly regionId: RegionId
  driveOn(roads: AskableRoads | null): void
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
  /** What each host was told, is about to be, or would have been were it not refused. */
  readonly #taken = new WeakMap<RoadTaker, string>()
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
      if (roads === undefined || this.#taken.get(host) === nameOf(roads)) continue
      this.#taken.set(host, nameOf(roads))
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

  async #take(host: RoadTaker, roads: RoadsToTake): Promise<void> {
    const { source, machine, telemetry } = this.#ports
    const { regionId: region } = host
    const { version, sha256, speeds } = roads
    // Another version may stand by now.
    if (this.#ending.signal.aborted || this.#taken.get(host) !== nameOf(roads)) return
    const startedMs = machine.monotonicMs()
    try {
      host.driveOn(sha256 === null ? null : await source.load(region, { ...roads, sha256 }, this.#ending.signal))
    } catch (error) {
      if (this.#ending.signal.aborted) return
      telemetry.outages.failed('roads', error, region)
      if (!(error instanceof RoadsRefused)) this.#taken.delete(host)
      return
    }
    telemetry.outages.worked('roads', region)
    const tookMs = Math.round(machine.monotonicMs() - startedMs)
    telemetry.log.info(
      { region, version, ...(speeds && { speedsVersion: speeds.version }), tookMs },
      sha256 === null ? 'the region goes by the straight line' : 'the region goes by roads',
    )
  }
}

/** Roads are taken anew with other speeds, and speeds of a region without roads say nothing. */
const nameOf = ({ version, sha256, speeds }: RoadsToTake): string =>
  `${version}/${sha256 === null ? '' : (speeds?.version ?? '')}`
