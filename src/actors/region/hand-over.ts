/** Which part of a region takes which of its messages. */

import type { Refusal } from '../../base/refusal.ts'
import type { SessionMessage } from '../region-handle.ts'
import type { RegionAssembly } from './assembly.ts'
import { stepClock } from './clock-step.ts'
import { takeErased } from './erased-calls.ts'
import type { Answer, RegionMessage, RegionQuery, RoadsQuery } from './messages.ts'
import { wantedByQuery } from './wanted.ts'

export function handOver(region: RegionAssembly, message: RegionMessage): void {
  const { state, turns, watch, location, freshness } = region
  switch (message.type) {
    case 'command':
      return turns.commands.take(message.request)
    case 'query':
      return takeQuery(region, message)
    case 'session-opened':
      if (message.session.role === 'feed') location.feeds.open(message.session, message.hello)
      return watch.welcomes.greet(message.session, message.hello, null)
    case 'looked-up':
      location.population.bringBack(message.found?.calls ?? [])
      return turns.waking.found(message.found)
    case 'session-closed':
      watch.live.closed(message.session)
      location.feeds.close(message.session)
      watch.etas.closed(message.session)
      return watch.boardWatch.left(message.session)
    case 'asked':
      return handOverAsked(region, message)
    case 'feed-attach-more':
      return location.feeds.attachMore(message.session)
    case 'tracker-fix':
      return location.trackers.take(message.request, message.read)
    case 'feed-marks-read':
      return location.feeds.marksRead(message.session, message.read)
  }
  // The remaining messages are the engine's own; nobody waits for them once the region is dropped.
  if (state.admission.isOver) return
  switch (message.type) {
    case 'units':
      return turns.units.take(message)
    case 'more-units':
      return turns.units.goOn()
    case 'policy':
      turns.policies.take(message)
      return freshness.anew()
    case 'more-policy':
      return turns.policies.goOn()
    case 'roads':
      return turns.roads.take(message.roads)
    case 'hospitals':
      return turns.hospitals.take(message.hospitals)
    case 'erased':
      return takeErased(region, message.callIds)
    case 'stations':
      return turns.roads.takeStations(message.places)
    case 'deadline':
      return turns.deadlines.run(message.deadline)
    case 'match':
      return turns.rematch.run()
    case 'clock-stepped':
      return stepClock(region, message.byMs, message.sessions)
  }
}

function takeQuery(region: RegionAssembly, { query, answer }: RegionMessage & { readonly type: 'query' }): void {
  const refuse = (refusal: Refusal) => answer({ ok: false, refusal })
  region.turns.waking.query(wantedByQuery(query), refuse, () => answerQuery(region, query, answer))
}

function answerQuery({ watch }: RegionAssembly, query: RegionQuery | RoadsQuery, answer: Answer): void {
  switch (query.type) {
    case 'find-place':
    case 'best-destinations':
    case 'reach':
    case 'coverage':
    case 'trip-route':
      return watch.roadQueries.take(query, answer)
    default:
      return watch.queries.take(query, answer)
  }
}

function handOverAsked(
  { watch, location }: RegionAssembly,
  { session, request, receivedWallMs }: SessionMessage,
): void {
  switch (request.type) {
    case 'watch-board':
      return watch.boardWatch.watch(session, request.id, request.fromPosition)
    case 'unwatch-board':
      return watch.boardWatch.unwatch(session, request.id)
    case 'watch-tiles':
      return watch.live.watchTiles(session, request.id, request.tiles)
    case 'watch-unit':
      return watch.live.watchUnit(session, request.id, request.unitId)
    case 'unwatch-unit':
      return watch.live.unwatchUnit(session, request.id, request.unitId)
    case 'watch-etas':
      return watch.etas.watch(session, request.id)
    case 'unwatch-etas':
      return watch.etas.unwatch(session, request.id)
    case 'attach':
      return location.feeds.attach(session, request.id, request.channels)
    case 'detach':
      return location.feeds.detach(session, request.id, request.channels)
    case 'feed-fixes':
      return location.feeds.take({ session, sentAtMs: request.sentAtMs, fixes: request.fixes, receivedWallMs })
    case 'mark':
      return location.feeds.askMark(session, request.streamIndex)
    case 'fix':
    case 'hint':
      // The table of messages gives these to the session's own unit, and whoever has none may not send them.
      return
  }
}
