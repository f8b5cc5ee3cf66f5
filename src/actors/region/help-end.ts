/** Ends trips that help as soon as help is no longer wanted, in the turn in which that is so. */
import { helpEnded, helpOf, isHelpOver } from '../../domain/dispatch/help.ts'
import { tripKey } from '../../domain/entity.ts'
import type { TripState } from '../../domain/trip/trip.ts'
import { stepCall } from './command-steps.ts'
import type { TurnStep } from './followers.ts'
import type { Turn } from './turn.ts'

/** Stands before whatever gives freed units their next trip. */
export const helpEnd: TurnStep = {
  extend(turn) {
    for (const trip of [...turn.trips.values()]) {
      const help = helpOf(turn, trip)
      if (help !== undefined) endIfOver(turn, help)
    }
  },
}

function endIfOver(turn: Turn, { tripId, helps }: TripState): void {
  const [help, helped] = [turn.trip(tripId)!, helps === undefined ? undefined : turn.trip(helps)]
  if (helped === undefined || !isHelpOver(help, helped)) return
  if (turn.isHeld(tripKey(tripId)) || turn.isHeld(tripKey(helped.tripId))) return
  turn.record([helpEnded(help)])
  stepCall(turn, help.callId)
}
