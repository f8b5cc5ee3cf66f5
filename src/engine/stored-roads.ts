/** Roads from the store: read piece by piece, and made ready by a thread, so that nobody waits for them. */
import { type RoadSource, RoadsRefused } from '../actors/road-news.ts'
import { systemClock } from '../base/time.ts'
import { hierarchyOfTimes } from '../roads/travel/hierarchy-of-times.ts'
import { prepareRoads } from '../roads/travel/prepare-roads.ts'
import { RoadTravel } from '../roads/travel/road-travel.ts'
import type { Database } from '../store/postgres/database.ts'
import { RoadStore } from '../store/roads/road-store.ts'

/** Input: hears of a hierarchy that could not be made; the search answers then. */
export function storedRoads(database: Database, failed: (region: string, error: unknown) => void): RoadSource {
  const store = new RoadStore(database, () => systemClock.wallMs())
  return {
    standing: () => store.standing(),
    async load(region, version, sha256, signal) {
      const bytes = await store.read(region, sha256)
      if (bytes === null) {
        throw new RoadsRefused(`The network of version ${version} is not stored whole: import its files again.`)
      }
      const roads = await prepareRoads({ ...bytes, sha256 }, signal).catch(error => {
        signal.throwIfAborted()
        const { message } = error as Error
        throw new RoadsRefused(`Version ${version} of the roads cannot be used: ${message}`, { cause: error })
      })
      return new RoadTravel(roads, version, {
        make: (throughMs, ending) => hierarchyOfTimes({ graphBytes: bytes.graph, throughMs }, ending),
        failed: error => failed(region, error),
      })
    },
  }
}
