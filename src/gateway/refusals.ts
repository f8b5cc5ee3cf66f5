/** The gateway's own refusals: what it says before a region has heard of anything. */
import type { RegionId } from '../domain/ids.ts'
import type { WireFormat } from '../protocol/codec.ts'
import type { Refusal } from '../protocol/errors.ts'
import { LIMITS } from '../protocol/limits.ts'

export const HELLO_FIRST: Refusal = {
  code: 'hello-first',
  message: 'Send hello once, as the first message, and wait for welcome before anything else.',
}

export const NOT_READY: Refusal = {
  code: 'unavailable',
  message: 'The engine is starting or draining; try again shortly.',
}

export const INTERNAL: Refusal = {
  code: 'internal',
  message: 'The engine made a mistake, which was logged; nothing changed.',
}

export const BODY_TOO_LARGE: Refusal = {
  code: 'frame-too-large',
  message: `Send at most ${LIMITS.httpBodyBytes} bytes.`,
  details: { maxBytes: LIMITS.httpBodyBytes },
}

export function wrongFrameKind(format: WireFormat): Refusal {
  const kind = format === 'binary' ? 'binary' : 'text'
  return { code: 'malformed-frame', message: `This subprotocol is spoken in ${kind} frames only.` }
}

export function wrongRegion(region: RegionId): Refusal {
  return { code: 'wrong-region', message: `The token does not name region ${region}; ask for one that does.` }
}

export function unknownRegion(region: RegionId): Refusal {
  return { code: 'unknown-region', message: `This engine owns no region ${region}; check the name or the address.` }
}
