/**
 * What the clients themselves know: every fix they sent, every command and its answer, everything they were told.
 *
 * The judge compares it with the database. It never hears anything from the engine but what went over the sockets.
 */
import { type CommandOutcome, CommandRefused } from '../../src/client/index.ts'
import type { TripPhase } from '../../src/domain/vocabulary.ts'

export interface SentFix {
  readonly unitId: string
  readonly streamId: string
  readonly seq: number
  readonly fixedAtMs: number
  readonly lonE7: number
  readonly latE7: number
}

export type Answer =
  | { readonly ok: true; readonly position: number; readonly result: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly code: string }

/** What a command asks for, in the terms of the events that must follow from it. */
export type CommandSubject =
  | { readonly kind: 'sign-on' | 'unavailable' | 'available' | 'clear'; readonly unitId: string }
  | { readonly kind: 'accept-offer' | 'decline-offer'; readonly unitId: string; readonly offerId: string }
  | { readonly kind: 'report-phase'; readonly unitId: string; readonly tripId: string; readonly phase: string }
  | { readonly kind: 'close-trip'; readonly unitId: string; readonly tripId: string }
  | { readonly kind: 'enter-call'; readonly callKey: string }
  | { readonly kind: 'cancel-trip'; readonly tripId: string }

export interface SentCommand {
  readonly id: string
  readonly principal: string
  readonly subject: CommandSubject
  /** Monotonic milliseconds of this process, as all times of this log. */
  readonly sentAtMs: number
  answeredAtMs: number | null
  /** One for each time it was sent on purpose; more than one for a repeated command. Empty while unanswered. */
  readonly answers: Answer[]
}

/** A trip as a crew was told of it. */
export interface ToldTrip {
  readonly toUnitId: string
  readonly tripId: string
  readonly version: number
  readonly phase: TripPhase
  readonly unitId: string | null
}

export interface HeardOffer {
  readonly offerId: string
  readonly tripId: string
  readonly unitId: string
  readonly heardAtMs: number
}

/** One message of the board: a snapshot, or one record. */
export type HeardBoard =
  | { readonly kind: 'snapshot'; readonly position: number }
  | { readonly kind: 'record'; readonly position: number; readonly eventTypes: readonly string[] }

export class ClientLog {
  readonly fixes: SentFix[] = []
  readonly commands: SentCommand[] = []
  readonly offers: HeardOffer[] = []
  readonly board: HeardBoard[] = []
  readonly #told = new Map<string, ToldTrip>()
  #unanswered = 0

  /** Those that were sent, or sent once more, and have not been answered as often. */
  get commandsUnanswered(): number {
    return this.#unanswered
  }

  get told(): Iterable<ToldTrip> {
    return this.#told.values()
  }

  tell(told: ToldTrip): void {
    this.#told.set(`${told.toUnitId} ${told.tripId} ${told.version}`, told)
  }

  /**
   * Sends a command and writes down what becomes of it. `send` gets the id to send it under; `repeat`, if given, sends
   * it a second time, at once or after its answer.
   * Output: the first answer. Errors: ClientClosed when the client ended first.
   */
  async command(
    principal: string,
    subject: CommandSubject,
    send: (id: string) => Promise<CommandOutcome<unknown>>,
    repeat: {
      readonly when: 'in-flight' | 'answered'
      again(id: string): Promise<CommandOutcome<unknown>>
    } | null = null,
  ): Promise<Answer> {
    const id = crypto.randomUUID()
    const entry: SentCommand = { id, principal, subject, sentAtMs: performance.now(), answeredAtMs: null, answers: [] }
    this.commands.push(entry)
    this.#unanswered += 1
    const first = answerOf(send(id))
    const inFlight = repeat?.when === 'in-flight' ? answerOf(repeat.again(id)) : null
    const answer = await first
    entry.answeredAtMs = performance.now()
    entry.answers.push(answer)
    if (inFlight !== null) entry.answers.push(await inFlight)
    // Refusals are decided anew, so only what was done has a first outcome to get again.
    if (repeat?.when === 'answered' && answer.ok) entry.answers.push(await answerOf(repeat.again(id)))
    this.#unanswered -= 1
    return answer
  }
}

async function answerOf(outcome: Promise<CommandOutcome<unknown>>): Promise<Answer> {
  try {
    const { position, result } = await outcome
    return { ok: true, position, result: result as Readonly<Record<string, unknown>> }
  } catch (error) {
    if (error instanceof CommandRefused) return { ok: false, code: error.code }
    throw error
  }
}
