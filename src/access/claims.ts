/** Who a credential speaks for, whatever its kind: access token, external token, resume ticket or device key. */
import type { Result } from '../base/result.ts'
import type { Principal, RegionId, UnitId } from '../domain/ids.ts'
import type { Role } from '../domain/roles.ts'

export interface TokenClaims {
  /** The principal; never `system`, which is the engine's own name in the log. */
  readonly sub: Principal
  readonly role: Role
  /** Empty only for an admin, whose rights are the deployment's. */
  readonly regions: readonly RegionId[]
  /** The unit a driver signs in for; null for all other roles. */
  readonly unit: UnitId | null
  /** The units that a feed may attach; null: all of its regions. */
  readonly units: readonly UnitId[] | null
  /** What ends together when it is revoked: a login's family of refresh tokens, or a device; null where nothing does. */
  readonly sid: string | null
  /** When the person signed in or the key was shown, epoch ms of the wall clock: a session may get only so old. */
  readonly authAtMs: number
}

/** Tells who a credential speaks for. */
export interface Authenticator {
  /** Never rejects. Refusals: `token-missing`, `token-expired`, `token-invalid`, `unavailable` (nothing could be looked up). */
  verify(credential: string): Promise<Result<TokenClaims>>
  /** A ticket with which this session can be opened again, cheap to make and to check; null when it would be too long. */
  ticket(claims: TokenClaims): string | null
}

/** What was ended before its time: a user disabled, a login ended, a device withdrawn. */
export interface Revocations {
  isRevoked(claims: TokenClaims): boolean
  /** Looks for what was ended until now; without it that is known within a second. Never rejects. */
  refresh(): Promise<void>
  /** Called with the claims' test whenever something was added, so that open sessions can be closed. */
  onChange(listener: () => void): void
}
