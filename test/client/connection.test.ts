/** How a session is kept up: over real sockets, against a server that follows a script. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import {
  ClientClosed,
  type ClientFault,
  CommandRefused,
  connect,
  type DriverClient,
  SignInRefused,
} from '../../src/client/index.ts'
import type { ClientMessage } from '../../src/protocol/wire/client-tuples.ts'
import { within } from '../support/within.ts'
import { ModelEngine } from './model-engine.ts'
import { type Peer, ScriptedServer } from './scripted-server.ts'
import { VirtualTime } from './virtual-time.ts'

let server: ScriptedServer
const clients: { close(): void }[] = []

beforeEach(async () => {
  server = await ScriptedServer.listen()
})
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
  server.close()
})

function driver(more: Partial<Parameters<typeof connect>[0]> = {}): DriverClient {
  const client = connect({
    url: more.url ?? server.url,
    token: 'token',
    region: 'akl',
    role: 'driver',
    unitId: 'A1',
    // Reconnects at once: full jitter begins at no delay at all.
    random: () => 0,
    ...more,
  } as Parameters<typeof connect>[0] & { role: 'driver' }) as DriverClient
  clients.push(client)
  return client
}

const faultOf = (client: DriverClient) =>
  new Promise<ClientFault>(resolve => {
    const stop = client.onFault(fault => {
      stop()
      resolve(fault)
    })
  })
/** Turns of the loop, in which what was sent from here to here arrives. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(resolve => setImmediate(resolve))
}
const endOf = (client: DriverClient) => new Promise<ClientClosed>(resolve => client.onClosed(resolve))
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 2))
}

for (const format of ['binary', 'json'] as const) {
  test(`a session opens with hello and welcome, and a command gets its reply (${format})`, async () => {
    const client = driver({ format })
    const states: string[] = []
    client.onConnection(state => states.push(state))
    const peer = await server.peer()
    assert.equal(peer.format, format)
    const hello = await peer.welcome()
    await client.opened()
    assert.deepEqual(states, ['connecting', 'greeting', 'open'])
    const [, id, token, region, role, unitId, clientNowMs, streams] = hello
    assert.match(id, /^[A-Za-z0-9_-]{21}$/)
    assert.deepEqual([token, region, role, unitId], ['token', 'akl', 'driver', 'A1'])
    assert.ok(Math.abs(clientNowMs - Date.now()) < 10_000)
    assert.deepEqual(streams, [[client.streamId, 'gnss', 1]])

    const signedOn = client.signOn({ happenedAtMs: 5 })
    const [, commandId, happenedAtMs] = await peer.next('sign-on')
    assert.equal(happenedAtMs, 5)
    peer.send(['reply', commandId, 17, { unitId: 'A1' }])
    assert.deepEqual(await signedOn, { id: commandId, position: 17, result: { unitId: 'A1' } })
  })
}

test('[HS-9] unanswered commands go out again after welcome, under their ids, unchanged and in order', async () => {
  const client = driver()
  const first = client.signOn({ id: 'one' })
  const second = client.acceptOffer('akl.offer')
  const peer = await server.peer()
  await peer.welcome()
  const sent: ClientMessage[] = [await peer.next('sign-on'), await peer.next('accept-offer')]
  const third = client.becomeUnavailable('break')
  sent.push(await peer.next('set-status'))
  peer.send(['reply', sent[1]![1] as string, 2, {}])
  await second
  peer.socket.terminate()

  const again = await server.peer()
  await again.welcome()
  assert.deepEqual(await again.next('sign-on'), sent[0])
  assert.deepEqual(await again.next('set-status'), sent[2])
  again.send(['reply', sent[2]![1] as string, 4, {}])
  again.send(['reply', 'one', 3, {}])
  assert.equal((await first).position, 3)
  assert.equal((await third).position, 4)
  assert.equal(client.commandsPending, 0)
  assert.equal(client.reconnects, 1)
})

test('a refusal rejects with its code, message and details', async () => {
  const client = driver()
  const peer = await server.peer()
  await peer.welcome()
  const command = client.acceptOffer('akl.gone')
  const [, id] = await peer.next('accept-offer')
  peer.send(['error', id, 'unknown-offer', 'The offer is not open.', { offerId: 'akl.gone' }])
  await assert.rejects(command, (error: CommandRefused) => {
    assert.ok(error instanceof CommandRefused)
    assert.deepEqual([error.code, error.message, error.commandId], ['unknown-offer', 'The offer is not open.', id])
    assert.deepEqual(error.details, { offerId: 'akl.gone' })
    return true
  })
})

test('[CM-7] a retryable refusal is tried again under the same id, unless the caller says no', async () => {
  const client = driver()
  const peer = await server.peer()
  await peer.welcome()
  const patient = client.signOff()
  const [, id] = await peer.next('sign-off')
  peer.send(['error', id, 'overloaded', 'busy', { retryAfterMs: 5 }])
  assert.equal((await peer.next('sign-off'))[1], id)
  peer.send(['error', id, 'unavailable', 'starting', null])
  assert.equal((await peer.next('sign-off'))[1], id)
  peer.send(['error', id, 'rate-limited', 'Too many commands.', { retryAfterMs: 5 }])
  assert.equal((await peer.next('sign-off'))[1], id)
  peer.send(['reply', id, 1, {}])
  assert.equal((await patient).position, 1)

  const hasty = client.signOn({ retry: false })
  const [, hastyId] = await peer.next('sign-on')
  peer.send(['error', hastyId, 'unavailable', 'starting', null])
  await assert.rejects(hasty, { name: 'CommandRefused', code: 'unavailable' })
})

test('a command refused as internal again and again is given up', async () => {
  const client = driver()
  const peer = await server.peer()
  await peer.welcome()
  const command = client.signOn()
  const outcome = assert.rejects(command, { name: 'CommandRefused', code: 'internal' })
  for (let i = 0; i < 8; i += 1) peer.send(['error', (await peer.next('sign-on'))[1], 'internal', 'ours', null])
  await outcome
})

test('a command can be repeated on purpose, with the same id and body', async () => {
  const client = driver()
  const peer = await server.peer()
  await peer.welcome()
  const command = client.signOn()
  const sent = await peer.next('sign-on')
  peer.send(['reply', sent[1], 9, {}])
  const outcome = await command
  const repeated = client.repeat(outcome.id)
  assert.deepEqual(await peer.next('sign-on'), sent)
  peer.send(['reply', sent[1], 9, {}])
  assert.deepEqual(await repeated, outcome)
  await assert.rejects(client.repeat('never-sent'), /never-sent/)
})

test('closing rejects what is unanswered and comes back never', async () => {
  const client = driver()
  const peer = await server.peer()
  await peer.welcome()
  const command = client.signOn()
  client.report({ lonDeg: 1, latDeg: 2 })
  const mark = client.mark()
  client.signOff() // nobody waits for this one: its rejection must not end the process
  const end = endOf(client)
  client.close()
  await assert.rejects(command, { name: 'ClientClosed', reason: 'closed' })
  await assert.rejects(mark, { name: 'ClientClosed' })
  await assert.rejects(client.signOn(), ClientClosed)
  await assert.rejects(client.opened(), ClientClosed)
  await assert.rejects(client.mark(), ClientClosed)
  assert.equal((await end).reason, 'closed')
  await peer.closed
  await new Promise(resolve => setTimeout(resolve, 30))
  assert.equal(server.connections, 1)
})

test('[HS-8] a client that was superseded stays away', async () => {
  const client = driver()
  const peer = await server.peer()
  await peer.welcome()
  const command = client.signOn()
  await peer.next('sign-on')
  const end = endOf(client)
  peer.socket.close(4409, 'superseded')
  assert.equal((await end).reason, 'superseded')
  await assert.rejects(command, { name: 'ClientClosed', reason: 'superseded' })
  await new Promise(resolve => setTimeout(resolve, 30))
  assert.equal(server.connections, 1)
  assert.equal(client.connectionState, 'closed')
})

async function refuse(peer: Peer, code: string): Promise<string> {
  const [, id, token] = await peer.next('hello')
  peer.send(['error', id, code, 'no', null])
  peer.socket.close(4401)
  return token
}

test('a refused token that cannot be refreshed ends the client', async () => {
  const client = driver({ token: 'old' })
  const end = endOf(client)
  await refuse(await server.peer(), 'token-expired')
  assert.deepEqual(((await end) as ClientClosed).refusal, { code: 'token-expired', message: 'no', details: null })
  await new Promise(resolve => setTimeout(resolve, 30))
  assert.equal(server.connections, 1)
})

test('a refused token is mended by a fresh one, once', async () => {
  let tokens = 0
  const client = driver({ token: async () => `token-${++tokens}` })
  assert.equal(await refuse(await server.peer(), 'token-expired'), 'token-1')
  const end = endOf(client)
  assert.equal(await refuse(await server.peer(), 'token-invalid'), 'token-2')
  assert.equal((await end).reason, 'refused')
  assert.equal(tokens, 2)
})

for (const code of ['token-invalid', 'token-expired'] as const) {
  test(`a new connection shows the ticket of the last welcome, and the token again when that is ${code}`, async () => {
    let tokens = 0
    const client = driver({ token: async () => `token-${++tokens}` })
    let peer = await server.peer()
    assert.equal((await peer.welcome({ ticket: 'ticket-1' }))[2], 'token-1')
    await client.opened()
    peer.socket.terminate()
    peer = await server.peer()
    assert.equal((await peer.welcome({ ticket: 'ticket-2' }))[2], 'ticket-1')
    await client.opened()
    peer.socket.terminate()
    assert.equal(await refuse(await server.peer(), code), 'ticket-2')
    // A fresh start: the token may be refused once, and be mended.
    assert.equal(await refuse(await server.peer(), code), 'token-2')
    assert.equal((await (await server.peer()).welcome())[2], 'token-3')
    await client.opened()
  })
}

test('a fixed token is shown again, once, when the ticket is refused', async () => {
  const client = driver()
  const peer = await server.peer()
  await peer.welcome({ ticket: 'ticket-1' })
  await client.opened()
  peer.socket.terminate()
  assert.equal(await refuse(await server.peer(), 'token-expired'), 'ticket-1')
  const end = endOf(client)
  assert.equal(await refuse(await server.peer(), 'token-expired'), 'token')
  assert.equal((await end).reason, 'refused')
})

test('a client that was sent away for being too many comes back after two seconds, not at once', async () => {
  const time = new VirtualTime()
  const engine = new ModelEngine(time, () => 0)
  const client = driver({ url: 'ws://model', timers: time, webSocket: engine.socketClass() })
  await time.advance(1_000)
  engine.socket!.break(4429)
  await time.advance(1_999)
  assert.deepEqual([client.connectionState, engine.sockets.length], ['waiting', 1])
  await time.advance(200)
  assert.deepEqual([client.connectionState, engine.sockets.length], ['open', 2])
})

test('a session that the server ended shows its ticket no more', async () => {
  let tokens = 0
  const client = driver({ token: async () => `token-${++tokens}` })
  const peer = await server.peer()
  await peer.welcome({ ticket: 'ticket-1' })
  await client.opened()
  peer.socket.close(4401, 'signed out')
  assert.equal((await (await server.peer()).welcome())[2], 'token-2')
})

test('a hello that the server had no time to read leaves the ticket good', async () => {
  let tokens = 0
  const client = driver({ token: async () => `token-${++tokens}` })
  let peer = await server.peer()
  await peer.welcome({ ticket: 'ticket-1' })
  await client.opened()
  peer.socket.terminate()
  peer = await server.peer()
  assert.equal((await peer.next('hello'))[2], 'ticket-1')
  peer.socket.close(4401, 'no valid hello in time')
  assert.equal((await (await server.peer()).welcome())[2], 'ticket-1')
})

test('a sign-in that has ended ends the client, and one that is only slow does not', async () => {
  const refusals = ['rate-limited', 'refresh-refused']
  const client = driver({
    token: async () => {
      throw new SignInRefused({ code: refusals.shift()!, message: 'Sign in again.', details: null })
    },
  })
  const end = await endOf(client)
  assert.deepEqual([end.reason, end.refusal?.code, refusals], ['refused', 'refresh-refused', []])
  assert.equal(server.connections, 0)
})

for (const code of ['too-many-connections', 'rate-limited'] as const) {
  test(`a hello refused as ${code} is tried again after its pause and a share of it, not before`, async () => {
    const client = driver({ random: () => 0.5, heartbeatMs: 10_000 })
    const peer = await server.peer()
    const [, id] = await peer.next('hello')
    const toldAtMs = performance.now()
    peer.send(['error', id, code, 'Too many.', { retryAfterMs: 100 }])
    const again = await server.peer()
    assert.ok(performance.now() - toldAtMs >= 120)
    await again.welcome()
    await client.opened()
  })
}

test('a token that is not to be had is asked for again', async () => {
  let asked = 0
  const client = driver({
    token: async () => {
      asked += 1
      if (asked === 1) throw new Error('login is down')
      return 'token'
    },
  })
  const fault = await faultOf(client)
  assert.equal(fault.kind, 'token')
  assert.equal((fault.cause as Error).message, 'login is down')
  await (await server.peer()).welcome()
  await client.opened()
})

test('an engine that is starting is tried again', async () => {
  const client = driver()
  const peer = await server.peer()
  const [, id] = await peer.next('hello')
  peer.send(['error', id, 'unavailable', 'starting', { retryAfterMs: 1 }])
  await (await within('it tries again', server.peer())).welcome()
  await within('it is welcomed', client.opened())
})

test('[HS-10] going-away is obeyed: the client comes back after the advised delay, not before', async () => {
  const client = driver()
  const peer = await server.peer()
  await peer.welcome()
  await client.opened()
  const toldAtMs = performance.now()
  peer.send(['going-away', 120, 1_000])
  peer.socket.close(4503)
  const again = await server.peer()
  assert.ok(performance.now() - toldAtMs >= 110)
  await again.welcome()
  await client.opened()
})

test('going-away of an engine that does not close is left all the same', async () => {
  const client = driver()
  const peer = await server.peer()
  await peer.welcome()
  await client.opened()
  peer.send(['going-away', 20, 0])
  await within('it leaves', peer.closed)
  await (await within('it comes back', server.peer())).welcome()
  await within('it is welcomed', client.opened())
})

const GARBAGE: [string, (peer: Peer) => void][] = [
  ['bytes that are no message', peer => peer.socket.send(Uint8Array.of(0xc1, 0xff))],
  ['text that is no message', peer => peer.socket.send('{')],
  ['something that is no tuple', peer => peer.socket.send('{"a":1}')],
  ['an empty frame', peer => peer.socket.send(new Uint8Array(0))],
  ['marks of the wrong shape', peer => peer.socket.send('["marks",0,"all"]')],
  ['a state without a unit', peer => peer.socket.send('["unit-state",4,{}]')],
  ['a reply without a position', peer => peer.socket.send('["reply","x"]')],
]
for (const [what, send] of GARBAGE) {
  test(`${what} costs the connection, is told and counted, and loses nothing`, async () => {
    const client = driver()
    const peer = await server.peer()
    await peer.welcome()
    const command = client.signOn()
    const sent = await peer.next('sign-on')
    const fault = faultOf(client)
    send(peer)
    assert.equal((await fault).kind, 'bad-server-data')
    const again = await server.peer()
    await again.welcome()
    assert.deepEqual(await again.next('sign-on'), sent)
    again.send(['reply', sent[1], 1, {}])
    await command
    assert.equal(client.badFrames, 1)
  })
}

test('a welcome that makes no sense costs the connection', async () => {
  const client = driver()
  const peer = await server.peer()
  const fault = faultOf(client)
  await peer.welcome({ clock: { nowMs: 1, anchorRegionMs: 1, anchorWallMs: 1, rate: 0 } })
  assert.equal((await fault).kind, 'bad-server-data')
  await (await server.peer()).welcome()
  await client.opened()
})

test('[VN-2] a message of a type added later is left aside', async () => {
  const client = driver()
  const peer = await server.peer()
  await peer.welcome()
  await client.opened()
  peer.socket.send('["weather",1]')
  const command = client.signOn()
  peer.send(['reply', (await peer.next('sign-on'))[1], 1, {}])
  await command
  assert.equal(client.badFrames, 0)
  assert.equal(server.connections, 1)
})

test('a connection gone silent is probed, then replaced', async () => {
  const HEARTBEAT_MS = 3_600_000
  let beat = () => {}
  const client = driver({
    heartbeatMs: HEARTBEAT_MS,
    timers: {
      now: () => Date.now(),
      // The heart beats when the test says so: a machine that stands still for a while is no silence.
      setTimeout: (run, ms) => {
        if (ms !== HEARTBEAT_MS) return setTimeout(run, ms)
        beat = run
      },
      clearTimeout: timer => clearTimeout(timer as NodeJS.Timeout | undefined),
    },
  })
  const peer = await server.peer()
  await peer.welcome()
  await client.opened()
  // The server answers for a while: pings by itself, and questions where the platform's sockets send no pings …
  let probes = 0
  peer.socket.on('ping', () => (probes += 1))
  peer.socket.on('message', () => {
    probes += 1
    peer.send(['marks', 0, 0])
  })
  for (let round = 1; round <= 3; round += 1) {
    while (probes < round) {
      beat()
      await turns(20)
      assert.equal(client.connectionState, 'open')
    }
  }
  // … until nothing is read from its end of the connection any more.
  ;(peer.socket as unknown as { _socket: { pause(): void } })._socket.pause()
  const lost = faultOf(client)
  for (let beats = 0; beats < 3; beats += 1) beat()
  const fault = await lost
  assert.equal(fault.message, 'The server has gone silent.')
  await (await server.peer()).welcome()
  await client.opened()
})

test('a command that nobody answers costs the connection, and is sent again on the next', async () => {
  const client = driver({ heartbeatMs: 30 })
  const peer = await server.peer()
  await peer.welcome()
  const command = client.signOn()
  const sent = await peer.next('sign-on')
  const again = await server.peer()
  await again.welcome()
  assert.deepEqual(await again.next('sign-on'), sent)
  again.send(['reply', sent[1], 1, {}])
  await command
})

test('an engine that is not there is tried until it is', async () => {
  const { url } = server
  server.close()
  const client = driver({ url })
  assert.equal((await faultOf(client)).kind, 'connection')
  server = await ScriptedServer.listen(Number(new URL(url).port))
  await (await server.peer()).welcome()
  await client.opened()
})

for (const hears of ['onConnection', 'onFault'] as const) {
  test(`a command during which the client is closed by its owner is rejected (${hears})`, async () => {
    const time = new VirtualTime()
    const engine = new ModelEngine(time, () => 0.5)
    const client = driver({ timers: time, webSocket: engine.socketClass() })
    await time.advance(1_000)
    assert.equal(client.connectionState, 'open')
    client[hears](() => client.close())
    time.sleep(600_000)
    const outcomes: unknown[] = []
    client.signOn().then(
      outcome => outcomes.push(outcome),
      error => outcomes.push(error),
    )
    await time.advance(1_000)
    assert.equal(client.connectionState, 'closed')
    assert.deepEqual([outcomes.length, client.commandsPending], [1, 0])
    assert.ok(outcomes[0] instanceof ClientClosed)
  })
}

test('a mistake in a handler is thrown apart, and does not disturb the connection', async t => {
  const mistakes: unknown[] = []
  t.mock.method(globalThis, 'queueMicrotask', (run: () => void) => {
    void Promise.resolve()
      .then(run)
      .catch(mistake => mistakes.push(mistake))
  })
  const client = driver()
  client.onConnection(state => {
    if (state === 'open') throw new Error('in a handler')
  })
  const peer = await server.peer()
  await peer.welcome()
  await client.opened()
  await until(() => mistakes.length > 0)
  assert.equal((mistakes[0] as Error).message, 'in a handler')
  assert.equal(client.connectionState, 'open')
})

test('a command too large for a frame is rejected here, where its id is known', async () => {
  const client = driver()
  const peer = await server.peer()
  await peer.welcome()
  await client.opened()
  await assert.rejects(client.acceptOffer('x'.repeat(20_000)), RangeError)
  const command = client.signOn()
  peer.send(['reply', (await peer.next('sign-on'))[1], 1, {}])
  await command
})

test('a first connection that fails while nobody listens is told once, with the address and what may be wrong', async () => {
  const warnings: string[] = []
  const nobody = 'ws://127.0.0.1:1'
  const client = driver({ url: nobody, warn: message => void warnings.push(message) })
  await until(() => warnings.length > 0 && client.connectionState === 'waiting')
  let tries = 0
  client.onConnection(state => {
    if (state === 'connecting') tries += 1
  })
  await until(() => tries > 2)
  assert.equal(warnings.length, 1)
  assert.match(warnings[0]!, /^goldenhour: not connected to ws:\/\/127\.0\.0\.1:1\/v1\/ws yet: .*wss:\/\/.*onFault/)
})

test('an end that nobody listens for is told, and one that a listener or a command hears of is not', async () => {
  const warnings: string[] = []
  const warn = (message: string) => void warnings.push(message)
  const refuse = async () => {
    const peer = await server.peer()
    const [, id] = await peer.next('hello')
    peer.send(['error', id, 'wrong-role', 'A driver may not do this.', null])
    peer.socket.close(4403, 'wrong-role')
  }
  const alone = driver({ warn })
  await refuse()
  await until(() => alone.connectionState === 'closed')
  assert.match(warnings.join(), /has ended: .*A driver may not do this/)
  warnings.length = 0
  const heard = driver({ warn })
  const end = endOf(heard)
  await refuse()
  await end
  const asking = driver({ warn })
  const command = asking.signOn()
  await refuse()
  await assert.rejects(command, ClientClosed)
  driver({ warn }).close()
  assert.deepEqual(warnings, [])
})
