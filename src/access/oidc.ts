/**
 * Tokens of other issuers: OpenID Connect providers, or anyone who signs JWTs and publishes the keys as a JWKS.
 *
 * Only issuers that the configuration names are ever spoken to, and only where it or their discovery document says;
 * what a token's own header says about where keys are (`jku`, `jwk`, `x5u`) is never looked at.
 */

import { createRemoteJWKSet, customFetch, decodeJwt, errors, type FetchImplementation, jwtVerify } from 'jose'
import { z } from 'zod'
import { textWithin } from '../base/http-answer.ts'
import { isLoopbackHost } from '../base/ip-address.ts'
import type { Refusal } from '../base/refusal.ts'
import type { Result } from '../base/result.ts'
import type { TokenClaims } from './claims.ts'
import { isSomebody, TOKEN_EXPIRED, TOKEN_INVALID, WHO } from './tokens.ts'

/** Asymmetric ones only: a public key must never be good as a shared secret. */
const ALGORITHMS = ['EdDSA', 'Ed25519', 'ES256', 'ES384', 'RS256', 'PS256']
const CLOCK_TOLERANCE_S = 5
const FETCH_TIMEOUT_MS = 5_000
/** How often an unknown key may make us ask for the keys again. */
const COOLDOWN_MS = 30_000
const KEYS_KEPT_MS = 600_000
/** How long an issuer that did not answer is left alone: strangers' tokens must not make us hammer it. */
const LEFT_ALONE_MS = 3_000
const DOCUMENT_BYTES_MAX = 256 * 1024
const DISCOVERY_PATH = '/.well-known/openid-configuration'

const ISSUER_AWAY: Refusal = {
  code: 'unavailable',
  message: 'The issuer of this token could not be asked for its keys; try again shortly.',
  details: { retryAfterMs: 2_000 },
}

/** One issuer, as the configuration names it. */
export interface OidcIssuer {
  readonly issuer: string
  readonly audience: string
  /** Null: as the discovery document says. */
  readonly jwksUri: string | null
  /** Put before its subjects, so that none of them can be taken for a user of ours. */
  readonly prefix: string
  readonly roleClaim: string
  readonly regionsClaim: string
  readonly unitClaim: string
}

type KeySet = ReturnType<typeof createRemoteJWKSet>

export class OidcIssuers {
  readonly #issuers = new Map<string, Issuer>()

  /** `onFailure` is told whenever an issuer could not be asked for its keys. */
  constructor(issuers: readonly OidcIssuer[], onFailure: (error: unknown) => void) {
    for (const issuer of issuers) this.#issuers.set(issuer.issuer, new Issuer(issuer, onFailure))
  }

  /** Null when the token names no issuer of ours. Never rejects. */
  async verify(token: string): Promise<Result<TokenClaims> | null> {
    if (this.#issuers.size === 0) return null
    let named: string | undefined
    try {
      named = decodeJwt(token).iss
    } catch {
      return null
    }
    const issuer = named === undefined ? undefined : this.#issuers.get(named)
    return issuer === undefined ? null : issuer.verify(token)
  }
}

class Issuer {
  readonly #settings: OidcIssuer
  readonly #onFailure: (error: unknown) => void
  #keySet: Promise<KeySet> | null = null
  #leftAloneUntilMs = 0

  constructor(settings: OidcIssuer, onFailure: (error: unknown) => void) {
    this.#settings = settings
    this.#onFailure = onFailure
  }

  async verify(token: string): Promise<Result<TokenClaims>> {
    const { issuer, audience } = this.#settings
    try {
      const keySet = await this.#keys()
      const { payload } = await jwtVerify(token, keySet, {
        algorithms: ALGORITHMS,
        issuer,
        audience,
        clockTolerance: CLOCK_TOLERANCE_S,
        requiredClaims: ['sub', 'iat', 'exp'],
      })
      const iat = payload.iat!
      if (iat > Date.now() / 1000 + CLOCK_TOLERANCE_S) return TOKEN_INVALID
      const claims = this.#claims(payload, iat)
      return claims === null ? TOKEN_INVALID : { ok: true, value: claims }
    } catch (error) {
      if (error instanceof errors.JWTExpired) return TOKEN_EXPIRED
      if (isOursToMend(error)) return TOKEN_INVALID
      this.#failed(error)
      return { ok: false, refusal: ISSUER_AWAY }
    }
  }

  /** Null when what the issuer says makes nobody that we know how to treat. */
  #claims(payload: Readonly<Record<string, unknown>>, iat: number): TokenClaims | null {
    const { prefix, roleClaim, regionsClaim, unitClaim } = this.#settings
    const regions = payload[regionsClaim]
    const parsed = z.object(WHO).safeParse({
      sub: typeof payload.sub === 'string' ? `${prefix}:${payload.sub}` : undefined,
      role: payload[roleClaim],
      regions: typeof regions === 'string' ? regions.split(/[ ,]+/) : (regions ?? []),
      unit: payload[unitClaim] ?? null,
    })
    if (!parsed.success || !isSomebody(parsed.data)) return null
    // Its clock may be ahead by the tolerance: what was issued before a sign-out must not seem to come after it.
    return { ...parsed.data, sid: null, authAtMs: (iat - CLOCK_TOLERANCE_S) * 1000 }
  }

  #keys(): Promise<KeySet> {
    if (this.#keySet === null) {
      this.#keySet = this.#discover()
      this.#keySet.catch(() => {
        this.#keySet = null
      })
    }
    return this.#keySet
  }

  async #discover(): Promise<KeySet> {
    const { issuer, jwksUri } = this.#settings
    const url = new URL(jwksUri ?? (await this.#discovered(`${issuer.replace(/\/$/, '')}${DISCOVERY_PATH}`)))
    return createRemoteJWKSet(url, {
      timeoutDuration: FETCH_TIMEOUT_MS,
      cooldownDuration: COOLDOWN_MS,
      cacheMaxAge: KEYS_KEPT_MS,
      [customFetch]: this.#fetch,
    })
  }

  /** Where the issuer says that its keys are. */
  async #discovered(address: string): Promise<string> {
    const response = await this.#fetch(address, {
      method: 'GET',
      headers: new Headers({ accept: 'application/json' }),
      signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
      redirect: 'manual',
    })
    const document = z.object({ issuer: z.literal(this.#settings.issuer), jwks_uri: z.url() })
    const found = document.safeParse(await response.json())
    if (!found.success) throw new IssuerAway(`${address} is no discovery document of this issuer`)
    return found.data.jwks_uri
  }

  readonly #fetch: FetchImplementation = async (address, options) => {
    if (this.#isLeftAlone) throw new IssuerAway('it did not answer a moment ago')
    const url = new URL(address)
    if (url.protocol !== 'https:' && !isLoopbackHost(url.hostname))
      throw new IssuerAway(`${address} is not behind https`)
    const response = await boundedFetch(address, options).catch(cause => {
      throw new IssuerAway(`${address} could not be read`, { cause })
    })
    if (!response.ok) throw new IssuerAway(`${address} was answered with status ${response.status}`)
    return response
  }

  get #isLeftAlone(): boolean {
    return performance.now() < this.#leftAloneUntilMs
  }

  /** Told once for all tokens that waited for the same answer. */
  #failed(cause: unknown): void {
    if (this.#isLeftAlone) return
    this.#leftAloneUntilMs = performance.now() + LEFT_ALONE_MS
    this.#onFailure(new IssuerAway(`issuer ${this.#settings.issuer} could not be asked for its keys`, { cause }))
  }
}

class IssuerAway extends Error {
  override readonly name = 'IssuerAway'
}

/** A body larger than any list of keys is not read to its end. */
const boundedFetch: FetchImplementation = async (url, options) => {
  const response = await fetch(url, options)
  const text = await textWithin(response, DOCUMENT_BYTES_MAX)
  if (text === null) throw new RangeError(`more than ${DOCUMENT_BYTES_MAX} bytes are no list of keys`)
  return new Response(text, { status: response.status, headers: response.headers })
}

/** True when the token is at fault, or the one key that it names; false when the issuer could not be asked or answered nonsense. */
function isOursToMend(error: unknown): boolean {
  // A key that is too short or broken: whoever names it, with any signature, must not shut out those who name a good one.
  if (error instanceof TypeError) return true
  if (!(error instanceof errors.JOSEError)) return false
  return !(
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid ||
    error.code === 'ERR_JOSE_GENERIC'
  )
}
