/** Lists and searches of calls, trips and units, as the views of the log have them, in pages. */
import type { z } from 'zod'
import type { TokenClaims } from '../../access/claims.ts'
import type { RegionDirectory } from '../../actors/region-handle.ts'
import type { Result } from '../../base/result.ts'
import type { RegionId } from '../../domain/ids.ts'
import { CALL_ITEM, CALL_LIST, TRIP_ITEM, TRIP_LIST, UNIT_ITEM, UNIT_LIST } from '../../protocol/list-schemas.ts'
import { count } from '../../protocol/schema-parts.ts'
import { type ListPage, ListsBusy, type ListWishes, type ViewLists } from '../../store/views/view-lists.ts'
import { pageOf } from '../changes.ts'
import { inRegion, REGION_QUERY, regionAsked } from '../guard.ts'
import { type HttpReply, json, problem } from '../http.ts'
import type { Limiter } from '../limits/limiter.ts'
import type { Readings } from '../readings.ts'
import { unknownRegion } from '../refusals.ts'
import { type Asked, guarded, type Nothing, type Route } from '../route.ts'

/** As how many queries a page counts for each hundred items begun, and a search for words besides. */
const SEARCH_QUERIES = 8
const ITEMS_PER_QUERY = 100
const RETRY_AFTER_MS = 500

export interface ListPorts {
  readonly lists: Pick<ViewLists, 'calls' | 'trips' | 'units' | 'waitFor'>
  readonly directory: Pick<RegionDirectory, 'region'>
  readonly limiter: Pick<Limiter, 'takeMore'>
  readonly readings: Pick<Readings, 'foundOverHttp'>
}

const AS_OF = count.describe('The position of the log that the page has all of, and nothing behind it.')
const listOf = <T extends z.ZodType>(item: T) => pageOf(item).extend({ asOfPosition: AS_OF })
const REFUSALS = ['wrong-region', 'unknown-region', 'overloaded'] as const

export const LIST_ROUTES: readonly Route<ListPorts>[] = [
  guarded({
    method: 'get',
    pattern: '/v1/calls',
    action: 'read-call',
    summary: 'Lists and searches calls, newest first',
    query: CALL_LIST.safeExtend(REGION_QUERY.shape),
    reply: { 200: listOf(CALL_ITEM) },
    refusals: REFUSALS,
    handle: (ports: ListPorts, asked, caller) => listed(ports, asked, caller, 'calls'),
  }),
  guarded({
    method: 'get',
    pattern: '/v1/trips',
    action: 'read-trip',
    summary: 'Lists and searches trips, newest first',
    query: TRIP_LIST.safeExtend(REGION_QUERY.shape),
    reply: { 200: listOf(TRIP_ITEM) },
    refusals: REFUSALS,
    handle: (ports: ListPorts, asked, caller) => listed(ports, asked, caller, 'trips'),
  }),
  guarded({
    method: 'get',
    pattern: '/v1/units/states',
    action: 'read-unit',
    summary: 'Lists and searches units by what they do',
    query: UNIT_LIST.safeExtend(REGION_QUERY.shape),
    reply: { 200: listOf(UNIT_ITEM) },
    refusals: REFUSALS,
    handle: (ports: ListPorts, asked, caller) => listed(ports, asked, caller, 'units'),
  }),
]

type ListQuery = z.output<typeof TRIP_LIST>

async function listed(
  { lists, directory, limiter, readings }: ListPorts,
  asked: Pick<Asked, 'path' | 'query' | 'address'> & { readQuery(): Result<ListQuery> },
  caller: TokenClaims,
  of: 'calls' | 'trips' | 'units',
): Promise<HttpReply> {
  const region = regionAsked(asked, caller)
  if (!region.ok) return problem(region.refusal)
  const allowed = inRegion(caller, region.value)
  if (!allowed.ok) return problem(allowed.refusal)
  const query = asked.readQuery()
  if (!query.ok) return problem(query.refusal)
  if (directory.region(region.value) === null) return problem(unknownRegion(region.value))
  const { after, limit, text } = query.value
  const cost = Math.ceil(limit / ITEMS_PER_QUERY) + (text === undefined ? 0 : SEARCH_QUERIES)
  const tooFast = limiter.takeMore(caller.sub, 'query', cost - 1)
  if (tooFast !== null) return problem(tooFast)

  if (after !== undefined) await lists.waitFor(region.value, after)
  const page = await read(lists, of, region.value, query.value)
  if (page === null) {
    const message = 'Other lists are being read; ask again shortly.'
    return problem({ code: 'overloaded', message, details: { retryAfterMs: RETRY_AFTER_MS } })
  }
  const items = page.items.slice(0, limit)
  const said = items.flatMap(({ isSaid, callId }) => (isSaid === true ? [callId!] : []))
  readings.foundOverHttp({ claims: caller, region: region.value, address: asked.address }, new Set(said))
  const next = page.items.length > limit ? items.at(-1)!.cursor : null
  const { asOfPosition } = page
  const body = { items: items.map(({ isSaid: _, cursor: __, ...item }) => item), next, asOfPosition }
  return next === null ? json(200, body) : json(200, body, linkTo(asked, next))
}

/** An item of any of the three. */
interface Item {
  readonly cursor: string
  readonly callId?: string
  readonly isSaid?: boolean
}

/** Null while too many are being read. */
async function read(
  lists: ListPorts['lists'],
  of: 'calls' | 'trips' | 'units',
  region: RegionId,
  query: ListQuery,
): Promise<ListPage<Item> | null> {
  const {
    limit,
    cursor = null,
    status = null,
    priority = null,
    fromMs = null,
    toMs = null,
    bbox = null,
    text = null,
  } = query
  const wishes: ListWishes = { limit, behind: cursor, status, priority, fromMs, toMs, box: bbox, text }
  try {
    return await lists[of](region, wishes)
  } catch (error) {
    if (error instanceof ListsBusy) return null
    throw error
  }
}

function linkTo({ path, query }: Pick<Asked<Nothing>, 'path' | 'query'>, cursor: string): { readonly Link: string } {
  const next = new URLSearchParams(query)
  next.set('cursor', cursor)
  // What was waited for is there.
  next.delete('after')
  return { Link: `<${path}?${next}>; rel="next"` }
}
