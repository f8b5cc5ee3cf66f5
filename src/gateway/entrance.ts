/** What is known of a request before anything is done for it: where it comes from, of which page, and whether that will do. */
import type { HttpRequest, HttpResponse } from 'uWebSockets.js'
import type { Metrics } from '../telemetry/metrics.ts'
import { AddressRanges, addressKey, canonicalAddress, clientOf, type ForwardedHeaders } from './client-address.ts'
import type { DoorPolicy } from './context.ts'
import { corsHeaders, isAllowedOrigin } from './cors.ts'

export interface Visitor {
  /** The client's, or of the nearest proxy that is trusted; empty where the peer has none. */
  readonly address: string
  /** What limits by address count it as. */
  readonly addressKey: string
  /** Empty for programs. */
  readonly origin: string
  readonly mayCome: boolean
  /** Headers of every HTTP answer to it. */
  readonly headers: Readonly<Record<string, string>>
}

const LOOPBACK = ['127.0.0.0/8', '::1/128']
/** An API has nothing to show in a frame, to run, or to leak to another site. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
}
/** A year, which is what browsers expect of a site that means it. */
const STRICT_TRANSPORT = { 'Strict-Transport-Security': 'max-age=31536000' }

export class Entrance {
  readonly #allowedOrigins: readonly string[]
  readonly #proxies: AddressRanges
  readonly #metricsReaders: AddressRanges
  readonly #ownScheme: 'http' | 'https'
  readonly #metrics: Metrics

  /** Errors: RangeError for a trusted proxy or a reader of metrics that is no CIDR. */
  constructor(door: DoorPolicy, isTls: boolean, metrics: Metrics) {
    this.#allowedOrigins = door.allowedOrigins
    this.#proxies = new AddressRanges(door.trustedProxies)
    this.#metricsReaders = new AddressRanges([...LOOPBACK, ...door.metricsFrom])
    this.#ownScheme = isTls ? 'https' : 'http'
    this.#metrics = metrics
  }

  /** Whether a client of this address may see how much goes on here: this machine, and whom the operator lists. */
  mayReadMetrics(address: string): boolean {
    return this.#metricsReaders.has(address)
  }

  /** Input: a request that uWebSockets.js has just handed over. */
  visitor(res: HttpResponse, req: HttpRequest): Visitor {
    const peer = addressOf(res)
    const client = clientOf(peer, this.#proxies.has(peer) ? forwardedOf(req) : NONE_FORWARDED, this.#proxies)
    if (client.isMalformed) this.#metrics.badForwarded()
    const scheme = client.scheme ?? this.#ownScheme
    const origin = req.getHeader('origin')
    const own = { scheme, host: client.host ?? req.getHeader('host') }
    const mayCome = isAllowedOrigin(origin, own, this.#allowedOrigins)
    return {
      address: client.address,
      addressKey: addressKey(client.address),
      origin,
      mayCome,
      headers: {
        ...SECURITY_HEADERS,
        ...(scheme === 'https' ? STRICT_TRANSPORT : {}),
        ...corsHeaders(mayCome ? origin : ''),
      },
    }
  }
}

/**
 * Whether two readers of the request could disagree on where it ends: then a proxy before us may have let through what
 * we would take for a second request. uWebSockets.js takes the first of two lengths, and any coding for `chunked`.
 */
export function isAmbiguous(req: HttpRequest): boolean {
  let lengths = 0
  let codings = 0
  let hosts = 0
  let isChunked = true
  req.forEach((name, value) => {
    if (name === 'content-length') lengths += 1
    else if (name === 'host') hosts += 1
    else if (name === 'transfer-encoding') {
      codings += 1
      isChunked = value.toLowerCase() === 'chunked'
    }
  })
  return lengths > 1 || codings > 1 || (lengths > 0 && codings > 0) || hosts > 1 || !isChunked
}

const NONE_FORWARDED: ForwardedHeaders = {
  forwarded: '',
  'x-forwarded-for': '',
  'x-forwarded-proto': '',
  'x-forwarded-host': '',
}

/** `getHeader` gives the first line of a name, which a client may have sent itself; a proxy adds its own behind it. */
function forwardedOf(req: HttpRequest): ForwardedHeaders {
  const headers: { -readonly [K in keyof ForwardedHeaders]: string } = { ...NONE_FORWARDED }
  req.forEach((name, value) => {
    if (!(name in headers)) return
    const key = name as keyof ForwardedHeaders
    headers[key] = headers[key] === '' ? value : `${headers[key]},${value}`
  })
  return headers
}

function addressOf(res: HttpResponse): string {
  const text = Buffer.from(res.getRemoteAddressAsText()).toString('latin1')
  return canonicalAddress(text) ?? ''
}
