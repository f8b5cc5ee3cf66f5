/** Policies as somebody in charge of a region might set them, one after the other. */
import type { Policy, StandingPolicy } from '../../../src/domain/policy.ts'
import { ARRIVAL_MODES, DISPATCH_MODES, NONE_FREE } from '../../../src/domain/vocabulary.ts'
import type { Dice } from '../../fuzz/dice.ts'

const S = 1_000
const MIN = 60 * S

const byPriority = <T>(draw: () => T) => ({ 1: draw(), 2: draw(), 3: draw(), 4: draw(), 5: draw() })

type OfWheels = Pick<
  Policy,
  'arrivals' | 'sceneFenceM' | 'destinationFenceM' | 'arrivalDwellMs' | 'standingMs' | 'turnedAwayM' | 'pastEtaMs'
>

/** By the version alone, so that no other number is drawn otherwise for it. */
function wheelsOf(version: number): OfWheels {
  const turn = version % 3
  return {
    arrivals: ARRIVAL_MODES[turn]!,
    sceneFenceM: 50 + 25 * turn,
    destinationFenceM: 100 + 50 * turn,
    arrivalDwellMs: (10 + 5 * turn) * S,
    standingMs: (turn + 1) * MIN,
    turnedAwayM: 500 * (turn + 1),
    pastEtaMs: (turn + 1) * MIN,
  }
}

/**
 * The next version. About half of what it says is new, each number in a range in which crews of this world can work: they
 * take ten seconds for an answer, report every half minute, and come right in the time that is left in peace.
 *
 * How long crews have to come back after a start stays: a record does not say when its engine was started.
 */
export function nextPolicy(before: StandingPolicy, dice: Dice): StandingPolicy {
  const within = (range: readonly [number, number]) => dice.within(range)
  const drawn: Omit<Policy, 'readyGraceMs' | keyof OfWheels> = {
    mode: dice.pick(DISPATCH_MODES),
    offerTimeoutMs: {
      1: within([5 * S, 40 * S]),
      2: within([5 * S, 40 * S]),
      3: within([5 * S, 60 * S]),
      4: within([5 * S, 60 * S]),
      5: within([5 * S, 60 * S]),
    },
    orderWarnMs: byPriority(() => within([5 * S, 25 * S])),
    orderTimeoutMs: byPriority(() => within([26 * S, 90 * S])),
    voiceTimeoutMs: within([30 * S, 4 * MIN]),
    standDownWarnMs: within([20 * S, 3 * MIN]),
    noMovementMs: within([30 * S, 5 * MIN]),
    ageingStepMs: within([MIN, 60 * MIN]),
    ageingStepsMax: within([0, 8]),
    waitAlarmMs: {
      1: within([MIN, 10 * MIN]),
      2: within([MIN, 10 * MIN]),
      3: within([MIN, 60 * MIN]),
      4: within([MIN, 60 * MIN]),
      5: within([MIN, 60 * MIN]),
    },
    alarmEscalateMs: { 1: within([10 * S, 3 * MIN]), 2: within([30 * S, 5 * MIN]), 3: within([MIN, 10 * MIN]) },
    alarmShelveMaxMs: within([MIN, 10 * MIN]),
    massSilencePercent: within([20, 60]),
    massSilenceWithinMs: within([20 * S, 2 * MIN]),
    massSilenceUnits: within([2, 5]),
    withdrawPauseMs: dice.oneIn(4) ? 0 : within([2 * S, MIN]),
    roundPauseMs: within([2 * S, MIN]),
    roundsMax: within([1, 12]),
    whenNoneFree: byPriority(() => dice.pick(NONE_FREE)),
    helpSavesMs: within([0, 3 * MIN]),
    higherLevelSavesMs: byPriority(() => within([0, 5 * MIN])),
    levelReserve: { bls: within([0, 2]), als: within([0, 3]), cct: within([0, 2]) },
    preferredWithinMs: within([0, 3 * MIN]),
    sirenPercent: byPriority(() => dice.pick([0, 50, 100])),
    sirenTimePercent: within([50, 100]),
    turnoutMs: {
      moving: within([0, 20 * S]),
      atPost: within([10 * S, MIN]),
      stationDay: within([20 * S, 2 * MIN]),
      stationNight: within([20 * S, 3 * MIN]),
    },
    unsurePercent: dice.pick([0, 50, 100, 200]),
    straightLineSpeedMps: within([5, 20]),
    disconnectGraceMs: within([12 * S, MIN]),
    cadenceMs: {
      responding: within([2 * S, 10 * S]),
      moving: within([5 * S, 20 * S]),
      parked: within([15 * S, 30 * S]),
    },
    staleAfterMs: {
      responding: within([12 * S, 30 * S]),
      moving: within([25 * S, MIN]),
      parked: within([35 * S, 2 * MIN]),
    },
    lostAfterMs: within([3 * MIN, 10 * MIN]),
    fixSpeedMaxMps: within([50, 100]),
    fixAccuracyMaxM: within([50, 200]),
    candidatesRecorded: within([1, 10]),
  }
  const changed = Object.entries(drawn).filter(() => dice.oneIn(2))
  const version = before.version + 1
  return { ...before, ...Object.fromEntries(changed), ...wheelsOf(version), version }
}
