/** The highest level of a region: the actors of its units and trips, the doors to them, and feeds. */
import type { Refusal } from '../../../base/refusal.ts'
import type { TripState } from '../../../domain/trip/trip.ts'
import type { ActorRef } from '../../actor-system.ts'
import type { TripMessage } from '../../trip/trip-actor.ts'
import { ClosedCalls } from '../closed-calls.ts'
import { Crews } from '../crews.ts'
import { Feeds } from '../feeds/feeds.ts'
import { Trackers } from '../feeds/tracker-streams.ts'
import type { MoveFollower, PresenceFollower } from '../followers.ts'
import type { Answer } from '../messages.ts'
import type { RegionParts } from '../parts.ts'
import { Population } from '../population.ts'
import { UnitMarks } from '../unit-marks.ts'
import { wantedByQuery } from '../wanted.ts'
import { WheelWatch } from '../wheel-watch.ts'
import { intakeOf, unitFixesOf } from './fix-flow.ts'
import type { StateLevel } from './state-level.ts'
import type { TurnLevel } from './turn-level.ts'
import type { WatchLevel } from './watch-level.ts'

export type LocationLevel = ReturnType<typeof locationLevel>

export function locationLevel(
  { shared: { machine, system, bounds }, telemetry: { metrics } }: RegionParts,
  state: StateLevel,
  { commands, record, waking, roads }: TurnLevel,
  { welcomes, queries }: WatchLevel,
  followers: { readonly moves: readonly MoveFollower[]; readonly presence: readonly PresenceFollower[] },
) {
  const { ref, memory, clock, policy, outbox, writer, segments, marks, admission, fixesDurable } = state
  const wheels = new WheelWatch({
    memory,
    policy,
    nowMs: () => clock.nowMs(),
    isAtStation: place => roads.isAtStation(place),
    deliver: tripId => void ref.tell({ type: 'deadline', deadline: { kind: 'wheels', tripId } }),
  })
  const { moves, fixes } = unitFixesOf(state, { machine, metrics, wheels, followers: followers.moves })
  const unitMarks = new UnitMarks({ memory, marks })
  const crews = new Crews({ clock, memory, commands, record, welcomes, queries, followers: followers.presence })
  const feeds = new Feeds({
    fixes,
    memory,
    admission,
    readMarks: (session, streams) =>
      marks.read(streams, read => void ref.tell({ type: 'feed-marks-read', session, read })),
    later: session => void ref.tell({ type: 'feed-attach-more', session }),
    record,
    hold: (leave, refuse) => {
      const { head } = writer
      outbox.hold(head, () => leave(head), refuse && { refuse })
    },
    machine,
  })
  const trackers = new Trackers({
    fixes,
    memory,
    segments,
    readMarks: (streams, answer) => marks.read(streams, answer),
    again: (request, read) => ref.tell({ type: 'tracker-fix', request, read }),
  })
  fixesDurable.push(() => trackers.durable())
  const intake = intakeOf(state, machine, feeds, fixes)
  const trips = {
    command: commands.take.bind(commands),
    readTrip: ({ tripId }: TripState, answer: Answer) => {
      const query = { type: 'read-trip', tripId } as const
      const refuse = (refusal: Refusal) => answer({ ok: false, refusal })
      waking.query(wantedByQuery(query), refuse, () => queries.take(query, answer))
    },
    end: (ref: ActorRef<TripMessage>) => system.stop(ref as never),
  }
  const closed = new ClosedCalls({ memory, machine }, bounds)
  const drivers = { fixes, marks: unitMarks, crews }
  return {
    wheels,
    unitMarks,
    moves,
    intake,
    feeds,
    trackers,
    closed,
    population: new Population({ memory, closed, clock, drivers, trips }),
  }
}
