/** A call and what may change of it: in the wire units of a message, and in degrees over HTTP. */
import { z } from 'zod'
import type { AmendCall, CallDetails, EnterCall } from '../domain/commands.ts'
import { REGION_ID } from '../domain/ids.ts'
import { CAPABILITY, type Priority } from '../domain/vocabulary.ts'
import { atMs, degrees, integer, latE7, levelOfCare, list, lonE7, matching, optional, text } from './fields.ts'
import { fromE7 } from './fix-frame.ts'
import { LIMITS, RANGES } from './limits.ts'
import { orNull } from './nullable.ts'

/** What one unit must be able to do. What may be left out of a need stays so, or the body of a client of before would not be the one it had sent. */
export const needFields = z.object(
  {
    levelOfCare,
    transport: z.boolean({ error: 'must be true or false' }).optional(),
    capabilities: list(matching(CAPABILITY), 0, LIMITS.capabilitiesPerNeed).default([]),
    preferred: list(matching(CAPABILITY), 0, LIMITS.capabilitiesPerNeed).optional(),
  },
  { error: 'must be a map {levelOfCare, transport, capabilities, preferred}' },
)
const detailsFields = z.object(
  {
    callerName: optional(text(0, LIMITS.callerNameChars)),
    phone: optional(text(0, LIMITS.phoneChars)),
    address: optional(text(0, LIMITS.addressChars)),
    notes: optional(text(0, LIMITS.notesChars)),
  },
  { error: 'must be a map {callerName, phone, address, notes}' },
)
const someOrNone = (given: CallDetails): CallDetails | null =>
  Object.values(given).some(value => value !== null) ? given : null
const details = detailsFields.transform(someOrNone)

export const priorityField = integer(RANGES.priority).transform(value => value as Priority)
const callFields = {
  priority: priorityField,
  problem: optional(text(1, LIMITS.problemChars)),
  needs: list(needFields, 1, LIMITS.needsPerCall),
  receivedAtMs: optional(atMs),
  details: optional(details),
  // What is left out stays so: the body of a client of before is the one that it had sent.
  onHold: z.boolean({ error: 'must be true or false' }).optional(),
}
/** The call of `enter-call`, in wire units. */
export const wireCall = z
  .object({ lonE7, latE7, ...callFields }, { error: 'must be a map, the call' })
  .transform(({ lonE7, latE7, ...rest }): EnterCall => {
    return { type: 'enter-call', lonDeg: fromE7(lonE7), latDeg: fromE7(latE7), ...rest }
  })

/** A change of place needs both of its coordinates; an absent key changes nothing, and null takes a value away. */
export const callChanges = z
  .object(
    {
      lonE7: lonE7.optional(),
      latE7: latE7.optional(),
      priority: callFields.priority.optional(),
      problem: orNull(text(1, LIMITS.problemChars)).optional(),
      details: orNull(details).optional(),
    },
    { error: 'must be a map, what changes' },
  )
  .refine(({ lonE7, latE7 }) => (lonE7 === undefined) === (latE7 === undefined), {
    error: 'must give both lonE7 and latE7, or neither',
  })
  .refine(changes => Object.values(changes).some(value => value !== undefined), { error: 'must change something' })
  .transform(({ lonE7, latE7, ...rest }) => ({
    ...(lonE7 === undefined || latE7 === undefined ? {} : { lonDeg: fromE7(lonE7), latDeg: fromE7(latE7) }),
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
  })) as z.ZodType<Omit<AmendCall, 'type' | 'callId'>>

/** Body of `POST /v1/calls`: a `WireCall` whose place is given in degrees. A key that is none may be a misspelt one: it is refused. */
export const CALL_BODY = z
  .strictObject(
    {
      lonDeg: degrees(180),
      latDeg: degrees(90),
      ...callFields,
      needs: list(needFields.strict(), 1, LIMITS.needsPerCall),
      details: optional(detailsFields.strict().transform(someOrNone)),
    },
    { error: issue => (issue.code === 'unrecognized_keys' ? undefined : 'must be a JSON object, the call') },
  )
  .transform((call): EnterCall => ({ type: 'enter-call', ...call }))

/** Query of `GET /v1/units/nearest`, after its numbers were read. */
export const NEAREST_QUERY = z.object({
  region: matching(REGION_ID),
  lon: degrees(180),
  lat: degrees(90),
  k: integer(RANGES.k).default(5),
  levelOfCare: levelOfCare.optional(),
})
