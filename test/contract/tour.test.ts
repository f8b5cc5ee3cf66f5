/**
 * docs/tour.md, walked by a new user: every request and frame that it shows is sent to a fresh engine, and every answer
 * must be of the shape that it shows.
 *
 * What differs from run to run (ids, tokens, made-up passwords, moments) is learnt from the answers and put in place of
 * what the page shows; everything else must be as on the page.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Site, until } from '../support/engine.ts'
import { GOLDENHOUR } from '../support/program.ts'

const PAGE = readFileSync(new URL('../../docs/tour.md', import.meta.url), 'utf8')
const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url))

interface Block {
  readonly kind: string
  readonly text: string
  readonly line: number
}

const BLOCKS: readonly Block[] = [...PAGE.matchAll(/^```(.+)\n([\s\S]*?)\n```$/gm)].map(match => ({
  kind: match[1]!,
  text: match[2]!,
  line: PAGE.slice(0, match.index).split('\n').length,
}))

test('a new user who follows the tour gets the answers that it shows', async t => {
  const walk = await Walk.begin(t)
  for (const block of BLOCKS) await walk.step(block)
  walk.end()
})

test('every way of connecting that the tour names asks for the subprotocol in text', () => {
  const rows = PAGE.split('\n').filter(line => /^\| .*(localhost:9001\/v1\/ws|Sec-WebSocket-Protocol)/.test(line))
  assert.equal(rows.length, 4)
  for (const row of rows) assert.match(row, /goldenhour\.v1\.json/)
})

/** One user with a shell and two WebSockets. */
class Walk {
  readonly #t: TestContext
  readonly #site: Site
  readonly #directory: string
  /** What the page shows, and what it is in this run. */
  readonly #real = new Map<string, string>()
  /** Variables of the shell. */
  readonly #shell = new Map<string, string>()
  readonly #windows = new Map<string, Window>()
  #said = ''
  #client: readonly string[] = []
  #answer: unknown

  static async begin(t: TestContext): Promise<Walk> {
    const directory = await mkdtemp(path.join(tmpdir(), 'goldenhour-tour-'))
    t.after(() => rm(directory, { recursive: true, force: true }))
    return new Walk(t, await Site.make(t, {}), directory)
  }

  private constructor(t: TestContext, site: Site, directory: string) {
    this.#t = t
    this.#site = site
    this.#directory = directory
  }

  async step({ kind, text, line }: Block): Promise<void> {
    const where = `docs/tour.md:${line}`
    const [, who, does] = /^json (\w+) (sends|hears)$/.exec(kind) ?? []
    if (kind === 'sh') await this.#type(text, where)
    else if (kind === 'text') this.#sees(text, this.#said, where)
    else if (kind === 'json answer') this.#match(JSON.parse(text), this.#answer, where)
    else if (does === 'sends') (await this.#window(who!)).send(this.#asSent(text).replaceAll('\n', ' '))
    else if (does === 'hears') this.#match(JSON.parse(text), JSON.parse(await this.#heard(who!, where)), where)
    else if (kind === 'console') await this.#commands(text, where)
    else assert.fail(`${where}: nobody knows what to do with a block \`${kind}\``)
  }

  /** Nothing came that the page does not show. */
  end(): void {
    for (const [who, { heard }] of this.#windows) assert.deepEqual(heard, [], who)
    assert.deepEqual([...this.#windows.keys()].sort(), ['crew', 'desk'])
  }

  async #type(text: string, where: string): Promise<void> {
    const words = wordsOf(text)
    const [, name, value] = /^([A-Z]+)=(\S+)$/.exec(text) ?? []
    if (text === 'npm ci && npm start') await this.#start(where)
    else if (name !== undefined) this.#shell.set(name, this.#asSent(value!))
    else if (words[0] === 'curl') this.#answer = await this.#curl(words)
    else if (words[0] === 'node') this.#client = words.slice(1)
    else assert.fail(`${where}: nobody knows how to type \`${text}\``)
  }

  /** The password of the admin must be made up, so none is configured. */
  async #start(where: string): Promise<void> {
    const engine = await this.#site.spawn({ GOLDENHOUR_ADMIN_PASSWORD: '' })
    assert.equal(engine.said.length, 1, where)
    this.#said = engine.said[0]!
  }

  async #curl(words: readonly string[]): Promise<unknown> {
    const request = curlRequest(words.map(word => this.#inShell(this.#asSent(word))))
    const url = request.url.replace('localhost:9001', `127.0.0.1:${this.#site.port}`)
    const response = await fetch(`http://${url}`, { ...request, signal: AbortSignal.timeout(120_000) })
    return response.json()
  }

  #inShell(word: string): string {
    return word.replace(/\$([A-Z]+)/g, (_, name: string) => {
      const value = this.#shell.get(name)
      assert.ok(value !== undefined, `the page uses $${name} before it says what it is`)
      return value
    })
  }

  /** The page's text with what was learnt in place of what it shows, and this moment for its moments. */
  #asSent(text: string): string {
    const learnt = [...this.#real].reduce((sent, [shown, real]) => sent.replaceAll(shown, real), text)
    return learnt.replaceAll(/\b\d{13}\b/g, String(Date.now()))
  }

  async #window(who: string): Promise<Window> {
    const known = this.#windows.get(who)
    if (known !== undefined) return known
    await this.#unitIsTaken()
    const window = openWindow(this.#client, this.#site.port)
    this.#t.after(() => window.close())
    this.#windows.set(who, window)
    await window.opened
    return window
  }

  /** The page tells its reader of that second; a program is faster than a person. */
  async #unitIsTaken(): Promise<void> {
    const token = await this.#site.token({ regions: ['sf'] })
    await until('the engine has taken the unit', async () => {
      return (await this.#site.http('/v1/units/M1/state', { token })).status === 200
    })
  }

  async #heard(who: string, where: string): Promise<string> {
    const { heard } = await this.#window(who)
    await until(`${where}: the ${who} hears something`, () => heard.length > 0)
    return heard.shift()!
  }

  async #commands(text: string, where: string): Promise<void> {
    let output: string[] = []
    for (const line of text.split('\n')) {
      if (line.startsWith('$ ')) {
        assert.deepEqual(output, [], `${where}: more was printed than the page shows`)
        output = await this.#run(line.slice(2), where)
      } else this.#sees(line, output.shift() ?? '', where)
    }
    assert.deepEqual(output, [], `${where}: more was printed than the page shows`)
  }

  /** Output: the lines that it printed. */
  async #run(line: string, where: string): Promise<string[]> {
    const words = wordsOf(line)
    if (words[0] === 'printf' && words[2] === '>') {
      await writeFile(path.join(this.#directory, words[3]!), words[1]!.replaceAll('\\n', '\n'))
      return []
    }
    assert.deepEqual(words.slice(0, 2), ['npx', 'goldenhour'], where)
    const env = { ...process.env, DATABASE_URL: this.#site.engineUrl, GOLDENHOUR_AUTH_SCRYPT_LOG_N: '14' }
    const printed = await new Promise<string>((resolve, reject) => {
      execFile(process.execPath, [...GOLDENHOUR, ...words.slice(2)], { env, cwd: this.#directory }, (error, stdout) =>
        error === null ? resolve(stdout) : reject(error),
      )
    })
    return printed.split('\n').filter(each => each !== '')
  }

  /** A line for people: the same words, around what is made up. */
  #sees(shown: string, real: string, where: string): void {
    const fixed = (text: string) => text.replaceAll(MADE_UP, '*')
    assert.equal(fixed(real), fixed(shown), where)
    for (const [i, [value]] of [...shown.matchAll(MADE_UP)].entries()) {
      this.#learn(value, [...real.matchAll(MADE_UP)][i]![0], where)
    }
  }

  #match(shown: unknown, real: unknown, where: string): void {
    if (Array.isArray(shown)) {
      assert.ok(Array.isArray(real) && real.length === shown.length, `${where}: not the list shown: ${text(real)}`)
      for (const [i, each] of shown.entries()) this.#match(each, real[i], `${where} [${i}]`)
    } else if (typeof shown === 'object' && shown !== null) this.#matchMap(shown, real, where)
    else if (typeof shown === 'string') this.#matchText(shown, real, where)
    else if (typeof shown === 'number' && shown >= MOMENT) {
      assert.ok(Number.isSafeInteger(real) && (real as number) >= MOMENT, `${where}: no moment: ${text(real)}`)
    } else if (/\.(age|fixAge)Ms$/.test(where)) {
      assert.ok(Number.isSafeInteger(real) && Math.abs(real as number) < 60_000, `${where}: no age: ${text(real)}`)
    } else assert.equal(real, shown, where)
  }

  #matchMap(shown: object, real: unknown, where: string): void {
    assert.ok(typeof real === 'object' && real !== null && !Array.isArray(real), `${where}: no map: ${text(real)}`)
    const { '…': isShort, ...fields } = shown as Record<string, unknown>
    const got = real as Record<string, unknown>
    if (isShort === undefined) assert.deepEqual(Object.keys(got).sort(), Object.keys(fields).sort(), where)
    for (const [key, value] of Object.entries(fields)) {
      assert.ok(key in got, `${where}: no field ${key}`)
      this.#match(value, got[key], `${where} .${key}`)
    }
  }

  #matchText(shown: string, real: unknown, where: string): void {
    assert.ok(typeof real === 'string', `${where}: no text: ${text(real)}`)
    const [, start, end] = /^(eyJ|gh[rt]_)…(\w|-){6}$/.exec(shown) ?? []
    if (start !== undefined && end !== undefined) {
      assert.ok(real.startsWith(start) && real.length > 40, `${where}: no token: ${real}`)
      this.#learn(shown, real, where)
    } else if (/\.sessionId$/.test(where)) assert.match(real, /^[\w-]{21}$/, where)
    else {
      const [ours, theirs] = [shown, real].map(each => [...each.matchAll(LEARNT)].map(([value]) => value)) as [
        string[],
        string[],
      ]
      assert.equal(real.replaceAll(LEARNT, '*'), shown.replaceAll(LEARNT, '*'), where)
      for (const [i, value] of ours.entries()) this.#learn(value, theirs[i]!, where)
    }
  }

  /** What the page shows twice is the same thing twice. */
  #learn(shown: string, real: string, where: string): void {
    assert.equal(this.#real.get(shown) ?? real, real, `${where}: ${shown} is two things`)
    this.#real.set(shown, real)
  }
}

/** Epoch milliseconds are beyond this, and nothing else on the page is. */
const MOMENT = 1e12
const MADE_UP = /\b[a-z0-9]{5}(?:-[a-z0-9]{5}){3}\b/g
/** Ids of calls, trips and offers, and made-up passwords. */
const LEARNT = /\bsf\.[\w-]{21}|\b[a-z0-9]{5}(?:-[a-z0-9]{5}){3}\b/g
const text = (value: unknown): string => JSON.stringify(value)

interface Window {
  readonly opened: Promise<void>
  /** What was heard and not yet looked at, line by line. */
  readonly heard: string[]
  send(line: string): void
  close(): Promise<void>
}

/** The page's own client, as a program of its own; a line that is sent before it is connected would be its error. */
function openWindow(args: readonly string[], port: number): Window {
  assert.equal(args[0], '-e')
  const code = args[1]!.replace('localhost:9001', `127.0.0.1:${port}`)
  // The one addition: a word when it is connected, where a person would see that nothing failed.
  const child: ChildProcess = spawn(process.execPath, ['-e', `${code}\nws.on('open', () => console.log('open'))`], {
    cwd: CHECKOUT,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const heard: string[] = []
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  const opened = new Promise<void>((resolve, reject) => {
    ended.then(() => reject(new Error('the client of the page ended before it was connected')))
    createInterface({ input: child.stdout! }).on('line', line => {
      if (line === 'open') resolve()
      else heard.push(line)
    })
  })
  return {
    opened,
    heard,
    send: line => child.stdin!.write(`${line}\n`),
    async close() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** A command line as a shell splits it: blanks, quotes of both kinds, and a backslash at the end of a line. */
function wordsOf(line: string): string[] {
  const words: string[] = []
  for (const [word] of line.replaceAll('\\\n', ' ').matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)) {
    words.push(word.replaceAll(/'([^']*)'|"([^"]*)"/g, (_, single?: string, double?: string) => single ?? double ?? ''))
  }
  return words
}

interface CurlRequest {
  readonly url: string
  readonly method: string
  readonly headers: Record<string, string>
  readonly body?: string
}

/** What curl would send; `-d` makes it a POST. */
function curlRequest([, ...words]: readonly string[]): CurlRequest {
  const headers: Record<string, string> = { connection: 'close' }
  let [url, body]: [string | undefined, string | undefined] = [undefined, undefined]
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    if (word === '-s') continue
    if (word === '-H') {
      const [, name, value] = /^([\w-]+): (.+)$/.exec(words[++i]!)!
      headers[name!] = value!
    } else if (word === '-d') body = words[++i]!
    else {
      assert.ok(url === undefined && !word.startsWith('-'), `the walker does not know curl's ${word}`)
      url = word
    }
  }
  return { url: url!, headers, method: body === undefined ? 'GET' : 'POST', ...(body === undefined ? {} : { body }) }
}
