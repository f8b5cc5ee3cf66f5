/** How a sign-in keeps its tokens fresh, against a server that rotates refresh tokens as the engine does. */
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, test } from 'node:test'
import {
  ClientFault,
  connect,
  resumeSignIn,
  type SignInOptions,
  SignInRefused,
  type SignInTokens,
  signIn,
} from '../../src/client/index.ts'
import { ScriptedServer } from './scripted-server.ts'

const USER = { name: 'person-1', role: 'dispatcher', regions: ['akl'], unit: null }

let http: Server
let url: string
let nowMs: number
/** How far the device's wall clock is set ahead of `nowMs`. */
let aheadMs: number
let requests: { route: string; body: Record<string, unknown> | null; authorization: string | undefined }[]
/** Refresh tokens given, the newest last; the one before it is good until that one is used. */
let given: string[]
/** What happens to the next answers instead of their being sent. */
let mishaps: ('lost' | 'garbage' | 'proxy' | 'busy')[]
let stored: (SignInTokens | null)[]

beforeEach(async () => {
  nowMs = 1_800_000_000_000
  aheadMs = 0
  requests = []
  given = []
  mishaps = []
  stored = []
  http = createServer((req, res) => void handle(req, res))
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
  url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`
})
afterEach(() => {
  http.closeAllConnections()
  http.close()
})

async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
  let text = ''
  for await (const chunk of req) text += chunk
  const route = req.url!.replace('/v1/auth/', '')
  const body = text === '' ? null : (JSON.parse(text) as Record<string, unknown>)
  requests.push({ route, body, authorization: req.headers.authorization })
  const answer = decide(route, body)
  const mishap = mishaps.shift()
  if (mishap === 'lost') return void req.socket.destroy()
  if (mishap === 'garbage') return void res.end('{"accessToken":7}')
  if (mishap === 'proxy') return void res.writeHead(502).end('<html>')
  if (mishap === 'busy') return refuse(res, 503, 'overloaded', { retryAfterMs: 10 })
  if (typeof answer === 'string') return refuse(res, 401, answer)
  res.writeHead(answer === null ? 204 : 200, { 'Content-Type': 'application/json' })
  res.end(answer === null ? '' : JSON.stringify(answer))
}

function decide(route: string, body: Record<string, unknown> | null): object | string | null {
  if (route === 'logout') return null
  if (route === 'login' && body!.password !== 'a long pass phrase') return 'credentials-wrong'
  if (route === 'refresh') {
    // The direct predecessor is good as long as its successor was never used.
    const age = given.length - 1 - given.lastIndexOf(body!.refreshToken as string)
    if (!given.includes(body!.refreshToken as string) || age > 1) return 'refresh-refused'
    if (age === 1) given.pop()
  }
  given.push(`refresh-${requests.length}`)
  return {
    accessToken: `access-${requests.length}`,
    accessExpiresInS: 600,
    refreshToken: given.at(-1),
    refreshExpiresInS: 86_400,
    user: USER,
  }
}

function refuse(res: ServerResponse, status: number, code: string, details?: object): void {
  res.writeHead(status, { 'Content-Type': 'application/problem+json' })
  res.end(JSON.stringify({ type: `urn:goldenhour:error:${code}`, title: '', status, detail: 'No.', code, details }))
}

const timers = {
  now: () => nowMs + aheadMs,
  monotonicMs: () => nowMs,
  setTimeout: (run: () => void, ms: number) => setTimeout(run, ms),
  clearTimeout: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
}
const options = (more: Partial<SignInOptions> = {}): SignInOptions => ({
  url,
  user: 'person-1',
  password: 'a long pass phrase',
  timers,
  onTokens: tokens => stored.push(tokens),
  ...more,
})
const routes = () => requests.map(({ route }) => route)

test('a sign-in asks once, gives its token as long as that is good, and tells what it was given', async () => {
  const signedIn = await signIn(options({ region: 'akl' }))
  assert.deepEqual(requests, [
    {
      route: 'login',
      body: { user: 'person-1', password: 'a long pass phrase', region: 'akl' },
      authorization: undefined,
    },
  ])
  assert.deepEqual(signedIn.user, USER)
  assert.deepEqual([await signedIn.token(), await signedIn.token()], ['access-1', 'access-1'])
  nowMs += 539_000
  assert.equal(await signedIn.token(), 'access-1')
  assert.deepEqual(routes(), ['login'])
  assert.deepEqual(
    stored.map(tokens => tokens?.refreshToken),
    ['refresh-1'],
  )
  assert.equal(stored[0]!.accessExpiresAtMs, nowMs + 61_000)
})

test("a wrong password is refused with the engine's code", async () => {
  await assert.rejects(signIn(options({ password: 'not it' })), (error: SignInRefused) => {
    assert.ok(error instanceof SignInRefused)
    assert.deepEqual([error.code, error.message], ['credentials-wrong', 'No.'])
    return true
  })
  assert.deepEqual(stored, [])
})

test('a minute before its end the token is replaced, once for all who ask, and so is the refresh token, again and again', async () => {
  const signedIn = await signIn(options())
  for (let i = 2; i < 6; i += 1) {
    nowMs += 540_001
    assert.deepEqual(
      await Promise.all([signedIn.token(), signedIn.token(), signedIn.token()]),
      Array(3).fill(`access-${i}`),
    )
    assert.deepEqual(requests.at(-1), {
      route: 'refresh',
      body: { refreshToken: `refresh-${i - 1}` },
      authorization: undefined,
    })
    assert.equal(requests.length, i)
  }
  assert.deepEqual(
    stored.map(tokens => tokens?.refreshToken),
    [1, 2, 3, 4, 5].map(i => `refresh-${i}`),
  )
})

test('a refresh whose answer was lost is repeated with the same refresh token', async () => {
  const signedIn = await signIn(options())
  nowMs += 700_000
  mishaps = ['lost']
  await assert.rejects(
    signedIn.token(),
    (error: ClientFault) => error instanceof ClientFault && error.kind === 'connection',
  )
  assert.equal(await signedIn.token(), 'access-3')
  assert.deepEqual(
    requests.slice(1).map(({ body }) => body!.refreshToken),
    ['refresh-1', 'refresh-1'],
  )
  nowMs += 700_000
  assert.equal(await signedIn.token(), 'access-4')
})

test('a token that is still good is given while the engine cannot be reached', async () => {
  const signedIn = await signIn(options())
  nowMs += 580_000
  mishaps = ['proxy', 'lost', 'garbage', 'lost']
  for (let i = 0; i < 3; i += 1) assert.equal(await signedIn.token(), 'access-1')
  nowMs += 30_000
  await assert.rejects(signedIn.token(), ClientFault)
})

test('a clock that is set back does not make a token last longer, and one that is set ahead costs one refresh', async () => {
  const signedIn = await signIn(options())
  aheadMs = -3_600_000
  nowMs += 541_000
  assert.equal(await signedIn.token(), 'access-2')
  aheadMs = 0
  for (let i = 0; i < 3; i += 1) assert.equal(await signedIn.token(), 'access-3')
  nowMs += 541_000
  assert.equal(await signedIn.token(), 'access-4')
})

test('a token grows old while the device sleeps and its monotonic clock stands still', async () => {
  let asleepMs = 0
  const sleeper = { ...timers, monotonicMs: () => nowMs - asleepMs }
  const signedIn = await signIn(options({ timers: sleeper }))
  nowMs += 541_000
  asleepMs = 541_000
  assert.equal(await signedIn.token(), 'access-2')
})

test('an engine that is busy does not end the sign-in', async () => {
  const signedIn = await signIn(options())
  nowMs += 700_000
  mishaps = ['busy']
  await assert.rejects(signedIn.token(), { name: 'SignInRefused', code: 'overloaded' })
  assert.equal(await signedIn.token(), 'access-3')
})

test('a refused refresh token ends the sign-in, and nothing is asked any more', async () => {
  const signedIn = await signIn(options())
  given = []
  nowMs += 700_000
  for (let i = 0; i < 3; i += 1) {
    await assert.rejects(signedIn.token(), { name: 'SignInRefused', code: 'refresh-refused' })
  }
  assert.deepEqual(routes(), ['login', 'refresh'])
  assert.deepEqual([signedIn.user, stored.at(-1)], [null, null])
})

test('a sign-in goes on from the tokens that were stored', async () => {
  await signIn(options())
  nowMs += 3_600_000
  const resumed = resumeSignIn({ url, tokens: stored[0]!, timers, onTokens: tokens => stored.push(tokens) })
  assert.deepEqual(resumed.user, USER)
  assert.equal(await resumed.token(), 'access-2')
  assert.equal(stored.at(-1)!.refreshToken, 'refresh-2')
})

test('signing out ends it here and at the server, with a token that is good', async () => {
  const signedIn = await signIn(options())
  nowMs += 700_000
  await signedIn.signOut()
  assert.deepEqual(routes(), ['login', 'refresh', 'logout'])
  assert.equal(requests.at(-1)!.authorization, 'Bearer access-2')
  assert.equal(stored.at(-1), null)
  await assert.rejects(signedIn.token(), { name: 'SignInRefused', code: 'refresh-refused' })
  await signedIn.signOut()
  assert.equal(requests.length, 3)
})

test('signing out of what the server has ended already is no trouble, and out of reach it is told', async () => {
  const ended = await signIn(options())
  given = []
  nowMs += 700_000
  await ended.signOut()
  const unreachable = await signIn(options())
  mishaps = ['lost']
  await assert.rejects(unreachable.signOut(), ClientFault)
  await assert.rejects(unreachable.token(), SignInRefused)
})

test('an answer that does not come in time is a fault', async () => {
  const never: typeof fetch = (_, init) =>
    new Promise((_resolve, reject) => {
      init!.signal!.addEventListener('abort', () => reject(new Error('aborted')))
    })
  await assert.rejects(signIn(options({ fetch: never, timeoutMs: 5 })), ClientFault)
})

test('a client connects with the token of a sign-in, and ends when that has ended', async () => {
  const sockets = await ScriptedServer.listen()
  const signedIn = await signIn(options())
  const client = connect({
    url: sockets.url,
    token: signedIn.token,
    region: 'akl',
    role: 'dispatcher',
    random: () => 0,
  })
  const peer = await sockets.peer()
  assert.equal((await peer.welcome())[2], 'access-1')
  await client.opened()
  const end = new Promise<{ reason: string }>(resolve => client.onClosed(resolve))
  await signedIn.signOut()
  peer.socket.close(4401, 'signed out')
  assert.equal((await end).reason, 'refused')
  assert.equal(sockets.connections, 1)
  sockets.close()
})
