/** The one rule of PROTOCOL.md that takes more than a minute to show. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { frame } from '../../protocol/frames.ts'
import { Stage } from './stage.ts'

const stage = new Stage({ akl: { mode: 'ordered', units: ['A1'] } })
const SILENCE_MS = 60_000

test('[TR-3] the server pings; who is silent for 60 s, pongs included, is closed, and who answers pings is not', async t => {
  const desk = await stage.desk({ region: 'akl' })
  let pings = 0
  desk.socket.on('ping', () => {
    pings += 1
  })
  const mute = connect(stage.site.port, '127.0.0.1')
  t.after(() => mute.destroy())
  const upgrade = [
    'GET /v1/ws HTTP/1.1',
    'Host: x',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`,
    'Sec-WebSocket-Protocol: goldenhour.v1',
  ]
  mute.write(`${upgrade.join('\r\n')}\r\n\r\n`)
  await once(mute, 'data')
  // With hello sent in time only the silence can end it: a masked frame, its mask zero.
  const token = await stage.site.token()
  const hello = frame(['hello', 'h1', token, 'akl', 'dispatcher', null, Date.now(), []], 'binary')
  mute.write(Buffer.concat([Buffer.from([0x82, 0xfe, hello.length >> 8, hello.length & 0xff, 0, 0, 0, 0]), hello]))
  await once(mute, 'data')
  const silentSince = performance.now()
  mute.resume()
  await once(mute, 'close')
  const silentMs = performance.now() - silentSince
  assert.ok(silentMs > SILENCE_MS - 10_000 && silentMs < SILENCE_MS + 20_000, `closed after ${silentMs} ms`)
  assert.ok(pings > 0)
  await desk.ask('unwatch-board')
})
