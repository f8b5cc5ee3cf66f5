/** Tokens of another issuer, which listens on loopback and can be made to do what issuers and forgers do. */
import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { type OidcIssuer, OidcIssuers } from '../../src/access/oidc.ts'

const AUDIENCE = 'dispatch'
const JWKS_PATH = '/keys'

/** An issuer with one key; `answers` decides what its addresses say. */
class TestIssuer {
  readonly url: string
  readonly asked: string[] = []
  readonly failures: unknown[] = []
  readonly privateKey: CryptoKey
  readonly jwk: JWK
  readonly alg: string
  answers: Record<string, RequestListener | object> = {}

  static async start(t: TestContext, alg = 'ES256'): Promise<TestIssuer> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
    const jwk = { ...(await exportJWK(publicKey)), kid: 'key-1', alg }
    const server = createServer((request, response) => {
      issuer.asked.push(request.url!)
      const answer = issuer.answers[request.url!]
      if (typeof answer === 'function') answer(request, response)
      else if (answer === undefined) response.writeHead(404).end()
      else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => {
      server.closeAllConnections()
      server.close()
    })
    const issuer = new TestIssuer(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, alg, privateKey, jwk)
    issuer.answers = {
      [JWKS_PATH]: { keys: [jwk] },
      '/.well-known/openid-configuration': { issuer: issuer.url, jwks_uri: `${issuer.url}${JWKS_PATH}` },
    }
    return issuer
  }

  private constructor(url: string, alg: string, privateKey: CryptoKey, jwk: JWK) {
    this.url = url
    this.alg = alg
    this.privateKey = privateKey
    this.jwk = jwk
  }

  trusted(changes: Partial<OidcIssuer> = {}): OidcIssuers {
    const settings = {
      issuer: this.url,
      audience: AUDIENCE,
      jwksUri: `${this.url}${JWKS_PATH}`,
      prefix: 'partner',
      roleClaim: 'role',
      regionsClaim: 'regions',
      unitClaim: 'unit',
      ...changes,
    }
    return new OidcIssuers([settings], error => this.failures.push(error))
  }

  /** A good token but for the given changes; a claim that is undefined is left out. */
  token(
    changes: JWTPayload = {},
    header: Record<string, unknown> = {},
    key: CryptoKey | Uint8Array = this.privateKey,
  ): Promise<string> {
    return new SignJWT(this.payload(changes))
      .setProtectedHeader({ alg: this.alg, kid: 'key-1', ...header } as { alg: string })
      .sign(key)
  }

  payload(changes: JWTPayload = {}): JWTPayload {
    const iat = nowS()
    const standard = { iss: this.url, aud: AUDIENCE, sub: 'person-1', iat, exp: iat + 60 }
    return { ...standard, role: 'dispatcher', regions: ['akl'], ...changes }
  }
}

const nowS = () => Math.floor(Date.now() / 1_000)

/** `ok`, a code, or `not theirs` for a token that is left to others. */
async function outcome(issuers: OidcIssuers, token: string): Promise<string> {
  const verified = await issuers.verify(token)
  if (verified === null) return 'not theirs'
  return verified.ok ? 'ok' : verified.refusal.code
}

for (const alg of ['EdDSA', 'ES256', 'ES384', 'RS256', 'PS256']) {
  test(`a token that the issuer signed with ${alg} is taken for its subject, under the issuer's prefix`, async t => {
    const issuer = await TestIssuer.start(t, alg)
    const authAtS = nowS() - 3
    const verified = await issuer.trusted().verify(await issuer.token({ iat: authAtS }))
    const who = { sub: 'partner:person-1', role: 'dispatcher', regions: ['akl'], unit: null, units: null, sid: null }
    assert.deepEqual(verified, { ok: true, value: { ...who, authAtMs: (authAtS - 5) * 1_000 } })
  })
}

test('role, regions and unit are read from the claims that the operator named', async t => {
  const issuer = await TestIssuer.start(t)
  const trusted = issuer.trusted({ roleClaim: 'https://x/role', regionsClaim: 'scope', unitClaim: 'vehicle' })
  const claims = { role: 'admin', 'https://x/role': 'driver', scope: 'akl wlg', vehicle: 'A-7' }
  const verified = await trusted.verify(await issuer.token(claims))
  assert.ok(verified?.ok)
  assert.deepEqual(
    [verified.value.role, verified.value.regions, verified.value.unit],
    ['driver', ['akl', 'wlg'], 'A-7'],
  )
})

test('no subject of an issuer can be taken for a user here or for the engine', async t => {
  const issuer = await TestIssuer.start(t)
  const trusted = issuer.trusted()
  for (const sub of ['system', 'admin', 'device:0123456789ab', 'other:person-1']) {
    const verified = await trusted.verify(await issuer.token({ sub }))
    assert.ok(verified?.ok)
    assert.equal(verified.value.sub, `partner:${sub}`)
  }
  for (const sub of ['', undefined, 'x'.repeat(200), 'line\nbreak']) {
    assert.equal(await outcome(trusted, await issuer.token({ sub } as JWTPayload)), sub === '' ? 'ok' : 'token-invalid')
  }
})

test('a token that lacks what makes it somebody is refused', async t => {
  const issuer = await TestIssuer.start(t)
  const trusted = issuer.trusted()
  for (const changes of [
    { role: undefined },
    { role: 'root' },
    { role: ['dispatcher'] },
    { regions: undefined },
    { regions: [] },
    { regions: ['AKL'] },
    { regions: 7 },
    { role: 'driver' },
    { unit: 'A-7' },
    { role: 'driver', unit: 'A 7' },
    { iat: undefined },
    { exp: undefined },
  ]) {
    assert.equal(await outcome(trusted, await issuer.token(changes)), 'token-invalid', JSON.stringify(changes))
  }
})

test('times are heeded to within five seconds', async t => {
  const issuer = await TestIssuer.start(t)
  const trusted = issuer.trusted()
  for (const [changes, expected] of [
    [{ exp: nowS() - 2 }, 'ok'],
    [{ exp: nowS() - 10 }, 'token-expired'],
    [{ nbf: nowS() + 2 }, 'ok'],
    [{ nbf: nowS() + 10 }, 'token-invalid'],
    [{ iat: nowS() + 2 }, 'ok'],
    [{ iat: nowS() + 10 }, 'token-invalid'],
  ] as const) {
    assert.equal(await outcome(trusted, await issuer.token(changes)), expected, JSON.stringify(changes))
  }
})

test('what was issued before a sign-out does not outlive it by a clock that is ahead', async t => {
  const issuer = await TestIssuer.start(t)
  const token = await issuer.token({ iat: nowS() + 4 })
  const verified = await issuer.trusted().verify(token)
  assert.ok(verified?.ok && verified.value.authAtMs <= Date.now())
})

test('a key of the issuer that no signature can be checked with makes its own tokens bad, and nobody else’s', async t => {
  const issuer = await TestIssuer.start(t)
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1_024 })
  const short = { ...publicKey.export({ format: 'jwk' }), kid: 'short', alg: 'RS256' }
  const broken = { kty: 'RSA', kid: 'broken', alg: 'RS256', n: 'AQAB', e: '' }
  issuer.answers[JWKS_PATH] = { keys: [issuer.jwk, short, broken] }
  const trusted = issuer.trusted()
  for (const kid of ['short', 'broken']) {
    const head = Buffer.from(JSON.stringify({ alg: 'RS256', kid })).toString('base64url')
    const [, payload] = (await issuer.token()).split('.')
    assert.equal(await outcome(trusted, `${head}.${payload}.${'A'.repeat(171)}`), 'token-invalid', kid)
    assert.equal(await outcome(trusted, await issuer.token()), 'ok')
  }
  assert.deepEqual(issuer.failures, [])
})

test('a token for another audience is refused, and one of another issuer is left to others', async t => {
  const issuer = await TestIssuer.start(t)
  const trusted = issuer.trusted()
  assert.equal(await outcome(trusted, await issuer.token({ aud: 'billing' })), 'token-invalid')
  assert.equal(await outcome(trusted, await issuer.token({ aud: undefined })), 'token-invalid')
  assert.equal(await outcome(trusted, await issuer.token({ iss: `${issuer.url}/` })), 'not theirs')
  assert.equal(await outcome(trusted, await issuer.token({ iss: undefined })), 'not theirs')
  assert.equal(await outcome(trusted, 'no token at all'), 'not theirs')
})

test('a token without a signature, or signed with the public key as a shared secret, is refused', async t => {
  const issuer = await TestIssuer.start(t, 'RS256')
  const trusted = issuer.trusted()
  assert.equal(await outcome(trusted, await issuer.token()), 'ok')
  const unsecured = new UnsecuredJWT(issuer.payload()).encode()
  assert.equal(await outcome(trusted, unsecured), 'token-invalid')
  const publicKey = createPublicKey({ key: issuer.jwk, format: 'jwk' })
  const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString()
  const secrets = [JSON.stringify(issuer.jwk), issuer.jwk.n!, pem, pem.trimEnd()]
  for (const secret of secrets) {
    const forged = await issuer.token({}, { alg: 'HS256' }, new TextEncoder().encode(secret))
    assert.equal(await outcome(trusted, forged), 'token-invalid')
  }
})

test('a key of the issuer is not taken with an algorithm that is none of ours', async t => {
  const issuer = await TestIssuer.start(t, 'RS512')
  const { alg: _, ...anyAlgorithm } = issuer.jwk
  issuer.answers[JWKS_PATH] = { keys: [anyAlgorithm] }
  assert.equal(await outcome(issuer.trusted(), await issuer.token()), 'token-invalid')
})

test('a shared secret in the list of keys is not taken either', async t => {
  const issuer = await TestIssuer.start(t)
  const secret = new TextEncoder().encode('a secret that everybody can read')
  issuer.answers[JWKS_PATH] = { keys: [{ kty: 'oct', kid: 'key-1', k: Buffer.from(secret).toString('base64url') }] }
  assert.equal(await outcome(issuer.trusted(), await issuer.token({}, { alg: 'HS256' }, secret)), 'token-invalid')
})

test("a forger's key is not asked for, wherever the token says that it is", async t => {
  const [issuer, forger] = [await TestIssuer.start(t), await TestIssuer.start(t)]
  const trusted = issuer.trusted()
  const iss = issuer.url
  for (const header of [
    { kid: 'key-1' },
    { kid: 'key-2', jku: `${forger.url}${JWKS_PATH}` },
    { kid: 'key-1', jwk: forger.jwk },
    { kid: 'key-1', x5u: `${forger.url}${JWKS_PATH}` },
    { kid: `../..${JWKS_PATH}` },
  ]) {
    assert.equal(await outcome(trusted, await forger.token({ iss }, header)), 'token-invalid', JSON.stringify(header))
  }
  assert.deepEqual(forger.asked, [])
})

test('the keys are read once, and unknown ones do not make us ask again and again', async t => {
  const issuer = await TestIssuer.start(t)
  const trusted = issuer.trusted()
  const unknown = await issuer.token({}, { kid: 'key-2' })
  const good = await issuer.token()
  const all = await Promise.all(
    [good, ...Array.from({ length: 20 }, () => unknown)].map(each => outcome(trusted, each)),
  )
  assert.deepEqual(new Set(all), new Set(['ok', 'token-invalid']))
  for (let i = 0; i < 5; i++) assert.equal(await outcome(trusted, unknown), 'token-invalid')
  assert.deepEqual(issuer.asked, [JWKS_PATH])
})

test('an issuer that does not say where its keys are is asked for its discovery document', async t => {
  const issuer = await TestIssuer.start(t)
  assert.equal(await outcome(issuer.trusted({ jwksUri: null }), await issuer.token()), 'ok')
  assert.deepEqual(issuer.asked, ['/.well-known/openid-configuration', JWKS_PATH])
})

test('a discovery document of another issuer, or one that leads to plain http elsewhere, is not followed', async t => {
  const changes: readonly [changes: Record<string, string | undefined>, failure: RegExp][] = [
    [{ issuer: 'https://elsewhere.example' }, /is no discovery document of this issuer/],
    [{ issuer: undefined }, /is no discovery document of this issuer/],
    [{ jwks_uri: undefined }, /is no discovery document of this issuer/],
    [{ jwks_uri: 'http://192.0.2.1/keys' }, /http:\/\/192\.0\.2\.1\/keys is not behind https/],
  ]
  for (const [change, failure] of changes) {
    const issuer = await TestIssuer.start(t)
    const good = issuer.answers['/.well-known/openid-configuration'] as object
    issuer.answers['/.well-known/openid-configuration'] = { ...good, ...change }
    assert.equal(await outcome(issuer.trusted({ jwksUri: null }), await issuer.token()), 'unavailable')
    assert.equal(issuer.failures.length, 1)
    assert.match(String((issuer.failures[0] as Error).cause), failure)
  }
})

test('while the issuer cannot be asked its tokens are not called bad, and it is left alone for a moment', async t => {
  for (const broken of [
    ((_, response) => response.writeHead(500).end()) satisfies RequestListener,
    ((_, response) => response.writeHead(302, { location: JWKS_PATH }).end()) satisfies RequestListener,
    ((_, response) => response.writeHead(200).end('<html>')) satisfies RequestListener,
    ((request, _) => request.socket.destroy()) satisfies RequestListener,
    ((_, response) => response.writeHead(200).end(`{"keys":[${' '.repeat(300 * 1_024)}]}`)) satisfies RequestListener,
  ]) {
    const issuer = await TestIssuer.start(t)
    const trusted = issuer.trusted()
    issuer.answers[JWKS_PATH] = broken
    const token = await issuer.token()
    for (let i = 0; i < 5; i++) assert.equal(await outcome(trusted, token), 'unavailable')
    assert.ok(issuer.asked.length <= 2, `${issuer.asked.length} requests`)
    assert.equal(issuer.failures.length, 1)
  }
})

test('of a list of keys without an end no more is read than a list of keys can be', async t => {
  const issuer = await TestIssuer.start(t)
  const written = new Promise<number>(resolve => {
    issuer.answers[JWKS_PATH] = (_, response) => {
      const blanks = ' '.repeat(16 * 1_024)
      let bytes = 0
      const write = () => {
        do bytes += blanks.length
        while (response.write(blanks) && !response.destroyed)
      }
      response.on('drain', write).on('close', () => resolve(bytes))
      response.writeHead(200)
      write()
    }
  })
  assert.equal(await outcome(issuer.trusted(), await issuer.token()), 'unavailable')
  // Buffers on the way take some; without an end to it, the five seconds that an answer may take would be gigabytes.
  assert.ok((await written) < 64 * 1_024 * 1_024, `${await written} bytes`)
})

test('an issuer that takes its time is not waited for longer than five seconds', async t => {
  const inTime = AbortSignal.timeout
  for (const slow of [
    (() => undefined) satisfies RequestListener,
    ((_, response) => void response.writeHead(200).write('{"keys":[')) satisfies RequestListener,
  ]) {
    const asked: number[] = []
    const mock = t.mock.method(AbortSignal, 'timeout', (ms: number) => {
      asked.push(ms)
      return inTime(50)
    })
    for (const jwksUri of [undefined, null]) {
      const issuer = await TestIssuer.start(t)
      issuer.answers = { [JWKS_PATH]: slow, '/.well-known/openid-configuration': slow }
      const trusted = issuer.trusted(jwksUri === null ? { jwksUri } : {})
      assert.equal(await outcome(trusted, await issuer.token()), 'unavailable')
    }
    assert.deepEqual(asked, [5_000, 5_000])
    mock.mock.restore()
  }
})

test('an issuer that was away is asked again after a while', async t => {
  const issuer = await TestIssuer.start(t)
  const trusted = issuer.trusted()
  const keys = issuer.answers[JWKS_PATH]!
  delete issuer.answers[JWKS_PATH]
  const token = await issuer.token()
  assert.equal(await outcome(trusted, token), 'unavailable')
  issuer.answers[JWKS_PATH] = keys
  t.mock.method(
    performance,
    'now',
    (
      (now: number) => () =>
        now
    )(performance.now() + 60_000),
  )
  assert.equal(await outcome(trusted, token), 'ok')
})
