/** Every HTTP route of the engine in one table, and the mounting of it. */
import type { Refusal } from '../../base/refusal.ts'
import type { GatewayContext } from '../context.ts'
import { answerGuarded, answerOpen } from '../guard.ts'
import { mount, mountRest, problem } from '../http.ts'
import { mountOtherMethods, NO_ROUTE_RATE } from '../other-methods.ts'
import { mountPreflight } from '../preflight.ts'
import type { Route } from '../route.ts'
import type { DoorApp } from '../transport/transport.ts'
import { WS_ROUTE } from '../ws-door.ts'
import { AUTH_ROUTES } from './auth.ts'
import { CALL_ROUTES } from './calls.ts'
import { DEVICE_ROUTES } from './devices.ts'
import { HOME_ROUTES } from './home.ts'
import { KEY_ROUTES } from './keys.ts'
import { OPERATION_ROUTES } from './operations.ts'
import { QUARANTINE_ROUTES } from './quarantine.ts'
import { REFERENCE_ROUTES } from './reference.ts'
import { TRACK_ROUTES } from './track.ts'
import { USER_ROUTES } from './users.ts'

export const ROUTES: readonly Route[] = [
  ...HOME_ROUTES,
  ...OPERATION_ROUTES,
  ...CALL_ROUTES,
  ...REFERENCE_ROUTES,
  ...TRACK_ROUTES,
  ...QUARANTINE_ROUTES,
  ...AUTH_ROUTES,
  ...USER_ROUTES,
  ...DEVICE_ROUTES,
  ...KEY_ROUTES,
]

const NO_ROUTE: Refusal = {
  code: 'not-found',
  message: 'Look up the routes and their methods in PROTOCOL.md.',
}

/** Mounts all routes; those of the WebSocket door must be mounted before, as the last one here takes what is left. */
export function mountRoutes(app: DoorApp, context: GatewayContext): void {
  for (const route of ROUTES) {
    mount(app, route.method, route.pattern, context, call =>
      route.action === null ? answerOpen(context, route, call) : answerGuarded(context, route, call),
    )
  }
  mountOtherMethods(app, [...ROUTES, WS_ROUTE], context)
  mountPreflight(app, context)
  mountRest(app, context, ({ addressKey }) =>
    problem(context.limiter.takeOpenRequest(addressKey, NO_ROUTE_RATE) ?? NO_ROUTE),
  )
}
