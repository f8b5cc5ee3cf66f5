/** Reads the head of a request, once, before anything of it is used: whether it is sound, and what proxies say. */

import { canonicalAddress } from '../base/ip-address.ts'
import { LIMITS } from '../protocol/limits.ts'
import { FORWARDED_CHARS, type ForwardedHeaders } from './forwarded.ts'
import type { DoorConnection, DoorRequest, DoorResponse } from './transport/transport.ts'

export interface Head {
  /** Who is at the other end of the connection; empty where nobody is any more. Asked once: the answer may change. */
  readonly peer: string
  /**
   * Two readers of the request could disagree on where it ends: then a proxy before us may have let through what we would
   * take for a second request. uWebSockets.js takes the first of two lengths, and reads chunk heads as nobody else does
   * (`;` is a digit to it), so a body in chunks is never read here.
   */
  readonly isAmbiguous: boolean
  readonly isTooLarge: boolean
  readonly isQueryTooLong: boolean
  readonly forwarded: ForwardedHeaders
}

/** Bytes of a line of the head beside name and value: `: ` and the end of the line. */
const LINE = 4

export function readHead(res: DoorResponse, req: DoorRequest): Head {
  let lengths = 0
  let codings = 0
  let hosts = 0
  const query = req.getQuery()?.length ?? 0
  let bytes = req.getUrl().length + query
  const forwarded: { -readonly [K in keyof ForwardedHeaders]: string } = { ...NONE_FORWARDED }
  req.forEach((name, value) => {
    bytes += name.length + value.length + LINE
    if (name === 'content-length') lengths += 1
    else if (name === 'host') hosts += 1
    else if (name === 'transfer-encoding') codings += 1
    else if (Object.hasOwn(forwarded, name)) add(forwarded, name as keyof ForwardedHeaders, value)
  })
  return {
    peer: peerOf(res),
    isAmbiguous: lengths > 1 || codings > 0 || hosts > 1,
    isTooLarge: bytes > LIMITS.headBytes,
    isQueryTooLong: query > LIMITS.queryBytes,
    forwarded,
  }
}

/** Who is at the other end of a connection; empty where it has no address, or was reset. */
export function peerOf(res: DoorConnection): string {
  const text = Buffer.from(res.getRemoteAddressAsText()).toString('latin1')
  return canonicalAddress(text) ?? ''
}

const NONE_FORWARDED: ForwardedHeaders = {
  forwarded: '',
  'x-forwarded-for': '',
  'x-forwarded-proto': '',
  'x-forwarded-host': '',
}

/** All lines of a name count: the first may be the client's own, and a proxy adds its own behind it. */
function add(headers: Record<keyof ForwardedHeaders, string>, name: keyof ForwardedHeaders, value: string): void {
  const soFar = headers[name]
  // Already more than anybody will read.
  if (soFar.length > FORWARDED_CHARS) return
  headers[name] = soFar === '' ? value : `${soFar},${value}`
}
