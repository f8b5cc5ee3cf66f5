/** A signed-in client as the actors see it. */
import type { Session, SharedFrame } from '../actors/region-handle.ts'
import type { Principal, RegionId, UnitId } from '../domain/ids.ts'
import type { Role } from '../domain/roles.ts'
import type { Limits } from '../protocol/limits.ts'
import type { ServerMessage, WelcomeView } from '../protocol/wire.ts'
import type { TokenClaims } from './auth/claims.ts'
import type { Connection } from './connection.ts'
import type { GatewayContext } from './context.ts'

type SessionContext = Pick<GatewayContext, 'authenticator' | 'door' | 'newSessionId' | 'sessions'>

export class GatewaySession implements Session {
  readonly sessionId: string
  readonly region: RegionId
  readonly claims: TokenClaims
  readonly #connection: Connection
  readonly #context: SessionContext

  constructor(region: RegionId, claims: TokenClaims, connection: Connection, context: SessionContext) {
    this.sessionId = context.newSessionId()
    this.region = region
    this.claims = claims
    this.#connection = connection
    this.#context = context
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
  get feedUnits(): readonly UnitId[] | null {
    return this.claims.units
  }
  get isBehind(): boolean {
    return this.#connection.isBehind
  }
  /** Made when it is asked for: kept, the tickets of all sessions would take more memory than the sessions. */
  get ticket(): string | null {
    return this.#context.authenticator.ticket(this.claims)
  }
  get limits(): WelcomeView['limits'] {
    const { door, sessions } = this.#context
    const { limits } = door
    const fixesPerFrame = this.role === 'feed' ? limits.feedFixesPerFrame : limits.fixesPerFrame
    return { frameBytes: frameBytesOf(this.role, limits), fixesPerFrame, comeBackSpreadMs: sessions.comeBackSpreadMs }
  }

  send(message: ServerMessage): void {
    this.#connection.send(message)
  }

  sendShared(shared: SharedFrame): void {
    this.#connection.sendShared(shared)
  }

  close(code: number, reason: string): void {
    this.#connection.close(code, reason)
  }
}

/** The largest frame that is read; before hello, that of a driver, into which every credential fits. */
export function frameBytesOf(role: Role | null, { frameBytes }: Limits): number {
  if (role === null || role === 'driver') return frameBytes.driver
  return role === 'feed' ? frameBytes.feed : frameBytes.desk
}
