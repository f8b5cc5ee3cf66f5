/**
 * The closed table of error codes: one word on the wire, its HTTP status, and what a connection does about it.
 *
 * PROTOCOL.md carries the same table and test/protocol/errors.test.ts compares the two.
 */
import type { ErrorCode } from '../base/refusal.ts'

export interface ErrorRule {
  /** HTTP status of the problem document with this code. */
  readonly status: number
  /** True when the same command, sent again unchanged, may succeed. */
  readonly retryable: boolean
  /** One line for the table in PROTOCOL.md. */
  readonly meaning: string
}

const rule = (status: number, retryable: boolean, meaning: string): ErrorRule => ({ status, retryable, meaning })

export const ERRORS = {
  // Frames and bodies that never become a message.
  'malformed-frame': rule(400, false, 'The bytes are not one well-formed message; nothing was read from it.'),
  'frame-too-large': rule(413, false, 'The frame or body is larger than its limit.'),
  'unknown-type': rule(400, false, 'No message of this type exists in this direction.'),
  'invalid-field': rule(400, false, 'A field has the wrong type, range or form; `details.path` names it.'),
  // Who may speak.
  'hello-first': rule(401, false, 'The first message of a connection is `hello`, sent once.'),
  'token-missing': rule(401, false, 'No token was sent.'),
  'token-invalid': rule(401, false, 'This engine does not accept the token: wrong signature, form, issuer or claims.'),
  'token-expired': rule(401, false, 'The token has expired; get a new one.'),
  'credentials-wrong': rule(401, false, 'User and password do not fit together, or the user may not sign in.'),
  'refresh-refused': rule(401, false, 'The refresh token is spent, unknown or ended; sign in again.'),
  'password-unfit': rule(400, false, 'The new password does not meet the rules; `details.rule` names the one.'),
  'wrong-role': rule(403, false, 'The role of this session may not send this message.'),
  'wrong-region': rule(403, false, 'The token, or the user who signs in, does not name this region.'),
  'wrong-unit': rule(
    403,
    false,
    'The session is signed in for another unit, or its credential does not name this unit.',
  ),
  'wrong-origin': rule(403, false, 'Pages of this origin may not connect here.'),
  // Names that lead nowhere.
  'unknown-region': rule(404, false, 'This engine owns no region of this name.'),
  'unknown-unit': rule(404, false, 'The region has no unit of this id.'),
  'unknown-call': rule(404, false, 'The region has no call of this id.'),
  'unknown-trip': rule(404, false, 'The region has no trip of this id.'),
  'unknown-alarm': rule(404, false, 'The region has no open alarm of this id; it may have ended.'),
  'unknown-zone': rule(404, false, 'The region has no zone of closed or slow roads of this id; it may have ended.'),
  'unknown-hospital': rule(404, false, 'The region has no hospital of this id.'),
  'unknown-offer': rule(404, false, 'The offer is not open; it was answered, revoked, or its deadline passed.'),
  'unknown-stream': rule(404, false, '`hello` or `attach` of this session named no stream of this number.'),
  'not-found': rule(404, false, 'The path does not exist, or nothing has this name.'),
  'method-not-allowed': rule(405, false, 'The path has no route for this method; `Allow` lists those that it has.'),
  'upgrade-required': rule(426, false, 'Only a WebSocket can be opened here; the request asked for no upgrade.'),
  // The state of things says no.
  'wrong-phase': rule(409, false, 'The trip or call is in a phase in which this cannot happen.'),
  'call-full': rule(
    409,
    false,
    'The call has as many trips, notes or versions of its details as it may; the message says where to go on.',
  ),
  'too-many-zones': rule(409, false, 'The region has as many zones of closed or slow roads as it may; end one first.'),
  'not-your-trip': rule(409, false, 'The trip is not bound to this unit.'),
  'unit-off-duty': rule(409, false, 'No crew is signed on to the unit.'),
  'not-signed-on': rule(409, false, 'Another crew is signed on to the unit; sign on first, which relieves it.'),
  'unit-has-trip': rule(409, false, 'The unit has an open trip or offer; end it first.'),
  'not-declinable': rule(409, false, 'An order can only be acknowledged; a dispatcher may take it back.'),
  'cannot-transport': rule(409, false, 'The unit cannot carry.'),
  'fix-gap': rule(409, false, 'Fixes of a stream come in order without holes; `details.expectedSeq` is the next one.'),
  'no-roads': rule(409, false, 'The region has no roads, or none that answer; import a network.'),
  'off-road': rule(409, false, 'No road is within 200 m of the place, or nobody knows where the unit is.'),
  conflict: rule(409, false, 'This command id was used before with another body.'),
  // The engine or its world.
  'unit-retired': rule(409, false, 'The unit was taken out of service for good; no crew can sign on to it.'),
  'unit-not-fit': rule(409, false, 'The unit cannot be given this trip as it is; `details` says why.'),
  quarantined: rule(
    409,
    false,
    'A unit, trip or call is held, because an event did not fit its state; `details` names it.',
  ),
  'stored-data-damaged': rule(409, false, 'A stored row is missing, or is not what was written.'),
  'clock-off': rule(
    503,
    true,
    'A clock of the engine is off; nothing is refused for it, and `details` tells by how much.',
  ),
  'already-exists': rule(409, false, 'Something of this name exists already.'),
  'still-used': rule(409, false, 'Other data still refers to what should go.'),
  'version-missing': rule(428, false, 'Send If-Match with the ETag of what you read.'),
  'version-differs': rule(412, false, 'The stored version is not the one of If-Match; read it again.'),
  'position-ahead': rule(409, false, 'The position asked for lies beyond the log.'),
  'rate-limited': rule(
    429,
    true,
    'The rate of this class of messages is exceeded; try again after `details.retryAfterMs`.',
  ),
  'too-many-connections': rule(429, true, 'Too many connections or sessions are open.'),
  'request-too-slow': rule(408, true, 'The request did not arrive in its time.'),
  overloaded: rule(503, true, 'A queue is full; try again after `details.retryAfterMs`.'),
  unavailable: rule(
    503,
    true,
    'The engine is starting, draining, does not own the region now, or cannot store anything.',
  ),
  internal: rule(500, true, 'The engine made a mistake; nothing changed. The mistake was logged and counted.'),
} as const satisfies Record<ErrorCode, ErrorRule>

/** WebSocket close codes of the 4xxx range. */
export const CLOSE_CODES = {
  /** Bad frames repeated past the limit. */
  protocolAbuse: 4400,
  /** No valid `hello` in time, or its token was refused. */
  unauthenticated: 4401,
  /** A newer login took this unit; the client must not reconnect by itself. */
  superseded: 4409,
  /** Messages went on far over their rate, or the user has too many sessions; reconnect after a growing delay. */
  tooMany: 4429,
  /** The engine drains; reconnect after the advised, jittered delay. */
  goingAway: 4503,
} as const
