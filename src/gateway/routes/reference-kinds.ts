/** The kinds of things that a region has, each in the form that its routes need. */

import { z } from 'zod'
import type { Refusal } from '../../base/refusal.ts'
import { invalidField } from '../../base/refusal.ts'
import type { UnitReference } from '../../domain/events/unit-events.ts'
import type { RegionId } from '../../domain/ids.ts'
import {
  HOSPITAL,
  HOSPITAL_FIELDS,
  HOSPITAL_STANDING,
  type HospitalReference,
  STATION,
  STATION_FIELDS,
  type StationReference,
  UNIT,
  UNIT_FIELDS,
} from '../../protocol/reference.ts'
import type { Database } from '../../store/postgres/database.ts'
import { unitsAtStation, unknownStations } from '../../store/reference/items.ts'
import { HOSPITALS, type Kind, STATIONS, UNITS } from '../../store/reference/kinds.ts'
import { someOf } from './reference-work.ts'

export interface Resource<T extends object> {
  readonly kind: Kind<T>
  /** In paths, and in front of `-created`, `-changed`, `-deleted` in the audit. */
  readonly plural: string
  readonly singular: string
  /** As it is shown. */
  readonly shown: z.ZodObject
  /** A whole new thing, defaults filled in. */
  readonly whole: z.ZodType<T>
  /** Another whole in place of one that stands. */
  readonly replacement: z.ZodType<Replacement<T>>
  /** Some of its fields. */
  readonly changes: z.ZodType<(current: T) => T>
  /** What else must hold before a thing is written, or taken away. */
  readonly mayWrite: (transaction: Database, region: RegionId, item: T) => Promise<Refusal | null>
  readonly mayRemove: (transaction: Database, region: RegionId, id: string) => Promise<Refusal | null>
}

export interface Replacement<T> {
  /** What a GET showed and nobody can change: it may stand there, if it is the thing's own. */
  readonly own: Readonly<Record<string, string | number | null | undefined>>
  readonly of: (id: string) => T
}

const nothing = () => Promise.resolve(null)
const OWN = { region: z.string().optional(), version: z.int().optional() }
const STANDS = { region: z.string(), version: z.int() }

const { unitId, ...unitFields } = UNIT_FIELDS
export const unit: Resource<UnitReference> = {
  kind: UNITS,
  plural: 'units',
  singular: 'unit',
  shown: z.object({ ...UNIT_FIELDS, ...STANDS }).meta({ id: 'Unit' }),
  whole: UNIT,
  replacement: UNIT.extend({ unitId: unitId.optional(), ...OWN }).transform(
    ({ unitId, region, version, ...rest }): Replacement<UnitReference> => {
      return { own: { unitId, region, version }, of: id => ({ unitId: id, ...rest }) }
    },
  ),
  changes: someOf(unitFields).transform(changes => (current: UnitReference) => ({ ...current, ...changes })),
  async mayWrite(transaction, region, { homeStation }) {
    if (homeStation === null) return null
    const [unknown] = await unknownStations(transaction, region, [homeStation])
    return unknown === undefined ? null : invalidField('homeStation', `must be a station of region ${region}`)
  },
  mayRemove: nothing,
}

const { stationId, ...stationFields } = STATION_FIELDS
export const station: Resource<StationReference> = {
  kind: STATIONS,
  plural: 'stations',
  singular: 'station',
  shown: z.object({ ...STATION_FIELDS, ...STANDS }).meta({ id: 'Station' }),
  whole: STATION,
  replacement: STATION.extend({ stationId: stationId.optional(), ...OWN }).transform(
    ({ stationId, region, version, ...rest }): Replacement<StationReference> => {
      return { own: { stationId, region, version }, of: id => ({ stationId: id, ...rest }) }
    },
  ),
  changes: someOf(stationFields).transform(changes => (current: StationReference) => ({ ...current, ...changes })),
  mayWrite: nothing,
  async mayRemove(transaction, region, id) {
    const units = await unitsAtStation(transaction, region, id)
    if (units === 0) return null
    const message = `Station ${id} is the home of ${units === 1 ? '1 unit' : `${units} units`}; give every such unit another home station first.`
    return { code: 'still-used', message, details: { units } }
  },
}

export const HOSPITAL_SHOWN = z.object({ ...HOSPITAL_FIELDS, ...HOSPITAL_STANDING, ...STANDS }).meta({ id: 'Hospital' })
/** What only its own route sets. */
const SAID_OF_HOSPITAL = z.object(HOSPITAL_STANDING).partial().shape
const { hospitalId, ...hospitalFields } = HOSPITAL_FIELDS
export const hospital: Resource<HospitalReference> = {
  kind: HOSPITALS,
  plural: 'hospitals',
  singular: 'hospital',
  shown: HOSPITAL_SHOWN,
  whole: HOSPITAL,
  replacement: HOSPITAL.extend({ hospitalId: hospitalId.optional(), ...SAID_OF_HOSPITAL, ...OWN }).transform(
    ({ hospitalId, status, statusNote, statusSinceMs, region, version, ...rest }): Replacement<HospitalReference> => {
      const own = { hospitalId, status, statusNote, statusSinceMs, region, version }
      return { own, of: id => ({ hospitalId: id, ...rest }) }
    },
  ),
  changes: someOf(hospitalFields).transform(changes => (current: HospitalReference) => ({ ...current, ...changes })),
  mayWrite: nothing,
  mayRemove: nothing,
}
