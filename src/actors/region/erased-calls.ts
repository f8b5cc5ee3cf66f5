/** Calls whose personal data was erased in the store leave memory, or lose it there where they have changed since. */
import { withoutPersonal } from '../../domain/erasure.ts'
import type { CallId } from '../../domain/ids.ts'
import type { RegionAssembly } from './assembly.ts'

export function takeErased({ state, watch, location }: RegionAssembly, callIds: readonly CallId[]): void {
  const { memory } = state
  watch.board.forgetCalls(new Set(callIds))
  for (const callId of callIds) {
    const call = memory.call(callId)
    // Whoever asks for it again is told what is stored.
    if (call === undefined || location.closed.letGo(call)) continue
    memory.texts.forget(callId)
    for (const tripId of call.tripIds) {
      const actor = memory.tripActor(tripId)
      if (actor !== undefined) memory.setTrip(actor, withoutPersonal(actor.state))
    }
    memory.setCall(withoutPersonal(call))
    memory.callUnsaved(call)
  }
}
