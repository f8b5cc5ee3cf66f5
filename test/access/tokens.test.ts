import assert from 'node:assert/strict'
import { createPublicKey, type JsonWebKey, sign } from 'node:crypto'
import { test } from 'node:test'
import { importJWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { KeyRing, signToken, verifyToken } from '../../src/access/tokens.ts'
import { authenticatorOf, makeKey } from '../gateway/harness.ts'

const key = makeKey()
const verifier = authenticatorOf(key)
const driver = { sub: 'person-1', role: 'driver', regions: ['akl'], unit: 'A1', ttlS: 60 } as const

async function codeOf(token: string): Promise<string> {
  const verified = await verifier.verify(token)
  return verified.ok ? 'ok' : verified.refusal.code
}

/** A token by our own key with the given payload, header and times in place of the right ones. */
async function forge(
  payload: JWTPayload,
  header: { alg: string; kid?: string; typ?: string } = { alg: 'EdDSA', kid: key.kid, typ: 'at+jwt' },
  secret?: Uint8Array | JsonWebKey,
): Promise<string> {
  const nowS = Math.floor(Date.now() / 1000)
  const good = { sub: 'person-1', role: 'driver', regions: ['akl'], unit: 'A1', iss: 'goldenhour', aud: 'goldenhour' }
  const claims = { ...good, iat: nowS, exp: nowS + 60, ...payload }
  const signer = secret instanceof Uint8Array ? secret : await importJWK(secret ?? key.privateJwk, 'EdDSA')
  return new SignJWT(claims).setProtectedHeader(header).sign(signer)
}

test('a token that was signed here says what it was signed with', async () => {
  const who = { sub: 'feed-1', role: 'feed', regions: ['akl'], unit: null, units: ['A1', 'A2'] } as const
  const of = { sid: 'sign-in-1', authAtMs: 1_700_000_000_123 }
  const verified = await verifier.verify(await signToken(key, { ...who, ...of, ttlS: 60 }))
  assert.deepEqual(verified, { ok: true, value: { ...who, ...of } })
})

test('a token that names no sign-in began when it was made', async () => {
  const fromMs = Date.now()
  const verified = await verifier.verify(await signToken(key, driver))
  assert.ok(verified.ok)
  const { authAtMs, ...claims } = verified.value
  assert.ok(authAtMs >= fromMs && authAtMs <= Date.now())
  assert.deepEqual(claims, { sub: 'person-1', role: 'driver', regions: ['akl'], unit: 'A1', units: null, sid: null })
})

test('only an admin may be without a region, and only a feed may have units', async () => {
  const nobody = { sub: 'person-1', role: 'dispatcher', regions: [], unit: null, ttlS: 60 } as const
  await assert.rejects(signToken(key, nobody))
  await assert.rejects(signToken(key, { ...driver, units: ['A1'] }))
  assert.equal(await codeOf(await signToken(key, { ...nobody, role: 'admin' })), 'ok')
})

test('tokens of every key of the ring are taken until the key is taken out of it', async () => {
  const [old, fresh] = [makeKey('old'), makeKey('fresh')]
  const ring = new KeyRing([fresh, old])
  const token = await signToken(old, driver)
  assert.equal(ring.signing.kid, 'fresh')
  assert.equal((await verifyToken(token, ring)).ok, true)
  ring.replace([fresh])
  assert.equal((await verifyToken(token, ring)).ok, false)
  assert.equal((await verifyToken(await signToken(fresh, driver), ring)).ok, true)
})

test('the published keys have no private half', () => {
  const { keys } = new KeyRing([makeKey('one'), makeKey('two')]).jwks()
  assert.deepEqual(
    keys.map(jwk => Object.keys(jwk).sort()),
    Array.from({ length: 2 }, () => ['alg', 'crv', 'kid', 'kty', 'use', 'x']),
  )
})

test('the forgeries below differ from an accepted token in one thing each', async () => {
  assert.equal(await codeOf(await forge({})), 'ok')
})

test('an expired token is told apart, so that the client knows to get a new one', async () => {
  assert.equal(await codeOf(await signToken(key, { ...driver, ttlS: -1 })), 'token-expired')
})

test('an expired forgery is a forgery', async () => {
  const token = await signToken(makeKey(), { ...driver, ttlS: -1 })
  assert.equal(await codeOf(token), 'token-invalid')
})

test('no token is token-missing', async () => {
  assert.equal(await codeOf(''), 'token-missing')
})

test('a token without a signature is refused', async () => {
  const unsecured = new UnsecuredJWT({ ...driver }).setExpirationTime('1m').encode()
  assert.equal(await codeOf(unsecured), 'token-invalid')
})

test('a token signed by HS256 with the public key as its secret is refused', async () => {
  const publicKey = createPublicKey({ key: key.publicJwk, format: 'jwk' })
  const { x } = key.publicJwk as { x: string }
  const texts = [
    publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    publicKey.export({ format: 'pem', type: 'spki' }).toString().trim(),
    publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    Buffer.from(x, 'base64url').toString('base64'),
    x,
    JSON.stringify(key.publicJwk),
    JSON.stringify(new KeyRing([key]).jwks().keys[0]),
  ]
  const bytes = [publicKey.export({ format: 'der', type: 'spki' }), Buffer.from(x, 'base64url')]
  for (const secret of [...texts.map(text => Buffer.from(text)), ...bytes]) {
    for (const alg of ['HS256', 'HS384', 'HS512']) {
      const forged = await forge({}, { alg, kid: key.kid, typ: 'at+jwt' }, Uint8Array.from(secret))
      assert.equal(await codeOf(forged), 'token-invalid', `${alg} ${secret}`)
    }
  }
})

/** A token of any header at all, signed by any key of the right kind. */
function sealed(header: Readonly<Record<string, unknown>>, by = key): string {
  const iat = Math.floor(Date.now() / 1_000)
  const who = { sub: 'person-1', role: 'driver', regions: ['akl'], unit: 'A1' }
  const claims = { ...who, iss: 'goldenhour', aud: 'goldenhour', iat, exp: iat + 60 }
  const text = [header, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const signature = sign(null, Buffer.from(text), { key: by.privateJwk as never, format: 'jwk' }).toString('base64url')
  return `${text}.${signature}`
}

test('whatever a header says of its algorithm, type or key, none but ours will do', async () => {
  const good = { alg: 'EdDSA', kid: key.kid, typ: 'at+jwt' }
  assert.equal(await codeOf(sealed(good)), 'ok')
  const odd = [
    ...['none', 'None', '', 'eddsa', 'EDDSA', 'Ed25519', 'HS256', 'RS256', null, 7, ['EdDSA']].map(alg => ({ alg })),
    ...['JWT', 'at+jwt ', 'jwt+at', 'at+jwt,JWT', '', 7, ['at+jwt']].map(typ => ({ typ })),
    ...[
      '__proto__',
      'constructor',
      'toString',
      '../../etc/passwd',
      '/dev/null',
      "' OR 1=1 --",
      '',
      'x'.repeat(2_000),
    ].map(kid => ({ kid })),
    ...[null, 0, 7, {}, [key.kid], true].map(kid => ({ kid })),
    { crit: ['b64'], b64: false },
    { crit: ['kid'] },
    { crit: [] },
    { enc: 'A256GCM', alg: 'dir' },
  ]
  for (const part of odd)
    assert.equal(await codeOf(sealed({ ...good, ...part })), 'token-invalid', JSON.stringify(part))
})

test('a key that a token brings along, or leads to, is not looked at', async () => {
  const forger = makeKey('forged')
  const good = { alg: 'EdDSA', typ: 'at+jwt' }
  for (const kid of [key.kid, forger.kid, undefined]) {
    for (const part of [
      {},
      { jwk: forger.publicJwk },
      { jku: 'http://127.0.0.1:1/keys' },
      { x5u: 'http://127.0.0.1:1/chain' },
      { x5c: [Buffer.from(JSON.stringify(forger.publicJwk)).toString('base64')] },
      { x5t: 'AAAA', jwk: forger.publicJwk, jku: 'http://127.0.0.1:1/keys' },
    ]) {
      assert.equal(
        await codeOf(sealed({ ...good, kid, ...part }, forger)),
        'token-invalid',
        JSON.stringify({ kid, ...part }),
      )
    }
  }
})

test('a token by another key is refused, under its own kid and under ours', async () => {
  assert.equal(await codeOf(await signToken(makeKey('other'), driver)), 'token-invalid')
  assert.equal(await codeOf(await signToken(makeKey(key.kid), driver)), 'token-invalid')
})

test('a token of our key without a kid, or with another, is refused', async () => {
  assert.equal(await codeOf(await forge({}, { alg: 'EdDSA' })), 'token-invalid')
  assert.equal(await codeOf(await forge({}, { alg: 'EdDSA', kid: 'older' })), 'token-invalid')
})

const nowS = Math.floor(Date.now() / 1000)
const wrongClaims: [what: string, payload: JWTPayload][] = [
  ['another issuer', { iss: 'elsewhere' }],
  ['another audience', { aud: 'elsewhere' }],
  ['no issuer', { iss: undefined }],
  ['no expiry', { exp: undefined }],
  ['no time of issue', { iat: undefined }],
  ['a start in the future', { nbf: nowS + 600 }],
  ['no subject', { sub: undefined }],
  ['an empty subject', { sub: '' }],
  ["the engine's own name as subject", { sub: 'system' }],
  ["the engine's own name in capitals", { sub: 'SYSTEM' }],
  ["the engine's own name in mixed letters", { sub: 'sYsTem' }],
  ['a subject that is no text', { sub: 7 as never }],
  ['a time of expiry that is no number', { exp: '9999999999' as never }],
  ['a role in capitals', { role: 'ADMIN' }],
  ['a list of roles', { role: ['admin'] }],
  ['a control character in the subject', { sub: 'person\0' }],
  ['an unknown role', { role: 'root' }],
  ['no role', { role: undefined }],
  ['no regions', { regions: [] }],
  ['regions that are not a list', { regions: 'akl' }],
  ['a region outside the grammar', { regions: ['AKL!'] }],
  ['a unit outside the grammar', { unit: 'A 1' }],
  ['a driver without a unit', { unit: null }],
  ['a dispatcher with a unit', { role: 'dispatcher' }],
]
for (const [what, payload] of wrongClaims) {
  test(`a token with ${what} is refused`, async () => {
    assert.equal(await codeOf(await forge(payload)), 'token-invalid')
  })
}

test('a token of another type, such as an ID token, is refused although its key is ours', async () => {
  for (const typ of [{ typ: 'JWT' }, { typ: 'id+jwt' }, {}]) {
    assert.equal(await codeOf(await forge({}, { alg: 'EdDSA', kid: key.kid, ...typ })), 'token-invalid', typ.typ)
  }
})

test('bytes that are no token, cut tokens and endless tokens are refused', async () => {
  const token = await signToken(key, driver)
  for (const bad of ['x', '..', 'a.b.c', token.slice(0, -1), `${token}A`, `${token}.`, 'x'.repeat(4_097)]) {
    assert.equal(await codeOf(bad), 'token-invalid', bad.slice(0, 20))
  }
  assert.equal(await codeOf(await forge({ padding: 'x'.repeat(4_096) })), 'token-invalid')
})

test('claims that the verifier would refuse are not signed', async () => {
  await assert.rejects(signToken(key, { ...driver, sub: 'system' }))
  await assert.rejects(signToken(key, { ...driver, unit: null }))
})
