/**
 * A region's policy field by field, as HTTP and files give it: what each number may be, what it is when it is left out, and
 * which of them must go together.
 */
import { z } from 'zod'
import {
  ACTIVITIES,
  type Activity,
  DEFAULT_POLICY,
  type Policy,
  policyEntries,
  TURNOUT_PLACES,
  type TurnoutPlace,
} from '../domain/policy.ts'
import {
  ALARM_SEVERITIES,
  type AlarmSeverity,
  ARRIVAL_MODES,
  DISPATCH_MODES,
  NONE_FREE,
  PRIORITIES,
  type Priority,
  RESERVED_LEVELS,
  type ReservedLevel,
} from '../domain/vocabulary.ts'
import { POLICY_RANGES } from './policy-ranges.ts'
import type { IsSame } from './same-type.ts'
import { isLabel, labelMust } from './text.ts'

const NOTE_CHARS = 240

type NumberName = keyof typeof POLICY_RANGES

const mode = z.enum(DISPATCH_MODES, { error: `must be one of ${DISPATCH_MODES.join(', ')}` })
const arrivals = z.enum(ARRIVAL_MODES, { error: `must be one of ${ARRIVAL_MODES.join(', ')}` })
const noneFree = z.enum(NONE_FREE, { error: `must be one of ${NONE_FREE.join(', ')}` })

function number(name: NumberName) {
  const [from, to] = POLICY_RANGES[name]
  const error = `must be a whole number ${name.endsWith('Ms') ? 'of milliseconds ' : ''}from ${from} to ${to}`
  return z.int({ error }).min(from, { error }).max(to, { error })
}

type Single = { [N in NumberName]: Policy[N] extends number ? N : never }[NumberName]
const standing = (name: Single) => number(name).default(DEFAULT_POLICY[name])

const groupError = (parts: readonly (string | number)[]) => ({ error: `must be an object of ${parts.join(', ')}` })
const five = <T extends z.ZodType>(of: (priority: Priority) => T) =>
  z.strictObject({ 1: of(1), 2: of(2), 3: of(3), 4: of(4), 5: of(5) }, groupError(PRIORITIES))
const severities = <T extends z.ZodType>(of: (severity: AlarmSeverity) => T) =>
  z.strictObject({ 1: of(1), 2: of(2), 3: of(3) }, groupError(ALARM_SEVERITIES))
const levels = <T extends z.ZodType>(of: (level: ReservedLevel) => T) =>
  z.strictObject({ bls: of('bls'), als: of('als'), cct: of('cct') }, groupError(RESERVED_LEVELS))
const three = <T extends z.ZodType>(of: (activity: Activity) => T) =>
  z.strictObject({ responding: of('responding'), moving: of('moving'), parked: of('parked') }, groupError(ACTIVITIES))
const places = <T extends z.ZodType>(of: (place: TurnoutPlace) => T) =>
  z.strictObject(
    { moving: of('moving'), atPost: of('atPost'), stationDay: of('stationDay'), stationNight: of('stationNight') },
    groupError(TURNOUT_PLACES),
  )

/** A policy in full, as it is shown. */
export const POLICY_SHOWN = z
  .object({
    mode,
    offerTimeoutMs: five(() => number('offerTimeoutMs')),
    orderWarnMs: five(() => number('orderWarnMs')),
    orderTimeoutMs: five(() => number('orderTimeoutMs')),
    voiceTimeoutMs: number('voiceTimeoutMs'),
    standDownWarnMs: number('standDownWarnMs'),
    noMovementMs: number('noMovementMs'),
    arrivals,
    sceneFenceM: number('sceneFenceM'),
    destinationFenceM: number('destinationFenceM'),
    arrivalDwellMs: number('arrivalDwellMs'),
    standingMs: number('standingMs'),
    turnedAwayM: number('turnedAwayM'),
    pastEtaMs: number('pastEtaMs'),
    ageingStepMs: number('ageingStepMs'),
    ageingStepsMax: number('ageingStepsMax'),
    waitAlarmMs: five(() => number('waitAlarmMs')),
    alarmEscalateMs: severities(() => number('alarmEscalateMs')),
    alarmShelveMaxMs: number('alarmShelveMaxMs'),
    massSilencePercent: number('massSilencePercent'),
    massSilenceWithinMs: number('massSilenceWithinMs'),
    massSilenceUnits: number('massSilenceUnits'),
    withdrawPauseMs: number('withdrawPauseMs'),
    roundPauseMs: number('roundPauseMs'),
    roundsMax: number('roundsMax'),
    whenNoneFree: five(() => noneFree),
    helpSavesMs: number('helpSavesMs'),
    higherLevelSavesMs: five(() => number('higherLevelSavesMs')),
    levelReserve: levels(() => number('levelReserve')),
    preferredWithinMs: number('preferredWithinMs'),
    sirenPercent: five(() => number('sirenPercent')),
    sirenTimePercent: number('sirenTimePercent'),
    turnoutMs: places(() => number('turnoutMs')),
    unsurePercent: number('unsurePercent'),
    straightLineSpeedMps: number('straightLineSpeedMps'),
    disconnectGraceMs: number('disconnectGraceMs'),
    readyGraceMs: number('readyGraceMs'),
    cadenceMs: three(() => number('cadenceMs')),
    staleAfterMs: three(() => number('staleAfterMs')),
    lostAfterMs: number('lostAfterMs'),
    fixSpeedMaxMps: number('fixSpeedMaxMps'),
    fixAccuracyMaxM: number('fixAccuracyMaxM'),
    candidatesRecorded: number('candidatesRecorded'),
  })
  .meta({ id: 'Policy' })

/** A policy as it is given: what is left out has its default, a number of a group, too. */
export const POLICY = z
  .strictObject({
    mode: mode.default(DEFAULT_POLICY.mode),
    offerTimeoutMs: five(of => number('offerTimeoutMs').default(DEFAULT_POLICY.offerTimeoutMs[of])).prefault({}),
    orderWarnMs: five(of => number('orderWarnMs').default(DEFAULT_POLICY.orderWarnMs[of])).prefault({}),
    orderTimeoutMs: five(of => number('orderTimeoutMs').default(DEFAULT_POLICY.orderTimeoutMs[of])).prefault({}),
    voiceTimeoutMs: standing('voiceTimeoutMs'),
    standDownWarnMs: standing('standDownWarnMs'),
    noMovementMs: standing('noMovementMs'),
    arrivals: arrivals.default(DEFAULT_POLICY.arrivals),
    sceneFenceM: standing('sceneFenceM'),
    destinationFenceM: standing('destinationFenceM'),
    arrivalDwellMs: standing('arrivalDwellMs'),
    standingMs: standing('standingMs'),
    turnedAwayM: standing('turnedAwayM'),
    pastEtaMs: standing('pastEtaMs'),
    ageingStepMs: standing('ageingStepMs'),
    ageingStepsMax: standing('ageingStepsMax'),
    waitAlarmMs: five(of => number('waitAlarmMs').default(DEFAULT_POLICY.waitAlarmMs[of])).prefault({}),
    alarmEscalateMs: severities(of => number('alarmEscalateMs').default(DEFAULT_POLICY.alarmEscalateMs[of])).prefault(
      {},
    ),
    alarmShelveMaxMs: standing('alarmShelveMaxMs'),
    massSilencePercent: standing('massSilencePercent'),
    massSilenceWithinMs: standing('massSilenceWithinMs'),
    massSilenceUnits: standing('massSilenceUnits'),
    withdrawPauseMs: standing('withdrawPauseMs'),
    roundPauseMs: standing('roundPauseMs'),
    roundsMax: standing('roundsMax'),
    whenNoneFree: five(of => noneFree.default(DEFAULT_POLICY.whenNoneFree[of])).prefault({}),
    helpSavesMs: standing('helpSavesMs'),
    higherLevelSavesMs: five(of =>
      number('higherLevelSavesMs').default(DEFAULT_POLICY.higherLevelSavesMs[of]),
    ).prefault({}),
    levelReserve: levels(of => number('levelReserve').default(DEFAULT_POLICY.levelReserve[of])).prefault({}),
    preferredWithinMs: standing('preferredWithinMs'),
    sirenPercent: five(of => number('sirenPercent').default(DEFAULT_POLICY.sirenPercent[of])).prefault({}),
    sirenTimePercent: standing('sirenTimePercent'),
    turnoutMs: places(of => number('turnoutMs').default(DEFAULT_POLICY.turnoutMs[of])).prefault({}),
    unsurePercent: standing('unsurePercent'),
    straightLineSpeedMps: standing('straightLineSpeedMps'),
    disconnectGraceMs: standing('disconnectGraceMs'),
    readyGraceMs: standing('readyGraceMs'),
    cadenceMs: three(of => number('cadenceMs').default(DEFAULT_POLICY.cadenceMs[of])).prefault({}),
    staleAfterMs: three(of => number('staleAfterMs').default(DEFAULT_POLICY.staleAfterMs[of])).prefault({}),
    lostAfterMs: standing('lostAfterMs'),
    fixSpeedMaxMps: standing('fixSpeedMaxMps'),
    fixAccuracyMaxM: standing('fixAccuracyMaxM'),
    candidatesRecorded: standing('candidatesRecorded'),
  })
  .superRefine((policy, context) => {
    const problem = mismatchIn(policy)
    if (problem !== null) context.addIssue({ code: 'custom', ...problem })
  })

/** Why a version was made, for who reads the history; at most one line. */
export const POLICY_NOTE = z
  .string({ error: labelMust(NOTE_CHARS) })
  .refine(text => isLabel(text, NOTE_CHARS), { error: labelMust(NOTE_CHARS) })

/** Numbers that are each in their range and make no sense together; null where there are none. */
function mismatchIn(policy: Policy): { readonly path: string[]; readonly message: string } | null {
  const values = new Map(policyEntries(policy))
  const stale = ACTIVITIES.map(activity => `staleAfterMs.${activity}`)
  const ascending = [
    ...PRIORITIES.map(priority => [`orderWarnMs.${priority}`, `orderTimeoutMs.${priority}`]),
    // A unit that reports as often as it is asked must not look stale between two reports.
    ...ACTIVITIES.map(activity => [`cadenceMs.${activity}`, `staleAfterMs.${activity}`]),
    ...stale.map(name => [name, 'lostAfterMs']),
  ] as const
  for (const [lower, higher] of ascending) {
    if (values.get(lower!)! >= values.get(higher!)!) {
      return { path: higher!.split('.'), message: `must be more than ${lower}, which is ${values.get(lower!)}` }
    }
  }
  return null
}

// Both are the form of the domain's policy, no field more or less.
void (true satisfies IsSame<z.output<typeof POLICY>, Policy>)
void (true satisfies IsSame<z.output<typeof POLICY_SHOWN>, Policy>)
