/** An event of the log as a line: when, where in the log, what, why, who, and what it says. */
import { decisionInWords } from '../domain/dispatch/words.ts'
import type { ToldEvent } from '../store/log/entity-history.ts'

export function lineOfEvent({ position, event, recordedAtMs, principal, commandId }: ToldEvent): string {
  const at = new Date(event?.atMs ?? recordedAtMs).toISOString()
  if (event === null) return [at, position, 'damaged', '-', '-', 'this record cannot be read'].join('\t')
  const { type, v: _, entity: __, atMs: ___, ...fields } = event
  // What followed from somebody's command says no cause of its own.
  const { cause = commandId === null ? 'system' : 'command', decision, ...rest } = fields as Record<string, unknown>
  const said = Object.entries(rest).map(([name, value]) => `${name}=${wordOf(name, value)}`)
  if (event.type === 'OfferMade') said.push(decisionInWords({ unitId: event.unitId, chosenBy: null }, event.decision))
  else if (event.type === 'TripAlarmRaised' && event.decision !== undefined) {
    said.push(decisionInWords({ unitId: null, chosenBy: null }, event.decision))
  }
  // A name that a stranger claimed must not act on the terminal, nor look like another cell.
  return [at, position, type, cause, principal, said.join(' ')]
    .map(cell => String(cell).replaceAll(/\p{Cc}/gu, '\u{FFFD}'))
    .join('\t')
}

/** Moments as people read them, the rest as in JSON. */
function wordOf(name: string, value: unknown): string {
  if (name.endsWith('AtMs') && typeof value === 'number') return new Date(value).toISOString()
  return typeof value === 'string' ? value : JSON.stringify(value)
}
