/** From where to where each number of a policy may go, for whoever checks one and for a page that shows it. */
import type { Policy } from '../domain/policy.ts'

const S = 1_000
const MIN = 60 * S
const HOUR = 60 * MIN

/** The least and the most that each number may be; the numbers of a group have one range. Names that end in `Ms` are milliseconds. */
export const POLICY_RANGES = {
  offerTimeoutMs: [2 * S, 10 * MIN],
  orderWarnMs: [1 * S, 10 * MIN],
  orderTimeoutMs: [2 * S, 10 * MIN],
  voiceTimeoutMs: [10 * S, 10 * MIN],
  standDownWarnMs: [5 * S, HOUR],
  noMovementMs: [10 * S, HOUR],
  sceneFenceM: [20, 1_000],
  destinationFenceM: [20, 1_000],
  arrivalDwellMs: [5 * S, 10 * MIN],
  standingMs: [30 * S, HOUR],
  turnedAwayM: [200, 100_000],
  pastEtaMs: [0, HOUR],
  ageingStepMs: [MIN, 24 * HOUR],
  ageingStepsMax: [0, 100],
  waitAlarmMs: [10 * S, 24 * HOUR],
  alarmEscalateMs: [5 * S, 24 * HOUR],
  alarmShelveMaxMs: [1 * S, 8 * HOUR],
  massSilencePercent: [5, 100],
  massSilenceWithinMs: [10 * S, 10 * MIN],
  massSilenceUnits: [2, 10_000],
  withdrawPauseMs: [0, 10 * MIN],
  roundPauseMs: [1 * S, HOUR],
  roundsMax: [1, 100],
  helpSavesMs: [0, HOUR],
  higherLevelSavesMs: [0, HOUR],
  levelReserve: [0, 1_000],
  preferredWithinMs: [0, HOUR],
  sirenPercent: [0, 100],
  sirenTimePercent: [30, 100],
  turnoutMs: [0, 10 * MIN],
  unsurePercent: [0, 300],
  straightLineSpeedMps: [1, 100],
  disconnectGraceMs: [2 * S, HOUR],
  readyGraceMs: [2 * S, 10 * MIN],
  cadenceMs: [1 * S, 10 * MIN],
  staleAfterMs: [2 * S, HOUR],
  lostAfterMs: [10 * S, 24 * HOUR],
  fixSpeedMaxMps: [20, 100_000],
  fixAccuracyMaxM: [10, 10_000],
  candidatesRecorded: [1, 50],
} as const satisfies Record<Exclude<keyof Policy, 'mode' | 'arrivals' | 'whenNoneFree'>, readonly [number, number]>
