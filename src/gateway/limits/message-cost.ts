/**
 * What a message counts as at the door: the class whose rate it takes from, and the number of messages of that class.
 *
 * A message that makes much work counts as many, so that whoever sends the dearest as fast as they are taken leaves the
 * engine to others all the same; what each takes is measured by `npm run bench -- costs`.
 */
import type { RegionHandle } from '../../actors/region-handle.ts'
import type { CallDetails, Command } from '../../domain/commands.ts'
import type { Role } from '../../domain/roles.ts'
import type { RateClass } from '../../protocol/limits.ts'
import { type ClientRequest, messageName, rowOf } from '../../protocol/messages.ts'

/** One more message for so many of each. */
const BOARD_ITEMS = 1_000
const BOARD_EVENTS = 100
const ATTACHED = 50
const DETACHED = 100
const TILES = 16
const DETAIL_CHARS = 500
/** A feed may have a hundred thousand channels, each to be looked at. */
const ALL_MARKS = 10
/** To take a frame apart costs by its bytes, whatever it asks; more than any message needs that counts as one. */
const FRAME_BYTES = 4_096

/** A look at up to some thousands of units, and fifty sentences. */
const EXPLAINED = 4
/** A thread of the region's roads is busy for some milliseconds, tens or hundreds of them. */
const BY_THREAD = { 'best-destinations': 4, 'trip-route': 4, coverage: 25, reach: 50 } as const

type Cost = readonly [RateClass, number]

/** Input: the bytes of its frame; `role` and `region` of the session, null before there is one. */
export function costOf(
  request: ClientRequest,
  frameBytes: number,
  role: Role | null,
  region: Pick<RegionHandle, 'boardFrom'> | null,
): Cost {
  const { rate } = rowOf(messageName(request))
  const count = Math.max(countOf(request, role, region), Math.ceil(frameBytes / FRAME_BYTES))
  return [rate === 'command' && role === 'driver' ? 'crewCommand' : rate, count]
}

/** No fix takes more bytes on the wire. */
const FIX_BYTES = 64

/** At least so many messages is a frame that nobody has read. */
export function leastCostOf(rate: RateClass, frameBytes: number): number {
  return Math.max(1, Math.floor(frameBytes / (rate === 'fix' || rate === 'feedFix' ? FIX_BYTES : FRAME_BYTES)))
}

function countOf(request: ClientRequest, role: Role | null, region: Pick<RegionHandle, 'boardFrom'> | null): number {
  switch (request.type) {
    case 'fix':
    case 'feed-fixes':
      return request.fixes.length
    case 'command':
      return commandCost(request.command)
    case 'watch-board':
      return 1 + boardCost(request.fromPosition, region)
    case 'watch-tiles':
      return Math.max(1, Math.ceil(request.tiles.length / TILES))
    case 'mark':
      return request.streamIndex === null && role === 'feed' ? ALL_MARKS : 1
    case 'explain-trip':
      return EXPLAINED
    case 'best-destinations':
    case 'trip-route':
    case 'coverage':
    case 'reach':
      return BY_THREAD[request.type]
    case 'attach':
      return Math.ceil(request.channels.length / ATTACHED)
    case 'detach':
      return Math.ceil(request.channels.length / DETACHED)
    default:
      return 1
  }
}

/** Times of all roads are made anew, and their hierarchies; then one more for so many points. */
const ROADS_CHANGED = 4
const ZONE_POINTS = 25

/** As how many commands it counts: a call by its needs, and what has texts by what has to be kept of them. */
export function commandCost(command: Command): number {
  if (command.type === 'enter-call') return command.needs.length + detailsCost(command.details)
  if (command.type === 'close-roads') return ROADS_CHANGED + Math.floor(command.points.length / ZONE_POINTS)
  if (command.type === 'reopen-roads') return ROADS_CHANGED
  if (command.type === 'add-note') return 1 + Math.floor(command.text.length / DETAIL_CHARS)
  return command.type === 'amend-call' ? 1 + detailsCost(command.details ?? null) : 1
}

function detailsCost(details: CallDetails | null): number {
  if (details === null) return 0
  const { callerName, phone, address, notes } = details
  const chars = [callerName, phone, address, notes].reduce((sum, text) => sum + (text?.length ?? 0), 0)
  return Math.floor(chars / DETAIL_CHARS)
}

function boardCost(fromPosition: number | null, region: Pick<RegionHandle, 'boardFrom'> | null): number {
  const { items, events } = region?.boardFrom(fromPosition) ?? { items: 0, events: 0 }
  return Math.floor(items / BOARD_ITEMS) + Math.floor(events / BOARD_EVENTS)
}
