/**
 * Wires a region, level by level: state, turns, what others watch, units and feeds. A level uses only what is below it. What
 * is above hears of it as a follower; the order in which followers hear of turns, moves and crews stands here alone.
 */
import { type LocationLevel, locationLevel } from './assembly/location-level.ts'
import { type RegionSelf, type StateLevel, stateLevel } from './assembly/state-level.ts'
import { type TurnLevel, turnLevel } from './assembly/turn-level.ts'
import { watchLevel } from './assembly/watch-level.ts'
import { Checkpoint } from './checkpoint.ts'
import { DeviceClocks } from './device-clocks.ts'
import type { TurnFollower } from './followers.ts'
import { FreshnessWatch } from './freshness-watch.ts'
import type { RegionParts } from './parts.ts'
import type { Recovered } from './recovery.ts'
import { SilenceWatch } from './silence-watch.ts'
import { Upkeep } from './upkeep.ts'

export type RegionAssembly = ReturnType<typeof assemble>

export function assemble(parts: RegionParts, recovered: Recovered, self: RegionSelf) {
  const { onTurn } = parts.shared
  const followers: TurnFollower[] = []
  const state = stateLevel(parts, recovered, self)
  const turns = turnLevel(parts, recovered, state, followers)
  const watch = watchLevel(parts, recovered, state, turns)
  const { desk, rematch, deadlines, policies } = turns
  const { live, etas } = watch
  const { ref, memory, clock, policy, timers, comeback } = state
  const silence = new SilenceWatch({
    ...{ memory, clock, policy, timers, comeback },
    deliver: deadline => void ref.tell({ type: 'deadline', deadline }),
    setAnew: () => policies.setAnew(),
  })
  const freshness = new FreshnessWatch({
    ...{ memory, clock, policy, timers },
    changed: unit => {
      watch.freshness.changed(unit)
      live.grewOld(unit)
    },
  })
  const deviceClocks = new DeviceClocks()
  const location = locationLevel(parts, state, turns, watch, {
    moves: [desk, live, etas, rematch, deadlines, silence, freshness],
    // A unit that is back is shown before it is asked for.
    presence: [desk, deadlines, live, etas, rematch, silence, deviceClocks],
  })
  state.recordsDurable.push(
    () => turns.units.recordsDurable(),
    position => turns.outcomes.letGo(position),
  )
  followers.push(
    state.store,
    turns.outcomes,
    // Memory is the first follower of a committed turn, for it puts the new states where the others look.
    location.population,
    location.closed,
    turns.retiring,
    desk,
    turns.goneAlarms,
    turns.notices,
    watch.quarantineNews,
    location.feeds,
    location.wheels,
    deadlines,
    silence,
    freshness,
    watch.offers,
    watch.alarms,
    watch.arrivals,
    watch.board,
    watch.snapshots,
    live,
    // A crew hears of its trip before it hears when it will be there.
    watch.crewNews,
    etas,
    { committed: turn => onTurn?.(turn.events) },
  )
  return {
    state,
    turns,
    watch,
    location,
    silence,
    freshness,
    deviceClocks,
    ...chores(parts, recovered, state, turns, location),
  }
}

/** What a region does beside its messages, from time to time. */
function chores(
  { shared: { journal, machine }, telemetry: { metrics, log } }: RegionParts,
  { acquired: { ownership }, outcomes, saved }: Recovered,
  { memory, clock, writer, segments }: StateLevel,
  { runner }: TurnLevel,
  { unitMarks, closed }: LocationLevel,
) {
  const durable = () => ({
    position: writer.durable,
    segmentNo: segments.durableSegmentNo,
    lastRecordedAtMs: runner.lastRecordedAtMs,
  })
  const isHeld = () => memory.quarantine.size > 0
  const checkpoint = new Checkpoint(
    { journal, memory, closed, machine, metrics, log, durable, isHeld },
    ownership,
    saved.wholeAt,
  )
  return { checkpoint, upkeep: new Upkeep({ journal, ownership, outcomes, clock, machine, log, unitMarks }) }
}
