/**
 * The crew calls for help for itself: always in sight, silent, and in two taps, so that no pocket calls. What the desk does not
 * know yet is said in so many words.
 */
import { useState } from 'preact/hooks'
import { wallMs } from '../passing-time.ts'
import type { CrewShift } from './crew-shift.ts'
import { say } from './crew-strings.ts'
import { crewTime } from './crew-time.ts'

/** The second tap has to come within this; wall time. */
const ARMED_MS = 5_000

export function EmergencyButton({ shift }: { readonly shift: CrewShift }) {
  const [armedAtMs, setArmed] = useState<number | null>(null)
  const { emergency } = shift
  if (emergency !== null) {
    const isKnown = emergency.is === 'known'
    return (
      <p class={`crew-banner ${isKnown ? 'doubtful' : 'bad'}`} role="alert" data-emergency={emergency.is}>
        {isKnown ? say.emergency.known(crewTime(emergency.atMs)) : say.emergency.notSent(crewTime(emergency.atMs))}
      </p>
    )
  }
  // The page looks at it anew each second.
  const isArmed = armedAtMs !== null && wallMs() - armedAtMs < ARMED_MS
  return (
    <button
      type="button"
      class={isArmed ? 'emergency armed' : 'emergency'}
      data-button="emergency"
      aria-live="assertive"
      onClick={() => {
        setArmed(isArmed ? null : wallMs())
        if (isArmed) void shift.callEmergency()
      }}
    >
      {isArmed ? say.emergency.again : say.emergency.call}
    </button>
  )
}
