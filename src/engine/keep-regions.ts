/** The regions of an engine, before any is taken: the actors' system, the leases, the journal, and the keeper over them. */
import { hostname } from 'node:os'
import { ActorSystem } from '../actors/actor-system.ts'
import { newRoutedId } from '../actors/ids.ts'
import type { DrainLimits } from '../actors/region/drain.ts'
import { RegionKeeper } from '../actors/region-keeper.ts'
import { systemClock } from '../base/time.ts'
import { DRAIN_SHARES, type Endings } from '../process/endings.ts'
import { ErasureWatch } from '../store/age/erasure-watch.ts'
import { hasProcessEnded, leaseIncarnation } from '../store/leases/lease-process.ts'
import { Leases } from '../store/leases/leases.ts'
import { PostgresLeaseTable } from '../store/leases/postgres-lease-table.ts'
import type { ClockAnchor } from '../store/log/clock-anchor.ts'
import { PostgresJournal } from '../store/log/postgres-journal.ts'
import type { Database } from '../store/postgres/database.ts'
import { ReferenceStore } from '../store/reference/reference-store.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { EngineStore } from './engine-store.ts'
import type { RoadMaps } from './road-maps.ts'
import { storedRoads } from './stored-roads.ts'

interface KeepRegionsPorts {
  readonly database: Database
  readonly anchor: ClockAnchor
  readonly store: EngineStore
  readonly telemetry: Telemetry
  /** Hears of everything that is begun. */
  readonly endings: Endings
  readonly onTaken: (waited: boolean) => Promise<void>
  /** Another engine has one of the regions, or one cannot be kept. */
  readonly onLost: (error: Error) => void
  /** Known once the engine stops. */
  readonly drainLimits: () => DrainLimits | undefined
}

/** Input: `maps` hear of the roads that are read. */
export async function keepRegions(ports: KeepRegionsPorts, maps: RoadMaps): Promise<RegionKeeper> {
  const { database, anchor, store, telemetry, endings, onTaken, onLost, drainLimits } = ports
  const processIncarnation = await leaseIncarnation()
  const system = startActors(telemetry, endings)
  const leases = new Leases({
    table: new PostgresLeaseTable(store.url),
    scheduler: systemClock,
    node: `${hostname()}:${process.pid}`,
    processIncarnation,
    hasEnded: hasProcessEnded,
    handlers: {
      onLost: region => regions.lost(region),
      onTableTime: (epochMs, tookMs) => regions.databaseTold(epochMs, tookMs),
      onRenewalFailed: error => {
        store.health.renewal(error)
        telemetry.outages.failed('leases', error)
      },
      onRenewed: () => {
        store.health.renewal(null)
        telemetry.outages.worked('leases')
      },
    },
  })
  endings.add('the leases', () => {
    store.health.leasesEnded()
    return leases.stop()
  })
  const roads = storedRoads(database, maps, telemetry.log)
  const journal = new PostgresJournal(store.url)
  endings.add('the connections of the journal', () => journal.close())
  const regions = new RegionKeeper({
    shared: { anchor, system, journal, machine: systemClock, roads },
    telemetry,
    leases,
    reference: new ReferenceStore(database),
    newId: newRoutedId,
    onTaken,
    onLost,
  })
  const erasures = new ErasureWatch({
    database,
    scheduler: systemClock,
    hosts: () => regions.hosts(),
    onFailure: error => telemetry.outages.failed('erasures', error),
    onSuccess: () => telemetry.outages.worked('erasures'),
  })
  erasures.start()
  endings.add('the watch over erasures', () => erasures.stop())
  endings.add('the regions', () => regions.close(drainLimits()), DRAIN_SHARES.regionsClosed)
  return regions
}

function startActors({ metrics, log }: Telemetry, endings: Endings): ActorSystem {
  const system = new ActorSystem({
    soon: setImmediate,
    monotonicMs: () => systemClock.monotonicMs(),
    onFailure: (path, error) => {
      metrics.turnFailed()
      log.error({ path, err: error }, 'an actor failed at a message; the message changed nothing')
    },
  })
  endings.add('the actors', () => system.close())
  return system
}
