/** A real browser without a window, for tests: Chromium, told what to do over its DevTools protocol, and the pages it shows. */
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import { moduleOf } from './program.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** The program of a Chromium that is installed here; null where none is. */
export function findChromium(): string | null {
  for (const dir of (process.env.PATH ?? '').split(path.delimiter)) {
    for (const name of NAMES) {
      try {
        const file = path.join(dir, name)
        accessSync(file, constants.X_OK)
        return file
      } catch {
        // Looked for elsewhere.
      }
    }
  }
  return null
}

interface Answer {
  readonly id?: number
  readonly error?: { readonly message: string }
  readonly result?: Readonly<Record<string, unknown>>
}

/** What `Runtime.evaluate` answers. */
interface Evaluated {
  readonly result: { readonly value?: unknown }
  readonly exceptionDetails?: { readonly text: string; readonly exception?: { readonly description?: string } }
}

export class Browser {
  readonly #child: ChildProcess
  readonly #dir: string
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #sent = 0

  /** Errors: Error with what it said, when it ends before it listens. */
  static async launch(program: string): Promise<Browser> {
    const dir = await mkdtemp(path.join(tmpdir(), 'goldenhour-browser-'))
    const quiet = ['--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking']
    // It refuses to run as root with its sandbox; the only pages it sees are ours.
    const args = ['--headless=new', '--no-sandbox', ...quiet, `--user-data-dir=${dir}`, '--remote-debugging-port=0']
    // A group of its own, so that its helpers can be ended with it.
    const child = spawn(program, [...args, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
    const said: string[] = []
    const url = await new Promise<string>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', () => reject(new Error(`${program} has ended:\n${said.join('\n')}`)))
      createInterface({ input: child.stderr! }).on('line', line => {
        const [, listens] = /^DevTools listening on (ws:\S+)/.exec(line) ?? []
        if (listens !== undefined) resolve(listens)
        else if (said.length < 100) said.push(line)
      })
    })
    const socket = new WebSocket(url)
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    return new Browser(child, dir, socket)
  }

  private constructor(child: ChildProcess, dir: string, socket: WebSocket) {
    this.#child = child
    this.#dir = dir
    this.#socket = socket
    socket.on('message', (data: Buffer) => {
      const answer = JSON.parse(data.toString()) as Answer
      if (answer.id !== undefined) this.#waiting.get(answer.id)?.(answer)
    })
  }

  /** Opens a page. Output: runs an expression in it, awaits what comes of it, and gives that as data. */
  async open(url: string): Promise<(expression: string) => Promise<unknown>> {
    const { targetId } = await this.#ask('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await this.#ask('Target.attachToTarget', { targetId, flatten: true })
    const evaluate = async (expression: string) => {
      const asked = { expression, awaitPromise: true, returnByValue: true }
      const { result, exceptionDetails } = (await this.#ask(
        'Runtime.evaluate',
        asked,
        sessionId,
      )) as unknown as Evaluated
      if (exceptionDetails === undefined) return result.value
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    }
    await this.#ask('Page.navigate', { url }, sessionId)
    // The new page may not have taken the place of the blank one yet.
    const state = `location.href === ${JSON.stringify(url)} && document.readyState`
    // A question that the change of pages cut off is asked again.
    while ((await evaluate(state).catch(() => null)) !== 'complete') {}
    return evaluate
  }

  async close(): Promise<void> {
    const exited = new Promise(resolve => this.#child.once('exit', resolve))
    this.#socket.terminate()
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      process.kill(-this.#child.pid!, 'SIGKILL')
      await exited
    }
    // A helper that is just ending may still write.
    await rm(this.#dir, { recursive: true, force: true, maxRetries: 20 })
  }

  async #ask(method: string, params: object, sessionId?: unknown): Promise<Readonly<Record<string, unknown>>> {
    this.#sent += 1
    const id = this.#sent
    const { error, result } = await new Promise<Answer>(resolve => {
      this.#waiting.set(id, resolve)
      this.#socket.send(JSON.stringify({ id, method, params, sessionId }))
    })
    this.#waiting.delete(id)
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    return result!
  }
}

/** An empty page that has the client library as `goldenhour`, bundled for browsers, at an origin of its own. */
export async function servePage(): Promise<{ readonly url: string; readonly origin: string; close(): Promise<void> }> {
  const script = await bundledClient()
  const server = createServer((request, response) => {
    const isScript = request.url === '/client.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : '<!doctype html><meta charset="utf-8"><script src="/client.js"></script>')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  const close = async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
  return { url: `${origin}/`, origin, close }
}

/** As an application's own build would do it. */
async function bundledClient(): Promise<string> {
  // tsx brings it.
  const require = createRequire(import.meta.resolve('tsx'))
  const { build } = require('esbuild') as {
    build(options: object): Promise<{ readonly outputFiles: readonly { readonly text: string }[] }>
  }
  const entry = fileURLToPath(moduleOf(new URL('../../src/client/index.ts', import.meta.url)))
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    globalName: 'goldenhour',
    // Looked for only where the platform has no WebSocket.
    external: ['ws'],
    logLevel: 'silent',
  })
  return outputFiles[0]!.text
}
