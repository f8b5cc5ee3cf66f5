/** Roads from the store: read piece by piece, and made ready by a thread, so that nobody waits for them. */
import { type RoadSource, RoadsRefused, type RoadsToTake } from '../actors/road-news.ts'
import { systemClock } from '../base/time.ts'
import { storedModel } from '../roads/times/stored-model.ts'
import type { TravelModel } from '../roads/times/travel-model.ts'
import { hierarchyOfTimes } from '../roads/travel/hierarchy-of-times.ts'
import { prepareRoads } from '../roads/travel/prepare-roads.ts'
import { RoadTravel } from '../roads/travel/road-travel.ts'
import type { Database } from '../store/postgres/database.ts'
import { RoadStore } from '../store/roads/road-store.ts'
import { SpeedStore } from '../store/roads/speed-store.ts'
import type { Logger } from '../telemetry/log.ts'
import type { RoadMaps } from './road-maps.ts'

/** Input: `maps` hear of what is read. */
export function storedRoads(database: Database, maps: RoadMaps, log: Pick<Logger, 'warn' | 'error'>): RoadSource {
  const wallMs = () => systemClock.wallMs()
  const [store, speedStore] = [new RoadStore(database, wallMs), new SpeedStore(database, wallMs)]
  /** Null for speeds that cannot be read: the region is better off with its roads and the usual ones. */
  const modelOf = (region: string, { version, model }: NonNullable<RoadsToTake['speeds']>): TravelModel | null => {
    try {
      return storedModel(model)
    } catch (error) {
      log.error({ region, version, err: error }, 'learned speeds cannot be read; the region goes by the usual ones')
      return null
    }
  }
  return {
    async standing() {
      const [roads, inUse] = [await store.standing(), await speedStore.inUse()]
      for (const [region, { sha256 }] of roads) if (sha256 === null) maps.forget(region)
      return new Map([...roads].map(([region, each]) => [region, { ...each, speeds: inUse.get(region) ?? null }]))
    },
    async load(region, { version, sha256, speeds }, signal) {
      const bytes = await store.read(region, sha256)
      if (bytes === null) {
        throw new RoadsRefused(`The network of version ${version} is not stored whole: import its files again.`)
      }
      const roads = await prepareRoads({ ...bytes, sha256 }, signal).catch(error => {
        signal.throwIfAborted()
        // Whoever tells it tells the cause behind it.
        throw new RoadsRefused(`Version ${version} of the roads cannot be used`, { cause: error })
      })
      maps.take(region, version, roads.graph)
      const model = speeds ? modelOf(region, speeds) : null
      return new RoadTravel(roads, version, {
        make: (throughMs, ending) => hierarchyOfTimes({ graphBytes: bytes.graph, throughMs }, ending),
        // The search answers then.
        failed: error =>
          log.warn({ region, err: error }, 'times by road go on by a slower search, for a thread failed'),
        ...(speeds && model && { speeds: { version: speeds.version, model } }),
      })
    },
  }
}
