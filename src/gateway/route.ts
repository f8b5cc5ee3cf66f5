/** One HTTP route as data: what it answers to, who may call it, and what it does. */

import type { TokenClaims } from '../access/claims.ts'
import type { Action } from '../domain/roles.ts'
import type { GatewayContext } from './context.ts'
import type { HttpCall, HttpReply, Method } from './http.ts'

interface RouteBase {
  readonly method: Method
  /** In uWebSockets.js' form: `/v1/units/:id`. */
  readonly pattern: string
}

/** Whoever calls has shown a token whose role has the right; the handler checks region and unit. */
export interface GuardedRoute extends RouteBase {
  readonly action: Action
  handle(context: GatewayContext, call: HttpCall, caller: TokenClaims): HttpReply | Promise<HttpReply>
}

/** No token is asked for: probes, sign-in, public keys. */
export interface OpenRoute extends RouteBase {
  readonly action: null
  /** The handler takes from the rate of the address itself, since it is not the same for all who ask. */
  readonly limitsItself?: true
  /** A probe of this process: it is always answered, whatever its address has spent, since a refusal costs as much. */
  readonly isProbe?: true
  handle(context: GatewayContext, call: HttpCall): HttpReply | Promise<HttpReply>
}

export type Route = GuardedRoute | OpenRoute
