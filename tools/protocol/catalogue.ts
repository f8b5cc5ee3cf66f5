/** The protocol as data, from the tables and schemas that the engine itself goes by. */

import { TRIP_ALARMS } from '../../src/domain/events/alarm-events.ts'
import { EXCLUSION_REASONS } from '../../src/domain/events/decision-record.ts'
import { REVOKE_REASONS } from '../../src/domain/events/trip-events.ts'
import { EIDO_PRIMARY, EIDO_SECONDARY, FMS_KEYS, OURS_ALONE } from '../../src/domain/field-words.ts'
import { ROLES } from '../../src/domain/roles.ts'
import { DISPOSITION_AXES } from '../../src/domain/trip/disposition-axes.ts'
import {
  ABSENT_REASONS,
  ARRIVAL_MODES,
  CANCEL_REASONS,
  CAUSES,
  CORRECTION_REASONS,
  DECLINE_REASONS,
  DISPATCH_MODES,
  DISPOSITIONS,
  LEVELS_OF_CARE,
  MARKS,
  OVERRIDE_REASONS,
  RECEIVED_SOURCES,
  REPORTABLE_PHASES,
  RESPONSE_ENDS,
  RESPONSE_TIMES,
  TRIP_PHASES,
  UNAVAILABLE_REASONS,
  UNIT_STATUSES,
  ZONE_KINDS,
  ZONE_REASONS,
} from '../../src/domain/vocabulary.ts'
import { CLOSE_CODES, ERRORS } from '../../src/protocol/errors.ts'
import { FEED_FIX_FIELDS, FIX_FIELDS, NULLABLE } from '../../src/protocol/fix-frame.ts'
import { DEFAULT_LIMITS, LIMITS, RANGES } from '../../src/protocol/limits.ts'
import { CLIENT_MESSAGES, rowOf } from '../../src/protocol/messages.ts'
import { DETACH_REASONS } from '../../src/protocol/wire/fix-tuples.ts'
import {
  CLIENT_TYPES,
  type ClientTypeName,
  SERVER_TYPES,
  type ServerTypeName,
} from '../../src/protocol/wire/message-types.ts'
import { EVENT_TYPES } from '../../src/store/log/event-forms.ts'
import { asJson, type JsonSchema } from './json-schema.ts'
import { serverFields } from './server-schema.ts'

const FIX_TYPES = { fix: FIX_FIELDS, hint: FIX_FIELDS, 'feed-fixes': FEED_FIX_FIELDS } as const
const isFixType = (type: ClientTypeName): type is keyof typeof FIX_TYPES => Object.hasOwn(FIX_TYPES, type)

/** Types, roles, codes, words, ranges and events of version 1. */
export function catalogue(): unknown {
  const client = Object.entries(CLIENT_TYPES).map(([name, code]) => {
    const type = name as ClientTypeName
    return { type, code, fields: fieldsOf(type), roles: rowOf(type).right?.roles ?? ROLES }
  })
  const errors = Object.entries(ERRORS).map(([code, rule]) => ({ code, ...rule }))
  return {
    version: 1,
    client,
    server: Object.entries(SERVER_TYPES).map(([type, code]) => {
      return { type, code, fields: serverFields(type as ServerTypeName) }
    }),
    errors,
    closeCodes: CLOSE_CODES,
    dispositionAxes: DISPOSITION_AXES,
    fieldWords: { eidoPrimary: EIDO_PRIMARY, eidoSecondary: EIDO_SECONDARY, fms: FMS_KEYS, oursAlone: OURS_ALONE },
    words: {
      role: ROLES,
      levelOfCare: LEVELS_OF_CARE,
      unitStatus: UNIT_STATUSES,
      unavailableReason: UNAVAILABLE_REASONS,
      tripPhase: TRIP_PHASES,
      reportablePhase: REPORTABLE_PHASES,
      mark: MARKS,
      responseTime: RESPONSE_TIMES,
      receivedSource: RECEIVED_SOURCES,
      responseEnd: RESPONSE_ENDS,
      absentReason: ABSENT_REASONS,
      correctionReason: CORRECTION_REASONS,
      cause: CAUSES,
      disposition: DISPOSITIONS,
      cancelReason: CANCEL_REASONS,
      overrideReason: OVERRIDE_REASONS,
      declineReason: DECLINE_REASONS,
      dispatchMode: DISPATCH_MODES,
      arrivalMode: ARRIVAL_MODES,
      tripAlarm: TRIP_ALARMS,
      revokeReason: REVOKE_REASONS,
      detachReason: DETACH_REASONS,
      zoneKind: ZONE_KINDS,
      zoneReason: ZONE_REASONS,
      exclusionReason: EXCLUSION_REASONS,
    },
    ranges: RANGES,
    limits: LIMITS,
    defaultLimits: DEFAULT_LIMITS,
    events: EVENT_TYPES,
  }
}

function fieldsOf(type: ClientTypeName): readonly string[] {
  if (!isFixType(type)) return CLIENT_MESSAGES[type].shape.fields
  return type === 'feed-fixes' ? ['sentAtMs', 'fix'] : ['streamIndex', 'sentAtMs', 'fix']
}

/**
 * JSON Schema of the messages that a client sends, in the JSON subprotocol. What it refuses the engine refuses; what counts
 * characters, or goes by two fields together, only the engine refuses. A fix that is out of range is left out, not refused.
 */
export function clientSchema(): JsonSchema {
  const types = Object.keys(CLIENT_TYPES) as ClientTypeName[]
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Messages of a goldenhour.v1.json client',
    oneOf: types.map(type => ({ $ref: `#/$defs/${type}` })),
    $defs: Object.fromEntries(types.map(type => [type, messageSchema(type)])),
  }
}

function messageSchema(type: ClientTypeName): JsonSchema {
  if (isFixType(type)) return fixSchema(type)
  const { fields, schema } = CLIENT_MESSAGES[type].shape
  const { properties = {} } = asJson(schema) as { properties?: Readonly<Record<string, JsonSchema>> }
  const prefixItems = [{ const: type }, ...fields.map(field => ({ title: field, ...properties[field] }))]
  return { type: 'array', prefixItems, minItems: prefixItems.length }
}

function fixSchema(type: keyof typeof FIX_TYPES): JsonSchema {
  const range = ([minimum, maximum]: readonly [number, number]) => ({ type: 'integer', minimum, maximum })
  const values = FIX_TYPES[type].map(name => {
    const own = range(RANGES[name])
    return { title: name, ...(NULLABLE.has(name) ? { anyOf: [own, { type: 'null' }] } : own) }
  })
  const fix = { type: 'array', prefixItems: values, minItems: values.length }
  const head = fieldsOf(type)
    .slice(0, -1)
    .map(name => ({ title: name, ...range(RANGES[name as 'sentAtMs']) }))
  const prefixItems = [{ const: type }, ...head, fix]
  const more = type === 'hint' ? {} : { items: { anyOf: [fix, { type: 'object' }] } }
  return { type: 'array', prefixItems, minItems: prefixItems.length, ...more }
}
