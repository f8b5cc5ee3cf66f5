/**
 * The grammar of ids, fixed once for wire, HTTP and disk.
 *
 * A region is `[a-z0-9]{1,16}`. Units, stations and hospitals keep the service's own key, `[A-Za-z0-9._-]{1,32}`.
 * Calls, trips and offers are `<region>.<nanoid>`, made before the turn and handed to `decide`, so that a bare id routes.
 */
export type RegionId = string
export type UnitId = string
export type CallId = string
export type TripId = string
export type OfferId = string
/** Closed or slow roads, in the form of a call's id. */
export type ZoneId = string
/** `trip/<trip>/<kind>/<position of the record that raised it>`; `driver/<unit>/…` of a unit's, `region/<region>/…` of a region's. */
export type AlarmId = string
/** One client buffer's run of fixes; `[A-Za-z0-9_-]{1,32}`, chosen by the client, never reused with other fixes. */
export type StreamId = string
/** A person: the `sub` of a token. */
export type Principal = string

export const REGION_ID = /^[a-z0-9]{1,16}$/
export const UNIT_ID = /^[A-Za-z0-9._-]{1,32}$/
export const STREAM_ID = /^[A-Za-z0-9_-]{1,32}$/
/** As it is stored: a feed's has four characters more, which stand for the feed. */
export const STORED_STREAM_ID = /^[A-Za-z0-9_-]{1,32}(~[A-Za-z0-9_-]{4})?$/
export const COMMAND_ID = /^[A-Za-z0-9_-]{1,64}$/
/** A call, trip or offer id. */
export const ROUTED_ID = /^[a-z0-9]{1,16}\.[A-Za-z0-9_-]{21}$/

export const ALARM_ID =
  /^(trip\/[a-z0-9]{1,16}\.[A-Za-z0-9_-]{21}|driver\/[A-Za-z0-9._-]{1,32}|region\/[a-z0-9]{1,16})\/[a-z-]{1,32}\/[1-9][0-9]{0,15}$/

/** The region that a call, trip or offer id routes to. Input: an id that matched `ROUTED_ID`. */
export function regionOf(routedId: string): RegionId {
  return routedId.slice(0, routedId.indexOf('.'))
}
