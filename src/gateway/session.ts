/** A signed-in client as the actors see it. */
import { nanoid } from 'nanoid'
import type { RegionHandle, Session, SharedFrame } from '../actors/region-handle.ts'
import type { Principal, RegionId, UnitId } from '../domain/ids.ts'
import type { Role } from '../domain/roles.ts'
import type { ServerMessage } from '../protocol/wire.ts'
import type { Connection } from './connection.ts'
import type { TokenClaims } from './tokens.ts'

export class GatewaySession implements Session {
  readonly sessionId = nanoid()
  readonly region: RegionId
  readonly role: Role
  readonly principal: Principal
  readonly unitId: UnitId | null
  readonly #connection: Connection

  constructor(handle: RegionHandle, claims: TokenClaims, connection: Connection) {
    this.region = handle.regionId
    this.role = claims.role
    this.principal = claims.sub
    this.unitId = claims.unit
    this.#connection = connection
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
