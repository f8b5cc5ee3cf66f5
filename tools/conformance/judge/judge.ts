/**
 * Judges a client's log of frames against PROTOCOL.md: each frame by the schema of its type, and what an order of frames
 * can show by the rules of `rules/`. One log is of one client: all its connections, of one person or device.
 */
import { Connection, type Hello, type Message, type Rules, type Welcome } from './connection.ts'
import { FrameReader } from './frames.ts'
import type { Entry } from './log.ts'
import type { Protocol } from './protocol.ts'
import { Board } from './rules/board.ts'
import { Commands } from './rules/commands.ts'
import { Crew } from './rules/crew.ts'
import { Fixes } from './rules/fixes.ts'
import { Handshake } from './rules/handshake.ts'
import { Rates } from './rules/rates.ts'
import { Returning } from './rules/returning.ts'
import { Verdicts } from './verdicts.ts'

const SUBPROTOCOLS: ReadonlyMap<string, boolean> = new Map([
  ['goldenhour.v1', true],
  ['goldenhour.v1.json', false],
])

export function judge(entries: readonly Entry[], protocol: Protocol, verdicts = new Verdicts()): Verdicts {
  new Judge(protocol, verdicts).run(entries)
  return verdicts
}

class Judge {
  readonly #verdicts: Verdicts
  readonly #frames: FrameReader
  readonly #rules: readonly Rules[]
  readonly #open = new Map<string, Connection>()
  readonly #all: Connection[] = []

  constructor(protocol: Protocol, verdicts: Verdicts) {
    this.#verdicts = verdicts
    this.#frames = new FrameReader(protocol, verdicts)
    this.#rules = [
      new Handshake(protocol, verdicts),
      new Returning(protocol, verdicts),
      new Commands(protocol, verdicts),
      new Fixes(protocol, verdicts),
      new Crew(protocol, verdicts),
      new Rates(protocol, verdicts),
      new Board(verdicts),
    ]
  }

  run(entries: readonly Entry[]): void {
    for (const entry of entries) this.#hear(entry)
    const atMs = entries.at(-1)?.atMs ?? 0
    for (const rules of this.#rules) rules.onEnd?.(atMs, this.#all)
    this.#verdicts.violations.sort((a, b) => a.line - b.line)
  }

  #hear(entry: Entry): void {
    if (entry.dir === 'open') return this.#opened(entry.connection, entry.line, entry.atMs, entry.subprotocol)
    const connection = this.#open.get(entry.connection)
    if (connection === undefined) return
    if (entry.dir === 'closed') {
      connection.closed = entry
      this.#open.delete(entry.connection)
      for (const rules of this.#rules) rules.onClosed?.(connection)
      return
    }
    const message = this.#frames.read(entry, connection)
    if (message === null) return
    if (entry.dir === 'sent') this.#sent(message)
    else this.#received(message)
  }

  #opened(name: string, line: number, atMs: number, subprotocol: string): void {
    const isBinary = SUBPROTOCOLS.get(subprotocol)
    if (isBinary === undefined) this.#verdicts.client('TR-1', line, `the subprotocol is ${JSON.stringify(subprotocol)}`)
    else this.#verdicts.kept('TR-1')
    const connection = new Connection(name, line, atMs, isBinary ?? true)
    this.#open.set(name, connection)
    this.#all.push(connection)
    for (const rules of this.#rules) rules.onOpen?.(connection)
  }

  #sent(message: Message): void {
    const { connection, type, line, atMs, fields } = message
    if (type === 'hello' && connection.welcome === null) connection.hello = helloOf(fields, line, atMs)
    for (const rules of this.#rules) rules.onClient?.(message)
  }

  #received(message: Message): void {
    const { connection, type, atMs, fields } = message
    if (type === 'welcome') {
      connection.welcome = fields[1] as Welcome
      connection.welcomeAtMs = atMs
      connection.setClock(connection.welcome.clock, atMs)
    }
    if (type === 'clock') connection.setClock(fields[0] as Welcome['clock'], atMs)
    for (const rules of this.#rules) rules.onServer?.(message)
  }
}

function helloOf(fields: readonly unknown[], line: number, atMs: number): Hello {
  const [id, token, region, role, unitId, clientNowMs, streams] = fields
  return { line, atMs, id, token, region, role, unitId, clientNowMs, streams } as Hello
}
