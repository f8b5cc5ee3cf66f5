/** The session that speaks for a unit: the streams of its hello, and what it has been told of how far they are stored. */
import type { StreamClock } from '../../protocol/wire/fix-tuples.ts'
import type { Session } from '../region-handle.ts'
import type { Stream } from './location.ts'

/** Fixes that count as one mark's worth, and the time after which a mark is told anyway. */
export const MARK_EVERY_FIXES = 8
export const MARK_EVERY_MS = 30_000

/** A stream, and what its times are of. */
export interface OpenStream {
  readonly stream: Stream
  readonly clock: StreamClock
}

/** Longer no message is believed to have been on its way: more is a client, or an engine, that was busy. */
const ON_ITS_WAY_MAX_MS = 1_000

/** How long ago a message of this client left that comes now, as far as anybody knows: half of the round trip. */
export const onItsWayMs = ({ roundTripMs }: Pick<Session, 'roundTripMs'>): number =>
  Math.min(ON_ITS_WAY_MAX_MS, (roundTripMs ?? 0) / 2)

export class Speaker {
  readonly session: Session
  /** The client's clock at its hello. */
  readonly clientNowMs: number
  /** In the order of the hello, as messages name them by their index. */
  readonly streams: OpenStream[] = []
  #isWelcomed = false

  readonly #helloWallMs: number

  /** Input: the client's clock at its hello, and ours when that came. */
  constructor(session: Session, clientNowMs: number, helloWallMs: number) {
    this.session = session
    this.clientNowMs = clientNowMs
    this.#helloWallMs = helloWallMs
  }

  /** How far the client's clock is ahead of ours, negative for behind, in wall milliseconds. */
  get clockAheadMs(): number {
    return Math.round(this.clientNowMs + onItsWayMs(this.session) - this.#helloWallMs)
  }

  /** Its welcome has left; nothing may come before that. */
  get isWelcomed(): boolean {
    return this.#isWelcomed
  }

  sendsOn(stream: Stream): boolean {
    return this.streams.some(open => open.stream === stream)
  }

  /** Its welcome has left, with the marks as they stand. */
  welcomed(nowMonotonicMs: number): void {
    this.#isWelcomed = true
    for (const { stream } of this.streams) {
      stream.toldSeq = stream.durableSeq
      stream.toldAtMs = nowMonotonicMs
    }
  }

  /** The client asks for the mark of what it has sent: it is told at once, or when all of that is stored. */
  markAsked(stream: Stream, nowMonotonicMs: number): void {
    if (stream.durableSeq >= stream.receivedSeq) this.tellMark(stream, nowMonotonicMs)
    else stream.askedSeq = stream.receivedSeq
  }

  /** Does nothing for a stream of somebody else. */
  tellMark(stream: Stream, nowMonotonicMs: number): void {
    const streamIndex = this.streams.findIndex(open => open.stream === stream)
    if (streamIndex < 0 || !this.#isWelcomed) return
    if (stream.durableSeq >= stream.askedSeq) stream.askedSeq = 0
    stream.toldSeq = stream.durableSeq
    stream.toldAtMs = nowMonotonicMs
    this.session.tell({ type: 'marks', streamIndex, durableSeq: stream.durableSeq })
  }

  /** Tells the marks that have waited their time; true while some still wait. */
  tellDueMarks(nowMonotonicMs: number): boolean {
    let waiting = false
    for (const { stream } of this.streams) {
      if (stream.toldSeq >= stream.durableSeq) continue
      if (nowMonotonicMs - stream.toldAtMs >= MARK_EVERY_MS) this.tellMark(stream, nowMonotonicMs)
      else waiting = true
    }
    return waiting
  }
}
