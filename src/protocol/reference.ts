/** What a service tells about itself, field by field: regions, units, stations, hospitals, as HTTP and files give them. */
import { z } from 'zod'
import type { UnitReference } from '../domain/events/unit-events.ts'
import { REGION_ID, type RegionId, UNIT_ID } from '../domain/ids.ts'
import {
  CAPABILITY,
  DISPATCH_MODES,
  type DispatchMode,
  HOSPITAL_STATUSES,
  type HospitalStatus,
  LEVELS_OF_CARE,
} from '../domain/vocabulary.ts'
import { degrees, oneOf, setOf } from './fields.ts'
import { orNull } from './nullable.ts'
import { isLabel, labelMust } from './text.ts'

export interface RegionReference {
  readonly region: RegionId
  readonly name: string
  /** IANA name, as in `Europe/Berlin`. */
  readonly timeZone: string
  readonly dispatchMode: DispatchMode
}

interface Place {
  readonly name: string
  /** WGS 84 degrees. */
  readonly lonDeg: number
  readonly latDeg: number
  readonly address: string | null
}

/** Where units live between calls. */
export interface StationReference extends Place {
  readonly stationId: string
  /** How many vehicles it holds; null where nobody said. */
  readonly capacity: number | null
  readonly note: string | null
}

/** Where patients are brought. */
export interface HospitalReference extends Place {
  readonly hospitalId: string
  readonly emergencyDepartment: boolean
  /** `stroke`, `burns`, …: free words of the service. */
  readonly capabilities: readonly string[]
}

/** Whether a hospital takes patients now. It is said apart from what the hospital is: no file and no PUT of it says so by leaving it out. */
export interface HospitalStanding {
  readonly status: HospitalStatus
  /** Why, or whom it does not take. */
  readonly statusNote: string | null
  /** Since when the status is this one, by the wall clock; null where nobody ever said anything. */
  readonly statusSinceMs: number | null
}

export type StandingHospital = HospitalReference & HospitalStanding

const LABEL_CHARS = 120
const ADDRESS_CHARS = 240
const NOTE_CHARS = 500
const CAPABILITIES_MAX = 32
const CAPACITY_MAX = 1_000
/** These ids cannot stand in a URL: `nearest` is a route of its own, and clients resolve `.` and `..` away. */
const RESERVED = ['nearest', '.', '..']

const label = (max: number) => {
  const error = labelMust(max)
  return z.string({ error }).refine(text => isLabel(text, max), { error })
}
const itemId = (() => {
  const error = 'must be 1 to 32 characters of A-Z a-z 0-9 . _ -'
  return z
    .string({ error })
    .regex(UNIT_ID, { error })
    .refine(text => !RESERVED.includes(text), {
      error: `must not be one of ${RESERVED.join(' ')}, which no URL can name`,
    })
})()
const capabilities = setOf(
  CAPABILITY,
  0,
  CAPABILITIES_MAX,
  `must be a list of at most ${CAPABILITIES_MAX} words, each 1 to 32 characters of a-z 0-9 -`,
)
const capacity = (() => {
  const error = `must be a whole number from 0 to ${CAPACITY_MAX}`
  return orNull(z.int({ error }).min(0, { error }).max(CAPACITY_MAX, { error }))
})()
const timeZone = z
  .string({ error: 'must be an IANA time zone such as Europe/Berlin or UTC' })
  .refine(isTimeZone, { error: 'must be an IANA time zone such as Europe/Berlin or UTC' })

/** A shape without defaults, of which PATCH takes a part; `make` adds what may be left out when a thing is new. */
export const REGION_FIELDS = {
  region: z
    .string({ error: 'must be 1 to 16 characters of a-z 0-9' })
    .regex(REGION_ID, { error: 'must be 1 to 16 characters of a-z 0-9' }),
  name: label(LABEL_CHARS),
  timeZone,
  dispatchMode: oneOf(DISPATCH_MODES),
}
export const UNIT_FIELDS = {
  unitId: itemId,
  callSign: label(LABEL_CHARS),
  levelOfCare: oneOf(LEVELS_OF_CARE),
  transports: z.boolean({ error: 'must be true or false' }),
  capabilities,
  homeStation: orNull(itemId),
}
const place = { name: label(LABEL_CHARS), lonDeg: degrees(180), latDeg: degrees(90) }
export const STATION_FIELDS = {
  stationId: itemId,
  ...place,
  capacity,
  address: orNull(label(ADDRESS_CHARS)),
  note: orNull(label(NOTE_CHARS)),
}
export const HOSPITAL_FIELDS = {
  hospitalId: itemId,
  ...place,
  address: orNull(label(ADDRESS_CHARS)),
  emergencyDepartment: z.boolean({ error: 'must be true or false' }),
  capabilities,
}

export const HOSPITAL_STANDING = {
  status: oneOf(HOSPITAL_STATUSES),
  statusNote: orNull(label(ADDRESS_CHARS)),
  statusSinceMs: z.int().nullable(),
}

export const REGION = z.strictObject({
  ...REGION_FIELDS,
  timeZone: timeZone.default('UTC'),
  dispatchMode: REGION_FIELDS.dispatchMode.default('ordered'),
}) satisfies z.ZodType<RegionReference>

/** Of a unit that does not say whether it carries, its level does. */
export const UNIT = z.strictObject({
  ...UNIT_FIELDS,
  transports: UNIT_FIELDS.transports.optional(),
  capabilities: capabilities.default([]),
  homeStation: UNIT_FIELDS.homeStation.default(null),
}) satisfies z.ZodType<UnitReference>

export const STATION = z.strictObject({
  ...STATION_FIELDS,
  capacity: capacity.default(null),
  address: STATION_FIELDS.address.default(null),
  note: STATION_FIELDS.note.default(null),
}) satisfies z.ZodType<StationReference>

export const HOSPITAL = z.strictObject({
  ...HOSPITAL_FIELDS,
  address: HOSPITAL_FIELDS.address.default(null),
  capabilities: capabilities.default([]),
}) satisfies z.ZodType<HospitalReference>

/** What is said of a hospital's status. */
export const HOSPITAL_STATUS = z.strictObject({
  status: HOSPITAL_STANDING.status,
  note: HOSPITAL_STANDING.statusNote.default(null),
})

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    // Offsets such as +02:00 are accepted there too, but do not know summer time.
    return /^[A-Za-z]/.test(name)
  } catch {
    return false
  }
}
