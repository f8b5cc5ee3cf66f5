/** Access tokens: short-lived EdDSA JWTs that name a person, a role, the regions, and a driver's unit. */
import { errors, importJWK, jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import { REGION_ID, type RegionId, UNIT_ID, type UnitId } from '../domain/ids.ts'
import { ROLES, type Role } from '../domain/roles.ts'
import type { Refusal } from '../protocol/errors.ts'
import { LIMITS } from '../protocol/limits.ts'
import type { SigningKey } from '../store/keys.ts'

const ALGORITHM = 'EdDSA'
const ISSUER = 'goldenhour'
const AUDIENCE = 'goldenhour'

/** Who a token speaks for. */
export interface TokenClaims {
  /** The principal; never `system`, which is the engine's own name in the log. */
  readonly sub: string
  readonly role: Role
  readonly regions: readonly RegionId[]
  /** The unit a driver signs in for; null for all other roles. */
  readonly unit: UnitId | null
}

export type Verified =
  | { readonly ok: true; readonly claims: TokenClaims }
  | { readonly ok: false; readonly refusal: Refusal }

const claimsSchema = z
  .object({
    sub: z
      .string()
      .regex(/^[^\p{Cc}\p{Cs}]{1,128}$/u)
      .refine(sub => sub !== 'system'),
    role: z.enum(ROLES),
    regions: z.array(z.string().regex(REGION_ID)).min(1).max(64),
    unit: z.string().regex(UNIT_ID).nullable(),
    iat: z.number(),
    exp: z.number(),
  })
  .refine(claims => (claims.role === 'driver') === (claims.unit !== null), 'a driver, and only a driver, has a unit')

/**
 * Signs a token that is valid for `ttlS` seconds from now.
 *
 * Errors: ZodError when the claims are such that `TokenVerifier` would refuse them.
 */
export async function signToken(key: SigningKey, claims: TokenClaims & { readonly ttlS: number }): Promise<string> {
  const iat = Math.floor(Date.now() / 1000)
  const { sub, role, regions, unit, exp } = claimsSchema.parse({ ...claims, iat, exp: iat + claims.ttlS })
  return new SignJWT({ role, regions, unit })
    .setProtectedHeader({ alg: ALGORITHM, kid: key.kid, typ: 'JWT' })
    .setSubject(sub)
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setIssuedAt(iat)
    .setExpirationTime(exp)
    .sign(await importJWK(key.privateJwk, ALGORITHM))
}

/** Checks tokens against one key of ours. The check runs on another thread; it costs about 0.2 ms. */
export class TokenVerifier {
  readonly #kid: string
  readonly #publicKey: ReturnType<typeof importJWK>

  constructor(key: SigningKey) {
    this.#kid = key.kid
    this.#publicKey = importJWK(key.publicJwk, ALGORITHM)
    // A key that cannot be imported refuses every token in `verify`; it must not end the process before that.
    this.#publicKey.catch(() => {})
  }

  /** Never rejects: what is wrong with a token comes back as `token-missing`, `token-expired` or `token-invalid`. */
  async verify(token: string): Promise<Verified> {
    if (token.length === 0) return TOKEN_MISSING
    if (token.length > LIMITS.tokenChars) return TOKEN_INVALID
    try {
      const { payload } = await jwtVerify(token, header => this.#keyFor(header.kid), {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: AUDIENCE,
        requiredClaims: ['sub', 'iat', 'exp'],
      })
      const parsed = claimsSchema.safeParse(payload)
      if (!parsed.success) return TOKEN_INVALID
      const { sub, role, regions, unit } = parsed.data
      return { ok: true, claims: { sub, role, regions, unit } }
    } catch (error) {
      return error instanceof errors.JWTExpired ? TOKEN_EXPIRED : TOKEN_INVALID
    }
  }

  #keyFor(kid: string | undefined): ReturnType<typeof importJWK> {
    if (kid !== this.#kid) throw new errors.JWKSNoMatchingKey()
    return this.#publicKey
  }
}

const TOKEN_MISSING = refuse('token-missing', 'Send an access token of this engine.')
const TOKEN_EXPIRED = refuse('token-expired', 'The token has expired; get a new one and send it again.')
/** One answer for every fault, so that a forger learns nothing of which check failed. */
const TOKEN_INVALID = refuse('token-invalid', 'The token is not one of ours; get one from this engine.')

function refuse(code: Refusal['code'], message: string): Verified {
  return { ok: false, refusal: { code, message } }
}
