/** A seeded city fleet: vehicles that drive a street grid in straight legs, and parked ones that jitter. */
import { EARTH_RADIUS_M } from '../src/domain/geo.ts'
import type { UnitId } from '../src/domain/ids.ts'
import { LEVELS_OF_CARE, type LevelOfCare } from '../src/domain/vocabulary.ts'

export const FLEET_CENTRE = { lonDeg: 174.76, latDeg: -36.85 }
const M_PER_LAT_DEG = (EARTH_RADIUS_M * Math.PI) / 180
const M_PER_LON_DEG = M_PER_LAT_DEG * Math.cos((FLEET_CENTRE.latDeg * Math.PI) / 180)
/** The compass course of each direction. */
const COURSES_DEG = [90, 0, 270, 180]

export interface City {
  /** Half the side of the square that the fleet lives in. */
  readonly radiusM: number
}

export interface Vehicle {
  readonly unitId: UnitId
  readonly levelOfCare: LevelOfCare
  readonly moving: boolean
  readonly homeLonDeg: number
  readonly homeLatDeg: number
  lonDeg: number
  latDeg: number
  speedMps: number
  /** Null while parked. */
  headingDeg: number | null
  /** Direction of the present leg, 0 to 3 for east, north, west, south, and what is left of it. */
  direction: number
  legM: number
}

export const unitIdOf = (index: number): UnitId => `U${String(index).padStart(6, '0')}`
export const levelOfCareOf = (index: number): LevelOfCare => LEVELS_OF_CARE[index % LEVELS_OF_CARE.length]!

export function newVehicle(index: number, city: City, movingShare: number, random: () => number): Vehicle {
  const { lonDeg, latDeg } = somewhere(city, random)
  return {
    unitId: unitIdOf(index),
    levelOfCare: levelOfCareOf(index),
    moving: random() < movingShare,
    homeLonDeg: lonDeg,
    homeLatDeg: latDeg,
    lonDeg,
    latDeg,
    speedMps: 0,
    headingDeg: null,
    direction: 0,
    legM: 0,
  }
}

/** Moves a vehicle by one report: 4 to 16 m/s in legs of 100 m to 1.5 km, or 5 m of jitter when parked. */
export function drive(vehicle: Vehicle, elapsedS: number, city: City, random: () => number): void {
  if (!vehicle.moving) {
    vehicle.lonDeg = vehicle.homeLonDeg + ((random() - 0.5) * 10) / M_PER_LON_DEG
    vehicle.latDeg = vehicle.homeLatDeg + ((random() - 0.5) * 10) / M_PER_LAT_DEG
    return
  }
  vehicle.speedMps = 4 + 12 * random()
  let leftM = elapsedS * vehicle.speedMps
  while (leftM > 0) {
    if (vehicle.legM <= 0) {
      vehicle.direction = (vehicle.direction + (random() < 0.5 ? 1 : 3)) % 4
      vehicle.legM = 100 + 1_400 * random()
    }
    const stepM = Math.min(leftM, vehicle.legM)
    const alongM = vehicle.direction < 2 ? stepM : -stepM
    if (vehicle.direction % 2 === 0) vehicle.lonDeg += alongM / M_PER_LON_DEG
    else vehicle.latDeg += alongM / M_PER_LAT_DEG
    leftM -= stepM
    vehicle.legM -= stepM
    if (outside(vehicle, city)) Object.assign(vehicle, { lonDeg: vehicle.homeLonDeg, latDeg: vehicle.homeLatDeg })
  }
  vehicle.headingDeg = COURSES_DEG[vehicle.direction]!
}

/** A place of the city, denser towards its centre. */
export function somewhere(city: City, random: () => number): { lonDeg: number; latDeg: number } {
  const offsetM = () => city.radiusM * (random() + random() - 1)
  return {
    lonDeg: FLEET_CENTRE.lonDeg + offsetM() / M_PER_LON_DEG,
    latDeg: FLEET_CENTRE.latDeg + offsetM() / M_PER_LAT_DEG,
  }
}

function outside(vehicle: Vehicle, city: City): boolean {
  const eastM = Math.abs(vehicle.lonDeg - FLEET_CENTRE.lonDeg) * M_PER_LON_DEG
  const northM = Math.abs(vehicle.latDeg - FLEET_CENTRE.latDeg) * M_PER_LAT_DEG
  return Math.max(eastM, northM) > 1.2 * city.radiusM
}
