/** The level that decides: the runner of turns, the desk, deadlines, and whatever asks for turns. */
import { CommandTurns } from '../command-turns.ts'
import { DeadlineKeeper } from '../deadline-keeper.ts'
import { Desk } from '../desk.ts'
import { momentRange } from '../fix-limits.ts'
import type { TurnFollower } from '../followers.ts'
import { GoneAlarms } from '../gone-alarms.ts'
import { recordNews } from '../news.ts'
import type { RegionParts } from '../parts.ts'
import { PolicyIntake } from '../policy-intake.ts'
import type { Recovered } from '../recovery.ts'
import { retirement } from '../reference.ts'
import { Rematch } from '../rematch.ts'
import { TurnRunner } from '../turn-runner.ts'
import { UnitIntake } from '../unit-intake.ts'
import type { StateLevel } from './state-level.ts'

export type TurnLevel = ReturnType<typeof turnLevel>

/** Input: the list of followers, which is filled when all of them are there. */
export function turnLevel(
  parts: RegionParts,
  recovered: Recovered,
  state: StateLevel,
  followers: readonly TurnFollower[],
) {
  const { newId } = parts
  const { machine } = parts.shared
  const { metrics, log } = parts.telemetry
  const { ref, memory, clock, policy, outbox, writer, admission } = state
  const { outcomes } = recovered
  const desk = new Desk({
    finder: state.finder,
    policy,
    quarantine: memory.quarantine,
    presence: unitId => memory.presence(unitId),
    newOfferId: newId,
    onSearch: seconds => metrics.nearest(seconds),
    monotonicMs: () => machine.monotonicMs(),
  })
  const retiring = retirement(memory)
  const goneAlarms = new GoneAlarms(memory.quarantine)
  const runner = new TurnRunner(
    {
      memory,
      clock,
      log: writer,
      outbox,
      // The desk must not give the next trip to a unit that was waiting to be retired, and what it does ends alarms.
      steps: [retiring, desk, goneAlarms],
      followers,
      failed: (error, cause) => {
        metrics.turnFailed()
        log.error({ err: error, cause }, 'a turn threw; it changed nothing')
      },
    },
    recovered.lastRecordedAtMs,
  )
  const commands = new CommandTurns({
    turns: runner,
    outcomes,
    log: writer,
    outbox,
    admission,
    contextOf: ({ principal, unitId }) => ({
      principal,
      unitId,
      moments: momentRange(clock),
      newId,
      policy: policy.standing,
      desk,
      memory,
      retiring: memory.retiring,
    }),
  })
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
    outcomes,
    retiring,
    desk,
    goneAlarms,
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
    record: recordNews(runner, memory.quarantine),
  }
}
