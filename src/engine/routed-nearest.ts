/**
 * A dispatcher's "nearest" by the times of a routing server, where the operator has named one.
 *
 * The region answers first, from its own memory and by its own times; then the server is asked for the units that it named, and puts
 * them into its order. No turn and no decision waits for it, or hears of it: the region does not know that there is a server.
 *
 * Whoever asks is answered within the server's time limit. While the server does not answer, or too many questions wait for it, the
 * region's own answer stands and says why.
 */
import type { Query, QueryAnswer, RegionHandle } from '../actors/region-handle.ts'
import type { Scheduler } from '../base/time.ts'
import type { Config } from '../config/index.ts'
import type { NotByServer } from '../domain/dispatch/routing-server.ts'
import { GuardedTimes } from '../roads/providers/guarded-times.ts'
import type { ManyToOne, ManyToOneAnswer, NoTimes } from '../roads/providers/many-to-one.ts'
import { OsrmTimes } from '../roads/providers/osrm-times.ts'
import type { RouterSettings } from '../roads/providers/router-settings.ts'
import { ValhallaTimes } from '../roads/providers/valhalla-times.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

type NearestQuery = Extract<Query, { readonly type: 'nearest' }>
type NearestShown = Extract<
  Extract<QueryAnswer, { readonly ok: true }>['shown'],
  { readonly type: 'nearest' }
>['nearest']

/** Who is soonest by the server may be further away by our own times: so many are asked for, for each one that is wanted. */
const ASKED_FOR_EACH = 3
const ASKED_LEAST = 10
/** Questions that wait for the server at once; what is more is answered without it. An answer of 100 places is some kilobytes. */
export const WAITING_MAX = 32
const ANSWER_BYTES_MAX = 64 * 1024
const FAILURES_TO_OPEN = 5
const PAUSE_MS = 10_000

interface RoutedNearestPorts {
  readonly scheduler: Scheduler
  readonly telemetry: Pick<Telemetry, 'metrics' | 'outages'>
}

export class RoutedNearest {
  readonly #ports: RoutedNearestPorts
  readonly #maxPlaces: number
  readonly #server: ManyToOne & Pick<GuardedTimes, 'mode'>
  readonly #handles = new WeakMap<RegionHandle, RegionHandle>()
  #waiting = 0

  constructor(settings: NonNullable<Config['routing']>, ports: RoutedNearestPorts) {
    this.#ports = ports
    this.#maxPlaces = settings.maxPlaces
    this.#server = guarded(settings, ports)
  }

  /** The same region, whose "nearest" goes by the server; always the same one for one region. */
  handleOf(region: RegionHandle): RegionHandle {
    const known = this.#handles.get(region)
    if (known !== undefined) return known
    const handle: RegionHandle = {
      regionId: region.regionId,
      open: (session, hello) => region.open(session, hello),
      closed: session => region.closed(session),
      command: request => region.command(request),
      tell: (session, request) => region.tell(session, request),
      trackerFix: request => region.trackerFix(request),
      boardFrom: fromPosition => region.boardFrom(fromPosition),
      query: (query, answer) =>
        query.type === 'nearest' ? this.#nearest(region, query, answer) : region.query(query, answer),
    }
    this.#handles.set(region, handle)
    return handle
  }

  #nearest(region: RegionHandle, query: NearestQuery, answer: (answer: QueryAnswer) => void): void {
    const { k, lonDeg, latDeg } = query
    const most = Math.max(k, Math.min(this.#maxPlaces - 1, Math.max(ASKED_LEAST, k * ASKED_FOR_EACH)))
    region.query({ ...query, k: most }, own => {
      if (!own.ok || own.shown.type !== 'nearest') return answer(own)
      const { nearest } = own.shown
      const tell = (told: NearestShown) =>
        answer({ ...own, shown: { type: 'nearest', nearest: { ...told, units: told.units.slice(0, k) } } })
      const from = nearest.units.map(({ fix }) => fix)
      void this.#asked(from, { lonDeg, latDeg }).then(times => tell(merged(nearest, times)))
    })
  }

  async #asked(
    from: readonly { readonly lonDeg: number; readonly latDeg: number }[],
    to: { readonly lonDeg: number; readonly latDeg: number },
  ): Promise<ManyToOneAnswer | 'busy'> {
    const { scheduler, telemetry } = this.#ports
    if (this.#waiting >= WAITING_MAX) {
      telemetry.metrics.routing.answered('busy')
      return 'busy'
    }
    this.#waiting += 1
    const startedMs = scheduler.monotonicMs()
    // Of no trip, so without a siren.
    const times = await this.#server.timesToOne({ from, to, priority: 5, atMs: 0 })
    this.#waiting -= 1
    telemetry.metrics.routing.answered(times.ok ? 'answered' : times.why)
    if (times.ok || times.why !== 'open-circuit')
      telemetry.metrics.routing.waited((scheduler.monotonicMs() - startedMs) / 1_000)
    telemetry.metrics.routing.leftAlone(this.#server.mode !== 'closed')
    if (times.ok) telemetry.outages.worked('routing-server')
    return times
  }
}

function guarded(
  { kind, url: baseUrl, timeoutMs, maxPlaces }: NonNullable<Config['routing']>,
  { scheduler, telemetry }: RoutedNearestPorts,
): GuardedTimes {
  const settings: RouterSettings = { baseUrl, timeoutMs, maxPlaces, maxBytes: ANSWER_BYTES_MAX }
  const server = kind === 'osrm' ? new OsrmTimes(settings, scheduler) : new ValhallaTimes(settings, scheduler)
  const fellBack = (why: NoTimes, message: string) => {
    if (why !== 'too-many' && why !== 'open-circuit') telemetry.outages.failed('routing-server', new NoRoutes(message))
  }
  // The region has answered by its own times already, so nobody stands behind the server here.
  const ports = { server, fallBack: null, scheduler, fellBack }
  return new GuardedTimes({ failuresToOpen: FAILURES_TO_OPEN, pauseMs: PAUSE_MS }, ports)
}

/** The routing server gave no times. */
class NoRoutes extends Error {
  override readonly name = 'NoRoutes'
}

/**
 * The server says how long the drive takes; turnout and the age of a fix count beside it, where the region goes by road and so says
 * them. A unit from which the server knows no way has no time, and comes behind those that have one, in the region's order.
 */
function merged(own: NearestShown, times: ManyToOneAnswer | 'busy'): NearestShown {
  if (times === 'busy') return { ...own, notByServer: 'busy' }
  if (!times.ok) return { ...own, notByServer: times.why satisfies NotByServer }
  const timed = own.units.map(({ etaMs: _, estimated: __, turnoutMs, unsureMs, ...unit }, index) => {
    const driveMs = times.driveMs[index] ?? null
    if (driveMs === null) return unit
    const etaMs = driveMs + (turnoutMs ?? 0) + (unsureMs ?? 0)
    const parts = { ...(turnoutMs !== undefined && { turnoutMs }), ...(unsureMs !== undefined && { unsureMs }) }
    return { ...unit, etaMs, ...parts }
  })
  const ms = (unit: { readonly etaMs?: number; readonly unitId: string }) => unit.etaMs ?? Number.POSITIVE_INFINITY
  return { basis: times.basis, units: timed.sort((a, b) => (ms(a) === ms(b) ? 0 : ms(a) - ms(b))) }
}
