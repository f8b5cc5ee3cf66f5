/** The travel times of the own roads, behind the port of those who ask a server. */
import type { RoadPosition } from '../graph.ts'
import { NO_WAY_MS, travelTable } from '../reach/travel-table.ts'
import type { TreeSearch } from '../reach/tree-search.ts'
import type { RoadSnapper } from '../snap.ts'
import type { TimesInForce } from '../times/times-in-force.ts'
import type { ManyToOne, ManyToOneAnswer, ManyToOneAsk } from './many-to-one.ts'

interface OwnTimesPorts {
  readonly search: TreeSearch
  readonly snapper: RoadSnapper
  readonly times: TimesInForce
}

export class OwnTimes implements ManyToOne {
  readonly #ports: OwnTimesPorts

  constructor(ports: OwnTimesPorts) {
    this.#ports = ports
  }

  timesToOne(ask: ManyToOneAsk): Promise<ManyToOneAnswer> {
    return Promise.resolve(this.now(ask))
  }

  /** The same at once: one search from the place. What is further than 200 m from any road has no time. */
  now({ from, to, priority, atMs }: ManyToOneAsk): Extract<ManyToOneAnswer, { ok: true }> {
    const { search, snapper, times } = this.#ports
    const place = snapper.snap({ ...to, isAddress: true, headingDeg: null, former: null })
    const snapped = from.map(position =>
      snapper.snap({ ...position, isAddress: false, headingDeg: null, former: null }),
    )
    const onRoad = snapped.filter((each): each is NonNullable<typeof each> => each !== null)
    const toPlace: RoadPosition[] = place === null ? [] : [place]
    const ask = { from: onRoad, to: toPlace, times: times.at({ priority, atMs }), hierarchy: null }
    const found = travelTable(search, ask).values()
    const driveMs = snapped.map(each => {
      const ms = each === null ? NO_WAY_MS : (found.next().value ?? NO_WAY_MS)
      return ms === NO_WAY_MS ? null : ms
    })
    return { ok: true, driveMs, basis: 'roads' }
  }
}
