/** What is measured of the regions of this process, while their memory is here. */
import { countAlarms } from '../actors/region/alarm-count.ts'
import { OVERLOAD_STEPS } from '../actors/region/overload/overload-step.ts'
import type { RegionHost } from '../actors/region-host.ts'
import type { MetricsSource } from '../telemetry/source-gauges.ts'

type RegionFigures = Pick<
  MetricsSource,
  | 'mailboxDepth'
  | 'overloads'
  | 'pendingTrips'
  | 'openAlarms'
  | 'positions'
  | 'deviceClocksOff'
  | 'logPositions'
  | 'fixesNotDurable'
  | 'writesStalled'
  | 'roadsVersions'
  | 'speedsVersions'
  | 'roadFallbacks'
  | 'viewsBehind'
>

/** Input: how far the views of each region have come, as the database had it last. */
export function figuresOf(
  hosts: () => readonly RegionHost[],
  viewPositions: () => ReadonlyMap<string, number>,
): RegionFigures {
  const regions = () => hosts().filter(({ region }) => region !== null)
  return {
    mailboxDepth: () => regions().map(({ regionId, region }) => [regionId, region!.mailboxDepth] as const),
    overloads: () =>
      regions().map(({ regionId, region }) => {
        return [regionId, OVERLOAD_STEPS.indexOf(region!.overload.step), region!.intake.waitingBytes] as const
      }),
    pendingTrips: () =>
      regions().flatMap(({ regionId, region }) =>
        region!.pendingByPriority().map(([priority, count]) => [regionId, priority, count] as const),
      ),
    openAlarms: () =>
      regions().flatMap(({ regionId, region }) =>
        countAlarms(region!.states.alarmed()).map(count => [regionId, ...count] as const),
      ),
    positions: () =>
      regions().flatMap(({ regionId, region }) =>
        Object.entries(region!.positions).map(([position, count]) => [regionId, position, count] as const),
      ),
    deviceClocksOff: () => regions().map(({ regionId, region }) => [regionId, region!.clocksOff] as const),
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
    viewsBehind: () =>
      regions().map(({ regionId, region }) => {
        const behind = region!.logDurable - (viewPositions().get(regionId) ?? 0)
        return [regionId, Math.max(0, behind)] as const
      }),
    writesStalled: () =>
      regions().flatMap(({ regionId, region }) => [
        [regionId, 'records', region!.writes.refusesCommands] as const,
        [regionId, 'segments', region!.writes.keepsFixesWaiting] as const,
      ]),
  }
}
