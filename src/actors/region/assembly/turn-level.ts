/** The level that decides: the runner of turns, the desk, deadlines, and whatever asks for turns. */
import type { Origin } from '../cause.ts'
import { DeadlineKeeper } from '../deadline-keeper.ts'
import { Desk } from '../desk.ts'
import { followUps } from '../follow-ups.ts'
import type { TurnFollower, TurnStep } from '../followers.ts'
import { GoneAlarms } from '../gone-alarms.ts'
import { recordNews } from '../news.ts'
import { Notices } from '../notices.ts'
import type { RegionParts } from '../parts.ts'
import { PolicyIntake } from '../policy-intake.ts'
import type { Recovered } from '../recovery.ts'
import { retirement } from '../reference.ts'
import { RegionHospitals } from '../region-hospitals.ts'
import { RegionRoads } from '../region-roads.ts'
import { Rematch } from '../rematch.ts'
import { TurnRunner } from '../turn-runner.ts'
import { UnitIntake } from '../unit-intake.ts'
import { clientCommands } from './client-commands.ts'
import { wakingOf } from './lookups.ts'
import type { StateLevel } from './state-level.ts'

export type TurnLevel = ReturnType<typeof turnLevel>

/** Input: the list of followers, which is filled when all of them are there. */
export function turnLevel(
  parts: RegionParts,
  recovered: Recovered,
  state: StateLevel,
  followers: readonly TurnFollower[],
) {
  const { ref, memory, clock, policy, outbox, writer } = state
  const { outcomes } = recovered
  const hospitals = new RegionHospitals()
  const roads = new RegionRoads({ policy, timeZone: parts.names.timeZone, zones: () => memory.zones })
  const desk = deskOf(parts, state, roads)
  const retiring = retirement(memory)
  const goneAlarms = new GoneAlarms(memory.quarantine)
  const notices = new Notices({ trip: tripId => memory.trip(tripId), nowMs: () => clock.nowMs() })
  // Who need not help any more is free, the desk must not give the next trip to a unit that was waiting to be retired, and what
  // it does ends alarms.
  const steps = [notices, ...followUps, retiring, desk, goneAlarms]
  const runner = runnerOf(parts, state, steps, followers, recovered.lastRecordedAtMs)
  const record = recordNews(runner, memory.quarantine)
  const waking = wakingOf(parts, recovered, state)
  const commands = clientCommands(parts, state, outcomes, { desk, roads, hospitals, turns: runner, record, waking })
  const deadlines = new DeadlineKeeper({
    memory,
    clock,
    policy,
    timers: state.timers,
    outbox,
    comeback: state.comeback,
    turns: runner,
    deliver: deadline => void ref.tell({ type: 'deadline', deadline }),
  })
  const rematch = new Rematch({ desk, turns: runner, clock, later: () => void ref.tell({ type: 'match' }) }, policy)
  const units = new UnitIntake({
    memory,
    turns: runner,
    log: writer,
    later: () => void ref.tell({ type: 'more-units' }),
  })
  return {
    runner,
    roads,
    hospitals,
    outcomes,
    retiring,
    desk,
    goneAlarms,
    notices,
    commands,
    deadlines,
    rematch,
    units,
    policies: new PolicyIntake({
      policy,
      deadlines,
      rematch,
      later: () => void ref.tell({ type: 'more-policy' }),
    }),
    record,
    waking,
  }
}

function deskOf(
  { names, shared, telemetry }: RegionParts,
  { finder, policy, memory, clock }: StateLevel,
  roads: RegionRoads,
): Desk {
  return new Desk({
    finder,
    policy,
    roads,
    quarantine: memory.quarantine,
    presence: unitId => memory.presence(unitId),
    driver: unitId => memory.driver(unitId),
    nowMs: () => clock.nowMs(),
    newId: names.newId,
    onSearch: seconds => telemetry.metrics.nearest(seconds),
    monotonicMs: () => shared.machine.monotonicMs(),
  })
}

function runnerOf(
  { telemetry }: RegionParts,
  { memory, clock, writer, outbox }: StateLevel,
  steps: readonly TurnStep[],
  followers: readonly TurnFollower[],
  lastRecordedAtMs: number,
): TurnRunner {
  const { metrics, log } = telemetry
  const failed = (error: unknown, cause: Origin): void => {
    metrics.turnFailed()
    log.error({ err: error, cause }, 'a turn threw; it changed nothing')
  }
  return new TurnRunner({ memory, clock, log: writer, outbox, steps, followers, failed }, lastRecordedAtMs)
}
