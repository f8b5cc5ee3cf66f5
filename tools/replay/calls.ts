/**
 * Recorded calls: which of them are replayed, and what their crews do at which interval.
 *
 * A row is one unit that was sent to a call. Only ambulances count, and a call's first ambulance is its trip. Times of
 * the record become intervals by one rule. A missing time means that the step did not happen: its button is not pressed,
 * and the next interval runs from the last recorded step. A time before the one of the step before makes an interval of
 * 0. A missing end comes 10 minutes after the last recorded step. Both kinds are counted.
 */
import type { Disposition, Priority, ReportablePhase } from '../../src/domain/vocabulary.ts'
import { LIMITS } from '../../src/protocol/limits.ts'
import { type CallColumn, isAmbulance, priorityOf, readCallRows } from './call-rows.ts'
import { InvalidInput, type TableRow } from './input.ts'
import type { LocalTime } from './local-time.ts'

/** What a crew does with its trip; each interval runs from the step before. */
interface TripPlan {
  /** From the offer. */
  readonly acceptAfterMs: number
  readonly steps: readonly { readonly phase: ReportablePhase; readonly afterMs: number }[]
  readonly closeAfterMs: number
  /** Null: the call is cancelled by the dispatcher, and the crew only waits for that. */
  readonly disposition: Disposition | null
}

export interface ReplayCall {
  /** The record's own key. */
  readonly key: string
  /** Received so long after the start of the trace. */
  readonly offsetMs: number
  readonly lonDeg: number
  readonly latDeg: number
  readonly priority: Priority
  readonly levelOfCare: 'als' | 'bls'
  readonly problem: string | null
  readonly plan: TripPlan
  /** Since it was received; null for a call that is not cancelled. */
  readonly cancelAfterMs: number | null
}

/** How often a rule for imperfect records was used. */
interface RuleCounts {
  missingTimes: number
  negativeIntervals: number
  unknownPriorities: number
}

export interface SelectedCalls {
  readonly calls: readonly ReplayCall[]
  /** The local day they were received on, `2020-04-07`. */
  readonly day: string
  readonly counts: RuleCounts
}

const COLUMNS = [
  'call_id',
  'unit_type',
  'als',
  'call_type',
  'priority',
  'received_ms',
  'dispatch_ms',
  'response_ms',
  'on_scene_ms',
  'transport_ms',
  'hospital_ms',
  'available_ms',
  'disposition',
  'lon',
  'lat',
] as const satisfies readonly CallColumn[]
type CallRow = TableRow<(typeof COLUMNS)[number]>

const STEPS = [
  ['en-route', 'response_ms'],
  ['on-scene', 'on_scene_ms'],
  ['transporting', 'transport_ms'],
  ['at-destination', 'hospital_ms'],
] as const
const ACCEPT_AT_MOST_MS = 10_000
const END_AFTER_MS = 600_000

/** Reads a file of calls. Errors: InvalidInput. */
export async function readCalls(file: string): Promise<CallRow[]> {
  return readCallRows(file, COLUMNS)
}

/** The columns of `readCalls`, for rows that come from elsewhere. */
export const CALL_COLUMNS = COLUMNS

/**
 * The calls received on a day while the local clock showed the times of the trace, from its first fix to its last.
 * Input: `day` null means the first day of the file. Errors: InvalidInput for a day without any call.
 */
export function selectCalls(
  rows: readonly CallRow[],
  trace: { readonly startMs: number; readonly durationMs: number },
  wantedDay: string | null,
  local: LocalTime,
): SelectedCalls {
  const days = [...new Set(rows.map(row => local.day(row.number('received_ms'))))].sort()
  const day = wantedDay ?? days[0]
  if (day === undefined) throw new InvalidInput('There is no call in the file.')
  if (!days.includes(day)) {
    throw new InvalidInput(`There is no call on ${day}; the file has ${days[0]} to ${days.at(-1)} (YYYY-MM-DD).`)
  }
  const fromMs = local.at(day, local.timeOfDayMs(trace.startMs))
  const counts: RuleCounts = { missingTimes: 0, negativeIntervals: 0, unknownPriorities: 0 }
  const taken = new Set<string>()
  const calls: ReplayCall[] = []
  for (const row of rows) {
    const offsetMs = row.number('received_ms') - fromMs
    if (!isAmbulance(row) || offsetMs < 0 || offsetMs > trace.durationMs) continue
    const key = row.text('call_id')
    if (taken.has(key)) continue
    taken.add(key)
    calls.push(callOf(row, key, offsetMs, counts))
  }
  return { calls: calls.sort((a, b) => a.offsetMs - b.offsetMs), day, counts }
}

function callOf(row: CallRow, key: string, offsetMs: number, counts: RuleCounts): ReplayCall {
  const { priority, isKnown } = priorityOf(row)
  if (!isKnown) counts.unknownPriorities += 1
  const problem = row.text('call_type').slice(0, LIMITS.problemChars)
  const cancelled = row.text('disposition') === 'Cancelled'
  const plan = planOf(row, cancelled, counts)
  return {
    key,
    offsetMs,
    lonDeg: row.number('lon'),
    latDeg: row.number('lat'),
    priority,
    levelOfCare: row.text('als') === '1' ? 'als' : 'bls',
    problem: problem === '' ? null : problem,
    plan,
    cancelAfterMs:
      plan.disposition === null ? cancelAfterMs(row.number('received_ms'), row.numberOrNull('available_ms')) : null,
  }
}

/** A cancelled call is cancelled when its unit was free again. */
function cancelAfterMs(receivedMs: number, availableMs: number | null): number {
  return availableMs === null ? END_AFTER_MS : Math.max(0, availableMs - receivedMs)
}

function planOf(row: CallRow, cancelled: boolean, counts: RuleCounts): TripPlan {
  const dispatchMs = row.numberOrNull('dispatch_ms')
  if (dispatchMs === null) counts.missingTimes += 1
  let previousMs = dispatchMs ?? row.number('received_ms')
  const intervalTo = (atMs: number | null): number | null => {
    if (atMs === null) {
      counts.missingTimes += 1
      return null
    }
    if (atMs < previousMs) counts.negativeIntervals += 1
    const afterMs = Math.max(0, atMs - previousMs)
    previousMs += afterMs
    return afterMs
  }
  const recorded = STEPS.map(([phase, column]) => ({ phase, afterMs: intervalTo(row.numberOrNull(column)) }))
  const closeAfterMs = intervalTo(row.numberOrNull('available_ms')) ?? END_AFTER_MS
  const turnoutMs = recorded[0]!.afterMs
  const acceptAfterMs = turnoutMs === null ? ACCEPT_AT_MOST_MS : Math.min(ACCEPT_AT_MOST_MS, turnoutMs / 2)
  const steps = recorded.flatMap(({ phase, afterMs }) =>
    // The first interval runs from the dispatch; part of it is over when the crew accepts.
    afterMs === null ? [] : [{ phase, afterMs: phase === 'en-route' ? afterMs - acceptAfterMs : afterMs }],
  )
  const transported = steps.some(({ phase }) => phase === 'transporting' || phase === 'at-destination')
  return {
    acceptAfterMs,
    steps,
    closeAfterMs,
    // What was carried is no more cancelled, whatever was written down.
    disposition: cancelled && !transported ? null : dispositionOf(row.text('disposition'), transported),
  }
}

function dispositionOf(recorded: string, transported: boolean): Disposition {
  if (transported || /^Code \d Transport$/.test(recorded)) return 'transported'
  if (recorded === 'Patient Declined Transport') return 'refused-transport'
  if (recorded === 'Against Medical Advice') return 'refused'
  if (['No Merit', 'Unable to Locate', 'Gone on Arrival'].includes(recorded)) return 'no-patient-found'
  return 'treated-on-scene'
}
