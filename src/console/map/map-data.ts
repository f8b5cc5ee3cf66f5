/** What the map shows now, as GeoJSON: units where they are drawn, trips, hospitals, and who is on the way to what. */
import type { GeoJSONSourceSpecification } from 'maplibre-gl'
import { type Bounds, placeInDegrees, type ReachView, type TripView } from '../../client/index.ts'
import { age } from '../format.ts'
import { isActive, type Place, type Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'
import type { SourceName } from './map-style.ts'
import type { UnitMark } from './unit-layer.ts'

type Data = Extract<GeoJSONSourceSpecification['data'], { readonly type: 'FeatureCollection' }>

/** Slower than this a vehicle stands, and its receiver's heading says nothing. */
const MOVING_MPS = 1.5
const LABELS_MAX = 600

const collection = (features: Data['features']): Data => ({ type: 'FeatureCollection', features })
const pointAt = ({ lonDeg, latDeg }: Place) => ({ type: 'Point', coordinates: [lonDeg, latDeg] }) as const
const feature = (place: Place, properties: Readonly<Record<string, unknown>>): Data['features'][number] => ({
  type: 'Feature',
  geometry: pointAt(place),
  properties: { ...properties },
})

/** Free units are drawn above those at work, which are seen by their trips. */
const ORDER: Readonly<Record<string, number>> = { unavailable: 0, 'standing-down': 0, available: 2 }

export function unitMarksOf({ fleet }: Pick<Shift, 'fleet'>): UnitMark[] {
  const marks = Array.from(fleet, ({ status, freshness, speedMps, headingDeg, ...fix }) => {
    const isMoving = freshness === 'fresh' && (speedMps ?? 0) > MOVING_MPS && headingDeg !== null
    const { lonDeg, latDeg, fixedAtMs } = fix
    const mark: UnitMark = {
      ...{ lonDeg, latDeg, fixedAtMs, image: `${status}-${freshness}` },
      ...{ speedMps: isMoving ? (speedMps ?? 0) : 0, headingDeg: isMoving ? headingDeg : null },
    }
    return { mark, order: ORDER[status] ?? 1 }
  })
  // Most are of one order, and a sort that keeps it costs little.
  return marks.sort((a, b) => a.order - b.order).map(({ mark }) => mark)
}

/** What stands beside the units in sight; of more than can be read nothing does. */
export function labelData({ fleet, board }: Shift, nowMs: number, inSight: Bounds): Data {
  const features: Data['features'] = []
  for (const unit of fleet) {
    if (!isWithin(inSight, unit)) continue
    const { unitId, freshness, fixedAtMs } = unit
    const place = fleet.positionAt(unitId, nowMs)!
    if (features.length >= LABELS_MAX) return collection([])
    const label = labelOf(board.units.get(unitId)?.callSign ?? unitId, freshness, nowMs - fixedAtMs)
    features.push(feature(place, { label }))
  }
  return collection(features)
}

const isWithin = ({ westDeg, southDeg, eastDeg, northDeg }: Bounds, { lonDeg, latDeg }: Place): boolean =>
  latDeg >= southDeg && latDeg <= northDeg && lonDeg >= westDeg && lonDeg <= eastDeg

/** A fresh position needs no word; an old one says how old it is. */
function labelOf(callSign: string, freshness: string, ageMs: number): string {
  if (freshness === 'fresh') return callSign
  return `${callSign} · ${freshness === 'lost' ? t.map.lost(age(ageMs)) : age(ageMs)}`
}

/** Who calls for help is ringed, wherever it drives. */
export function emergencyData({ board, fleet }: Shift, nowMs: number): Data {
  const calling = [...board.units.values()].filter(({ emergencySinceMs }) => emergencySinceMs !== null)
  return collection(
    calling.flatMap(({ unitId, fix }) => {
      const place = fleet.positionAt(unitId, nowMs) ?? (fix === null ? null : placeInDegrees(fix))
      return place === null ? [] : [feature(place, {})]
    }),
  )
}

/** What moves with units. */
type MovingSource = 'labels' | 'links' | 'emergencies'

/** What changes with the board alone. */
export function boardData(shift: Shift): Readonly<Record<Exclude<SourceName, MovingSource | 'reach' | 'track'>, Data>> {
  const trips = [...shift.board.trips.values()].map(trip =>
    feature(placeInDegrees(trip), {
      tripId: trip.tripId,
      image: `trip-${trip.priority}-${isActive(trip) ? 'active' : 'waits'}`,
    }),
  )
  const hospitals = shift.hospitals.map(({ name, lonDeg, latDeg, emergencyDepartment, status = 'open' }) =>
    feature(
      { lonDeg, latDeg },
      {
        name: status === 'open' ? name : `${name}\n${word('hospital', status)}`,
        image: `hospital${emergencyDepartment ? '-ed' : ''}-${status}`,
      },
    ),
  )
  const stations = shift.stations.map(station => feature(station, { name: station.name, image: 'station' }))
  const selected = shift.selectedPlace()
  return {
    stations: collection(stations),
    route: collection(routeOf(shift)),
    trips: collection(trips),
    hospitals: collection(hospitals),
    selected: collection(selected === null ? [] : [feature(selected, {})]),
    place: collection(shift.place === null ? [] : [feature(shift.place, {})]),
  }
}

/** The way of the open trip's unit, as long as it is on one. */
function routeOf({ arrivals, selectedTripId }: Shift): Data['features'] {
  const { route } = arrivals
  if (route === null || route.tripId !== selectedTripId || route.line.length < 2) return []
  return [lineOf(route.line, { basis: route.basis })]
}

const lineOf = (
  line: readonly (readonly [number, number])[],
  properties: Readonly<Record<string, unknown>>,
): Data['features'][number] => ({
  type: 'Feature',
  geometry: { type: 'LineString', coordinates: line.map(([lonDeg, latDeg]) => [lonDeg, latDeg]) },
  properties: { ...properties },
})

/** The track that is looked at, and where its unit was at that moment. */
export function trackData({ track }: Shift): Data {
  const { shown, at } = track
  if (shown === null || shown.fixes.length < 2) return collection([])
  const line = lineOf(
    shown.fixes.map(({ lonDeg, latDeg }) => [lonDeg, latDeg] as const),
    {},
  )
  return collection([line, ...(at === null ? [] : [feature(at, {})])])
}

/** What the free units reach: roads where they are told as lines, else cells of a grid. */
export function reachData({ coverage }: Shift): Data {
  return collection(
    coverage.reached.flatMap(({ lines, cells }): Data['features'] => {
      if (lines !== null) {
        const coordinates = lines.coordinates.map(line => line.map(([lonDeg, latDeg]) => [lonDeg, latDeg]))
        return [{ type: 'Feature', geometry: { type: 'MultiLineString', coordinates }, properties: { is: 'line' } }]
      }
      return cells === null ? [] : [areaOf(cells)]
    }),
  )
}

/** Cells side by side are one rectangle. */
function areaOf({
  westDeg,
  southDeg,
  cellLonDeg,
  cellLatDeg,
  runs,
}: NonNullable<ReachView['cells']>): Data['features'][number] {
  const coordinates = runs.map(([row, column, cells]) => {
    const [west, east] = [westDeg + column * cellLonDeg, westDeg + (column + cells) * cellLonDeg]
    const [south, north] = [southDeg + row * cellLatDeg, southDeg + (row + 1) * cellLatDeg]
    return [
      [
        [west, south],
        [east, south],
        [east, north],
        [west, north],
        [west, south],
      ],
    ]
  })
  return { type: 'Feature', geometry: { type: 'MultiPolygon', coordinates }, properties: { is: 'area' } }
}

/** Where the unit of a trip drives to; null where it stands, or nobody has said. */
function goalOf(trip: TripView): Place | null {
  if (trip.phase === 'assigned' || trip.phase === 'en-route') return placeInDegrees(trip)
  return trip.phase === 'transporting' && trip.destination !== null ? placeInDegrees(trip.destination) : null
}

/** From each unit that drives to a scene or a hospital, straight to it: a link, and no route. */
export function linkData({ board, fleet, arrivals, selectedTripId }: Shift, nowMs: number): Data {
  const links = [...board.trips.values()].flatMap(trip => {
    if (trip.tripId === selectedTripId && arrivals.route !== null) return []
    const from = trip.unitId === null ? null : fleet.positionAt(trip.unitId, nowMs)
    const to = goalOf(trip)
    if (from === null || to === null) return []
    const coordinates = [from, to].map(({ lonDeg, latDeg }) => [lonDeg, latDeg])
    return [{ type: 'Feature', geometry: { type: 'LineString', coordinates }, properties: {} } as const]
  })
  return collection(links)
}
