/** What a client makes of a server that says how its database does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ClientFault, connect, type DispatcherClient, type Writes } from '../../src/client/index.ts'
import { encodeServer } from '../../src/protocol/codec.ts'
import { ScriptedServer } from './scripted-server.ts'

async function open(t: { after(run: () => void): void }) {
  const server = await ScriptedServer.listen()
  const client = connect({ url: server.url, token: 'token', region: 'akl', role: 'dispatcher', random: () => 0.5 })
  t.after(() => {
    client.close()
    server.close()
  })
  const peer = await server.peer()
  await peer.welcome()
  await client.opened()
  return { server, client: client as DispatcherClient, peer }
}

const heard = (client: DispatcherClient): Promise<Writes> =>
  new Promise(resolve => {
    const stop = client.onWrites(writes => {
      stop()
      resolve(writes)
    })
  })

test('[CM-9] a console hears that the database takes no commands, and that it does again', async t => {
  const { client, peer } = await open(t)
  assert.deepEqual(client.writes, { commands: 'flowing', fixes: 'flowing' })
  for (const [commands, fixes] of [
    ['stalled', 'flowing'],
    ['stalled', 'stalled'],
    ['flowing', 'flowing'],
  ] as const) {
    const news = heard(client)
    peer.send(['writes', commands, fixes])
    assert.deepEqual(await news, { commands, fixes })
    assert.deepEqual(client.writes, { commands, fixes })
  }
})

test('a command that was refused for it goes out again as soon as the database is back, not after its pause', async t => {
  const { client, peer } = await open(t)
  const command = client.cancelTrip('akl.trip', 'other', { id: 'one' })
  await peer.next('cancel-trip')
  peer.send(['writes', 'stalled', 'flowing'])
  peer.send(['error', 'one', 'unavailable', 'no writes', { retryAfterMs: 60_000, writes: 'stalled' }])
  const news = heard(client)
  peer.send(['writes', 'flowing', 'flowing'])
  await news
  assert.equal((await peer.next('cancel-trip'))[1], 'one')
  peer.send(['reply', 'one', 7, { tripId: 'akl.trip', phase: 'cancelled' }])
  assert.equal((await command).position, 7)
})

test('on a new connection all is well until it says otherwise', async t => {
  const { client, server, peer } = await open(t)
  const bad = heard(client)
  peer.send(['writes', 'stalled', 'flowing'])
  await bad
  const good = heard(client)
  peer.socket.terminate()
  await (await server.peer()).welcome()
  assert.deepEqual(await good, { commands: 'flowing', fixes: 'flowing' })
})

test('[VN-2] a word that a newer server has for it is taken as it is, and nonsense costs the connection', async t => {
  const { client, peer } = await open(t)
  const news = heard(client)
  peer.socket.send(encodeServer(['writes', 'slow', 'flowing'] as never, 'binary'))
  assert.equal((await news).commands, 'slow')
  const fault = new Promise<ClientFault>(resolve => client.onFault(resolve))
  peer.socket.send(encodeServer(['writes', 1, null] as never, 'binary'))
  assert.equal((await fault).kind, 'bad-server-data')
})
