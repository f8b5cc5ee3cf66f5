/**
 * Roads that a dispatcher has closed, or said to be slow, for ambulances: roadworks, a flood, a procession.
 *
 * A zone is an area or a line along a street, from a moment until another. It is the region's: times by road go by it from the
 * next choice on, whatever roads the region has, and it ends by a dispatcher's word or by its time.
 */
import { refused } from '../base/result.ts'
import type { CloseRoads, ReopenRoads } from './commands.ts'
import { accepted, type Decision } from './decision.ts'
import { regionKey } from './entity.ts'
import type { RoadsReopened } from './events/road-events.ts'
import type { DomainEvent } from './events.ts'
import { distanceM, type Position } from './geo.ts'
import type { RegionId, ZoneId } from './ids.ts'
import type { DrawnZone, RoadsThere } from './zone.ts'

/** So many stand at once at most, with as many points each as a message takes: a picture of them is some 200 kB. */
export const ZONES_MAX = 100
const LINE_MAX_M = 100_000
/** Nobody knows of roads for longer ahead. */
const AHEAD_MAX_MS = 366 * 24 * 3_600_000

/** The zones of a region, as far as they concern a decision. */
interface ZonedRegion {
  readonly regionId: RegionId
  readonly zones?: readonly DrawnZone[]
}

/** Input: the id of the new zone; how to find what of the region's roads lies there; null where it has none. */
export function closeRoads(
  { regionId, zones = [] }: ZonedRegion,
  { kind, points, slowPercent, reason, ...span }: CloseRoads,
  zoneId: ZoneId,
  thereOf: () => RoadsThere | null,
  nowMs: number,
): Decision {
  if (zones.length >= ZONES_MAX) {
    const message = `Region ${regionId} has ${ZONES_MAX} zones of closed or slow roads, and takes no more: end one with reopen-roads.`
    return refused('too-many-zones', message)
  }
  const fromAtMs = span.fromAtMs ?? nowMs
  const { untilAtMs } = span
  const wrong = (path: string, problem: string) => refused('invalid-field', problem, { path })
  if (fromAtMs > nowMs + AHEAD_MAX_MS)
    return wrong('zone.fromAtMs', 'The zone would begin in more than 366 days; draw it when it is nearer.')
  if (untilAtMs !== null && (untilAtMs <= Math.max(fromAtMs, nowMs) || untilAtMs > nowMs + 2 * AHEAD_MAX_MS))
    return wrong(
      'zone.untilAtMs',
      'The zone would end before it begins, before now, or in years; say null while nobody knows.',
    )
  // Before anybody looks for its roads: what a line costs to look for goes by its length.
  if (kind === 'line' && lengthM(points) > LINE_MAX_M)
    return wrong('zone.points', `The line is longer than ${LINE_MAX_M / 1_000} km; draw several, or an area.`)
  const there = thereOf()
  if (there !== null && there.arcs === 0)
    return wrong(
      'zone.points',
      `No road of region ${regionId} lies there: draw an area over roads, or a line along a street.`,
    )
  if (there !== null && there.arcs > there.room)
    return wrong(
      'zone.points',
      `${there.arcs} pieces of road lie there, and ${there.room} more fit: draw a smaller zone.`,
    )
  const zone = { zoneId, kind, points, slowPercent, fromAtMs, untilAtMs, reason }
  return accepted({ type: 'RoadsRestricted', v: 1, entity: regionKey(regionId), regionId, ...zone })
}

export function reopenRoads({ regionId, zones = [] }: ZonedRegion, { zoneId }: ReopenRoads): Decision {
  if (!zones.some(zone => zone.zoneId === zoneId)) {
    const message = `Region ${regionId} has no zone ${zoneId}; it may have ended. GET /v1/road-zones lists those that stand.`
    return refused('unknown-zone', message, { zoneId })
  }
  return accepted(reopened(regionId, zoneId, 'dispatcher'))
}

/** When each zone ends by its time. */
export const zoneEnds = ({ zones = [] }: ZonedRegion): { readonly zoneId: ZoneId; readonly dueMs: number }[] =>
  zones.flatMap(({ zoneId, untilAtMs }) => (untilAtMs === null ? [] : [{ zoneId, dueMs: untilAtMs }]))

/** What follows when the time of a zone may be over. */
export function zoneOver({ regionId, zones = [] }: ZonedRegion, zoneId: ZoneId, nowMs: number): DomainEvent[] {
  const zone = zones.find(each => each.zoneId === zoneId)
  const isOver = zone !== undefined && zone.untilAtMs !== null && zone.untilAtMs <= nowMs
  return isOver ? [reopened(regionId, zoneId, 'system')] : []
}

const lengthM = (points: readonly Position[]): number =>
  points.reduce((sum, point, at) => (at === 0 ? 0 : sum + distanceM(points[at - 1]!, point)), 0)

const reopened = (regionId: RegionId, zoneId: ZoneId, cause: RoadsReopened['cause']): RoadsReopened => ({
  ...{ type: 'RoadsReopened', v: 1, entity: regionKey(regionId) },
  ...{ regionId, zoneId, cause },
})

/** Folds an event of the region; the same list where it says nothing of zones. */
export function evolveZones(zones: readonly DrawnZone[], event: DomainEvent): readonly DrawnZone[] {
  if (event.type === 'RoadsReopened') return zones.filter(({ zoneId }) => zoneId !== event.zoneId)
  if (event.type !== 'RoadsRestricted') return zones
  const { zoneId, kind, points, slowPercent, fromAtMs, untilAtMs, reason } = event
  const zone = { zoneId, kind, points, slowPercent, fromAtMs, untilAtMs, reason }
  return [...zones.filter(each => each.zoneId !== zoneId), zone]
}
