/** What commands and questions name that may have left memory. */
import type { Command } from '../../domain/commands.ts'
import type { CallId, TripId } from '../../domain/ids.ts'
import { incidentOf } from '../../domain/incident-no.ts'
import type { CallNames, CommandName } from '../../store/log/journal.ts'
import type { CommandRequest, Query } from '../region-handle.ts'

export interface Wanted extends CallNames {
  /** A command whose outcome it is about; null for none. */
  readonly command: CommandName | null
}

const NOTHING: Wanted = { callIds: [], tripIds: [], incidents: [], command: null }

export const isEmpty = ({ callIds, tripIds, incidents, command }: Wanted): boolean =>
  command === null && callIds.length === 0 && tripIds.length === 0 && incidents.length === 0

export function wantedBy({ principal, commandId, command }: CommandRequest): Wanted {
  return { ...NOTHING, ...namedBy(command), command: { principal, commandId } }
}

function namedBy(command: Command): { readonly callIds: readonly CallId[]; readonly tripIds: readonly TripId[] } {
  const tripIds = 'tripId' in command ? [command.tripId] : []
  // Null where nobody says whose unit has the patient.
  if ('toTripId' in command && command.toTripId !== null) tripIds.push(command.toTripId)
  return { callIds: 'callId' in command ? [command.callId] : [], tripIds }
}

export function wantedByQuery(query: Query): Wanted {
  if (query.type === 'read-call') return { ...NOTHING, callIds: [query.callId] }
  if (query.type === 'read-incident') {
    const incident = incidentOf(query.incidentNo)
    return incident === null ? NOTHING : { ...NOTHING, incidents: [incident] }
  }
  return 'tripId' in query && query.tripId !== null ? { ...NOTHING, tripIds: [query.tripId] } : NOTHING
}
