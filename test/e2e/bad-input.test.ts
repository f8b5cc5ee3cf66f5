/** Whatever is wrong with what comes in: the answer has its code, nothing is stored, and the engine goes on. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { WebSocket } from 'ws'
import type { DriverClient } from '../../src/client/index.ts'
import { CLOSE_CODES } from '../../src/protocol/errors.ts'
import { DEFAULT_LIMITS, LIMITS } from '../../src/protocol/limits.ts'
import { Client } from '../gateway/harness.ts'
import { FORMATS, frame, hex } from '../protocol/frames.ts'
import { SCENE, Site, until } from '../support/engine.ts'

type Format = (typeof FORMATS)[number]

const PLACE = { lonE7: 1_747_600_000, latE7: -368_500_000 }
const CALL = { ...PLACE, priority: 2, needs: [{ levelOfCare: 'als', capabilities: [] }] }

let site: Site
let crew: DriverClient
/** The trip that A1 works on, and one that was closed. */
let trips: { readonly open: string; readonly closed: string }
const endings: (() => Promise<void>)[] = []
before(async () => {
  const ordered = { mode: 'ordered', units: ['A1', 'A2'] } as const
  site = await Site.make({ after: run => endings.push(run) }, { akl: ordered, other: ordered })
  await site.start()
  const desk = site.dispatcher()
  crew = site.driver('A1')
  await crew.signOn()
  crew.report(SCENE)
  await crew.mark()
  const workOn = async () => {
    const { result } = await desk.enterCall({
      ...SCENE,
      priority: 2,
      needs: [{ levelOfCare: 'als', capabilities: [] }],
    })
    const offer = await until('the order comes', () => crew.driver?.trip?.offer)
    await crew.acceptOffer(offer.offerId)
    return result.tripIds[0]!
  }
  const closed = await workOn()
  await crew.closeTrip(closed, 'transported')
  trips = { closed, open: await workOn() }
})
after(async () => {
  for (const end of endings) await end()
})

/** Runs what must change nothing, and looks that it did not, and that the engine still does its work. */
async function changingNothing(attempt: () => Promise<void>): Promise<void> {
  const stored = await site.contents()
  await attempt()
  assert.equal(await site.contents(), stored)
  assert.equal((await site.http('/readyz')).status, 200)
  assert.equal(await site.metric('goldenhour_turn_failures_total'), 0)
}

async function open(format: Format): Promise<Client> {
  const socket = new WebSocket(`ws://127.0.0.1:${site.port}/v1/ws`, [
    format === 'binary' ? 'goldenhour.v1' : 'goldenhour.v1.json',
  ])
  endings.push(async () => socket.terminate())
  const client = new Client(socket, format)
  await once(socket, 'open')
  return client
}

async function signIn(role: 'driver' | 'dispatcher', format: Format): Promise<Client> {
  const client = await open(format)
  const unit = role === 'driver' ? 'A2' : null
  const streams = role === 'driver' ? ([['s1', 'gnss', 1]] as const) : []
  client.send(['hello', 'h1', await site.token({ role, unit }), 'akl', role, unit, Date.now(), streams])
  assert.equal((await client.next())[0], 'welcome')
  return client
}

/** Sends a frame and awaits the error that answers it. */
async function refusal(client: Client, bytes: Uint8Array | string): Promise<string> {
  client.socket.send(bytes)
  for (;;) {
    const message = await client.next()
    if (message[0] === 'error') return message[2]
    // What changes elsewhere is told meanwhile; an answer would be wrong.
    assert.ok(message[0] === 'unit-state' || message[0] === 'marks', `answered with ${JSON.stringify(message)}`)
  }
}

/** As that subprotocol sends it. */
const sendable = (bytes: Uint8Array, format: Format) => (format === 'json' ? Buffer.from(bytes).toString() : bytes)

test('[ER-4] frames that are no message are answered with a code, in both formats, and store nothing', async () => {
  const call = ['enter-call', 'c1', CALL]
  const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)])
  const broken: [what: string, format: Format, bytes: Uint8Array | string, code: string][] = []
  for (const format of FORMATS) {
    const whole = frame(call, format)
    const large = frame(['enter-call', 'c1', { ...CALL, extra: 'x'.repeat(DEFAULT_LIMITS.frameBytes.desk) }], format)
    broken.push(
      ['cut short', format, sendable(whole.subarray(0, whole.length - 3), format), 'malformed-frame'],
      ['empty', format, sendable(new Uint8Array(), format), 'malformed-frame'],
      ['too large', format, sendable(large, format), 'frame-too-large'],
      ['too deep', format, sendable(frame(['enter-call', 'c1', deep(40)], format), format), 'malformed-frame'],
      [
        'too many values',
        format,
        sendable(frame(['mark', 0, new Array(12_000).fill(0)], format), format),
        'malformed-frame',
      ],
      ['no such type', format, sendable(frame([99, 'c1'], format), format), 'unknown-type'],
      ['a server type', format, sendable(frame([64, 'c1'], format), format), 'unknown-type'],
    )
  }
  broken.push(
    ['text on the binary protocol', 'binary', JSON.stringify(call), 'malformed-frame'],
    ['bytes on the text protocol', 'json', frame(call, 'binary'), 'malformed-frame'],
    ['a timestamp extension', 'binary', hex('93 14 a2 6331 d6ff 00000000'), 'malformed-frame'],
    ['a record extension', 'binary', hex('93 14 a2 6331 d4 72 40'), 'malformed-frame'],
    ['binary data', 'binary', hex('93 14 a2 6331 c4 01 00'), 'malformed-frame'],
    ['an array that declares four billion', 'binary', hex('93 14 a2 6331 dd ffffffff'), 'malformed-frame'],
    ['nested arrays that each declare a million', 'binary', hex('dd000fffff'.repeat(900)), 'malformed-frame'],
    ['a map with a key that is no string', 'binary', hex('93 14 a2 6331 81 01 02'), 'malformed-frame'],
    ['a string that is no UTF-8', 'binary', hex('93 14 a2 6331 a2 c328'), 'malformed-frame'],
    ['a lone surrogate in MessagePack', 'binary', hex('93 14 a2 6331 a3 eda080'), 'malformed-frame'],
    ['text behind the value', 'json', `${JSON.stringify(call)} 1`, 'malformed-frame'],
    ['NaN', 'json', '["nearest","q1",NaN,0,1,null]', 'malformed-frame'],
    ['no JSON at all', 'json', 'hello', 'malformed-frame'],
  )
  await changingNothing(async () => {
    for (const [what, format, bytes, code] of broken) {
      const client = await signIn('dispatcher', format)
      assert.equal(await refusal(client, bytes), code, `${what} in ${format}`)
      client.send(['nearest', 'q1', PLACE.lonE7, PLACE.latE7, 1, null])
      assert.deepEqual((await client.next()).slice(0, 2), ['reply', 'q1'], `after ${what} the connection goes on`)
      client.socket.terminate()
    }
  })
})

test('[ER-2] fields that are wrong are named, in both formats, and store nothing', async () => {
  const changed = (changes: object) => ['enter-call', 'c1', { ...CALL, ...changes }]
  const wrong: [path: string, tuple: unknown[], onlyIn?: Format][] = [
    ['call.lonE7', changed({ lonE7: 1_800_000_001 })],
    ['call.latE7', changed({ latE7: -900_000_001 })],
    ['call.latE7', changed({ latE7: 0.5 })],
    ['call.latE7', changed({ latE7: '0' })],
    ['call.lonE7', changed({ lonE7: Number.NaN })],
    ['call.lonE7', changed({ lonE7: Number.POSITIVE_INFINITY })],
    ['call.priority', changed({ priority: 0 })],
    ['call.priority', changed({ priority: true })],
    ['call.needs', changed({ needs: [] })],
    ['call.needs', changed({ needs: Array.from({ length: 9 }, () => CALL.needs[0]) })],
    ['call.needs.0.levelOfCare', changed({ needs: [{ levelOfCare: 'doctor' }] })],
    ['call.needs.0.capabilities.0', changed({ needs: [{ levelOfCare: 'als', capabilities: ['Ünïcode'] }] })],
    ['call.problem', changed({ problem: 'x'.repeat(33) })],
    ['call.problem', changed({ problem: 'a\0b' })],
    ['call.problem', changed({ problem: 'a\ud800b' }), 'json'],
    ['call.details.notes', changed({ details: { notes: 'nul \0' } })],
    ['call.details.notes', changed({ details: { notes: 'x'.repeat(2_001) } })],
    ['call.receivedAtMs', changed({ receivedAtMs: -1 })],
    ['call', ['enter-call', 'c1', null]],
    ['call', ['enter-call', 'c1', [1]]],
    ['id', ['enter-call', '', CALL]],
    ['id', ['enter-call', 'x'.repeat(65), CALL]],
    ['id', ['enter-call', 7, CALL]],
    ['tripId', ['cancel-trip', 'c1', "'; DROP TABLE log.records; --", 'other']],
    ['reason', ['cancel-trip', 'c1', trips.open, 'bored']],
    ['k', ['nearest', 'q1', 0, 0, 101, null]],
    ['lonE7', ['nearest', 'q1', 2_000_000_000, 0, 1, null]],
    ['fromPosition', ['watch-board', 'b1', -1]],
  ]
  await changingNothing(async () => {
    for (const format of FORMATS) {
      for (const [path, tuple, onlyIn] of wrong) {
        if (onlyIn !== undefined && onlyIn !== format) continue
        const client = await signIn('dispatcher', format)
        client.socket.send(sendable(frame(tuple, format), format))
        const { code, details } = await client.nextError()
        assert.deepEqual([code, (details as { path?: string })?.path], ['invalid-field', path], JSON.stringify(tuple))
        client.socket.terminate()
      }
    }
  })
})

test('commands that do not fit the state of things are refused by their code, and store nothing', async () => {
  const nobody = `akl.${'n'.repeat(21)}`
  const now = Date.now()
  const driver: [code: string, tuple: unknown[]][] = [
    ['unknown-offer', ['accept-offer', 'c1', nobody, now]],
    ['unknown-offer', ['decline-offer', 'c1', nobody, 'too-far']],
    ['unknown-trip', ['report-phase', 'c1', nobody, 'on-scene', now]],
    ['unknown-trip', ['close-trip', 'c1', `elsewhere.${'n'.repeat(21)}`, 'transported', now]],
    ['not-your-trip', ['close-trip', 'c1', trips.open, 'transported', now]],
    ['unit-off-duty', ['set-status', 'c1', 'unavailable', 'refuel', now]],
    ['unit-off-duty', ['sign-off', 'c1', now]],
    ['invalid-field', ['sign-on', 'c1', 'now']],
    ['invalid-field', ['set-status', 'c1', 'available', 'refuel', now]],
    ['unknown-stream', ['mark', 3]],
    ['unknown-stream', ['fix', 3, 0, [1, 0, 0, 0, null, null, null]]],
    ['fix-gap', ['fix', 0, 0, [2, 0, 0, 0, null, null, null]]],
    ['invalid-field', ['fix', 0, 0, [-1, 0, 0, 0, null, null, null]]],
    ['invalid-field', ['hint', 0, 0, [1, 0, 0, Number.NaN, null, null, null]]],
    ['wrong-role', ['enter-call', 'c1', CALL]],
    ['wrong-role', ['watch-board', 'c1', null]],
    ['hello-first', ['hello', 'h2', 'x', 'akl', 'driver', 'A2', now, []]],
  ]
  const desk: [code: string, tuple: unknown[]][] = [
    ['unknown-trip', ['cancel-trip', 'c1', nobody, 'other']],
    ['wrong-phase', ['cancel-trip', 'c1', trips.closed, 'other']],
    ['invalid-field', ['enter-call', 'c1', { ...CALL, receivedAtMs: 'now' }]],
    ['position-ahead', ['watch-board', 'c1', 1_000_000]],
    ['wrong-role', ['sign-on', 'c1', now]],
    ['wrong-role', ['fix', 0, 0, [1, 0, 0, 0, null, null, null]]],
  ]
  await changingNothing(async () => {
    for (const format of FORMATS) {
      for (const [role, attempts] of [
        ['driver', driver],
        ['dispatcher', desk],
      ] as const) {
        const client = await signIn(role, format)
        for (const [code, tuple] of attempts) {
          assert.equal(await refusal(client, sendable(frame(tuple, format), format)), code, JSON.stringify(tuple))
        }
        client.socket.terminate()
      }
    }
    // The crew that has a trip may not do everything with it.
    await assert.rejects(crew.reportPhase(trips.closed, 'on-scene'), { code: 'wrong-phase' })
    await assert.rejects(crew.signOff(), { code: 'unit-has-trip' })
    await assert.rejects(crew.becomeUnavailable('break'), { code: 'unit-has-trip' })
  })
})

test('[HS-6] a hello that nobody vouches for is refused and the connection closed', async () => {
  const token = await site.token()
  const forged = `${token.slice(0, -4)}${token.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`
  const [header, payload] = token.split('.')
  const unsigned = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${payload}.`
  const driverToken = await site.token({ role: 'driver', unit: 'A1' })
  const attempts: [code: string, token: string, region: string, role: string, unitId: string | null][] = [
    ['token-expired', await site.token({ ttlS: -5 }), 'akl', 'dispatcher', null],
    ['token-invalid', forged, 'akl', 'dispatcher', null],
    ['token-invalid', unsigned, 'akl', 'dispatcher', null],
    ['token-invalid', `${header}.${payload}.`, 'akl', 'dispatcher', null],
    ['token-invalid', 'x'.repeat(LIMITS.tokenChars), 'akl', 'dispatcher', null],
    ['wrong-role', token, 'akl', 'supervisor', null],
    ['wrong-region', token, 'other', 'dispatcher', null],
    ['unknown-region', await site.token({ regions: ['nowhere'] }), 'nowhere', 'dispatcher', null],
    ['wrong-unit', driverToken, 'akl', 'driver', 'A2'],
    ['unknown-unit', await site.token({ role: 'driver', unit: 'Z9' }), 'akl', 'driver', 'Z9'],
  ]
  await changingNothing(async () => {
    for (const format of FORMATS) {
      for (const [code, attempt, region, role, unitId] of attempts) {
        const client = await open(format)
        client.socket.send(
          sendable(frame(['hello', 'h1', attempt, region, role, unitId, Date.now(), []], format), format),
        )
        const error = await client.nextError()
        assert.deepEqual([error.id, error.code], ['h1', code])
        assert.equal((await client.closed).code, CLOSE_CODES.unauthenticated, code)
      }
      const early = await open(format)
      early.send(['watch-board', 'b1', null])
      assert.equal((await early.nextError()).code, 'hello-first')
      early.socket.terminate()
    }
  })
})

test('[HT-2] what is wrong with a request comes back as a problem document, and stores nothing', async () => {
  const body = { ...SCENE, priority: 2, needs: [{ levelOfCare: 'als' }] }
  const post = (key: string, text: string | Uint8Array<ArrayBuffer>, token?: string) =>
    site.http('/v1/calls', {
      method: 'POST',
      body: text,
      headers: key === '' ? {} : { 'idempotency-key': key },
      ...(token === undefined ? {} : { token }),
    })
  const changed = (changes: object) => JSON.stringify({ ...body, ...changes })
  const driver = await site.token({ role: 'driver', unit: 'A1' })
  await changingNothing(async () => {
    const attempts: [status: number, code: string, answer: ReturnType<Site['http']>][] = [
      [400, 'malformed-frame', post('k', '{"lonDeg":')],
      [400, 'malformed-frame', post('k', '')],
      [400, 'malformed-frame', post('k', changed({ lonDeg: 0 }).replace('"lonDeg":0', '"lonDeg":NaN'))],
      [400, 'malformed-frame', post('k', `${'['.repeat(20_000)}${']'.repeat(20_000)}`)],
      [400, 'malformed-frame', post('k', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]))],
      [413, 'frame-too-large', post('k', changed({ extra: 'x'.repeat(DEFAULT_LIMITS.httpBodyBytes) }))],
      [413, 'frame-too-large', post('k', 'x'.repeat(2_000_000))],
      [400, 'invalid-field', post('k', changed({ latDeg: 90.1 }))],
      [400, 'invalid-field', post('k', changed({ lonDeg: 1e308 }))],
      [400, 'invalid-field', post('k', changed({ lonDeg: '174' }))],
      [400, 'invalid-field', post('k', changed({ problem: 'a\0' }))],
      [400, 'invalid-field', post('k', changed({ details: { address: '\ud83d' } }))],
      [400, 'invalid-field', post('', JSON.stringify(body))],
      [400, 'invalid-field', post('not a key', JSON.stringify(body))],
      [403, 'wrong-role', post('k', JSON.stringify(body), driver)],
      [401, 'token-invalid', post('k', JSON.stringify(body), 'x.y.z')],
      [401, 'token-expired', post('k', JSON.stringify(body), await site.token({ ttlS: -5 }))],
      [403, 'wrong-region', site.http('/v1/units/nearest?region=other&lon=1&lat=1')],
      [400, 'invalid-field', site.http('/v1/units/nearest?region=akl&lon=NaN&lat=1')],
      [400, 'invalid-field', site.http('/v1/units/nearest?region=akl&lon=181&lat=1')],
      [400, 'invalid-field', site.http('/v1/units/nearest?region=akl&lat=1')],
      [404, 'unknown-trip', site.http(`/v1/trips/akl.${'n'.repeat(21)}`)],
      [404, 'unknown-trip', site.http('/v1/trips/%00')],
      [404, 'not-found', site.http('/v1/../../etc/passwd')],
      [405, 'method-not-allowed', site.http('/v1/calls', { method: 'DELETE' })],
    ]
    for (const [index, [status, code, answer]] of attempts.entries()) {
      const { status: seen, body: problem } = await answer
      assert.deepEqual([seen, problem.code, problem.status], [status, code, status], `attempt ${index}`)
    }
  })
})

test('bytes that are no HTTP, and requests that are cut off, leave the engine as it was', async () => {
  await changingNothing(async () => {
    const junk = [
      'GET\0/ HTTP/1.1\r\n\r\n',
      'POST /v1/calls HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n{',
      'POST /v1/calls HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n{',
      'POST /v1/calls HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      'GET /v1/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    ]
    for (const text of junk) {
      const socket = connect(site.port, '127.0.0.1')
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      socket.write(Buffer.from(text, 'latin1'))
      // Whatever it answers, or not at all.
      await Promise.race([once(socket, 'data'), once(socket, 'close'), new Promise(resolve => setTimeout(resolve, 50))])
      socket.destroy()
    }
  })
})

test('[ER-4] a client that goes on sending bad frames is closed with 4400', async () => {
  await changingNothing(async () => {
    const client = await signIn('driver', 'binary')
    for (let i = 0; i < DEFAULT_LIMITS.badFrames; i += 1) client.socket.send(hex('c1'))
    assert.equal((await client.closed).code, CLOSE_CODES.protocolAbuse)
  })
})
