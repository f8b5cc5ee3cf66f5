/** How the client says no: a refused command, a closed client, and faults that it mends by itself but reports. */
import type { ErrorCode } from '../base/refusal.ts'
import { DEFAULT_LIMITS } from '../protocol/limits.ts'

/** What the server answered instead of a result. A newer server may send codes that this version does not know. */
export interface ServerRefusal {
  readonly code: ErrorCode | (string & {})
  readonly message: string
  readonly details: Readonly<Record<string, unknown>> | null
}

/**
 * The channel of each fix that the server left out for good; undefined for a driver's. Empty for an error about something
 * else. Of those that it does not list it does not say whose they are: they count with the last that it does.
 */
export function channelsLeftOut({ code, details }: ServerRefusal): readonly unknown[] {
  if (code !== 'invalid-field' || !Array.isArray(details?.leftOut)) return []
  const { leftOut, more } = details as { leftOut: unknown[]; more?: unknown }
  const channels = leftOut.map(fix => (fix as { channel?: unknown } | null)?.channel)
  const others = Math.min(Number.isSafeInteger(more) ? (more as number) : 0, DEFAULT_LIMITS.fixesPerFrame)
  return [...channels, ...Array<unknown>(Math.max(0, others)).fill(channels.at(-1))]
}

/** Each channel of a feed that an error is about, with the fix that is expected next on it. Nothing that the server says is trusted. */
export function channelsRefused({
  details,
}: ServerRefusal): readonly (readonly [channel: unknown, expectedSeq: unknown])[] {
  if (details === null) return []
  const others = Array.isArray(details.others) ? details.others.filter(Array.isArray) : []
  return [[details.channel, details.expectedSeq], ...(others as [unknown, unknown][])]
}

/** The server decided against a command; the same command sent again gets a fresh decision. */
export class CommandRefused extends Error {
  override readonly name = 'CommandRefused'
  readonly commandId: string
  readonly code: ServerRefusal['code']
  readonly details: ServerRefusal['details']

  constructor(commandId: string, refusal: ServerRefusal) {
    super(refusal.message)
    this.commandId = commandId
    this.code = refusal.code
    this.details = refusal.details
  }
}

/** The server does not sign this user in, or ended the sign-in: `credentials-wrong`, `refresh-refused`, `rate-limited`, … */
export class SignInRefused extends Error {
  override readonly name = 'SignInRefused'
  readonly refusal: ServerRefusal

  constructor(refusal: ServerRefusal) {
    super(refusal.message)
    this.refusal = refusal
  }

  get code(): ServerRefusal['code'] {
    return this.refusal.code
  }
}

/** The server does not answer a read over HTTP: `wrong-region`, `unknown-trip`, `rate-limited`, … */
export class ReadRefused extends Error {
  override readonly name = 'ReadRefused'
  readonly refusal: ServerRefusal

  constructor(refusal: ServerRefusal) {
    super(refusal.message)
    this.refusal = refusal
  }
}

/** The server does not make a change over HTTP: `version-differs`, `invalid-field` (`details.path`), `still-used`, … */
export class ChangeRefused extends Error {
  override readonly name = 'ChangeRefused'
  readonly refusal: ServerRefusal

  constructor(refusal: ServerRefusal) {
    super(refusal.message)
    this.refusal = refusal
  }
}

/** A feed carries this unit no more: refused or taken away by the server, or `released` by the feed's owner. */
export class UnitDetached extends Error {
  override readonly name = 'UnitDetached'
  readonly unitId: string
  readonly code: ErrorCode | 'superseded' | 'released' | (string & {})
  /** Fixes of the unit that were not stored; those of a released one are forgotten. */
  readonly fixesNotDurable: number

  constructor(unitId: string, code: UnitDetached['code'], fixesNotDurable: number) {
    super(`Unit ${unitId} is not attached to this feed (${code}); attach it to send its fixes.`)
    this.unitId = unitId
    this.code = code
    this.fixesNotDurable = fixesNotDurable
  }
}

/**
 * Why a client ended for good: `closed` by its owner, `superseded` by a newer sign-in of its unit, `refused` because the
 * server does not take its hello (see `refusal`), `unsupported` because this platform offers no WebSocket.
 */
export type CloseReason = 'closed' | 'superseded' | 'refused' | 'unsupported'

/** The client is closed; a command that fails with this may or may not have been carried out. */
export class ClientClosed extends Error {
  override readonly name = 'ClientClosed'
  readonly reason: CloseReason
  readonly refusal: ServerRefusal | null

  constructor(reason: CloseReason, message: string, refusal: ServerRefusal | null = null) {
    super(message)
    this.reason = reason
    this.refusal = refusal
  }
}

/**
 * Something went wrong that the client goes on from: `connection` (refused, dropped or silent), `token` (none to be had),
 * `bad-server-data` (a frame that is no message, or says what cannot be), `refused` (an error frame that answers no command).
 */
export class ClientFault extends Error {
  override readonly name = 'ClientFault'
  readonly kind: 'connection' | 'token' | 'bad-server-data' | 'refused'
  /** The server's words, for kind `refused`. */
  readonly refusal: ServerRefusal | null

  constructor(kind: ClientFault['kind'], message: string, more: { cause?: unknown; refusal?: ServerRefusal } = {}) {
    super(message, { cause: more.cause })
    this.kind = kind
    this.refusal = more.refusal ?? null
  }
}
