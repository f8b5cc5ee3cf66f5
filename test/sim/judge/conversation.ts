/**
 * One wire as the client has it: what it asked, what it was answered, what it was told. Frames are read once, here, and
 * handed to whoever judges what they say.
 */
import { createHash } from 'node:crypto'
import { decodeServer } from '../../../src/protocol/codec.ts'
import { BadFix, toFeedFix, toFix } from '../../../src/protocol/fix-frame.ts'
import type { ClientRequest } from '../../../src/protocol/messages.ts'
import { parseFrame } from '../../../src/protocol/parse.ts'
import type { NearestResult } from '../../../src/protocol/wire/answer-views.ts'
import type { StreamClock } from '../../../src/protocol/wire/fix-tuples.ts'
import type { ServerMessage } from '../../../src/protocol/wire/server-tuples.ts'
import type { WelcomeView } from '../../../src/protocol/wire/welcome-view.ts'
import type { DurableEnds, Wire } from '../core/watch.ts'
import type { Answers, Asking } from './answers.ts'
import type { Findings } from './findings.ts'
import type { LogAccount } from './log-account.ts'
import type { Principals } from './principals.ts'
import { BoardHeard, TilesHeard } from './streams-shown.ts'
import type { Told } from './told.ts'
import type { Stream, Tracks } from './tracks.ts'
import type { UnitHistory } from './unit-history.ts'

export interface ConversationParts {
  readonly findings: Findings
  readonly log: LogAccount
  readonly answers: Answers
  readonly tracks: Tracks
  readonly told: Told
  readonly principals: Principals
  readonly statuses: UnitHistory
  readonly sinceStartMs: () => number
}

type Hello = Extract<ClientRequest, { type: 'hello' }>
type Attach = Extract<ClientRequest, { type: 'attach' }>

/** What was asked under one id, until it is answered as often as it was sent. */
interface Asked {
  readonly request: ClientRequest
  readonly logEnd: number
  readonly atMs: number
  sendings: number
  answers: number
  /** When each sending that is not answered yet was read, by the time for which its engine had run. */
  readonly readAtMs: number[]
}

/** Nobody is kept waiting for longer: a second for the store, and no machine is that slow here. */
const ANSWER_WITHIN_MS = 2_000

interface OpenStream {
  readonly stream: Stream
  readonly clock: StreamClock
}

export class Conversation {
  readonly wire: Wire
  readonly #parts: ConversationParts
  readonly #asked = new Map<string, Asked>()
  readonly #board: BoardHeard
  readonly #tiles: TilesHeard
  /** A feed's channels; two streams while a channel is given to another unit and marks of the first may be on their way. */
  readonly #channels = new Map<number, OpenStream[]>()
  /** The highest marks that its client has been told. */
  readonly #marks = new Map<Stream, number>()
  #hello: Hello | null = null
  #principal = ''
  #streams: readonly OpenStream[] = []
  isWelcome = false

  constructor(wire: Wire, parts: ConversationParts) {
    this.wire = wire
    this.#parts = parts
    this.#board = new BoardHeard(this.#name, parts.log, parts.told, parts.findings)
    this.#tiles = new TilesHeard(this.#name, parts.findings)
  }

  get #name(): string {
    return `${this.wire.device} (wire ${this.wire.no})`
  }

  /** Output: as a `WireWatch` has it. */
  sent(frame: Uint8Array | string): ((ranMs: number) => void) | null {
    const isText = typeof frame === 'string'
    const parsed = parseFrame(isText ? Buffer.from(frame) : frame, isText ? 'json' : 'binary', Number.POSITIVE_INFINITY)
    if (!parsed.ok) return null
    const { request } = parsed
    const asked = 'id' in request ? this.#ask(request.id, request) : null
    this.#sent(request)
    return asked === null ? null : ranMs => asked.readAtMs.push(ranMs)
  }

  #sent(request: ClientRequest): void {
    switch (request.type) {
      case 'hello':
        return this.#sentHello(request)
      case 'fix':
        return this.#sentFixes(request)
      case 'feed-fixes':
        return this.#sentFeedFixes(request)
      case 'attach':
        return this.#sentAttach(request)
      case 'watch-tiles':
        return this.#tiles.asked(request.tiles)
      case 'command':
        return this.#parts.answers.sent(this.#asker, request.id, request.command)
    }
  }

  received(frame: Uint8Array | string, ends: DurableEnds, ranMs: number): void {
    const message = decodeServer(frame)
    if (message[0] === 'welcome' || message[0] === 'reply' || message[0] === 'error') this.#isInTime(message, ranMs)
    switch (message[0]) {
      case 'welcome':
        return this.#welcomed(message[1], message[2], ends)
      case 'reply':
        return this.#replied(message[1], message[2], message[3], ends)
      case 'error':
        return this.#refused(message, ends)
      case 'marks':
        return this.#marked(this.#streams[message[1]], message[2], ends)
      case 'feed-marks':
        for (const [channel, seq] of message[1]) this.#feedMarked(channel, seq, ends)
        return
      case 'unit-state':
        if (!this.#isDurable('unit-state', message[1], ends)) return
        return this.#parts.told.driver(message[2], message[1], this.#name, this.#principal)
      case 'unit':
        if (!this.#isDurable('unit', message[1], ends)) return
        return this.#parts.told.driver({ unit: message[2], trip: message[3] }, message[1], this.#name, null)
      case 'board': {
        const [, position, part, parts, ...shown] = message
        this.#isDurable('board', position, ends)
        return this.#board.snapshot(position, part, parts, shown)
      }
      case 'board-events':
        this.#isDurable('board-events', message[1], ends)
        return this.#board.record(message[1], message[2], message[3], message[4])
      case 'tile':
        this.#tiles.snapshot(message[1], message[2], message[3])
        return this.#parts.statuses.shown(message[5], ends, this.#name)
      case 'tile-moves':
        this.#tiles.moved(message[1], message[2])
        return this.#parts.statuses.shown(message[4], ends, this.#name)
    }
  }

  // What the client sends.

  get #asker() {
    return { principal: this.#principal, unitId: this.#hello?.unitId ?? null }
  }

  #ask(id: string, request: ClientRequest): Asked {
    const known = this.#asked.get(id)
    if (known !== undefined) {
      known.sendings += 1
      return known
    }
    const { log, sinceStartMs } = this.#parts
    const asked = { request, logEnd: log.end, atMs: sinceStartMs(), sendings: 1, answers: 0, readAtMs: [] }
    this.#asked.set(id, asked)
    return asked
  }

  #sentHello(hello: Hello): void {
    const { principals, tracks } = this.#parts
    this.#hello = hello
    this.#principal = principals.of(hello.token)
    const { unitId } = hello
    if (unitId === null) return
    this.#streams = hello.streams.map(([streamId, clock]) => ({ stream: tracks.stream(unitId, streamId), clock }))
    // What its client was told before, it may have dropped.
    for (const { stream } of this.#streams) this.#marks.set(stream, stream.told)
  }

  #sentFixes({ streamIndex, sentAtMs, fixes }: Extract<ClientRequest, { type: 'fix' }>): void {
    const open = this.#streams[streamIndex]
    if (open === undefined) return
    for (const wire of fixes) {
      if (wire instanceof BadFix) continue
      const fix = toFix(wire, this.#timeOf(open.clock, sentAtMs, wire[1]))
      this.#parts.tracks.sent(open.stream, fix, open.clock, this.wire.no)
    }
  }

  #sentFeedFixes({ sentAtMs, fixes }: Extract<ClientRequest, { type: 'feed-fixes' }>): void {
    for (const wire of fixes) {
      if (wire instanceof BadFix) continue
      const open = this.#channels.get(wire[0])?.at(-1)
      if (open === undefined) continue
      const fix = toFeedFix(wire, this.#timeOf(open.clock, sentAtMs, wire[2]))
      this.#parts.tracks.sent(open.stream, fix, open.clock, this.wire.no)
    }
  }

  /** The region time of a fix, which is wall time here; of a device's clock its age, since only that is trusted. */
  #timeOf(clock: StreamClock, sentAtMs: number, ageMs: number): number {
    return clock === 'device' ? ageMs : Math.round(this.#hello!.clientNowMs + sentAtMs - ageMs)
  }

  #sentAttach({ channels }: Attach): void {
    // A feed's streams are its own: kept under their id and a mark of the feed.
    const tag = `~${createHash('sha256')
      .update(this.#principal ?? '')
      .digest('base64url')
      .slice(0, 4)}`
    for (const [channel, unitId, id, clock] of channels) {
      const streamId = `${id}${tag}`
      const open = this.#channels.get(channel) ?? []
      open.push({ stream: this.#parts.tracks.stream(unitId, streamId), clock })
      this.#channels.set(channel, open)
    }
  }

  // What it is told.

  /** Nothing tells of what the database could still lose. */
  #isDurable(what: string, position: number, { logEnd }: DurableEnds): boolean {
    if (position <= logEnd) return true
    const text = `${this.#name} was sent ${what} of position ${position} when the log ended at ${logEnd}`
    this.#parts.findings.find('no-reply-before-durable', text)
    return false
  }

  /** Before it counts as answered. */
  #isInTime([what, id]: Extract<ServerMessage, ['welcome' | 'reply' | 'error', ...unknown[]]>, ranMs: number): void {
    const asked = id === null ? undefined : this.#asked.get(id)
    const readAtMs = asked?.readAtMs.shift()
    if (readAtMs === undefined || ranMs - readAtMs <= ANSWER_WITHIN_MS) return
    const text = `${this.#name} waited ${Math.round(ranMs - readAtMs)} ms for the ${what} to its ${asked!.request.type} ${id}`
    this.#parts.findings.find('answered-in-time', text)
  }

  #answered(id: string | null, what: string): Asked | null {
    const asked = id === null ? undefined : this.#asked.get(id)
    if (asked === undefined) {
      if (id !== null) {
        const text = `${this.#name} was answered ${what} under id ${id}, which it did not ask or was answered already`
        this.#parts.findings.find('one-answer-each', text)
      }
      return null
    }
    asked.answers += 1
    if (asked.answers >= asked.sendings) this.#asked.delete(id!)
    return asked
  }

  #welcomed(id: string, welcome: WelcomeView, ends: DurableEnds): void {
    const { principals, told } = this.#parts
    this.#answered(id, 'welcome')
    this.isWelcome = true
    if (welcome.ticket !== null) principals.know(welcome.ticket, this.#principal)
    for (const [i, [, seq]] of welcome.streams.entries()) this.#marked(this.#streams[i], seq, ends)
    if (!this.#isDurable('welcome', welcome.position, ends) || welcome.driver === null) return
    told.driver(welcome.driver, welcome.position, this.#name, this.#principal)
  }

  #replied(id: string, position: number, result: Readonly<Record<string, unknown>>, ends: DurableEnds): void {
    const asked = this.#answered(id, 'a reply')
    const isDurable = this.#isDurable(`the reply to ${id}`, position, ends)
    if (asked === null) return
    const { request } = asked
    if (request.type === 'command') this.#parts.answers.replied(this.#principal, id, position, result, ends)
    else if (request.type === 'watch-board') this.#board.answered(result.mode, request.fromPosition)
    else if (request.type === 'attach') this.#attached(request, result, ends)
    else if (request.type === 'nearest' && isDurable) {
      this.#parts.told.nearest((result as unknown as NearestResult).units, position, this.#name)
    }
  }

  #refused([, id, code, message, details]: Extract<ServerMessage, ['error', ...unknown[]]>, ends: DurableEnds): void {
    const asked = this.#answered(id, `error ${code}`)
    if (asked === null) {
      if (id === null && code === 'internal') {
        this.#parts.findings.find(
          'no-internal',
          `${this.#name} was told internal: ${message} ${JSON.stringify(details)}`,
        )
      }
      return
    }
    const { request, logEnd, atMs } = asked
    if (request.type !== 'command') return
    const asking: Asking = { command: request.command, logEnd, atMs }
    // A moment that the engine finds implausible is judged by its clock, not by its states.
    this.#parts.answers.refused(this.#principal, id!, code, asking, ends, details?.writes === 'stalled')
  }

  #attached({ channels }: Attach, result: Readonly<Record<string, unknown>>, ends: DurableEnds): void {
    for (const [channel] of channels) {
      const open = this.#channels.get(channel)
      if (open !== undefined && open.length > 1) this.#channels.set(channel, open.slice(-1))
    }
    for (const [channel, seq] of result.channels as [number, number][]) this.#feedMarked(channel, seq, ends)
  }

  #feedMarked(channel: number, seq: number, ends: DurableEnds): void {
    const open = this.#channels.get(channel) ?? []
    // Between two attaches of one channel it may be either unit's.
    const fits = open.find(({ stream }) => seq <= stream.throughAt(ends)) ?? open.at(-1)
    this.#marked(fits, seq, ends, open.length <= 1)
  }

  #marked(open: OpenStream | undefined, seq: number, ends: DurableEnds, isSure = true): void {
    if (open === undefined) {
      const text = `${this.#name} was told mark ${seq} of a stream that it did not name`
      return this.#parts.findings.find('marks-truthful', text)
    }
    const { stream } = open
    this.#parts.tracks.marked(stream, seq, ends, this.#name)
    const before = this.#marks.get(stream) ?? 0
    if (isSure && seq < before) {
      const text = `${this.#name} was told mark ${seq} of stream ${stream.streamId} of ${stream.unitId}, after ${before}`
      this.#parts.findings.find('marks-rise', text)
    }
    this.#marks.set(stream, Math.max(seq, before))
  }
}
