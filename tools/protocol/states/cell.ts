/** What a cell of the tables says: what a turn has changed, or why nothing. */
import type { TurnOutcome } from '../../../src/actors/region/command-outcome.ts'
import { EventRejected } from '../../../src/actors/region/quarantine.ts'
import type { Turn } from '../../../src/actors/region/turn.ts'
import type { DriverState } from '../../../src/domain/unit/driver.ts'
import { OTHER_UNIT, type Stage, UNIT } from './stage.ts'

export const UNCHANGED = '='
export const DOES_NOT_FIT = '—'

export type Subject = 'trip' | 'unit' | 'call'

/** What a turn over the states of the stage, which stay as they are, comes to. Output of `act`: null for what is no command. */
export function cellOf(stage: Stage, subject: Subject, turn: Turn, act: () => TurnOutcome | null): string {
  try {
    const outcome = act()
    if (outcome !== null && !outcome.ok) return `\`${outcome.refusal.code}\``
  } catch (error) {
    if (error instanceof EventRejected) return DOES_NOT_FIT
    throw error
  }
  if (turn.heldBy !== null) return '`quarantined`'
  const changes = changesOf(stage, turn, subject)
  const parts = [changes[subject], ...(subject === 'call' ? [] : alsoOf(changes, subject))]
  return parts.filter(part => part !== null).join('; ') || UNCHANGED
}

interface Changes {
  readonly trip: string | null
  readonly unit: string | null
  readonly other: string | null
  readonly call: string | null
  readonly alarms: readonly string[]
}

function alsoOf({ trip, unit, other, alarms }: Changes, subject: 'trip' | 'unit'): readonly (string | null)[] {
  const also = subject === 'trip' ? (unit === null ? null : `A ${unit}`) : trip === null ? null : `its trip ${trip}`
  return [also, other === null ? null : `B ${other}`, ...alarms.map(alarm => `alarm ${alarm}`)]
}

function changesOf(stage: Stage, turn: Turn, subject: Subject): Changes {
  const [tripBefore, trip] = [stage.itsTrip, turn.trip(stage.tripId)!]
  // A unit has nothing to do with a trip that it does not have.
  const isAbout = subject === 'trip' || stage.unit.work?.tripId === stage.tripId
  const unitAlarms = [openKinds(stage.unit), openKinds(turn.driver(UNIT)!)] as const
  const callState = turn.call(trip.callId)!.state
  return {
    trip: trip.phase === tripBefore.phase ? null : trip.phase,
    unit: unitChange(stage, turn, UNIT),
    other: unitChange(stage, turn, OTHER_UNIT),
    call: callState === stage.itsCall.state ? null : callState,
    alarms: [...(isAbout ? newOnes(tripBefore.alarms, trip.alarms) : []), ...newOnes(...unitAlarms)],
  }
}

const openKinds = ({ openAlarms = [] }: DriverState): readonly string[] => openAlarms.map(({ kind }) => kind)
const newOnes = (before: readonly string[], after: readonly string[]): readonly string[] =>
  after.filter(alarm => !before.includes(alarm))

function unitChange(stage: Stage, turn: Turn, unitId: string): string | null {
  const [before, after] = [stage.driver(unitId)!, turn.driver(unitId)!]
  const text = unitText(after, stage)
  return text === unitText(before, stage) ? null : text
}

/** Its status, and what else says whether it can be sent. */
function unitText(
  { status, work, retired, noContact, standingDown, unavailableReason, emergencySinceMs }: DriverState,
  stage: Stage,
): string {
  const more = [
    work?.tripId === stage.otherTripId ? 'the other trip' : null,
    retired === true ? 'retired' : null,
    noContact === undefined ? null : 'no contact',
    emergencySinceMs === undefined ? null : 'emergency',
    standingDown !== undefined && unavailableReason !== null ? 'unfit' : null,
  ]
  return [status, ...more.filter(each => each !== null)].join(', ')
}
