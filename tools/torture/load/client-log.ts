/**
 * What the clients know themselves: each command with every answer to it, each fix, each thing that the board told.
 *
 * The checker takes it as one of its two accounts. What has been checked is dropped, so a long run keeps little.
 */
import { ClientClosed, type CommandOutcome, CommandRefused } from '../../../src/client/index.ts'

export type Answer = { readonly atMs: number } & (
  | { readonly ok: true; readonly position: number; readonly result: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly code: string }
)

export interface SentCommand {
  readonly principal: string
  readonly id: string
  readonly kind: string
  /** How it went out: `binary`, `json` or `http`. */
  readonly via: string
  readonly body: Readonly<Record<string, unknown>>
  /** Monotonic, as all moments of this log. */
  readonly sentAtMs: number
  /** The first one, and one for each time that it was sent again on purpose. */
  readonly answers: Answer[]
}

/** One message of the board. */
export interface HeardRecord {
  readonly position: number
  readonly eventTypes: readonly string[]
}

type Send = (id: string) => Promise<CommandOutcome<unknown>>

/** Ids of commands that were answered and can be sent again later. */
const REPEATABLE_KEPT = 200
const ANSWER_TIMES_KEPT = 20_000

export class ClientLog {
  #commands = new Map<string, SentCommand>()
  #heard: HeardRecord[] = []
  /** Clients that ended by themselves, which none should. */
  readonly ended: string[] = []
  readonly #answerTimes: number[] = []
  readonly repeatable: { readonly entry: SentCommand; readonly again: Send }[] = []
  #waiting = 0
  #acknowledged = 0

  /** Commands and repeats that wait for their answer. */
  get waiting(): number {
    return this.#waiting
  }
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Those that were answered since the last call; those that wait are told too, and kept. */
  takeCommands(): { answered: SentCommand[]; unanswered: SentCommand[] } {
    const all = [...this.#commands.values()]
    const unanswered = all.filter(({ answers }) => answers.length === 0)
    this.#commands = new Map(unanswered.map(entry => [keyOf(entry), entry]))
    return { answered: all.filter(({ answers }) => answers.length > 0), unanswered }
  }

  takeHeard(): HeardRecord[] {
    return this.#heard.splice(0)
  }

  /** The longest time between two first answers from `fromMs` to `toMs`. */
  longestSilenceMs(fromMs: number, toMs: number): number {
    const times = [fromMs, ...this.#answerTimes.filter(atMs => atMs > fromMs && atMs < toMs), toMs]
    return times.reduce((longest, atMs, index) => Math.max(longest, atMs - (times[index - 1] ?? atMs)), 0)
  }

  /** When the first answer came to a command that was sent after that; null: not yet. */
  answeredSince(fromMs: number): number | null {
    let first: number | null = null
    for (const { sentAtMs, answers } of this.#commands.values()) {
      const atMs = answers[0]?.ok === true && sentAtMs >= fromMs ? answers[0].atMs : null
      if (atMs !== null && (first === null || atMs < first)) first = atMs
    }
    return first
  }

  heard(record: HeardRecord): void {
    this.#heard.push(record)
  }

  /** Sends a command under a new id and notes its answer. Output: null when the client ended first. */
  async command(
    what: Pick<SentCommand, 'principal' | 'kind' | 'via' | 'body'>,
    send: Send,
    again: Send | null = null,
  ): Promise<Answer | null> {
    const entry: SentCommand = { ...what, id: crypto.randomUUID(), sentAtMs: performance.now(), answers: [] }
    this.#note(entry)
    const answer = await this.#answerOf(entry, send)
    if (answer === null) return null
    this.#answerTimes.push(answer.atMs)
    if (this.#answerTimes.length > ANSWER_TIMES_KEPT) this.#answerTimes.splice(0, ANSWER_TIMES_KEPT / 2)
    if (!answer.ok) return answer
    this.#acknowledged += 1
    if (again !== null) {
      this.repeatable.push({ entry, again })
      if (this.repeatable.length > REPEATABLE_KEPT) this.repeatable.shift()
    }
    return answer
  }

  /** Sends one that has been sent before, and notes what comes of it with the others of that id. */
  async repeat(entry: SentCommand, again: Send): Promise<void> {
    this.#note(entry)
    await this.#answerOf(entry, again)
  }

  #note(entry: SentCommand): void {
    this.#commands.set(keyOf(entry), entry)
  }

  async #answerOf(entry: SentCommand, send: Send): Promise<Answer | null> {
    this.#waiting += 1
    try {
      const { position, result } = await send(entry.id)
      const answer: Answer = { atMs: performance.now(), ok: true, position, result: result as Record<string, unknown> }
      entry.answers.push(answer)
      return answer
    } catch (error) {
      if (error instanceof ClientClosed) return null
      if (!(error instanceof CommandRefused)) throw error
      const answer: Answer = { atMs: performance.now(), ok: false, code: error.code }
      entry.answers.push(answer)
      return answer
    } finally {
      this.#waiting -= 1
    }
  }
}

const keyOf = ({ principal, id }: SentCommand): string => `${principal} ${id}`
