/** Looks after patients that were handed over, in each turn that may have changed who has them. */
import { isHandedOver } from '../../domain/trip/receiver.ts'
import { stepCall } from './command-steps.ts'
import type { TurnStep } from './followers.ts'

export const receivers: TurnStep = {
  extend(turn) {
    for (const callId of new Set([...turn.trips.values()].map(trip => trip.callId))) {
      const tripIds = turn.call(callId)?.tripIds ?? []
      const isAny = tripIds.some(tripId => {
        const trip = turn.trip(tripId)
        return trip !== undefined && isHandedOver(trip)
      })
      if (isAny) stepCall(turn, callId)
    }
  },
}
