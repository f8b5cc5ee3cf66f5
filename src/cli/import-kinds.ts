/** What a row of each kind of file becomes: units, stations and hospitals from the texts of their columns. */
import { LEVELS_OF_CARE } from '../domain/vocabulary.ts'
import { numberOfText } from '../protocol/number-text.ts'
import type { ImportKind } from '../store/reference/reference-store.ts'
import type { Columns, Row } from './import-file.ts'

export interface Importable {
  readonly columns: Columns
  /** Whether the texts are good is the shape's to say; those that are no number or no yes or no stay texts. */
  item(values: Row['values']): Record<string, unknown>
  /** Column of each field, for messages. */
  readonly columnOf: Readonly<Record<string, string>>
  /** Of fields that a file writes in another way than a message: what their text must be. */
  readonly mustBe?: Readonly<Record<string, string>>
  readonly help: string
}

const required = (...also: string[]) => ({ also, required: true })
const optional = (...also: string[]) => ({ also, required: false })

const PLACE = {
  name: required(),
  lon: required('lon_deg', 'longitude', 'long', 'lng'),
  lat: required('lat_deg', 'latitude'),
}
const WORDS = { capabilities: 'must be words of a-z 0-9 - with ; between them, as in bariatric;neonatal, 32 at most' }
const YES_OR_NO = 'must be 1 or 0, yes or no, true or false'
const PLACE_COLUMN_OF = { name: 'name', lonDeg: 'lon', latDeg: 'lat', address: 'address' }
const PLACE_HELP = `  name          what people call it
  lon, lat      WGS 84 degrees; also lon_deg, lat_deg, longitude, latitude, long, lng
  address       may be empty or left out`

export const IMPORTS: Readonly<Record<ImportKind, Importable>> = {
  units: {
    columns: {
      unit_id: required('id'),
      call_sign: required(),
      level_of_care: required(),
      transports: optional('transport'),
      capabilities: optional(),
      home_station: optional('station_id'),
    },
    columnOf: {
      unitId: 'unit_id',
      callSign: 'call_sign',
      levelOfCare: 'level_of_care',
      transports: 'transports',
      capabilities: 'capabilities',
      homeStation: 'home_station',
    },
    mustBe: { ...WORDS, transports: YES_OR_NO },
    item: values => ({
      unitId: values.unit_id,
      callSign: values.call_sign,
      levelOfCare: levelOfCare(values.level_of_care),
      ...(values.transports === undefined || values.transports === ''
        ? {}
        : { transports: yesOrNo(values.transports) }),
      capabilities: words(values.capabilities),
      homeStation: textOrNull(values.home_station),
    }),
    help: `  unit_id       your own key, 1 to 32 characters of A-Z a-z 0-9 . _ -; also id
  call_sign     what the radio calls it
  level_of_care first-responder, bls, als, cct
  transports    whether it can carry a patient: 1 or 0, yes or no, true or false; also transport. Empty or left out: yes,
                but of a first-responder no
  capabilities  words of a-z 0-9 - separated by semicolons; may be empty or left out
  home_station  the station's key; may be empty or left out; also station_id. Import the stations first: while a
                region has any, a unit must name one of them

  unit_id,call_sign,level_of_care,capabilities,home_station
  M12,Medic 12,als,bariatric;neonatal,ST-3

A file with the columns id,station_id,class only:

  --set level_of_care=als --set 'call_sign=Medic {id}'`,
  },
  stations: {
    columns: { station_id: required('id'), ...PLACE, capacity: optional(), address: optional(), note: optional() },
    columnOf: { stationId: 'station_id', ...PLACE_COLUMN_OF, capacity: 'capacity', note: 'note' },
    item: values => ({
      stationId: values.station_id,
      ...place(values),
      capacity: values.capacity === undefined || values.capacity === '' ? null : numberOf(values.capacity),
      note: textOrNull(values.note),
    }),
    help: `  station_id    your own key, 1 to 32 characters of A-Z a-z 0-9 . _ -; also id
${PLACE_HELP}
  capacity      how many vehicles it holds; may be empty or left out
  note          may be empty or left out

  id,lon,lat,capacity,name,address,note
  ST-3,174.8949,-36.9457,5,Botany,"32 Sir William Ave, Auckland",`,
  },
  hospitals: {
    columns: {
      hospital_id: required('id'),
      ...PLACE,
      address: optional(),
      emergency_department: required('ed'),
      capabilities: optional(),
    },
    columnOf: {
      hospitalId: 'hospital_id',
      ...PLACE_COLUMN_OF,
      emergencyDepartment: 'emergency_department',
      capabilities: 'capabilities',
    },
    mustBe: WORDS,
    item: values => ({
      hospitalId: values.hospital_id,
      ...place(values),
      emergencyDepartment: yesOrNo(values.emergency_department),
      capabilities: words(values.capabilities),
    }),
    help: `  hospital_id   your own key, 1 to 32 characters of A-Z a-z 0-9 . _ -; also id
${PLACE_HELP}
  emergency_department  1 or 0, yes or no, true or false; also ed
  capabilities  words of a-z 0-9 - separated by semicolons; may be empty or left out

  id,lon,lat,name,address,ed,capabilities
  H1,174.7691,-36.8604,City Hospital,,1,stroke;burns

A file without that column, of hospitals that all have an emergency department:

  --set emergency_department=yes`,
  },
}

function place(values: Row['values']): Record<string, unknown> {
  const { name, lon, lat, address } = values
  return { name, lonDeg: degreesOf(lon), latDeg: degreesOf(lat), address: textOrNull(address) }
}

const numberOf = (text: string | undefined): unknown => (text === undefined ? undefined : (numberOfText(text) ?? text))

/** Degrees have no thousands, so a comma in them is a decimal one. */
const degreesOf = (text: string | undefined): unknown => numberOf(text?.replace(/^([+-]?\d+),(\d+)$/, '$1.$2'))

/** In whatever case, and with spaces for hyphens; any other text as it is. */
const levelOfCare = (text = ''): string =>
  LEVELS_OF_CARE.find(level => level === text.toLowerCase().replaceAll(/[\s_]+/g, '-')) ?? text

const textOrNull = (text: string | undefined): string | null => (text === undefined || text === '' ? null : text)

const words = (text = ''): string[] =>
  text
    .split(';')
    .map(word => word.trim().toLowerCase())
    .filter(word => word !== '')

const YES = ['1', 'yes', 'true']
const NO = ['0', 'no', 'false']

function yesOrNo(text = ''): unknown {
  const word = text.toLowerCase()
  return YES.includes(word) ? true : NO.includes(word) ? false : text
}
