/** The lowest level of a region: clocks, memory, outbox, and the lanes to the store. */
import { Finder } from '../../../finder/finder.ts'
import { type DurableSegment, SegmentWriter } from '../../../store/location/segment-writer.ts'
import { LogWriter } from '../../../store/log/log-writer.ts'
import type { ActorRef } from '../../actor-system.ts'
import { RegionClock } from '../../clock.ts'
import type { Mailbox } from '../../mailbox.ts'
import { RegionTimers } from '../../timers.ts'
import { Admission } from '../admission.ts'
import { Comeback } from '../comeback.ts'
import { IncidentNumbers } from '../incident-numbers.ts'
import { RegionMemory } from '../memory.ts'
import type { RegionMessage } from '../messages.ts'
import { Outbox } from '../outbox.ts'
import { Overload } from '../overload/overload.ts'
import type { LossReason, RegionParts } from '../parts.ts'
import type { Recovered } from '../recovery.ts'
import { RegionPolicy } from '../region-policy.ts'
import { Shards } from '../shards.ts'
import { StreamMarks } from '../stream-marks.ts'
import { laneSettings, storeWatch } from './store-lanes.ts'

/** The region's own actor, and what the region does when its lanes can write no more. */
export interface RegionSelf {
  readonly ref: ActorRef<RegionMessage>
  readonly mailbox: Mailbox
  readonly lost: (reason: LossReason, error?: Error) => void
}

/** Called with what has become durable, in the order of the list. */
type DurableFollowers<T> = ((durable: T) => void)[]

export type StateLevel = ReturnType<typeof stateLevel>

export function stateLevel(parts: RegionParts, recovered: Recovered, { ref, mailbox, lost }: RegionSelf) {
  const { shared, wall, regionId, telemetry } = parts
  const { machine, system, anchor } = shared
  const { log, metrics } = telemetry
  const { logEnd, segmentEnd } = recovered.acquired
  const clock = new RegionClock(machine, wall, anchor, recovered.lastRecordedAtMs)
  const policy = new RegionPolicy(parts.policy, clock)
  const outbox = new Outbox(logEnd, error => log.error({ region: regionId, err: error }, 'telling failed'))
  const named = (name: string) => new Shards(system, ref as never, mailbox, name)
  const numbers = new IncidentNumbers(recovered.lastNumbers, parts.names.timeZone)
  const shards = { drivers: named('drivers'), trips: named('trips') }
  const memory = new RegionMemory(policy, shards, { ...recovered, numbers })
  const store = storeWatch(parts, outbox)
  const recordsDurable: DurableFollowers<number> = []
  const fixesDurable: DurableFollowers<DurableSegment> = []
  const lane = laneSettings(parts, recovered, store)
  const ends = {
    onFenced: () => lost('fenced'),
    onContentRejected: (error: Error) => lost('content-rejected', error),
  }
  const writer = new LogWriter({
    ...lane,
    logEnd,
    handlers: { ...ends, onDurable: position => recordsDurable.forEach(follow => void follow(position)) },
  })
  const segments = new SegmentWriter({
    ...lane,
    segmentEnd,
    logHead: () => writer.head,
    handlers: { ...ends, onDurable: segment => fixesDurable.forEach(follow => void follow(segment)) },
  })
  const marks = new StreamMarks({
    ...lane,
    taken: () => ({ position: writer.head, segmentNo: segments.newestSegmentNo }),
    durable: () => ({ position: writer.durable, segmentNo: segments.durableSegmentNo }),
    onReadFailed: error => log.warn({ region: regionId, err: error }, 'marks of old streams cannot be read'),
    handlers: ends,
  })
  recordsDurable.push(
    position => outbox.release(position),
    () => marks.advance(),
    position => store.recordsDurable(position),
  )
  fixesDurable.push(
    segment => metrics.observeDurableLags(segment.arrivedWallMs, wall.nowMs()),
    segment => {
      for (const { unitId, streamId, seq } of segment.marks) memory.driverActor(unitId)?.onDurable(streamId, seq)
    },
    () => marks.advance(),
  )

  return {
    ref,
    clock,
    timers: new RegionTimers(machine, clock),
    memory,
    finder: new Finder(),
    outbox,
    store,
    writer,
    segments,
    marks,
    recordsDurable,
    fixesDurable,
    admission: new Admission({ log: writer, outbox, store, memory }, shared.bounds),
    policy,
    comeback: new Comeback(clock, policy),
    overload: new Overload(metrics),
  }
}
