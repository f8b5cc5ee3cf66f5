/** Credentials of every kind, good ones and what can be made of them without the key. */
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import type { TokenClaims } from '../../src/access/claims.ts'
import type { Role } from '../../src/domain/roles.ts'
import { LIMITS } from '../../src/protocol/limits.ts'
import type { Dice } from './dice.ts'
import { oddValue } from './odd-values.ts'
import { write } from './writers.ts'

/** A key that is not the engine's, for tokens that are signed well by the wrong one. */
const forger = generateKeyPairSync('ed25519')

export interface Credential {
  readonly kind: 'jwt' | 'ticket' | 'device-key'
  readonly text: string
  readonly role: Role
  readonly unitId: string | null
}

/** Who somebody is: whoever shows damaged credentials must never become anybody that was not meant. */
export const identityOf = ({ sub, role, regions, unit, units }: TokenClaims): string =>
  JSON.stringify([sub, role, regions, unit, units])

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const DAMAGE = `${BASE64}+/=. \n\t\0%é😀`

/** A credential that is not the one given, but may be read as the same. */
export function damagedCredential(credential: Credential, others: readonly Credential[], dice: Dice): string {
  const { text } = credential
  const at = dice.below(text.length + 1)
  switch (dice.below(credential.kind === 'jwt' ? 12 : 7)) {
    case 0:
      return text.slice(0, at) + dice.pick([...DAMAGE]) + text.slice(at + 1)
    case 1:
      return text.slice(0, at) + dice.text(DAMAGE, 1 + dice.below(5)) + text.slice(at)
    case 2:
      return text.slice(0, at) + text.slice(at + 1 + dice.below(8))
    case 3:
      return text.slice(0, at)
    case 4:
      return spliced(text, dice.pick(others).text, dice)
    case 5:
      return dice.pick([
        '',
        '.',
        '..',
        '...',
        'ght_',
        'ghd_',
        'ght_.',
        `ght_${text}`,
        `ghd_${text}`,
        `Bearer ${text}`,
        ` ${text}`,
      ])
    case 6:
      return text + dice.text(BASE64, dice.pick([1, 100, LIMITS.tokenChars - text.length, LIMITS.tokenChars]))
    default:
      return forged(text, dice)
  }
}

/** Segments of two credentials, mixed. */
function spliced(text: string, other: string, dice: Dice): string {
  const [a, b] = [text.split('.'), other.split('.')]
  return a.map((segment, i) => (dice.oneIn(2) ? segment : (b[i] ?? ''))).join('.')
}

/** A JWT whose header or claims are others, signed by nobody, by the wrong key, or by what is no secret. */
function forged(text: string, dice: Dice): string {
  const [header, claims, signature] = text.split('.') as [string, string, string]
  const changed = dice.oneIn(2)
    ? `${rewritten(header, dice, HEADERS)}.${claims}`
    : `${header}.${rewritten(claims, dice, CLAIMS)}`
  switch (dice.below(5)) {
    case 0:
      return `${changed}.`
    case 1:
      return `${changed}.${createHmac('sha256', dice.pick(['', 'goldenhour', header]))
        .update(changed)
        .digest('base64url')}`
    case 2:
      return `${changed}.${dice.text(BASE64, 86)}`
    case 3:
      return `${changed}.${sign(null, Buffer.from(changed), forger.privateKey).toString('base64url')}`
    default:
      return `${changed}.${signature}`
  }
}

/** A field of a segment and what is put there: what a forger would want, or what no reader expects. */
const HEADERS: readonly (readonly [string, readonly unknown[]])[] = [
  ['alg', ['none', 'None', 'HS256', 'EdDSA', 'Ed25519', 'ES256', '', null, 7, ['EdDSA']]],
  ['kid', ['', '../../etc/passwd', "' OR 1=1 --", 'x'.repeat(2_000), '__proto__', null, 7, {}]],
  ['typ', ['JWT', 'at+jwt', 'application/at+jwt', 'AT+JWT', null, 1]],
  ['crit', [['exp'], ['b64'], [], 'b64', null]],
  ['b64', [false, true]],
  ['jwk', [forger.publicKey.export({ format: 'jwk' }), {}, null]],
  ['jku', ['http://127.0.0.1:1/keys']],
  ['x5c', [['AAAA'], []]],
  ['zip', ['DEF']],
  ['enc', ['A256GCM']],
]
const CLAIMS: typeof HEADERS = [
  ['role', ['admin', 'supervisor', 'system', '', null, ['admin']]],
  ['sub', ['system', 'SYSTEM', 'person-2', '', 'a\0b', 'x'.repeat(129), 7, null]],
  ['regions', [[], ['*'], ['akl', 'wlg'], 'akl', null, Array.from({ length: 65 }, () => 'akl')]],
  ['unit', ['A1', 'A2', '', null, 7]],
  ['units', [['A1'], [], null, 'A1']],
  ['exp', [0, -1, 9e15, 1e308, '9999999999', null, 1.5]],
  ['iat', [0, 9e15, null, 'now']],
  ['nbf', [9e15, 'now', null, -1]],
  ['iss', ['', 'other', null, ['goldenhour']]],
  ['aud', ['', 'other', ['goldenhour'], null]],
  ['auth_time', [-1, 0, 9e15, null, 'now']],
  ['sid', ['', 'x'.repeat(65), null, 7]],
]

function rewritten(segment: string, dice: Dice, fields: typeof HEADERS): string {
  const known = JSON.parse(Buffer.from(segment, 'base64url').toString()) as Record<string, unknown>
  const [name, values] = dice.pick(fields)
  if (dice.oneIn(6)) {
    // No JSON, or JSON that is no object.
    return Buffer.from(write(dice.oneIn(2) ? oddValue(dice) : [known], 'json')).toString('base64url')
  }
  const value = dice.oneIn(3) ? oddValue(dice) : dice.pick(values)
  return Buffer.from(write({ ...known, [name]: value }, 'json')).toString('base64url')
}
