/** Which part of a region takes which of its messages. */
import type { RegionAssembly } from './assembly.ts'
import { stepClock } from './clock-step.ts'
import type { RegionMessage } from './messages.ts'

export function handOver(region: RegionAssembly, message: RegionMessage): void {
  const { state, turns, watch, location } = region
  switch (message.type) {
    case 'command':
      return turns.commands.take(message.request)
    case 'query':
      return watch.queries.take(message.query, message.answer)
    case 'session-opened':
      if (message.session.role === 'feed') location.feeds.open(message.session, message.hello)
      return watch.welcomes.greet(message.session, message.hello, null)
    case 'session-closed':
      watch.live.closed(message.session)
      location.feeds.close(message.session)
      return watch.boardWatch.left(message.session)
    case 'watch-board':
      return watch.boardWatch.watch(message.session, message.requestId, message.from)
    case 'unwatch-board':
      return watch.boardWatch.unwatch(message.session, message.requestId)
    case 'watch-tiles':
      return watch.live.watchTiles(message.session, message.requestId, message.tiles)
    case 'watch-unit':
      return watch.live.watchUnit(message.session, message.requestId, message.unitId)
    case 'unwatch-unit':
      return watch.live.unwatchUnit(message.session, message.requestId, message.unitId)
    case 'attach':
      return location.feeds.attach(message.session, message.requestId, message.channels)
    case 'detach':
      return location.feeds.detach(message.session, message.requestId, message.channels)
    case 'feed-fixes':
      return location.feeds.take(message)
    case 'feed-mark-asked':
      return location.feeds.askMark(message.session, message.channel)
    case 'feed-attach-more':
      return location.feeds.attachMore(message.session)
    case 'feed-marks-read':
      return location.feeds.marksRead(message.session, message.read)
  }
  // What is left is the engine's own, and nobody's any more once the region is dropped.
  if (state.admission.isOver) return
  switch (message.type) {
    case 'units':
      return turns.units.take(message)
    case 'more-units':
      return turns.units.goOn()
    case 'deadline':
      return turns.deadlines.run(message.deadline)
    case 'match':
      return turns.rematch.run()
    case 'clock-stepped':
      return stepClock(region, message.byMs, message.sessions)
  }
}
