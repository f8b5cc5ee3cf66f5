/** Travel times of a routing server that a centre has: asked where no turn is involved, so never by a decision. */

/** The kinds whose answers are understood. */
export const ROUTING_SERVERS = ['osrm', 'valhalla'] as const
export type RoutingServerKind = (typeof ROUTING_SERVERS)[number]

/** Why there is no answer of the server. Only `too-many` and `busy` are no fault of it. */
export const NOT_BY_SERVER_REASONS = [
  'too-many',
  'busy',
  'open-circuit',
  'too-slow',
  'unreachable',
  'server-error',
  'too-long',
  'unreadable',
  'wrong-size',
] as const
export type NotByServer = (typeof NOT_BY_SERVER_REASONS)[number]
