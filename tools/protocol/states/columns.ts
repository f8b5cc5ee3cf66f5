/** The states that the tables of states have a column for, and the way to each: events of commands, one after the other. */
import type { CallState } from '../../../src/domain/call.ts'
import type { Command } from '../../../src/domain/commands.ts'
import { offerTimedOut } from '../../../src/domain/dispatch/offers.ts'
import {
  REPORTABLE_PHASES,
  type ReportablePhase,
  TRIP_PHASES,
  type TripPhase,
  UNIT_STATUSES,
  type UnitStatus,
} from '../../../src/domain/vocabulary.ts'
import { Stage } from './stage.ts'

export interface Column {
  readonly name: string
  readonly stage: Stage
}

/** A way to a state, with what tells it from another one of the same name. */
interface Way {
  readonly but?: string
  readonly go: (stage: Stage) => Stage
}

/** Each on a stage of its own. */
function columnsOf<T extends string>(
  names: readonly T[],
  ways: Readonly<Record<T, readonly Way[]>>,
  nameOf: (stage: Stage) => string,
): readonly Column[] {
  return names.flatMap(name =>
    ways[name].map(({ but, go }) => {
      const stage = go(new Stage())
      if (nameOf(stage) !== name) throw new Error(`The way to ${name} leads to ${nameOf(stage)}.`)
      return { name: but === undefined ? name : `${name}, ${but}`, stage }
    }),
  )
}

const crew = (stage: Stage, command: Command): Stage => stage.tell('its crew', command)
const desk = (stage: Stage, command: Command): Stage => stage.tell('the desk', command)

function assigned(stage: Stage): Stage {
  stage.offer('offered')
  return crew(stage, { type: 'accept-offer', offerId: stage.unit.work!.offerId!, happenedAtMs: stage.nowMs })
}

/** Every phase up to this one, by the crew's buttons. */
const working =
  (last: ReportablePhase) =>
  (stage: Stage): Stage => {
    assigned(stage)
    for (const phase of REPORTABLE_PHASES.slice(0, REPORTABLE_PHASES.indexOf(last) + 1)) {
      crew(stage, { type: 'report-phase', tripId: stage.tripId, phase, happenedAtMs: stage.nowMs })
    }
    return stage
  }

const offeredTo: readonly Way[] = [
  { go: stage => stage.offer('offered') },
  { but: 'as an order', go: stage => stage.offer('ordered') },
]

const WAYS_OF_A_TRIP: Readonly<Record<TripPhase, readonly Way[]>> = {
  pending: [{ go: stage => stage }],
  offered: offeredTo,
  assigned: [{ go: assigned }],
  'en-route': [{ go: working('en-route') }],
  'on-scene': [{ go: working('on-scene') }],
  'at-patient': [{ go: working('at-patient') }],
  transporting: [{ go: working('transporting') }],
  'at-destination': [{ go: working('at-destination') }],
  transferred: [{ go: working('transferred') }],
  closed: [
    {
      go: stage => {
        const { tripId } = working('transferred')(stage)
        return crew(stage, { type: 'close-trip', tripId, disposition: 'transported', happenedAtMs: stage.nowMs })
      },
    },
  ],
  cancelled: [
    { go: stage => desk(assigned(stage), { type: 'cancel-trip', tripId: stage.tripId, reason: 'caller-cancelled' }) },
  ],
}

const withdrawn =
  (reason: 'other' | 'vehicle-fault') =>
  (stage: Stage): Stage =>
    desk(working('on-scene')(stage), { type: 'withdraw-unit', tripId: stage.tripId, reason })

const signedOff = (stage: Stage): Stage => crew(stage, { type: 'sign-off', happenedAtMs: stage.nowMs })

const WAYS_OF_A_UNIT: Readonly<Record<UnitStatus, readonly Way[]>> = {
  'off-duty': [{ go: signedOff }, { but: 'retired', go: stage => signedOff(stage).retire() }],
  available: [
    { go: stage => stage },
    { but: 'no contact', go: stage => stage.offer('offered').engine(() => offerTimedOut(stage.itsTrip, stage.unit)) },
  ],
  offered: offeredTo,
  assigned: [{ go: assigned }],
  'en-route': [{ go: working('en-route') }],
  'on-scene': [{ go: working('on-scene') }],
  transporting: [{ go: working('transporting') }],
  'at-destination': [{ go: working('at-destination') }],
  'standing-down': [{ go: withdrawn('other') }, { but: 'unfit', go: withdrawn('vehicle-fault') }],
  unavailable: [
    {
      go: stage =>
        crew(stage, { type: 'set-status', status: 'unavailable', reason: 'break', happenedAtMs: stage.nowMs }),
    },
  ],
}

const WAYS_OF_A_CALL: Readonly<Record<CallState['state'], readonly Way[]>> = {
  open: WAYS_OF_A_TRIP.assigned,
  closed: WAYS_OF_A_TRIP.closed,
  cancelled: WAYS_OF_A_TRIP.cancelled,
}

export const tripColumns = (): readonly Column[] => columnsOf(TRIP_PHASES, WAYS_OF_A_TRIP, stage => stage.itsTrip.phase)
export const unitColumns = (): readonly Column[] => columnsOf(UNIT_STATUSES, WAYS_OF_A_UNIT, stage => stage.unit.status)
export const callColumns = (): readonly Column[] =>
  columnsOf(['open', 'closed', 'cancelled'], WAYS_OF_A_CALL, stage => stage.itsCall.state)
