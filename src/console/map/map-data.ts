/** What the map shows now, as GeoJSON: units where they are drawn, trips, hospitals, and who is on the way to what. */
import type { GeoJSONSourceSpecification } from 'maplibre-gl'
import { placeInDegrees } from '../../client/index.ts'
import { age } from '../format.ts'
import { isActive, type Place, type Shift } from '../shift.ts'
import { t } from '../strings.ts'
import type { SourceName } from './map-style.ts'

type Data = Extract<GeoJSONSourceSpecification['data'], { readonly type: 'FeatureCollection' }>

/** Slower than this a vehicle stands, and its receiver's heading says nothing. */
const MOVING_MPS = 1.5

const collection = (features: Data['features']): Data => ({ type: 'FeatureCollection', features })
const pointAt = ({ lonDeg, latDeg }: Place) => ({ type: 'Point', coordinates: [lonDeg, latDeg] }) as const
const feature = (place: Place, properties: Readonly<Record<string, unknown>>): Data['features'][number] => ({
  type: 'Feature',
  geometry: pointAt(place),
  properties: { ...properties },
})

/** Free units are drawn above those at work, which are seen by their trips. */
const ORDER: Readonly<Record<string, number>> = { unavailable: 0, 'standing-down': 0, available: 2 }

export function unitData({ fleet, board }: Shift, nowMs: number): Data {
  return collection(
    Array.from(fleet, ({ unitId, status, freshness, speedMps, headingDeg, fixedAtMs }) => {
      const place = fleet.positionAt(unitId, nowMs)!
      const isMoving = freshness === 'fresh' && (speedMps ?? 0) > MOVING_MPS && headingDeg !== null
      return feature(place, {
        unitId,
        image: `unit-${status}-${freshness}`,
        label: labelOf(board.units.get(unitId)?.callSign ?? unitId, freshness, nowMs - fixedAtMs),
        order: ORDER[status] ?? 1,
        ...(isMoving ? { heading: headingDeg } : {}),
      })
    }),
  )
}

/** A fresh position needs no word; an old one says how old it is. */
function labelOf(callSign: string, freshness: string, ageMs: number): string {
  if (freshness === 'fresh') return callSign
  return `${callSign} · ${freshness === 'lost' ? t.map.lost(age(ageMs)) : age(ageMs)}`
}

/** What changes with the board alone. */
export function boardData(shift: Shift): Readonly<Record<Exclude<SourceName, 'units' | 'links'>, Data>> {
  const trips = [...shift.board.trips.values()].map(trip =>
    feature(placeInDegrees(trip), {
      tripId: trip.tripId,
      image: `trip-${trip.priority}-${isActive(trip) ? 'active' : 'waits'}`,
    }),
  )
  const hospitals = shift.hospitals.map(({ name, lonDeg, latDeg, emergencyDepartment }) =>
    feature({ lonDeg, latDeg }, { name, image: emergencyDepartment ? 'hospital-ed' : 'hospital' }),
  )
  const selected = shift.selectedPlace()
  return {
    trips: collection(trips),
    hospitals: collection(hospitals),
    selected: collection(selected === null ? [] : [feature(selected, {})]),
    place: collection(shift.place === null ? [] : [feature(shift.place, {})]),
  }
}

/** From each unit that drives to a scene, straight to it: a link, and no route. */
export function linkData({ board, fleet }: Shift, nowMs: number): Data {
  const links = [...board.trips.values()].flatMap(trip => {
    const unitId = trip.phase === 'assigned' || trip.phase === 'en-route' ? trip.unitId : null
    const from = unitId === null ? null : fleet.positionAt(unitId, nowMs)
    if (from === null) return []
    const to = placeInDegrees(trip)
    const coordinates = [from, to].map(({ lonDeg, latDeg }) => [lonDeg, latDeg])
    return [{ type: 'Feature', geometry: { type: 'LineString', coordinates }, properties: {} } as const]
  })
  return collection(links)
}
