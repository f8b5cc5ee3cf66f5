/** Asks the store for what has left memory. */

import type { RegionId } from '../../domain/ids.ts'
import { incidentNoOf } from '../../domain/incident-no.ts'
import type { ClosedCall, Damage, Journal } from '../../store/log/journal.ts'
import { readTexts } from './call-texts.ts'
import type { KnownOutcome, Outcomes } from './idempotency.ts'
import type { RegionMemory } from './memory.ts'
import { type ClosedCallSnapshot, closedStateOf } from './snapshots.ts'
import { type FoundCall, type LookedUp, outcomeKey } from './waking.ts'
import type { Wanted } from './wanted.ts'

interface LookingUpPorts {
  readonly journal: Pick<Journal, 'readClosedCalls' | 'readCommandsOf' | 'readCallDetails' | 'readCallNotes'>
  readonly region: RegionId
  readonly log: { readonly head: number }
  /** A row that was read is damaged. */
  readonly damaged: (damage: Damage) => void
  /** The store could not be asked. */
  readonly failed: (error: unknown) => void
}

/** Null when the store does not answer. */
export async function lookUp(ports: LookingUpPorts, wanted: readonly Wanted[]): Promise<LookedUp> {
  try {
    const [calls, outcomes] = await Promise.all([callsOf(ports, wanted), outcomesOf(ports, wanted)])
    return { ...calls, outcomes }
  } catch (error) {
    ports.failed(error)
    return null
  }
}

async function callsOf(
  ports: LookingUpPorts,
  wanted: readonly Wanted[],
): Promise<Pick<NonNullable<LookedUp>, 'calls' | 'isDamaged'>> {
  const { journal, region, damaged } = ports
  const names = {
    callIds: wanted.flatMap(({ callIds }) => callIds),
    tripIds: wanted.flatMap(({ tripIds }) => tripIds),
    incidents: wanted.flatMap(({ incidents }) => incidents),
  }
  if (names.callIds.length + names.tripIds.length + names.incidents.length === 0) return { calls: [], isDamaged: false }
  const rows = await journal.readClosedCalls(region, names)
  const whole = rows.flatMap(row => wholeOf(ports, row) ?? [])
  const calls: FoundCall[] = []
  for (const closed of whole) {
    calls.push({ closed, texts: await readTexts(journal, region, [closed.call.callId], { note: damaged }) })
  }
  return { calls, isDamaged: whole.length < rows.length }
}

/** Null for one that is not as it was written, of which is told. */
function wholeOf({ log, damaged }: LookingUpPorts, row: ClosedCall): ClosedCallSnapshot | null {
  const closed = row.damage === undefined && row.position <= log.head ? closedStateOf(row) : null
  if (closed === null) {
    const kind = row.position > log.head ? 'beyond-end' : 'changed'
    damaged(row.damage ?? { table: 'log.closed_calls', at: `call_id ${row.callId}`, kind, rows: 1, entities: [] })
  }
  return closed
}

async function outcomesOf(
  { journal, region, damaged }: LookingUpPorts,
  wanted: readonly Wanted[],
): Promise<ReadonlyMap<string, KnownOutcome>> {
  const names = wanted.flatMap(({ command }) => command ?? [])
  const outcomes = new Map<string, KnownOutcome>()
  if (names.length === 0) return outcomes
  for (const { principal, commandId, damage, ...outcome } of await journal.readCommandsOf(region, names)) {
    if (damage !== undefined) damaged(damage)
    outcomes.set(outcomeKey(principal, commandId), damage === undefined ? outcome : { ...outcome, isDamaged: true })
  }
  return outcomes
}

/** What of this is not in memory. */
export function notInMemory(memory: RegionMemory, outcomes: Outcomes, wanted: Wanted): Wanted {
  const { callIds, tripIds, incidents, command } = wanted
  const isNew =
    command === null ||
    outcomes.find(command.principal, command.commandId) !== undefined ||
    !outcomes.mayHaveLeft(command.principal, command.commandId)
  return {
    callIds: callIds.filter(id => memory.call(id) === undefined),
    tripIds: tripIds.filter(id => memory.trip(id) === undefined),
    incidents: incidents.filter(incident => memory.numbers.callOf(incidentNoOf(incident)) === undefined),
    command: isNew ? null : command,
  }
}
