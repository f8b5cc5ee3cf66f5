/**
 * Mass silence: so much of the fleet falls silent at once that it is one thing, a network or a server, and one alarm of the
 * region instead of one for each trip (an alarm flood, ISA-18.2, hides what else happens).
 *
 * A unit is silent when its app is gone for longer than its grace, or its fix is lost. It is one of a mass when there is a span
 * of `massSilenceWithinMs` around the moment when it was heard of last in which so many others were, too, and are silent.
 * While the mass stands its units have no alarm of their own. It goes on while half of what raises it is silent, so it does
 * not flutter; when it ends, those who are still silent get their own. Only alarms depend on this, never who is sent.
 */
import { regionKey } from '../entity.ts'
import type { RegionAlarm } from '../events/alarm-events.ts'
import type { DomainEvent } from '../events.ts'
import { ACTIVITIES, type Policy } from '../policy.ts'
import type { RegionState } from '../region-state.ts'
import type { AlarmSeverity } from '../vocabulary.ts'
import type { HeardCount, Silent } from './heard-count.ts'

/** In what a unit is silent. */
export const SILENCES = ['app', 'position'] as const
export type Silence = (typeof SILENCES)[number]

const ALARMS = { app: 'mass-app-lost', position: 'mass-position-lost' } as const satisfies Record<Silence, RegionAlarm>

/** What a desk does about it, voice for everybody, cannot wait. */
const MASS_SEVERITY: AlarmSeverity = 1

/** What there is to see of a silence in a region. */
export interface SilenceSeen {
  readonly region: RegionState
  readonly silence: Silence
  /** Crews are only coming back after a start: all of them may be silent, and none of them is missed. */
  readonly isStarting: boolean
  readonly heard: Pick<HeardCount, 'most' | 'lastIn' | 'heardSince' | 'watched'>
}

type MassPolicy = Pick<
  Policy,
  'massSilencePercent' | 'massSilenceWithinMs' | 'massSilenceUnits' | 'staleAfterMs' | 'lostAfterMs'
>

/**
 * A unit is silent for as long as it takes to raise an alarm. Output: null when it is on its own; else what the region has to
 * record, nothing where the mass that the unit is one of stands. Input: when the unit was heard of last.
 */
export function massOf(lastMs: number, seen: SilenceSeen, policy: MassPolicy, nowMs: number): DomainEvent[] | null {
  const { region, silence, heard } = seen
  const { watched } = heard
  const stands = region.alarms.includes(ALARMS[silence])
  if (stands && watched !== null && lastMs >= watched.fromMs && lastMs < watched.toMs) return []
  if (seen.isStarting) return null
  const untilMs = silentUntilMs(silence, policy, nowMs)
  const most = heard.most(lastMs, policy.massSilenceWithinMs, untilMs)
  // Of a span of whoever is told of later it is too early to speak.
  if (heard.lastIn(most.fromMs, lastMs + 1_000) === 0) return null
  if (most.units * (stands ? 2 : 1) < massFrom(heard.heardSince(most.fromMs), policy)) return null
  // It goes on: for a while nobody has to find that again with each unit.
  const goesOn = stands && watched !== null
  const fromMs = goesOn ? Math.min(watched.fromMs, most.fromMs) : most.fromMs
  const toMs = goesOn ? Math.max(watched.toMs, lastMs + policy.massSilenceWithinMs) : most.toMs
  return [raised(seen, { fromMs, toMs, units: heard.lastIn(fromMs, Math.min(toMs, untilMs + 1_000)) })]
}

/** Somebody looks at the fleet as a whole. Input: when a unit was heard of last that is told of by now. */
export function massLooked(lastMs: number, seen: SilenceSeen, policy: MassPolicy, nowMs: number): DomainEvent[] {
  const { region, silence, heard } = seen
  if (seen.isStarting) return []
  // One that this start has found is looked for again: when apps were heard of before it nobody knows.
  const isSought = !region.alarms.includes(ALARMS[silence]) || heard.watched === null
  const raised = isSought ? (massOf(lastMs, seen, policy, nowMs) ?? []) : []
  return raised.length > 0 ? raised : massOver(seen, policy, nowMs)
}

/** Most of those who fell silent are back, so the rest is no mass any more. */
function massOver({ region, silence, heard }: SilenceSeen, policy: MassPolicy, nowMs: number): DomainEvent[] {
  const alarm = ALARMS[silence]
  if (!region.alarms.includes(alarm)) return []
  const { fromMs, units: silentUnits } = heard.watched ?? { fromMs: nowMs, units: 0 }
  const ofUnits = heard.heardSince(fromMs)
  if (silentUnits * 2 >= massFrom(ofUnits, policy)) return []
  const { regionId } = region
  return [{ type: 'RegionAlarmCleared', v: 1, entity: regionKey(regionId), regionId, alarm, silentUnits, ofUnits }]
}

/** How many silent units are a mass. */
function massFrom(ofUnits: number, { massSilencePercent, massSilenceUnits }: MassPolicy): number {
  return Math.max(massSilenceUnits, Math.ceil((ofUnits * massSilencePercent) / 100))
}

/**
 * Up to when a unit that was not heard of since is silent. An app is from the moment on when its connection is gone; a
 * position when it is older than that of any unit that reports as it should.
 */
function silentUntilMs(silence: Silence, { staleAfterMs, lostAfterMs }: MassPolicy, nowMs: number): number {
  if (silence === 'app') return nowMs
  return nowMs - Math.min(lostAfterMs, Math.max(...ACTIVITIES.map(activity => staleAfterMs[activity])))
}

function raised({ region, silence, heard }: SilenceSeen, { fromMs, toMs, units }: Silent): DomainEvent {
  const { regionId } = region
  const ofUnits = heard.heardSince(fromMs)
  const span = { silentFromMs: fromMs, silentToMs: toMs }
  return {
    ...{ type: 'RegionAlarmRaised', v: 1, entity: regionKey(regionId), regionId, alarm: ALARMS[silence] },
    ...{ severity: MASS_SEVERITY, ...span, silentUnits: units, ofUnits },
  }
}
