/** What a region's lanes to the store have in common, and who watches whether they keep up. */
import type { LaneSettings } from '../../../store/log/commit-loop.ts'
import type { Outbox } from '../outbox.ts'
import type { RegionParts } from '../parts.ts'
import type { Recovered } from '../recovery.ts'
import { StoreWatch } from '../store-watch.ts'

/** Whether the store takes what is decided, and fixes. */
export function storeWatch({ shared, telemetry: { outages }, regionId }: RegionParts, outbox: Outbox): StoreWatch {
  return new StoreWatch({
    scheduler: shared.machine,
    outbox,
    onChange: (lane, isStalled) => {
      if (isStalled) outages.failed('stalled', 'what was decided waits', `${regionId}/${lane}`)
      else outages.worked('stalled', `${regionId}/${lane}`)
    },
  })
}

/** What every lane to the store is given. */
export function laneSettings(parts: RegionParts, recovered: Recovered, store: StoreWatch): LaneSettings {
  const { journal, machine } = parts.shared
  const { metrics, outages } = parts.telemetry
  return {
    journal,
    ownership: recovered.acquired.ownership,
    scheduler: machine,
    observer: {
      began: lane => {
        if (lane === 'segments') store.segmentBegun()
      },
      committed: (lane, durationMs, size) => {
        metrics.commit(lane, durationMs / 1_000, size)
        outages.worked('writes', `${parts.regionId}/${lane}`)
        if (lane === 'segments') store.segmentDurable()
      },
      retrying: (lane, error) => outages.failed('writes', error, `${parts.regionId}/${lane}`),
    },
  }
}
