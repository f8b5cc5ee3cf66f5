/** Small pieces that the forms of events, messages and HTTP answers are made of. */
import { z } from 'zod'
import { WAY_PROBLEMS } from '../domain/dispatch/road-questions.ts'
import { ESTIMATE_REASONS, NOT_BY_ROAD_REASONS } from '../domain/dispatch/travel-times.ts'
import { EXCLUSION_REASONS } from '../domain/events/decision-record.ts'
import { ROUTED_ID, UNIT_ID } from '../domain/ids.ts'
import { INCIDENT_NO, RESPONSE_NO } from '../domain/incident-no.ts'
import { ETA_UNKNOWNS, WAY_GOALS } from '../domain/trip/way.ts'
import { CAPABILITY, LEVELS_OF_CARE, RANKING_BASES, TRIP_PHASES } from '../domain/vocabulary.ts'
import { ERRORS } from './errors.ts'
import { RANGES } from './limits.ts'

export const unitId = z.string().regex(UNIT_ID)
export const hospitalId = z.string().regex(UNIT_ID)
/** Of a call, a trip or an offer. */
export const routedId = z.string().regex(ROUTED_ID)
/** Epoch milliseconds of region time. */
export const moment = z.int()
export const principal = z.string().min(1)
export const priority = z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4), z.literal(5)])
export const levelSchema = z.enum(LEVELS_OF_CARE)
export const need = z
  .object({
    levelOfCare: levelSchema,
    transport: z.boolean().optional(),
    capabilities: z.array(z.string().regex(CAPABILITY)),
    preferred: z.array(z.string().regex(CAPABILITY)).optional(),
  })
  .meta({ id: 'Need', description: 'What one unit must be able to do for a call.' })
/** On the radio: a call's, and a trip's. */
export const incidentNo = z.string().regex(INCIDENT_NO)
export const responseNo = z.string().regex(RESPONSE_NO)
/** Of a call's notes. */
export const noteNo = z.int().min(1)
export const phases = z.array(z.enum(TRIP_PHASES))
export const ranged = ([min, max]: readonly [number, number]) => z.int().min(min).max(max)
export const position = ranged(RANGES.position)
export const count = z.int().min(0)
export const lonSchema = ranged(RANGES.lonE7)
export const latSchema = ranged(RANGES.latE7)
export const place = { lonE7: lonSchema, latE7: latSchema }
export const tripPhase = z.enum(TRIP_PHASES)
export const channel = ranged(RANGES.channel)
/** The mark of a stream of which nothing is stored is 0. */
export const durableSeq = z.int().min(0).max(RANGES.seq[1])
export const errorCode = z.enum(Object.keys(ERRORS) as [keyof typeof ERRORS])
export const exclusionReason = z.enum(EXCLUSION_REASONS)
/** By road; `estimated` says why not. */
export const eta = {
  etaMs: z.int().min(0).optional(),
  turnoutMs: z.int().min(0).optional(),
  unsureMs: z.int().min(1).optional(),
  estimated: z.enum(ESTIMATE_REASONS).optional(),
}
/** What a choice of units went by. */
export const choiceBasis = {
  basis: z.enum(RANKING_BASES),
  roadsVersion: z.int().min(1).optional(),
  speedsVersion: z.int().min(1).optional(),
  notByRoad: z.enum(NOT_BY_ROAD_REASONS).optional(),
}
/** When a trip's unit will be there. */
export const tripEta = z
  .object({
    ...{ tripId: routedId, unitId, toward: z.enum(WAY_GOALS), atMs: moment },
    ...{ etaMs: count.nullable(), turnoutMs: z.int().min(1).optional(), unsureMs: z.int().min(1).optional() },
    ...{ distanceM: z.number().min(0).nullable(), basis: z.enum(RANKING_BASES) },
    roadsVersion: z.int().min(1).optional(),
    notByRoad: z.enum([...WAY_PROBLEMS, 'busy']).optional(),
    ...{ unknown: z.enum(ETA_UNKNOWNS).optional(), fixAgeMs: z.int().nullable() },
  })
  .meta({ id: 'TripEta' })
/** A unit that could go, as a decision saw it. */
export const candidate = z.object({
  ...{ unitId, distanceM: z.number().min(0), fixAgeMs: z.int(), levelOfCare: levelSchema },
  ...eta,
  preferred: z.array(z.string().regex(CAPABILITY)).optional(),
})
/** What a unit lacks of what is needed. */
export const loss = z
  .object({
    care: z.object({ needed: levelSchema, sent: levelSchema }).nullable(),
    transport: z.boolean(),
    capabilities: z.array(z.string().regex(CAPABILITY)),
  })
  .meta({ id: 'Loss' })
export const passedOverUnit = z.object({ unitId, distanceM: z.number().min(0), ...eta, reason: exclusionReason })
