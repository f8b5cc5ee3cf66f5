/**
 * The numbers and modes by which a region is dispatched: deadlines, ageing, staleness, cadence. Each region has its own, and
 * each decision names the version that it was made by.
 */
import type {
  AlarmSeverity,
  ArrivalMode,
  DispatchMode,
  NoneFree,
  Priority,
  ReservedLevel,
  UnitStatus,
} from './vocabulary.ts'

/** What a unit is doing, as far as its reports go. */
export const ACTIVITIES = ['responding', 'moving', 'parked'] as const
export type Activity = (typeof ACTIVITIES)[number]

/** Where a crew is told: it rolls already, is with its vehicle anywhere, or at a station by day or by night. */
export const TURNOUT_PLACES = ['moving', 'atPost', 'stationDay', 'stationNight'] as const
export type TurnoutPlace = (typeof TURNOUT_PLACES)[number]

export interface Policy {
  readonly mode: DispatchMode
  /** Mode `offered`: how long a crew may think, by priority. */
  readonly offerTimeoutMs: Readonly<Record<Priority, number>>
  /** Mode `ordered`: alarm when the order is not acknowledged, then unbind; by priority. */
  readonly orderWarnMs: Readonly<Record<Priority, number>>
  readonly orderTimeoutMs: Readonly<Record<Priority, number>>
  /** How long a dispatcher has to tell a crew of its order by voice, and to say that it takes it. */
  readonly voiceTimeoutMs: number
  /** Alarm when a crew has not said that it knows of the trip that was taken from it. */
  readonly standDownWarnMs: number
  /** Alarm when the unit of an accepted trip has not moved so long after its crew was told. */
  readonly noMovementMs: number
  /** What is made of what the wheels say of a trip: nothing; a time beside; or the phase as well: `trip/by-wheels.ts`. */
  readonly arrivals: ArrivalMode
  /** Within so many metres of the scene, or of the destination, a unit that stands has arrived, */
  readonly sceneFenceM: number
  readonly destinationFenceM: number
  /** once it has stood for so long. */
  readonly arrivalDwellMs: number
  /** Alarm when a unit on its way has stood for so long, short of the scene. */
  readonly standingMs: number
  /** Alarm when a unit on its way is so much further from the scene than it has been. */
  readonly turnedAwayM: number
  /** Alarm when a unit is so much later at the scene than it was to be when its crew was told. */
  readonly pastEtaMs: number
  /** Of priorities 3 to 5 a trip goes first once it has waited this much longer for each step. */
  readonly ageingStepMs: number
  /** A wait counts for no more than so many of these steps. */
  readonly ageingStepsMax: number
  /** Alarm when a trip still waits so long after its call was received, by priority: it has to be triaged anew. */
  readonly waitAlarmMs: Readonly<Record<Priority, number>>
  /** An alarm that nobody has acknowledged for so long goes up to a supervisor, by severity. */
  readonly alarmEscalateMs: Readonly<Record<AlarmSeverity, number>>
  /** For so long at most an alarm is put aside. */
  readonly alarmShelveMaxMs: number
  /** So much of the fleet, in hundredths, */
  readonly massSilencePercent: number
  /** that falls silent within this time, */
  readonly massSilenceWithinMs: number
  /** and no fewer units than these are one alarm of the region: `mass-silence.ts`. */
  readonly massSilenceUnits: number
  /** For so long the desk leaves alone a unit that a dispatcher has withdrawn. */
  readonly withdrawPauseMs: number
  /** Pause before the same units are asked again. */
  readonly roundPauseMs: number
  /** After so many rounds in which everybody was asked in vain the trip is for a person to give. */
  readonly roundsMax: number
  /** What is done while no unit that a trip needs is free, by priority: `help.ts`. */
  readonly whenNoneFree: Readonly<Record<Priority, NoneFree>>
  /** The nearest trained crew goes beside the right unit if it is there so much earlier. */
  readonly helpSavesMs: number
  /**
   * A unit of a higher level than needed goes only if it saves more than this, by priority (0: however little), or leaves the
   * reserve of its level free: `reserve.ts`.
   */
  readonly higherLevelSavesMs: Readonly<Record<Priority, number>>
  /** How many units of each level are to stay free when one of them goes where less is needed. */
  readonly levelReserve: Readonly<Record<ReservedLevel, number>>
  /** So much later than the nearest one a unit with preferred capabilities may be there. */
  readonly preferredWithinMs: number
  /** By road: so much of what a siren saves is driven, in hundredths, by priority. */
  readonly sirenPercent: Readonly<Record<Priority, number>>
  /** The time with a siren, in hundredths of the ordinary time, where the roads do not say it themselves. */
  readonly sirenTimePercent: number
  /** By road: how long a crew takes from being told until it rolls, by what it does and where. */
  readonly turnoutMs: Readonly<Record<TurnoutPlace, number>>
  /** By road: so much of what a unit may take longer, since nobody knows where it went since its last fix, counts, in hundredths. */
  readonly unsurePercent: number
  /** How fast a unit is on the straight line, where there are no road times: for spans, and for estimates. */
  readonly straightLineSpeedMps: number
  /** How long a driver may be disconnected before offers move on (never below 2 s of wall time). */
  readonly disconnectGraceMs: number
  /** After a start, passed deadlines and disconnects count from here (never below 2 s of wall time). */
  readonly readyGraceMs: number
  /** How often a unit is asked to report, by what it is doing. */
  readonly cadenceMs: Readonly<Record<Activity, number>>
  /** Age from which a position is shown and ranked as stale. */
  readonly staleAfterMs: Readonly<Record<Activity, number>>
  /** Age from which a position is no place to send somebody from. */
  readonly lostAfterMs: number
  /** Faster than that no unit is believed to have come from one fix to the next: `fix-judge.ts`. */
  readonly fixSpeedMaxMps: number
  /** A fix that is less accurate than this many metres places nobody. */
  readonly fixAccuracyMaxM: number
  /** How many candidates a decision record keeps. */
  readonly candidatesRecorded: number
}

/** How far a unit comes in a span on the straight line, in metres. */
export const metresIn = (spanMs: number, { straightLineSpeedMps }: Pick<Policy, 'straightLineSpeedMps'>): number =>
  (spanMs / 1_000) * straightLineSpeedMps

/** How long a unit takes for a distance on the straight line, in whole milliseconds. */
export const msOnLine = (distanceM: number, { straightLineSpeedMps }: Pick<Policy, 'straightLineSpeedMps'>): number =>
  Math.round((distanceM / straightLineSpeedMps) * 1_000)

/** A policy as it stands in a region. */
export interface StandingPolicy extends Policy {
  /** 1 for the first that the region had. */
  readonly version: number
}

/** The same for every priority. */
export const alike = <T>(each: T): Record<Priority, T> => ({ 1: each, 2: each, 3: each, 4: each, 5: each })

/** What clients go by until they are told. */
export const DEFAULT_FRESHNESS: FreshnessPolicy = {
  staleAfterMs: { responding: 20_000, moving: 45_000, parked: 90_000 },
  lostAfterMs: 300_000,
}

export const DEFAULT_POLICY: Policy = {
  mode: 'ordered',
  offerTimeoutMs: { 1: 15_000, 2: 15_000, 3: 30_000, 4: 30_000, 5: 30_000 },
  orderWarnMs: alike(20_000),
  orderTimeoutMs: alike(45_000),
  voiceTimeoutMs: 120_000,
  standDownWarnMs: 30_000,
  noMovementMs: 120_000,
  arrivals: 'off',
  // Of 40 to 100 m the widest that tells no more than one arrival in a hundred falsely on a day of taxis (bench/README.md).
  sceneFenceM: 60,
  destinationFenceM: 150,
  arrivalDwellMs: 15_000,
  standingMs: 180_000,
  turnedAwayM: 1_000,
  pastEtaMs: 180_000,
  ageingStepMs: 15 * 60_000,
  ageingStepsMax: 4,
  waitAlarmMs: { 1: 3 * 60_000, 2: 10 * 60_000, 3: 30 * 60_000, 4: 60 * 60_000, 5: 120 * 60_000 },
  alarmEscalateMs: { 1: 60_000, 2: 3 * 60_000, 3: 10 * 60_000 },
  alarmShelveMaxMs: 30 * 60_000,
  // A third of the fleet in a minute, and not the few that a desk calls one by one. The numbers are ours.
  massSilencePercent: 33,
  massSilenceWithinMs: 60_000,
  massSilenceUnits: 5,
  withdrawPauseMs: 15_000,
  roundPauseMs: 15_000,
  roundsMax: 2,
  whenNoneFree: { 1: 'nearest-trained', 2: 'send-lower', 3: 'wait', 4: 'wait', 5: 'wait' },
  helpSavesMs: 60_000,
  higherLevelSavesMs: { 1: 0, 2: 60_000, 3: 120_000, 4: 120_000, 5: 120_000 },
  levelReserve: { bls: 0, als: 1, cct: 1 },
  preferredWithinMs: 60_000,
  // Priorities 1 and 2 with a siren, and by 4/3 faster: JEMSS, Manhattan.
  sirenPercent: { 1: 100, 2: 100, 3: 0, 4: 0, 5: 0 },
  sirenTimePercent: 75,
  // NFPA 1710 for medical calls by day, Mooresville by night; the two others are judgements.
  turnoutMs: { moving: 10_000, atPost: 30_000, stationDay: 60_000, stationNight: 90_000 },
  unsurePercent: 100,
  // 36 km/h, a median in town with a siren (Manhattan, JEMSS).
  straightLineSpeedMps: 10,
  disconnectGraceMs: 30_000,
  readyGraceMs: 15_000,
  cadenceMs: { responding: 5_000, moving: 15_000, parked: 30_000 },
  ...DEFAULT_FRESHNESS,
  // 250 km/h on the ground; a service with helicopters needs 110.
  fixSpeedMaxMps: 70,
  fixAccuracyMaxM: 100,
  candidatesRecorded: 5,
}

function activityOf(status: UnitStatus): Activity {
  switch (status) {
    case 'assigned':
    case 'en-route':
    case 'transporting':
      return 'responding'
    case 'on-scene':
    case 'at-destination':
    case 'standing-down':
    case 'off-duty':
    case 'unavailable':
      return 'parked'
    default:
      return 'moving'
  }
}

/** How old a position is, by what its unit does. */
export const FRESHNESSES = ['fresh', 'stale', 'lost'] as const
export type Freshness = (typeof FRESHNESSES)[number]

/** What of a policy says how old a position may be. */
export type FreshnessPolicy = Pick<Policy, 'staleAfterMs' | 'lostAfterMs'>

/** How often a unit should report, and when its position counts as stale, by what it is doing. */
export function rhythmOf(
  status: UnitStatus,
  policy: Pick<Policy, 'cadenceMs' | 'staleAfterMs'>,
): { readonly cadenceMs: number; readonly staleAfterMs: number } {
  const activity = activityOf(status)
  return { cadenceMs: policy.cadenceMs[activity], staleAfterMs: policy.staleAfterMs[activity] }
}

/**
 * Whether nobody can be sent to where the unit was at its fix. One from far ahead is of a clock that was wrong, so how old
 * it is nobody knows; the unit's next fix replaces it.
 */
export const isLost = (ageMs: number, policy: Pick<Policy, 'lostAfterMs'>): boolean =>
  Math.abs(ageMs) >= policy.lostAfterMs

/**
 * When a span after a moment is over. A moment that lies further ahead than the span is of a clock that was wrong, so how
 * long ago it was nobody knows: the span counts as over.
 */
export const overAtMs = (sinceMs: number, spanMs: number, nowMs: number): number =>
  sinceMs - nowMs > spanMs ? nowMs : sinceMs + spanMs

export function freshnessOf(status: UnitStatus, ageMs: number, policy: FreshnessPolicy): Freshness {
  if (isLost(ageMs, policy)) return 'lost'
  return ageMs >= policy.staleAfterMs[activityOf(status)] ? 'stale' : 'fresh'
}

/** When a position counts as another if nothing happens but time; infinite for one that stays lost. */
export function freshnessChangesAtMs(
  status: UnitStatus,
  fixedAtMs: number,
  { staleAfterMs, lostAfterMs }: FreshnessPolicy,
  nowMs: number,
): number {
  const moments = [fixedAtMs - lostAfterMs + 1, fixedAtMs + staleAfterMs[activityOf(status)], fixedAtMs + lostAfterMs]
  return moments.find(atMs => atMs > nowMs) ?? Number.POSITIVE_INFINITY
}

/** Every number and mode of a policy by its name: `orderWarnMs`, `offerTimeoutMs.1`. */
export function policyEntries(policy: Policy): (readonly [name: string, value: number | string])[] {
  return Object.entries(policy).flatMap(([name, value]: [string, Policy[keyof Policy]]) =>
    typeof value === 'object'
      ? Object.entries<number | string>(value).map(([part, each]): readonly [string, number | string] => [
          `${name}.${part}`,
          each,
        ])
      : [[name, value] as const],
  )
}
