/**
 * Sends the streams of many units over one connection, each in order until it is durable.
 *
 * A unit is *attached* by the server's answer (`feed-attacher.ts`); a new connection attaches all of them anew and goes on
 * from the marks that come back. Fixes of attached units go out in frames (`feed-frames.ts`). What the server does not
 * take is sent again from where it says, unit by unit; a unit that it gives away is told and waits.
 */
import type { ServerTuples } from '../protocol/wire/server-tuples.ts'
import type { WelcomeView } from '../protocol/wire/welcome-view.ts'
import { retryAfterMs } from './command-queue.ts'
import type { Commands } from './commands.ts'
import type { EngineConnection } from './connection.ts'
import type { Greeting } from './connection-news.ts'
import { ClientFault, channelsLeftOut, channelsRefused, type ServerRefusal, UnitDetached } from './errors.ts'
import { FeedAttacher } from './feed-attacher.ts'
import type { CarriedChannel } from './feed-channel.ts'
import { FeedFrames } from './feed-frames.ts'
import { FeedMarks } from './feed-marks.ts'
import type { FeedUnit, FeedUnits } from './feed-units.ts'
import { FIX_REFUSALS } from './fix-refusals.ts'
import type { ReportedFix } from './fix-stream.ts'
import { Signal } from './signal.ts'

export class FeedSender {
  /** A unit was refused, or taken away. */
  readonly detachments = new Signal<[news: UnitDetached]>()
  readonly #connection: EngineConnection
  readonly #units: FeedUnits
  readonly #attacher: FeedAttacher
  readonly #frames: FeedFrames
  readonly #marks: FeedMarks

  constructor(connection: EngineConnection, commands: Commands, units: FeedUnits, gatherMs: number) {
    this.#connection = connection
    this.#units = units
    this.#attacher = new FeedAttacher(connection, commands)
    this.#frames = new FeedFrames(connection, this.#attacher, gatherMs)
    this.#marks = new FeedMarks(connection)
    this.#attacher.news.on('attached', (channel, rose) => {
      if (rose) this.#markRose(channel)
      this.#frames.look(channel)
    })
    this.#attacher.news.on('refused', (channel, code) => this.#lose(channel, code))
    this.#attacher.news.on('renumbered', channel => this.#marks.renumbered(channel))
    connection.on('opened', (welcome, greeting) => this.#opened(welcome, greeting))
    connection.on('feed-marks', marks => this.#marked(marks))
    connection.on('detached', (number, code) => {
      const channel = units.numbered(number)
      if (channel?.isAttached) this.#lose(channel, code)
    })
    connection.on('error', (id, code, message, details) => {
      if (id === null) this.#refused({ code, message, details })
    })
    connection.on('beat', () => this.#lookForOverdue())
    connection.on('lost', () => this.#lost())
    connection.on('ended', end => this.#marks.close(end))
  }

  /** Errors: throws RangeError for names that no server takes, and when there are more units than channels. */
  attach(units: Iterable<string | FeedUnit>): void {
    for (const given of units) {
      const unit = typeof given === 'string' ? { unitId: given } : given
      const known = this.#units.named(unit.unitId)
      if (known !== undefined && known.state !== 'detached') continue
      const channel = known ?? this.#units.add(unit)
      channel.state = 'waiting'
      this.#attacher.add(channel)
    }
    this.#attacher.next()
  }

  detach(unitIds: Iterable<string>): void {
    const numbers: number[] = []
    for (const unitId of unitIds) {
      const channel = this.#units.named(unitId)
      if (channel === undefined) continue
      if (channel.state !== 'detached') numbers.push(channel.channel)
      this.#units.remove(channel)
      this.#letGo(channel, 'released')
    }
    this.#attacher.detach(numbers)
  }

  /** Output: the fix's seq. Errors: throws UnitDetached, and RangeError for a fix that no server would take. */
  send(unitId: string, fix: ReportedFix): number {
    const channel = this.#units.named(unitId)
    if (channel === undefined) throw new UnitDetached(unitId, 'released', 0)
    if (channel.state === 'detached') throw new UnitDetached(unitId, 'superseded', channel.stream.notDurable)
    if (fix.fixedAtMs === undefined) this.#connection.settleTime()
    const seq = channel.stream.report(fix)
    this.#frames.look(channel)
    return seq
  }

  /** Resolves when every fix sent so far is durable. Errors: rejects with ClientClosed, and UnitDetached if one cannot be. */
  mark(): Promise<void> {
    return this.#marks.wait(this.#units)
  }

  #opened(welcome: WelcomeView, greeting: Greeting): void {
    this.#frames.opened(welcome, greeting)
    for (const channel of this.#units) {
      channel.stream.retime()
      if (channel.state !== 'detached') this.#attacher.add(channel)
    }
    this.#attacher.opened(welcome.limits.frameBytes)
    this.#marks.connectionOpened()
  }

  #marked(marks: ServerTuples['feed-marks'][0]): void {
    const nowMs = this.#connection.device.timers.monotonicMs()
    for (const [number, durableSeq] of marks) {
      const channel = this.#units.numbered(number)
      if (!channel?.isAttached) continue
      const rose = channel.marked(durableSeq, nowMs)
      if (rose === null) {
        const message = `The server marks fix ${durableSeq} of unit ${channel.unitId} as durable, which was not sent.`
        this.#connection.fault(new ClientFault('bad-server-data', message))
      } else if (rose) {
        this.#markRose(channel)
        this.#frames.look(channel)
      }
    }
  }

  /** An error that answers no request: if it is about fixes, they are sent again when it says, unless never. */
  #refused(refusal: ServerRefusal): void {
    for (const number of channelsLeftOut(refusal)) this.#units.numbered(number)?.stream.leftOut(1)
    const isUnknown = refusal.code === 'unknown-stream'
    if (!isUnknown && !FIX_REFUSALS.has(refusal.code)) return
    const pauseMs = retryAfterMs(refusal)
    const perS = refusal.details?.fixesPerS
    if (typeof perS === 'number' && perS > 0) this.#frames.paceTo(perS)
    const refused = channelsRefused(refusal)
    if (!isUnknown && this.#units.numbered(refused[0]?.[0]) === undefined) {
      return this.#frames.pause(this.#units, pauseMs)
    }
    for (const [number, expectedSeq] of refused) {
      const channel = this.#units.numbered(number)
      if (!channel?.isAttached) continue
      if (isUnknown) this.#attacher.attachAgain(channel)
      else this.#sendAgain(channel, expectedSeq, pauseMs)
    }
  }

  #sendAgain(channel: CarriedChannel, expected: unknown, pauseMs: number): void {
    const { timers, random } = this.#connection.device
    const seq = Number.isSafeInteger(expected) ? (expected as number) : channel.stream.durableSeq + 1
    if (!channel.rewind(seq, pauseMs, timers.monotonicMs(), random)) return this.#attacher.attachAgain(channel)
    this.#frames.look(channel)
  }

  #lookForOverdue(): void {
    const nowMs = this.#connection.device.timers.monotonicMs()
    for (const channel of this.#units) {
      if (channel.isAttached && channel.rewindOverdue(nowMs)) this.#frames.look(channel)
    }
  }

  #lost(): void {
    this.#marks.connectionLost()
    this.#attacher.lost()
    this.#frames.lost()
    for (const channel of this.#units) if (channel.isAttached) channel.state = 'waiting'
  }

  #markRose(channel: CarriedChannel): void {
    this.#frames.markRose()
    this.#marks.rose(channel)
  }

  #lose(channel: CarriedChannel, code: string): void {
    this.#letGo(channel, code)
    this.detachments.emit(new UnitDetached(channel.unitId, code, channel.stream.notDurable))
  }

  #letGo(channel: CarriedChannel, code: string): void {
    channel.state = 'detached'
    this.#attacher.forget(channel)
    this.#marks.lost(channel, new UnitDetached(channel.unitId, code, channel.stream.notDurable))
  }
}
