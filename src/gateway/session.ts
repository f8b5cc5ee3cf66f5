/** A signed-in client as the actors see it. */

import type { Authenticator, TokenClaims } from '../access/claims.ts'
import type { Session, SharedFrame } from '../actors/region-handle.ts'
import type { Principal, RegionId, UnitId } from '../domain/ids.ts'
import type { Role } from '../domain/roles.ts'
import { messageOf } from '../protocol/encode.ts'
import type { Limits } from '../protocol/limits.ts'
import type { Told } from '../protocol/told.ts'
import type { WelcomeView } from '../protocol/wire/welcome-view.ts'
import type { Connection } from './connection.ts'
import type { DoorPolicy } from './door-policy.ts'
import type { Readings, SessionReadings } from './readings.ts'
import type { SessionRegistry } from './session-registry.ts'

export interface SessionPorts {
  readonly authenticator: Authenticator
  readonly door: Pick<DoorPolicy, 'limits'>
  readonly sessions: Pick<SessionRegistry, 'comeBackSpreadMs'>
  readonly newSessionId: () => string
  readonly readings: Pick<Readings, 'ofSession'>
}

export class GatewaySession implements Session {
  readonly sessionId: string
  readonly region: RegionId
  readonly claims: TokenClaims
  readonly #connection: Connection
  readonly #ports: SessionPorts
  readonly #readings: SessionReadings

  constructor(region: RegionId, claims: TokenClaims, connection: Connection, ports: SessionPorts) {
    this.sessionId = ports.newSessionId()
    this.region = region
    this.claims = claims
    this.#connection = connection
    this.#ports = ports
    this.#readings = ports.readings.ofSession({ claims, region, address: connection.address })
  }

  get role(): Role {
    return this.claims.role
  }
  get principal(): Principal {
    return this.claims.sub
  }
  get unitId(): UnitId | null {
    return this.claims.unit
  }
  get roundTripMs(): number | null {
    return this.#connection.roundTripMs
  }
  get feedUnits(): readonly UnitId[] | null {
    return this.claims.units
  }
  get isBehind(): boolean {
    return this.#connection.isBehind
  }
  /** Made when it is asked for: kept, the tickets of all sessions would take more memory than the sessions. */
  get ticket(): string | null {
    return this.#ports.authenticator.ticket(this.claims)
  }
  get limits(): WelcomeView['limits'] {
    const { door, sessions } = this.#ports
    const { limits } = door
    const fixesPerFrame = this.role === 'feed' ? limits.feedFixesPerFrame : limits.fixesPerFrame
    return { frameBytes: frameBytesOf(this.role, limits), fixesPerFrame, comeBackSpreadMs: sessions.comeBackSpreadMs }
  }

  tell(told: Told): void {
    this.#readings.told(told)
    this.#connection.send(messageOf(told))
    // Of who sends fixes it is known then by how much each is older than it says.
    if (told.type === 'welcome' && (this.role === 'driver' || this.role === 'feed')) this.#connection.ping()
  }

  tellShared(shared: SharedFrame): void {
    this.#readings.shared(shared)
    this.#connection.sendShared(shared)
  }

  close(code: number, reason: string): void {
    this.#connection.close(code, reason)
  }
}

/** The largest frame that is read. Before hello it is the frame of a driver, into which every credential fits. */
export function frameBytesOf(role: Role | null, { frameBytes }: Limits): number {
  if (role === null || role === 'driver') return frameBytes.driver
  return role === 'feed' ? frameBytes.feed : frameBytes.desk
}
