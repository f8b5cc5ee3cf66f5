/** What is measured of the regions of this process, while their memory is here. */
import { countAlarms } from '../actors/region/alarm-count.ts'
import type { RegionHost } from '../actors/region-host.ts'
import type { MetricsSource } from '../telemetry/source-gauges.ts'

type RegionFigures = Pick<
  MetricsSource,
  | 'mailboxDepth'
  | 'pendingTrips'
  | 'openAlarms'
  | 'logPositions'
  | 'fixesNotDurable'
  | 'writesStalled'
  | 'roadsVersions'
  | 'speedsVersions'
  | 'roadFallbacks'
>

export function figuresOf(hosts: () => readonly RegionHost[]): RegionFigures {
  const regions = () => hosts().filter(({ region }) => region !== null)
  return {
    mailboxDepth: () => regions().map(({ regionId, region }) => [regionId, region!.mailboxDepth] as const),
    pendingTrips: () =>
      regions().flatMap(({ regionId, region }) =>
        region!.pendingByPriority().map(([priority, count]) => [regionId, priority, count] as const),
      ),
    openAlarms: () =>
      regions().flatMap(({ regionId, region }) =>
        countAlarms(region!.states.alarmed()).map(count => [regionId, ...count] as const),
      ),
    logPositions: () =>
      regions().map(({ regionId, region }) => [regionId, region!.logHead, region!.logDurable] as const),
    fixesNotDurable: () => regions().map(({ regionId, region }) => [regionId, region!.fixesNotDurable] as const),
    roadsVersions: () => regions().map(({ regionId, region }) => [regionId, region!.roads.version ?? 0] as const),
    speedsVersions: () =>
      regions().map(({ regionId, region }) => [regionId, region!.roads.speedsVersion ?? 0] as const),
    roadFallbacks: () =>
      regions().flatMap(({ regionId, region }) =>
        [...region!.roads.fallbacks].map(([reason, count]) => [regionId, reason, count] as const),
      ),
    writesStalled: () =>
      regions().flatMap(({ regionId, region }) => [
        [regionId, 'records', region!.writes.refusesCommands] as const,
        [regionId, 'segments', region!.writes.keepsFixesWaiting] as const,
      ]),
  }
}
