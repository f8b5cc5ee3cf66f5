/** Streams of fixes: numbered without holes, kept until a mark covers them, and gone on with where the server says. */
import type { Connection, Message, Rules } from '../connection.ts'
import type { Protocol } from '../protocol.ts'
import type { Verdicts } from '../verdicts.ts'

/** `sentAtMs` is the moment of sending by the client's own clock; the log's is another. */
const SENT_AT_WITHIN_MS = 30_000
/** Frames that may be on their way when the server says where to go on. */
const FRAMES_UNDER_WAY = 8
/** How far the time of a fix may differ when it is sent again, by rounding. */
const SAME_TIME_MS = 2
/** Fixes whose content is kept for the comparison. */
const KEPT_MAX = 50_000

interface Sent {
  readonly place: string
  readonly fixedMs: number
}
/** Of one stream, over all connections. */
interface Stream {
  readonly streamId: string
  marked: number
  highestSent: number
  readonly sent: Map<number, Sent>
}
/** Of one stream on one connection. */
interface Lane {
  readonly stream: Stream
  /** Stored when the connection began. */
  readonly floor: number
  next: number
  /** The server said where to go on, and it was not gone on there yet. */
  gap: { readonly expectedSeq: number; readonly rule: string; readonly line: number; frames: number } | null
  isToldOfGap: boolean
}

export class Fixes implements Rules {
  readonly #verdicts: Verdicts
  readonly #aheadMs: number
  readonly #streams = new Map<string, Stream>()
  readonly #lanes = new Map<Connection, Lane[]>()

  constructor(protocol: Protocol, verdicts: Verdicts) {
    this.#verdicts = verdicts
    this.#aheadMs = protocol.catalogue.limits.aheadMs!
  }

  onClient(message: Message): void {
    const { connection, type, fields, line } = message
    if (type === 'hello') return this.#declared(message)
    if (type !== 'fix' && type !== 'hint' && type !== 'mark') return
    if (connection.role !== 'driver') return
    const index = fields[0] as number | null
    if (index === null) return
    const lane = this.#lanes.get(connection)?.[index]
    if (lane === undefined) return this.#verdicts.client('FX-10', line, `hello named no stream ${index}`)
    this.#verdicts.kept('FX-10')
    if (type === 'mark') return
    this.#lookAtSentAt(message)
    const last = fields.at(-1)
    const fixes = (Array.isArray(last) ? fields.slice(2) : fields.slice(2, -1)) as readonly (readonly number[])[]
    for (const fix of fixes) this.#lookAtContent(message, lane.stream, fix)
    if (type === 'fix')
      this.#lookAtOrder(
        message,
        lane,
        fixes.map(([seq]) => seq!),
      )
  }

  onServer({ connection, type, fields, line }: Message): void {
    if (connection.role !== 'driver') return
    if (type === 'welcome') return this.#resumed(connection, line)
    const lanes = this.#lanes.get(connection) ?? []
    if (type === 'marks') {
      const [index, durableSeq] = fields as [number, number]
      const stream = lanes[index]?.stream
      if (stream === undefined)
        return this.#verdicts.server('FX-2', line, `a mark of stream ${index}, which hello did not name`)
      return this.#marked(stream, durableSeq, line)
    }
    if (type !== 'error' || fields[0] !== null) return
    const [, code, , details] = fields as [null, string, string, Readonly<Record<string, unknown>> | null]
    const lane = typeof details?.streamIndex === 'number' ? lanes[details.streamIndex] : undefined
    const expectedSeq = details?.expectedSeq
    if (lane === undefined || typeof expectedSeq !== 'number') return
    lane.next = expectedSeq
    lane.gap = { expectedSeq, rule: code === 'overloaded' ? 'FX-10' : 'FX-5', line, frames: 0 }
  }

  #declared({ connection, line }: Message): void {
    for (const [streamId, , lowestSeq] of connection.hello!.streams) {
      const stream = this.#streams.get(streamId)
      if (stream === undefined || stream.highestSent <= stream.marked) continue
      if (lowestSeq <= stream.marked + 1) this.#verdicts.kept('FX-2')
      else {
        const lost = `${stream.marked + 1} to ${Math.min(lowestSeq - 1, stream.highestSent)}`
        this.#verdicts.client(
          'FX-2',
          line,
          `fixes ${lost} of ${streamId} were sent, no mark covered them, and they are held no more`,
        )
      }
    }
  }

  #resumed(connection: Connection, line: number): void {
    const { hello, welcome } = connection
    const lanes = welcome!.streams.map(([streamId, durableSeq], index): Lane => {
      const stream = this.#streams.get(streamId) ?? { streamId, marked: 0, highestSent: 0, sent: new Map() }
      this.#streams.set(streamId, stream)
      this.#marked(stream, durableSeq, line)
      const lowestSeq = hello!.streams[index]?.[2] ?? 1
      return { stream, floor: durableSeq, next: Math.max(durableSeq + 1, lowestSeq), gap: null, isToldOfGap: false }
    })
    this.#lanes.set(connection, lanes)
  }

  #marked(stream: Stream, durableSeq: number, line: number): void {
    if (durableSeq < stream.marked)
      this.#verdicts.server(
        'FX-3',
        line,
        `the mark of ${stream.streamId} went back from ${stream.marked} to ${durableSeq}`,
      )
    else this.#verdicts.kept('FX-3')
    stream.marked = Math.max(stream.marked, durableSeq)
    for (const seq of stream.sent.keys()) {
      if (seq > stream.marked - 1_000) break
      stream.sent.delete(seq)
    }
  }

  #lookAtOrder({ connection, line }: Message, lane: Lane, seqs: readonly number[]): void {
    const most = connection.welcome!.limits.fixesPerFrame
    if (seqs.length > most)
      this.#verdicts.client('FX-1', line, `${seqs.length} fixes in a frame, where ${most} are allowed`)
    const { streamId } = lane.stream
    const stored = seqs.filter(seq => seq <= lane.floor)
    if (stored.length > 0) {
      this.#verdicts.client(
        'FX-6',
        line,
        `fix ${stored[0]} of ${streamId}, where the welcome said that ${lane.floor} is stored`,
      )
    } else if (lane.floor > 0) this.#verdicts.kept('FX-6')
    for (const seq of seqs) {
      if (seq === lane.next) {
        lane.next += 1
        lane.isToldOfGap = false
        if (lane.gap !== null) this.#verdicts.kept(lane.gap.rule)
        lane.gap = null
        this.#verdicts.kept('FX-1')
      } else if (seq < lane.next) this.#verdicts.kept('FX-4')
      else if (lane.gap === null && !lane.isToldOfGap) {
        lane.isToldOfGap = true
        this.#verdicts.client(
          'FX-1',
          line,
          `fix ${seq} of ${streamId}, where ${lane.next} is the next: in order, without holes`,
        )
      }
      lane.stream.highestSent = Math.max(lane.stream.highestSent, seq)
    }
    if (lane.gap === null) return
    lane.gap.frames += 1
    if (lane.gap.frames !== FRAMES_UNDER_WAY) return
    const { rule, expectedSeq, line: saidOn } = lane.gap
    this.#verdicts.client(
      rule,
      line,
      `line ${saidOn} said to go on with fix ${expectedSeq} of ${streamId}, and that has not come again`,
    )
  }

  /** A stream id is never used again for other fixes, and a fix that is sent again is what it was. */
  #lookAtContent({ connection, line, fields, atMs }: Message, stream: Stream, fix: readonly number[]): void {
    const [seq, ageMs, ...place] = fix as [number, number, ...number[]]
    const { hello, clock } = connection
    const gnss = hello!.streams.find(([streamId]) => streamId === stream.streamId)?.[1] === 'gnss'
    const wallMs = hello!.clientNowMs + (fields[1] as number)
    const fixedMs = clock!.anchorRegionMs + (wallMs - clock!.anchorWallMs) * clock!.rate - ageMs
    const regionMs = connection.regionMs(atMs)!
    if (gnss && fixedMs > regionMs + this.#aheadMs * clock!.rate) {
      this.#verdicts.client(
        'FX-9',
        line,
        `fix ${seq} of ${stream.streamId} is timed ${Math.round(fixedMs - regionMs)} ms ahead of region time`,
      )
    }
    const before = stream.sent.get(seq)
    if (before === undefined) {
      if (stream.sent.size < KEPT_MAX) stream.sent.set(seq, { place: place.slice(0, 5).join(), fixedMs })
      return
    }
    const isSameTime = !gnss || Math.abs(before.fixedMs - fixedMs) <= SAME_TIME_MS * Math.max(1, clock!.rate)
    if (before.place === place.slice(0, 5).join() && isSameTime) return this.#verdicts.kept('FX-4')
    const what = isSameTime ? 'has another place than' : 'is of another time than'
    this.#verdicts.client(
      'FX-1',
      line,
      `fix ${seq} of ${stream.streamId} ${what} the fix that was sent under this number before`,
    )
  }

  #lookAtSentAt({ connection, fields, line, atMs }: Message): void {
    const sinceHelloMs = atMs - connection.hello!.atMs
    const offMs = (fields[1] as number) - sinceHelloMs
    if (Math.abs(offMs) <= SENT_AT_WITHIN_MS) return this.#verdicts.kept('HS-4')
    this.#verdicts.client(
      'HS-4',
      line,
      `sentAtMs is ${fields[1]}, ${Math.round(sinceHelloMs)} ms after the hello: it counts from clientNowMs`,
    )
  }
}
