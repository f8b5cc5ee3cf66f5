/** From what a region tells to the messages of the wire: the one place where degrees become 1e-7 degree, and values tuples. */
import type { PlacedFix } from '../domain/fix.ts'
import type { LevelOfCare, UnitStatus } from '../domain/vocabulary.ts'
import type { DrawnZone } from '../domain/zone.ts'
import { toE7 } from './fix-frame.ts'
import type { CallShown, CrewShown, FixShown, NearestUnitShown, Shown, Told, TripShown, UnitShown } from './told.ts'
import type { NearestUnit } from './wire/answer-views.ts'
import type { ServerMessage } from './wire/server-tuples.ts'
import type { CallView, DriverView, FixView, TripView, UnitView, ZoneView } from './wire/situation-views.ts'
import type { TileUnit } from './wire/tile-tuples.ts'

export function messageOf(told: Told): ServerMessage {
  switch (told.type) {
    case 'welcome': {
      const { welcome } = told
      const driver = welcome.driver === null ? null : crewOnWire(welcome.driver)
      return ['welcome', told.id, { ...welcome, driver }]
    }
    case 'reply':
      return ['reply', told.id, told.position, told.result]
    case 'refused': {
      const { code, message, details } = told.refusal
      return ['error', told.id, code, message, details ?? null]
    }
    case 'marks':
      return ['marks', told.streamIndex, told.durableSeq]
    case 'unit-state':
      return ['unit-state', told.position, crewOnWire(told.crew)]
    case 'board':
      return [
        'board',
        ...([told.position, told.part, told.parts] as const),
        told.trips.map(tripOnWire),
        told.units.map(unitOnWire),
        told.alarms,
        ...(told.zones === undefined ? ([] as const) : ([told.zones.map(zoneOnWire)] as const)),
      ]
    case 'board-events':
      return told.notes === undefined
        ? ['board-events', told.position, told.recordedAtMs, told.events, told.by]
        : ['board-events', told.position, told.recordedAtMs, told.events, told.by, told.notes]
    case 'tile':
      return ['tile', told.tile, told.epoch, told.frameNo, told.atMs, told.units]
    case 'tile-moves':
      return ['tile-moves', told.tile, told.frameNo, told.atMs, told.units, told.gone]
    case 'unit':
      return ['unit', told.position, unitOnWire(told.unit), told.trip === null ? null : tripOnWire(told.trip)]
    case 'feed-marks':
      return ['feed-marks', told.marks]
    case 'detached':
      return ['detached', told.channel, told.reason]
    case 'etas':
      return ['etas', told.isWhole, told.etas, told.gone]
    case 'freshness':
      return ['freshness', told.isWhole, told.atMs, told.units]
    case 'clock':
      return ['clock', told.clock]
    case 'writes':
      return ['writes', told.commands, told.fixes]
  }
}

/** What a query shows, as a reply's `result` and as the body of an HTTP answer. */
export function resultOf(shown: Shown): Readonly<Record<string, unknown>> {
  switch (shown.type) {
    case 'nearest':
      return { ...shown.nearest, units: shown.nearest.units.map(nearestOnWire) }
    case 'trip':
      return { ...tripOnWire(shown.trip) }
    case 'call':
      return { ...callOnWire(shown.call) }
    case 'unit':
      return { ...unitOnWire(shown.unit) }
    case 'zones':
      return { items: shown.zones.map(zoneOnWire) }
    case 'held':
      return { ...shown.held }
    case 'decisions':
      return { positions: shown.positions }
    case 'explanation':
      return { ...shown.explanation }
    default:
      return roadResultOf(shown)
  }
}

type RoadShown = Extract<Shown, { readonly type: 'places' | 'destinations' | 'reach' | 'coverage' | 'route' }>

function roadResultOf(shown: RoadShown): Readonly<Record<string, unknown>> {
  switch (shown.type) {
    case 'places':
      return { roadsVersion: shown.roadsVersion, places: shown.places.map(onGrid) }
    case 'destinations': {
      const { type: _, destinations, ...rest } = shown
      return { ...rest, destinations: destinations.map(onGrid) }
    }
    case 'reach': {
      const { type: _, reach, ...rest } = shown
      if (reach.form === 'lines')
        return { ...rest, lines: { type: 'MultiLineString', coordinates: reach.lines }, cells: null }
      const { form: __, ...cells } = reach
      return { ...rest, lines: null, cells }
    }
    case 'coverage': {
      const { type: _, ...coverage } = shown
      return coverage
    }
    case 'route':
      return { ...shown.route }
  }
}

/** A place in wire units. */
function onGrid<Placed extends { readonly lonDeg: number; readonly latDeg: number }>({
  lonDeg,
  latDeg,
  ...rest
}: Placed) {
  return { ...rest, lonE7: toE7(lonDeg), latE7: toE7(latDeg) }
}

/** A unit of a tile: the fix is as old as it was at `atMs`. Packed at once, as tiles tell of more units than all else. */
export function tileUnit(
  unitId: string,
  { lonDeg, latDeg, fixedAtMs, speedMps, headingDeg }: PlacedFix,
  atMs: number,
  status: UnitStatus,
  levelOfCare: LevelOfCare,
): TileUnit {
  const speedCmps = speedMps === null ? null : Math.round(speedMps * 100)
  const headingDd = headingDeg === null ? null : Math.round(headingDeg * 10)
  return [unitId, toE7(lonDeg), toE7(latDeg), atMs - fixedAtMs, speedCmps, headingDd, status, levelOfCare]
}

function fixOnWire({ lonDeg, latDeg, ...rest }: FixShown): FixView {
  return { lonE7: toE7(lonDeg), latE7: toE7(latDeg), ...rest }
}
export function unitOnWire(unit: UnitShown): UnitView {
  return { ...unit, fix: unit.fix === null ? null : fixOnWire(unit.fix) }
}
export function tripOnWire({ lonDeg, latDeg, destination, ...rest }: TripShown): TripView {
  const there = destination === null ? null : onGrid(destination)
  return { ...rest, lonE7: toE7(lonDeg), latE7: toE7(latDeg), destination: there }
}
function callOnWire({ lonDeg, latDeg, trips, ...rest }: CallShown): CallView {
  return { ...rest, lonE7: toE7(lonDeg), latE7: toE7(latDeg), trips: trips.map(tripOnWire) }
}
export function crewOnWire(crew: CrewShown): DriverView {
  return { ...crew, unit: unitOnWire(crew.unit), trip: crew.trip === null ? null : tripOnWire(crew.trip) }
}
function zoneOnWire({ points, ...zone }: DrawnZone): ZoneView {
  return { ...zone, points: points.map(({ lonDeg, latDeg }) => [toE7(lonDeg), toE7(latDeg)]) }
}
function nearestOnWire(unit: NearestUnitShown): NearestUnit {
  return { ...unit, fix: fixOnWire(unit.fix) }
}
