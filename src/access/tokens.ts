/** Access tokens of our own: short-lived EdDSA JWTs that name a person, a role, the regions, and a driver's unit. */

import { errors, importJWK, type JWK, jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import type { Refusal } from '../base/refusal.ts'
import type { Refused, Result } from '../base/result.ts'
import { REGION_ID, UNIT_ID } from '../domain/ids.ts'
import { ROLES } from '../domain/roles.ts'
import type { TokenClaims } from './claims.ts'
import type { SigningKey } from './tables/key-table.ts'

const ALGORITHM = 'EdDSA'
const ISSUER = 'goldenhour'
const AUDIENCE = 'goldenhour'
/** RFC 9068: a token of another kind, such as an ID token, is not taken for one. */
const TYPE = 'at+jwt'

/** The fields that say who somebody is, whatever kind of credential they come from. */
export const WHO = {
  sub: z
    .string()
    .regex(/^[^\p{Cc}\p{Cs}]{1,128}$/u)
    .refine(sub => sub.toLowerCase() !== 'system'),
  role: z.enum(ROLES),
  regions: z.array(z.string().regex(REGION_ID)).max(64),
  unit: z.string().regex(UNIT_ID).nullable().default(null),
  units: z.array(z.string().regex(UNIT_ID)).max(10_000).nullable().default(null),
}
/** What must hold among them. */
export const isSomebody = (who: Pick<TokenClaims, 'role' | 'regions' | 'unit' | 'units'>): boolean =>
  (who.role === 'driver') === (who.unit !== null) &&
  (who.role === 'admin' || who.regions.length > 0) &&
  (who.role === 'feed' || who.units === null)

const claimsSchema = z
  .object({
    ...WHO,
    sid: z.string().min(1).max(64).nullable().default(null),
    auth_time: z.number().nonnegative().optional(),
    iat: z.number(),
    exp: z.number(),
  })
  .refine(isSomebody, 'a driver, and only a driver, has a unit; all but admins have a region; only a feed has units')

type SignedClaims = Pick<TokenClaims, 'sub' | 'role' | 'regions' | 'unit'> &
  Partial<Pick<TokenClaims, 'units' | 'sid' | 'authAtMs'>> & { readonly ttlS: number }

/**
 * Signs a token that is valid for `ttlS` seconds from now.
 *
 * Errors: ZodError when the claims are such that `AccessTokens` would refuse them.
 */
export async function signToken(key: SigningKey, claims: SignedClaims): Promise<string> {
  const nowMs = Date.now()
  const iat = Math.floor(nowMs / 1000)
  const { sub, role, regions, unit, units, sid, exp, auth_time } = claimsSchema.parse({
    ...claims,
    iat,
    exp: iat + claims.ttlS,
    auth_time: (claims.authAtMs ?? nowMs) / 1000,
  })
  const optional = { ...(units === null ? {} : { units }), ...(sid === null ? {} : { sid }) }
  return new SignJWT({ role, regions, unit, auth_time, ...optional })
    .setProtectedHeader({ alg: ALGORITHM, kid: key.kid, typ: TYPE })
    .setSubject(sub)
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setIssuedAt(iat)
    .setExpirationTime(exp)
    .sign(await importJWK(key.privateJwk, ALGORITHM))
}

/** This deployment's keys: the first one signs, all of them check. */
export class KeyRing {
  #keys: readonly SigningKey[] = []
  readonly #publicKeys = new Map<string, ReturnType<typeof importJWK>>()

  constructor(keys: readonly SigningKey[]) {
    this.replace(keys)
  }

  /** The key that signs now. Input to the constructor or `replace` had at least one. */
  get signing(): SigningKey {
    return this.#keys[0]!
  }

  replace(keys: readonly SigningKey[]): void {
    this.#keys = keys
    this.#publicKeys.clear()
    for (const { kid, publicJwk } of keys) {
      const imported = importJWK(publicJwk, ALGORITHM)
      // A key that cannot be imported refuses its tokens when they come; it must not end the process before that.
      imported.catch(() => {})
      this.#publicKeys.set(kid, imported)
    }
  }

  publicKey(kid: string | undefined): ReturnType<typeof importJWK> {
    const key = kid === undefined ? undefined : this.#publicKeys.get(kid)
    if (key === undefined) throw new errors.JWKSNoMatchingKey()
    return key
  }

  /** RFC 7517, the public halves only. */
  jwks(): { readonly keys: readonly JWK[] } {
    return {
      keys: this.#keys.map(({ kid, publicJwk }) => ({
        ...(publicJwk as JWK),
        kid,
        alg: ALGORITHM,
        use: 'sig',
      })),
    }
  }
}

/** Checks a token of ours. The check runs on another thread; it costs about 0.2 ms. Never rejects. */
export async function verifyToken(token: string, keys: KeyRing): Promise<Result<TokenClaims>> {
  try {
    const { payload } = await jwtVerify(token, header => keys.publicKey(header.kid), {
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      audience: AUDIENCE,
      typ: TYPE,
      requiredClaims: ['sub', 'iat', 'exp'],
    })
    const parsed = claimsSchema.safeParse(payload)
    if (!parsed.success) return TOKEN_INVALID
    const { sub, role, regions, unit, units, sid, auth_time = parsed.data.iat } = parsed.data
    // Rounded: what was divided into seconds comes back a hair beside the millisecond that it was.
    return { ok: true, value: { sub, role, regions, unit, units, sid, authAtMs: Math.round(auth_time * 1000) } }
  } catch (error) {
    return error instanceof errors.JWTExpired ? TOKEN_EXPIRED : TOKEN_INVALID
  }
}

export const TOKEN_MISSING = refuse('token-missing', 'Send an access token of this engine.')
export const TOKEN_EXPIRED = refuse(
  'token-expired',
  'The token has expired; get a new token, then send the request again.',
)
/** One answer for every fault, so that a forger learns nothing of which check failed. */
export const TOKEN_INVALID = refuse(
  'token-invalid',
  'This engine does not accept the token; get a token from this engine.',
)

function refuse(code: Refusal['code'], message: string): Refused {
  return { ok: false, refusal: { code, message } }
}
