/** An expected "no", and the closed list of its codes. What a code means and costs on the wire: `protocol/errors.ts`. */
const ERROR_CODES = [
  // Frames and bodies that never become a message.
  'malformed-frame',
  'frame-too-large',
  'unknown-type',
  'invalid-field',
  // Who may speak.
  'hello-first',
  'token-missing',
  'token-invalid',
  'token-expired',
  'credentials-wrong',
  'refresh-refused',
  'password-unfit',
  'wrong-role',
  'wrong-region',
  'wrong-unit',
  'wrong-origin',
  // Names that lead nowhere.
  'unknown-region',
  'unknown-unit',
  'unknown-call',
  'unknown-trip',
  'unknown-alarm',
  'unknown-zone',
  'unknown-hospital',
  'unknown-offer',
  'unknown-stream',
  'not-found',
  'method-not-allowed',
  'upgrade-required',
  // The state of things says no.
  'wrong-phase',
  'call-full',
  'too-many-zones',
  'not-your-trip',
  'unit-off-duty',
  'not-signed-on',
  'unit-has-trip',
  'not-declinable',
  'cannot-transport',
  'fix-gap',
  'no-roads',
  'off-road',
  'conflict',
  // The engine or its world.
  'unit-retired',
  'unit-not-fit',
  'quarantined',
  'stored-data-damaged',
  'clock-off',
  'already-exists',
  'still-used',
  'version-missing',
  'version-differs',
  'position-ahead',
  'rate-limited',
  'too-many-connections',
  'request-too-slow',
  'overloaded',
  'unavailable',
  'internal',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

/** Why not, and what the reader can do next. */
export interface Refusal {
  readonly code: ErrorCode
  readonly message: string
  readonly details?: Readonly<Record<string, unknown>>
}

export const invalidField = (path: string, problem: string): Refusal => ({
  code: 'invalid-field',
  message: `\`${path}\` ${problem}; correct it and send the request again.`,
  details: { path },
})
