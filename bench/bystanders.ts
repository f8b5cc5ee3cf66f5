/**
 * A few crews at work while something happens to everybody else: each sends a fix with a question for its mark, and a
 * command, at its own even pace, and remembers what it was promised.
 */
import { build, type Histogram } from 'hdr-histogram-js'
import { toE7 } from '../src/protocol/fix-frame.ts'
import type { ServerMessage } from '../src/protocol/wire/server-tuples.ts'
import { RawSocket } from './raw-socket.ts'
import { REGION } from './region.ts'

export interface Delays {
  readonly commandP50Ms: number
  readonly commandP99Ms: number
  readonly markP50Ms: number
  readonly markP99Ms: number
  readonly commands: number
  readonly marks: number
}

const EVERY_MS = 1_000
const STREAM = 'bench'
/** Where they all are, each a centimetre further at every fix. */
export const STAND = { lonDeg: 174.76, latDeg: -36.85 }

interface Bystander {
  readonly unitId: string
  socket: RawSocket
  helloWallMs: number
  seq: number
  durableSeq: number
  /** When each fix was sent, by its seq. */
  readonly sentAtMs: number[]
  /** The last fix that was seen on a map. */
  shownSeq: number
  /** Commands without an answer: id to the moment it was sent. */
  readonly asked: Map<string, number>
}

export class Bystanders {
  readonly #crews: Bystander[] = []
  readonly #acknowledged: string[] = []
  readonly #refusals: Record<string, number> = {}
  readonly #timers: NodeJS.Timeout[] = []
  #command: Histogram = build({ numberOfSignificantValueDigits: 3 })
  #mark: Histogram = build({ numberOfSignificantValueDigits: 3 })
  #socketsLost = 0
  #stopped = false

  /** Ids of the commands that were answered with a reply. */
  get acknowledged(): readonly string[] {
    return this.#acknowledged
  }
  get unanswered(): number {
    return this.#crews.reduce((sum, { asked }) => sum + asked.size, 0)
  }
  get fixesNotDurable(): number {
    return this.#crews.reduce((sum, { seq, durableSeq }) => sum + seq - durableSeq, 0)
  }
  get fixesSent(): number {
    return this.#crews.reduce((sum, { seq }) => sum + seq, 0)
  }
  get refusals(): Readonly<Record<string, number>> {
    return this.#refusals
  }
  get socketsLost(): number {
    return this.#socketsLost
  }

  /** Signs the crews on and lets them begin. */
  async start(port: number, unitIds: readonly string[], tokens: readonly string[]): Promise<void> {
    for (const [index, unitId] of unitIds.entries()) this.#crews.push(await this.#signOn(port, unitId, tokens[index]!))
    for (const [index, crew] of this.#crews.entries()) {
      setTimeout(
        () => this.#timers.push(setInterval(() => this.#work(crew), EVERY_MS)),
        (index / unitIds.length) * EVERY_MS,
      )
    }
  }

  /** The delays since the last call. */
  take(): Delays {
    const command = this.#command
    const mark = this.#mark
    this.#command = build({ numberOfSignificantValueDigits: 3 })
    this.#mark = build({ numberOfSignificantValueDigits: 3 })
    const ms = (histogram: Histogram, percentile: number) => histogram.getValueAtPercentile(percentile) / 1_000
    return {
      commandP50Ms: ms(command, 50),
      commandP99Ms: ms(command, 99),
      markP50Ms: ms(mark, 50),
      markP99Ms: ms(mark, 99),
      commands: command.totalCount,
      marks: mark.totalCount,
    }
  }

  /** How long ago the fix was sent that a map shows of a unit; null where it has shown that before, or the unit is none of these. */
  sinceShown(unitId: string, lonE7: number): number | null {
    const crew = this.#crews.find(each => each.unitId === unitId)
    const seq = lonE7 - toE7(STAND.lonDeg)
    if (crew === undefined || seq <= crew.shownSeq) return null
    crew.shownSeq = seq
    return performance.now() - crew.sentAtMs[seq]!
  }

  /** No more work is begun; what was asked may still be answered. */
  stop(): void {
    this.#stopped = true
    for (const timer of this.#timers) clearInterval(timer)
  }

  #signOn(port: number, unitId: string, token: string): Promise<Bystander> {
    return new Promise((resolve, reject) => {
      const helloWallMs = Date.now()
      const socket = new RawSocket(port, {
        onOpen: () =>
          socket.send(['hello', 'hello', token, REGION, 'driver', unitId, helloWallMs, [[STREAM, 'gnss', 1]]]),
        onMessage: message => {
          if (message[0] === 'welcome') socket.send(['sign-on', `${unitId}-on`, Date.now()])
          else if (message[0] === 'reply' && message[1] === `${unitId}-on`) resolve(crew)
          this.#heard(crew, message)
        },
        onEnd: why => {
          if (!this.#stopped) this.#socketsLost++
          reject(new Error(`Bystander ${unitId} was cut off: ${why}`))
        },
      })
      const crew: Bystander = {
        unitId,
        socket,
        helloWallMs,
        seq: 0,
        durableSeq: 0,
        sentAtMs: [],
        shownSeq: 0,
        asked: new Map(),
      }
    })
  }

  #work(crew: Bystander): void {
    if (this.#stopped) return
    const { socket, helloWallMs, unitId } = crew
    crew.seq++
    const lonE7 = toE7(STAND.lonDeg) + crew.seq
    socket.send(['fix', 0, Date.now() - helloWallMs, [crew.seq, 0, lonE7, toE7(STAND.latDeg), 50, 1_000, 900]])
    socket.send(['mark', 0])
    const nowMs = performance.now()
    crew.sentAtMs[crew.seq] = nowMs
    const id = `${unitId}-${crew.seq}`
    crew.asked.set(id, nowMs)
    const goesOff = crew.seq % 2 === 1
    socket.send(['set-status', id, goesOff ? 'unavailable' : 'available', goesOff ? 'refuel' : null, Date.now()])
  }

  #heard(crew: Bystander, message: ServerMessage): void {
    const nowMs = performance.now()
    if (message[0] === 'marks') {
      if (message[2] <= crew.durableSeq) return
      crew.durableSeq = message[2]
      this.#mark.recordValue(Math.round((nowMs - crew.sentAtMs[crew.durableSeq]!) * 1_000))
    } else if (message[0] === 'reply') {
      const askedAtMs = crew.asked.get(message[1])
      if (askedAtMs === undefined) return
      crew.asked.delete(message[1])
      this.#acknowledged.push(message[1])
      this.#command.recordValue(Math.round((nowMs - askedAtMs) * 1_000))
    } else if (message[0] === 'error') {
      this.#refusals[message[2]] = (this.#refusals[message[2]] ?? 0) + 1
      if (message[1] !== null) crew.asked.delete(message[1])
    }
  }
}
