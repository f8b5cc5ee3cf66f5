/** Which buttons a trip has for its crew: the next one, large, and the others behind "more". */
import type { DriverClient, TripPhase, TripView } from '../../client/index.ts'

export type ReportedButton = Parameters<DriverClient['reportPhase']>[1]

/** In their order. What the crew has pressed counts, though the engine may not know of it yet. */
const STEPS = [
  'offered',
  'assigned',
  'en-route',
  'on-scene',
  'at-patient',
  'transporting',
  'at-destination',
  'transferred',
  'closed',
] as const satisfies readonly TripPhase[]
type Step = (typeof STEPS)[number]

const CARRYING: readonly Step[] = ['transporting', 'at-destination', 'transferred']
/** Moments beside the phases. */
const MARKS: readonly ReportedButton[] = ['staged', 'left-scene', 'landing-area']

const rank = (phase: TripPhase): number => STEPS.indexOf(phase as Step)

/** The furthest of the engine's word and of the buttons pressed here. */
export const furthest = (known: TripPhase, pressed: readonly TripPhase[]): TripPhase =>
  pressed.reduce((most, each) => (rank(each) > rank(most) ? each : most), known)

/** The next phase; `closed` where only the end is left, null where nothing is to be pressed. */
export function nextStep(phase: TripPhase, { need }: Pick<TripView, 'need'>): Step | null {
  const at = rank(phase)
  if (at < 0 || phase === 'offered' || phase === 'closed') return null
  const next = STEPS[at + 1]!
  return need.transport === false && next === 'transporting' ? 'closed' : next
}

/** What else may be said in this phase: later ones, which skips those between, and moments that are no phases. */
export function otherButtons(phase: TripPhase, next: Step | null): readonly ReportedButton[] {
  if (next === null) return []
  const later = STEPS.filter(step => rank(step) > rank(phase) && step !== next && step !== 'closed') as ReportedButton[]
  return [...later, ...(rank(phase) < rank('transporting') ? MARKS : [])]
}

export const hasCarried = (phase: TripPhase): boolean => CARRYING.includes(phase as Step)
