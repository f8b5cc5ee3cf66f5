/** The level that shows: the board, what moves, answers to queries, welcomes and pushes. Nothing here decides. */
import type { UnitId } from '../../../domain/ids.ts'
import { alarmCount } from '../alarm-count.ts'
import { arrivalCount } from '../arrival-count.ts'
import { Board } from '../board.ts'
import { BoardSnapshots } from '../board-snapshots.ts'
import { BoardWatch } from '../board-watch.ts'
import { CrewNews } from '../crew-news.ts'
import { explanationOf } from '../explanation.ts'
import { FreshnessNews } from '../freshness-news.ts'
import { HowFar } from '../how-far.ts'
import { LiveView } from '../live/live-view.ts'
import { offerCount } from '../offer-count.ts'
import type { RegionParts } from '../parts.ts'
import { QuarantineNews } from '../quarantine-news.ts'
import { Queries } from '../queries.ts'
import type { Recovered } from '../recovery.ts'
import { Welcomes } from '../welcomes.ts'
import { roadWatch } from './road-watch.ts'
import type { StateLevel } from './state-level.ts'
import type { TurnLevel } from './turn-level.ts'

/** Whoever asks is answered within two seconds, and the roads want some of them. */
const PLACES_LIMIT_MS = 500

export type WatchLevel = ReturnType<typeof watchLevel>

export function watchLevel(
  parts: RegionParts,
  recovered: Recovered,
  state: StateLevel,
  { desk, roads, hospitals }: TurnLevel,
) {
  const { regionId, names, clockNotice = () => null } = parts
  const { machine } = parts.shared
  const { metrics, log } = parts.telemetry
  const { memory, clock, policy, finder, outbox, writer, admission } = state
  const { damage } = recovered
  const failed = (what: string) => (error: unknown) => log.error({ region: regionId, err: error }, what)
  const snapshots = new BoardSnapshots({
    memory,
    outbox,
    clock,
    machine,
    log: writer,
    onSlice: ms => metrics.fanOut(ms),
    onError: failed('making a snapshot of the board failed'),
  })
  const board = new Board({ position: recovered.acquired.logEnd, machine, metrics, snapshots })
  const freshness = new FreshnessNews({ memory, clock, machine, board })
  const seen = (unitId: UnitId) => ({ fix: memory.presence(unitId).fix, status: memory.driver(unitId)!.status })
  const notices = () => [damage.notice(), clockNotice()].filter(notice => notice !== null)
  const closedPlaces = closedPlacesOf(parts, failed('places of former calls cannot be read'))
  const queries = new Queries({
    ...{ memory, clock, machine, outbox, log: writer, admission },
    search: (place, query) => {
      const startedMs = machine.monotonicMs()
      const howFar = new HowFar({ policy, roads, seen }, finder, clock.nowMs())
      const goal = { ...place, priority: null }
      const units = howFar.search(goal, { ...query, accept: () => true })
      metrics.nearest((machine.monotonicMs() - startedMs) / 1_000)
      return { basis: howFar.basisTo(goal), units }
    },
    explain: (trip, unitId) =>
      explanationOf(desk.look(), trip, unitId, policy, tripId => memory.trip(tripId), clock.nowMs()),
  })
  return {
    snapshots,
    board,
    freshness,
    boardWatch: new BoardWatch({ memory, board, snapshots, outbox, log: writer, admission, notices, freshness }),
    live: new LiveView(
      {
        memory,
        clock,
        machine,
        outbox,
        metrics,
        newId: names.newId,
        log: writer,
        onError: failed('showing what moves failed'),
      },
      state.overload,
    ),
    queries,
    ...roadWatch({ state, roads, hospitals, seen, queries, machine, closedPlaces, failed }),
    welcomes: new Welcomes({ memory, policy: state.policy, clock, outbox, log: writer, store: state.store }, regionId),
    crewNews: new CrewNews(memory),
    offers: offerCount(metrics),
    alarms: alarmCount(metrics),
    arrivals: arrivalCount(metrics),
    quarantineNews: new QuarantineNews(
      { quarantine: memory.quarantine, writer, outbox, board, metrics, log },
      regionId,
    ),
  }
}

/** Where calls were that have left memory, as far as the store says so in time. */
function closedPlacesOf({ regionId, shared }: RegionParts, onError: (error: unknown) => void) {
  const { machine, journal } = shared
  return (sinceMs: number, most: number) => {
    const silent = new Promise<null>(resolve => void machine.after(PLACES_LIMIT_MS, () => resolve(null)))
    const read = journal.readClosedPlaces(regionId, sinceMs, most).catch(error => {
      onError(error)
      return null
    })
    return Promise.race([read, silent])
  }
}
