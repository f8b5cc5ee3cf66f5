/** `docs/protocol/core.md`: transport, envelope, versions. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { CLIENT_TYPES, SERVER_TYPES } from '../../../src/protocol/wire/message-types.ts'
import { hex } from '../../protocol/frames.ts'
import { CALL, FORMATS, fixAt, PLACE, Stage } from './stage.ts'

const ordered = { mode: 'ordered', units: ['A1', 'A2'] } as const
const stage = new Stage({ akl: ordered, units: ordered })
const region = 'akl'
/** A call that none of these units can serve. */
const FAR = { ...CALL, needs: [{ levelOfCare: 'cct', capabilities: ['neonatal'] }] }

test('[TR-1] the server takes the first subprotocol of the client’s list that it knows, and none without one', async () => {
  const url = `ws://127.0.0.1:${stage.site.port}/v1/ws`
  for (const [offered, taken] of [
    [['goldenhour.v9', 'goldenhour.v1', 'goldenhour.v1.json'], 'goldenhour.v1'],
    [['goldenhour.v1.json', 'goldenhour.v1'], 'goldenhour.v1.json'],
  ] as const) {
    const socket = new WebSocket(url, [...offered])
    await once(socket, 'open')
    assert.equal(socket.protocol, taken)
    socket.terminate()
  }
  for (const offered of [[], ['goldenhour.v9']]) {
    const socket = new WebSocket(url, offered)
    const [, response] = await once(socket, 'unexpected-response')
    assert.equal(response.statusCode, 400)
    response.destroy()
  }
})

test('[TR-2] a text frame on the binary subprotocol, or the reverse, is malformed-frame; one frame is one message', async () => {
  for (const format of FORMATS) {
    const desk = await stage.desk({ region, format })
    const text = JSON.stringify(['unwatch-board', 'c1'])
    desk.socket.send(format === 'binary' ? text : Buffer.from(text))
    assert.equal(await desk.refusal(null), 'malformed-frame')
    const two = format === 'binary' ? hex('92 18 a2 6331 92 18 a2 6332') : `${text}\n${text}`
    desk.socket.send(two)
    assert.equal(await desk.refusal(null), 'malformed-frame')
    await desk.ask('unwatch-board')
  }
})

test('[TR-5] a token in a URL opens nothing, over either door', async () => {
  const token = await stage.site.token()
  const silent = await stage.open('json', `/v1/ws?token=${token}&access_token=${token}`)
  assert.equal(await silent.refused('unwatch-board'), 'hello-first')
  const path = `/v1/units/nearest?region=akl&lon=174.76&lat=-36.85&token=${token}&access_token=${token}`
  const response = await fetch(`http://127.0.0.1:${stage.site.port}${path}`, { headers: { connection: 'close' } })
  assert.deepEqual([response.status, ((await response.json()) as { code: string }).code], [401, 'token-missing'])
})

test('[EN-1] a type is a small integer in MessagePack and a name in JSON, in both directions, and never the other', async () => {
  for (const format of FORMATS) {
    const desk = await stage.desk({ region, format })
    const [right, wrong] = format === 'json' ? ['nearest', CLIENT_TYPES.nearest] : [CLIENT_TYPES.nearest, 'nearest']
    const query = [PLACE.lonE7, PLACE.latE7, 1, null]
    const raw = once(desk.socket, 'message')
    desk.socket.send(encoded([wrong, 'c1', ...query], format))
    assert.equal(await desk.refusal('c1'), 'unknown-type')
    desk.socket.send(encoded([right, 'c2', ...query], format))
    await desk.reply('c2')
    const [bytes] = (await raw) as [Buffer]
    if (format === 'json') assert.equal(JSON.parse(bytes.toString())[0], 'error')
    else assert.deepEqual([...bytes.subarray(0, 2)], [0x95, SERVER_TYPES.error])
  }
})

test('[EN-2] an id is 1 to 64 of its characters and comes back with the answer; fixes, hints and marks have none', async () => {
  for (const format of FORMATS) {
    const desk = await stage.desk({ region, format })
    for (const id of ['x', 'A_z-09', 'i'.repeat(64)]) {
      desk.send('unwatch-board', id)
      await desk.reply(id)
    }
    for (const id of ['', 'i'.repeat(65), 'a b', 'ä', 7, null]) {
      desk.send('unwatch-board', id)
      assert.equal(await desk.refusal(null), 'invalid-field id')
    }
    const driver = await stage.driver('A1', { region, format })
    driver.send('fix', 0, 0, fixAt(1))
    driver.send('hint', 0, 0, fixAt(2))
    await driver.ask('sign-on', Date.now())
    assert.deepEqual(
      (await driver.heardSoFar()).filter(([type]) => type === 'reply' || type === 'error'),
      [],
    )
    driver.send('mark', 0)
    assert.deepEqual((await driver.hear('marks')).slice(0, 2), ['marks', 0])
  }
})

test('[EN-3] elements behind the known ones and unknown keys are ignored; behind fixes only a map is', async () => {
  for (const format of FORMATS) {
    const desk = await stage.desk({ region, format })
    const more = [{ later: [1, { deep: null }] }, 'later', 7]
    await desk.ask('enter-call', { ...FAR, later: { of: 'v2' }, needs: [{ ...FAR.needs[0], later: 1 }] }, ...more)
    await desk.ask('unwatch-board', ...more)
    const driver = await stage.driver('A1', { region, format, streams: [[`en3-${format}`, 'gnss', 1]] })
    driver.send('fix', 0, 0, [...fixAt(1), 'later', 8], { later: 1 })
    driver.send('mark', 0, 'later')
    await driver.hear('marks', ([, , durableSeq]) => durableSeq === 1)
    driver.send('fix', 0, 0, fixAt(2), 'later')
    assert.equal(await driver.refusal(null), 'invalid-field fixes.1')
  }
})

test('[EN-4] a traceparent behind the known elements or last is kept with the record; a malformed one is ignored', async () => {
  const trace = (digit: string) => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`
  for (const format of FORMATS) {
    const desk = await stage.desk({ region, format })
    const kept: [expected: string | null, elements: unknown[]][] = [
      [trace('a'), [{ traceparent: trace('a') }]],
      [trace('b'), [{ traceparent: trace('b') }, 'later']],
      [trace('c'), ['later', { traceparent: trace('c') }]],
      [null, [{ traceparent: trace('d').slice(1) }]],
      [null, [{ traceparent: trace('0') }]],
      [null, [{ traceparent: 7 }]],
      [null, []],
    ]
    for (const [expected, elements] of kept) {
      const { position } = await desk.ask('enter-call', FAR, ...elements)
      const sql = 'SELECT trace FROM log.records WHERE region = $1 AND position = $2'
      assert.deepEqual(await stage.site.query(sql, [region, position]), [{ trace: expected }])
    }
  }
})

test('[EN-5] extension types, binary strings and bytes behind the value are malformed; widths do not matter', async () => {
  const desk = await stage.desk({ region, format: 'binary' })
  for (const [what, digits] of [
    ['a timestamp behind the known elements', '93 18 a2 6331 d6ff 00000000'],
    ['a binary string', '93 18 a2 6331 c4 01 00'],
    ['bytes behind the value', '92 18 a2 6331 c0'],
    ['a map with a number as its key', '93 18 a2 6331 81 01 02'],
  ] as const) {
    desk.socket.send(hex(digits))
    assert.equal(await desk.refusal(null), 'malformed-frame', what)
  }
  // The same query with its k as one byte, as 64 bits, and as a float.
  for (const k of ['03', 'cf 0000000000000003', 'd3 0000000000000003', 'cb 4008000000000000', 'ca 40400000']) {
    desk.socket.send(hex(`96 16 a2 6331 ce 682ac368 d2 ea095d78 ${k} c0`))
    await desk.reply('c1')
  }
  desk.socket.send(hex('96 16 a2 6331 ce 682ac368 d2 ea095d78 cb 4009000000000000 c0'))
  assert.equal(await desk.refusal('c1'), 'invalid-field k')
})

test('[EN-9] characters are counted as a person counts them, in both formats, and code units are bounded', async () => {
  for (const format of FORMATS) {
    const desk = await stage.desk({ region, format })
    for (const one of ['🚑', 'é', '\u0ba8\u0bbf']) {
      await desk.ask('enter-call', { ...FAR, problem: one.repeat(32) })
      assert.equal(await desk.refused('enter-call', { ...FAR, problem: one.repeat(33) }), 'invalid-field call.problem')
    }
    const marked = `a${'\u0301'.repeat(32 * 8)}`
    assert.equal(await desk.refused('enter-call', { ...FAR, problem: marked }), 'invalid-field call.problem')
  }
})

test('[EN-6] NUL and lone surrogates are refused in every string, ignored ones included', async () => {
  for (const format of FORMATS) {
    const desk = await stage.desk({ region, format })
    assert.equal(await desk.refused('enter-call', { ...FAR, problem: 'a\0b' }), 'invalid-field call.problem')
    assert.match(await desk.refused('unwatch-board', 'ignored \0'), /^invalid-field/)
    assert.match(await desk.refused('unwatch-board', { 'ignored \0': 1 }), /^invalid-field/)
  }
  const desk = await stage.desk({ region, format: 'json' })
  desk.socket.send('["unwatch-board","c1","ignored \\ud800"]')
  assert.match(await desk.refusal('c1'), /^invalid-field/)
  const binary = await stage.desk({ region, format: 'binary' })
  binary.socket.send(hex('93 18 a2 6331 a3 eda080'))
  assert.equal(await binary.refusal(null), 'malformed-frame')
})

test('[EN-7] places are 1e-7 degree, speeds centimetres a second, headings tenths of a degree, moments epoch milliseconds', async () => {
  const own = 'units'
  const driver = await stage.driver('A1', { region: own })
  await driver.ask('sign-on', Date.now())
  driver.send('fix', 0, 0, [1, 0, 1_747_633_001, -368_485_002, 50, 1_390, 2_705])
  driver.send('mark', 0)
  await driver.hear('marks')
  const desk = await stage.desk({ region: own, format: 'json' })
  const { result } = await desk.ask('nearest', 1_747_633_001, -368_485_002, 1, null)
  const [unit] = result.units as [{ distanceM: number; fix: Record<string, number> }]
  assert.equal(unit.distanceM, 0)
  const { lonE7, latE7, speedMps, headingDeg, fixedAtMs } = unit.fix
  assert.deepEqual([lonE7, latE7, speedMps, headingDeg], [1_747_633_001, -368_485_002, 13.9, 270.5])
  assert.ok(Math.abs(fixedAtMs! - Date.now()) < 60_000)
  const { position } = await desk.ask('enter-call', { ...FAR, lonE7: -1_799_999_999, latE7: 899_999_999 })
  const [event] = (await stage.site.records(own)).find(record => record.position === position)!.events
  assert.ok(event?.type === 'CallEntered')
  assert.deepEqual([event.lonDeg, event.latDeg], [-179.999_999_9, 89.999_999_9])
})

test('[EN-8] regions, units, streams and the ids of calls, trips and offers have their forms, and no other is read', async () => {
  const desk = await stage.desk({ region })
  const { result } = await desk.ask('enter-call', FAR)
  const { callId, tripIds } = result as { callId: string; tripIds: string[] }
  for (const id of [callId, ...tripIds]) assert.match(id, /^akl\.[A-Za-z0-9_-]{21}$/)
  for (const id of ['akl.short', `AKL.${'n'.repeat(21)}`, `akl.${'n'.repeat(22)}`, 'n'.repeat(25), '']) {
    assert.equal(await desk.refused('cancel-trip', id, 'other'), 'invalid-field tripId', id)
  }
  const stranger = await stage.open()
  const good: readonly unknown[] = ['token', 'akl', 'driver', 'A1', Date.now(), []]
  for (const [path, place, value] of [
    ['region', 1, 'Akl'],
    ['region', 1, 'a'.repeat(17)],
    ['unitId', 3, 'A 1'],
    ['unitId', 3, 'A'.repeat(33)],
    ['streams.0.0', 5, [['s.1', 'gnss', 1]]],
    ['streams.0.0', 5, [['s'.repeat(33), 'gnss', 1]]],
  ] as const) {
    assert.equal(await stranger.refused('hello', ...good.with(place, value)), `invalid-field ${path}`)
  }
})

test('[VN-3] what is newer than the server is unknown-type or an ignored element, and the connection goes on', async () => {
  for (const format of FORMATS) {
    const desk = await stage.desk({ region, format })
    assert.equal(await desk.refused(format === 'json' ? 'a-later-message' : 99, 1), 'unknown-type')
    await desk.ask('nearest', PLACE.lonE7, PLACE.latE7, 1, null, 'a later element')
  }
})

test('[VN-4] a client that knows a later version as well gets this one from a server that does not', async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${stage.site.port}/v1/ws`, ['goldenhour.v2', 'goldenhour.v1.json'])
  await once(socket, 'open')
  assert.equal(socket.protocol, 'goldenhour.v1.json')
  socket.terminate()
})

function encoded(tuple: readonly unknown[], format: string): Buffer | string {
  if (format === 'json') return JSON.stringify(tuple)
  const head = typeof tuple[0] === 'number' ? [tuple[0]] : [0xa7, ...Buffer.from(tuple[0] as string)]
  // ["c1" or "c2", lonE7, latE7, 1, null] behind the type, written by hand.
  const body = Buffer.alloc(15)
  body.set([0xa2, ...Buffer.from(tuple[1] as string), 0xd2], 0)
  body.writeInt32BE(tuple[2] as number, 4)
  body[8] = 0xd2
  body.writeInt32BE(tuple[3] as number, 9)
  body.set([0x01, 0xc0], 13)
  return Buffer.from([0x96, ...head, ...body])
}
