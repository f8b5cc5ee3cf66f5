/** The form of what questions of the roads are answered with. */
import { z } from 'zod'
import { PLACE_KINDS, REACH_HEADINGS, WAY_PROBLEMS } from '../domain/dispatch/road-questions.ts'
import { WAY_GOALS } from '../domain/trip/way.ts'
import { CAPABILITY, HOSPITAL_STATUSES, RANKING_BASES } from '../domain/vocabulary.ts'
import type { IsSame } from './same-type.ts'
import { count, moment, place, routedId, unitId } from './schema-parts.ts'
import type { CoverageView, Destinations, FoundPlaces, ReachView, TripRoute } from './wire/road-views.ts'

const roadsVersion = z.int().min(1)
const notByRoad = z.enum([...WAY_PROBLEMS, 'busy']).optional()
const basis = { basis: z.enum(RANKING_BASES), roadsVersion: roadsVersion.optional(), notByRoad }
const metres = z.number().min(0)
const point = z.tuple([z.number(), z.number()])

const foundPlace = z.object({
  ...{ kind: z.enum(PLACE_KINDS), names: z.array(z.string()), ...place },
  ...{ radiusM: metres, confidence: z.number().min(0).max(1) },
})
export const foundPlaces = z.object({ roadsVersion, places: z.array(foundPlace) })

const destination = z.object({
  ...{ hospitalId: z.string(), name: z.string(), ...place, address: z.string().nullable() },
  ...{ emergencyDepartment: z.boolean(), capabilities: z.array(z.string().regex(CAPABILITY)) },
  ...{ status: z.enum(HOSPITAL_STATUSES).exclude(['open']).optional(), statusNote: z.string().nullable().optional() },
  ...{ distanceM: metres, etaMs: count, estimated: z.literal('off-road').optional() },
})
export const destinations = z.object({ ...basis, destinations: z.array(destination) })

export const reachView = z.object({
  ...{ roadsVersion, heading: z.enum(REACH_HEADINGS), withinMs: count },
  lines: z.object({ type: z.literal('MultiLineString'), coordinates: z.array(z.array(point)) }).nullable(),
  cells: z
    .object({
      ...{ westDeg: z.number(), southDeg: z.number(), cellLonDeg: z.number(), cellLatDeg: z.number() },
      runs: z.array(z.tuple([count, count, z.int().min(1)])),
    })
    .nullable(),
})

export const coverageView = z.object({
  ...{ roadsVersion, targetMs: count, units: count, demand: z.enum(['calls', 'roads']) },
  ...{ points: count, reached: count, share: z.number().min(0).max(1) },
})

export const tripRoute = z.object({
  ...{ tripId: routedId, unitId, toward: z.enum(WAY_GOALS), atMs: moment, ...basis },
  ...{ driveMs: count, distanceM: metres, fixAgeMs: z.int(), line: z.array(point), offM: metres },
})

type Same = {
  FoundPlaces: IsSame<z.output<typeof foundPlaces>, FoundPlaces>
  Destinations: IsSame<z.output<typeof destinations>, Destinations>
  ReachView: IsSame<z.output<typeof reachView>, ReachView>
  CoverageView: IsSame<z.output<typeof coverageView>, CoverageView>
  TripRoute: IsSame<z.output<typeof tripRoute>, TripRoute>
}
/** Each schema is the view of its name in `wire/`, no field more or less. */
void ({ FoundPlaces: true, Destinations: true, ReachView: true, CoverageView: true, TripRoute: true } satisfies Same)
