/** Whether a client may come in: it is who its credential says, its region is here, and there is room for it. */

import type { Authenticator, Revocations, TokenClaims } from '../access/claims.ts'
import { isTicket } from '../access/tickets.ts'
import type { RegionDirectory, RegionHandle } from '../actors/region-handle.ts'
import type { Refusal } from '../base/refusal.ts'
import { withArticle } from '../domain/roles.ts'
import type { ClientRequest } from '../protocol/messages.ts'
import { type Audit, NOBODY } from '../store/audit/audit.ts'
import type { DoorPolicy } from './door-policy.ts'
import { type Limiter, TOO_MANY_SESSIONS } from './limits/limiter.ts'
import type { PrincipalUsage } from './limits/principals.ts'
import { capital, ENDED, NOT_READY, unknownRegion, wrongRegion } from './refusals.ts'
import type { SessionRegistry } from './session-registry.ts'

export type AskedHello = Extract<ClientRequest, { type: 'hello' }>

export interface HelloPorts {
  readonly directory: Pick<RegionDirectory, 'ready' | 'region'>
  readonly authenticator: Authenticator
  readonly revocations: Revocations
  readonly audit: Pick<Audit, 'note'>
  readonly door: Pick<DoorPolicy, 'sessionMaxAgeMs'>
  readonly sessions: Pick<SessionRegistry, 'turnedAway'>
  readonly limiter: Limiter
  readonly wallClock: () => number
}

/** Where a connection is from. */
export interface Caller {
  readonly address: string
  /** What limits by address count it as. */
  readonly addressKey: string
  /** False once it has left. */
  readonly isOpen: boolean
}

interface Admitted {
  readonly ok: true
  readonly region: RegionHandle
  readonly claims: TokenClaims
  /** What all connections of its principal have used together; whoever is admitted must part from it. */
  readonly usage: PrincipalUsage
  /** When the session is as old as it may get, wall clock. */
  readonly endsAtMs: number
}

interface TurnedAway {
  readonly ok: false
  readonly refusal: Refusal
}

export class Hellos {
  readonly #ports: HelloPorts

  constructor(ports: HelloPorts) {
    this.#ports = ports
  }

  /** Null where the engine serves; a client that comes too early is told when to come again. */
  notReady(): Refusal | null {
    const { directory, sessions } = this.#ports
    if (directory.ready()) return null
    return { ...NOT_READY, details: { retryAfterMs: sessions.turnedAway.retryAfterMs() } }
  }

  /** Null when the client has left while its token was looked at. A refusal is in the audit. */
  async admit(hello: AskedHello, caller: Caller): Promise<Admitted | TurnedAway | null> {
    const { directory, authenticator, revocations, limiter } = this.#ports
    const tooManyBad = limiter.mayLook(caller.addressKey, hello.token)
    if (tooManyBad !== null) return this.#turnAway(hello, caller, tooManyBad)
    const verified = await authenticator.verify(hello.token)
    if (!verified.ok && verified.refusal.code !== 'unavailable') limiter.wasBad(caller.addressKey, hello.token)
    if (!caller.isOpen) return null
    if (!verified.ok) return this.#turnAway(hello, caller, verified.refusal)
    const claims = verified.value
    const isEnded = revocations.isRevoked(claims)
    if (isEnded) limiter.wasBad(caller.addressKey, hello.token)
    else limiter.wasGood(hello.token)
    const refusal = isEnded ? ENDED : helloMismatch(hello, claims)
    if (refusal !== null) return this.#turnAway(hello, caller, refusal, claims.sub)
    const notReady = this.notReady()
    if (notReady !== null) return { ok: false, refusal: notReady }
    const region = directory.region(hello.region)
    if (region === null) return this.#turnAway(hello, caller, unknownRegion(hello.region), claims.sub)
    // Not in the audit: the cut was logged, and a client that knocks all the time would fill it.
    const paused = limiter.pauseOf(claims.sub)
    if (paused !== null) return { ok: false, refusal: paused }
    const usage = limiter.join(claims.sub, claims.role)
    if (usage === null) return this.#turnAway(hello, caller, TOO_MANY_SESSIONS, claims.sub)
    return { ok: true, region, claims, usage, endsAtMs: this.#endsAtMs(hello, claims) }
  }

  /** Not with its access token: no ambulance is cut off because the service that makes tokens is away. */
  #endsAtMs({ token }: AskedHello, { sid, authAtMs }: TokenClaims): number {
    const { door, wallClock } = this.#ports
    // What was made on the command line or elsewhere has no sign-in whose age would count: then this session's own does,
    // but for a ticket, or tickets would carry a session on without an end.
    const beginsAnew = sid === null && !isTicket(token)
    return (beginsAnew ? Math.max(authAtMs, wallClock()) : authAtMs) + door.sessionMaxAgeMs
  }

  /** The audit hears of it unless it is we who cannot serve. */
  #turnAway(hello: AskedHello, { address }: Caller, refusal: Refusal, actor = NOBODY): TurnedAway {
    if (refusal.code === 'unavailable') return { ok: false, refusal }
    this.#ports.audit.note({
      actor,
      action: 'refusal',
      outcome: 'refused',
      // What a stranger claims is not kept: each invention would make an entry of its own, and crowd out the others.
      region: actor === NOBODY ? null : hello.region,
      subject: actor === NOBODY ? null : hello.unitId,
      address,
      details: { code: refusal.code, role: hello.role, route: 'hello' },
    })
    return { ok: false, refusal }
  }
}

/** What the token does not allow of what hello asks for; null when all agrees. */
function helloMismatch(hello: AskedHello, claims: TokenClaims): Refusal | null {
  if (hello.role !== claims.role) {
    return {
      code: 'wrong-role',
      message: `The token is for the role ${claims.role}, not ${hello.role}; say hello with the role of the token.`,
    }
  }
  if (!claims.regions.includes(hello.region)) return wrongRegion(hello.region)
  if (hello.unitId !== claims.unit) {
    const message =
      claims.unit === null
        ? `${capital(withArticle(claims.role))} speaks for no unit; send null as unitId.`
        : `The token is for unit ${claims.unit}; say hello with that unit, or sign in for the other one.`
    return { code: 'wrong-unit', message }
  }
  return null
}
