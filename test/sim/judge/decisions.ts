/**
 * The rules of dispatch as the specification of every decision: what a command did, or why it was refused, is worked out
 * again in the states of its moment.
 */

import { isDeepStrictEqual } from 'node:util'
import type { TurnOutcome } from '../../../src/actors/region/command-outcome.ts'
import { runCommand } from '../../../src/actors/region/commands.ts'
import { Quarantine } from '../../../src/actors/region/quarantine.ts'
import { type States, Turn } from '../../../src/actors/region/turn.ts'
import type { Command } from '../../../src/domain/commands.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { TripId, UnitId } from '../../../src/domain/ids.ts'
import { type Incident, incidentOf } from '../../../src/domain/incident-no.ts'
import { DEFAULT_POLICY } from '../../../src/domain/policy.ts'
import { hospitalOf } from '../hospitals.ts'
import type { StateHistory } from './history.ts'

/** Who sends a command, as far as its decision goes. */
export interface Asker {
  readonly principal: string
  /** The unit of a driver's session; null for the desk. */
  readonly unitId: UnitId | null
}

/** Refusals that follow from units, trips and calls alone, so that they can be worked out again. */
const BY_STATE: ReadonlySet<string> = new Set([
  'unknown-unit',
  'unknown-call',
  'unknown-trip',
  'unknown-offer',
  'wrong-phase',
  'not-your-trip',
  'unit-off-duty',
  'not-signed-on',
  'unit-has-trip',
  'not-declinable',
  'cannot-transport',
  'unit-not-fit',
  'unit-retired',
  'unknown-zone',
  'too-many-zones',
])
export const followsFromStates = (code: string): boolean => BY_STATE.has(code)

/** What the engine itself adds to a command's record: the desk's matching, and units that were only waiting to retire. */
const ADDED: ReadonlySet<DomainEvent['type']> = new Set([
  'OfferMade',
  'UnitNotified',
  'TripAlarmRaised',
  'HelpAdded',
  'CrewSignedOff',
  'UnitRetired',
])

/** A last resort gives way to who can go, which the account of voice orders looks at. */
const isAdded = (event: DomainEvent): boolean =>
  ADDED.has(event.type) || (event.type === 'OfferRevoked' && event.reason === 'fitter-unit')

/** Help ends by the system, and with the last trip its call, or what was in doubt of a patient is not; that it may, the judge's account of help says. */
function endsHelp(before: States, event: DomainEvent): boolean {
  if (event.type === 'CallClosed' || event.type === 'CallCancelled') return true
  if (event.type === 'ReceiverNamed') return event.cause === 'system'
  return event.type === 'TripCancelled' && event.cause === 'system' && before.trip(event.tripId)?.helps !== undefined
}

const NOBODY = new Quarantine()
/** Moments are judged by the engine's clock, which the judge does not see: one is put right where the record says that it was. */
const ANY_MOMENT = { earliestMs: Number.NEGATIVE_INFINITY, latestMs: Number.POSITIVE_INFINITY }
const NO_MOMENT = { earliestMs: Number.POSITIVE_INFINITY, latestMs: Number.NEGATIVE_INFINITY }
const REGION = 'sim'
const NO_ID = 'a new id'
/** Nobody is held in the simulation, so nothing is released. */
const NOBODY_ELSE = { heldReferences: new Map(), tripStates: () => [], driverActors: () => [], lastNoteNo: () => 0 }
const NO_NUMBER: Incident = { year: 2_000, number: 1 }

interface Recorded {
  readonly position: number
  readonly recordedAtMs: number
  readonly events: readonly DomainEvent[]
}

/**
 * Whether a record is what its command makes of the states before it. Output: what is wrong, null when nothing is.
 * Input: the result that was kept for the command.
 */
export function whyWrong(
  before: States,
  command: Command,
  asker: Asker,
  recorded: Recorded,
  result: Readonly<Record<string, unknown>> | null,
): string | null {
  const { events } = recorded
  const wrongBy = (moments: Sources['moments']) => whyWrongBy(moments, before, command, asker, recorded, result)
  if (events.some(event => 'sentAtMs' in event)) return wrongBy(NO_MOMENT)
  const why = wrongBy(ANY_MOMENT)
  // What makes no event does not say that its moment was put right: a button pressed twice in one moment, by a wrong clock.
  return why !== null && events.every(isAdded) && wrongBy(NO_MOMENT) === null ? null : why
}

function whyWrongBy(
  moments: Sources['moments'],
  before: States,
  command: Command,
  asker: Asker,
  { position, recordedAtMs, events }: Recorded,
  result: Readonly<Record<string, unknown>> | null,
): string | null {
  const turn = new Turn(before, NOBODY, events[0]?.atMs ?? recordedAtMs, position, recordedAtMs)
  const entered = events.find(event => event.type === 'CallEntered')
  const ids = events.flatMap(event => {
    if (event.type === 'CallEntered') return [event.callId, ...event.tripIds]
    if (event.type === 'RoadsRestricted') return [event.zoneId]
    return event.type === 'NeedAdded' ? [event.addedTripId] : []
  })
  const decided = tryCommand(turn, command, asker, {
    moments,
    newId: () => ids.shift() ?? NO_ID,
    // Whether it is the next of its year is a rule of its own.
    incident: (entered?.incidentNo === undefined ? null : incidentOf(entered.incidentNo)) ?? NO_NUMBER,
    // Whom the desk ordered is in the record; only the ids and the distance are its own.
    order: (given, tripId, unitId) => {
      const made = events[given.events.length]
      if (made?.type === 'OfferMade' && made.tripId === tripId && made.unitId === unitId) given.record([made])
    },
  })
  if (typeof decided === 'string') return `the rules break on it: ${decided}`
  if (!decided.ok) return `the rules refuse it: ${decided.refusal.code}: ${decided.refusal.message}`
  const own = JSON.parse(JSON.stringify(turn.events)) as DomainEvent[]
  if (!isDeepStrictEqual(own, events.slice(0, own.length))) {
    return `the rules make ${JSON.stringify(own)} of it, and the log has ${JSON.stringify(events)}`
  }
  const foreign = events.slice(own.length).find(event => !isAdded(event) && !endsHelp(before, event))
  if (foreign !== undefined) return `${foreign.type} does not follow from it`
  const expected = JSON.parse(JSON.stringify(decided.result)) as unknown
  if (result !== null && !isDeepStrictEqual(expected, result)) {
    return `its result should be ${JSON.stringify(expected)} and is ${JSON.stringify(result)}`
  }
  return null
}

/** The outcomes that a command could have had while the log ended between two positions, as codes; `ok` for done. */
export function possibleOutcomes(
  history: StateHistory,
  command: Command,
  asker: Asker,
  from: number,
  to: number,
): Set<string> {
  const outcomes = new Set<string>()
  for (let position = from; position <= to; ) {
    const states = history.statesAt(position)
    const turn = new Turn(states, NOBODY, 0, position + 1)
    const decided = tryCommand(turn, command, asker, {
      moments: ANY_MOMENT,
      newId: () => NO_ID,
      incident: NO_NUMBER,
      order: () => undefined,
    })
    outcomes.add(typeof decided === 'string' ? 'internal' : decided.ok ? 'ok' : decided.refusal.code)
    position = states.nextChange()
  }
  return outcomes
}

/** Nobody in these worlds puts an alarm aside for longer than any policy allows. */
const ANY_POLICY = DEFAULT_POLICY

interface Sources {
  readonly moments: { readonly earliestMs: number; readonly latestMs: number }
  readonly newId: () => string
  readonly incident: Incident
  readonly order: (turn: Turn, tripId: TripId, unitId: UnitId) => void
}

function tryCommand(turn: Turn, command: Command, asker: Asker, sources: Sources): TurnOutcome | string {
  try {
    const { moments, newId, incident, order } = sources
    // Where the units are the log does not tell; no call of these worlds is where it would matter.
    const desk = { order, nearestUnitM: () => null, regionId: REGION, roadsThere: () => null, hospital: hospitalOf }
    return runCommand(turn, command, {
      ...asker,
      moments,
      policy: ANY_POLICY,
      newId,
      desk,
      retiring: new Set(),
      memory: { ...NOBODY_ELSE, nextIncident: () => incident },
    })
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
