/** The turns of a call's notes: somebody says something, and a crew says what it has read. */

import type { CallState } from '../../domain/call.ts'
import { addNote, readNotes, whyNotOnCall } from '../../domain/call-notes.ts'
import type { AddNote, ReadNotes } from '../../domain/commands.ts'
import type { TripState } from '../../domain/trip/trip.ts'
import type { CommandContext } from './command-context.ts'
import type { TurnOutcome } from './command-outcome.ts'
import { applied, crewOf, withCall } from './command-steps.ts'
import type { Turn } from './turn.ts'

export function sayNote(turn: Turn, command: AddNote, context: CommandContext): TurnOutcome {
  return withCall(turn, command.callId, call => {
    const { principal: by, unitId, memory } = context
    if (unitId !== null) {
      const crew = crewOnCall(turn, call, context)
      if (!crew.ok) return crew
    }
    const { callId } = call
    const lastNoteNo = Math.max(call.noteCount ?? 0, memory.lastNoteNo(callId))
    return applied(turn, addNote(call, command, { by, unitId }, lastNoteNo), () => {
      const noteNo = lastNoteNo + 1
      const { text, corrects } = command
      turn.callNote = { callId, note: { noteNo, by, unitId, atMs: turn.nowMs, corrects, text } }
      return { callId, noteNo, atMs: turn.nowMs }
    })
  })
}

export function takeNotesRead(turn: Turn, command: ReadNotes, context: CommandContext): TurnOutcome {
  return withCall(turn, command.callId, call => {
    const crew = crewOnCall(turn, call, context)
    if (!crew.ok) return crew
    const { principal: by, unitId } = context
    const { callId, noteNo } = command
    return applied(turn, readNotes(call, crew.trip, command, { by, unitId }), () => ({ callId, noteNo }))
  })
}

/** The trip of the call that the session's crew is bound to. */
function crewOnCall(
  turn: Turn,
  call: CallState,
  context: CommandContext,
): { readonly ok: true; readonly trip: TripState } | (TurnOutcome & { readonly ok: false }) {
  const crew = crewOf(turn, context)
  if (!crew.ok) return crew
  const { driver } = crew
  const trip = driver.work === null ? undefined : turn.trip(driver.work.tripId)
  return whyNotOnCall(driver, trip, call.callId) ?? { ok: true, trip: trip! }
}
