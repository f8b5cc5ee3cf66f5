/** Every HTTP route of the engine in one table, and the mounting of it. */
import type { Refusal } from '../../base/refusal.ts'
import { answerGuarded, answerOpen, type GuardPorts } from '../guard.ts'
import { type HttpPorts, mount, mountRest, problem } from '../http.ts'
import { mountOtherMethods, NO_ROUTE_RATE } from '../other-methods.ts'
import { mountPreflight } from '../preflight.ts'
import type { Route } from '../route.ts'
import type { DoorApp } from '../transport/transport.ts'
import { WS_ROUTE } from '../ws-door.ts'
import { AUDIT_ROUTES, type AuditEntryPorts } from './audit-entries.ts'
import { AUTH_ROUTES, type AuthPorts } from './auth.ts'
import { CALL_DETAILS_ROUTES, type CallDetailsPorts } from './call-details.ts'
import { CALL_ROUTES, type CallPorts } from './calls.ts'
import { DECISION_ROUTES, type DecisionPorts } from './decisions.ts'
import { DEVICE_ROUTES, type DevicePorts } from './devices.ts'
import { HOME_ROUTES, type HomePorts } from './home.ts'
import { KEY_ROUTES, type KeyPorts } from './keys.ts'
import { LIST_ROUTES, type ListPorts } from './lists.ts'
import { OPENAPI_ROUTES } from './openapi.ts'
import { OPERATION_ROUTES, type OperationPorts } from './operations.ts'
import { POLICY_ROUTES } from './policies.ts'
import { QUARANTINE_ROUTES, type QuarantinePorts } from './quarantine.ts'
import { REFERENCE_ROUTES } from './reference.ts'
import type { ReferencePorts } from './reference-work.ts'
import { REGION_ROUTES } from './regions.ts'
import { ROAD_ROUTES, type RoadMapPorts } from './road-tiles.ts'
import { STATISTICS_ROUTES, type StatisticsPorts } from './statistics.ts'
import { TRACK_ROUTES, type TrackPorts } from './track.ts'
import { TRACKER_ROUTES, type TrackerPorts } from './trackers.ts'
import { USER_ROUTES, type UserPorts } from './users.ts'
import { WEB_ROUTES } from './web.ts'
import { ROAD_ZONE_ROUTES, type RoadZonePorts } from './zones.ts'

/** The ports of all routes together; each route takes the ones that it needs. */
type RoutePorts = HomePorts &
  OperationPorts &
  CallPorts &
  CallDetailsPorts &
  RoadMapPorts &
  ReferencePorts &
  TrackPorts &
  TrackerPorts &
  DecisionPorts &
  ListPorts &
  StatisticsPorts &
  QuarantinePorts &
  RoadZonePorts &
  AuthPorts &
  AuditEntryPorts &
  UserPorts &
  DevicePorts &
  KeyPorts

export type HttpDoorPorts = HttpPorts & GuardPorts & RoutePorts

export const ROUTES: readonly Route<RoutePorts>[] = [
  ...HOME_ROUTES,
  ...WEB_ROUTES,
  ...OPENAPI_ROUTES,
  ...OPERATION_ROUTES,
  ...LIST_ROUTES,
  ...STATISTICS_ROUTES,
  ...CALL_ROUTES,
  ...CALL_DETAILS_ROUTES,
  ...DECISION_ROUTES,
  ...REGION_ROUTES,
  ...POLICY_ROUTES,
  ...ROAD_ROUTES,
  ...REFERENCE_ROUTES,
  ...TRACK_ROUTES,
  ...TRACKER_ROUTES,
  ...QUARANTINE_ROUTES,
  ...ROAD_ZONE_ROUTES,
  ...AUTH_ROUTES,
  ...AUDIT_ROUTES,
  ...USER_ROUTES,
  ...DEVICE_ROUTES,
  ...KEY_ROUTES,
]

const NO_ROUTE: Refusal = {
  code: 'not-found',
  message: 'No route has this path; list the routes and their methods with GET /v1/openapi.json.',
}

/** Mounts all routes. Mount the WebSocket door first: the last route here takes every other path. */
export function mountRoutes(app: DoorApp, ports: HttpDoorPorts): void {
  for (const route of ROUTES) {
    mount(app, route, ports, call =>
      route.action === null ? answerOpen(ports, route, call) : answerGuarded(ports, route, call),
    )
  }
  mountOtherMethods(app, [...ROUTES, WS_ROUTE], ports)
  mountPreflight(app, ports)
  mountRest(app, ports, ({ addressKey }) =>
    problem(ports.limiter.takeOpenRequest(addressKey, NO_ROUTE_RATE) ?? NO_ROUTE),
  )
}
