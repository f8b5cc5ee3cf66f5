/** What is asked of the roads: when units will be there, places by name, destinations, reach, coverage, routes. */
import { z } from 'zod'
import { REACH_HEADINGS } from '../../domain/dispatch/road-questions.ts'
import { ROUTED_ID, UNIT_ID } from '../../domain/ids.ts'
import { CREW_OR_DESK, DESK } from '../../domain/roles.ts'
import { CAPABILITY } from '../../domain/vocabulary.ts'
import { priorityField } from '../call-fields.ts'
import { id, integer, latE7, levelOfCare, lonE7, matching, oneOf, setOf, text } from '../fields.ts'
import { fromE7 } from '../fix-frame.ts'
import { LIMITS, RANGES } from '../limits.ts'
import { orNull } from '../nullable.ts'
import { coverageView, destinations, foundPlaces, reachView, tripRoute } from '../road-schemas.ts'
import { type MessageRows, NOTHING, named, shape } from './message-row.ts'

/** Either the thing that is named, or a place. */
const isOneOf =
  (name: 'tripId' | 'unitId') =>
  (fields: { readonly [key: string]: unknown }): boolean =>
    (fields[name] === null) === (fields.lonE7 !== null) && (fields.lonE7 === null) === (fields.latE7 === null)

function inDegrees(lonE7: number | null, latE7: number | null) {
  return { lonDeg: lonE7 === null ? null : fromE7(lonE7), latDeg: latE7 === null ? null : fromE7(latE7) }
}

export const ROAD_MESSAGES = {
  'watch-etas': {
    right: CREW_OR_DESK,
    rate: 'control',
    owner: ['region'],
    result: NOTHING,
    shape: named('watch-etas', z.object({ id })),
  },
  'unwatch-etas': {
    right: CREW_OR_DESK,
    rate: 'control',
    owner: ['region'],
    result: NOTHING,
    shape: named('unwatch-etas', z.object({ id })),
  },
  'find-place': {
    right: DESK,
    rate: 'query',
    owner: ['region'],
    result: foundPlaces,
    shape: named('find-place', z.object({ id, text: text(1, LIMITS.placeChars), k: integer(RANGES.k) })),
  },
  'best-destinations': {
    right: CREW_OR_DESK,
    rate: 'query',
    owner: ['region'],
    result: destinations,
    shape: shape(
      z
        .object({
          ...{ id, tripId: orNull(matching(ROUTED_ID)), lonE7: orNull(lonE7), latE7: orNull(latE7) },
          capabilities: setOf(
            CAPABILITY,
            0,
            LIMITS.capabilitiesPerDestination,
            `must be a list of at most ${LIMITS.capabilitiesPerDestination} words, each 1 to 32 characters of a-z 0-9 -`,
          ),
          k: integer(RANGES.k),
        })
        .refine(isOneOf('tripId'), { path: ['tripId'], error: 'must be given, or else both lonE7 and latE7' }),
      ({ lonE7, latE7, ...fields }) => ({ type: 'best-destinations' as const, ...fields, ...inDegrees(lonE7, latE7) }),
    ),
  },
  reach: {
    right: DESK,
    rate: 'query',
    owner: ['region'],
    result: reachView,
    shape: shape(
      z
        .object({
          ...{ id, unitId: orNull(matching(UNIT_ID)), lonE7: orNull(lonE7), latE7: orNull(latE7) },
          ...{ heading: oneOf(REACH_HEADINGS), priority: orNull(priorityField), withinMs: integer(RANGES.withinMs) },
          maxBytes: integer(RANGES.maxBytes),
        })
        .refine(isOneOf('unitId'), { path: ['unitId'], error: 'must be given, or else both lonE7 and latE7' }),
      ({ lonE7, latE7, ...fields }) => ({ type: 'reach' as const, ...fields, ...inDegrees(lonE7, latE7) }),
    ),
  },
  coverage: {
    right: DESK,
    rate: 'query',
    owner: ['region'],
    result: coverageView,
    shape: named(
      'coverage',
      z.object({
        ...{ id, targetMs: integer(RANGES.targetMs), priority: orNull(priorityField) },
        levelOfCare: orNull(levelOfCare),
      }),
    ),
  },
  'trip-route': {
    right: CREW_OR_DESK,
    rate: 'query',
    owner: ['region'],
    result: tripRoute,
    shape: named('trip-route', z.object({ id, tripId: matching(ROUTED_ID), maxBytes: integer(RANGES.maxBytes) })),
  },
} as const satisfies MessageRows
