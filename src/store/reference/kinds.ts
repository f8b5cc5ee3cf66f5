/** The kinds of things that belong to a region's reference data, each as the table and columns that hold it. */
import { canTransport, type UnitReference } from '../../domain/events/unit-events.ts'
import type { HospitalReference, HospitalStanding, StationReference } from '../../protocol/reference.ts'

export interface Kind<T> {
  readonly table: 'reference.units' | 'reference.stations' | 'reference.hospitals'
  /** The field that names one of them within its region. */
  readonly idField: keyof T & string
  /** Each field's column and Postgres type. */
  readonly columns: Readonly<Record<keyof T & string, readonly [column: string, type: string]>>
  /** What is said of it apart, and shown with it: whoever writes the thing leaves it as it is. */
  readonly said?: Readonly<Record<string, string>>
  /** What may be left out of one, filled in. */
  readonly whole?: (item: T) => T
}

export const UNITS: Kind<UnitReference> = {
  table: 'reference.units',
  idField: 'unitId',
  columns: {
    unitId: ['unit_id', 'text'],
    callSign: ['call_sign', 'text'],
    levelOfCare: ['level_of_care', 'text'],
    transports: ['transports', 'boolean'],
    capabilities: ['capabilities', 'text[]'],
    homeStation: ['home_station', 'text'],
  },
  whole: unit => ({ ...unit, transports: canTransport(unit) }),
}

export const STATIONS: Kind<StationReference> = {
  table: 'reference.stations',
  idField: 'stationId',
  columns: {
    stationId: ['station_id', 'text'],
    name: ['name', 'text'],
    lonDeg: ['lon_deg', 'double precision'],
    latDeg: ['lat_deg', 'double precision'],
    capacity: ['capacity', 'integer'],
    address: ['address', 'text'],
    note: ['note', 'text'],
  },
}

export const HOSPITALS: Kind<HospitalReference> = {
  table: 'reference.hospitals',
  idField: 'hospitalId',
  columns: {
    hospitalId: ['hospital_id', 'text'],
    name: ['name', 'text'],
    lonDeg: ['lon_deg', 'double precision'],
    latDeg: ['lat_deg', 'double precision'],
    address: ['address', 'text'],
    emergencyDepartment: ['emergency_department', 'boolean'],
    capabilities: ['capabilities', 'text[]'],
  },
  said: { status: 'status', statusNote: 'status_note', statusSinceMs: 'status_since_ms' } satisfies Record<
    keyof HospitalStanding,
    string
  >,
}
