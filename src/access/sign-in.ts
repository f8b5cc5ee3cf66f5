/**
 * Signing in and out: a password becomes an access token and a refresh token, a refresh token becomes the next pair.
 *
 * What a sign-in may do is settled when it begins: a change of its user's role, regions, units or password ends it.
 * Passwords are checked outside of transactions, since that takes its time; the transaction then looks once more.
 */

import type { Refusal } from '../base/refusal.ts'
import type { Result } from '../base/result.ts'
import type { Principal, RegionId, UnitId } from '../domain/ids.ts'
import type { Audit, AuditChange, AuditEntry } from '../store/audit/audit.ts'
import { NOBODY } from '../store/audit/audit.ts'
import type { Database } from '../store/postgres/database.ts'
import { Accounts } from './accounts.ts'
import type { TokenClaims } from './claims.ts'
import { markDevice, markedDevice } from './device-marks.ts'
import { guestOfTicket } from './guests.ts'
import { LoginThrottle } from './login-throttle.ts'
import { CREDENTIALS_WRONG, PasswordDoor } from './password-door.ts'
import { PasswordHasher } from './passwords.ts'
import { reachOf } from './sign-in-reach.ts'
import {
  GUEST_REFUSED,
  NO_ACCOUNT,
  NO_SIGN_IN,
  NO_SUCH_SESSION,
  REFRESH_REFUSED,
  UNCHANGED,
} from './sign-in-refusals.ts'
import type { SigningKey } from './tables/key-table.ts'
import { RefreshTokens, type SignInAges, type SignInRecord } from './tables/refresh-token-table.ts'
import type { RevocationStore } from './tables/revocation-table.ts'
import { nameKey, USER_NAME, type User, type UserRole, UserStore } from './tables/user-table.ts'
import { type KeyRing, signToken } from './tokens.ts'

interface SignInPolicy {
  readonly accessTokenS: number
  readonly refreshTokenS: number
  readonly sessionMaxAgeS: number
  readonly scryptLogN: number
}

export interface SignInParts {
  readonly database: Database
  /** The key that signs now. */
  readonly keys: () => SigningKey
  readonly keyRing: Pick<KeyRing, 'publicKey'>
  readonly revocations: Pick<RevocationStore, 'revoke'>
  readonly audit: Audit
  readonly policy: SignInPolicy
  readonly wallClock: () => number
}

export interface SignInRequest {
  readonly user: string
  readonly password: string
  readonly region: RegionId | null
  readonly unit: UnitId | null
  /** What an earlier sign-in on this device was given. */
  readonly deviceMark: string | null
}

/** What a sign-in gives a device to be known by the next time. */
export interface GrantedTo extends Granted {
  readonly deviceMark: string
}

/** What a sign-in and each refresh of it answer. */
export interface Granted {
  readonly accessToken: string
  readonly accessExpiresInS: number
  readonly refreshToken: string
  readonly refreshExpiresInS: number
  readonly user: {
    readonly name: string
    readonly role: UserRole
    readonly regions: readonly RegionId[]
    readonly unit: UnitId | null
  }
}

/** One sign-in, as its user sees it. */
interface Session {
  readonly id: string
  /** The one region that was chosen; null: all of the user's. */
  readonly region: RegionId | null
  readonly unit: UnitId | null
  readonly signedInAtMs: number
  /** When it ends if it is not refreshed before. */
  readonly endsAtMs: number
  /** The one that asks. */
  readonly current: boolean
}

interface Begun {
  readonly user: User
  readonly signIn: SignInRecord
  readonly token: string
  readonly nowMs: number
}

export class SignInService {
  readonly accounts: Accounts
  readonly #parts: SignInParts
  readonly #ages: SignInAges
  readonly #throttle: LoginThrottle
  readonly #door: PasswordDoor

  constructor(parts: SignInParts) {
    const { database, policy, revocations, wallClock } = parts
    this.#parts = parts
    this.#ages = { idleMs: policy.refreshTokenS * 1_000, maxAgeMs: policy.sessionMaxAgeS * 1_000 }
    const passwords = new PasswordHasher(policy.scryptLogN)
    this.#throttle = new LoginThrottle(() => performance.now())
    this.#door = new PasswordDoor(database, passwords, this.#throttle)
    this.accounts = new Accounts({ passwords, revocations, wallClock })
  }

  /**
   * Refusals: `credentials-wrong`; `rate-limited`, `overloaded`; and for who has shown the password, `wrong-region`,
   * `wrong-unit`, `unknown-unit`, `invalid-field`.
   */
  async signIn(request: SignInRequest, address: string): Promise<Result<GrantedTo>> {
    const granted = await this.#signIn(request, address)
    if (!granted.ok) {
      // People type passwords into the wrong field, so a name is written down only where it is one. What the throttle
      // refuses costs no query; the failures before it told the name.
      const user = granted.refusal.code === 'rate-limited' ? undefined : await this.#door.find(request.user)
      this.#noteRefusal('sign-in', user?.name ?? NOBODY, granted.refusal, address)
    }
    return granted
  }

  /** A guest of a demo, let in once by a ticket that the demo has printed. Refusal: `credentials-wrong`. */
  async enterAsGuest(ticket: string, address: string): Promise<Result<Granted>> {
    const begun = await this.#inTransaction(async transaction => {
      const guest = await guestOfTicket(transaction, ticket, address, this.#parts.wallClock())
      if (guest === null) return null
      const { user, region } = guest
      return this.#begin(transaction, user, { region, unit: null }, { address, more: { guest: true } })
    })
    if (begun !== null) {
      return { ok: true, value: await this.#grant(begun.user, begun.signIn, begun.token, begun.nowMs) }
    }
    this.#noteRefusal('sign-in', NOBODY, GUEST_REFUSED, address)
    return { ok: false, refusal: GUEST_REFUSED }
  }

  /**
   * The next pair of tokens. A repetition within 10 s gets the same refresh token again, as long as that one was not
   * used; any other use of a spent token ends the sign-in and its sessions. Refusal: `refresh-refused`.
   */
  async refresh(token: string, address: string): Promise<Result<Granted>> {
    const nowMs = this.#parts.wallClock()
    const found = await this.#inTransaction(async transaction => {
      const rotation = await new RefreshTokens(transaction).rotate(token, this.#ages, nowMs)
      if (rotation.kind === 'unknown') return null
      const { signIn } = rotation
      if (rotation.kind === 'reused') {
        await this.#end(transaction, signIn, address, 'refresh-reused')
        return 'reused'
      }
      const user = await new UserStore(transaction).find(signIn.user)
      return user === undefined || user.disabled ? null : { user, signIn, token: rotation.token }
    })
    if (found === null) {
      this.#noteRefusal('refresh', NOBODY, REFRESH_REFUSED, address)
      return { ok: false, refusal: REFRESH_REFUSED }
    }
    if (found === 'reused') return { ok: false, refusal: REFRESH_REFUSED }
    this.#throttle.remember(nameKey(found.user.name), address)
    return { ok: true, value: await this.#grant(found.user, found.signIn, found.token, nowMs) }
  }

  /** Ends the sign-in that a token belongs to, and its sessions. Refusal: `not-found`. */
  async signOut(claims: TokenClaims, address: string): Promise<Result<null>> {
    const { sid } = claims
    if (sid === null) return { ok: false, refusal: NO_SIGN_IN }
    const isEnded = await this.#inTransaction(transaction =>
      this.#end(transaction, { sid, user: claims.sub }, address, 'sign-out'),
    )
    return isEnded ? { ok: true, value: null } : { ok: false, refusal: NO_SIGN_IN }
  }

  /** The caller's sign-ins that have not ended; at most as many as one user may have at a time. */
  async sessions({ sub, sid }: TokenClaims): Promise<readonly Session[]> {
    const found = await new RefreshTokens(this.#parts.database).list(sub, this.#parts.wallClock())
    return found.map(({ sid: id, region, unit, signedInAtMs, endsAtMs }) => {
      return { id, region, unit, signedInAtMs, endsAtMs, current: id === sid }
    })
  }

  /** Ends one of the caller's own sign-ins. Refusal: `not-found`. */
  async endSession({ sub }: TokenClaims, sid: string, address: string): Promise<Result<null>> {
    const isEnded = await this.#inTransaction(async transaction => {
      const own = await new RefreshTokens(transaction).list(sub, this.#parts.wallClock())
      return own.some(each => each.sid === sid) && this.#end(transaction, { sid, user: sub }, address, 'sign-out')
    })
    return isEnded ? { ok: true, value: null } : { ok: false, refusal: NO_SUCH_SESSION }
  }

  /**
   * Ends everything that began until now under a principal's name, whether it is a user here, a subject of another
   * issuer, a device, or one whose token was made on the command line.
   */
  async signOutAll(transaction: Database, principal: Principal, audit: AuditChange): Promise<void> {
    const user = USER_NAME.test(principal) ? await new UserStore(transaction).find(principal) : undefined
    const name = user?.name ?? principal
    const ended = await new RefreshTokens(transaction).endAll(name)
    await this.#parts.revocations.revoke(transaction, 'user', name)
    const details = { ended: ended.length }
    await audit(transaction, { action: 'user-signed-out', region: null, subject: name, details })
  }

  /**
   * Changes the caller's own password, and ends all other sign-ins of the user.
   * Refusals: `not-found`, `credentials-wrong`, `password-unfit`, `rate-limited`, `overloaded`.
   */
  async changePassword(
    claims: TokenClaims,
    { current, next }: { readonly current: string; readonly next: string },
    address: string,
  ): Promise<Result<null>> {
    const changed = await this.#changePassword(claims, current, next, address)
    if (!changed.ok) this.#noteRefusal('password-changed', claims.sub, changed.refusal, address)
    return changed
  }

  async #signIn(request: SignInRequest, address: string): Promise<Result<GrantedTo>> {
    const device = await markedDevice(request.deviceMark, nameKey(request.user), this.#parts.keyRing)
    const user = await this.#door.userOf(request.user, request.password, address, device)
    if (!user.ok) return user
    const reach = await reachOf(this.#parts.database, user.value, request)
    if (!reach.ok) return reach

    const begun = await this.#inTransaction(async transaction => {
      const held = await new UserStore(transaction).hold(user.value.name)
      // Changed since its password was checked, and its reach is that of then: what the change took must not come back.
      if (held === undefined || held.version !== user.value.version) return null
      return this.#begin(transaction, held, reach.value, { address })
    })
    if (begun === null) return { ok: false, refusal: CREDENTIALS_WRONG }
    const granted = await this.#grant(begun.user, begun.signIn, begun.token, begun.nowMs)
    const deviceMark = await markDevice(this.#parts.keys(), nameKey(begun.user.name))
    return { ok: true, value: { ...granted, deviceMark } }
  }

  async #begin(
    transaction: Database,
    user: User,
    reach: Pick<SignInRecord, 'region' | 'unit'>,
    { address, more = {} }: { readonly address: string; readonly more?: Readonly<Record<string, unknown>> },
  ): Promise<Begun> {
    const nowMs = this.#parts.wallClock()
    const chosen = { user: user.name, ...reach }
    const { token, signIn, crowdedOut } = await new RefreshTokens(transaction).begin(chosen, this.#ages, nowMs)
    for (const sid of crowdedOut) await this.#parts.revocations.revoke(transaction, 'session', sid)
    const ended = crowdedOut.length > 0 ? { ended: crowdedOut.length } : {}
    const details = { role: user.role, unit: signIn.unit, ...ended, ...more }
    const entry = { action: 'sign-in', region: signIn.region, subject: signIn.unit, details } as const
    await this.#parts.audit.append(transaction, [{ actor: user.name, outcome: 'done', address, ...entry }])
    return { user, signIn, token, nowMs }
  }

  async #changePassword(claims: TokenClaims, current: string, next: string, address: string): Promise<Result<null>> {
    if ((await this.#door.find(claims.sub)) === undefined) return { ok: false, refusal: NO_ACCOUNT }
    // The sign-in that the token is of is a home, too: nobody else has it.
    const user = await this.#door.userOf(claims.sub, current, address, claims.sid)
    if (!user.ok) return user
    const { name, passwordHash } = user.value
    if (current === next) return { ok: false, refusal: UNCHANGED }
    const hash = await this.accounts.passwordHash(next, name)
    if (!hash.ok) return hash
    return this.#inTransaction(async (transaction): Promise<Result<null>> => {
      const users = new UserStore(transaction)
      await users.lockAdministration()
      const now = await users.find(name)
      if (now === undefined || now.disabled || now.passwordHash !== passwordHash) {
        return { ok: false, refusal: CREDENTIALS_WRONG }
      }
      await users.change(name, { passwordHash: hash.value }, this.#parts.wallClock())
      const ended = await new RefreshTokens(transaction).endAll(name, claims.sid)
      for (const sid of ended) await this.#parts.revocations.revoke(transaction, 'session', sid)
      const entry = {
        action: 'password-changed',
        region: null,
        subject: name,
        details: { ended: ended.length },
      } as const
      await this.#parts.audit.append(transaction, [{ actor: name, outcome: 'done', address, ...entry }])
      return { ok: true, value: null }
    })
  }

  async #grant(user: User, signIn: SignInRecord, refreshToken: string, nowMs: number): Promise<Granted> {
    const { name, role } = user
    const regions = signIn.region === null ? user.regions : [signIn.region]
    const { sid, unit, signedInAtMs, endsAtMs } = signIn
    const leftMs = signedInAtMs + this.#ages.maxAgeMs - nowMs
    const ttlS = Math.max(1, Math.min(this.#parts.policy.accessTokenS, Math.floor(leftMs / 1_000)))
    const claims = { sub: name, role, regions, unit, sid, authAtMs: signedInAtMs, ttlS }
    return {
      accessToken: await signToken(this.#parts.keys(), claims),
      accessExpiresInS: ttlS,
      refreshToken,
      refreshExpiresInS: Math.floor((endsAtMs - nowMs) / 1_000),
      user: { name, role, regions, unit },
    }
  }

  /** False when it had ended before. */
  async #end(
    transaction: Database,
    { sid, user }: Pick<SignInRecord, 'sid' | 'user'>,
    address: string,
    action: 'sign-out' | 'refresh-reused',
  ): Promise<boolean> {
    if ((await new RefreshTokens(transaction).end(sid)) === undefined) return false
    await this.#parts.revocations.revoke(transaction, 'session', sid)
    const outcome = action === 'sign-out' ? 'done' : 'refused'
    const details = outcome === 'done' ? {} : { code: REFRESH_REFUSED.code }
    await this.#parts.audit.append(transaction, [
      { actor: user, action, outcome, region: null, subject: user, address, details },
    ])
    return true
  }

  #inTransaction<T>(work: (transaction: Database) => Promise<T>): Promise<T> {
    return this.#parts.database.transaction().execute(work)
  }

  #noteRefusal(action: AuditEntry['action'], actor: string, refusal: Refusal, address: string): void {
    const details = { code: refusal.code }
    this.#parts.audit.note({ actor, action, outcome: 'refused', region: null, subject: null, address, details })
  }
}
