/**
 * What a device keeps of a sign-in, so that it is known at the next one: strangers who guess from behind the same
 * address, or at the same name, do not keep it out. It opens nothing; whoever copies it has one more place to guess from.
 */
import { importJWK, jwtVerify, SignJWT } from 'jose'
import { nanoid } from 'nanoid'
import { z } from 'zod'
import type { SigningKey } from './tables/key-table.ts'
import type { KeyRing } from './tokens.ts'

const ALGORITHM = 'EdDSA'
/** Neither type nor audience is that of an access token, so that none is taken for the other. */
const TYPE = 'gh-device+jwt'
const AUDIENCE = 'goldenhour/device'
const GOOD_FOR = '90 days'
const MARK_CHARS_MAX = 1_024

const claims = z.object({ sub: z.string(), jti: z.string().min(1).max(64) })

/** Input: the user's name as `nameKey` folds it. */
export async function markDevice(key: SigningKey, nameKey: string): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: ALGORITHM, kid: key.kid, typ: TYPE })
    .setSubject(nameKey)
    .setJti(nanoid())
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime(GOOD_FOR)
    .sign(await importJWK(key.privateJwk, ALGORITHM))
}

/** The device that a mark for this name is of; null where it is none, of another name, or too old. Never rejects. */
export async function markedDevice(
  mark: string | null,
  nameKey: string,
  keys: Pick<KeyRing, 'publicKey'>,
): Promise<string | null> {
  if (mark === null || mark.length > MARK_CHARS_MAX) return null
  try {
    const { payload } = await jwtVerify(mark, header => keys.publicKey(header.kid), {
      algorithms: [ALGORITHM],
      typ: TYPE,
      audience: AUDIENCE,
      requiredClaims: ['exp'],
    })
    const parsed = claims.safeParse(payload)
    return parsed.success && parsed.data.sub === nameKey ? parsed.data.jti : null
  } catch {
    return null
  }
}
