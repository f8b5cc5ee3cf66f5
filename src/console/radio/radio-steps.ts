/**
 * What a dispatcher enters for a crew on the radio, each with its key. The digits are those that status radios of crews have in
 * many services: 1 free, 3 on the way, 4 at the scene, 6 out of service, 7 with a patient, 8 at the hospital.
 */
import type { DispatcherClient, TripView, UnitView } from '../../client/index.ts'
import type { Shift } from '../shift.ts'

type SpokenPhase = Parameters<DispatcherClient['reportPhase']>[1]

export type RadioStep =
  | {
      readonly key: string
      readonly is: 'status'
      readonly status: 'available' | 'off-duty'
      readonly signsOn: boolean
    }
  | { readonly key: string; readonly is: 'phase'; readonly phase: SpokenPhase }
  | { readonly key: string; readonly is: 'confirm' | 'unavailable' | 'close' }

/** By the digit; what has none is reached with Tab. */
const PHASES: readonly (readonly [key: string, phase: SpokenPhase])[] = [
  ['3', 'en-route'],
  ['4', 'on-scene'],
  ['5', 'at-patient'],
  ['7', 'transporting'],
  ['8', 'at-destination'],
  ['', 'transferred'],
]
const PHASE_ORDER: readonly string[] = ['offered', 'assigned', ...PHASES.map(([, phase]) => phase)]

/** The trip that a unit has, or is asked for; undefined where it has none. */
export function tripOfUnit(shift: Shift, { unitId, tripId }: UnitView): TripView | undefined {
  const trips = shift.board.trips
  return tripId === null ? [...trips.values()].find(({ offer }) => offer?.unitId === unitId) : trips.get(tripId)
}

/** What may be said of a unit now, in the order of the keys. */
export function radioSteps({ status, offerId }: UnitView, trip: TripView | undefined): RadioStep[] {
  const isOff = status === 'off-duty'
  const steps: RadioStep[] = []
  if (trip === undefined) steps.push({ key: '1', is: 'status', status: 'available', signsOn: isOff })
  else {
    if (offerId !== null) steps.push({ key: '2', is: 'confirm' })
    const at = PHASE_ORDER.indexOf(trip.phase)
    for (const [key, phase] of PHASES) if (PHASE_ORDER.indexOf(phase) > at) steps.push({ key, is: 'phase', phase })
  }
  steps.push({ key: '6', is: 'unavailable' })
  if (trip !== undefined) steps.push({ key: '9', is: 'close' })
  if (!isOff) steps.push({ key: '0', is: 'status', status: 'off-duty', signsOn: false })
  return steps
}

/** The unit that a dispatcher is looking at: that of the trip which is open. Null: it has to be named. */
export function unitLookedAt(shift: Shift): string | null {
  const { selectedTripId } = shift
  const trip = selectedTripId === null ? undefined : shift.board.trips.get(selectedTripId)
  return trip?.unitId ?? trip?.offer?.unitId ?? null
}
